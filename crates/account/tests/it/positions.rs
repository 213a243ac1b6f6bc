//! Futures positions of V1 and Pro V2.

use kucoin_streams_account::{AccountPosition, MarginMode, PositionSide};
use kucoin_streams_core::Decimal;
use kucoin_streams_recovery::SnapshotRow;
use proptest::prelude::*;

use crate::keeper::{FUTURES, Item, Keeper, PRO, ms, row, shuffled, sorted, time};

const ALL: &str = "/contract/positionAll";
const OPEN: &str = "/api/v1/positions";
const CLOSED: &str = "/api/v1/history-positions";
const UNIFIED: &str = "/api/ua/{v}/unified/position/open-list";
const UNIFIED_CLOSED: &str = "/api/ua/{v}/position/history";

fn dec(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

/// A full position: other fields, quantity, opening time, and time.
fn change(fields: &str, quantity: i64, opened_at: i64, at: i64) -> String {
    format!(
        r#"{{"topic":"/contract/positionAll","type":"message","subject":"position.change","data":{{"symbol":"XBTUSDTM",{fields}"currentQty":{quantity},"openingTimestamp":{},"isOpen":{},"markPrice":63000,"markValue":{quantity}.5,"avgEntryPrice":62000.5,"liquidationPrice":40400,"bankruptPrice":35472,"settleCurrency":"USDT","realisedPnl":-0.5,"unrealisedPnl":{quantity},"leverage":10,"posInit":6.2,"posMargin":6.5,"posMaint":0.4,"changeReason":"positionChange","currentTimestamp":{}}}}}"#,
        ms(opened_at),
        quantity != 0,
        ms(at)
    )
}

const CROSS: &str = r#""marginMode":"CROSS","positionSide":"BOTH","crossMode":true,"#;
const ISOLATED: &str = r#""marginMode":"ISOLATED","positionSide":"BOTH","#;
const LONG: &str = r#""marginMode":"CROSS","positionSide":"LONG","#;
const SHORT: &str = r#""marginMode":"CROSS","positionSide":"SHORT","#;

/// A mark price change: other fields, mark price, mark value, and time.
fn mark(fields: &str, price: i64, value: &str, at: i64) -> String {
    format!(
        r#"{{"topic":"/contract/positionAll","type":"message","subject":"position.change","data":{{{fields}"markPrice":{price},"markValue":{value},"maintMargin":1.1,"unrealisedPnl":-0.25,"changeReason":"markPriceChange","currentTimestamp":{},"settleCurrency":"USDT"}}}}"#,
        ms(at)
    )
}

const XBT: &str = r#""symbol":"XBTUSDTM","#;

fn settlement(fields: &str, quantity: i64, fee: &str, at: i64) -> String {
    format!(
        r#"{{"topic":"/contract/position:XBTUSDTM","type":"message","subject":"position.settlement","data":{{{fields}"qty":{quantity},"markPrice":63074.5,"fundingRate":-2.7e-05,"fundingFee":{fee},"settleCurrency":"USDT","fundingTime":{},"ts":{}}}}}"#,
        ms(at),
        ms(at + 700) * 1_000_000
    )
}

fn open_row(topic: &str, fields: &str, quantity: i64, opened_at: i64) -> SnapshotRow {
    let data = format!(
        r#"{{"id":"1","symbol":"XBTUSDTM",{fields}"currentQty":{quantity},"openingTimestamp":{},"currentTimestamp":{},"isOpen":{},"markPrice":64000,"markValue":1,"avgEntryPrice":61000,"leverage":5,"posMargin":7}}"#,
        ms(opened_at),
        ms(9_999),
        quantity != 0
    );
    row(FUTURES, topic, OPEN, &data)
}

fn closed_row(side: &str, opened_at: i64, closed_at: i64) -> SnapshotRow {
    let data = format!(
        r#"{{"closeId":"500","symbol":"XBTUSDTM","type":"LIQUID_{side}","side":"{side}","marginMode":"CROSS","pnl":"-3.25","openTime":{},"closeTime":{}}}"#,
        ms(opened_at),
        ms(closed_at)
    );
    row(FUTURES, ALL, CLOSED, &data)
}

fn pro(fields: &str, size: &str, mark: &str, (updated_at, pushed_at): (i64, i64)) -> String {
    let (updated, pushed) = (ms(updated_at) * 1_000_000, ms(pushed_at) * 1_000_000);
    format!(
        r#"{{"T":"positionAll.UNIFIED","P":{pushed},"d":{{"s":"XBTUSDTM",{fields}"q":"{size}","mP":"{mark}","eP":"62000","bP":"35000","l":"4.5","rPL":"-0.07","U":{updated}}}}}"#
    )
}

#[track_caller]
fn positions(keeper: &Keeper) -> Vec<AccountPosition> {
    let state = keeper.state();
    let rows = state.positions();
    rows.map(|row| AccountPosition::clone(&row.to_arc()))
        .collect()
}

#[track_caller]
fn only(keeper: &Keeper) -> AccountPosition {
    let mut positions = positions(keeper);
    assert_eq!(positions.len(), 1, "{positions:?}");
    positions.remove(0)
}

/// Sizes by leg and margin mode.
fn sizes(keeper: &Keeper) -> Vec<String> {
    let line = |row: &AccountPosition| {
        let mode = row.margin_mode.as_ref().map_or("?", MarginMode::as_str);
        format!("{} {mode} {}", row.side, row.size)
    };
    positions(keeper).iter().map(line).collect()
}

#[test]
fn full_frame_is_a_position() {
    let mut keeper = Keeper::new();
    let changes = keeper.v1(&change(CROSS, 2, 1, 5));
    let kept = only(&keeper);
    assert_eq!(*changes.positions[0], kept);
    assert_eq!((kept.ws_key, &*kept.symbol), (FUTURES, "XBTUSDTM"));
    assert_eq!(kept.side, PositionSide::Both);
    assert_eq!(kept.margin_mode, Some(MarginMode::Cross));
    assert_eq!((kept.size, kept.is_open()), (Decimal::TWO, true));
    assert_eq!(
        (kept.entry_price, kept.mark_price),
        (dec("62000.5"), dec("63000"))
    );
    assert_eq!((kept.margin, kept.initial_margin), (dec("6.5"), dec("6.2")));
    assert_eq!(kept.maintenance_margin, dec("0.4"));
    assert_eq!(
        (kept.realised_pnl, kept.unrealised_pnl),
        (dec("-0.5"), dec("2"))
    );
    assert_eq!(kept.last_change.as_deref(), Some("positionChange"));
    assert_eq!((kept.opened_at, kept.updated_at), (time(1), time(5)));
}

#[test]
fn older_and_repeated_frames_change_nothing() {
    let mut keeper = Keeper::new();
    let first = change(CROSS, 2, 1, 5);
    let second = change(CROSS, 3, 1, 5);
    keeper.v1(&first);
    keeper.v1(&second);
    for frame in [&second, &first, &change(CROSS, 9, 1, 4)] {
        keeper.v1(frame).is_nothing();
    }
    assert_eq!(only(&keeper).size, Decimal::from(3));
}

#[test]
fn amount_that_a_full_frame_lacks_is_not_kept() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    let frame = change(CROSS, 3, 1, 6);
    let frame = frame
        .replace(r#""posMargin":6.5,"#, "")
        .replace(r#""leverage":10,"#, "");
    keeper.v1(&frame);
    let kept = only(&keeper);
    // The leverage is a setting.
    assert_eq!((kept.margin, kept.leverage), (None, dec("10")));
}

#[test]
fn frame_without_margin_mode_is_of_the_known_position() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(ISOLATED, 2, 1, 5));
    keeper.v1(&change("", 3, 1, 6));
    assert_eq!(sizes(&keeper), ["BOTH ISOLATED 3"]);
    let mut keeper = Keeper::new();
    keeper.v1(&change("", 2, 1, 5));
    assert_eq!(sizes(&keeper), ["BOTH ? 2"]);
    keeper.v1(&change(r#""crossMode":true,"#, 3, 1, 6));
    assert_eq!(sizes(&keeper), ["BOTH CROSS 3"]);
    keeper.v1(&change(CROSS, 0, 1, 7));
    keeper.v1(&change(ISOLATED, 4, 8, 8));
    keeper.v1(&change("", 5, 8, 9));
    assert_eq!(sizes(&keeper), ["BOTH CROSS 0", "BOTH ISOLATED 5"]);
}

/// The margin mode is a setting of the contract: after a gap in which it was switched, the old position is gone.
#[test]
fn position_in_another_margin_mode_closes_the_old_one() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    keeper.take(&Item::Row(open_row(ALL, ISOLATED, 4, 6)));
    assert_eq!(sizes(&keeper), ["BOTH CROSS 0", "BOTH ISOLATED 4"]);
    // A late frame of the old mode changes nothing.
    keeper.v1(&change(ISOLATED, 5, 6, 9));
    keeper.v1(&change(CROSS, 2, 1, 5));
    assert_eq!(sizes(&keeper), ["BOTH CROSS 0", "BOTH ISOLATED 5"]);
    // Closed, and switched again before the row was read.
    keeper.take(&Item::Row(open_row(ALL, CROSS, 0, 6)));
    assert_eq!(sizes(&keeper), ["BOTH CROSS 0", "BOTH ISOLATED 0"]);
}

#[test]
fn legs_are_two_positions() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(LONG, 2, 1, 5));
    keeper.v1(&change(SHORT, -3, 1, 4));
    assert_eq!(sizes(&keeper), ["LONG CROSS 2", "SHORT CROSS -3"]);
}

#[test]
fn mark_price_changes_only_its_fields() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    let mut expected = only(&keeper);
    let patch = mark(XBT, 64_000, "25.6", 6);
    assert_eq!(keeper.v1(&patch).positions.len(), 1);
    expected.mark_price = dec("64000");
    expected.mark_value = dec("25.6");
    expected.unrealised_pnl = dec("-0.25");
    expected.updated_at = time(6);
    assert_eq!(only(&keeper), expected);
    keeper.v1(&patch).is_nothing();
    keeper.v1(&mark(XBT, 1, "1", 5)).is_nothing();
    keeper.v1(&mark("", 1, "1", 7)).is_nothing();
    keeper
        .v1(&mark(r#""symbol":"ETHUSDTM","#, 1, "1", 7))
        .is_nothing();
}

#[test]
fn mark_price_does_not_hide_an_older_full_frame() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    keeper.v1(&mark(XBT, 64_000, "25.6", 8));
    keeper.v1(&change(CROSS, 3, 1, 7));
    let kept = only(&keeper);
    assert_eq!(
        (kept.size, kept.mark_price),
        (Decimal::from(3), dec("64000"))
    );
    assert_eq!(kept.updated_at, time(8));
}

#[test]
fn sign_of_the_mark_value_names_the_leg() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(LONG, 2, 1, 5));
    keeper.v1(&change(SHORT, -3, 1, 5));
    keeper.v1(&mark(XBT, 64_000, "-30", 6));
    let [long, short] = &positions(&keeper)[..] else {
        panic!("{:?}", positions(&keeper));
    };
    assert_eq!(
        (long.mark_price, long.mark_value),
        (dec("63000"), dec("2.5"))
    );
    assert_eq!(
        (short.mark_price, short.mark_value),
        (dec("64000"), dec("-30"))
    );
    keeper.v1(&mark(
        r#""symbol":"XBTUSDTM","positionSide":"LONG","#,
        65_000,
        "26",
        7,
    ));
    assert_eq!(positions(&keeper)[0].mark_value, dec("26"));
}

#[test]
fn mark_value_of_an_inverse_contract_has_the_other_sign() {
    let mut keeper = Keeper::new();
    let inverse = |frame: String| frame.replace("\"markValue\":", "\"markValue\":-");
    keeper.v1(&inverse(change(LONG, 2, 1, 5)));
    keeper.v1(&inverse(change(SHORT, -3, 1, 5)).replace("--", ""));
    keeper.v1(&mark(XBT, 64_000, "30", 6));
    let marks = positions(&keeper).into_iter().map(|row| row.mark_value);
    assert_eq!(marks.collect::<Vec<_>>(), [dec("-2.5"), dec("30")]);
}

#[test]
fn mark_price_of_an_unclear_leg_changes_the_price_of_both() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(LONG, 2, 1, 5));
    keeper.v1(&change(SHORT, -3, 1, 5));
    keeper.v1(&mark(XBT, 64_000, "0", 6));
    for kept in positions(&keeper) {
        assert_eq!(kept.mark_price, dec("64000"));
        assert_ne!(kept.unrealised_pnl, dec("-0.25"));
    }
    keeper.v1(&change(SHORT, 0, 1, 7));
    keeper.v1(&mark(XBT, 65_000, "-30", 8));
    assert_eq!(positions(&keeper)[0].mark_price, dec("65000"));
    assert_eq!(positions(&keeper)[0].mark_value, dec("2.5"));
}

#[test]
fn closed_position_is_kept_with_size_0() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    keeper.v1(&change(CROSS, 0, 1, 6));
    let kept = only(&keeper);
    assert!(!kept.is_open());
    assert_eq!(
        (kept.opened_at, kept.entry_price),
        (time(1), dec("62000.5"))
    );
}

#[test]
fn opening_again_starts_the_funding_again() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    keeper.v1(&settlement("", 2, "-0.5", 6));
    assert_eq!(only(&keeper).funding, dec("-0.5").unwrap());
    keeper.v1(&change(CROSS, 0, 1, 7));
    assert_eq!(only(&keeper).funding, dec("-0.5").unwrap());
    keeper.v1(&change(CROSS, 4, 8, 8));
    let kept = only(&keeper);
    assert_eq!((kept.opened_at, kept.funding), (time(8), Decimal::ZERO));
    // A late settlement of the first opening.
    keeper.v1(&settlement("", 2, "-0.25", 4)).is_nothing();
    keeper.v1(&settlement("", 4, "0.125", 9));
    assert_eq!(only(&keeper).funding, dec("0.125").unwrap());
}

#[test]
fn flip_is_a_new_opening_of_the_same_row() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    keeper.v1(&settlement("", 2, "-0.5", 6));
    // KuCoin gives no new opening time.
    keeper.v1(&change(CROSS, -3, 1, 7));
    let kept = only(&keeper);
    assert_eq!((kept.size, kept.opened_at), (Decimal::from(-3), time(7)));
    assert_eq!(kept.funding, Decimal::ZERO);
    keeper.v1(&change(CROSS, -4, 1, 8));
    assert_eq!(only(&keeper).opened_at, time(7));
}

#[test]
fn missed_close_is_seen_by_the_opening_time() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    keeper.v1(&settlement("", 2, "-0.5", 6));
    keeper.row(open_row(ALL, CROSS, 2, 7));
    let kept = only(&keeper);
    assert_eq!((kept.opened_at, kept.funding), (time(7), Decimal::ZERO));
}

#[test]
fn settlement_counts_once_in_any_form() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    let live = settlement(
        r#""marginMode":"CROSS","positionSide":"BOTH","#,
        2,
        "-0.5",
        6,
    );
    keeper.v1(&live);
    keeper.v1(&live).is_nothing();
    let recovered = settlement(
        r#""symbol":"XBTUSDTM","marginMode":"CROSS","#,
        2,
        "-0.50",
        6,
    );
    keeper
        .recovered(&recovered.replace("/contract/position:XBTUSDTM", ALL))
        .is_nothing();
    keeper.v1(&settlement("", 2, "0.2", 7));
    assert_eq!(only(&keeper).funding, dec("-0.3").unwrap());
}

#[test]
fn settlement_without_a_symbol_is_of_the_only_such_position() {
    let mut keeper = Keeper::new();
    let unnamed = |quantity: i64, at: i64| {
        let frame = settlement("", quantity, "-0.5", at);
        frame.replace("/contract/position:XBTUSDTM", ALL)
    };
    keeper.v1(&unnamed(2, 4)).is_nothing();
    keeper.v1(&change(CROSS, 2, 1, 5));
    let cheaper = change(CROSS, 2, 1, 5).replace("63000", "3000");
    keeper.v1(&cheaper.replace("XBTUSDTM", "ETHUSDTM"));
    keeper.v1(&unnamed(3, 6)).is_nothing();
    let changes = keeper.v1(&unnamed(2, 6));
    assert_eq!(&*changes.positions[0].symbol, "XBTUSDTM");
    assert_eq!(changes.positions[0].funding, dec("-0.5").unwrap());
    keeper.v1(&settlement("", 2, "-0.5", 6)).is_nothing();
    // Now there are two.
    keeper.v1(&change(CROSS, 2, 1, 5).replace("XBTUSDTM", "XBTUSDCM"));
    keeper.v1(&unnamed(2, 7)).is_nothing();
}

#[test]
fn settlement_of_a_leg_is_found_by_its_sign() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(LONG, 2, 1, 5));
    keeper.v1(&change(SHORT, -3, 1, 5));
    keeper.v1(&settlement("", -3, "0.5", 6));
    keeper.v1(&settlement(r#""positionSide":"LONG","#, 2, "-0.25", 6));
    keeper
        .v1(&settlement(r#""positionSide":"SHORT","#, -3, "0.5", 6))
        .is_nothing();
    let funding = positions(&keeper).into_iter().map(|row| Some(row.funding));
    assert_eq!(funding.collect::<Vec<_>>(), [dec("-0.25"), dec("0.5")]);
}

#[test]
fn settlement_is_kept_until_its_position_is_known() {
    let mut keeper = Keeper::new();
    keeper.recovered(&settlement("", 2, "-0.5", 6)).is_nothing();
    keeper.row(open_row(ALL, CROSS, 2, 5));
    assert_eq!(only(&keeper).funding, dec("-0.5").unwrap());
}

#[test]
fn row_overwrites_and_live_frame_wins_after_it() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    let changes = keeper.row(open_row(ALL, CROSS, 3, 1));
    let kept = &changes.positions[0];
    assert_eq!(
        (kept.size, kept.mark_price),
        (Decimal::from(3), dec("64000"))
    );
    assert_eq!((kept.liquidation_price, kept.leverage), (None, dec("5")));
    assert_eq!((&kept.last_change, kept.updated_at), (&None, time(5)));
    keeper.row(open_row(ALL, CROSS, 3, 1)).is_nothing();
    keeper.v1(&change(CROSS, 9, 1, 4)).is_nothing();
    keeper.v1(&change(CROSS, 4, 1, 5));
    assert_eq!(only(&keeper).size, Decimal::from(4));
}

#[test]
fn rows_of_the_settings_change_no_position() {
    let mut keeper = Keeper::new();
    for topic in ["/contract/marginMode", "/contract/crossLeverage"] {
        let changes = keeper.row(open_row(topic, CROSS, 3, 1));
        assert!(changes.positions.is_empty());
    }
    keeper.row(open_row("/contract/position:XBTUSDTM", CROSS, 3, 1));
    assert_eq!(sizes(&keeper), ["BOTH CROSS 3"]);
}

#[test]
fn closed_row_closes_a_position_that_was_opened_before() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    keeper.row(closed_row("SHORT", 0, 6)).is_nothing();
    keeper.row(closed_row("LONG", 0, 1)).is_nothing();
    let changes = keeper.row(closed_row("LONG", 1, 7));
    let kept = &changes.positions[0];
    assert_eq!(
        (kept.size, kept.realised_pnl),
        (Decimal::ZERO, dec("-3.25"))
    );
    assert_eq!((kept.unrealised_pnl, kept.margin), (None, None));
    assert_eq!(kept.last_change.as_deref(), Some("LIQUID_LONG"));
    assert_eq!((kept.opened_at, kept.updated_at), (time(1), time(7)));
    // A frame of before the end does not open it again.
    keeper.v1(&change(CROSS, 2, 1, 6)).is_nothing();
    keeper.v1(&change(CROSS, 2, 8, 9));
    keeper.row(closed_row("LONG", 1, 7)).is_nothing();
    assert_eq!(sizes(&keeper), ["BOTH CROSS 2"]);
}

/// In one-way mode, a contract has one position: if a later one was closed, the kept one was closed before.
#[test]
fn closed_row_of_a_later_position_closes_the_kept_one() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(CROSS, 2, 1, 5));
    let changes = keeper.row(closed_row("SHORT", 6, 8));
    assert_eq!(changes.positions[0].realised_pnl, None);
    assert_eq!(sizes(&keeper), ["BOTH CROSS 0"]);
}

#[test]
fn closed_row_closes_its_leg() {
    let mut keeper = Keeper::new();
    keeper.v1(&change(LONG, 2, 1, 5));
    keeper.v1(&change(SHORT, -3, 1, 5));
    keeper.row(closed_row("SHORT", 1, 7));
    assert_eq!(sizes(&keeper), ["LONG CROSS 2", "SHORT CROSS 0"]);
}

#[test]
fn unified_position_is_ordered_by_time_then_push_time() {
    let mut keeper = Keeper::new();
    let cross = r#""mM":"CROSS","O":1752400000001000000,"#;
    keeper.pro(&pro(cross, "-4", "100", (5, 10)));
    let kept = only(&keeper);
    assert_eq!(
        (kept.ws_key, kept.margin_mode),
        (PRO, Some(MarginMode::Cross))
    );
    assert_eq!(
        (kept.size, kept.bankruptcy_price),
        (Decimal::from(-4), dec("35000"))
    );
    assert_eq!((kept.last_change, kept.opened_at), (None, time(1)));
    // The mark price can move, and move back, with the same time.
    for (mark, pushed_at) in [("101", 11), ("100", 12)] {
        keeper.pro(&pro(cross, "-4", mark, (5, pushed_at)));
        assert_eq!(only(&keeper).mark_price, dec(mark));
    }
    keeper.pro(&pro(cross, "-4", "100", (5, 10))).is_nothing();
    keeper.pro(&pro(cross, "-9", "100", (4, 13))).is_nothing();
    keeper.pro(&pro(cross, "0", "100", (6, 13)));
    assert_eq!(sizes(&keeper), ["BOTH CROSS 0"]);
}

#[test]
fn unified_position_without_a_push_time_is_ordered_by_arrival() {
    let mut keeper = Keeper::new();
    let frame = |mark: &str| {
        let frame = pro(r#""mM":"CROSS","#, "-4", mark, (5, 10));
        frame.replace(&format!(r#""P":{},"#, ms(10) * 1_000_000), "")
    };
    for mark in ["100", "101", "100"] {
        keeper.pro(&frame(mark));
        assert_eq!(only(&keeper).mark_price, dec(mark));
    }
    keeper.pro(&frame("100")).is_nothing();
}

#[test]
fn unified_rows_open_and_close() {
    let mut keeper = Keeper::new();
    let topic = "positionAll?tradeType=UNIFIED";
    let open = r#"{"id":"1","symbol":"XBTUSDTM","marginMode":"CROSS","size":"3","entryPrice":"62000","markPrice":"63000","positionMargin":"7","leverage":"5","unrealizedPnL":"1.5","realizedPnL":"-2","creationTime":1752400000001000000}"#;
    keeper.row(row(PRO, topic, UNIFIED, open));
    let kept = only(&keeper);
    assert_eq!((kept.size, kept.margin), (Decimal::from(3), dec("7")));
    assert_eq!((kept.realised_pnl, kept.opened_at), (dec("-2"), time(1)));
    let closed = r#"{"closeId":"9","symbol":"XBTUSDTM","marginMode":"CROSS","side":"LONG","realizedPnL":"4","creationTime":1752400000001,"closingTime":1752400000009}"#;
    keeper.row(row(PRO, topic, UNIFIED_CLOSED, closed));
    let kept = only(&keeper);
    assert_eq!((kept.is_open(), kept.realised_pnl), (false, dec("4")));
}

/// Symbol and leg of the positions.
const POSITIONS: [(&str, &str); 4] = [
    ("XBTUSDTM", "BOTH"),
    ("ETHUSDTM", "LONG"),
    ("ETHUSDTM", "SHORT"),
    ("KCSUSDTM", "BOTH"),
];

/// One frame of a position: time, and what makes it differ from all others.
fn frame(
    (symbol, leg): (&str, &str),
    (kind, quantity): (u32, i64),
    at: i64,
    number: usize,
) -> String {
    let side = format!(r#""marginMode":"CROSS","positionSide":"{leg}","#);
    let quantity = match leg {
        "LONG" => quantity.abs(),
        "SHORT" => -quantity.abs(),
        _ => quantity,
    };
    let frame = match kind {
        0 => mark(&format!("{XBT}{side}"), 60_000 + number as i64, "12.5", at),
        1 => settlement(
            &format!("{XBT}{side}"),
            quantity,
            &format!("0.{}", at + 1),
            at,
        ),
        // Each opening has a time of its own.
        _ => change(&side, quantity, at, at).replace("-0.5", &format!("-0.{}", number + 1)),
    };
    frame.replace("XBTUSDTM", symbol)
}

/// Frames of several positions with few different times, so that many are equal.
fn frames() -> impl Strategy<Value = Vec<(String, i64, Item)>> {
    let one = (0..POSITIONS.len(), 2..8_i64, -3..4_i64, 0..4_u32);
    proptest::collection::vec(one, 1..32).prop_map(|picked| {
        let items = picked.into_iter().enumerate();
        let items = items.map(|(number, (row, at, quantity, kind))| {
            let frame = frame(POSITIONS[row], (kind, quantity), at, number);
            (row.to_string(), at, Item::V1(frame))
        });
        items.collect()
    })
}

/// Takes the first frame of each position, then the others.
fn kept(items: &[Item]) -> Vec<AccountPosition> {
    let mut keeper = Keeper::new();
    for position in POSITIONS {
        keeper.v1(&frame(position, (2, 1), 1, 0));
    }
    for item in items {
        keeper.take(item);
    }
    positions(&keeper)
}

proptest! {
    #[test]
    fn order_of_frames_does_not_matter(
        frames in frames(),
        picks in proptest::collection::vec(any::<u16>(), 40),
    ) {
        prop_assert_eq!(kept(&shuffled(&frames, &picks)), kept(&sorted(&frames)));
    }
}
