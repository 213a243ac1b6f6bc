//! The script language: one fault a line, `trigger: effect setting=value …`.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;

use super::effect::{dial, flaw, limit, mutation, token_reply, upgrade, utterance};
use super::settings::{Settings, parse_duration};
use super::{Count, Effect, Fault, Faults, Times, Trigger, rows};

/// One line of a script is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ScriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: ScriptProblem,
}

/// What is wrong with a line. Each text says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptProblem {
    /// There is no colon between trigger and effect, or no `=` in a setting, or a quote is open.
    #[error(
        "{found:?} is not understood; a line is `trigger: effect setting=value`, texts with spaces in quotes"
    )]
    Syntax {
        /// The part that is not understood.
        found: String,
    },
    /// The trigger is unknown.
    #[error("unknown trigger {found:?}, expected one of: {}", TRIGGERS.join(", "))]
    Trigger {
        /// What stands before the colon.
        found: String,
    },
    /// The effect is unknown.
    #[error("unknown effect {found:?}, expected one of: {}", EffectNames)]
    Effect {
        /// The word after the colon.
        found: String,
    },
    /// The effect has no such setting.
    #[error("{effect} has no setting {found:?}, expected one of: {}", Valid(valid))]
    Setting {
        /// The effect.
        effect: String,
        /// The setting that it does not have.
        found: String,
        /// The settings that it has.
        valid: &'static [&'static str],
    },
    /// A setting that the effect cannot do without is missing.
    #[error("{effect} needs a setting {setting}=")]
    Missing {
        /// The effect.
        effect: String,
        /// The setting.
        setting: &'static str,
    },
    /// The value of a setting is not valid.
    #[error("{setting}={found} is not valid, expected {expected}")]
    Value {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What would be valid.
        expected: &'static str,
    },
}

/// A script file is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptFileError {
    /// The file cannot be read: check path and permissions.
    #[error("cannot read the script {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of the file is not understood: the source names it.
    #[error("script {} is not valid: {source}", path.display())]
    Script {
        /// The file.
        path: PathBuf,
        /// Line and reason.
        source: ScriptError,
    },
}

const TRIGGERS: [&str; 6] = [
    "token N",
    "connection N",
    "dial N",
    "after N frames",
    "after 5s",
    "call NAME",
];

/// How the settings after a name make its effect.
pub(super) type Read = fn(&mut Settings) -> Result<Effect, ScriptProblem>;

/// The name of an effect, its settings, and how they are read. A new effect is a new row, besides its variant.
pub(super) type Row = (&'static str, &'static [&'static str], Read);

/// All rows, each group by where its effects act.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    [
        rows::SOCKET,
        rows::LOGIN,
        flaw::ROWS,
        mutation::ROWS,
        utterance::ROWS,
        rows::OPENING,
        upgrade::ROWS,
        dial::ROWS,
        rows::EXCHANGE,
        limit::ROWS,
        rows::TOKEN,
        token_reply::ROWS,
    ]
    .into_iter()
    .flatten()
}

impl FromStr for Faults {
    type Err = ScriptError;

    #[doc = include_str!("language.md")]
    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let lines = text.lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(line, text)| read_fault(text).map_err(|problem| ScriptError { line, problem }))
            .collect()
    }
}

fn read_fault(line: &str) -> Result<Fault, ScriptProblem> {
    let syntax = || ScriptProblem::Syntax {
        found: line.to_owned(),
    };
    let (trigger, rest) = line.split_once(": ").ok_or_else(syntax)?;
    let trigger = read_trigger(trigger.trim())?;
    let rest = rest.trim();
    let (name, settings) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let row = rows().find(|row| row.0 == name);
    let (_, valid, read) = row.ok_or_else(|| ScriptProblem::Effect {
        found: name.to_owned(),
    })?;
    let mut settings = Settings::parse(name, settings)?;
    let effect = read(&mut settings)?;
    let default = if matches!(trigger, Trigger::Call(_)) {
        Times::Always
    } else {
        Times::Exactly(1)
    };
    let times = read_times(&mut settings, default)?;
    settings.finish(valid)?;
    Ok(Fault {
        trigger,
        effect,
        times,
    })
}

fn read_trigger(text: &str) -> Result<Trigger, ScriptProblem> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let unknown = || ScriptProblem::Trigger {
        found: text.to_owned(),
    };
    match words.as_slice() {
        ["token", count] => read_count(count).map(Trigger::Token),
        ["dial", count] => read_count(count).map(Trigger::Dial),
        ["connection", count] => read_count(count).map(Trigger::Connection),
        ["after", count, "frames" | "frame"] => read_count(count).map(Trigger::Frames),
        ["after", delay] => parse_duration(delay).map(Trigger::After),
        ["call", name] => Some(Trigger::Call((*name).to_owned())),
        _ => None,
    }
    .ok_or_else(unknown)
}

fn read_count(text: &str) -> Option<Count> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
    match text.split_once("..") {
        None => number(text).map(Count::Exactly),
        Some((low, high)) => {
            let (low, high) = (number(low)?, number(high)?);
            (low <= high).then_some(Count::Between(low, high))
        }
    }
}

fn read_times(settings: &mut Settings, default: Times) -> Result<Times, ScriptProblem> {
    let expected = "a number of at least 1, or always";
    match settings.take("times").as_deref() {
        None => Ok(default),
        Some("always") => Ok(Times::Always),
        Some(found) => match found.parse() {
            Ok(times) if times > 0 => Ok(Times::Exactly(times)),
            _ => Err(ScriptProblem::Value {
                setting: "times",
                found: found.to_owned(),
                expected,
            }),
        },
    }
}

/// The status of a refusal.
pub(super) fn read_status(settings: &mut Settings, default: u16) -> Result<u16, ScriptProblem> {
    let expected = "an HTTP status from 400 to 599";
    let status = settings.number("status", default, expected)?;
    if !(400..600).contains(&status) {
        let found = status.to_string();
        return Err(ScriptProblem::Value {
            setting: "status",
            found,
            expected,
        });
    }
    Ok(status)
}

struct EffectNames;

impl Display for EffectNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = rows().map(|row| row.0).collect();
        f.write_str(&names.join(", "))
    }
}

struct Valid<'a>(&'a [&'static str]);

impl Display for Valid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

#[cfg(test)]
mod tests;
