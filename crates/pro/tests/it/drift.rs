//! Drift: what in a push differs from the known format.

use crate::{decoded, fixtures};

const ORDER: &str = r#"{"T":"orderAll.UNIFIED","P":1781200000950000000,"d":{"s":"BTC-USDT","oi":"canary1","S":"BUY","oT":"LIMIT","os":3,"q":"1","tT":"SPOT"}}"#;

fn findings(frame: &str) -> Vec<String> {
    let push = decoded(frame);
    let findings = push.extra.findings().iter();
    findings
        .map(|finding| {
            let (kind, path, sample) = (finding.kind(), finding.path(), finding.sample());
            format!("{} {path} {sample}", kind.as_str())
        })
        .collect()
}

#[test]
fn each_difference_of_an_order_is_one_finding() {
    assert!(findings(ORDER).is_empty());
    for (from, to, expected) in [
        (
            r#""q""#,
            r#""canaries":["canary"],"q""#,
            "unknownField d.canaries array(1)",
        ),
        (
            r#""P""#,
            r#""canaries":"canary","P""#,
            "unknownField canaries text(6)",
        ),
        ("LIMIT", "PEGGED", "unknownWord d.oT PEGGED"),
        (r#""BUY""#, r#""canary2""#, "unknownWord d.S text(7)"),
        (r#""os":3"#, r#""os":99"#, "unknownWord d.os number(2)"),
        (r#""q":"1""#, r#""q":[1]"#, "wrongType d.q array(1)"),
        (r#""canary1""#, "17", "wrongType d.oi number(2)"),
        (r#""S":"BUY","#, "", "missingField d.S absent"),
    ] {
        assert_eq!(findings(&ORDER.replace(from, to)), [expected]);
    }
}

#[test]
fn recorded_frames_differ_only_where_they_are_made_to() {
    // Fixtures that have unknown content on purpose, by a part of the frame.
    const MADE_TO: [&str; 3] = ["FROZEN_BY_MOON", r#""cR":11"#, r#""ti":81726354009000124}"#];
    let is_clean = |frame: &&str| findings(frame).is_empty();
    let (clean, other): (Vec<_>, Vec<_>) = fixtures().partition(is_clean);
    assert!(clean.len() > 40, "{}", clean.len());
    for frame in other {
        assert!(MADE_TO.iter().any(|part| frame.contains(part)), "{frame}");
    }
}
