//! Knows what every manifest of ours says: publishing metadata, lints, inherited versions, a true rust-version.

use std::collections::BTreeMap;

use super::Violation;
use super::project::Project;
use crate::workspace::Package;

pub(super) fn ready_to_publish(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for package in project.workspace.members() {
        let place = place(package);
        let in_crates = package.folder.starts_with("crates/");
        if package.published != in_crates {
            let reason = if in_crates {
                "what stands under crates/ is published, it must not say publish = false"
            } else {
                "stands outside crates/, it must say publish = false"
            };
            broken.push(Violation::new(&place, reason));
        }
        if in_crates {
            let missing = missing_metadata(package);
            broken.extend(
                missing
                    .into_iter()
                    .map(|field| Violation::new(&place, format!("{field} is missing"))),
            );
        }
    }
    broken
}

pub(super) fn lints_apply_everywhere(project: &Project) -> Vec<Violation> {
    let says = |path: &str, text: &str| {
        let file = project.file(path);
        file.is_some_and(|file| file.text.contains(text))
    };
    let missing = |path: String, text: &str| {
        (!says(&path, text)).then(|| Violation::new(path, format!("lacks `{text}`")))
    };
    let members = project.workspace.members();
    members
        .filter_map(|package| missing(place(package), "[lints]\nworkspace = true"))
        .chain(missing(
            String::from("Cargo.toml"),
            "unsafe_code = \"forbid\"",
        ))
        .collect()
}

/// What two members ask of one dependency, or of cargo, is the same: the root states it, and they inherit it.
pub(super) fn declared_once(project: &Project) -> Vec<Violation> {
    let mut stated: BTreeMap<&str, &str> = BTreeMap::new();
    let mut broken = Vec::new();
    for package in project.workspace.members() {
        let asks = package.dependencies.iter();
        let asks = asks.map(|dependency| (&*dependency.name, &*dependency.version));
        let rust = package.rust_version.as_deref().unwrap_or_default();
        for (name, version) in asks.chain([("rust-version", rust)]) {
            let first = *stated.entry(name).or_insert(version);
            if first != version {
                let reason = format!(
                    "asks for {name} {version}, another member for {first}: declare it in the root and inherit it"
                );
                broken.push(Violation::new(place(package), reason));
            }
        }
    }
    broken
}

pub(super) fn true_rust_version(project: &Project) -> Vec<Violation> {
    let mut members = project.workspace.members();
    let stated = members.find_map(|package| package.rust_version.as_deref());
    let Some((stated, ours)) = stated.and_then(|text| Some((text, parse_version(text)?))) else {
        return vec![Violation::new("Cargo.toml", "rust-version is missing")];
    };
    let mut broken = Vec::new();
    for package in &project.workspace.packages {
        let Some(asks) = package.rust_version.as_deref() else {
            continue;
        };
        if parse_version(asks).is_some_and(|theirs| theirs > ours) {
            let place = format!("{} {}", package.name, package.version);
            let reason = format!("asks for Rust {asks}, and we promise {stated}");
            broken.push(Violation::new(place, reason));
        }
    }
    broken
}

fn missing_metadata(package: &Package) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let texts = [
        ("description", &package.description),
        ("license", &package.license),
        ("repository", &package.repository),
        ("rust-version", &package.rust_version),
    ];
    missing.extend(
        texts
            .into_iter()
            .filter(|(_, text)| text.is_none())
            .map(|(field, _)| field),
    );
    let lists = [
        ("keywords", &package.keywords),
        ("categories", &package.categories),
    ];
    missing.extend(
        lists
            .into_iter()
            .filter(|(_, list)| list.is_empty())
            .map(|(field, _)| field),
    );
    missing
}

/// A version as numbers that compare; absent parts are 0.
fn parse_version(text: &str) -> Option<[u32; 3]> {
    let mut version = [0; 3];
    let mut parts = text.split('.');
    for (number, part) in version.iter_mut().zip(parts.by_ref()) {
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(version)
}

fn place(package: &Package) -> String {
    format!("{}/Cargo.toml", package.folder)
}

#[cfg(test)]
mod tests {
    use super::super::project::fake;
    use super::*;

    fn publishable() -> Package {
        let some = |text: &str| Some(text.to_owned());
        Package {
            description: some("d"),
            license: some("MIT OR Apache-2.0"),
            repository: some("https://example.org"),
            rust_version: some("1.88"),
            keywords: vec![String::from("k")],
            categories: vec![String::from("c")],
            ..fake::member("kucoin-streams", "crates/kucoin-streams", &[])
        }
    }

    fn judge(package: Package) -> Vec<String> {
        let mut project = Project::default();
        project.workspace.packages.push(package);
        ready_to_publish(&project)
            .into_iter()
            .map(|broken| broken.reason)
            .collect()
    }

    #[test]
    fn a_complete_manifest_is_ready() {
        assert_eq!(judge(publishable()), Vec::<String>::new());
    }

    #[test]
    fn missing_metadata_is_found() {
        let bare = Package {
            rust_version: None,
            ..fake::member("kucoin-streams", "crates/kucoin-streams", &[])
        };
        let fields = [
            "description",
            "license",
            "repository",
            "rust-version",
            "keywords",
            "categories",
        ];
        assert_eq!(
            judge(bare),
            fields.map(|field| format!("{field} is missing"))
        );
    }

    #[test]
    fn publishing_follows_the_folder() {
        let hidden = Package {
            published: false,
            ..publishable()
        };
        assert_eq!(
            judge(hidden),
            ["what stands under crates/ is published, it must not say publish = false"]
        );
        let tool = Package {
            published: true,
            ..fake::member("xtask", "xtask", &[])
        };
        assert_eq!(
            judge(tool),
            ["stands outside crates/, it must say publish = false"]
        );
    }

    #[test]
    fn missing_lints_are_found() {
        let good = "[package]\n\n[lints]\nworkspace = true\n";
        let root = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
        let judge = |root: &str, member: &str| {
            let mut project =
                fake::files(&[("Cargo.toml", root), ("crates/core/Cargo.toml", member)]);
            let member = fake::member("kucoin-streams-core", "crates/core", &[]);
            project.workspace.packages.push(member);
            let broken = lints_apply_everywhere(&project).into_iter();
            broken.map(|broken| broken.place).collect::<Vec<_>>()
        };
        assert_eq!(judge(root, good), Vec::<String>::new());
        assert_eq!(judge(root, "[lints.rust]\n"), ["crates/core/Cargo.toml"]);
        assert_eq!(judge("unsafe_code = \"deny\"", good), ["Cargo.toml"]);
    }

    #[test]
    fn two_versions_of_one_dependency_are_found() {
        let member = |folder: &str, version: &str| {
            let mut package = fake::member(folder, folder, &["bytes"]);
            package.dependencies[0].version = version.to_owned();
            package
        };
        let judge = |versions: [&str; 2]| {
            let mut project = fake::files(&[]);
            let [a, b] = versions;
            project.workspace.packages = vec![member("crates/a", a), member("crates/b", b)];
            declared_once(&project)
        };
        assert_eq!(judge(["^1.11", "^1.11"]), []);
        assert_eq!(judge(["^1.11", "^1.12"])[0].place, "crates/b/Cargo.toml");
    }

    #[test]
    fn a_dependency_that_asks_for_a_newer_rust_is_found() {
        let package = |name: &str, asks: &str| Package {
            name: name.to_owned(),
            version: String::from("1.2.3"),
            rust_version: Some(asks.to_owned()),
            ..Package::default()
        };
        let mut project = fake::files(&[]);
        assert_eq!(true_rust_version(&project).len(), 1, "none is stated");
        let ours = Package {
            member: true,
            ..package("ours", "1.88")
        };
        let others = [package("old", "1.9"), package("same", "1.88.0")];
        project.workspace.packages = [ours].into_iter().chain(others).collect();
        assert_eq!(true_rust_version(&project), []);
        project.workspace.packages.push(package("new", "1.88.1"));
        let expected = Violation::new("new 1.2.3", "asks for Rust 1.88.1, and we promise 1.88");
        assert_eq!(true_rust_version(&project), [expected]);
    }
}
