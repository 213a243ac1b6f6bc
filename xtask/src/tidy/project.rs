//! The input of the rules: text files, cargo metadata and footprints.

use std::fs;
use std::path::Path;

use super::footprint::{self, Footprint};
use crate::shell::{self, Failure, Outcome};
use crate::workspace::Workspace;

/// Everything that the rules check.
#[derive(Debug, Default)]
pub(crate) struct Project {
    pub(crate) workspace: Workspace,
    pub(crate) files: Vec<File>,
    pub(super) footprints: Vec<Footprint>,
}

/// One text file.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    /// Path relative to the root of the workspace, with `/` as separator.
    pub(super) path: String,
    pub(super) text: String,
}

/// Folders with generated or downloaded files.
const NOT_OURS: [&str; 5] = ["target", ".git", "node_modules", ".venv", "__pycache__"];

impl Project {
    pub(super) fn load() -> Outcome<Self> {
        let root = shell::root();
        let mut project = Self {
            workspace: Workspace::load()?,
            files: Vec::new(),
            footprints: footprint::measure_all()?,
        };
        collect(&root, "", &mut project.files)?;
        Ok(project)
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Returns `true` if the path is a file or a folder with files.
    pub(super) fn has(&self, path: &str) -> bool {
        let inside = |file: &File| file.path.starts_with(&format!("{path}/"));
        self.file(path).is_some() || self.files.iter().any(inside)
    }

    pub(super) fn rust_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }
}

/// Reads the files below a folder; `path` is its path relative to the root.
fn collect(folder: &Path, path: &str, files: &mut Vec<File>) -> Outcome {
    for name in names(folder)? {
        let place = folder.join(&name);
        let path = format!("{path}{name}");
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if place.is_dir() {
            collect(&place, &format!("{path}/"), files)?;
        } else if path != "Cargo.lock" && !place.is_symlink() {
            let bytes = fs::read(&place).map_err(|error| Failure::at(&place, &error))?;
            // Skip binary files, such as a fuzzing corpus.
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(File { path, text });
            }
        }
    }
    Ok(())
}

fn names(folder: &Path) -> Outcome<Vec<String>> {
    let paths = shell::entries(folder)?;
    let names = paths.iter().filter_map(|path| path.file_name());
    Ok(names
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}

#[cfg(test)]
pub(super) mod fake {
    //! Small projects in memory, for the tests of the rules.

    use super::*;
    use crate::workspace::{Dependency, DependencyKind, Package};

    pub(in crate::tidy) fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(in crate::tidy) fn files(files: &[(&str, &str)]) -> Project {
        Project {
            files: files.iter().map(|(path, text)| file(path, text)).collect(),
            ..Project::default()
        }
    }

    /// Returns a project with members of these names, folders and dependencies.
    pub(in crate::tidy) fn members(members: &[(&str, &str, &[&str])]) -> Project {
        let members = members.iter();
        let members = members.map(|(name, folder, uses)| member(name, folder, uses));
        let mut project = Project::default();
        project.workspace.packages.extend(members);
        project
    }

    pub(in crate::tidy) fn member(name: &str, folder: &str, uses: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            member: true,
            folder: folder.to_owned(),
            dependencies: uses.iter().map(|name| dependency(name, None)).collect(),
            ..Package::default()
        }
    }

    pub(in crate::tidy) fn dependency(name: &str, kind: Option<DependencyKind>) -> Dependency {
        Dependency {
            name: (*name).to_owned(),
            kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_folders_are_skipped() {
        let mut files = Vec::new();
        collect(&shell::root(), "", &mut files).unwrap();
        let found = |path: &str| files.iter().any(|file| file.path.starts_with(path));
        assert!(found("xtask/src/tidy/project.rs"));
        assert!(found(".cargo/config.toml"), "hidden folders are read");
        assert!(!found("target/") && !found(".git/"));
    }
}
