//! JSON that every reader takes: what an event keeps as it came may be legal and still be refused, as by jq 1.6.

/// Rewrites the JSON from `start` on as one line that every reader takes:
/// - a bare line end, which is a blank within JSON, is one;
/// - half of a surrogate pair in a string (`\\ud83d`) is spelled out (`\\\\ud83d`).
pub(super) fn rewrite(json: &mut Vec<u8>, start: usize) {
    let changes = Changes::of(&json[start..]);
    for (at, change) in changes.0.into_iter().rev() {
        let at = start + at;
        match change {
            Change::Blank => json[at] = b' ',
            Change::Insert(byte) => json.insert(at, byte),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Blank,
    Insert(u8),
}

/// What is to be changed, and where, in order.
struct Changes(Vec<(usize, Change)>);

impl Changes {
    fn of(json: &[u8]) -> Self {
        let mut changes = Self(Vec::new());
        let mut at = 0;
        while let Some(&byte) = json.get(at) {
            at += match byte {
                b'"' => changes.string(json, at),
                b'\n' | b'\r' => {
                    changes.0.push((at, Change::Blank));
                    1
                }
                _ => 1,
            };
        }
        changes
    }

    /// Takes the string that begins here; gives its length.
    fn string(&mut self, json: &[u8], start: usize) -> usize {
        let mut at = start + 1;
        loop {
            match json.get(at) {
                Some(b'"') => return at + 1 - start,
                Some(b'\\') => {
                    let unit = unit_at(json, at);
                    let is_pair = unit.is_some_and(|unit| (0xD800..0xDC00).contains(&unit))
                        && unit_at(json, at + 6).is_some_and(|low| (0xDC00..0xE000).contains(&low));
                    let is_half = unit.is_some_and(|unit| (0xD800..0xE000).contains(&unit));
                    if is_half && !is_pair {
                        self.0.push((at, Change::Insert(b'\\')));
                    }
                    at += if is_pair { 12 } else { 2 };
                }
                Some(_) => at += 1,
                None => return at - start,
            }
        }
    }
}

/// The UTF-16 unit of the escape that begins here, if it is one of those.
fn unit_at(json: &[u8], at: usize) -> Option<u32> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let mut bytes = b"before".to_vec();
        bytes.extend_from_slice(json.as_bytes());
        rewrite(&mut bytes, 6);
        let written = String::from_utf8(bytes).unwrap();
        assert_eq!(written, format!("before{expected}"));
        serde_json::from_str::<serde_json::Value>(expected).unwrap();
    }

    #[test]
    fn what_every_reader_takes_stays_as_it_is() {
        for json in [
            r#"{"a":"x\\ud83d \"q\" \ud83d\ude00","b":[-1.5,0,123456789012345,1e-7],"c":"12345678901234567890"}"#,
            r#"{"0.0000000000000000001":0.0000000000000000001}"#,
        ] {
            check(json, json);
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_spelled() {
        check(
            r#"["\ud83d","\ude00\ud83d\ude00","\ud83dx\ude00","\uD83D\uD83D\uDE00"]"#,
            r#"["\\ud83d","\\ude00\ud83d\ude00","\\ud83dx\\ude00","\\uD83D\uD83D\uDE00"]"#,
        );
    }

    #[test]
    fn json_over_several_lines_is_one_line() {
        check(
            "{\"a\":\r\n [1,\n2],\"b\":\"\\n\"}",
            "{\"a\":   [1, 2],\"b\":\"\\n\"}",
        );
    }
}
