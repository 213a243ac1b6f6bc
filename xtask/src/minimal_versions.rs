//! Checks the lowest dependency versions that the manifests allow, in a copy of the tree, which keeps Cargo.lock
//! unchanged.

use std::fs;
use std::path::Path;

use crate::shell::{self, Failure, Outcome};
use crate::workspace::Workspace;

/// Command of nightly cargo, needed only to select the versions (`-Z direct-minimal-versions`).
///
/// The check uses stable Rust.
const NIGHTLY: [&str; 3] = ["run", "nightly", "cargo"];

/// Folders with generated or downloaded files.
const NOT_COPIED: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// Checks the workspace with the lowest version of each direct dependency.
pub(crate) fn check() -> Outcome {
    let nightly = shell::read(shell::command("rustup").args(NIGHTLY).arg("--version"));
    if nightly.is_err() {
        println!("skipped: no nightly toolchain is installed");
        return Ok(());
    }
    let target = Workspace::load()?.target_directory;
    let tree = target.join("minimal-versions");
    if tree.exists() {
        fs::remove_dir_all(&tree).map_err(|error| Failure::at(&tree, &error))?;
    }
    copy(&shell::root(), &tree)?;
    let mut choose = shell::command("rustup");
    choose.args(NIGHTLY);
    choose.args(["update", "--quiet", "-Z", "direct-minimal-versions"]);
    shell::run(choose.current_dir(&tree))?;
    // Share dependency builds with the other steps.
    let mut build = shell::cargo(&["check", "--workspace", "--all-features", "--locked"]);
    build.arg("--target-dir").arg(&target);
    shell::run(build.current_dir(&tree))
}

/// Copies a folder, except hidden files and [`NOT_COPIED`].
pub(crate) fn copy(from: &Path, to: &Path) -> Outcome {
    let failed = |error| Failure::at(from, &error);
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with('.') || NOT_COPIED.contains(&&*text) {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            copy(&entry.path(), &to.join(&name))?;
        } else {
            fs::copy(entry.path(), to.join(&name)).map_err(failed)?;
        }
    }
    Ok(())
}
