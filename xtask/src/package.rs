//! Packages every published crate as for crates.io, and checks what is in the packages.

use std::fs::{self, File};
use std::path::Path;

use crate::shell::{self, Failure, Outcome, cargo};
use crate::workspace::{Package, Workspace};

/// Required files in a package.
const REQUIRED: [&str; 5] = [
    "Cargo.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// Files in a package that cargo adds.
const FROM_CARGO: [&str; 3] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// Folders in a package, and the file extensions in them.
const FOLDERS: [&str; 4] = ["src/", "tests/", "examples/", "benches/"];
const EXTENSIONS: [&str; 6] = ["rs", "md", "ndjson", "json", "txt", "faults"];

/// Maximum size of a package; crates.io allows 10 MiB.
const MAX_BYTES: u64 = 1024 * 1024;

/// One package, as a `.crate` file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packaged {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

/// Whether each crate is also built from its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Only the content is checked, which takes seconds.
    No,
    /// Each crate is built, with the packages of the others as its dependencies.
    Yes,
}

/// Packages all published crates.
pub(crate) fn run(build: Build) -> Outcome {
    let workspace = Workspace::load()?;
    let packages: Vec<_> = workspace.published().collect();
    print(&check(&workspace.target_directory, &packages, build)?);
    Ok(())
}

pub(crate) fn print(packaged: &[Packaged]) {
    println!("packages, in the order in which they are published:");
    for one in packaged {
        let (name, version) = (&one.name, &one.version);
        let kib = one.bytes.div_ceil(1024);
        println!(
            "{name:>26} {version:<8} {:>4} files {kib:>5} KiB",
            one.files
        );
    }
}

/// Packages crates, in the order in which cargo publishes them; fails at a warning or a stray file.
pub(crate) fn check(target: &Path, packages: &[&Package], build: Build) -> Outcome<Vec<Packaged>> {
    let mut package = cargo(&["package", "--locked", "--allow-dirty", "--target-dir"]);
    package.arg(target);
    if build == Build::No {
        package.arg("--no-verify");
    }
    for one in packages {
        package.args(["--package", &one.name]);
    }
    let path = target.join("package.log");
    let log = File::create(&path).map_err(|error| Failure::at(&path, &error))?;
    let outcome = shell::run(package.env("CARGO_TERM_COLOR", "never").stderr(log));
    let log = fs::read_to_string(&path).map_err(|error| Failure::at(&path, &error))?;
    if outcome.is_err() || log.lines().any(|line| line.starts_with("warning")) {
        return Err(Failure::new(format!(
            "cargo package failed or warned:\n{log}"
        )));
    }
    let order = log.lines().filter_map(packaging);
    let mut packaged = Vec::new();
    for (name, version) in order {
        let file = format!("{name}-{version}.crate");
        let path = target.join("package").join(&file);
        let size = path
            .metadata()
            .map_err(|error| Failure::at(&path, &error))?;
        let list = shell::read(shell::command("tar").arg("-tzf").arg(&path))?;
        let prefix = format!("{name}-{version}/");
        let files: Vec<_> = list
            .lines()
            .map(|line| line.strip_prefix(&prefix).unwrap_or(line))
            .collect();
        let mut problems = problems(&files);
        if size.len() > MAX_BYTES {
            problems.push(format!("{} bytes, allowed are {MAX_BYTES}", size.len()));
        }
        if !problems.is_empty() {
            let problems = problems.join("\n  ");
            return Err(Failure::new(format!("{file}:\n  {problems}")));
        }
        packaged.push(Packaged {
            name,
            version,
            files: files.len(),
            bytes: size.len(),
        });
    }
    if packaged.len() != packages.len() {
        let (found, expected) = (packaged.len(), packages.len());
        return Err(Failure::new(format!(
            "cargo packaged {found} of {expected} crates"
        )));
    }
    Ok(packaged)
}

/// Returns what is wrong with the files of a package.
fn problems(files: &[&str]) -> Vec<String> {
    let missing = REQUIRED.iter().filter(|name| !files.contains(name));
    let missing = missing.map(|name| format!("{name} is missing"));
    let stray = files.iter().filter(|file| !belongs(file));
    let stray = stray.map(|file| {
        format!("{file} does not belong in a package; add it to `exclude` in the manifest")
    });
    missing.chain(stray).collect()
}

fn belongs(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    REQUIRED.contains(&file)
        || FROM_CARGO.contains(&file)
        || FOLDERS.iter().any(|folder| file.starts_with(folder))
            && !name.starts_with('.')
            && EXTENSIONS.contains(&extension)
}

/// Parses `   Packaging kucoin-streams-core v0.1.0 (/path)`.
fn packaging(line: &str) -> Option<(String, String)> {
    let (name, rest) = line.trim().strip_prefix("Packaging ")?.split_once(" v")?;
    let version = rest.split_whitespace().next()?;
    Some((name.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_package_has_no_problems() {
        let mut files = vec!["src/lib.rs", "tests/fixtures/pro.ndjson", "Cargo.lock"];
        files.extend(REQUIRED);
        assert_eq!(problems(&files), Vec::<String>::new());
    }

    #[test]
    fn missing_licence_and_stray_files_are_named() {
        let mut files: Vec<_> = REQUIRED
            .into_iter()
            .filter(|it| *it != "LICENSE-MIT")
            .collect();
        files.extend([
            "notes.md",
            "src/.lib.rs.swp",
            "tests/key.pem",
            "interop/a.rs",
        ]);
        let found = problems(&files);
        assert_eq!(found[0], "LICENSE-MIT is missing");
        for (problem, file) in found[1..].iter().zip(&files[4..]) {
            assert!(problem.starts_with(file), "{problem}");
        }
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn order_is_read_from_the_output_of_cargo() {
        let line = "   Packaging kucoin-streams-v1 v0.1.0 (/checkout/crates/v1)";
        let expected = (String::from("kucoin-streams-v1"), String::from("0.1.0"));
        assert_eq!(packaging(line), Some(expected));
        assert_eq!(packaging("    Packaged 25 files, 148.2KiB"), None);
    }
}
