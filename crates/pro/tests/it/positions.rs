//! Futures positions: long, short, closed and partial.

use kucoin_streams_core::Event as _;
use kucoin_streams_pro::{MarginMode, Position, ProEvent};

use crate::{dec, decoded, events, nanos};

const POSITIONS: &str = include_str!("../fixtures/positions.ndjson");

fn positions() -> Vec<Position> {
    events(POSITIONS, |event| match event {
        ProEvent::Position(position) => Some(position),
        _ => None,
    })
}

#[test]
fn short_position_has_a_negative_size_and_all_digits() {
    let short = &positions()[0];
    assert_eq!(short.position_id.as_deref(), Some("30000000000091234"));
    assert_eq!(
        (short.symbol.as_str(), short.size),
        ("ETHUSDTM", Some(dec("-4")))
    );
    assert_eq!(short.margin_mode, Some(MarginMode::Cross));
    let digits = [
        short.entry_price,
        short.unrealised_pnl,
        short.initial_margin,
    ];
    assert_eq!(
        digits.map(|number| number.unwrap().to_string()),
        [
            "3105.05123456789012345678",
            "-0.00195061728395061728",
            "27.6004554555555555551"
        ]
    );
    assert_eq!(short.position_value, Some(dec("124.2")));
    assert_eq!(short.mark_price, Some(dec("3105.1")));
    assert_eq!(short.liquidation_price, Some(dec("4100.25")));
    assert_eq!(short.bankrupt_price, Some(dec("4180")));
    assert_eq!(short.leverage, Some(dec("4.5")));
    assert_eq!(short.realised_pnl, Some(dec("-0.0745212")));
    assert_eq!(short.maint_margin_rate, Some(dec("0.007")));
    assert_eq!(short.maint_margin, Some(dec("0.8694")));
    assert_eq!(short.position_margin, Some(dec("27.61")));
    assert_eq!(
        (short.risk_ratio, short.adl_percentage),
        (None, Some(dec("0.25")))
    );
    assert_eq!(short.created_at, nanos(1_781_100_000_123_000_000));
    assert_eq!(short.updated_at, nanos(1_781_199_999_001_000_000));
}

#[test]
fn closed_position_has_size_zero() {
    assert_eq!(positions()[1].size, Some(dec("0")));
}

#[test]
fn partial_position_is_decoded() {
    let part = &positions()[2];
    assert_eq!(
        (part.size, part.entry_price, part.position_id.clone()),
        (Some(dec("12")), None, None)
    );
}

#[test]
fn dedup_key_is_the_same_on_both_position_channels() {
    let frame = POSITIONS.lines().next().unwrap();
    let dedup_key = |frame: &str| decoded(frame).event.dedup_key();
    assert_eq!(
        dedup_key(&frame.replace("positionAll.", "position.")),
        dedup_key(frame)
    );
    for (from, to) in [
        ("\"s\":\"ETH", "\"s\":\"SOL"),
        ("\"pi\":\"3", "\"pi\":\"4"),
        ("\"q\":\"-4\"", "\"q\":\"4\""),
        ("\"mP\":\"3105.1\"", "\"mP\":\"3105.2\""),
        (
            "\"uPL\":\"-0.00195061728395061728\"",
            "\"uPL\":\"-0.00195061728395061729\"",
        ),
        ("\"U\":1781199999001", "\"U\":1781199999002"),
    ] {
        let other = frame.replace(from, to);
        assert_ne!(other, frame, "{from}");
        assert_ne!(dedup_key(&other), dedup_key(frame), "{from}");
    }
}
