//! Knows how to let the chaos tests run for long, and how to live through one seed again.

use crate::shell::{self, Failure, Outcome, cargo};

/// For how long, or which seed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Soak {
    /// Seeds that nobody has seen before, and real sockets beside them, for so many minutes each.
    Minutes(u64),
    /// This seed alone.
    Seed(u64),
}

impl Soak {
    pub(crate) fn parse(words: &[String]) -> Outcome<Self> {
        let wrong = || Failure::new("soak takes `--minutes N` or `--seed N`");
        let [option, number] = words else {
            return Err(wrong());
        };
        let number = number.parse().map_err(|_| wrong())?;
        match option.as_str() {
            "--minutes" => Ok(Self::Minutes(number)),
            "--seed" => Ok(Self::Seed(number)),
            _ => Err(wrong()),
        }
    }

    /// One test after the other, as each takes all cores.
    pub(crate) fn run(&self) -> Outcome {
        let mut cargo = cargo(&["test", "--release", "-p", "kucoin-streams-tests"]);
        cargo.args(["--test", "chaos"]);
        match self {
            Self::Minutes(minutes) => {
                cargo.env("CHAOS_SECONDS", (minutes * 60).to_string());
                cargo.args(["--", "--nocapture", "--test-threads", "1"]);
                cargo.args(["whatever_happens", "over_real_sockets"]);
            }
            Self::Seed(seed) => {
                cargo.env("CHAOS_SEEDS", format!("{seed}..{}", seed + 1));
                cargo.args(["--", "--nocapture", "whatever_happens"]);
            }
        }
        shell::run(&mut cargo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_time_or_a_seed_and_nothing_else() {
        let parse = |line: &str| {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            Soak::parse(&words).ok()
        };
        assert_eq!(parse("--minutes 3"), Some(Soak::Minutes(3)));
        assert_eq!(parse("--seed 17"), Some(Soak::Seed(17)));
        for wrong in ["", "--minutes", "--seed x", "--hours 1", "--seed 1 2"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
