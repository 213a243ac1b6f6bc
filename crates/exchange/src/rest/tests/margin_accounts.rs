//! State of the margin accounts.

use super::*;
use crate::v1::render;

const CROSS: &str = "/api/v3/margin/accounts?queryType=MARGIN_V2";
const ISOLATED: &str = "/api/v3/isolated/accounts?queryType=ISOLATED_V2";
const BTC_USDT: Wallet = Wallet::Isolated("BTC-USDT");

fn borrow(account: &mut Account, wallet: Wallet, currency: &str, amount: &str) {
    let amount = decimal(amount);
    let borrowed = account.after(1, |engine| engine.borrow(wallet, currency, amount));
    borrowed.unwrap();
}

#[test]
fn default_is_the_empty_low_frequency_account() {
    let mut account = Account::new();
    borrow(&mut account, Wallet::Margin, "USDT", "100");
    let cross = r#"{"totalAssetOfQuoteCurrency":"0","totalLiabilityOfQuoteCurrency":"0","debtRatio":"0","status":"EFFECTIVE","accounts":[]}"#;
    let isolated = format!(
        r#"{{"totalAssetOfQuoteCurrency":"0","totalLiabilityOfQuoteCurrency":"0","timestamp":{},"assets":[]}}"#,
        NOW + 1
    );
    for (path, kind, expected) in [
        ("/api/v3/margin/accounts", "MARGIN", cross),
        ("/api/v3/isolated/accounts", "ISOLATED", &*isolated),
    ] {
        assert_eq!(account.text(path).as_deref(), Ok(expected));
        assert_eq!(
            account.text(&format!("{path}?queryType={kind}")).as_deref(),
            Ok(expected)
        );
        let all = account.text(&format!("{path}?queryType=ALL"));
        let new = account.text(&format!("{path}?queryType={kind}_V2"));
        assert_eq!(all, new);
        assert_ne!(all.as_deref(), Ok(expected));
    }
}

#[test]
fn cross_account_in_bitcoin_is_the_one_that_was_pushed() {
    let mut account = Account::new();
    account.after(1, |engine| engine.price("BTC-USDT", "64000"));
    account.now_ms += 1;
    let engine = account.engine.at(account.now_ms);
    engine
        .borrow(Wallet::Margin, "USDT", decimal("400"))
        .unwrap();
    engine.settle_interest();
    let events = account.publish();
    let mut pushes = events.iter().flat_map(|event| render::pushes(event, NOW));
    let push = pushes.rfind(|push| push.topic == "/margin/position");
    let pushed = push.unwrap().data;
    let push: Value = serde_json::from_str(&pushed).unwrap();
    let data = account.get(&format!("{CROSS}&quoteCurrency=BTC"));
    let assets = text(&data["totalAssetOfQuoteCurrency"]);
    assert!(pushed.contains(&format!(r#""totalAsset":{assets},"#)));
    assert_eq!(data["totalLiabilityOfQuoteCurrency"], push["totalDebt"]);
    assert_eq!(text(&data["debtRatio"]), push["debtRatio"].to_string());
    let accounts = data["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 3);
    for row in accounts {
        let currency = text(&row["currency"]);
        for key in ["total", "available", "hold"] {
            assert_eq!(
                row[key], push["assetList"][&currency][key],
                "{currency} {key}"
            );
        }
        assert_eq!(row["liability"], push["debtList"][&currency]);
    }
}

#[test]
fn cross_account_has_the_fields_of_kucoin() {
    let mut account = Account::new();
    account.after(1, |engine| {
        for (currency, size) in [("BTC", "1"), ("ETH", "5")] {
            let wallets = (Wallet::Margin, Wallet::Main);
            engine.transfer(wallets, currency, decimal(size)).unwrap();
        }
    });
    borrow(&mut account, Wallet::Margin, "USDT", "400");
    account.after(1, Engine::settle_interest);
    let zero = |currency: &str, most: &str| {
        format!(
            r#"{{"currency":"{currency}","total":"0","available":"0","hold":"0","liability":"0","liabilityPrincipal":"0","liabilityInterest":"0","maxBorrowSize":"{most}","borrowEnabled":true,"transferInEnabled":true}}"#
        )
    };
    // Debts may grow up to 0.8 of the assets: (20 400 * 0.8 - 400.004) / 0.2.
    let most = account.engine.max_borrow(Wallet::Margin, "USDT");
    assert_eq!(most, decimal("79599.98"));
    let [btc, eth] = ["BTC", "ETH"].map(|currency| {
        let most = account
            .engine
            .max_borrow(Wallet::Margin, currency)
            .normalize();
        zero(currency, &most.to_string())
    });
    let expected = format!(
        r#"{{"totalAssetOfQuoteCurrency":"20400","totalLiabilityOfQuoteCurrency":"400.004","debtRatio":"0.01960804","status":"EFFECTIVE","accounts":[{btc},{eth},{{"currency":"USDT","total":"20400","available":"20400","hold":"0","liability":"400.004","liabilityPrincipal":"400","liabilityInterest":"0.004","maxBorrowSize":"79599.98","borrowEnabled":true,"transferInEnabled":true}}]}}"#
    );
    assert_eq!(account.text(CROSS).unwrap(), expected);
}

#[test]
fn totals_are_in_the_quote_currency() {
    let mut account = Account::new();
    account.after(1, |engine| {
        engine.price("BTC-USDT", "50000");
        engine.price("KCS-USDT", "10");
    });
    borrow(&mut account, BTC_USDT, "BTC", "0.01");
    let mut total = |query: &str| {
        let data = account.get(query);
        ["totalAssetOfQuoteCurrency", "totalLiabilityOfQuoteCurrency"].map(|key| text(&data[key]))
    };
    let one = format!("{ISOLATED}&symbol=BTC-USDT");
    assert_eq!(total(&one), ["4500", "500"]);
    assert_eq!(total(&format!("{one}&quoteCurrency=KCS")), ["450", "50"]);
    assert_eq!(total(&format!("{one}&quoteCurrency=BTC")), ["0.09", "0.01"]);
    let cross = total(&format!("{CROSS}&quoteCurrency=BTC"));
    let valuation = account.engine.valuation(Wallet::Margin);
    assert_eq!(decimal(&cross[0]) * decimal("50000"), valuation.assets);
}

#[test]
fn isolated_accounts_have_one_row_per_symbol() {
    let mut account = Account::new();
    borrow(&mut account, BTC_USDT, "USDT", "1000");
    let data = account.get(ISOLATED);
    assert_eq!(data["timestamp"], account.now_ms);
    let assets = data["assets"].as_array().unwrap();
    let symbols: Vec<&Value> = assets.iter().map(|row| &row["symbol"]).collect();
    assert_eq!(symbols, crate::SYMBOLS);
    let states = assets
        .iter()
        .map(|row| (text(&row["status"]), text(&row["debtRatio"])));
    let states: Vec<_> = states.collect();
    let clear = ("CLEAR".to_owned(), "0".to_owned());
    let debt = ("DEBT".to_owned(), "0.2".to_owned());
    assert_eq!(states, [debt, clear.clone(), clear.clone(), clear]);
    assert_eq!(assets[0]["quoteAsset"]["liability"], "1000");
    assert_eq!(assets[0]["baseAsset"]["currency"], "BTC");
    let quote = (
        &assets[1]["quoteAsset"]["total"],
        &assets[1]["baseAsset"]["total"],
    );
    assert_eq!(quote, (&"2000".into(), &"1".into()));
    let one = account.get(&format!("{ISOLATED}&symbol=ETH-USDT"));
    assert_eq!(one["assets"], Value::Array(vec![assets[1].clone()]));
    let repaid = account.after(1, |engine| engine.repay(BTC_USDT, "USDT", decimal("1000")));
    repaid.unwrap();
    assert_eq!(account.get(ISOLATED)["assets"][0]["status"], "CLEAR");
}

#[test]
fn maximum_borrow_size_can_be_borrowed_and_no_more() {
    let mut account = Account::new();
    for _ in 0..600 {
        account.after(3, Engine::step);
    }
    let increment = decimal("0.00000001");
    let wallets = [
        (Wallet::Margin, "USDT"),
        (Wallet::Margin, "ETH"),
        (BTC_USDT, "BTC"),
    ];
    for (wallet, currency) in wallets {
        let data = match wallet {
            Wallet::Margin => account.get(CROSS)["accounts"].clone(),
            _ => {
                let one = account.get(&format!("{ISOLATED}&symbol=BTC-USDT"));
                Value::Array(vec![one["assets"][0]["baseAsset"].clone()])
            }
        };
        let rows = data.as_array().unwrap();
        let row = rows.iter().find(|row| row["currency"] == currency).unwrap();
        let most = amount(&row["maxBorrowSize"]);
        assert!(most > Decimal::ZERO, "{row}");
        let engine = &mut account.engine;
        engine
            .borrow(wallet, currency, most + increment)
            .unwrap_err();
        engine.borrow(wallet, currency, most).unwrap();
        let left = engine.max_borrow(wallet, currency);
        assert!(left <= increment, "{wallet} {currency}: {left} left");
        engine.repay(wallet, currency, most).unwrap();
        account.publish();
    }
}

#[test]
fn status_shows_the_debt_limits_of_the_cross_account() {
    let mut account = Account::new();
    account.after(1, |engine| {
        let out = (Wallet::Margin, Wallet::Main);
        engine.transfer(out, "USDT", decimal("20000")).unwrap();
        engine.transfer(out, "ETH", decimal("5")).unwrap();
        engine.price("BTC-USDT", "60000");
        engine
            .borrow(Wallet::Margin, "USDT", decimal("60000"))
            .unwrap();
        let wallets = (Wallet::Margin, Wallet::Main);
        engine.transfer(wallets, "USDT", decimal("10000")).unwrap();
    });
    for (price, status) in [
        ("60000", "EFFECTIVE"),
        ("11000", "LIQUIDATION"),
        ("9000", "BANKRUPTCY"),
        ("50000", "EFFECTIVE"),
    ] {
        account.after(1, |engine| engine.price("BTC-USDT", price));
        assert_eq!(account.get(CROSS)["status"], status, "{price}");
    }
}

#[test]
fn parameters_of_margin_accounts_are_checked() {
    let mut account = Account::new();
    for (target, message) in [
        (
            "/api/v3/margin/accounts?queryType=ISOLATED_V2",
            "queryType must be one of MARGIN,",
        ),
        (
            "/api/v3/isolated/accounts?queryType=MARGIN_V2",
            "queryType must be one of ISOLATED,",
        ),
        (
            "/api/v3/margin/accounts?quoteCurrency=ETH",
            "quoteCurrency must be one of",
        ),
        (
            "/api/v3/isolated/accounts?symbol=XYZ",
            "symbol does not exist",
        ),
    ] {
        let refused = account.text(target).unwrap_err();
        assert!(refused.contains(message), "{target}: {refused}");
    }
}
