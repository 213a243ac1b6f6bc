//! Knows the verbs of the command line and how its words become one of them.

use crate::ci::Step;
use crate::fuzz;
use crate::instructions::Then;
use crate::shell::{Failure, Outcome};
use crate::soak::Soak;

/// What to do, decided in full before anything runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Ci { skip: Vec<Step> },
    Test { arguments: Vec<String> },
    Tidy,
    Bench { arguments: Vec<String> },
    Instructions(Then),
    Autobahn,
    Interop,
    Soak(Soak),
    Fuzz { choice: fuzz::Choice },
    Help,
}

/// One line of help for each verb, in the order of use.
const LINES: &[(&str, &str)] = &[
    (
        "test [ARGS]",
        "all tests of the workspace, doc tests included; ARGS go to `cargo test`",
    ),
    (
        "tidy",
        "the rules of the tree: layers, footprints, manifests, sources, pages",
    ),
    (
        "ci [--skip STEP]..",
        "everything that CI checks, one step after the other",
    ),
    (
        "bench [--json] [--quick] [NAME..]",
        "the SDK beside its rivals over loopback; `bench parts` for its parts by criterion",
    ),
    (
        "instructions [--update]",
        "how many instructions the hot paths take, against the committed figures",
    ),
    (
        "autobahn",
        "the Autobahn cases (kosoku, from PyPI) against the default transport",
    ),
    (
        "interop",
        "SDKs that we did not write (from PyPI and npm) against the local exchange",
    ),
    (
        "soak --minutes N",
        "chaos by fresh seeds, then over real sockets, N minutes each; `--seed N` replays one",
    ),
    (
        "fuzz [--target T] [--seconds N | --runs N]",
        "hostile bytes for each fuzz target; 60 s each unless told otherwise",
    ),
    ("help", "this list"),
];

impl Verb {
    pub(crate) fn parse(words: &[String]) -> Outcome<Self> {
        let Some((verb, rest)) = words.split_first() else {
            return Ok(Self::Help);
        };
        match (verb.as_str(), rest) {
            ("test", arguments) => Ok(Self::Test {
                arguments: arguments.to_vec(),
            }),
            ("bench", arguments) => Ok(Self::Bench {
                arguments: arguments.to_vec(),
            }),
            ("help" | "--help" | "-h", _) | (_, [.., _]) if asks_for_help(words) => Ok(Self::Help),
            ("tidy", []) => Ok(Self::Tidy),
            ("instructions", []) => Ok(Self::Instructions(Then::Compare)),
            ("instructions", [word]) if word == "--update" => Ok(Self::Instructions(Then::Update)),
            ("autobahn", []) => Ok(Self::Autobahn),
            ("interop", []) => Ok(Self::Interop),
            ("soak", rest) => Ok(Self::Soak(Soak::parse(rest)?)),
            ("fuzz", words) => Ok(Self::Fuzz {
                choice: fuzz::Choice::parse(words)?,
            }),
            ("ci", rest) => Ok(Self::Ci {
                skip: steps_to_skip(rest)?,
            }),
            ("instructions", [word, ..]) => Err(Failure::new(format!(
                "instructions knows `--update`, not `{word}`"
            ))),
            ("tidy" | "autobahn" | "interop", [word, ..]) => Err(Failure::new(format!(
                "{verb} takes no argument, not `{word}`"
            ))),
            _ => Err(Failure::new(format!("no verb `{verb}`"))),
        }
    }
}

/// The help page.
pub(crate) fn help() -> String {
    let width = LINES
        .iter()
        .map(|(verb, _)| verb.len())
        .max()
        .unwrap_or_default();
    let mut page =
        String::from("Development tasks of kucoin-streams\n\nUsage: cargo xtask <verb>\n\n");
    for (verb, meaning) in LINES {
        page.push_str(&format!("  {verb:width$}  {meaning}\n"));
    }
    let steps: Vec<_> = Step::ALL.iter().map(|step| step.name()).collect();
    page.push_str(&format!("\nSteps of ci: {}\n", steps.join(", ")));
    page
}

fn asks_for_help(words: &[String]) -> bool {
    words
        .iter()
        .any(|word| matches!(word.as_str(), "--help" | "-h"))
        || words[0] == "help"
}

fn steps_to_skip(words: &[String]) -> Outcome<Vec<Step>> {
    let mut skip = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let name = match word.strip_prefix("--skip") {
            Some("") => words.next().map(String::as_str).unwrap_or_default(),
            Some(rest) if rest.starts_with('=') => &rest[1..],
            _ => {
                return Err(Failure::new(format!(
                    "ci knows `--skip STEP`, not `{word}`"
                )));
            }
        };
        let step = Step::ALL.iter().find(|step| step.name() == name);
        skip.push(*step.ok_or_else(|| Failure::new(format!("ci has no step `{name}`")))?);
    }
    Ok(skip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Verb, String> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Verb::parse(&words).map_err(|failure| failure.to_string())
    }

    #[test]
    fn reads_every_verb() {
        assert_eq!(parse("tidy"), Ok(Verb::Tidy));
        assert_eq!(parse("autobahn"), Ok(Verb::Autobahn));
        assert_eq!(parse("interop"), Ok(Verb::Interop));
        assert_eq!(
            parse("instructions --update"),
            Ok(Verb::Instructions(Then::Update))
        );
        assert_eq!(parse("ci"), Ok(Verb::Ci { skip: vec![] }));
        assert_eq!(
            parse("ci --skip test --skip=doc"),
            Ok(Verb::Ci {
                skip: vec![Step::Test, Step::Doc]
            })
        );
        for line in ["", "help", "--help", "-h", "ci --help", "tidy -h"] {
            assert_eq!(parse(line), Ok(Verb::Help), "{line}");
        }
    }

    #[test]
    fn passes_the_words_after_test_and_bench_on() {
        let arguments = ["-p", "x", "--", "--help"].map(str::to_owned).to_vec();
        assert_eq!(
            parse("test -p x -- --help"),
            Ok(Verb::Test {
                arguments: arguments.clone()
            })
        );
        assert_eq!(parse("bench -p x -- --help"), Ok(Verb::Bench { arguments }));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert_eq!(parse("deploy").unwrap_err(), "no verb `deploy`");
        assert_eq!(
            parse("tidy now").unwrap_err(),
            "tidy takes no argument, not `now`"
        );
        assert_eq!(
            parse("ci --skip tests").unwrap_err(),
            "ci has no step `tests`"
        );
        assert_eq!(parse("ci --skip").unwrap_err(), "ci has no step ``");
        assert_eq!(
            parse("ci test").unwrap_err(),
            "ci knows `--skip STEP`, not `test`"
        );
    }

    #[test]
    fn the_help_page_lists_verbs_that_exist() {
        for (line, _) in LINES {
            let called = match line.split_once(" [") {
                Some((verb, _)) => verb.to_owned(),
                None => line.replace('N', "1"),
            };
            assert!(parse(&called).is_ok(), "{called}");
            assert!(help().contains(line), "{line}");
        }
    }
}
