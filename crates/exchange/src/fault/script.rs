//! Parses fault scripts: one fault per line, `trigger: fault parameter=value …`.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;

use super::effects::rows;
use super::table::{Parameter, Row, Value};
use super::{Count, Fault, Faults, Times, Trigger};

/// Error in a line of a fault script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ScriptError {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong in the line.
    pub problem: ScriptProblem,
}

/// What is wrong in a line of a script. The messages say what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptProblem {
    /// The colon after the trigger, the `=` of a parameter, or a closing quote is missing, or an escape is invalid.
    #[error(
        "cannot parse `{found}`; write `trigger: fault parameter=value`, and put text with spaces in quotes"
    )]
    Syntax {
        /// The invalid part of the line.
        found: String,
    },
    /// The trigger is unknown.
    #[error(
        "unknown trigger `{found}`; expected one of: {}",
        TRIGGERS.map(|trigger| trigger.0).join(", ")
    )]
    Trigger {
        /// The text before the colon.
        found: String,
    },
    /// The count of the trigger is 0.
    #[error("`{found}` is not valid; counts start at 1")]
    CountOfZero {
        /// The trigger as written.
        found: String,
    },
    /// The count of the trigger is an empty range.
    #[error("the range `{range}` in `{found}` is empty; write the lower number first")]
    EmptyRange {
        /// The trigger as written.
        found: String,
        /// The empty range as written.
        range: String,
    },
    /// The fault is unknown.
    #[error("unknown fault `{found}`{}", Suggestion(found))]
    Effect {
        /// The unknown name after the colon.
        found: String,
    },
    /// There is no fault after the colon.
    #[error("no fault after the trigger `{trigger}`; write `trigger: fault parameter=value`")]
    NoEffect {
        /// The trigger as written.
        trigger: String,
    },
    /// The fault has no such parameter.
    #[error(
        "`{effect}` has no parameter `{found}`; expected one of: {}",
        valid.join(", ")
    )]
    Setting {
        /// The name of the fault.
        effect: String,
        /// The name of the unknown parameter.
        found: String,
        /// The parameters of the fault, including `times`.
        valid: Vec<&'static str>,
    },
    /// A parameter is given more than once.
    #[error("`{setting}=` is given twice; remove one of them")]
    Twice {
        /// The name of the parameter.
        setting: String,
    },
    /// A required parameter is missing.
    #[error("`{effect}` needs the parameter `{setting}=`")]
    Missing {
        /// The name of the fault.
        effect: String,
        /// The name of the parameter.
        setting: &'static str,
    },
    /// The value of a parameter is not valid.
    #[error("`{setting}={found}` is not valid; expected {expected}")]
    Value {
        /// The name of the parameter.
        setting: &'static str,
        /// The invalid value.
        found: String,
        /// Description of the valid values.
        expected: String,
    },
}

/// Error of [`Faults::from_file`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptFileError {
    /// The file cannot be read. Check its path and permissions.
    #[error("cannot read the script {}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A line of the file is not valid; the source error has the line number and the cause.
    #[error("script {} is not valid", path.display())]
    Script {
        /// Path of the file.
        path: PathBuf,
        /// The line and what is wrong in it.
        source: ScriptError,
    },
}

/// The syntax, description and example of each trigger; keep it complete with [`parse_trigger`].
pub(super) const TRIGGERS: [(&str, &str, &str); 7] = [
    (
        "token N",
        "On the Nth token request.",
        "token 2: token-html",
    ),
    (
        "connection N",
        "On the Nth WebSocket connection; refused ones count as well.",
        "connection 2..5: delay-welcome by=3s",
    ),
    (
        "dial N",
        "On the Nth TCP connection, whether for a token request or a WebSocket.",
        "dial 3: dial-reset",
    ),
    (
        "rest N PATH",
        "On the Nth REST query whose path contains PATH. Without PATH, every query counts.",
        "rest 1 /hf/fills: rest-html",
    ),
    (
        "after N frames",
        "After N pushes on the same connection.",
        "after 10 frames: cut how=reset times=always",
    ),
    (
        "after TIME",
        "This time after the local exchange started.",
        "after 5s: half-open",
    ),
    (
        "call NAME",
        "When `Exchange::call` is called with this name, from Rust code.",
        "call storm: expire-tokens",
    ),
];

fn parse_trigger(words: &[&str]) -> Option<Trigger> {
    match words {
        ["token", count] => read_count(count).map(Trigger::Token),
        ["rest", count] => Some(Trigger::Rest(read_count(count)?, String::new())),
        ["rest", count, path] => Some(Trigger::Rest(read_count(count)?, (*path).to_owned())),
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

    /// Parses a script; see [`Faults::language`].
    fn from_str(text: &str) -> Result<Self, ScriptError> {
        // Some Windows editors write a byte order mark.
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

/// Parses any number or range; `read_trigger` checks the count, to give a better error.
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

/// The parameters given in a line.
pub(super) struct Settings {
    row: &'static Row,
    /// The parameters of the fault that have not been read yet.
    parameters: std::slice::Iter<'static, Parameter>,
    /// The given parameters that were not read; in the end, these are the unknown ones.
    pairs: Vec<(String, String)>,
}

impl Settings {
    /// Splits `key=value key="a value"` into pairs. Double quotes have escapes, text in single quotes is literal.
    fn parse(row: &'static Row, text: &str) -> Result<Self, ScriptProblem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let Some((key, after)) = rest.split_once('=') else {
                return Err(syntax_error(rest));
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

    /// Returns the next parameter of the fault: the given value or its default.
    ///
    /// The value is `None` if the parameter is missing and optional.
    pub(super) fn next<T: Value>(&mut self) -> Result<T, ScriptProblem> {
        let parameter = self.parameters.next();
        let parameter = parameter.expect("a fault reads only its declared parameters");
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

    /// Returns an error if an unknown parameter is given.
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

    /// Returns `true` if the parameter is given and was not read.
    pub(super) fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|pair| pair.0 == key)
    }

    fn take(&mut self, key: &str) -> Option<String> {
        let index = self.pairs.iter().position(|pair| pair.0 == key)?;
        Some(self.pairs.remove(index).1)
    }
}

fn syntax_error(found: &str) -> ScriptProblem {
    ScriptProblem::Syntax {
        found: found.to_owned(),
    }
}

/// Parses text in single quotes; returns the text and the rest after it.
fn literal(text: &str) -> Result<(String, &str), ScriptProblem> {
    let (value, rest) = text[1..]
        .split_once('\'')
        .ok_or_else(|| syntax_error(text))?;
    Ok((value.to_owned(), rest))
}

/// Parses text with escapes in double quotes; returns the text and the rest after it.
fn quoted(text: &str) -> Result<(String, &str), ScriptProblem> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((index, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[index + 1..])),
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
                    value.push(letter.ok_or_else(|| syntax_error(text))?);
                }
                _ => return Err(syntax_error(text)),
            },
            plain => value.push(plain),
        }
    }
    Err(syntax_error(text))
}

/// Displays ` (did you mean …?)` if a known fault has a similar name.
struct Suggestion<'a>(&'a str);

impl Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match similar(self.0, rows().map(|row| row.name)) {
            Some(known) => write!(f, " (did you mean `{known}`?)"),
            None => Ok(()),
        }
    }
}

/// Returns the most similar name, if it is at most two typing errors and a third of its length away.
fn similar(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let distance = |name: &str| strsim::osa_distance(word, name);
    let nearest = known.min_by_key(|name| distance(name))?;
    let max_distance = (nearest.len() / 3).min(2);
    (distance(nearest) <= max_distance).then_some(nearest)
}

#[cfg(test)]
mod tests;
