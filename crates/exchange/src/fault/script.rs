//! The script language: one fault a line, `trigger: fault parameter=value …`.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;

use super::effect::rows;
use super::settings::Settings;
use super::value::{Value, parse_duration};
use super::{Count, Fault, Faults, Times, Trigger};

/// A line of a script is not valid.
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
    /// There is no colon between trigger and fault, or no `=` in a parameter, or a quote is open.
    #[error(
        "`{found}` is not understood; a line is `trigger: fault parameter=value`, text with spaces in quotes"
    )]
    Syntax {
        /// The part that is not understood.
        found: String,
    },
    /// The trigger is unknown.
    #[error(
        "unknown trigger `{found}`, expected one of: {}",
        Names(&TRIGGERS.each_ref().map(|trigger| trigger.form))
    )]
    Trigger {
        /// What comes before the colon.
        found: String,
    },
    /// The count of the trigger is 0.
    #[error("`{found}` counts from 0; counts of triggers begin at 1")]
    CountOfZero {
        /// What comes before the colon.
        found: String,
    },
    /// The count of the trigger is a range without a number in it.
    #[error("the range `{range}` of `{found}` is empty; the lower number comes first")]
    EmptyRange {
        /// What comes before the colon.
        found: String,
        /// The range.
        range: String,
    },
    /// The fault is unknown.
    #[error("unknown fault `{found}`{}", Near(found))]
    Effect {
        /// The word after the colon.
        found: String,
    },
    /// There is no fault after the colon.
    #[error("no fault after the trigger `{trigger}`; a line is `trigger: fault parameter=value`")]
    NoEffect {
        /// The trigger.
        trigger: String,
    },
    /// The fault has no such parameter.
    #[error(
        "`{effect}` has no parameter `{found}`, expected one of: {}",
        Names(valid)
    )]
    Setting {
        /// The fault.
        effect: String,
        /// The parameter that it does not have.
        found: String,
        /// The parameters that it has, `times` included.
        valid: Vec<&'static str>,
    },
    /// A parameter is given more than once.
    #[error("`{setting}=` is given twice")]
    Twice {
        /// The parameter.
        setting: String,
    },
    /// A parameter without a default is missing.
    #[error("`{effect}` needs the parameter `{setting}=`")]
    Missing {
        /// The fault.
        effect: String,
        /// The parameter.
        setting: &'static str,
    },
    /// The value of a parameter is not valid.
    #[error("`{setting}={found}` is not valid, expected {expected}")]
    Value {
        /// The parameter.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What would be valid.
        expected: String,
    },
}

/// A script file cannot be used.
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
    /// A line of the file is not valid: the source names it.
    #[error("script {} is not valid", path.display())]
    Script {
        /// The file.
        path: PathBuf,
        /// Line and reason.
        source: ScriptError,
    },
}

/// A trigger of the script language. A new trigger is a new entry, besides its variant.
pub(super) struct TriggerRow {
    pub(super) form: &'static str,
    pub(super) about: &'static str,
    pub(super) example: &'static str,
    /// Reads the words before the colon; `None` if they are not this trigger.
    read: fn(&[&str]) -> Option<Trigger>,
}

pub(super) const TRIGGERS: [TriggerRow; 6] = [
    TriggerRow {
        form: "token N",
        about: "At the Nth token request.",
        example: "token 2: token-html",
        read: |words| match words {
            ["token", count] => read_count(count).map(Trigger::Token),
            _ => None,
        },
    },
    TriggerRow {
        form: "connection N",
        about: "At the Nth request for a socket, even if it is refused.",
        example: "connection 2..5: delay-welcome by=3s",
        read: |words| match words {
            ["connection", count] => read_count(count).map(Trigger::Connection),
            _ => None,
        },
    },
    TriggerRow {
        form: "dial N",
        about: "At the Nth TCP connection, for token requests and sockets alike.",
        example: "dial 3: dial-reset",
        read: |words| match words {
            ["dial", count] => read_count(count).map(Trigger::Dial),
            _ => None,
        },
    },
    TriggerRow {
        form: "after N frames",
        about: "When a connection has been sent N pushes.",
        example: "after 10 frames: cut how=reset times=always",
        read: |words| match words {
            ["after", count, "frames" | "frame"] => read_count(count).map(Trigger::Frames),
            _ => None,
        },
    },
    TriggerRow {
        form: "after TIME",
        about: "This long after the exchange started.",
        example: "after 5s: half-open",
        read: |words| match words {
            ["after", delay] => parse_duration(delay).map(Trigger::After),
            _ => None,
        },
    },
    TriggerRow {
        form: "call NAME",
        about: "When a test calls `Exchange::call` with this name.",
        example: "call storm: expire-tokens",
        read: |words| match words {
            ["call", name] => Some(Trigger::Call((*name).to_owned())),
            _ => None,
        },
    },
];

/// The parameter that every fault has.
pub(super) const TIMES: &str = "times";

impl FromStr for Faults {
    type Err = ScriptError;

    /// Reads a script: one fault a line, as [`Faults::language`] describes.
    fn from_str(text: &str) -> Result<Self, ScriptError> {
        // Editors of Windows begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(line, text)| read_fault(text).map_err(|problem| ScriptError { line, problem }))
            .collect()
    }
}

fn read_fault(line: &str) -> Result<Fault, ScriptProblem> {
    let (before, rest) = line.split_once(':').ok_or_else(|| ScriptProblem::Syntax {
        found: line.to_owned(),
    })?;
    let trigger = read_trigger(before.trim())?;
    let rest = rest.trim();
    let (name, settings) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if name.is_empty() {
        let trigger = before.trim().to_owned();
        return Err(ScriptProblem::NoEffect { trigger });
    }
    let row = rows().find(|row| row.name == name);
    let row = row.ok_or_else(|| ScriptProblem::Effect {
        found: name.to_owned(),
    })?;
    let mut settings = Settings::parse(name, settings)?;
    let effect = (row.read)(&mut settings)?;
    let default = if matches!(trigger, Trigger::Call(_)) {
        Times::Always
    } else {
        Times::Exactly(1)
    };
    let times = read_times(&mut settings, default)?;
    settings.finish(row.parameters)?;
    Ok(Fault {
        trigger,
        effect,
        times,
    })
}

fn read_trigger(text: &str) -> Result<Trigger, ScriptProblem> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let read = TRIGGERS.iter().find_map(|trigger| (trigger.read)(&words));
    let found = || text.to_owned();
    let trigger = read.ok_or_else(|| ScriptProblem::Trigger { found: found() })?;
    let (Trigger::Token(count)
    | Trigger::Connection(count)
    | Trigger::Dial(count)
    | Trigger::Frames(count)) = &trigger
    else {
        return Ok(trigger);
    };
    match *count {
        Count::Exactly(0) | Count::Between(0, _) => {
            Err(ScriptProblem::CountOfZero { found: found() })
        }
        Count::Between(low, high) if low > high => Err(ScriptProblem::EmptyRange {
            found: found(),
            range: count.to_string(),
        }),
        _ => Ok(trigger),
    }
}

/// Any number or range; which of them are valid is checked afterwards, so that the error can say what is wrong.
fn read_count(text: &str) -> Option<Count> {
    match text.split_once("..") {
        None => text.parse().ok().map(Count::Exactly),
        Some((low, high)) => Some(Count::Between(low.parse().ok()?, high.parse().ok()?)),
    }
}

fn read_times(settings: &mut Settings, default: Times) -> Result<Times, ScriptProblem> {
    let Some(found) = settings.take(TIMES) else {
        return Ok(default);
    };
    match found.as_str() {
        "always" => Ok(Times::Always),
        number => match <Option<u32> as Value>::parse(number) {
            Some(Some(times)) => Ok(Times::Exactly(times)),
            _ => Err(ScriptProblem::Value {
                setting: TIMES,
                found,
                expected: "a number of at least 1, or always".to_owned(),
            }),
        },
    }
}

/// The words of a list.
struct Names<'a>(&'a [&'static str]);

impl Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// `, did you mean …?` for the known word that is near, and nothing if none is.
struct Near<'a>(&'a str);

impl Display for Near<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match near(self.0, rows().map(|row| row.name)) {
            Some(known) => write!(f, ", did you mean `{known}`?"),
            None => Ok(()),
        }
    }
}

/// The known word that is at most two typing errors away, and one of at most a third of its letters.
fn near(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let far = |name: &str| strsim::osa_distance(word, name);
    let nearest = known.min_by_key(|name| far(name))?;
    let most = (nearest.len() / 3).min(2);
    (far(nearest) <= most).then_some(nearest)
}

#[cfg(test)]
mod tests;
