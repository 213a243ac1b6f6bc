//! Balances, risk, leverage and mode.

use super::*;
use crate::SettleCurrency;
use crate::fault::LiquidationLevel;

/// Returns the rows of all accounts, by subtype and currency.
fn balances(pushed: &mut Pushed, target: &str) -> BTreeMap<(String, String), Value> {
    let data = pushed.get(target);
    let accounts = data["accounts"].as_array().unwrap();
    let rows = accounts.iter().flat_map(|account| {
        let subtype = account["accountSubtype"].as_str().unwrap_or_default();
        let rows = account["currencies"].as_array().unwrap().iter();
        rows.map(|row| ((subtype.to_owned(), text(&row["currency"])), row.clone()))
    });
    rows.collect()
}

#[test]
fn unified_balance_has_ten_decimals_and_the_time_of_the_reply() {
    let mut pushed = Pushed::new();
    pushed.after(3, |engine| engine.limit(BUY_BTC, "60000", "0.01").unwrap());
    let data = pushed.get("unified/account/balance");
    assert_eq!(
        (&data["accountType"], &data["ts"]),
        (&"UNIFIED".into(), &(NOW + 3).into())
    );
    let rows = balances(&mut pushed, "unified/account/balance");
    let usdt = &rows[&(String::new(), "USDT".to_owned())];
    let expected = serde_json::json!({
        "currency": "USDT", "equity": "140000.0000000000", "hold": "600.6000000000", "balance": "140000.0000000000",
        "available": "139399.4000000000", "liability": "0.0000000000",
    });
    assert_eq!(*usdt, expected);
    let currencies: Vec<&str> = rows.keys().map(|key| &*key.1).collect();
    assert_eq!(currencies, ["BTC", "ETH", "KCS", "SOL", "USDT", "XBT"]);
}

#[test]
fn balances_are_as_last_pushed() {
    let mut pushed = Pushed::busy(3_000);
    // A wallet is not pushed if only mark prices move, so each is made to change once more.
    pushed.after(1, |engine| {
        for currency in SettleCurrency::ALL {
            engine.deposit_futures(currency, Decimal::ONE).unwrap();
        }
    });
    for (target, topic) in [
        ("unified/account/balance", "balance.UNIFIED"),
        ("account/balance?accountType=SPOT", "balance.SPOT"),
        ("account/balance?accountType=CROSS", "balance.CROSS"),
        ("account/balance?accountType=FUNDING", "balance.FUNDING"),
    ] {
        let last = pushed.last_by(topic, "c");
        assert!(!last.is_empty(), "{topic}");
        let rows = balances(&mut pushed, target);
        for (currency, push) in last {
            let row = &rows[&(String::new(), currency)];
            for (key, pushed) in [
                ("equity", "e"),
                ("balance", "b"),
                ("available", "a"),
                ("hold", "h"),
                ("liability", "l"),
            ] {
                assert_eq!(
                    row.get(key).map(amount),
                    push.get(pushed).map(amount),
                    "{key} of {row} and {push}"
                );
            }
        }
    }
    let last = pushed.last_by("balance.FUTURES", "c");
    for ((subtype, currency), row) in balances(&mut pushed, "account/balance?accountType=FUTURES") {
        assert_eq!(subtype, currency);
        let keys = [
            ("equity", "e"),
            ("balance", "b"),
            ("available", "a"),
            ("locked", "h"),
            ("totalCrossMargin", "tCM"),
            ("crossPosMargin", "cPM"),
            ("crossOrderMargin", "cOM"),
            ("crossUnPnl", "cUP"),
            ("isolatedPosMargin", "iPM"),
            ("isolatedOrderMargin", "iOM"),
            ("isolatedUnPnl", "iUP"),
            ("isolatedFundingFeeMargin", "iFF"),
        ];
        same(&row, &last[&currency], &keys);
    }
}

#[test]
fn isolated_balances_are_grouped_by_symbol() {
    let mut pushed = Pushed::new();
    let wallet = Wallet::Isolated("ETH-USDT");
    pushed.after(1, |engine| {
        engine.borrow(wallet, "USDT", decimal("100")).unwrap()
    });
    let rows = balances(&mut pushed, "account/balance?accountType=ISOLATED");
    let place = ("ETH-USDT".to_owned(), "USDT".to_owned());
    let row = &rows[&place];
    assert_eq!(amount(&row["balance"]), decimal("2100"));
    assert_eq!(amount(&row["liability"]), decimal("100"));
    assert_eq!(amount(&row["equity"]), decimal("2000"));
    assert_eq!(rows.len(), 7, "{rows:?}");
}

#[test]
fn overview_has_the_risk_that_warnings_push() {
    let mut pushed = Pushed::new();
    let keys = [
        ("riskRatio", "r"),
        ("equity", "e"),
        ("adjustedEquity", "a"),
        ("liability", "l"),
        ("availableMargin", "aM"),
        ("im", "iM"),
        ("mm", "mM"),
    ];
    let id = pushed.after(1, |engine| engine.limit(BUY_XBT, "67400", "2000").unwrap());
    pushed.after(1, |engine| engine.fill(&id, "2000"));
    pushed.after(1, |engine| {
        engine
            .borrow(Wallet::Margin, "USDT", decimal("1000"))
            .unwrap()
    });
    for mark in ["66000", "59000", "58000"] {
        pushed.after(1, |engine| engine.mark("XBTUSDTM", mark));
        let level = LiquidationLevel::MarginCall;
        let warned = pushed.renderer.warn(level, pushed.account.now_ms);
        let push = serde_json::from_str(&warned[0].data).unwrap();
        let row = pushed.get("unified/account/overview");
        same(&row, &push, &keys);
        assert_ne!(row["riskRatio"], "0");
    }
}

#[test]
fn overview_without_risk_is_the_whole_account() {
    let mut pushed = Pushed::new();
    let engine = &pushed.account.engine;
    let coins = [
        ("BTC", "3.5"),
        ("ETH", "35"),
        ("SOL", "600"),
        ("KCS", "8000"),
    ];
    let coins = coins.map(|(currency, held)| engine.price_of(currency) * decimal(held));
    let equity = decimal("140000") + coins.iter().sum::<Decimal>();
    let row = pushed.get("unified/account/overview");
    for (key, expected) in [
        ("equity", equity),
        ("adjustedEquity", equity),
        ("availableMargin", equity),
        ("riskRatio", Decimal::ZERO),
        ("liability", Decimal::ZERO),
        ("im", Decimal::ZERO),
        ("mm", Decimal::ZERO),
    ] {
        assert_eq!(amount(&row[key]), expected, "{key}");
    }
}

#[test]
fn leverage_is_as_pushed() {
    let mut pushed = Pushed::new();
    pushed.after(1, |engine| {
        engine.set_leverage("XBTUSDTM", decimal("20")).unwrap()
    });
    pushed.after(1, |engine| {
        engine.set_leverage("ETHUSDTM", decimal("7.5")).unwrap()
    });
    let futures = "unified/account/leverage?tradeType=FUTURES&marginMode=";
    let cross = pushed.get(&format!("{futures}CROSS"));
    let expected =
        serde_json::json!({"symbol": "XBTUSDTM", "leverage": "20", "marginMode": "CROSS"});
    assert_eq!(cross[0], expected);
    let isolated = pushed.get(&format!("{futures}ISOLATED&symbol=ETHUSDTM"));
    assert_eq!(
        (isolated.as_array().unwrap().len(), &isolated[0]["leverage"]),
        (1, &"7.5".into())
    );
    for push in pushed.on("leverage.UNIFIED") {
        let row = match push["s"] == "XBTUSDTM" {
            true => &cross[0],
            false => &isolated[0],
        };
        same(row, push, &[("symbol", "s"), ("marginMode", "mM")]);
        assert_eq!(amount(&row["leverage"]), amount(&push["l"]));
    }
    assert_eq!(pushed.on("leverage.UNIFIED").count(), 2);
    let margin = "unified/account/leverage?tradeType=MARGIN&currency=BTC&marginMode=";
    for (mode, leverage) in [("CROSS", "5"), ("ISOLATE", "10")] {
        let rows = pushed.get(&format!("{margin}{mode}"));
        assert_eq!(
            (&rows[0]["currency"], &rows[0]["leverage"]),
            (&"BTC".into(), &leverage.into())
        );
    }
}

#[test]
fn mode_is_the_one_that_paths_are_refused_for() {
    let mut pushed = Pushed::new();
    for (mode, word) in [
        (AccountMode::Unified, "UNIFIED"),
        (AccountMode::Classic, "CLASSIC"),
    ] {
        pushed.account.account_mode = mode;
        let expected = format!(
            r#"{{"selfAccountMode":"{word}","unifiedSubAccount":[],"classicSubAccount":[]}}"#
        );
        assert_eq!(pushed.text("account/mode").unwrap(), expected);
    }
}
