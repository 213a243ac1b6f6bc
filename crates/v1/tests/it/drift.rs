//! Drift: what in a push differs from the known format.

use kucoin_streams_core::Push;
use kucoin_streams_v1::{Balances, FuturesPositions, SpotOrders};

use crate::{decoded, fixtures, push, push_of};

const ORDER: &str = r#"{"symbol":"KCS-USDT","orderId":"canary1","type":"open","status":"open","side":"buy","orderType":"limit","size":"1"}"#;

/// Returns kind, path and sample of each finding.
fn findings<E>(push: &Push<E>) -> Vec<String> {
    let findings = push.extra.findings().iter();
    findings
        .map(|finding| {
            let (kind, path, sample) = (finding.kind(), finding.path(), finding.sample());
            format!("{} {path} {sample}", kind.as_str())
        })
        .collect()
}

#[track_caller]
fn check_order(data: &str, expected: &[&str]) {
    let found = findings(&decoded(SpotOrders, &push(SpotOrders, data)));
    assert_eq!(found, expected, "{data}");
    assert!(!found.join(" ").contains("canary"));
}

#[test]
fn each_difference_of_an_order_is_one_finding() {
    check_order(ORDER, &[]);
    let changed = |from: &str, to: &str| ORDER.replace(from, to);
    check_order(
        &changed(r#""size""#, r#""novelty":{"canary":"canary"},"size""#),
        &["unknownField data.novelty object(1)"],
    );
    check_order(
        &changed("limit", "pegged"),
        &["unknownWord data.orderType pegged"],
    );
    check_order(
        &changed(r#""type":"open""#, r#""type":"paused""#),
        &["unknownWord data.type paused"],
    );
    check_order(
        &changed("limit", "canary9"),
        &["unknownWord data.orderType text(7)"],
    );
    check_order(
        &changed(r#""size":"1""#, r#""size":{"canary":1}"#),
        &["wrongType data.size object(1)"],
    );
    check_order(
        &changed(r#""canary1""#, "1234567"),
        &["wrongType data.orderId number(7)"],
    );
    check_order(
        &changed(r#""side":"buy","#, ""),
        &["missingField data.side absent"],
    );
    check_order(
        &changed(r#""type":"open""#, r#""type":"match","matchPrice":"1""#),
        &["missingField data.matchSize absent"],
    );
}

#[test]
fn numbers_as_text_or_number_and_absent_optional_values_are_no_finding() {
    for size in ["1", r#""1E+3""#, "null", r#""""#] {
        check_order(
            &ORDER.replace(r#""size":"1""#, &format!(r#""size":{size}"#)),
            &[],
        );
    }
}

#[test]
fn nested_fields_and_the_envelope_have_their_paths() {
    let data =
        r#"{"accountId":"a","currency":"KCS","relationContext":{"symbol":"KCS-USDT","canary":1}}"#;
    let frame = push(Balances, data).replace(r#""type""#, r#""novelty":null,"type""#);
    let push = decoded(Balances, &frame);
    let mut found = findings(&push);
    found.retain(|finding| finding.starts_with("unknownField"));
    found.sort();
    assert_eq!(
        found,
        [
            "unknownField data.relationContext.canary number(1)",
            "unknownField novelty null",
        ]
    );
}

#[test]
fn unknown_subject_is_one_finding() {
    let frame = push_of(
        "/contract/positionAll",
        "liquidated",
        r#"{"symbol":"XBTUSDTM","canary":1}"#,
    );
    let push = decoded(FuturesPositions, &frame);
    assert_eq!(findings(&push), ["unknownWord subject liquidated"]);
}

#[test]
fn recorded_frames_differ_only_where_they_are_made_to() {
    // Fixtures that have unknown content on purpose, by a part of the frame.
    const MADE_TO: [&str; 14] = [
        "15524008211900",
        "0.6666666666",
        "THAWED",
        "interest.paid",
        "trail_v2",
        r#""liquidity":"maker"}}"#,
        r#""allCanceledSize":"10","userId""#,
        r#""clientOid":"772910""#,
        r#""matchPrice":"""#,
        "8812345678901399",
        "bonus.change",
        "position.somethingNew",
        "RENEWED_BY_HAND",
        r#""USDT":"2"}"#,
    ];
    let mut clean = 0;
    for (topic, frame) in fixtures() {
        let push = crate::decode_any(&topic, frame).unwrap().unwrap();
        let found = findings(&push);
        match found.is_empty() {
            true => clean += 1,
            false => assert!(
                MADE_TO.iter().any(|part| frame.contains(part)),
                "{found:?} {frame}"
            ),
        }
    }
    assert!(clean > 60, "{clean}");
}
