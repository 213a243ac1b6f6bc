//! Checks decimals, integers and times: no digit is lost or added, and no number that fits is refused.

use kucoin_streams_core::{Decimal, Timestamp};
use kucoin_streams_decode::{FromJson, Scanner, Value, write_string};

use crate::number::Number;
use crate::reference::Tree;

/// Input: any text, checked as a number in a JSON string, and as a plain JSON value if it is one.
pub fn numbers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut quoted = String::new();
    write_string(&mut quoted, text);
    check(text, &quoted);
    if Tree::parse(text).is_some_and(|tree| tree.raw == text && tree.text().is_none()) {
        check(text, text);
    }
}

fn check(text: &str, json: &str) {
    let value = Scanner::new(json)
        .value()
        .expect("a string or a number is valid JSON");
    let expected = Number::parse(text);
    let decimal = Decimal::from_json(value);
    match (&expected, decimal) {
        (Some(expected), Some(decimal)) => {
            let written = decimal.to_string();
            let found = Number::parse(&written).expect("a displayed decimal is a number");
            assert!(expected.equals(&found), "{text} became {written}");
            let is_plain = text.len() <= 28 && !text.contains(['e', 'E']);
            assert!(
                !is_plain || Number::same_digits(text, &written),
                "{text} became {written}"
            );
        }
        (Some(expected), None) => assert!(!expected.fits_decimal(), "{text} was refused"),
        (None, None) => {}
        (None, Some(decimal)) => panic!("{text:?} became {decimal}"),
    }
    check_integer::<i64>(text, value);
    check_integer::<u64>(text, value);
    check_integer::<i32>(text, value);
    check_integer::<u32>(text, value);
    check_time(text, value);
    let flag = matches!(text, "true" | "false").then(|| text == "true");
    assert_eq!(bool::from_json(value), flag, "{text}");
}

/// Parses an integer in any format, but without a `+`, which JSON does not allow.
fn integer(text: &str) -> Option<i128> {
    let number = Number::parse(text).filter(|_| !text.starts_with('+'))?;
    number.whole()
}

fn check_integer<I>(text: &str, value: Value<'_>)
where
    I: FromJson + TryFrom<i128> + PartialEq + std::fmt::Debug,
{
    let expected = integer(text).and_then(|number| I::try_from(number).ok());
    assert_eq!(I::from_json(value), expected, "{text}");
}

fn check_time(text: &str, value: Value<'_>) {
    let number = integer(text).and_then(|number| i64::try_from(number).ok());
    let expected = number.and_then(|number| {
        let unit = match number.unsigned_abs().to_string().len() {
            ..=11 => 1_000_000_000,
            12..=14 => 1_000_000,
            15..=17 => 1_000,
            _ => 1,
        };
        number.checked_mul(unit)
    });
    assert_eq!(
        Timestamp::from_json(value).map(Timestamp::as_nanos),
        expected,
        "{text}"
    );
}
