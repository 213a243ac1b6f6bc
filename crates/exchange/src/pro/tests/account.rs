//! Balances, positions, settings and warnings, field by field.

use rust_decimal::Decimal;

use super::{Reported, decimal, of, value};
use crate::engine::futures::MarginMode;
use crate::engine::test_util::BUY_BTC;
use crate::engine::{Side, Wallet};

#[test]
fn balances_are_reported_per_account_and_unified() {
    let mut reported = Reported::new();
    let usdt = |amount: i64| Decimal::from(amount);
    reported
        .engine
        .borrow(Wallet::Margin, "USDT", usdt(500))
        .unwrap();
    let pushes = reported.all();
    let of = |topic| of(&pushes, topic);
    assert_eq!(
        of("balance.CROSS"),
        [
            "{\"c\":\"USDT\",\"e\":\"20000\",\"b\":\"20500\",\"a\":\"20500\",\"h\":\"0\",\"l\":\"500\",\
          \"U\":1765465341363000000}"
        ]
    );
    // 100,000 in spot, 20,500 in cross margin, 20,000 in futures.
    assert_eq!(
        of("balance.UNIFIED"),
        [
            "{\"c\":\"USDT\",\"e\":\"140000\",\"b\":\"140500\",\"a\":\"140500\",\"h\":\"0\",\
          \"U\":1765465341363000000,\"l\":\"500\"}"
        ]
    );
    reported.engine.deposit("KCS", usdt(5)).unwrap();
    assert_eq!(
        reported.on("balance.FUNDING"),
        ["{\"c\":\"KCS\",\"b\":\"5\",\"a\":\"5\",\"h\":\"0\",\"U\":\"1765465341363\"}"]
    );
    reported.engine.settle_interest();
    let interest = reported.all();
    let data = |topic: &str| value(&interest.iter().find(|push| push.0 == topic).unwrap().1);
    assert_eq!(data("balance.CROSS")["l"], "500.005");
    assert_eq!(data("balance.UNIFIED")["l"], "500.005");
    reported.engine.limit(BUY_BTC, "50000", "0.1").unwrap();
    let held = reported.all();
    let data = |topic: &str| value(&held.iter().find(|push| push.0 == topic).unwrap().1);
    assert_eq!(
        [&data("balance.SPOT")["h"], &data("balance.SPOT")["a"]],
        ["5005", "94995"]
    );
    assert_eq!(data("balance.UNIFIED")["h"], "5005");
}

#[test]
fn position_and_its_wallet_are_reported() {
    let mut reported = Reported::new();
    reported
        .engine
        .market_order((None, "XBTUSDTM", Side::Sell), "3")
        .unwrap();
    let pushes = reported.all();
    let last = |topic: &str| {
        let mut on = pushes.iter().filter(|push| push.0 == topic);
        value(&on.next_back().unwrap().1)
    };
    let position = last("position.FUTURES");
    assert_eq!(position, last("positionAll.UNIFIED"));
    let truth = reported.engine.position("XBTUSDTM").unwrap();
    let expected = [
        ("q", "-3".to_owned()),
        ("eP", truth.average_entry.normalize().to_string()),
        ("uPL", truth.unrealised_pnl.normalize().to_string()),
        ("rPL", truth.realised_pnl().normalize().to_string()),
        ("lP", truth.liquidation_price.normalize().to_string()),
        ("mM", "CROSS".to_owned()),
        ("l", "10".to_owned()),
    ];
    for (key, expected) in expected {
        assert_eq!(position[key], *expected, "{key}");
    }
    assert!(position["U"].is_u64() && position["O"].is_u64() && position["pi"].is_string());
    let wallet = reported.engine.futures_wallet(crate::SettleCurrency::Usdt);
    let balance = last("balance.FUTURES");
    assert_eq!(balance["e"], wallet.equity().normalize().to_string());
    assert_eq!(balance["E"], wallet.version);
    let unified = last("balance.UNIFIED");
    let equity = wallet.equity() + Decimal::from(120_000);
    assert_eq!(unified["e"], equity.normalize().to_string());
}

#[test]
fn settings_are_reported_with_two_decimals() {
    let mut reported = Reported::new();
    let engine = &mut reported.engine;
    engine.set_leverage("XBTUSDTM", decimal("12.5")).unwrap();
    engine
        .set_margin_mode("XBTUSDTM", MarginMode::Isolated)
        .unwrap();
    let pushes = reported.all();
    let expected = [
        (
            "leverage.UNIFIED",
            r#"{"s":"XBTUSDTM","l":"12.50","mM":"CROSS","tT":"FUTURES"}"#,
        ),
        ("leverage.FUTURES", r#"{"s":"XBTUSDTM","l":"12.50"}"#),
        (
            "leverage.UNIFIED",
            r#"{"s":"XBTUSDTM","l":"10.00","mM":"ISOLATED","tT":"FUTURES"}"#,
        ),
        ("leverage.FUTURES", r#"{"s":"XBTUSDTM","l":"10.00"}"#),
    ];
    let pushes: Vec<(&str, &str)> = pushes.iter().map(|push| (push.0, &*push.1)).collect();
    assert_eq!(pushes, expected);
}

#[test]
fn liquidation_has_a_warning_and_no_order() {
    let mut reported = Reported::new();
    let engine = &mut reported.engine;
    engine
        .market_order((None, "ETHUSDTM", Side::Buy), "100")
        .unwrap();
    reported.all();
    let price = reported.engine.position("ETHUSDTM").unwrap();
    let (entry, end) = (price.average_entry, price.liquidation_price);
    let mut levels = Vec::new();
    let mut last = Vec::new();
    for step in 1..=200 {
        let mark = (entry + (end - entry) * Decimal::new(step, 2) * decimal("0.55")).round_dp(3);
        if reported.engine.position("ETHUSDTM").unwrap().quantity == 0 {
            break;
        }
        reported.engine.set_mark_price("ETHUSDTM", mark).unwrap();
        last = reported.all();
        let warnings = last.iter().filter(|push| push.0 == "lw.UNIFIED");
        levels.extend(warnings.map(|push| value(&push.1)["eT"].as_str().unwrap().to_owned()));
    }
    assert_eq!(levels.last().unwrap(), "FORCE_LIQUIDATION");
    assert!(
        levels.windows(2).all(|pair| pair[0] != pair[1]),
        "{levels:?}"
    );
    let execution = last
        .iter()
        .find(|push| push.0 == "execution.UNIFIED")
        .unwrap();
    let execution = value(&execution.1);
    assert_eq!(
        [&execution["oi"], &execution["fT"], &execution["oT"]],
        ["0", "LIQUID", ""]
    );
    assert!(!last.iter().any(|push| push.0.starts_with("order")));
    let position = last
        .iter()
        .rfind(|push| push.0 == "position.UNIFIED")
        .unwrap();
    assert_eq!(value(&position.1)["q"], "0");
}

#[test]
fn debt_warning_is_for_the_unified_account_only() {
    let mut reported = Reported::new();
    let engine = &mut reported.engine;
    for (currency, amount) in [("BTC", Decimal::ONE), ("ETH", Decimal::from(5))] {
        engine
            .transfer((Wallet::Margin, Wallet::Main), currency, amount)
            .unwrap();
    }
    engine
        .borrow(Wallet::Margin, "BTC", decimal("0.8"))
        .unwrap();
    let place = (Some(Wallet::Margin), "BTC-USDT", Side::Sell);
    engine.market_order(place, "0.8").unwrap();
    reported.all();
    reported.engine.price("BTC-USDT", "82000");
    let pushes = reported.all();
    let warnings: Vec<_> = pushes
        .iter()
        .filter(|push| push.0.starts_with("lw."))
        .collect();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].0, "lw.UNIFIED");
    let warning = value(&warnings[0].1);
    let ratio = decimal(warning["r"].as_str().unwrap());
    assert!(ratio >= decimal("0.8") && ratio < Decimal::ONE, "{ratio}");
    assert_eq!(warning["l"], "65600");
}
