//! Knows what the pages and the folders promise a newcomer: two commands, links that lead somewhere, one fixed layout.

use super::Violation;
use super::project::{File, Project};

/// What may stand in the root folder beside dotfiles. Cargo.lock is committed: the command line is an application.
const TOP_LEVEL: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "crates",
    "examples",
    "tests",
    "xtask",
    "target",
];

/// What a newcomer types: to see it run, and to test it.
const COMMANDS: [&str; 2] = ["cargo run --release -- watch --demo", "cargo xtask test"];

/// Folders that exist on somebody's machine. Written in halves, since this file is judged too.
const MACHINES: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/work", "space/"),
    concat!("C:\\", "Users"),
];

const CRATES_README: &str = "crates/README.md";

pub(super) fn paths_stay_inside(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for file in &project.files {
        for (index, line) in file.text.lines().enumerate() {
            let place = format!("{}:{}", file.path, index + 1);
            for machine in MACHINES
                .into_iter()
                .filter(|machine| names_folder(line, machine))
            {
                broken.push(Violation::new(
                    &place,
                    format!("`{machine}` is a folder of one machine"),
                ));
            }
            for path in upward_paths(line) {
                let resolved = resolve(file.folder(), path);
                // In code such a path is compiled, or a test's example; elsewhere only we can see whether it is there.
                let there = |path: String| file.path.ends_with(".rs") || project.has(&path);
                if resolved.is_none_or(|path| !there(path)) {
                    broken.push(Violation::new(
                        &place,
                        format!("`{path}` leads out of the project, or nowhere"),
                    ));
                }
            }
        }
    }
    broken
}

pub(super) fn links_lead_somewhere(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for file in project
        .files
        .iter()
        .filter(|file| file.path.ends_with(".md"))
    {
        for (index, line) in file.text.lines().enumerate() {
            for link in links(line).filter(|link| !leads_somewhere(project, file, link)) {
                let place = format!("{}:{}", file.path, index + 1);
                broken.push(Violation::new(
                    place,
                    format!("the link `{link}` leads nowhere"),
                ));
            }
        }
    }
    broken
}

pub(super) fn fixed_top_level(project: &Project) -> Vec<Violation> {
    let strange = project
        .top_level
        .iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()));
    strange
        .map(|name| Violation::new(name, "does not belong in the root folder, which is fixed"))
        .collect()
}

pub(super) fn two_commands(project: &Project) -> Vec<Violation> {
    let readme = project
        .file("README.md")
        .map(|file| file.text.as_str())
        .unwrap_or_default();
    let missing = COMMANDS
        .into_iter()
        .filter(|command| !readme.lines().any(|line| line.trim() == *command));
    missing
        .map(|command| {
            Violation::new(
                "README.md",
                format!("does not show `{command}` on a line of its own"),
            )
        })
        .collect()
}

pub(super) fn crates_are_named(project: &Project) -> Vec<Violation> {
    let readme = project
        .file(CRATES_README)
        .map(|file| file.text.as_str())
        .unwrap_or_default();
    let named = |name: &str| readme.contains(&format!("`{name}`"));
    let missing = project
        .workspace
        .members()
        .filter(|package| !named(&package.name));
    missing
        .map(|package| Violation::new(CRATES_README, format!("does not name `{}`", package.name)))
        .collect()
}

/// The anchors of a page's headings, as the usual readers of Markdown make them.
pub(super) fn sections(page: &str) -> impl Iterator<Item = String> {
    page.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() {
            return None;
        }
        let kept = heading.trim().to_lowercase();
        let kept = kept
            .chars()
            .filter(|character| character.is_alphanumeric() || " -_".contains(*character));
        Some(
            kept.map(|character| if character == ' ' { '-' } else { character })
                .collect(),
        )
    })
}

/// A path from a folder of the project, as a path from its root; `None` when it climbs out.
pub(super) fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()?),
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

impl File {
    fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Whether a machine's folder stands in the line as the start of a path, not inside a longer one or a URL.
fn names_folder(line: &str, machine: &str) -> bool {
    line.match_indices(machine).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before
            .is_none_or(|character| !character.is_alphanumeric() && !"./_-}$*".contains(character))
    })
}

/// The paths in a line that start by climbing: `../`, perhaps several times, and a name.
fn upward_paths(line: &str) -> impl Iterator<Item = &str> {
    let part_of_path = |character: char| character.is_alphanumeric() || "./_-".contains(character);
    line.split(move |character| !part_of_path(character))
        .filter(|word| word.starts_with("../"))
}

/// The targets of Markdown links, `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
}

fn leads_somewhere(project: &Project, from: &File, link: &str) -> bool {
    if link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    let (path, section) = link
        .split_once('#')
        .map_or((link, None), |(path, section)| (path, Some(section)));
    if path.is_empty() {
        return section.is_none_or(|section| sections(&from.text).any(|anchor| anchor == section));
    }
    let Some(path) = resolve(from.folder(), path) else {
        return false;
    };
    match (project.file(&path), section) {
        (Some(page), Some(section)) => sections(&page.text).any(|anchor| anchor == section),
        (Some(_), None) => true,
        (None, _) => project
            .files
            .iter()
            .any(|file| file.path.starts_with(&format!("{path}/"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::project::fake;
    use super::*;

    fn places(broken: Vec<Violation>) -> Vec<String> {
        broken.into_iter().map(|broken| broken.place).collect()
    }

    #[test]
    fn folders_of_a_machine_are_found() {
        for machine in MACHINES {
            let text = format!("one\nsee {machine}me/x\n");
            assert_eq!(
                places(paths_stay_inside(&fake::files(&[("a.md", &text)]))),
                ["a.md:2"],
                "{machine}"
            );
        }
        let url = format!(
            "https://example.org{}x and crates{}y",
            MACHINES[0], MACHINES[1]
        );
        assert_eq!(paths_stay_inside(&fake::files(&[("a.md", &url)])), []);
    }

    #[test]
    fn paths_that_climb_out_of_the_project_are_found() {
        let out = concat!("see `..", "/notes/a.md`");
        assert_eq!(
            places(paths_stay_inside(&fake::files(&[("README.md", out)]))),
            ["README.md:1"]
        );
        let far = concat!("include_str!(\"..", "/../../../samples/a\")");
        let files = fake::files(&[("crates/v1/src/a.rs", far), ("crates/v1/src/b/c.rs", far)]);
        assert_eq!(places(paths_stay_inside(&files)), ["crates/v1/src/a.rs:1"]);
        let manifest = "readme = \"../../README.md\"\n# see ../notes.md\n";
        let files = fake::files(&[("README.md", ""), ("crates/v1/Cargo.toml", manifest)]);
        assert_eq!(
            places(paths_stay_inside(&files)),
            ["crates/v1/Cargo.toml:2"]
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let page = "# Two words, here!\n[a](b/c.md) [d](b) [e](b/c.md#top) [f](#two-words-here) [g](https://example.org/x)\n\
                    [h](b/gone.md)\n[i](b/c.md#gone)\n[j](#gone)\n";
        let project = fake::files(&[("a.md", page), ("b/c.md", "## Top\n")]);
        assert_eq!(
            places(links_lead_somewhere(&project)),
            ["a.md:3", "a.md:4", "a.md:5"]
        );
    }

    #[test]
    fn a_new_name_in_the_root_is_found() {
        let top_level = ["Cargo.toml", ".github", "src", "target"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(
            places(fixed_top_level(&Project {
                top_level,
                ..Project::default()
            })),
            ["src"]
        );
    }

    #[test]
    fn a_readme_without_the_commands_is_found() {
        let good = format!("# a\n```sh\n{}\n{}\n```\n", COMMANDS[0], COMMANDS[1]);
        assert_eq!(two_commands(&fake::files(&[("README.md", &good)])), []);
        assert_eq!(
            two_commands(&fake::files(&[(
                "README.md",
                &good.replace("--demo", "--other")
            )]))
            .len(),
            1
        );
        assert_eq!(two_commands(&Project::default()).len(), 2);
    }

    #[test]
    fn a_crate_that_the_table_does_not_name_is_found() {
        let mut project = fake::members(&[
            ("kucoin-streams", "crates/kucoin-streams", &[]),
            ("xtask", "xtask", &[]),
        ]);
        project.files.push(fake::file(
            CRATES_README,
            "| `kucoin-streams` | `kucoin-streams-core` | xtask |",
        ));
        let reasons: Vec<_> = crates_are_named(&project)
            .into_iter()
            .map(|broken| broken.reason)
            .collect();
        assert_eq!(reasons, ["does not name `xtask`"]);
    }
}
