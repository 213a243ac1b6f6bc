//! Knows the lines of a Cargo.toml as they are written, which `cargo metadata` no longer tells: what is inherited.
//!
//! It reads the part of TOML that manifests are written in: tables, dotted keys, values that may span lines in brackets.

/// The lines of one manifest.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    entries: Vec<Entry>,
}

/// One `key = value` and the table that it stands in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) table: String,
    pub(super) key: String,
    pub(super) value: String,
}

impl Manifest {
    pub(super) fn parse(text: &str) -> Self {
        let mut manifest = Self::default();
        let mut table = String::new();
        let mut lines = text.lines().map(without_comment);
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line.starts_with('[') {
                table = line.trim_matches(['[', ']']).trim().to_owned();
            } else if let Some((key, value)) = line.split_once('=') {
                let mut value = value.trim().to_owned();
                while depth(&value) > 0 {
                    let Some(more) = lines.next() else { break };
                    value.push(' ');
                    value.push_str(more.trim());
                }
                manifest.entries.push(Entry {
                    table: table.clone(),
                    key: key.trim().to_owned(),
                    value,
                });
            }
        }
        manifest
    }

    /// The value of a key in a table, as it is written.
    pub(super) fn value(&self, table: &str, key: &str) -> Option<&str> {
        let mut entries = self.entries.iter();
        entries
            .find(|entry| entry.table == table && entry.key == key)
            .map(|entry| entry.value.as_str())
    }

    /// Whether a field of `[package]` is inherited from the workspace.
    pub(super) fn inherits(&self, field: &str) -> bool {
        let written_inline = self
            .value("package", field)
            .is_some_and(takes_from_workspace);
        written_inline || self.value("package", &format!("{field}.workspace")) == Some("true")
    }

    /// The dependencies that state something of their own where `workspace = true` should stand.
    pub(super) fn dependencies_not_inherited(&self) -> Vec<&str> {
        let mut own = Vec::new();
        for entry in &self.entries {
            let Some(name) = dependency_table(&entry.table) else {
                continue;
            };
            let (name, inherited) = match name {
                // `[dependencies.name]`: a table of its own, judged once, at its first line.
                Some(name) => {
                    if own.contains(&name) {
                        continue;
                    }
                    (name, self.value(&entry.table, "workspace") == Some("true"))
                }
                None => match entry.key.split_once('.') {
                    Some((name, _)) => (
                        name,
                        self.value(&entry.table, &format!("{name}.workspace")) == Some("true"),
                    ),
                    None => (entry.key.as_str(), takes_from_workspace(&entry.value)),
                },
            };
            if !inherited && !own.contains(&name) {
                own.push(name);
            }
        }
        own
    }
}

/// `Some(None)` for a table of dependencies, `Some(Some(name))` for the table of one dependency.
fn dependency_table(table: &str) -> Option<Option<&str>> {
    // `[target.'cfg(unix)'.dependencies]` ends like the plain ones. The root's `[workspace.dependencies]` is no use.
    if table.starts_with("workspace") {
        return None;
    }
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let parts: Vec<_> = table.rsplitn(3, '.').collect();
    match parts.as_slice() {
        [last, ..] if kinds.contains(last) => Some(None),
        [name, kind, ..] if kinds.contains(kind) => Some(Some(name)),
        _ => None,
    }
}

fn takes_from_workspace(value: &str) -> bool {
    let value: String = value
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    value.contains("{workspace=true") || value.contains(",workspace=true")
}

/// How many brackets of a value are still open, those in strings not counted.
fn depth(value: &str) -> usize {
    let (mut open, mut closed, mut quoted) = (0_usize, 0, false);
    for character in value.chars() {
        match character {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => open += 1,
            ']' | '}' if !quoted => closed += 1,
            _ => {}
        }
    }
    open.saturating_sub(closed)
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let comment = line.char_indices().find(|(_, character)| {
        quoted ^= *character == '"';
        *character == '#' && !quoted
    });
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tables_keys_and_values_over_lines() {
        let manifest = Manifest::parse(
            "[lints]\nworkspace = true # all\n[features]\na = [\n  \"b#\", # no ]\n  \"c\",\n]\nd = []\n",
        );
        assert_eq!(manifest.value("lints", "workspace"), Some("true"));
        assert_eq!(manifest.value("features", "a"), Some("[ \"b#\", \"c\", ]"));
        assert_eq!(manifest.value("features", "d"), Some("[]"));
        assert_eq!(manifest.value("lints", "a"), None);
    }

    #[test]
    fn tells_inherited_package_fields_from_stated_ones() {
        let manifest = Manifest::parse(
            "[package]\nversion.workspace = true\nlicense = { workspace = true }\nedition = \"2024\"\n",
        );
        assert!(manifest.inherits("version") && manifest.inherits("license"));
        assert!(!manifest.inherits("edition") && !manifest.inherits("rust-version"));
    }

    #[test]
    fn finds_dependencies_with_versions_of_their_own() {
        let text = "[dependencies]\na.workspace = true\nb = { workspace = true, features = [\n \"x\" ] }\nc = \"1\"\n\
                    [dev-dependencies]\nd = { version = \"2\", features = [\"workspace\"] }\n\
                    [target.'cfg(unix)'.dependencies]\ne = \"1\"\n\
                    [dependencies.f]\nworkspace = true\nfeatures = []\n[build-dependencies.g]\nversion = \"1\"\npath = \"x\"\n\
                    [dependencies]\nh.version = \"1\"\ni.workspace = true\ni.optional = true\n";
        assert_eq!(
            Manifest::parse(text).dependencies_not_inherited(),
            ["c", "d", "e", "g", "h"]
        );
    }

    #[test]
    fn the_table_of_the_workspace_is_where_versions_belong() {
        let manifest = Manifest::parse(
            "[workspace.dependencies]\na = \"1\"\n[workspace.dependencies.b]\nversion = \"1\"\n",
        );
        assert!(manifest.dependencies_not_inherited().is_empty());
    }
}
