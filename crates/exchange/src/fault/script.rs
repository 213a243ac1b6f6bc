//! The script language: one fault a line, `trigger: fault parameter=value …`.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;

use super::effects::rows;
use super::table::{Parameter, Row, Value};
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
        TRIGGERS.map(|trigger| trigger.0).join(", ")
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
        valid.join(", ")
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

/// The triggers: form, description and example. A new trigger is an entry here, in [`parse_trigger`] and in [`Trigger`].
pub(super) const TRIGGERS: [(&str, &str, &str); 6] = [
    (
        "token N",
        "At the Nth token request.",
        "token 2: token-html",
    ),
    (
        "connection N",
        "At the Nth request for a socket, even if it is refused.",
        "connection 2..5: delay-welcome by=3s",
    ),
    (
        "dial N",
        "At the Nth TCP connection, for token requests and sockets alike.",
        "dial 3: dial-reset",
    ),
    (
        "after N frames",
        "When a connection has been sent N pushes.",
        "after 10 frames: cut how=reset times=always",
    ),
    (
        "after TIME",
        "This long after the exchange started.",
        "after 5s: half-open",
    ),
    (
        "call NAME",
        "When a test calls `Exchange::call` with this name.",
        "call storm: expire-tokens",
    ),
];

fn parse_trigger(words: &[&str]) -> Option<Trigger> {
    match words {
        ["token", count] => read_count(count).map(Trigger::Token),
        ["connection", count] => read_count(count).map(Trigger::Connection),
        ["dial", count] => read_count(count).map(Trigger::Dial),
        ["after", count, "frames" | "frame"] => read_count(count).map(Trigger::Frames),
        ["after", delay] => Value::parse(delay).map(Trigger::After),
        ["call", name] => Some(Trigger::Call((*name).to_owned())),
        _ => None,
    }
}

/// The parameter that every fault has.
const TIMES: &str = "times";

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
    let mut settings = Settings::parse(row, settings)?;
    let effect = (row.read)(&mut settings)?;
    let default = match trigger {
        Trigger::Call(_) => Times::Always,
        _ => Times::Exactly(1),
    };
    let times = read_times(&mut settings, default)?;
    settings.finish()?;
    Ok(Fault {
        trigger,
        effect,
        times,
    })
}

fn read_trigger(text: &str) -> Result<Trigger, ScriptProblem> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let found = || text.to_owned();
    let trigger = parse_trigger(&words).ok_or_else(|| ScriptProblem::Trigger { found: found() })?;
    match trigger.count() {
        Some(Count::Exactly(0) | Count::Between(0, _)) => {
            Err(ScriptProblem::CountOfZero { found: found() })
        }
        Some(count @ Count::Between(low, high)) if low > high => Err(ScriptProblem::EmptyRange {
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

/// What follows the name of a fault. Reading takes a parameter out, so what remains is unknown.
pub(super) struct Settings {
    row: &'static Row,
    /// The parameters of the fault that were not read yet.
    parameters: std::slice::Iter<'static, Parameter>,
    pairs: Vec<(String, String)>,
}

impl Settings {
    /// Splits `key=value key="a value"` into pairs. In double quotes a backslash escapes; text in single quotes is taken
    /// literally.
    fn parse(row: &'static Row, text: &str) -> Result<Self, ScriptProblem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let Some((key, after)) = rest.split_once('=') else {
                return Err(not_understood(rest));
            };
            let (value, left) = match after.chars().next() {
                Some('"') => quoted(after)?,
                Some('\'') => literal(after)?,
                _ => {
                    let (value, left) =
                        after.split_once(char::is_whitespace).unwrap_or((after, ""));
                    (value.to_owned(), left)
                }
            };
            let key = key.trim().to_owned();
            if pairs.iter().any(|(known, _)| *known == key) {
                return Err(ScriptProblem::Twice { setting: key });
            }
            pairs.push((key, value));
            rest = left.trim_start();
        }
        Ok(Self {
            row,
            parameters: row.parameters.iter(),
            pairs,
        })
    }

    /// Reads the next parameter of the fault: its value, its default, or that it is left out.
    pub(super) fn next<T: Value>(&mut self) -> Result<T, ScriptProblem> {
        let parameter = self.parameters.next();
        let parameter = parameter.expect("a fault reads no more than its parameters");
        let given = self.take(parameter.name);
        let Some(text) = given.as_deref().or(parameter.default) else {
            return T::absent().ok_or_else(|| ScriptProblem::Missing {
                effect: self.row.name.to_owned(),
                setting: parameter.name,
            });
        };
        let value = T::parse(text).filter(|_| parameter.accepts(text));
        value.ok_or_else(|| ScriptProblem::Value {
            setting: parameter.name,
            found: text.to_owned(),
            expected: parameter.expected(),
        })
    }

    /// Fails with what would be valid if a parameter was not read.
    fn finish(self) -> Result<(), ScriptProblem> {
        let Some((found, _)) = self.pairs.into_iter().next() else {
            return Ok(());
        };
        let valid = self.row.parameters.iter().map(|known| known.name);
        Err(ScriptProblem::Setting {
            effect: self.row.name.to_owned(),
            found,
            valid: valid.chain([TIMES]).collect(),
        })
    }

    /// Whether a parameter is given that was not read.
    pub(super) fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|pair| pair.0 == key)
    }

    fn take(&mut self, key: &str) -> Option<String> {
        let place = self.pairs.iter().position(|pair| pair.0 == key)?;
        Some(self.pairs.remove(place).1)
    }
}

fn not_understood(found: &str) -> ScriptProblem {
    ScriptProblem::Syntax {
        found: found.to_owned(),
    }
}

/// The text in single quotes, and the rest after them.
fn literal(text: &str) -> Result<(String, &str), ScriptProblem> {
    let (value, rest) = text[1..]
        .split_once('\'')
        .ok_or_else(|| not_understood(text))?;
    Ok((value.to_owned(), rest))
}

/// The text in double quotes, its escapes undone, and the rest after them.
fn quoted(text: &str) -> Result<(String, &str), ScriptProblem> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[place + 1..])),
            '\\' => match letters.next() {
                Some((_, plain @ ('"' | '\\'))) => value.push(plain),
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'u')) => {
                    let digits: String = letters
                        .by_ref()
                        .map(|(_, digit)| digit)
                        .take_while(|digit| *digit != '}')
                        .collect();
                    let code = digits.strip_prefix('{');
                    let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
                    let letter = code.and_then(char::from_u32);
                    value.push(letter.ok_or_else(|| not_understood(text))?);
                }
                _ => return Err(not_understood(text)),
            },
            plain => value.push(plain),
        }
    }
    Err(not_understood(text))
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
