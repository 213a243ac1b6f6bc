//! Bookings, and how they add up to the balances.

use super::*;
use crate::SettleCurrency;

/// Returns the amount with the sign of its direction.
fn signed(row: &Value) -> Decimal {
    match row["direction"] == "IN" {
        true => amount(&row["amount"]),
        false => -amount(&row["amount"]),
    }
}

/// Checks that each balance is the previous one plus the amount; returns the balances before the oldest row.
fn chain(rows: &[Value], mut now: BTreeMap<String, Decimal>) -> BTreeMap<String, Decimal> {
    for row in rows {
        let balance = now.get_mut(&text(&row["currency"])).unwrap();
        assert_eq!(amount(&row["balance"]), *balance, "{row}");
        *balance -= signed(row);
    }
    now
}

#[test]
fn fills_and_transfers_have_the_words_of_kucoin() {
    let mut pushed = Pushed::new();
    let id = pushed.after(1, |engine| engine.limit(BUY_XBT, "67400", "10").unwrap());
    pushed.after(1, |engine| engine.fill(&id, "10"));
    let id = pushed.after(1, |engine| engine.limit(SELL_XBT, "67500", "4").unwrap());
    pushed.after(1, |engine| engine.fill(&id, "4"));
    pushed.after(1, |engine| {
        engine
            .settle_funding("XBTUSDTM", decimal("-0.001"))
            .unwrap()
    });
    let usdt = SettleCurrency::Usdt;
    pushed.after(1, |engine| {
        engine.deposit_futures(usdt, decimal("5")).unwrap()
    });
    let spot = pushed.after(1, |engine| engine.limit(BUY_BTC, "60000", "0.01").unwrap());
    pushed.after(1, |engine| engine.fill(&spot, "0.01"));
    let rows = pushed.get("account/ledger?accountType=UNIFIED")["items"].clone();
    let words = |row: &Value| {
        let keys = ["currency", "direction", "businessType", "amount", "fee"];
        keys.map(|key| text(&row[key])).join(" ")
    };
    let words: Vec<String> = rows.as_array().unwrap().iter().map(words).collect();
    let funding = pushed.get("position/funding-history")["items"][0]["fundingFee"].clone();
    assert_eq!(
        words,
        [
            "BTC IN SPOT_EXCHANGE 0.01 0".to_owned(),
            "USDT OUT SPOT_EXCHANGE 600.48 0.48".to_owned(),
            "USDT IN TRANSFER 5 0".to_owned(),
            format!("USDT IN FUNDING_FEE {} 0", text(&funding)),
            // 0.4 profit less the fee.
            "USDT IN FUTURES_EXCHANGE_CLOSE 0.346 0.054".to_owned(),
            "USDT OUT FUTURES_EXCHANGE_OPEN 0.1348 0.1348".to_owned(),
        ]
    );
    let oldest = &rows[5];
    let time = (NOW + 2) * 1_000_000;
    let expected = serde_json::json!({
        "accountType": "UNIFIED", "id": oldest["id"], "currency": "USDT", "direction": "OUT",
        "businessType": "FUTURES_EXCHANGE_OPEN", "amount": "0.1348", "balance": "139999.8652", "fee": "0.1348",
        "tax": "0", "remark": "", "ts": time,
    });
    assert_eq!(*oldest, expected);
}

#[test]
fn filters_select_bookings() {
    let mut pushed = Pushed::busy(300);
    let all = pushed.all("account/ledger?accountType=UNIFIED");
    let matching = |test: &dyn Fn(&Value) -> bool| all.iter().filter(|row| test(row)).count();
    for (filter, count) in [
        ("direction=IN", matching(&|row| row["direction"] == "IN")),
        (
            "currency=BTC,ETH",
            matching(&|row| row["currency"] == "BTC" || row["currency"] == "ETH"),
        ),
        (
            "businessType=SPOT_EXCHANGE",
            matching(&|row| row["businessType"] == "SPOT_EXCHANGE"),
        ),
        ("startAt=1&endAt=2", 0),
    ] {
        let found = pushed.all(&format!("account/ledger?accountType=UNIFIED&{filter}"));
        assert_eq!(found.len(), count, "{filter}");
        assert!(count < all.len());
    }
}

#[test]
fn unified_bookings_add_up_to_the_pushed_balances() {
    let mut pushed = Pushed::busy(3_000);
    let rows = pushed.all("account/ledger?accountType=UNIFIED");
    assert!(rows.len() > 500, "{}", rows.len());
    let last = pushed.last_by("balance.UNIFIED", "c");
    let now = last
        .into_iter()
        .map(|(currency, push)| (currency, amount(&push["b"])));
    let opening = chain(&rows, now.collect());
    let expected = [
        ("BTC", "3"),
        ("ETH", "35"),
        ("KCS", "8000"),
        ("SOL", "600"),
        ("USDT", "140000"),
        ("XBT", "0.5"),
    ];
    let expected = expected.map(|(currency, held)| (currency.to_owned(), decimal(held)));
    assert_eq!(opening, BTreeMap::from(expected));
    let mut pushes = pushed
        .on("balance.UNIFIED")
        .map(|push| (&push["c"], amount(&push["b"]), &push["U"]));
    for row in rows.iter().rev() {
        // Holds and loans are pushed too, but each booking has a push with its balance and time.
        let booked = (&row["currency"], amount(&row["balance"]), &row["ts"]);
        assert!(
            pushes.any(|push| push == booked),
            "no push has the balance of {row}"
        );
    }
}

#[test]
fn classic_bookings_are_arrays_that_continue_at_the_last_row() {
    let mut pushed = Pushed::busy(2_000);
    for (account_type, wallet) in [
        ("SPOT", Some(Wallet::Trade)),
        ("CROSS", Some(Wallet::Margin)),
        ("FUNDING", Some(Wallet::Main)),
        ("FUTURES", None),
    ] {
        let mut rows: Vec<Value> = Vec::new();
        loop {
            let last = rows.last().map_or(String::new(), |row| text(&row["id"]));
            let page = pushed.get(&format!(
                "account/ledger?accountType={account_type}&pageSize=20&lastId={last}"
            ));
            let page = page.as_array().cloned().unwrap();
            let ends = page.len() < 20;
            rows.extend(page);
            if ends {
                break;
            }
        }
        assert!(rows.iter().all(|row| row["accountType"] == account_type));
        assert!(!rows.is_empty(), "{account_type}");
        let engine = &pushed.account.engine;
        let now = rows.iter().map(|row| {
            let currency = text(&row["currency"]);
            let settle = SettleCurrency::ALL
                .into_iter()
                .find(|known| known.as_str() == currency);
            let total = match wallet {
                Some(wallet) => engine.balance(wallet, &currency).total(),
                None => engine.futures_wallet(settle.unwrap()).balance,
            };
            (currency, total)
        });
        chain(&rows, now.collect());
    }
}

#[test]
fn hidden_bookings_count_in_the_balances_of_visible_ones() {
    let delays = Delays {
        lag_ms: (0, 3_000),
        ..Delays::default()
    };
    let mut pushed = Pushed::of(Account::with(delays, DEFAULT_ROWS));
    for _ in 0..40 {
        pushed.after(1, |engine| engine.market_order(BUY_BTC, "0.001").unwrap());
    }
    let list = "account/ledger?accountType=UNIFIED&currency=BTC&pageSize=200";
    let early: Vec<Value> = pushed.get(list)["items"].as_array().cloned().unwrap();
    pushed.account.now_ms += 3_000;
    let late: Vec<Value> = pushed.get(list)["items"].as_array().cloned().unwrap();
    assert!(early.len() < late.len(), "{} {}", early.len(), late.len());
    assert!(early.iter().all(|row| late.contains(row)));
    assert_eq!(amount(&late[0]["balance"]), decimal("3.04"));
}

#[test]
fn bookings_are_listed_7_days() {
    let mut pushed = Pushed::new();
    pushed.after(1, |engine| engine.deposit("USDT", decimal("1")).unwrap());
    let list = "account/ledger?accountType=FUNDING";
    pushed.account.now_ms += 7 * DAY_MS;
    assert_eq!(pushed.column(list, "id").len(), 1);
    pushed.account.now_ms += 1;
    assert_eq!(pushed.column(list, "id").len(), 0);
    let window = format!("{list}&startAt={}&endAt={}", NOW + 1, NOW + 1);
    assert_eq!(pushed.column(&window, "id").len(), 0);
}
