//! Plans a release: which crates, in which order, with which tags, and what is not ready. It publishes nothing.

use std::fs;

use crate::package::{self, Build, Packaged};
use crate::semver::{self, changes_since, last_release};
use crate::shell::{self, Failure, Outcome, command};
use crate::workspace::{Package, Workspace};

const RULES: &str = "crates/README.md#publishing";

/// Heading of the notes for the next release in a changelog.
const UNRELEASED: &str = "Unreleased";

/// Everything about one crate that decides whether and how it is released.
#[derive(Debug, Clone, Default)]
struct Candidate {
    name: String,
    version: String,
    /// Version of the last release; `None` before the first.
    released: Option<String>,
    /// Files that changed since the last release.
    changed: Vec<String>,
    changelog: String,
    /// Names of the published crates that it depends on.
    uses: Vec<String>,
}

/// Prints the plan; fails if something is not ready.
pub(crate) fn run(dry_run: bool) -> Outcome {
    if !dry_run {
        return Err(Failure::new(
            "this command publishes nothing, because a release on crates.io cannot be taken back; run `cargo xtask \
             release --dry-run`, then the commands that it prints",
        ));
    }
    let workspace = Workspace::load()?;
    let mut problems = Vec::new();
    let status = shell::read(command("git").args(["status", "--porcelain"]))?;
    if let Some(first) = status.lines().next() {
        let count = status.lines().count();
        problems.push(format!(
            "{count} files are not committed, the first is `{first}`"
        ));
    }
    let candidates = workspace.published().map(|it| candidate(it, &workspace));
    let candidates = candidates.collect::<Outcome<Vec<_>>>()?;
    problems.extend(candidates.iter().flat_map(|it| it.problems(&candidates)));
    let releases = |name: &str| candidates.iter().any(|it| it.name == name && it.is_due());
    let due: Vec<_> = workspace
        .published()
        .filter(|it| releases(&it.name))
        .collect();
    if due.is_empty() && problems.is_empty() {
        println!("nothing to release: no crate has changed since its last release");
        return Ok(());
    }
    // What takes minutes is only worth it if the rest is ready.
    let build = match problems.is_empty() {
        true => Build::Yes,
        false => Build::No,
    };
    if build == Build::Yes {
        semver::check(None)?;
    }
    if !due.is_empty() {
        let packaged = package::check(&workspace.target_directory, &due, build)?;
        package::print(&packaged);
        println!("\n{}", plan(&candidates, &packaged));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "not ready for a release:\n- {}",
            problems.join("\n- ")
        ))),
    }
}

fn candidate(package: &Package, workspace: &Workspace) -> Outcome<Candidate> {
    let path = shell::root().join(&package.folder).join("CHANGELOG.md");
    let tag = last_release(package)?;
    let changed = match &tag {
        Some(tag) => changes_since(tag, package)?,
        None => Vec::new(),
    };
    let uses = workspace.published().filter(|other| {
        let mut normal = package.dependencies.iter();
        normal.any(|it| it.kind.is_none() && it.name == other.name)
    });
    Ok(Candidate {
        name: package.name.clone(),
        version: package.version.clone(),
        released: tag.and_then(|tag| Some(tag.split_once('@')?.1.to_owned())),
        changed,
        changelog: fs::read_to_string(&path).map_err(|error| Failure::at(&path, &error))?,
        uses: uses.map(|other| other.name.clone()).collect(),
    })
}

impl Candidate {
    /// Returns `true` if its version is not released yet.
    fn is_due(&self) -> bool {
        self.released.as_ref() != Some(&self.version)
    }

    fn tag(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Returns what contradicts the rules of [`RULES`].
    fn problems(&self, all: &[Self]) -> Vec<String> {
        let mut problems = Vec::new();
        let (name, version) = (&self.name, &self.version);
        if let Some(released) = &self.released {
            if numbers(version) < numbers(released) {
                problems.push(format!(
                    "{name}: {version} is lower than the released {released}"
                ));
            }
            if let (false, Some(file)) = (self.is_due(), self.changed.first()) {
                let count = self.changed.len();
                problems.push(format!(
                    "{name}: {count} files changed since {released}, the first is {file}; increase the version ({RULES})"
                ));
            }
        }
        if !self.is_due() {
            let broken = all
                .iter()
                .filter(|it| self.uses.contains(&it.name) && it.breaks());
            problems.extend(broken.map(|it| {
                let (other, new) = (&it.name, &it.version);
                format!("{name}: it is not released again, but needs {other} {new}; increase the version ({RULES})")
            }));
            return problems;
        }
        if section(&self.changelog, version).is_empty()
            && section(&self.changelog, UNRELEASED).is_empty()
        {
            problems.push(format!("{name}: its changelog has no notes for {version}"));
        }
        let newest = headings(&self.changelog).find(|it| *it != UNRELEASED);
        if let Some(newest) =
            newest.filter(|it| it != version && self.released.as_deref() != Some(it))
        {
            problems.push(format!("{name}: the newest section of its changelog is {newest}, but its version is {version}"));
        }
        problems
    }

    /// Returns `true` if this release may not compile with crates that work with the last one.
    fn breaks(&self) -> bool {
        let compatible = |version: &str| match numbers(version) {
            [0, 0, patch] => [0, 0, patch],
            [0, minor, _] => [0, minor, 0],
            [major, _, _] => [major, 0, 0],
        };
        let released = self.released.as_deref().map(compatible);
        released.is_some_and(|released| released != compatible(&self.version))
    }
}

/// Returns the numbers of a version; a suffix is ignored.
fn numbers(version: &str) -> [u64; 3] {
    let digits = version.split(['-', '+']).next().unwrap_or_default();
    let mut parts = digits.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// Returns the first word of each heading of the second level, such as `0.1.0` of `## 0.1.0 - 2026-12-01`.
fn headings(changelog: &str) -> impl Iterator<Item = &str> {
    let lines = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    lines.filter_map(|heading| heading.split_whitespace().next())
}

/// Returns the notes below a heading.
fn section<'a>(changelog: &'a str, heading: &str) -> &'a str {
    let mut sections = changelog.split("\n## ").skip(1);
    let found = sections.find(|section| section.split_whitespace().next() == Some(heading));
    let notes = found.and_then(|section| section.split_once('\n'));
    notes.map_or("", |(_, notes)| notes.trim())
}

/// Returns the plan for people: the crates, then the commands.
fn plan(candidates: &[Candidate], packaged: &[Packaged]) -> String {
    let in_order = packaged
        .iter()
        .filter_map(|it| candidates.iter().find(|one| one.name == it.name));
    let due: Vec<_> = in_order.collect();
    let mut text = String::from("release plan (this command publishes nothing):\n");
    for one in &due {
        let before = one.released.as_deref().unwrap_or("first release");
        text += &format!(
            "{:>26} {before} -> {}  tag {}\n",
            one.name,
            one.version,
            one.tag()
        );
    }
    let unchanged: Vec<_> = candidates
        .iter()
        .filter(|it| !it.is_due())
        .map(|it| &*it.name)
        .collect();
    if !unchanged.is_empty() {
        text += &format!("{:>26} {}\n", "unchanged", unchanged.join(", "));
    }
    let names =
        |list: &[&Candidate]| -> Vec<String> { list.iter().map(|it| it.name.clone()).collect() };
    let tags: Vec<_> = due.iter().map(|it| it.tag()).collect();
    let tags = tags.join(" ");
    let undated: Vec<_> = due
        .iter()
        .copied()
        .filter(|it| section(&it.changelog, &it.version).is_empty())
        .collect();
    text += "what to do:\n";
    if !undated.is_empty() {
        let names = names(&undated).join(", ");
        text += &format!(
            "- rename `## {UNRELEASED}` to `## <version> - <date>` in the changelogs of {names}; commit\n"
        );
    }
    text += &format!(
        "- cargo publish --locked --package {}\n",
        names(&due).join(" --package ")
    );
    text += &format!("- for tag in {tags}; do git tag \"$tag\"; done\n- git push origin {tags}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_of(name: &str, version: &str, released: Option<&str>) -> Candidate {
        Candidate {
            name: name.to_owned(),
            version: version.to_owned(),
            released: released.map(str::to_owned),
            changelog: String::from(
                "# Changelog\n\n## Unreleased\n\n- New: `x`.\n\n## 0.1.0 - 2026-01-01\n\n- First.\n",
            ),
            ..Candidate::default()
        }
    }

    fn problems(one: &Candidate) -> String {
        one.problems(&[]).join("\n")
    }

    #[test]
    fn first_release_needs_notes() {
        let mut first = crate_of("core", "0.1.0", None);
        assert_eq!(problems(&first), "");
        first.changelog = String::from("# Changelog\n\n## Unreleased\n\n");
        assert_eq!(
            problems(&first),
            "core: its changelog has no notes for 0.1.0"
        );
    }

    #[test]
    fn changed_crate_needs_a_higher_version() {
        let mut core = crate_of("core", "0.1.0", Some("0.1.0"));
        assert_eq!(problems(&core), "");
        core.changed = vec![String::from("crates/core/src/lib.rs")];
        assert!(problems(&core).contains("1 files changed since 0.1.0"));
        core.version = String::from("0.1.1");
        assert_eq!(problems(&core), "");
        core.version = String::from("0.0.9");
        assert!(problems(&core).contains("lower than the released 0.1.0"));
    }

    #[test]
    fn changelog_of_another_version_is_a_problem() {
        let mut core = crate_of("core", "0.3.0", Some("0.1.0"));
        core.changelog = core.changelog.replace("Unreleased", "0.2.0 - 2026-02-01");
        let found = problems(&core);
        assert!(found.contains("no notes for 0.3.0"), "{found}");
        assert!(
            found.contains("newest section of its changelog is 0.2.0"),
            "{found}"
        );
    }

    #[test]
    fn breaking_dependency_requires_a_release_of_its_users() {
        let mut user = crate_of("v1", "0.1.0", Some("0.1.0"));
        user.uses = vec![String::from("core")];
        for (version, breaks) in [
            ("0.1.0", false),
            ("0.1.9", false),
            ("0.2.0", true),
            ("1.0.0", true),
        ] {
            let core = crate_of("core", version, Some("0.1.0"));
            let found = user.problems(&[core]);
            assert_eq!(!found.is_empty(), breaks, "{version}: {found:?}");
        }
        user.version = String::from("0.1.1");
        assert_eq!(
            user.problems(&[crate_of("core", "0.2.0", Some("0.1.0"))]),
            [""; 0]
        );
    }

    #[test]
    fn plan_has_order_tags_and_commands() {
        let all = [
            crate_of("v1", "0.1.0", None),
            crate_of("core", "0.2.0", Some("0.1.0")),
            crate_of("pro", "0.1.0", Some("0.1.0")),
        ];
        let packaged = ["core", "v1"].map(|name| Packaged {
            name: name.to_owned(),
            version: String::new(),
            files: 1,
            bytes: 1,
        });
        let plan = plan(&all, &packaged);
        for line in [
            "core 0.1.0 -> 0.2.0  tag core@0.2.0",
            "v1 first release -> 0.1.0  tag v1@0.1.0",
            "unchanged pro",
            "changelogs of core; commit",
            "cargo publish --locked --package core --package v1",
            "git push origin core@0.2.0 v1@0.1.0",
        ] {
            assert!(plan.contains(line), "{line} is not in\n{plan}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("0.10.0") > numbers("0.9.1"));
        assert_eq!(numbers("1.2.3-rc.1"), [1, 2, 3]);
    }
}
