//! Compares the scanner with `serde_json`: both accept the same texts, with the same values.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

fn scanned(text: &str) -> Result<Value<'_>, DecodeError> {
    let mut scanner = Scanner::new(text);
    let value = scanner.value()?;
    scanner.finish()?;
    Ok(value)
}

/// Rebuilds a value with the scanner, as the decoder uses it.
fn rebuilt(value: Value<'_>) -> serde_json::Value {
    match value.kind() {
        ValueKind::Object => {
            let mut map = serde_json::Map::new();
            let mut scanner = value.scanner();
            let mut object = scanner.object().unwrap();
            while let Some(key) = object.key().unwrap() {
                let inner = rebuilt(object.value().unwrap());
                map.insert(key.into_owned(), inner);
            }
            scanner.finish().unwrap();
            map.into()
        }
        ValueKind::String | ValueKind::EscapedString => value.text().unwrap().into_owned().into(),
        _ => serde_json::from_str(value.as_str()).unwrap(),
    }
}

fn is_error_of_the_value(error: &str) -> bool {
    [
        "number out of range",
        "lone leading surrogate",
        "unexpected end of hex escape",
    ]
    .into_iter()
    .any(|start| error.starts_with(start))
}

#[track_caller]
fn check_against_serde_json(text: &str) {
    let ours = scanned(text);
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(theirs) => assert_eq!(rebuilt(ours.unwrap()), theirs, "{text:?}"),
        // A number out of the range of a float and an unpaired surrogate are valid JSON, but not a `serde_json::Value`.
        Err(error) if is_error_of_the_value(&error.to_string()) => {
            assert_eq!(
                ours.is_ok(),
                serde_json::from_str::<&RawValue>(text).is_ok(),
                "{text:?}"
            );
        }
        Err(error) => assert!(ours.is_err(), "{text:?}: {error}"),
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-zA-Z0-9\\-./\"\\\\\\n\u{e9}\u{1f980}]{0,40}".prop_map(Into::into),
        "\\PC{0,20}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("[a-z\"\\\\]{0,12}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn valid_json_has_the_same_values(value in json(), pretty: bool) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        // Parses the text again, since a float may not survive printing exactly.
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(rebuilt(scanned(&text).unwrap()), theirs);
    }

    #[test]
    fn damaged_json_is_rejected_by_both_or_none(
        value in json(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..3, "[ -~\\x00-\\x1f\u{e9}]"), 1..4),
    ) {
        let mut chars: Vec<char> = value.to_string().chars().collect();
        for (at, kind, replacement) in edits {
            let at = at.index(chars.len() + 1);
            let new = replacement.chars().next().unwrap();
            match kind {
                0 => chars.insert(at, new),
                _ if at == chars.len() => {}
                1 => chars[at] = new,
                _ => drop(chars.remove(at)),
            }
        }
        check_against_serde_json(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn random_json_tokens_are_rejected_by_both_or_none(
        text in "([\\[\\]{},:\" \\-0-9.eE+]|\"a\"|true|false|null|\\\\u[dD][89abcdef][0-9a-f]{2}|\\\\[nu\"x]){0,24}",
    ) {
        check_against_serde_json(&text);
        check_against_serde_json(&format!("\"{text}\""));
        check_against_serde_json(&format!("[{text}]"));
        check_against_serde_json(&format!("{{\"a\":{text}}}"));
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        check_against_serde_json(&text);
    }

    #[test]
    fn number_keeps_its_bytes(number in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?") {
        let text = format!("{{\"n\": {number} }}");
        let mut scanner = Scanner::new(&text);
        let mut object = scanner.object().unwrap();
        object.key().unwrap();
        let value = object.value().unwrap();
        prop_assert_eq!(value.as_str(), number.as_str());
        prop_assert_eq!(value.kind(), ValueKind::Number);
        prop_assert_eq!(value.offset(), 6);
    }
}

#[test]
fn nesting_limit_is_that_of_serde_json() {
    for depth in [1, 126, 127, 128, 100_000] {
        let arrays = "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(
            scanned(&arrays).is_ok(),
            depth <= MAX_DEPTH as usize,
            "{depth}"
        );
        check_against_serde_json(&arrays);
        let objects = "{\"a\":".repeat(depth) + "0" + &"}".repeat(depth);
        check_against_serde_json(&objects);
    }
}

#[test]
fn mixed_nesting_must_close_in_order() {
    check_against_serde_json(r#"{"a":[{"b":[]},{}],"c":{"d":[[1],[{"e":2}]]}}"#);
    check_against_serde_json(r#"{"a":[}]"#);
    check_against_serde_json(r#"[{"a":1]}"#);
    check_against_serde_json(r#"[[],]"#);
    check_against_serde_json(r#"{"a":{},}"#);
}

#[test]
fn error_has_the_offset() {
    let cases = [
        ("{\"a\":tru}", "expected true, false or null", 8),
        ("{\"a\":01}", "leading zero", 6),
        ("[1 2]", "expected `,` or the closing bracket", 3),
        ("\"a\u{1}\"", "control character in a string", 2),
        ("\"\\ud8\"", "invalid escape", 5),
        ("{\"a\"", "unexpected end", 4),
        ("1 x", "unexpected text after the value", 2),
    ];
    for (text, reason, offset) in cases {
        assert_eq!(
            scanned(text).unwrap_err(),
            DecodeError::Syntax { reason, offset },
            "{text}"
        );
    }
}

#[test]
fn unpaired_surrogate_is_a_value_without_text() {
    let unpaired = scanned(r#"{"a\ud83d":"b","c":["\udc00"]}"#).unwrap();
    let mut scanner = unpaired.scanner();
    let mut object = scanner.object().unwrap();
    let (key, value) = object.member().unwrap().unwrap();
    assert_eq!((&*key, value.text().as_deref()), (r"a\ud83d", Some("b")));
    let (key, value) = object.member().unwrap().unwrap();
    assert_eq!((&*key, value.as_str()), ("c", r#"["\udc00"]"#));
    assert_eq!(scanned(r#""\udc00""#).unwrap().text(), None);
}
