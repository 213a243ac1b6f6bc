//! Changes fields in the JSON text of a push, and keeps every other byte.

use super::Mutation;
use crate::rng::Rng;

/// A JSON string that KuCoin does not use as a value.
const UNKNOWN: &str = "\"novelty\"";

/// The fields of an object: the name without quotes, and the JSON text of the value.
type Fields = Vec<(String, String)>;

/// Returns the push with this mutation.
///
/// `field` is the field in the data to change. If `field` is `None`, `rng` chooses a suitable field. The push is
/// unchanged if it has no suitable field.
pub(crate) fn mutate(
    frame: &str,
    mutation: Mutation,
    field: Option<&str>,
    rng: &mut Rng,
) -> String {
    let mut envelope = fields(frame);
    let has = |name: &str| envelope.iter().any(|field| field.0 == name);
    let (name, value) = match mutation {
        Mutation::UnknownTopic if has("topic") => ("topic", "\"/novel/topic\""),
        Mutation::UnknownTopic => ("T", "\"novel.UNKNOWN\""),
        Mutation::UnknownSubject => ("subject", UNKNOWN),
        Mutation::UnknownType if has("type") => ("type", UNKNOWN),
        Mutation::UnknownType => {
            envelope.insert(0, ("type".to_owned(), UNKNOWN.to_owned()));
            return text(&envelope);
        }
        _ if has("data") => ("data", ""),
        _ => ("d", ""),
    };
    for known in envelope.iter_mut().filter(|known| known.0 == name) {
        known.1 = match value {
            "" => text(&mutated(fields(&known.1), mutation, field, rng)),
            value => value.to_owned(),
        };
    }
    text(&envelope)
}

/// Returns the data of a push with this mutation.
fn mutated(mut data: Fields, mutation: Mutation, field: Option<&str>, rng: &mut Rng) -> Fields {
    if mutation == Mutation::ExtraField {
        let extra = ("novelty".to_owned(), "{\"since\":[2026]}".to_owned());
        data.insert(0, extra);
        return data;
    }
    let suits = |known: &(String, String)| match (field, mutation) {
        (Some(name), _) => known.0 == name,
        (None, Mutation::OtherTimeUnit) => other_time_unit(&known.1).is_some(),
        (None, Mutation::UnknownValue) => is_enum_value(&known.1),
        (None, _) => true,
    };
    let mut chosen: Vec<usize> = (0..data.len())
        .filter(|index| suits(&data[*index]))
        .collect();
    let is_random = field.is_none() && mutation != Mutation::OtherTimeUnit;
    if is_random && !chosen.is_empty() {
        chosen = vec![chosen[rng.index(chosen.len())]];
    }
    // In reverse, so that a removal does not shift the remaining indices.
    for index in chosen.into_iter().rev() {
        let value = &mut data[index].1;
        *value = match mutation {
            Mutation::MissingField => {
                data.remove(index);
                continue;
            }
            Mutation::NullField => "null".to_owned(),
            Mutation::OtherType => other_type(value),
            Mutation::OtherTimeUnit => other_time_unit(value).unwrap_or_else(|| value.clone()),
            _ => UNKNOWN.to_owned(),
        };
    }
    data
}

/// Returns `true` for a string of letters and `_`, as enum values are; symbols have a hyphen.
fn is_enum_value(value: &str) -> bool {
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

/// Returns a time in another unit; `None` if the value does not have as many digits as a current time.
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

/// Splits a JSON object into its fields.
///
/// Frames of the local exchange have no whitespace between tokens.
fn fields(text: &str) -> Fields {
    let mut fields = Vec::new();
    let mut rest = text;
    while let Some(after) = rest
        .strip_prefix(['{', ','])
        .filter(|after| after.starts_with('"'))
    {
        let (name, after) = after.split_at(value_end(after));
        let after = &after[1..];
        let (value, after) = after.split_at(value_end(after));
        fields.push((name.trim_matches('"').to_owned(), value.to_owned()));
        rest = after;
    }
    fields
}

fn text(fields: &[(String, String)]) -> String {
    let fields = fields.iter();
    let fields: Vec<String> = fields
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// Returns the end of the value at the start of the text.
///
/// The value ends at the first comma, colon or bracket outside the value.
fn value_end(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'}' | b']' | b',' | b':' if depth == 0 => return index,
            _ => {}
        }
    }
    text.len()
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
    fn every_mutation_leaves_valid_json_that_differs() {
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
    fn only_the_named_field_changes() {
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
    fn random_field_suits_the_mutation() {
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
