//! Margin status: debts, risk, leverages and margin modes.

use kucoin_streams_account::{AccountMargin, CrossMarginStatus, MarginMode, UnifiedRisk};
use kucoin_streams_core::Decimal;
use kucoin_streams_recovery::SnapshotRow;
use proptest::prelude::*;

use crate::keeper::{FUTURES, Item, Keeper, PRO, SPOT, ms, row, shuffled, sorted, time};

const CROSS: &str = "/api/v3/margin/accounts";
const ISOLATED: &str = "/api/v3/isolated/accounts";
const POSITIONS: &str = "/api/v1/positions";
const OVERVIEW: &str = "/api/ua/{v}/unified/account/overview";
const LEVERAGE: &str = "/api/ua/{v}/unified/account/leverage";

fn dec(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

fn ratio(ratio: &str, debt: &str, at: i64) -> String {
    format!(
        r#"{{"topic":"/margin/position","subject":"debt.ratio","type":"message","data":{{"debtRatio":{ratio},"totalAsset":0.00071290468812730000000,"totalDebt":"{debt}","timestamp":{}}}}}"#,
        ms(at)
    )
}

fn status(status: &str, at: i64) -> String {
    format!(
        r#"{{"topic":"/margin/position","subject":"position.status","type":"message","data":{{"type":"{status}","timestamp":{}}}}}"#,
        ms(at)
    )
}

fn isolated(symbol: &str, status: &str, at: i64) -> String {
    format!(
        r#"{{"topic":"/margin/isolatedPosition:{symbol}","subject":"positionChange","type":"message","data":{{"tag":"{symbol}","status":"{status}","statusBizType":"USER_BORROW","changeAssets":{{}},"timestamp":{}}}}}"#,
        ms(at)
    )
}

fn config(topic: &str, data: &str) -> String {
    format!(r#"{{"topic":"{topic}","subject":"user.config","type":"message","data":{data}}}"#)
}

fn warning(kind: &str, ratio: &str, (updated_at, pushed_at): (i64, i64)) -> String {
    let (updated, pushed) = (ms(updated_at) * 1_000_000, ms(pushed_at) * 1_000_000);
    format!(
        r#"{{"T":"lw.UNIFIED","P":{pushed},"d":{{"eT":"{kind}","r":"{ratio}","a":"1000","iM":"840","mM":"812","aM":"160","e":"1200","l":"200","U":{updated}}}}}"#
    )
}

fn cross_row(topic: &str) -> SnapshotRow {
    row(
        SPOT,
        topic,
        CROSS,
        r#"{"totalAssetOfQuoteCurrency":"2","totalLiabilityOfQuoteCurrency":"1","debtRatio":"0.5","status":"DEBT","accounts":[]}"#,
    )
}

fn position_row(topic: &str, mode: &str) -> SnapshotRow {
    let data = format!(
        r#"{{"symbol":"XBTUSDTM","currentQty":1,"marginMode":"{mode}","leverage":7,"isOpen":true}}"#
    );
    row(FUTURES, topic, POSITIONS, &data)
}

fn margin(keeper: &Keeper) -> AccountMargin {
    AccountMargin::clone(&keeper.state().margin().to_arc())
}

fn cross(keeper: &Keeper) -> CrossMarginStatus {
    margin(keeper).cross.unwrap()
}

fn unified(keeper: &Keeper) -> UnifiedRisk {
    margin(keeper).unified.unwrap()
}

/// Settings as `name mode leverage`.
fn settings(keeper: &Keeper) -> Vec<String> {
    let settings = margin(keeper).settings.into_iter();
    let lines = settings.map(|setting| {
        let mode = setting.margin_mode.as_ref().map_or("?", MarginMode::as_str);
        let leverage = setting.cross_leverage.unwrap_or_default();
        format!("{} {mode} {leverage}", setting.name)
    });
    lines.collect()
}

#[test]
fn nothing_is_known_at_first() {
    assert_eq!(margin(&Keeper::new()), AccountMargin::default());
}

#[test]
fn debt_ratio_and_status_are_ordered_apart() {
    let mut keeper = Keeper::new();
    let changes = keeper.v1(&ratio("0.6408", "0.0004", 5));
    assert_eq!(*changes.margin[0], margin(&keeper));
    keeper.v1(&status("FROZEN_FL", 3));
    let kept = cross(&keeper);
    assert_eq!(
        (kept.debt_ratio, kept.total_debt),
        (dec("0.6408"), dec("0.0004"))
    );
    assert_eq!(kept.total_assets, dec("0.0007129046881273"));
    assert_eq!(kept.status.as_deref(), Some("FROZEN_FL"));
    assert_eq!(kept.updated_at, time(5));
    keeper.v1(&ratio("0.7", "0.0005", 4)).is_nothing();
    keeper.v1(&status("UNFROZEN_FL", 2)).is_nothing();
    keeper.v1(&status("UNFROZEN_FL", 6));
    assert_eq!(cross(&keeper).status.as_deref(), Some("UNFROZEN_FL"));
}

#[test]
fn repeated_reports_emit_nothing() {
    let mut keeper = Keeper::new();
    let v1 = [
        ratio("0.6", "1", 5),
        ratio("0.7", "2", 5),
        status("FROZEN_FL", 5),
        isolated("BTC-USDT", "IN_BORROW", 5),
        isolated("BTC-USDT", "DEBT", 5),
        config("/contract/marginMode", r#"{"XBTUSDTM":"CROSS"}"#),
        config(
            "/contract/crossLeverage",
            r#"{"XBTUSDTM":{"leverage":"8"}}"#,
        ),
    ];
    let pro = [
        warning("MARGIN_CALL", "0.81", (5, 6)),
        warning("MARGIN_CALL", "0.82", (5, 7)),
    ];
    for frame in &v1 {
        assert_eq!(keeper.v1(frame).margin.len(), 1, "{frame}");
    }
    for frame in &pro {
        assert_eq!(keeper.pro(frame).margin.len(), 1, "{frame}");
    }
    let before = margin(&keeper);
    v1.iter().for_each(|frame| keeper.v1(frame).is_nothing());
    pro.iter().for_each(|frame| keeper.pro(frame).is_nothing());
    assert_eq!(margin(&keeper), before);
}

#[test]
fn cross_margin_row_overwrites() {
    let mut keeper = Keeper::new();
    keeper.v1(&ratio("0.6408", "0.0004", 5));
    keeper.row(cross_row("/account/balance")).is_nothing();
    assert_eq!(keeper.row(cross_row("/margin/position")).margin.len(), 1);
    keeper.row(cross_row("/margin/position")).is_nothing();
    let kept = cross(&keeper);
    assert_eq!((kept.debt_ratio, kept.total_assets), (dec("0.5"), dec("2")));
    assert_eq!((kept.total_debt, kept.updated_at), (dec("1"), time(5)));
    assert_eq!(kept.status.as_deref(), Some("DEBT"));
}

#[test]
fn isolated_accounts_are_sorted_by_symbol() {
    let mut keeper = Keeper::new();
    keeper.v1(&isolated("KCS-USDT", "IN_BORROW", 5));
    keeper.v1(&isolated("BTC-USDT", "DEBT", 4));
    keeper.v1(&isolated("BTC-USDT", "CLEAR", 3)).is_nothing();
    let data = r#"{"symbol":"ETH-USDT","status":"CLEAR","debtRatio":"0.25","baseAsset":null}"#;
    keeper.row(row(
        SPOT,
        "/margin/isolatedPosition:ETH-USDT",
        ISOLATED,
        data,
    ));
    keeper
        .row(row(
            SPOT,
            "/account/balance",
            ISOLATED,
            &data.replace("ETH", "SOL"),
        ))
        .is_nothing();
    let kept = margin(&keeper).isolated;
    let states = kept
        .iter()
        .map(|state| (&*state.symbol, state.status.as_deref().unwrap()));
    let expected = [
        ("BTC-USDT", "DEBT"),
        ("ETH-USDT", "CLEAR"),
        ("KCS-USDT", "IN_BORROW"),
    ];
    assert_eq!(states.collect::<Vec<_>>(), expected);
    assert_eq!(
        (kept[0].updated_at, kept[1].debt_ratio),
        (time(4), dec("0.25"))
    );
}

#[test]
fn modes_and_leverages_are_settings_of_contracts() {
    let mut keeper = Keeper::new();
    let modes = r#"{"XBTUSDTM":"CROSS","ETHUSDTM":"ISOLATED"}"#;
    assert_eq!(
        keeper
            .v1(&config("/contract/marginMode", modes))
            .margin
            .len(),
        1
    );
    keeper.v1(&config(
        "/contract/crossLeverage",
        r#"{"XBTUSDTM":{"leverage":"8"}}"#,
    ));
    keeper.v1(&config(
        "/contract/crossLeverage",
        r#"{"ADAUSDTM":{"leverage":5}}"#,
    ));
    let expected = ["ADAUSDTM ? 5", "ETHUSDTM ISOLATED 0", "XBTUSDTM CROSS 8"];
    assert_eq!(settings(&keeper), expected);
    // Settings have no time: the last one counts, also if it is an earlier one again.
    for leverage in ["3", "8"] {
        let data = format!(r#"{{"XBTUSDTM":{{"leverage":"{leverage}"}}}}"#);
        let changes = keeper.v1(&config("/contract/crossLeverage", &data));
        assert_eq!(changes.margin.len(), 1);
    }
}

#[test]
fn rows_of_positions_set_what_their_topic_is_about() {
    let mut keeper = Keeper::new();
    keeper.row(position_row("/contract/marginMode", "ISOLATED"));
    assert_eq!(settings(&keeper), ["XBTUSDTM ISOLATED 0"]);
    keeper
        .row(position_row("/contract/crossLeverage", "ISOLATED"))
        .is_nothing();
    keeper.row(position_row("/contract/crossLeverage", "CROSS"));
    assert_eq!(settings(&keeper), ["XBTUSDTM ISOLATED 7"]);
    let mode = r#"{"symbol":"XBTUSDTM","marginMode":"CROSS"}"#;
    keeper.row(row(
        FUTURES,
        "/contract/marginMode",
        "/api/v2/position/getMarginMode",
        mode,
    ));
    let leverage = r#"{"symbol":"XBTUSDTM","leverage":"9"}"#;
    keeper.row(row(
        FUTURES,
        "/contract/crossLeverage",
        "/api/v2/getCrossUserLeverage",
        leverage,
    ));
    assert_eq!(settings(&keeper), ["XBTUSDTM CROSS 9"]);
    assert!(
        keeper
            .row(position_row("/contract/positionAll", "ISOLATED"))
            .margin
            .is_empty()
    );
}

#[test]
fn warning_is_ordered_by_time_then_push_time() {
    let mut keeper = Keeper::new();
    keeper.pro(&warning("MARGIN_CALL", "0.81", (5, 6)));
    let kept = unified(&keeper);
    assert_eq!(kept.warning.as_deref(), Some("MARGIN_CALL"));
    assert_eq!(
        (kept.equity, kept.adjusted_equity),
        (dec("1200"), dec("1000"))
    );
    assert_eq!(
        (kept.initial_margin, kept.maintenance_margin),
        (dec("840"), dec("812"))
    );
    assert_eq!(
        (kept.available_margin, kept.liability),
        (dec("160"), dec("200"))
    );
    assert_eq!(kept.updated_at, time(5));
    keeper
        .pro(&warning("REDUCE_ONLY", "0.86", (4, 9)))
        .is_nothing();
    keeper
        .pro(&warning("REDUCE_ONLY", "0.86", (5, 5)))
        .is_nothing();
    keeper.pro(&warning("REDUCE_ONLY", "0.86", (5, 7)));
    assert_eq!(unified(&keeper).risk_ratio, dec("0.86"));
}

#[test]
fn overview_overwrites_all_but_the_warning() {
    let mut keeper = Keeper::new();
    keeper.pro(&warning("MARGIN_CALL", "0.81", (5, 6)));
    let data = r#"{"accountType":"UNIFIED","riskRatio":"0.2","equity":"9","adjustedEquity":"8","liability":"1","availableMargin":"7","im":"3","mm":"2"}"#;
    keeper.row(row(PRO, "lw?tradeType=UNIFIED", OVERVIEW, data));
    let kept = unified(&keeper);
    assert_eq!((kept.risk_ratio, kept.equity), (dec("0.2"), dec("9")));
    assert_eq!(
        (kept.initial_margin, kept.maintenance_margin),
        (dec("3"), dec("2"))
    );
    assert_eq!(kept.warning.as_deref(), Some("MARGIN_CALL"));
}

#[test]
fn unified_leverages_are_those_of_cross_margin() {
    let mut keeper = Keeper::new();
    let push =
        |data: &str| format!(r#"{{"T":"leverage.UNIFIED","P":1781200003000000010,"d":{data}}}"#);
    keeper.pro(&push(
        r#"{"s":"XBTUSDTM","l":"5","mM":"CROSS","tT":"FUTURES"}"#,
    ));
    keeper.pro(&push(r#"{"c":"BTC","l":"3","mM":"CROSS","tT":"MARGIN"}"#));
    keeper
        .pro(&push(
            r#"{"s":"XBTUSDTM","l":"9","mM":"ISOLATED","tT":"FUTURES"}"#,
        ))
        .is_nothing();
    keeper.pro(&push(r#"{"s":"ETHUSDTM","l":"4"}"#));
    let data = r#"{"symbol":"KCSUSDTM","leverage":"6","marginMode":"CROSS"}"#;
    keeper.row(row(PRO, "leverage?tradeType=UNIFIED", LEVERAGE, data));
    let expected = ["BTC ? 3", "ETHUSDTM ? 4", "KCSUSDTM ? 6", "XBTUSDTM ? 5"];
    assert_eq!(settings(&keeper), expected);
}

/// Frames of several parts of the status with few different times, so that many are equal.
fn frames() -> impl Strategy<Value = Vec<(String, i64, Item)>> {
    let one = (0..5_usize, 0..6_i64);
    proptest::collection::vec(one, 1..24).prop_map(|picked| {
        let items = picked.into_iter().enumerate();
        let items = items.map(|(number, (part, at))| {
            let text = format!("STATUS_{number}");
            let item = match part {
                0 => Item::V1(ratio(&format!("0.{}", number + 1), "1", at)),
                1 => Item::V1(status(&text, at)),
                2 => Item::V1(isolated("BTC-USDT", &text, at)),
                3 => Item::V1(isolated("KCS-USDT", &text, at)),
                _ => Item::Pro(warning(&text, "0.9", (at / 2, at))),
            };
            (part.to_string(), at, item)
        });
        items.collect()
    })
}

fn kept(items: &[Item]) -> AccountMargin {
    let mut keeper = Keeper::new();
    for item in items {
        keeper.take(item);
    }
    margin(&keeper)
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
