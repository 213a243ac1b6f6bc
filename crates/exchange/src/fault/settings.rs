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
    /// Splits `key=value key="a value"` into pairs.
    pub(super) fn parse(effect: &str, text: &str) -> Result<Self, ScriptProblem> {
        let mut pairs = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let Some((key, after)) = rest.split_once('=') else {
                return Err(ScriptProblem::Syntax {
                    found: rest.to_owned(),
                });
            };
            let (value, left) = match after.strip_prefix('"') {
                Some(quoted) => {
                    let (value, left) =
                        quoted
                            .split_once('"')
                            .ok_or_else(|| ScriptProblem::Syntax {
                                found: after.to_owned(),
                            })?;
                    (value, left)
                }
                None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            pairs.push((key.trim().to_owned(), value.to_owned()));
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
        let expected = "a duration such as 250ms, 5s or 2m";
        parse_duration(&found).ok_or(ScriptProblem::Value {
            setting: key,
            found,
            expected,
        })
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

/// `250ms`, `5s`, `1.5s` or `2m`.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let scale = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    let seconds: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds * scale).ok()
}
