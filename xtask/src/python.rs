//! Installs a package from PyPI in its own Python environment below `target`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{self, Failure, Outcome};

/// Installs a package if necessary, and returns the folder of the environment's programs.
pub(crate) fn install(folder: &Path, package: &str) -> Outcome<PathBuf> {
    let environment = folder.join(format!("venv-{}", package.replace("==", "-")));
    let programs = environment.join("bin");
    if !environment.join("installed").exists() {
        fs::create_dir_all(folder).map_err(|error| Failure::at(folder, &error))?;
        let make = ["-m", "venv", "--clear"];
        shell::run(shell::command("python3").args(make).arg(&environment))?;
        let mut install = shell::command(&programs.join("python").to_string_lossy());
        install.args(["-m", "pip", "install", "--quiet"]);
        shell::run(install.args(["--disable-pip-version-check", package]))?;
        mark_installed(&environment)?;
    }
    Ok(programs)
}

/// Marks an installation as complete.
pub(crate) fn mark_installed(folder: &Path) -> Outcome {
    let mark = folder.join("installed");
    fs::write(&mark, "").map_err(|error| Failure::at(&mark, &error))
}
