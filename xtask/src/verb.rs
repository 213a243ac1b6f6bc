//! The command line: commands and their options.

use clap::{Parser, Subcommand};

use crate::ci::Step;
use crate::dist::Dist;
use crate::fuzz;
use crate::soak::Soak;

/// Development commands of kucoin-streams
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Verb {
    /// Run all tests of the workspace, including doc tests; arguments are passed to `cargo test`
    Test(Arguments),
    /// Check the project rules: layers, dependencies, manifests, sources, documents
    Tidy,
    /// Run all CI steps, one after the other
    Ci {
        /// Step to skip; may be repeated
        #[arg(long, value_name = "STEP")]
        skip: Vec<Step>,
    },
    /// Benchmark the SDK and other clients over loopback; `bench parts` benchmarks only decoding, with criterion
    Bench(Arguments),
    /// Count the instructions of hot paths, and compare with the committed counts
    Instructions {
        /// Write the counts instead of comparing them
        #[arg(long)]
        update: bool,
    },
    /// Run the Autobahn WebSocket tests (kosoku, from PyPI) against the default transport
    Autobahn,
    /// Test the local exchange with third-party SDKs (from PyPI and npm)
    Interop,
    /// Test the live page in Chromium by clicks, with screenshots in `target/page` (needs chromium, node and npm)
    Page,
    /// Kill the database examples and a PostgreSQL server, and compare their tables with the exchange
    Databases,
    /// Run the chaos tests with new seeds, then over real sockets
    Soak(Soak),
    /// Run the fuzz targets
    Fuzz(fuzz::Choice),
    /// Check licences, duplicates, sources and advisories of the dependencies with cargo-deny
    Deny,
    /// Compare the API of each crate with its last release, with cargo-semver-checks
    Semver {
        /// Compare with this commit instead
        #[arg(long, value_name = "COMMIT")]
        baseline: Option<String>,
    },
    /// Package and build every published crate as for crates.io, and check what is in the packages
    Package,
    /// Check what a release needs, and print what to do; publishes nothing
    Release {
        /// Required, because nothing else is possible
        #[arg(long)]
        dry_run: bool,
    },
    /// Build a Debian package and a static binary of the command line in target/dist
    Dist(Dist),
}

/// Arguments for another program, passed on unchanged.
#[derive(Debug, PartialEq, Eq, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    #[arg(value_name = "ARGS", allow_hyphen_values = true)]
    before: Vec<String>,
    #[arg(value_name = "ARGS", last = true)]
    after: Vec<String>,
}

impl Arguments {
    pub(crate) fn all(&self) -> Vec<&str> {
        let dashes = (!self.after.is_empty()).then_some("--");
        let before = self.before.iter().map(String::as_str);
        let after = self.after.iter().map(String::as_str);
        before.chain(dashes).chain(after).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Verb> {
        let words = ["cargo xtask"].into_iter().chain(line.split_whitespace());
        let line = CommandLine::try_parse_from(words).ok()?;
        Some(line.verb)
    }

    #[test]
    fn steps_are_skipped_by_name() {
        let skip = vec![Step::MinimalVersions, Step::Doc];
        let line = "ci --skip minimal-versions --skip=doc";
        assert_eq!(parse(line), Some(Verb::Ci { skip }));
        assert_eq!(parse("ci --skip tests"), None);
    }

    #[test]
    fn arguments_of_test_and_bench_are_passed_on() {
        for words in ["-p x -- --help", "--json cpu", "-- --nocapture", "--help"] {
            for verb in ["test", "bench"] {
                let (Some(Verb::Test(passed)) | Some(Verb::Bench(passed))) =
                    parse(&format!("{verb} {words}"))
                else {
                    unreachable!("`{verb} {words}` is refused")
                };
                assert_eq!(passed.all().join(" "), words);
            }
        }
    }

    #[test]
    fn soak_takes_a_time_a_seed_or_a_storm() {
        for (line, accepted) in [
            ("--minutes 3", true),
            ("--seed 17", true),
            ("--storm 17", true),
            ("", false),
            ("--seed x", false),
            ("--seed 1 --minutes 2", false),
        ] {
            assert_eq!(parse(&format!("soak {line}")).is_some(), accepted, "{line}");
        }
    }

    #[test]
    fn fuzz_takes_a_duration_or_one_input_of_one_target() {
        for (line, accepted) in [
            ("", true),
            ("--seconds 5", true),
            ("--runs=10 --target json", true),
            ("--target json --replay a/b", true),
            ("json", false),
            ("--seconds 0", false),
            ("--seconds 5 --runs 5", false),
            ("--replay a", false),
            ("--target a --replay b --runs 5", false),
        ] {
            assert_eq!(parse(&format!("fuzz {line}")).is_some(), accepted, "{line}");
        }
    }
}
