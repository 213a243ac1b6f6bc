//! Runs the chaos tests and the storms of recovery for a long time, or repeats one seed.

use crate::shell::{self, Outcome, cargo};

/// How long to run, or which seed.
#[derive(Debug, PartialEq, Eq, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Soak {
    /// Run new seeds for N minutes, then real sockets for N minutes, then storms of recovery for N minutes
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Run only this seed of the chaos tests
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Run only this storm of recovery
    #[arg(long, value_name = "N")]
    storm: Option<u64>,
}

impl Soak {
    /// Runs one test after the other, because each uses all cores.
    pub(crate) fn run(&self) -> Outcome {
        let range = |seed: u64| format!("{seed}..{}", seed + 1);
        if let Some(seed) = self.seed {
            let env = ("CHAOS_SEEDS", range(seed));
            return test("chaos", env, &["no_seed_loses_events_silently"]);
        }
        if let Some(storm) = self.storm {
            return test("recovery", ("STORM_SEEDS", range(storm)), &[STORMS]);
        }
        let seconds = (self.minutes.unwrap_or(1) * 60).to_string();
        let chaos = [
            "--test-threads",
            "1",
            "no_seed_loses_events_silently",
            "over_real_sockets",
        ];
        test("chaos", ("CHAOS_SECONDS", seconds.clone()), &chaos)?;
        test("recovery", ("STORM_SECONDS", seconds), &[STORMS])
    }
}

const STORMS: &str = "every_fill_arrives_once_through_storms";

fn test(binary: &str, (name, value): (&str, String), arguments: &[&str]) -> Outcome {
    let mut cargo = cargo(&["test", "--release", "-p", "kucoin-streams-tests"]);
    cargo
        .env(name, value)
        .args(["--test", binary, "--", "--nocapture"]);
    shell::run(cargo.args(arguments))
}
