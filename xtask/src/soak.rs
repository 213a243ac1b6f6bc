//! Runs the chaos tests for a long time, or repeats one seed.

use crate::shell::{self, Outcome, cargo};

/// How long to run, or which seed.
#[derive(Debug, PartialEq, Eq, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Soak {
    /// Run new seeds for N minutes, then real sockets for N minutes
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Run only this seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl Soak {
    /// Runs one test after the other, because each uses all cores.
    pub(crate) fn run(&self) -> Outcome {
        let mut cargo = cargo(&["test", "--release", "-p", "kucoin-streams-tests"]);
        cargo.args(["--test", "chaos"]);
        if let Some(seed) = self.seed {
            cargo.env("CHAOS_SEEDS", format!("{seed}..{}", seed + 1));
            cargo.args(["--", "--nocapture", "no_seed_loses_events_silently"]);
        } else {
            let seconds = self.minutes.unwrap_or(1) * 60;
            cargo.env("CHAOS_SECONDS", seconds.to_string());
            cargo.args(["--", "--nocapture", "--test-threads", "1"]);
            cargo.args(["no_seed_loses_events_silently", "over_real_sockets"]);
        }
        shell::run(&mut cargo)
    }
}
