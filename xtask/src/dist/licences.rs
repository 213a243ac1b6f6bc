//! The licences of all crates in the program, which must accompany it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::PROGRAM;
use crate::shell::{self, Failure, Outcome};
use crate::workspace::{Package, Workspace};

/// Starts of the names of licence files.
const LICENCES: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];

/// Returns the licence texts of all crates in the program, each text once, with the crates that it applies to.
pub(super) fn third_party(workspace: &Workspace, package: &str, target: &str) -> Outcome<String> {
    let mut tree = shell::cargo(&["tree", "--locked", "--edges", "normal", "--prefix", "none"]);
    let tree =
        shell::read(tree.args(["--format", "{p}", "--package", package, "--target", target]))?;
    let mut crates = BTreeSet::new();
    let mut texts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let version = version.trim_start_matches('v');
        let mut packages = workspace.packages.iter();
        let found = packages.find(|it| it.name == name && it.version == version);
        let found = found.ok_or_else(|| Failure::new(format!("unknown package {line}")))?;
        if crates.insert((
            name,
            version,
            found.license.as_deref().unwrap_or("see below"),
        )) {
            for text in licences(found)? {
                texts.entry(text).or_default().push(name);
            }
        }
    }
    let mut page = format!("{PROGRAM} contains these crates:\n\n");
    for (name, version, licence) in crates {
        let _ = writeln!(page, "{name} {version}: {licence}");
    }
    for (text, crates) in texts {
        let _ = write!(page, "\n==== {}\n\n{}\n", crates.join(", "), text);
    }
    Ok(page)
}

/// Reads the licence files of a package.
fn licences(package: &Package) -> Outcome<Vec<String>> {
    let folder = package.manifest_path.parent().unwrap_or(Path::new("."));
    let mut texts = Vec::new();
    for path in shell::entries(folder)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_uppercase();
        if path.is_file() && LICENCES.iter().any(|start| name.starts_with(start)) {
            let text = fs::read(&path).map_err(|error| Failure::at(&path, &error))?;
            texts.push(String::from_utf8_lossy(&text).trim().to_owned());
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_of_all_crates_of_the_program_are_listed() {
        let workspace = Workspace::load().unwrap();
        let page = third_party(&workspace, super::super::CLI, &super::super::gnu()).unwrap();
        for part in [
            "kucoin-streams-core 0.1",
            "\nring 0.17",
            "Apache License",
            "ISC",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("\nproptest "), "development only");
    }
}
