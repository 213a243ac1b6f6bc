//! The output of `cargo metadata`: the packages of the workspace and their dependencies.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::shell::{self, Failure, Outcome};

/// All packages: the members of the workspace and their dependencies.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_root: PathBuf,
    pub(crate) workspace_members: Vec<String>,
}

/// One package.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// `true` for a member of the workspace.
    #[serde(skip)]
    pub(crate) member: bool,
    /// Folder relative to the root of the workspace, with `/` as separator.
    ///
    /// Empty for packages that are not members.
    #[serde(skip)]
    pub(crate) folder: String,
    /// Registries to publish to: `None` for all; empty with `publish = false`.
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) rust_version: Option<String>,
    pub(crate) features: BTreeMap<String, Value>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    /// The content of `[package.metadata]`.
    pub(crate) metadata: Value,
}

/// One dependency.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Kind of the dependency; `None` in `[dependencies]`.
    pub(crate) kind: Option<DependencyKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DependencyKind {
    Build,
    Dev,
}

/// A library, binary, example, test or bench of a package.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// Kinds of the target, such as `lib`, `bin`, `example`, `test` or `bench`.
    pub(crate) kind: Vec<String>,
}

impl Workspace {
    /// Runs `cargo metadata`; fails if Cargo.lock is not up to date.
    pub(crate) fn load() -> Outcome<Self> {
        let what = ["metadata", "--format-version", "1"];
        let mut metadata = shell::cargo(&what);
        Self::from_json(&shell::read(metadata.args(["--all-features", "--locked"]))?)
    }

    fn from_json(text: &str) -> Outcome<Self> {
        let mut workspace: Self = serde_json::from_str(text).map_err(|error| {
            Failure::new(format!("unexpected output of cargo metadata: {error}"))
        })?;
        for package in &mut workspace.packages {
            package.member = workspace.workspace_members.contains(&package.id);
            if package.member {
                let folder = package.manifest_path.parent();
                let folder = folder.and_then(|it| it.strip_prefix(&workspace.workspace_root).ok());
                let folder = folder.map(|folder| folder.to_string_lossy().replace('\\', "/"));
                package.folder = folder.unwrap_or_default();
            }
        }
        Ok(workspace)
    }

    /// Returns the members of the workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.member)
    }

    /// Returns the members that are published.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.members().filter(|package| package.is_published())
    }
}

impl Package {
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|to| !to.is_empty())
    }

    /// Returns the names of the targets of one kind.
    pub(crate) fn targets_of(&self, kind: &str) -> impl Iterator<Item = &str> {
        let targets = self.targets.iter();
        targets
            .filter(move |target| target.kind.iter().any(|is| is == kind))
            .map(|target| target.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_parsed() {
        let workspace = Workspace::from_json(
            r#"{"workspace_root": "/checkout", "target_directory": "/checkout/target",
                "workspace_members": ["path#a", "path#xtask"],
                "packages": [
                    {"id": "path#a", "name": "a", "version": "0.1.0", "publish": null, "manifest_path": "/checkout/crates/core/Cargo.toml",
                     "rust_version": "1.88", "features": {"x": [], "default": ["x"]}, "metadata": {"own": 1},
                     "dependencies": [{"name": "serde", "kind": null}, {"name": "cc", "kind": "build"}, {"name": "b", "kind": "dev"}],
                     "targets": [{"name": "a", "kind": ["lib"]}, {"name": "decode", "kind": ["bench"]}]},
                    {"id": "path#xtask", "name": "xtask", "version": "0.0.0", "publish": [], "manifest_path": "/checkout/xtask/Cargo.toml",
                     "features": {}, "dependencies": [], "targets": [], "metadata": null},
                    {"id": "registry#serde", "name": "serde", "version": "1.0.0", "publish": null, "manifest_path": "/elsewhere/Cargo.toml",
                     "features": {}, "dependencies": [], "targets": [], "metadata": null}
                ]}"#,
        )
        .unwrap();
        let names = |package: &Package| (package.name.clone(), package.folder.clone());
        let ours: Vec<_> = workspace.members().map(names).collect();
        let expected = [("a", "crates/core"), ("xtask", "xtask")];
        assert_eq!(ours, expected.map(|(name, at)| (name.into(), at.into())));
        assert_eq!(workspace.packages[2].folder, "");
        assert_eq!(workspace.published().count(), 1);
        let a = &workspace.packages[0];
        assert_eq!(a.rust_version.as_deref(), Some("1.88"));
        let kinds = a.dependencies.iter().map(|dependency| dependency.kind);
        let expected = [None, Some(DependencyKind::Build), Some(DependencyKind::Dev)];
        assert!(kinds.eq(expected));
        assert_eq!(a.targets_of("bench").collect::<Vec<_>>(), ["decode"]);
        assert!(Workspace::from_json("{}").is_err());
    }
}
