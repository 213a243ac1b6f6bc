//! Checks what each crate needs for a release: manifest keys, README and changelog, and its public dependencies.

use super::Violation;
use super::project::Project;
use crate::workspace::Package;

const PAGE: &str = "crates/README.md";
const SECTION: &str = "### Public dependencies";

/// Required lines in the manifest of a published crate.
const KEYS: [&str; 2] = ["version = ", "readme = \"README.md\""];

/// Required files in the folder of a published crate.
const PAGES: [&str; 2] = ["README.md", "CHANGELOG.md"];

/// Manifest lines that apply `unsafe_code = "forbid"` of the root manifest to a member.
const LINTS: &str = "[lints]\nworkspace = true";

pub(super) fn manifests_are_complete(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for package in project.workspace.members() {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let text = project.file(&manifest).map_or("", |file| &file.text);
        let keys = if package.is_published() {
            &KEYS[..]
        } else {
            &[]
        };
        let mut missing: Vec<_> = keys
            .iter()
            .filter(|key| !text.lines().any(|line| line.starts_with(**key)))
            .collect();
        if !text.contains(LINTS) {
            missing.push(&LINTS);
        }
        let lacks = missing.into_iter().map(|key| format!("`{key}` is missing"));
        broken.extend(lacks.map(|reason| Violation::new(&manifest, reason)));
        let pages = if package.is_published() {
            &PAGES[..]
        } else {
            &[]
        };
        let pages = pages
            .iter()
            .map(|page| format!("{}/{page}", package.folder));
        let missing = pages.filter(|page| project.file(page).is_none());
        broken.extend(missing.map(|page| Violation::new(page, "is missing")));
    }
    broken
}

/// Checks that no dependency requires a newer Rust than our `rust-version`.
pub(super) fn rust_version_is_correct(project: &Project) -> Vec<Violation> {
    let numbers = |version: &str| -> Vec<u32> {
        let mut numbers: Vec<_> = version.split('.').flat_map(str::parse).collect();
        numbers.resize(3, 0);
        numbers
    };
    let mut members = project.workspace.members();
    let Some(ours) = members.find_map(|package| package.rust_version.as_deref()) else {
        return vec![Violation::new("Cargo.toml", "rust-version is missing")];
    };
    let asks = |package: &Package| {
        let asks = package.rust_version.as_deref()?;
        let reason = format!("requires Rust {asks}, but our rust-version is {ours}");
        (numbers(asks) > numbers(ours)).then(|| Violation::new(&package.name, reason))
    };
    project.workspace.packages.iter().filter_map(asks).collect()
}

/// Checks the table of public dependencies in crates/README.md.
///
/// It must have a row for each crate, and each name in a row must be a dependency that the README of the crate names.
/// The stable toolchain cannot check that the names are complete.
pub(super) fn public_dependencies_are_named(project: &Project) -> Vec<Violation> {
    let page = project.file(PAGE).map_or("", |file| &file.text);
    let rows: Vec<_> = rows(page).collect();
    let mut broken = Vec::new();
    for package in project.workspace.published() {
        let Some((_, names)) = rows.iter().find(|(name, _)| *name == package.name) else {
            let reason = format!("{} has no row of public dependencies", package.name);
            broken.push(Violation::new(PAGE, reason));
            continue;
        };
        let readme = format!("{}/README.md", package.folder);
        let text = project.file(&readme).map_or("", |file| &file.text);
        for name in names {
            if !depends_on(package, name) {
                let reason = format!("{} does not depend on {name}", package.name);
                broken.push(Violation::new(PAGE, reason));
            }
            if !text.contains(&format!("`{name}`")) {
                let reason = format!("the public dependency `{name}` is missing");
                broken.push(Violation::new(&readme, reason));
            }
        }
    }
    broken
}

fn depends_on(package: &Package, name: &str) -> bool {
    let mut normal = package.dependencies.iter();
    normal.any(|dependency| dependency.kind.is_none() && dependency.name == name)
}

/// Returns the rows of the table: the package, and the names in the second column.
fn rows(page: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let section = page.split_once(SECTION).map_or("", |(_, rest)| rest);
    let section = section.split("\n#").next().unwrap_or_default();
    section.lines().filter_map(|line| {
        let mut columns = line.strip_prefix('|')?.split('|');
        let package = *names(columns.next()?).first()?;
        Some((package, names(columns.next()?)))
    })
}

/// Returns the text between each pair of backticks.
fn names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::super::project::fake;
    use super::*;

    fn project(manifest: &str, readme: Option<&str>, table: &str) -> Project {
        let mut project = fake::files(&[("crates/core/Cargo.toml", manifest), (PAGE, table)]);
        let files = &mut project.files;
        files.push(fake::file("crates/core/CHANGELOG.md", "# Changelog"));
        files.extend(readme.map(|text| fake::file("crates/core/README.md", text)));
        let member = fake::member("kucoin-streams-core", "crates/core", &["serde"]);
        project.workspace.packages.push(member);
        project
    }

    fn reasons(broken: Vec<Violation>) -> Vec<String> {
        broken.into_iter().map(|broken| broken.reason).collect()
    }

    #[test]
    fn incomplete_manifests_and_missing_pages_are_found() {
        let own = format!("version = \"0.1.0\"\nreadme = \"README.md\"\n\n{LINTS}\n");
        assert_eq!(manifests_are_complete(&project(&own, Some(""), "")), []);
        let mut bare = project("[package]\nversion.workspace = true\n", None, "");
        bare.files.retain(|file| !file.path.ends_with(".md"));
        let lacks = [KEYS[0], KEYS[1], LINTS].map(|key| format!("`{key}` is missing"));
        let broken = reasons(manifests_are_complete(&bare));
        assert_eq!(broken[..3], lacks);
        assert_eq!(broken[3..], ["is missing", "is missing"]);
    }

    #[test]
    fn dependency_that_requires_newer_rust_is_found() {
        let mut project = project("", None, "");
        assert_eq!(
            rust_version_is_correct(&project).len(),
            1,
            "no rust-version"
        );
        let packages = &mut project.workspace.packages;
        packages[0].rust_version = Some(String::from("1.88"));
        for (name, asks) in [("old", "1.9"), ("same", "1.88.0"), ("new", "1.88.1")] {
            let mut package = fake::member(name, "", &[]);
            package.rust_version = Some(asks.to_owned());
            packages.push(package);
        }
        let expected = Violation::new("new", "requires Rust 1.88.1, but our rust-version is 1.88");
        assert_eq!(rust_version_is_correct(&project), [expected]);
    }

    #[test]
    fn public_dependencies_must_be_in_the_readme() {
        let check = |readme: &str, row: &str| {
            let page = format!("{SECTION}\n\n| Package | Names |\n|---|---|\n{row}\n\n## Next\n");
            reasons(public_dependencies_are_named(&project(
                "",
                Some(readme),
                &page,
            )))
        };
        let row = "| `kucoin-streams-core` | `serde` | `Serialize` |";
        assert_eq!(check("`serde`", row), Vec::<String>::new());
        assert_eq!(check("", row), ["the public dependency `serde` is missing"]);
        assert_eq!(
            check("`bytes`", "| `kucoin-streams-core` | `bytes` | |"),
            ["kucoin-streams-core does not depend on bytes"]
        );
        assert_eq!(
            check("", "| `other` | `serde` | |"),
            ["kucoin-streams-core has no row of public dependencies"]
        );
    }
}
