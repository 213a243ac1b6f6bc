//! Makes raw JSON of the exchange readable for every parser; jq 1.6, for example, rejects half a surrogate pair.

/// Rewrites the JSON from `start` on as one line that every parser accepts:
/// - a line break between tokens becomes a space;
/// - half of a surrogate pair in a string (`\ud83d`) is escaped (`\\ud83d`).
pub(super) fn rewrite(json: &mut Vec<u8>, start: usize) {
    let mut halves = Vec::new();
    let mut is_string = false;
    let mut at = start;
    while at < json.len() {
        at += match json[at] {
            b'\\' if is_string => match surrogate_at(json, at) {
                Some(Surrogate::Pair) => 12,
                Some(Surrogate::Half) => {
                    halves.push(at);
                    2
                }
                None => 2,
            },
            b'"' => {
                is_string = !is_string;
                1
            }
            b'\n' | b'\r' if !is_string => {
                json[at] = b' ';
                1
            }
            _ => 1,
        };
    }
    for at in halves.into_iter().rev() {
        json.insert(at, b'\\');
    }
}

enum Surrogate {
    /// Two escapes that form one character (high and low surrogate).
    Pair,
    /// One half of a pair, without the other half.
    Half,
}

/// Returns the kind of surrogate of the escape at this position; `None` if it is not a surrogate.
fn surrogate_at(json: &[u8], at: usize) -> Option<Surrogate> {
    let unit = unit_at(json, at).filter(|unit| (0xD800..0xE000).contains(unit))?;
    let next = unit_at(json, at + 6);
    let is_pair = unit < 0xDC00 && next.is_some_and(|next| (0xDC00..0xE000).contains(&next));
    Some(match is_pair {
        true => Surrogate::Pair,
        false => Surrogate::Half,
    })
}

/// Returns the UTF-16 unit of the `\u` escape at this position; `None` if there is no such escape.
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
    fn portable_json_is_unchanged() {
        for json in [
            r#"{"a":"x\\ud83d \"q\" \ud83d\ude00","b":[-1.5,0,123456789012345,1e-7],"c":"12345678901234567890"}"#,
            r#"{"0.0000000000000000001":0.0000000000000000001}"#,
        ] {
            check(json, json);
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_escaped() {
        check(
            r#"["\ud83d","\ude00\ud83d\ude00","\ud83dx\ude00","\uD83D\uD83D\uDE00"]"#,
            r#"["\\ud83d","\\ude00\ud83d\ude00","\\ud83dx\\ude00","\\uD83D\uD83D\uDE00"]"#,
        );
    }

    #[test]
    fn json_over_several_lines_becomes_one_line() {
        check(
            "{\"a\":\r\n [1,\n2],\"b\":\"\\n\"}",
            "{\"a\":   [1, 2],\"b\":\"\\n\"}",
        );
    }
}
