//! Checks that no file has an absolute path of one machine, and that links in Markdown are not broken.

use super::Violation;
use super::faults::test_exists;
use super::project::{File, Project};

/// Starts of absolute paths. Written in halves, because this file is checked too.
const MACHINES: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/work", "space/"),
    concat!("C:\\", "Users"),
];

pub(super) fn no_absolute_paths(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for file in &project.files {
        for (index, line) in file.text.lines().enumerate() {
            for machine in MACHINES {
                if names_folder(line, machine) {
                    let place = format!("{}:{}", file.path, index + 1);
                    let reason = format!("absolute path with `{machine}`; use a relative path");
                    broken.push(Violation::new(place, reason));
                }
            }
        }
    }
    broken
}

pub(super) fn no_broken_links(project: &Project) -> Vec<Violation> {
    let broken = links(project).filter(|link| !link_exists(project, link.page, link.target));
    let violation =
        |link: Link<'_>| Violation::new(link.place(), format!("broken link `{}`", link.target));
    broken.map(violation).collect()
}

/// Checks that a link with the name of a test leads to a file with that test.
///
/// An example is `[close_is_a_loss](tests/it/losses.rs)`.
pub(super) fn linked_tests_exist(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for link in links(project).filter(Link::names_test) {
        let Some(path) = resolve(link.page.folder(), link.target) else {
            continue;
        };
        let is_of_tests = path.ends_with(".rs") && !path.starts_with("examples/");
        if is_of_tests && !test_exists(project, &format!("{path}::{}", link.text)) {
            let reason = format!("there is no test `{}` in {path}", link.text);
            broken.push(Violation::new(link.place(), reason));
        }
    }
    broken
}

/// Returns the anchors of the headings, as Markdown renderers create them.
pub(super) fn sections(page: &str) -> impl Iterator<Item = String> {
    page.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() {
            return None;
        }
        let heading = heading.trim().to_lowercase();
        let anchor = heading
            .chars()
            .filter(|character| character.is_alphanumeric() || " -_".contains(*character));
        Some(
            anchor
                .map(|character| if character == ' ' { '-' } else { character })
                .collect(),
        )
    })
}

/// Converts a path relative to a folder to a path relative to the root; `None` if outside the root.
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

/// Returns `true` if the line has a path that starts with this folder.
///
/// A longer path or a URL does not count.
fn names_folder(line: &str, machine: &str) -> bool {
    line.match_indices(machine).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before
            .is_none_or(|character| !character.is_alphanumeric() && !"./_-}$*".contains(character))
    })
}

/// A Markdown link, `[text](target)`.
struct Link<'p> {
    page: &'p File,
    /// Line number, from 1.
    line: usize,
    text: &'p str,
    target: &'p str,
}

impl Link<'_> {
    fn place(&self) -> String {
        format!("{}:{}", self.page.path, self.line)
    }

    fn names_test(&self) -> bool {
        let is_of_name = |character: char| character == '_' || character.is_alphanumeric();
        self.text.contains('_') && self.text.chars().all(is_of_name)
    }
}

/// Returns the links of all Markdown pages.
fn links(project: &Project) -> impl Iterator<Item = Link<'_>> {
    let pages = project
        .files
        .iter()
        .filter(|file| file.path.ends_with(".md"));
    pages.flat_map(|page| {
        let lines = page.text.lines().enumerate();
        lines.flat_map(move |(index, line)| {
            line.match_indices("](").filter_map(move |(at, _)| {
                let (target, _) = line[at + 2..].split_once(')')?;
                let text = line[..at].rsplit('[').next().unwrap_or_default();
                Some(Link {
                    page,
                    line: index + 1,
                    text,
                    target,
                })
            })
        })
    })
}

fn link_exists(project: &Project, from: &File, link: &str) -> bool {
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
        _ => project.has(&path),
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
    fn absolute_path_is_found() {
        for machine in MACHINES {
            let text = format!("one\nsee {machine}me/x\n");
            assert_eq!(
                places(no_absolute_paths(&fake::files(&[("a.md", &text)]))),
                ["a.md:2"],
                "{machine}"
            );
        }
        let url = format!(
            "https://example.org{}x and crates{}y",
            MACHINES[0], MACHINES[1]
        );
        assert_eq!(no_absolute_paths(&fake::files(&[("a.md", &url)])), []);
    }

    #[test]
    fn broken_link_is_found() {
        let page = "# Two words, here!\n[a](b/c.md) [d](b) [e](b/c.md#top) [f](#two-words-here) [g](https://example.org/x)\n\
                    [h](b/gone.md)\n[i](b/c.md#gone)\n[j](#gone)\n";
        let project = fake::files(&[("a.md", page), ("b/c.md", "## Top\n")]);
        assert_eq!(
            places(no_broken_links(&project)),
            ["a.md:3", "a.md:4", "a.md:5"]
        );
    }

    #[test]
    fn linked_test_that_does_not_exist_is_found() {
        let page = "[it_holds](t/a.rs), [it_fails](t/a.rs) [`text`](t/a.rs) [it_is_a_page](b.md)\n[it_waits](gone.rs)\n";
        let source = "#[test]\nfn it_holds() {}\n";
        let project = fake::files(&[("a.md", page), ("t/a.rs", source), ("b.md", "")]);
        assert_eq!(places(linked_tests_exist(&project)), ["a.md:1", "a.md:2"]);
    }
}
