//! The `key=value` parameters of a script line, read with errors that name what would be valid.

use super::script::{ScriptProblem, TIMES};
use super::table::Parameter;
use super::value::{Accepts, Value};

/// What follows the name of a fault. Reading takes a parameter out, so what remains is unknown.
#[derive(Debug)]
pub(super) struct Settings {
    effect: String,
    pairs: Vec<(String, String)>,
}

impl Settings {
    /// Splits `key=value key="a value"` into pairs. In double quotes a backslash escapes; text in single quotes is taken
    /// literally.
    pub(super) fn parse(effect: &str, text: &str) -> Result<Self, ScriptProblem> {
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
            effect: effect.to_owned(),
            pairs,
        })
    }

    /// The value of a parameter, its default, or that it is left out.
    pub(super) fn value<T: Value>(
        &mut self,
        key: &'static str,
        default: Option<&str>,
        limit: &impl Accepts<T>,
    ) -> Result<T, ScriptProblem> {
        let given = self.take(key);
        let Some(text) = given.as_deref().or(default) else {
            return T::absent().ok_or_else(|| ScriptProblem::Missing {
                effect: self.effect.clone(),
                setting: key,
            });
        };
        let value = T::parse(text).filter(|value| limit.accepts(value));
        value.ok_or_else(|| ScriptProblem::Value {
            setting: key,
            found: text.to_owned(),
            expected: limit.expected(),
        })
    }

    /// Fails with what would be valid if a parameter was not read.
    pub(super) fn finish(self, valid: &[Parameter]) -> Result<(), ScriptProblem> {
        match self.pairs.into_iter().next() {
            None => Ok(()),
            Some((found, _)) => {
                let valid = valid.iter().map(|known| known.name);
                Err(ScriptProblem::Setting {
                    effect: self.effect,
                    found,
                    valid: valid.chain([TIMES]).collect(),
                })
            }
        }
    }

    /// Whether a parameter is given that was not read.
    pub(super) fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|pair| pair.0 == key)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<String> {
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
