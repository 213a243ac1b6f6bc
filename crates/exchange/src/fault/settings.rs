//! The `key=value` settings of a script line, read with errors that name what would be valid.

use std::time::Duration;

use super::script::ScriptProblem;

/// What stands after an effect's name. Reading takes a setting out, so what remains is unknown.
#[derive(Debug)]
pub(super) struct Settings {
    effect: String,
    pairs: Vec<(String, String)>,
}

impl Settings {
    /// Splits `key=value key="a value"` into pairs. In double quotes a backslash escapes; single quotes take all as it
    /// is.
    pub(super) fn parse(effect: &str, text: &str) -> Result<Self, ScriptProblem> {
        let mut pairs = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let Some((key, after)) = rest.split_once('=') else {
                return Err(ScriptProblem::Syntax {
                    found: rest.to_owned(),
                });
            };
            let (value, left) = match after.chars().next() {
                Some('"') => quoted(after)?,
                Some('\'') => as_it_is(after)?,
                _ => {
                    let (value, left) =
                        after.split_once(char::is_whitespace).unwrap_or((after, ""));
                    (value.to_owned(), left)
                }
            };
            pairs.push((key.trim().to_owned(), value));
            rest = left.trim_start();
        }
        Ok(Self {
            effect: effect.to_owned(),
            pairs,
        })
    }

    pub(super) fn text(&mut self, key: &str, default: &str) -> String {
        self.take(key).unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn required(&mut self, key: &'static str) -> Result<String, ScriptProblem> {
        let missing = ScriptProblem::Missing {
            effect: self.effect.clone(),
            setting: key,
        };
        self.take(key).ok_or(missing)
    }

    pub(super) fn number<N: std::str::FromStr>(
        &mut self,
        key: &'static str,
        default: N,
        expected: &'static str,
    ) -> Result<N, ScriptProblem> {
        match self.take(key) {
            None => Ok(default),
            Some(found) => found.parse().map_err(|_| ScriptProblem::Value {
                setting: key,
                found,
                expected,
            }),
        }
    }

    /// A number that has no default.
    pub(super) fn required_number<N: std::str::FromStr>(
        &mut self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<N, ScriptProblem> {
        let found = self.required(key)?;
        found.parse().map_err(|_| ScriptProblem::Value {
            setting: key,
            found,
            expected,
        })
    }

    /// One of these words.
    pub(super) fn choice(
        &mut self,
        key: &'static str,
        words: &[&'static str],
        expected: &'static str,
    ) -> Result<&'static str, ScriptProblem> {
        let found = self.required(key)?;
        let known = words.iter().find(|word| **word == found);
        known.copied().ok_or(ScriptProblem::Value {
            setting: key,
            found,
            expected,
        })
    }

    /// What one of these words stands for.
    pub(super) fn named<T: Copy>(
        &mut self,
        key: &'static str,
        names: &[(&str, T)],
        expected: &'static str,
    ) -> Result<T, ScriptProblem> {
        let found = self.required(key)?;
        let known = names.iter().find(|(name, _)| *name == found);
        known.map(|(_, value)| *value).ok_or(ScriptProblem::Value {
            setting: key,
            found,
            expected,
        })
    }

    /// Bytes, two digits each.
    pub(super) fn hex(&mut self, key: &'static str) -> Result<Vec<u8>, ScriptProblem> {
        let found = self.required(key)?;
        let digits: Option<Vec<u8>> = found
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|value| u8::try_from(value).ok())
            })
            .collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => Ok(digits
                .chunks_exact(2)
                .map(|pair| pair[0] << 4 | pair[1])
                .collect()),
            _ => Err(ScriptProblem::Value {
                setting: key,
                found,
                expected: "bytes in hexadecimal such as 8a00",
            }),
        }
    }

    /// How many frames: a number, or `all`.
    pub(super) fn count(&mut self, default: Option<u32>) -> Result<Option<u32>, ScriptProblem> {
        let expected = "a number of at least 1, or all";
        match self.take("count").as_deref() {
            None => Ok(default),
            Some("all") => Ok(None),
            Some(found) => match found.parse() {
                Ok(count) if count > 0 => Ok(Some(count)),
                _ => Err(ScriptProblem::Value {
                    setting: "count",
                    found: found.to_owned(),
                    expected,
                }),
            },
        }
    }

    pub(super) fn duration(&mut self, key: &'static str) -> Result<Duration, ScriptProblem> {
        let found = self.required(key)?;
        read_duration(key, found)
    }

    pub(super) fn maybe_duration(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Duration>, ScriptProblem> {
        let found = self.take(key);
        found.map(|found| read_duration(key, found)).transpose()
    }

    pub(super) fn signed_ms(&mut self, key: &'static str) -> Result<i64, ScriptProblem> {
        let found = self.required(key)?;
        let expected = "a duration such as 30s or -30s";
        let (sign, length) = match found.strip_prefix('-') {
            Some(length) => (-1, length),
            None => (1, found.as_str()),
        };
        let ms = parse_duration(length).and_then(|length| i64::try_from(length.as_millis()).ok());
        ms.map(|ms| sign * ms).ok_or(ScriptProblem::Value {
            setting: key,
            found,
            expected,
        })
    }

    /// Fails with what would be valid when a setting was not read.
    pub(super) fn finish(self, valid: &'static [&'static str]) -> Result<(), ScriptProblem> {
        match self.pairs.into_iter().next() {
            None => Ok(()),
            Some((found, _)) => Err(ScriptProblem::Setting {
                effect: self.effect,
                found,
                valid,
            }),
        }
    }

    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        let place = self.pairs.iter().position(|pair| pair.0 == key)?;
        Some(self.pairs.remove(place).1)
    }
}

fn read_duration(key: &'static str, found: String) -> Result<Duration, ScriptProblem> {
    let expected = "a duration such as 250ms, 5s, 2m or 24h";
    parse_duration(&found).ok_or(ScriptProblem::Value {
        setting: key,
        found,
        expected,
    })
}

fn open_quote(found: &str) -> ScriptProblem {
    ScriptProblem::Syntax {
        found: found.to_owned(),
    }
}

/// What stands in single quotes, and the rest behind them.
fn as_it_is(text: &str) -> Result<(String, &str), ScriptProblem> {
    let (value, rest) = text[1..].split_once('\'').ok_or_else(|| open_quote(text))?;
    Ok((value.to_owned(), rest))
}

/// What stands in double quotes, its escapes undone, and the rest behind them.
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
                    value.push(letter.ok_or_else(|| open_quote(text))?);
                }
                _ => return Err(open_quote(text)),
            },
            plain => value.push(plain),
        }
    }
    Err(open_quote(text))
}

/// `250ms`, `5s`, `1.5s`, `2m` or `24h`.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let scale = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let seconds: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds * scale).ok()
}
