//! Knows what every manifest of ours says: publishing metadata, lints, inherited versions, a true rust-version.

use super::Violation;
use super::manifest_text::Manifest;
use super::project::Project;
use crate::workspace::Package;

/// What a member takes from the root, so that it is stated once.
const INHERITED: [&str; 5] = [
    "version",
    "edition",
    "rust-version",
    "license",
    "repository",
];

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
        if let Some(readme) = package
            .readme
            .as_deref()
            .filter(|readme| !readme_exists(project, package, readme))
        {
            broken.push(Violation::new(
                &place,
                format!("readme {readme} does not exist"),
            ));
        }
    }
    broken
}

pub(super) fn lints_apply_everywhere(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for (path, manifest) in project.manifests() {
        if manifest.value("lints", "workspace") != Some("true") {
            broken.push(Violation::new(
                path,
                "`[lints] workspace = true` is missing",
            ));
        }
    }
    let root = root_manifest(project);
    if root.value("workspace.lints.rust", "unsafe_code") != Some("\"forbid\"") {
        broken.push(Violation::new(
            "Cargo.toml",
            "`unsafe_code = \"forbid\"` is missing from [workspace.lints.rust]",
        ));
    }
    broken
}

pub(super) fn declared_once(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for (path, manifest) in project.manifests() {
        for field in INHERITED
            .into_iter()
            .filter(|field| !manifest.inherits(field))
        {
            broken.push(Violation::new(
                &path,
                format!("`{field}.workspace = true` is missing"),
            ));
        }
        for name in manifest.dependencies_not_inherited() {
            let reason = format!(
                "{name} states a source of its own; declare it in the root and write `{name}.workspace = true`"
            );
            broken.push(Violation::new(&path, reason));
        }
    }
    broken
}

pub(super) fn true_rust_version(project: &Project) -> Vec<Violation> {
    let stated = root_manifest(project);
    let stated = stated
        .value("workspace.package", "rust-version")
        .map(|text| text.trim_matches('"').to_owned());
    let Some(ours) = stated.as_deref().and_then(parse_version) else {
        return vec![Violation::new(
            "Cargo.toml",
            "rust-version is missing from [workspace.package]",
        )];
    };
    let mut broken = Vec::new();
    for package in &project.workspace.packages {
        let asks = package.rust_version.as_deref();
        if asks
            .and_then(parse_version)
            .is_some_and(|theirs| theirs > ours)
        {
            let place = format!("{} {}", package.name, package.version);
            let reason = format!(
                "asks for Rust {}, and we promise {}",
                asks.unwrap_or_default(),
                stated.as_deref().unwrap_or_default()
            );
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
    // The page of the crate that most users find first; the others are explained by their docs.
    if package.name == "kucoin-streams" && package.readme.is_none() {
        missing.push("readme");
    }
    missing
}

fn readme_exists(project: &Project, package: &Package, readme: &str) -> bool {
    super::documents::resolve(&package.folder, readme)
        .is_some_and(|path| project.file(&path).is_some())
}

fn root_manifest(project: &Project) -> Manifest {
    project
        .file("Cargo.toml")
        .map(|file| Manifest::parse(&file.text))
        .unwrap_or_default()
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
            readme: some("../../README.md"),
            keywords: vec![String::from("k")],
            categories: vec![String::from("c")],
            ..fake::member("kucoin-streams", "crates/kucoin-streams", &[])
        }
    }

    fn judge(package: Package) -> Vec<String> {
        let mut project = fake::files(&[("README.md", "# kucoin-streams")]);
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
            "readme",
        ];
        assert_eq!(
            judge(bare),
            fields.map(|field| format!("{field} is missing"))
        );
    }

    #[test]
    fn a_readme_that_does_not_exist_is_found() {
        let package = Package {
            readme: Some(String::from("README.md")),
            ..publishable()
        };
        assert_eq!(judge(package), ["readme README.md does not exist"]);
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

    fn one_manifest(root: &str, manifest: &str) -> Project {
        let mut project =
            fake::files(&[("Cargo.toml", root), ("crates/wire/Cargo.toml", manifest)]);
        project
            .workspace
            .packages
            .push(fake::member("kucoin-streams-wire", "crates/wire", &[]));
        project
    }

    #[test]
    fn missing_lints_are_found() {
        let forbid = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
        assert_eq!(
            lints_apply_everywhere(&one_manifest(forbid, "[lints]\nworkspace = true\n")),
            []
        );
        let own =
            lints_apply_everywhere(&one_manifest(forbid, "[lints.rust]\nunused = \"warn\"\n"));
        assert_eq!(own[0].place, "crates/wire/Cargo.toml");
        let denied = "[workspace.lints.rust]\nunsafe_code = \"deny\"\n";
        assert_eq!(
            lints_apply_everywhere(&one_manifest(denied, "[lints]\nworkspace = true\n"))[0].place,
            "Cargo.toml"
        );
    }

    #[test]
    fn versions_stated_twice_are_found() {
        let inherited: String = INHERITED
            .iter()
            .map(|field| format!("{field}.workspace = true\n"))
            .collect();
        let good = format!("[package]\n{inherited}[dependencies]\nserde.workspace = true\n");
        assert_eq!(declared_once(&one_manifest("", &good)), []);
        let bad =
            good.replace("edition.workspace = true", "edition = \"2021\"") + "bytes = \"1\"\n";
        let reasons: Vec<_> = declared_once(&one_manifest("", &bad))
            .into_iter()
            .map(|broken| broken.reason)
            .collect();
        assert!(
            matches!(&*reasons, [edition, bytes] if edition.contains("edition.workspace") && bytes.starts_with("bytes ")),
            "{reasons:?}"
        );
    }

    #[test]
    fn a_dependency_that_asks_for_a_newer_rust_is_found() {
        let mut project = one_manifest("[workspace.package]\nrust-version = \"1.88\"\n", "");
        let other = |name: &str, asks: &str| Package {
            name: name.to_owned(),
            version: String::from("1.2.3"),
            rust_version: Some(asks.to_owned()),
            ..Package::default()
        };
        project
            .workspace
            .packages
            .extend([other("old", "1.9"), other("same", "1.88.0")]);
        assert_eq!(true_rust_version(&project), []);
        project.workspace.packages.push(other("new", "1.88.1"));
        let expected = Violation::new("new 1.2.3", "asks for Rust 1.88.1, and we promise 1.88");
        assert_eq!(true_rust_version(&project), [expected]);
    }

    #[test]
    fn a_workspace_without_rust_version_is_found() {
        assert_eq!(
            true_rust_version(&one_manifest("[workspace.package]\nversion = \"1\"\n", "")).len(),
            1
        );
    }
}
