//! Checks with `cargo tree` that some crates do not have certain dependencies.

use super::Violation;
use super::graph::{ACCOUNT, AUTH, CORE, DECODE, PRO, RECOVERY, REST, SESSION, TRANSPORT, V1};
use super::project::Project;
use crate::shell::{self, Outcome};

/// All dependencies of one crate with one choice of features.
#[derive(Debug)]
pub(super) struct Footprint {
    promise: &'static Promise,
    /// Names of the packages, including the crate itself.
    pulls: Vec<String>,
}

/// Packages that a crate must not depend on, directly or indirectly.
#[derive(Debug)]
struct Promise {
    package: &'static str,
    /// The features for which the promise is checked.
    features: &'static str,
    never: &'static [&'static str],
    why: &'static str,
}

const NETWORK: &[&str] = &["tokio", "hyper", "reqwest", "rustls", "fastwebsockets"];
const PURE: &str = "the core works with any async runtime and depends on none";

#[rustfmt::skip]
const PROMISES: &[Promise] = &[
    Promise { package: CORE, features: "--all-features", never: NETWORK, why: PURE },
    Promise { package: DECODE, features: "--all-features", never: NETWORK, why: PURE },
    Promise { package: SESSION, features: "--all-features", never: NETWORK, why: PURE },
    Promise { package: V1, features: "--all-features", never: NETWORK, why: PURE },
    Promise { package: PRO, features: "--all-features", never: NETWORK, why: PURE },
    Promise { package: RECOVERY, features: "--all-features", never: NETWORK, why: PURE },
    Promise { package: ACCOUNT, features: "--all-features", never: NETWORK, why: PURE },
    Promise {
        package: AUTH, features: "--no-default-features", never: NETWORK,
        why: "signing alone needs neither a runtime nor a REST client",
    },
    Promise {
        package: REST, features: "--no-default-features", never: NETWORK,
        why: "queries, pages and rows work without the client",
    },
    Promise {
        package: TRANSPORT, features: "--no-default-features",
        never: &["fastwebsockets", "hyper", "ring", "aws-lc-rs", "rustls"],
        why: "the traits and the in-memory pair need neither HTTP nor TLS",
    },
];

pub(super) fn few_dependencies(project: &Project) -> Vec<Violation> {
    let mut broken = Vec::new();
    for Footprint { promise, pulls } in &project.footprints {
        for name in promise
            .never
            .iter()
            .filter(|name| pulls.iter().any(|pulled| pulled == *name))
        {
            let place = format!("{} {}", promise.package, promise.features);
            let reason = format!(
                "depends on {name}, but {} (`cargo tree -p {place} -i {name}` shows why)",
                promise.why
            );
            broken.push(Violation::new(place, reason));
        }
    }
    broken
}

/// Runs `cargo tree` for every promise.
pub(super) fn measure_all() -> Outcome<Vec<Footprint>> {
    PROMISES.iter().map(measure).collect()
}

fn measure(promise: &'static Promise) -> Outcome<Footprint> {
    let what = [
        "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}",
    ];
    let tree =
        shell::read(shell::cargo(&what).args([promise.features, "--package", promise.package]))?;
    Ok(Footprint {
        promise,
        pulls: names(&tree),
    })
}

/// Returns the names in lines of `name v1.2.3 (source)`.
fn names(tree: &str) -> Vec<String> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(promise: &'static Promise, tree: &str) -> Vec<Violation> {
        let footprints = vec![Footprint {
            promise,
            pulls: names(tree),
        }];
        few_dependencies(&Project {
            footprints,
            ..Project::default()
        })
    }

    #[test]
    fn runtime_in_the_core_is_found() {
        let tree = "kucoin-streams-core v0.1.0 (/checkout/crates/core)\nserde v1.0.228\n\ntokio v1.48.0\ntokio v1.48.0 (*)\n";
        let broken = check(&PROMISES[0], tree);
        assert_eq!(broken.len(), 1);
        assert_eq!(broken[0].place, "kucoin-streams-core --all-features");
        assert!(
            broken[0]
                .reason
                .starts_with("depends on tokio, but the core works with any async runtime"),
            "{}",
            broken[0].reason
        );
    }

    #[test]
    fn only_whole_names_match() {
        let tree = "kucoin-streams-core v0.1.0 (/checkout/crates/core)\ntokio-macros v2.6.0\nhyper-like v1.0.0\n";
        assert_eq!(check(&PROMISES[0], tree), []);
    }

    #[test]
    fn footprint_has_the_crate_and_its_dependencies() {
        let promise = &PROMISES[0];
        let pulls = measure(promise).unwrap().pulls;
        assert!(
            pulls.iter().any(|name| name == promise.package)
                && pulls.iter().any(|name| name == "serde"),
            "{pulls:?}"
        );
    }
}
