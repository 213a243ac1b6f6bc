//! Pushes that stay JSON and say something else: one field of their text is exchanged, every other byte stays.

use std::ops::Range;

use super::Mutation;
use crate::rng::Rng;

/// A word that KuCoin has never used.
const NOVELTY: &str = "\"novelty\"";

/// One field of an object, by the places of its parts in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// The name without its quotes.
    name: Range<usize>,
    value: Range<usize>,
}

/// The push after this was done to it. `field` is a field of its data; None lets `rng` draw one that suits. A push that
/// has nothing that suits stays as it is.
pub(super) fn mutate(
    frame: &str,
    mutation: Mutation,
    field: Option<&str>,
    rng: &mut Rng,
) -> String {
    let envelope = fields(frame, 0);
    let of_envelope = |name: &str| {
        let found = envelope
            .iter()
            .find(|field| frame[field.name.clone()] == *name);
        found.map(|field| field.value.clone())
    };
    let replaced = |place: Option<Range<usize>>, by: &str| match place {
        Some(place) => spliced(frame, place, by),
        None => frame.to_owned(),
    };
    match mutation {
        Mutation::UnknownTopic => {
            return match of_envelope("topic") {
                Some(topic) => replaced(Some(topic), "\"/novel/topic\""),
                None => replaced(of_envelope("T"), "\"novel.UNKNOWN\""),
            };
        }
        Mutation::UnknownSubject => return replaced(of_envelope("subject"), NOVELTY),
        Mutation::UnknownType => {
            return match of_envelope("type") {
                Some(kind) => replaced(Some(kind), NOVELTY),
                None => frame.replacen('{', "{\"type\":\"novelty\",", 1),
            };
        }
        _ => {}
    }
    let Some(data) = of_envelope("data").or_else(|| of_envelope("d")) else {
        return frame.to_owned();
    };
    if mutation == Mutation::ExtraField {
        let place = data.start + 1..data.start + 1;
        return spliced(frame, place, "\"novelty\":{\"since\":[2026]},");
    }
    let fields = fields(frame, data.start);
    let named = |wanted: &str| -> Vec<Field> {
        let named = fields
            .iter()
            .filter(|field| frame[field.name.clone()] == *wanted);
        named.cloned().collect()
    };
    let suited = match (field, mutation) {
        (Some(name), _) => named(name),
        (None, Mutation::OtherTimeUnit) => {
            let times = |field: &&Field| other_time_unit(&frame[field.value.clone()]).is_some();
            fields.iter().filter(times).cloned().collect()
        }
        (None, Mutation::UnknownValue) => {
            let words = |field: &&Field| is_word(&frame[field.value.clone()]);
            let words: Vec<Field> = fields.iter().filter(words).cloned().collect();
            drawn(words, rng)
        }
        (None, _) => drawn(fields.clone(), rng),
    };
    let mut text = frame.to_owned();
    // From the end, so that the places of the others stay right.
    for field in suited.iter().rev() {
        let value = &frame[field.value.clone()];
        let (place, by) = match mutation {
            Mutation::MissingField => (whole(frame, field), String::new()),
            Mutation::NullField => (field.value.clone(), "null".to_owned()),
            Mutation::OtherType => (field.value.clone(), other_type(value)),
            Mutation::OtherTimeUnit => match other_time_unit(value) {
                Some(other) => (field.value.clone(), other),
                None => continue,
            },
            _ => (field.value.clone(), NOVELTY.to_owned()),
        };
        text.replace_range(place, &by);
    }
    text
}

fn spliced(text: &str, place: Range<usize>, by: &str) -> String {
    let mut text = text.to_owned();
    text.replace_range(place, by);
    text
}

fn drawn(mut fields: Vec<Field>, rng: &mut Rng) -> Vec<Field> {
    if fields.is_empty() {
        return fields;
    }
    vec![fields.swap_remove(rng.index(fields.len()))]
}

/// A value as the enums of the wire have them: letters in quotes, and no symbol of a market.
fn is_word(value: &str) -> bool {
    let inner = value.trim_matches('"');
    let letters = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    value.starts_with('"') && inner.len() > 1 && inner.chars().all(letters)
}

fn other_type(value: &str) -> String {
    let inner = value.trim_matches('"');
    let numeric = |text: &str| text.parse::<f64>().is_ok() && !text.contains(['n', 'N', '+']);
    match value.starts_with('"') {
        false if numeric(value) => format!("\"{value}\""),
        true if numeric(inner) && !inner.starts_with('.') => inner.to_owned(),
        _ => format!("{{\"value\":{value}}}"),
    }
}

/// The same moment in another unit, where the value is a moment of these years.
fn other_time_unit(value: &str) -> Option<String> {
    let digits = value.trim_matches('"');
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let other = match digits.len() {
        13 => format!("{digits}000000"),
        16 | 19 => digits[..13].to_owned(),
        _ => return None,
    };
    Some(value.replace(digits, &other))
}

/// The field with its name, and one of the commas around it.
fn whole(text: &str, field: &Field) -> Range<usize> {
    let (start, end) = (field.name.start - 1, field.value.end);
    match text.as_bytes().get(end) {
        Some(b',') => start..end + 1,
        _ if text.as_bytes()[start - 1] == b',' => start - 1..end,
        _ => start..end,
    }
}

/// The fields of the object that starts here; of our own frames, which have no spaces between their parts.
fn fields(text: &str, start: usize) -> Vec<Field> {
    let bytes = text.as_bytes();
    let mut fields = Vec::new();
    let mut place = start;
    while matches!(bytes.get(place), Some(b'{' | b',')) && bytes.get(place + 1) == Some(&b'"') {
        let name_end = value_end(bytes, place + 1);
        let name = place + 2..name_end - 1;
        let value = name_end + 1..value_end(bytes, name_end + 1);
        place = value.end;
        fields.push(Field { name, value });
    }
    fields
}

/// Where the value that starts here ends: at the first comma or bracket that is not inside of it.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (place, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'}' | b']' | b',' | b':' if depth == 0 => return place,
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const PUSH: &str = r#"{"topic":"/account/balance","type":"message","subject":"account.balance","data":{"currency":"USDT","total":"1.5","note":"a \"b\", {c}","relation":{"ids":[1,2]},"time":"1700000000123","ts":1700000000123000000,"kind":"match"}}"#;

    fn mutated(mutation: Mutation, field: Option<&str>) -> Value {
        serde_json::from_str(&mutate(PUSH, mutation, field, &mut Rng::new(3))).unwrap()
    }

    #[test]
    fn whatever_is_done_to_a_push_leaves_json_that_differs() {
        let pro =
            r#"{"T":"order.SPOT","P":1700000000123000000,"d":{"s":"BTC-USDT","sd":"BUY","q":"1"}}"#;
        for mutation in Mutation::all() {
            for seed in 0..50 {
                for push in [PUSH, pro] {
                    let text = mutate(push, mutation, None, &mut Rng::new(seed));
                    assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
                    let inapplicable =
                        [Mutation::UnknownSubject, Mutation::OtherTimeUnit].contains(&mutation);
                    assert!(text != push || (push == pro && inapplicable), "{mutation}");
                }
            }
        }
    }

    #[test]
    fn a_named_field_is_the_one_that_changes() {
        let original: Value = serde_json::from_str(PUSH).unwrap();
        for name in ["currency", "note", "relation", "kind"] {
            let missing = mutated(Mutation::MissingField, Some(name));
            let mut expected = original.clone();
            expected["data"].as_object_mut().unwrap().remove(name);
            assert_eq!(missing, expected, "{name}");
            let null = mutated(Mutation::NullField, Some(name));
            assert_eq!(null["data"][name], Value::Null);
        }
        assert_eq!(
            mutated(Mutation::OtherType, Some("total"))["data"]["total"],
            1.5
        );
        let text = mutated(Mutation::OtherType, Some("ts"));
        assert_eq!(text["data"]["ts"], "1700000000123000000");
        assert_eq!(mutated(Mutation::MissingField, Some("none")), original);
    }

    #[test]
    fn what_is_drawn_suits() {
        let unknown = mutated(Mutation::UnknownValue, None);
        let data = &unknown["data"];
        let hit = data["kind"] == "novelty" || data["currency"] == "novelty";
        assert!(hit, "{data}");
        let times = mutated(Mutation::OtherTimeUnit, None);
        assert_eq!(times["data"]["time"], "1700000000123000000");
        assert_eq!(times["data"]["ts"], 1_700_000_000_123_u64);
        assert_eq!(
            mutated(Mutation::UnknownTopic, None)["topic"],
            "/novel/topic"
        );
    }
}
