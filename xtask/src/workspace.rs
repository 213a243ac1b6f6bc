//! Knows what `cargo metadata` says about the workspace and its dependencies; it judges nothing.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::shell::{self, Failure, Outcome};

/// Every package that the workspace builds from, ours first to judge, the others for what they ask of us.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One package as its manifest describes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Ours: a member of the workspace.
    pub(crate) member: bool,
    /// The folder from the root of the workspace, with `/` between names; empty for packages of others.
    pub(crate) folder: String,
    pub(crate) published: bool,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    /// `[package.metadata]`, for settings of our own.
    pub(crate) metadata: Value,
}

/// One line of a dependency table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// What is asked for, such as `^1.48`.
    pub(crate) version: String,
    pub(crate) kind: DependencyKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    Normal,
    Build,
    Development,
}

/// A library, binary, example, test or bench of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// `lib`, `bin`, `example`, `test`, `bench`, as cargo names them.
    pub(crate) kind: String,
}

impl Workspace {
    /// Asks cargo. The lock file must be in step with the manifests, so that what is judged is what is committed.
    pub(crate) fn load() -> Outcome<Self> {
        let arguments = [
            "metadata",
            "--format-version",
            "1",
            "--all-features",
            "--locked",
        ];
        let text = shell::read(&mut shell::cargo(&arguments))?;
        Self::from_json(&text)
    }

    fn from_json(text: &str) -> Outcome<Self> {
        let json: Value = serde_json::from_str(text)
            .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))?;
        let root = PathBuf::from(json["workspace_root"].as_str().unwrap_or_default());
        let members = strings(&json["workspace_members"]);
        let packages = json["packages"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if members.is_empty() || packages.is_empty() {
            return Err(Failure::new(
                "cargo metadata names no package of this workspace",
            ));
        }
        Ok(Self {
            target_directory: PathBuf::from(json["target_directory"].as_str().unwrap_or("target")),
            packages: packages
                .iter()
                .map(|package| Package::from_json(package, &root, &members))
                .collect(),
        })
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.member)
    }
}

impl Package {
    fn from_json(json: &Value, root: &Path, members: &[String]) -> Self {
        let member = text(&json["id"]).is_some_and(|id| members.contains(&id));
        let folder = Path::new(json["manifest_path"].as_str().unwrap_or_default())
            .parent()
            .unwrap_or(root);
        let folder = if member {
            folder.strip_prefix(root).unwrap_or(folder)
        } else {
            Path::new("")
        };
        Self {
            name: text(&json["name"]).unwrap_or_default(),
            version: text(&json["version"]).unwrap_or_default(),
            member,
            folder: folder.to_string_lossy().replace('\\', "/"),
            // `publish = false` is told as an empty list of registries.
            published: json["publish"]
                .as_array()
                .is_none_or(|registries| !registries.is_empty()),
            description: text(&json["description"]),
            license: text(&json["license"]),
            repository: text(&json["repository"]),
            keywords: strings(&json["keywords"]),
            categories: strings(&json["categories"]),
            rust_version: text(&json["rust_version"]),
            features: json["features"]
                .as_object()
                .map(|map| map.keys().cloned().collect())
                .unwrap_or_default(),
            dependencies: list(&json["dependencies"])
                .iter()
                .map(Dependency::from_json)
                .collect(),
            targets: list(&json["targets"])
                .iter()
                .flat_map(Target::from_json)
                .collect(),
            metadata: json["metadata"].clone(),
        }
    }

    /// The names of the targets of one kind.
    pub(crate) fn targets_of(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.targets
            .iter()
            .filter(move |target| target.kind == kind)
            .map(|target| target.name.as_str())
    }
}

impl Dependency {
    fn from_json(json: &Value) -> Self {
        let kind = match json["kind"].as_str() {
            Some("dev") => DependencyKind::Development,
            Some("build") => DependencyKind::Build,
            _ => DependencyKind::Normal,
        };
        Self {
            name: text(&json["name"]).unwrap_or_default(),
            version: text(&json["req"]).unwrap_or_default(),
            kind,
        }
    }
}

impl Target {
    fn from_json(json: &Value) -> Vec<Self> {
        let name = text(&json["name"]).unwrap_or_default();
        strings(&json["kind"])
            .into_iter()
            .map(|kind| Self {
                name: name.clone(),
                kind,
            })
            .collect()
    }
}

/// The strings of a JSON array; nothing when it is absent.
pub(crate) fn strings(json: &Value) -> Vec<String> {
    list(json).iter().filter_map(text).collect()
}

fn list(json: &Value) -> &[Value] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(json: &Value) -> Option<String> {
    json.as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/checkout", "target_directory": "/checkout/target",
        "workspace_members": ["path+file:///checkout/crates/core#a@0.1.0", "path+file:///checkout/xtask#0.1.0"],
        "packages": [
            {"id": "path+file:///checkout/crates/core#a@0.1.0", "name": "a", "version": "0.1.0", "publish": null,
             "manifest_path": "/checkout/crates/core/Cargo.toml", "rust_version": "1.88", "description": "",
             "keywords": ["k"], "features": {"default": ["x"], "x": []}, "metadata": {"own": 1},
             "dependencies": [{"name": "serde", "kind": null}, {"name": "cc", "kind": "build"}, {"name": "b", "kind": "dev"}],
             "targets": [{"name": "a", "kind": ["lib"]}, {"name": "decode", "kind": ["bench"]}]},
            {"id": "path+file:///checkout/xtask#0.1.0", "name": "xtask", "version": "0.1.0", "publish": [],
             "manifest_path": "/checkout/xtask/Cargo.toml"},
            {"id": "registry#serde@1.0.0", "name": "serde", "version": "1.0.0", "publish": null,
             "manifest_path": "/elsewhere/serde/Cargo.toml", "rust_version": "1.56"}
        ]}"#;

    #[test]
    fn tells_ours_from_the_packages_of_others() {
        let workspace = Workspace::from_json(METADATA).unwrap();
        let ours: Vec<_> = workspace
            .members()
            .map(|package| (&*package.name, &*package.folder))
            .collect();
        assert_eq!(ours, [("a", "crates/core"), ("xtask", "xtask")]);
        assert_eq!(workspace.packages[2].folder, "");
    }

    #[test]
    fn reads_what_the_rules_judge() {
        let workspace = Workspace::from_json(METADATA).unwrap();
        let [a, xtask, serde] = workspace.packages.as_slice() else {
            unreachable!("three packages are given")
        };
        assert!(a.published && serde.published && !xtask.published);
        assert_eq!(a.description, None, "an empty description is none");
        assert_eq!(a.features, ["default", "x"]);
        assert_eq!(serde.rust_version.as_deref(), Some("1.56"));
        let kinds: Vec<_> = a
            .dependencies
            .iter()
            .map(|dependency| dependency.kind)
            .collect();
        assert_eq!(
            kinds,
            [
                DependencyKind::Normal,
                DependencyKind::Build,
                DependencyKind::Development
            ]
        );
        assert_eq!(a.targets_of("bench").collect::<Vec<_>>(), ["decode"]);
        assert_eq!(a.metadata["own"], 1);
    }

    #[test]
    fn refuses_an_answer_without_packages() {
        assert!(Workspace::from_json("{}").is_err());
        assert!(Workspace::from_json("not json").is_err());
    }
}
