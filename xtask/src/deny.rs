//! Checks licences, duplicate versions, sources and advisories of all dependencies, with cargo-deny and `.deny.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::minimal_versions;
use crate::shell::{self, Failure, Outcome};
use crate::tools::Tool;

const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// Environment variable with the folder of a RustSec advisory database: a clone or a snapshot.
const DATABASE: &str = "KUCOIN_STREAMS_ADVISORY_DB";

/// The `db-path` of `.deny.toml`, and the folder of the RustSec database in it, as this version of cargo-deny names it.
const COPY: [&str; 3] = ["target", "advisory-db", "advisory-db-3157b0e258782691"];

/// Checks without a network, except to install cargo-deny.
pub(crate) fn check() -> Outcome {
    let mut kinds = vec!["bans", "licenses", "sources"];
    let database = std::env::var_os(DATABASE).map(PathBuf::from);
    if let Some(database) = &database {
        let (count, newest) = offer(database)?;
        println!("{count} advisories, the newest of {newest}; later ones are not checked");
        kinds.push("advisories");
    }
    let program = CARGO_DENY.install()?;
    let mut deny = shell::command(&program.to_string_lossy());
    deny.args(["--locked", "--offline", "check", "--deny", "warnings"]);
    shell::run(deny.args(kinds))?;
    if database.is_none() {
        println!("advisories were NOT checked: {DATABASE} does not name a RustSec database");
    }
    Ok(())
}

/// Makes a database available to cargo-deny; returns the number of its advisories and the newest date.
///
/// cargo-deny requires a git clone, but only reads its `crates` and the time of the last fetch.
fn offer(database: &Path) -> Outcome<(usize, String)> {
    let crates = database.join("crates");
    let dates = dates(&crates).map_err(|failure| {
        Failure::new(format!(
            "{DATABASE} must name a RustSec advisory database, but {failure}"
        ))
    })?;
    let newest = dates.iter().max().cloned().ok_or_else(|| {
        Failure::new(format!("{DATABASE}: no advisories in {}", crates.display()))
    })?;
    let copy = shell::root().join(COPY.iter().collect::<PathBuf>());
    let failed = |error| Failure::at(&copy, &error);
    if copy.exists() {
        fs::remove_dir_all(&copy).map_err(failed)?;
    }
    fs::create_dir_all(copy.join(".git")).map_err(failed)?;
    fs::write(copy.join(".git").join("FETCH_HEAD"), "").map_err(failed)?;
    minimal_versions::copy(&crates, &copy.join("crates"))?;
    Ok((dates.len(), newest))
}

/// Returns the `date` of each advisory: `<folder>/<package>/<advisory>.md` begins with TOML.
fn dates(folder: &Path) -> Outcome<Vec<String>> {
    let mut dates = Vec::new();
    for package in shell::entries(folder)?.iter().filter(|path| path.is_dir()) {
        for advisory in shell::entries(package)? {
            let text =
                fs::read_to_string(&advisory).map_err(|error| Failure::at(&advisory, &error))?;
            let date = text.lines().find_map(|line| line.strip_prefix("date = "));
            dates.extend(date.map(|date| date.trim_matches('"').to_owned()));
        }
    }
    Ok(dates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_is_counted_and_dated() {
        let folder = std::env::temp_dir().join(format!("advisories-{}", std::process::id()));
        for (name, date) in [("a", "2026-02-01"), ("b", "2025-12-31")] {
            fs::create_dir_all(folder.join(name)).unwrap();
            let text = format!("```toml\n[advisory]\npackage = \"{name}\"\ndate = \"{date}\"\n");
            fs::write(folder.join(name).join("RUSTSEC-0001.md"), text).unwrap();
        }
        let mut found = dates(&folder).unwrap();
        found.sort();
        assert_eq!(found, ["2025-12-31", "2026-02-01"]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn folder_without_advisories_is_refused() {
        let failure = offer(Path::new("no-such-folder")).unwrap_err().to_string();
        assert!(
            failure.starts_with(DATABASE) && failure.contains("no-such-folder"),
            "{failure}"
        );
    }
}
