//! Knows the words of `cargo xtask fuzz`: which targets, for how long, or which input once more.

use std::path::PathBuf;

use crate::shell::{Failure, Outcome};

/// What to run, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Fuzz {
        /// All of them where none is named.
        target: Option<String>,
        effort: Effort,
    },
    /// One target over one input, which a run before has left.
    Replay { target: String, input: PathBuf },
}

/// For each target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Seconds(u64),
    Runs(u64),
}

impl Choice {
    pub(crate) fn parse(words: &[String]) -> Outcome<Self> {
        let (mut target, mut effort, mut input) = (None, None, None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), words.next().map(String::as_str)),
            };
            let value =
                value.ok_or_else(|| Failure::new(format!("fuzz: `{name}` needs a value")))?;
            let number = || {
                let number = value.parse().ok().filter(|number| *number > 0);
                number.ok_or_else(|| Failure::new(format!("fuzz: `{value}` is no number above 0")))
            };
            let repeated = match name {
                "--target" => target.replace(value.to_owned()).is_some(),
                "--seconds" => effort.replace(Effort::Seconds(number()?)).is_some(),
                "--runs" => effort.replace(Effort::Runs(number()?)).is_some(),
                "--replay" => input.replace(PathBuf::from(value)).is_some(),
                _ => return Err(Failure::new(format!("fuzz knows no `{word}`"))),
            };
            if repeated {
                return Err(Failure::new("fuzz: each option once, and seconds or runs"));
            }
        }
        match (target, input, effort) {
            (Some(target), Some(input), None) => Ok(Self::Replay { target, input }),
            (_, Some(_), _) => Err(Failure::new(
                "fuzz: --replay needs --target, and nothing else",
            )),
            (target, None, effort) => Ok(Self::Fuzz {
                target,
                effort: effort.unwrap_or(Effort::Seconds(60)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Choice, String> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Choice::parse(&words).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_choice_is_a_target_and_an_effort_or_a_replay() {
        let fuzz = |target: Option<&str>, effort| {
            let target = target.map(str::to_owned);
            Ok(Choice::Fuzz { target, effort })
        };
        assert_eq!(parse(""), fuzz(None, Effort::Seconds(60)));
        assert_eq!(parse("--seconds 5"), fuzz(None, Effort::Seconds(5)));
        assert_eq!(
            parse("--runs=10 --target json"),
            fuzz(Some("json"), Effort::Runs(10))
        );
        let replay = Choice::Replay {
            target: String::from("json"),
            input: PathBuf::from("a/b"),
        };
        assert_eq!(parse("--target json --replay a/b"), Ok(replay));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in [
            "json",
            "--target",
            "--seconds 0",
            "--runs x",
            "--seconds 5 --runs 5",
            "--target a --target b",
            "--replay a",
            "--target a --replay b --runs 5",
            "--jobs 2",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
