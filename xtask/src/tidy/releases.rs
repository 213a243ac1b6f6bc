//! Knows what each crate needs to be released on its own: a version, its pages, and a true row of public dependencies.

use super::Violation;
use super::project::Project;
use crate::workspace::{DependencyKind, Package};

const PAGE: &str = "crates/README.md";
const SECTION: &str = "### Public dependencies";

/// What the manifest of a published crate says itself.
const KEYS: [(&str, &str); 2] = [
    ("version = ", "has no version of its own"),
    ("readme = \"README.md\"", "lacks `readme = \"README.md\"`"),
];

/// The pages of a published crate, in its folder.
const PAGES: [&str; 2] = ["README.md", "CHANGELOG.md"];

pub(super) fn versions_are_apart(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for package in published(project) {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let text = project.file(&manifest).map_or("", |file| &file.text);
        for (start, reason) in KEYS {
            if !text.lines().any(|line| line.starts_with(start)) {
                broken.push(Violation::new(&manifest, reason));
            }
        }
        for page in PAGES {
            let page = format!("{}/{page}", package.folder);
            if project.file(&page).is_none() {
                broken.push(Violation::new(page, "is missing"));
            }
        }
    }
    broken
}

/// The table in crates/README.md has a row for each crate, and each name in it is a dependency that its README names.
/// That the names are complete is not checked: no tool of the stable toolchain can tell.
pub(super) fn public_dependencies_are_named(project: &Project) -> Vec<Violation> {
    let page = project.file(PAGE).map_or("", |file| &file.text);
    let rows: Vec<_> = rows(page).collect();
    let mut broken = Vec::new();
    for package in published(project) {
        let Some((_, names)) = rows.iter().find(|(name, _)| *name == package.name) else {
            let reason = format!("has no row of public dependencies for {}", package.name);
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
                let reason = format!("does not name the public dependency `{name}`");
                broken.push(Violation::new(&readme, reason));
            }
        }
    }
    broken
}

fn published(project: &Project) -> impl Iterator<Item = &Package> {
    let members = project.workspace.members();
    members.filter(|package| package.published)
}

fn depends_on(package: &Package, name: &str) -> bool {
    let mut normal = package.dependencies.iter();
    normal.any(|dependency| dependency.kind == DependencyKind::Normal && dependency.name == name)
}

/// The rows of the table: the package, and the names in the second column.
fn rows(page: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let section = page.split_once(SECTION).map_or("", |(_, rest)| rest);
    let section = section.split("\n#").next().unwrap_or_default();
    section.lines().filter_map(|line| {
        let mut columns = line.strip_prefix('|')?.split('|');
        let package = *names(columns.next()?).first()?;
        Some((package, names(columns.next()?)))
    })
}

/// The words between backticks.
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
    fn version_readme_and_changelog_are_required() {
        let own = "version = \"0.1.0\"\nreadme = \"README.md\"\n";
        assert_eq!(versions_are_apart(&project(own, Some(""), "")), []);
        let shared = "[package]\nversion.workspace = true\n";
        let mut bare = project(shared, None, "");
        bare.files.retain(|file| !file.path.ends_with(".md"));
        assert_eq!(
            reasons(versions_are_apart(&bare)),
            [
                "has no version of its own",
                "lacks `readme = \"README.md\"`",
                "is missing",
                "is missing"
            ]
        );
    }

    #[test]
    fn rows_name_dependencies_that_the_readme_names() {
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
        assert_eq!(
            check("", row),
            ["does not name the public dependency `serde`"]
        );
        assert_eq!(
            check("`bytes`", "| `kucoin-streams-core` | `bytes` | |"),
            ["kucoin-streams-core does not depend on bytes"]
        );
        assert_eq!(
            check("", "| `other` | `serde` | |"),
            ["has no row of public dependencies for kucoin-streams-core"]
        );
    }
}
