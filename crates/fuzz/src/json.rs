//! Checks that the JSON scanner accepts the same texts as a full parser, with the same values.

use kucoin_streams_core::Raw;
use kucoin_streams_decode::{FieldCursor, FieldTable, Key, Scanner, Value, ValueKind};

use crate::reference::{Node, Tree};

/// Input: any text as JSON.
pub fn json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let expected = Tree::parse(text);
    let raw = Raw::parse(text).ok();
    match (&expected, &raw) {
        (Some(tree), Some(raw)) => {
            assert_eq!(raw.as_str(), tree.raw);
            // The tree cannot represent every number, but must not panic.
            let _ = kucoin_streams_decode::read_raw::<serde_json::Value>(raw);
        }
        (None, None) => {}
        (expected, found) => panic!("{text:?}: expected {expected:?}, found {found:?}"),
    }
    let mut scanner = Scanner::new(text);
    let scanned = scanner
        .value()
        .and_then(|value| scanner.finish().map(|()| value));
    assert_eq!(scanned.is_ok(), expected.is_some(), "{text:?}");
    if let (Ok(value), Some(tree)) = (scanned, &expected) {
        compare(value, tree);
        assert_eq!(&text[value.offset()..][..tree.raw.len()], tree.raw);
    }
}

fn compare(value: Value<'_>, tree: &Tree<'_>) {
    assert_eq!(value.as_str(), tree.raw);
    assert_eq!(value.text().as_deref(), tree.text(), "{value:?}");
    assert_eq!(
        value.lossless_text().as_deref(),
        tree.lossless_text(),
        "{value:?}"
    );
    assert_eq!(value.digits(), tree.digits(), "{value:?}");
    assert_eq!(
        value.is_null_or_empty(),
        tree.is_null_or_empty(),
        "{value:?}"
    );
    let kind_fits = match (&tree.node, value.kind()) {
        (Node::Null, ValueKind::Null)
        | (Node::Bool(true), ValueKind::True)
        | (Node::Bool(false), ValueKind::False)
        | (Node::Number, ValueKind::Number)
        | (Node::Array(_), ValueKind::Array)
        | (Node::Object(_), ValueKind::Object) => true,
        (Node::Unpaired(_), ValueKind::EscapedString) => true,
        (Node::Text(_), kind) => match tree.raw.contains('\\') {
            true => kind == ValueKind::EscapedString,
            false => kind == ValueKind::String,
        },
        _ => false,
    };
    assert!(kind_fits, "{value:?}");
    if tree.is_object() {
        compare_members(value, tree);
        compare_with_field_table(value, tree);
    }
}

/// Compares key by key, as an envelope is read, and each value recursively.
fn compare_members(value: Value<'_>, tree: &Tree<'_>) {
    let mut scanner = value.scanner();
    let mut object = scanner.object().expect("an object was scanned");
    for (name, expected) in tree.members() {
        let key = object.key().expect("its grammar was checked");
        assert_eq!(key.as_deref(), Some(name.as_str()));
        compare(object.value().expect("its grammar was checked"), expected);
    }
    assert_eq!(object.key(), Ok(None));
    assert_eq!(scanner.finish(), Ok(()));
}

/// Field names, two of them with the same length, start and end.
static NAMES: FieldTable<6> = FieldTable::new(&[&[
    "a",
    "b",
    "topic",
    "orderId",
    "isolatedFundingFeeMargin",
    "isolatedPendingFeeMargin",
]]);

/// Compares member by member with a field table, as events are read. Twice, because the first pass sets hints for the
/// next.
fn compare_with_field_table(value: Value<'_>, tree: &Tree<'_>) {
    for _ in 0..2 {
        let mut scanner = value.scanner();
        let mut object = scanner.object().expect("an object was scanned");
        let mut place = FieldCursor::default();
        for (name, expected) in tree.members() {
            let key = object.key_among(&NAMES, &mut place);
            match key.expect("its grammar was checked") {
                Some(Key::Known(at)) => assert_eq!(NAMES.name(at), name),
                Some(Key::Other(key)) => {
                    assert_eq!(key, name.as_str());
                    assert!((0..6).all(|at| NAMES.name(at) != key));
                }
                None => panic!("{name} is missing"),
            }
            let value = object.value().expect("its grammar was checked");
            assert_eq!(value.as_str(), expected.raw);
        }
        assert_eq!(object.key_among(&NAMES, &mut place), Ok(None));
    }
}
