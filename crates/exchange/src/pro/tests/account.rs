//! Balances, positions, settings and warnings, field by field.

use rust_decimal::Decimal;

use super::{NOW, Told, decimal, value};
use crate::engine::futures::{MarginMode, NewOrder};
use crate::engine::{Side, Wallet};

const BUY_BTC: (Wallet, &str, Side) = (Wallet::Trade, "BTC-USDT", Side::Buy);

#[test]
fn balances_are_told_by_account_and_together() {
    let mut told = Told::new();
    let usdt = |amount: i64| Decimal::from(amount);
    told.engine
        .borrow(NOW, (Wallet::Margin, "USDT"), usdt(500))
        .unwrap();
    let pushes = told.all();
    let of = |topic: &str| -> Vec<String> {
        let on = pushes.iter().filter(|push| push.0 == topic);
        on.map(|push| push.1.clone()).collect()
    };
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
    told.engine.deposit(NOW, "KCS", usdt(5)).unwrap();
    assert_eq!(
        told.on("balance.FUNDING"),
        ["{\"c\":\"KCS\",\"b\":\"5\",\"a\":\"5\",\"h\":\"0\",\"U\":\"1765465341363\"}"]
    );
    told.engine.settle_interest(NOW);
    let interest = told.all();
    let data = |topic: &str| value(&interest.iter().find(|push| push.0 == topic).unwrap().1);
    assert_eq!(data("balance.CROSS")["l"], "500.005");
    assert_eq!(data("balance.UNIFIED")["l"], "500.005");
    let order = (decimal("50000"), decimal("0.1"));
    told.engine.place_limit(NOW, BUY_BTC, order, None).unwrap();
    let held = told.all();
    let data = |topic: &str| value(&held.iter().find(|push| push.0 == topic).unwrap().1);
    assert_eq!(
        [&data("balance.SPOT")["h"], &data("balance.SPOT")["a"]],
        ["5005", "94995"]
    );
    assert_eq!(data("balance.UNIFIED")["h"], "5005");
}

fn market(symbol: &str, side: Side, size: i64) -> NewOrder<'_> {
    NewOrder {
        symbol,
        side,
        price: None,
        size,
        client_oid: None,
        origin: None,
    }
}

#[test]
fn a_position_and_its_wallet_are_told() {
    let mut told = Told::new();
    told.engine
        .with_futures(NOW, |futures| {
            futures.place(market("XBTUSDTM", Side::Sell, 3))
        })
        .unwrap();
    let pushes = told.all();
    let last = |topic: &str| {
        let mut on = pushes.iter().filter(|push| push.0 == topic);
        value(&on.next_back().unwrap().1)
    };
    let position = last("position.FUTURES");
    assert_eq!(position, last("positionAll.UNIFIED"));
    let truth = told.engine.futures().position("XBTUSDTM").unwrap();
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
    let wallet = told.engine.futures().wallet(crate::SettleCurrency::Usdt);
    let balance = last("balance.FUTURES");
    assert_eq!(balance["e"], wallet.equity().normalize().to_string());
    assert_eq!(balance["E"], wallet.version);
    let unified = last("balance.UNIFIED");
    let equity = wallet.equity() + Decimal::from(120_000);
    assert_eq!(unified["e"], equity.normalize().to_string());
}

#[test]
fn settings_are_told_with_two_decimals() {
    let mut told = Told::new();
    let engine = &mut told.engine;
    engine
        .with_futures(NOW, |futures| {
            futures.set_leverage("XBTUSDTM", decimal("12.5"))
        })
        .unwrap();
    engine
        .with_futures(NOW, |futures| {
            futures.set_margin_mode("XBTUSDTM", MarginMode::Isolated)
        })
        .unwrap();
    let pushes = told.all();
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
fn a_liquidation_is_warned_of_and_has_no_order() {
    let mut told = Told::new();
    let engine = &mut told.engine;
    engine
        .with_futures(NOW, |futures| {
            futures.place(market("ETHUSDTM", Side::Buy, 100))
        })
        .unwrap();
    told.all();
    let price = told.engine.futures().position("ETHUSDTM").unwrap();
    let (entry, end) = (price.average_entry, price.liquidation_price);
    let mut levels = Vec::new();
    let mut last = Vec::new();
    for step in 1..=200 {
        let mark = (entry + (end - entry) * Decimal::new(step, 2) * decimal("0.55")).round_dp(3);
        if told.engine.futures().position("ETHUSDTM").unwrap().quantity == 0 {
            break;
        }
        told.engine
            .with_futures(NOW, |futures| futures.set_mark_price("ETHUSDTM", mark))
            .unwrap();
        last = told.all();
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
fn a_debt_is_warned_of_on_the_unified_account_only() {
    let mut told = Told::new();
    let engine = &mut told.engine;
    for (currency, amount) in [("BTC", Decimal::ONE), ("ETH", Decimal::from(5))] {
        engine
            .transfer(NOW, (Wallet::Margin, Wallet::Main), currency, amount)
            .unwrap();
    }
    let short = decimal("0.8");
    engine.borrow(NOW, (Wallet::Margin, "BTC"), short).unwrap();
    let place = (Wallet::Margin, "BTC-USDT", Side::Sell);
    engine.place_market(NOW, place, short, None).unwrap();
    told.all();
    told.engine
        .set_price(NOW, "BTC-USDT", Decimal::from(82_000))
        .unwrap();
    let pushes = told.all();
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
