//! Balances and the ledger of the funding account, and the API key.

use super::*;

const ACCOUNTS: &str = "/api/v1/accounts";
const LEDGERS: &str = "/api/v1/accounts/ledgers";

fn deposit(account: &mut Account, amount: u64) {
    let deposited = account.after(1, |engine| engine.deposit("USDT", Decimal::from(amount)));
    deposited.unwrap();
}

#[test]
fn accounts_have_the_ids_and_balances_of_the_pushes() {
    let mut account = Account::new();
    let mut pushed = BTreeMap::new();
    for _ in 0..1_500 {
        account.now_ms += 3;
        account.engine.at(account.now_ms).step();
        for event in account.publish() {
            if let Event::Balance(change) = event {
                let key = (change.account_id.to_string(), change.currency.to_string());
                pushed.insert(key, (change.wallet, change.available, change.hold));
            }
        }
    }
    let rows = account.get(ACCOUNTS);
    let rows = rows.as_array().unwrap();
    let mut found = 0;
    for row in rows {
        let key = (text(&row["id"]), text(&row["currency"]));
        let [total, available, hold] =
            ["balance", "available", "holds"].map(|key| amount(&row[key]));
        assert_eq!(total, available + hold, "{row}");
        if let Some((wallet, last_available, last_hold)) = pushed.remove(&key) {
            assert_eq!(row["type"], wallet.to_string());
            assert_eq!((available, hold), (last_available, last_hold), "{row}");
            found += 1;
        }
    }
    assert!(found > 4, "{found}");
    let left = pushed.values().map(|pushed| pushed.0);
    let left: Vec<Wallet> = left.collect();
    assert!(
        !left
            .iter()
            .any(|it| matches!(it, Wallet::Main | Wallet::Trade)),
        "{left:?}"
    );
}

#[test]
fn account_has_the_fields_and_id_formats_of_kucoin() {
    let mut account = Account::new();
    let main = account.text("/api/v1/accounts?type=main").unwrap();
    let id = text(&account.get("/api/v1/accounts?type=main")[0]["id"]);
    assert!(
        id.len() == 24 && id.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "{id}"
    );
    let expected = format!(
        r#"[{{"id":"{id}","currency":"USDT","type":"main","balance":"50000","available":"50000","holds":"0"}}]"#
    );
    assert_eq!(main, expected);
    let spot = account.column("/api/v1/accounts?type=trade", "id");
    assert_eq!(spot.len(), 5);
    for id in &spot {
        assert!(text(id).bytes().all(|digit| digit.is_ascii_digit()), "{id}");
    }
}

#[test]
fn account_is_found_by_id() {
    let mut account = Account::new();
    for row in account.get(ACCOUNTS).as_array().unwrap() {
        let detail = account.get(&format!("{ACCOUNTS}/{}", text(&row["id"])));
        for key in ["currency", "balance", "available", "holds"] {
            assert_eq!(detail[key], row[key], "{detail}");
        }
        assert_eq!(detail.as_object().unwrap().len(), 4);
    }
    let refused = account.text(&format!("{ACCOUNTS}/1")).unwrap_err();
    assert!(refused.contains("accountId does not exist"), "{refused}");
}

#[test]
fn type_and_currency_select_accounts() {
    let mut account = Account::new();
    for (query, expected) in [
        ("", 6),
        ("?currency=USDT", 2),
        ("?currency=ETH", 1),
        ("?currency=XRP", 0),
        ("?type=trade&currency=USDT", 1),
        ("?type=margin", 0),
        ("?type=isolated", 0),
        ("?type=trade_hf", 0),
    ] {
        let found = account.column(&format!("{ACCOUNTS}{query}"), "id").len();
        assert_eq!(found, expected, "{query}");
    }
    let refused = account.text(&format!("{ACCOUNTS}?type=MAIN")).unwrap_err();
    assert!(refused.contains("type must be one of"), "{refused}");
}

#[test]
fn ledger_row_of_the_funding_account_has_no_balance_or_context() {
    let mut account = Account::new();
    account.now_ms += 1;
    let wallets = (Wallet::Main, Wallet::Trade);
    let engine = account.engine.at(account.now_ms);
    engine.transfer(wallets, "USDT", decimal("5.50")).unwrap();
    let events = account.publish();
    let Event::Balance(paid) = &events[0] else {
        panic!("{events:?}");
    };
    let id = &paid.relation_event_id;
    let time = NOW + 1;
    let expected = format!(
        r#"{{"currentPage":1,"pageSize":50,"totalNum":1,"totalPage":1,"items":[{{"id":"{id}","currency":"USDT","amount":"5.5","fee":"0","balance":"0","accountType":"MAIN","bizType":"TRANSFER","direction":"out","createdAt":{time},"context":""}}]}}"#
    );
    assert_eq!(account.text(LEDGERS).unwrap(), expected);
}

#[test]
fn ledger_has_numbered_pages() {
    let mut account = Account::new();
    for amount in 1..=23 {
        deposit(&mut account, amount);
    }
    let mut amounts = Vec::new();
    for (page, rows) in [(1, 10), (2, 10), (3, 3), (4, 0)] {
        let target = format!("{LEDGERS}?pageSize=10&currentPage={page}");
        let data = account.get(&target);
        assert_eq!(
            (&data["currentPage"], &data["totalNum"], &data["totalPage"]),
            (&page.into(), &23.into(), &3.into())
        );
        let column = account.column(&target, "amount");
        assert_eq!(column.len(), rows, "page {page}");
        amounts.extend(column.iter().map(amount));
    }
    let expected: Vec<Decimal> = (1..=23_u64).rev().map(Decimal::from).collect();
    assert_eq!(amounts, expected);
}

#[test]
fn ledger_filters_select_rows() {
    let mut account = Account::new();
    deposit(&mut account, 7);
    account.after(1, |engine| {
        let wallets = (Wallet::Main, Wallet::Margin);
        engine.transfer(wallets, "USDT", decimal("2")).unwrap();
    });
    for (filter, expected) in [
        ("bizType=DEPOSIT", vec!["7"]),
        ("bizType=TRANSFER", vec!["2"]),
        ("bizType=DEPOSIT,TRANSFER", vec!["2", "7"]),
        ("direction=in", vec!["7"]),
        ("direction=out", vec!["2"]),
        ("currency=BTC,USDT", vec!["2", "7"]),
        ("currency=BTC", vec![]),
    ] {
        let amounts = account.column(&format!("{LEDGERS}?{filter}"), "amount");
        assert_eq!(amounts, expected, "{filter}");
    }
}

#[test]
fn ledger_is_kept_a_year_and_read_a_day_at_a_time() {
    let mut account = Account::new();
    deposit(&mut account, 1);
    let booked = account.now_ms;
    let count = |account: &mut Account, from: u64, to: u64| {
        let window = format!("{LEDGERS}?startAt={from}&endAt={to}");
        account.column(&window, "id").len()
    };
    account.now_ms = booked + DAY_MS;
    assert_eq!(account.column(LEDGERS, "id").len(), 1);
    account.now_ms += 1;
    assert_eq!(account.column(LEDGERS, "id").len(), 0, "a day by default");
    account.now_ms = booked + 365 * DAY_MS;
    assert_eq!(
        count(&mut account, booked, booked),
        1,
        "both ends are inclusive"
    );
    assert_eq!(count(&mut account, booked / 1_000, booked / 1_000), 0);
    account.now_ms += 1;
    assert_eq!(count(&mut account, booked, booked), 0);
    let one_more = format!("{LEDGERS}?startAt={booked}&endAt={}", booked + DAY_MS + 1);
    let refused = account.text(&one_more).unwrap_err();
    assert!(
        refused.contains("startAt and endAt must be at most 24 h apart"),
        "{refused}"
    );
}

#[test]
fn ledger_parameters_are_checked() {
    let mut account = Account::new();
    let eleven = ["USDT"; 11].join(",");
    for (query, message) in [
        ("pageSize=9".to_owned(), "pageSize must be from 10 to 500"),
        ("pageSize=501".to_owned(), "pageSize must be from 10 to 500"),
        ("currentPage=0".to_owned(), "currentPage must be"),
        (
            "direction=up".to_owned(),
            "direction must be one of in, out",
        ),
        (
            format!("currency={eleven}"),
            "currency must have at most 10",
        ),
    ] {
        let refused = account.text(&format!("{LEDGERS}?{query}")).unwrap_err();
        assert!(refused.contains(message), "{query}: {refused}");
    }
}

#[test]
fn api_key_has_its_permissions() {
    let mut account = Account::new();
    let expected = r#"{"remark":"demo","apiKey":"key","apiVersion":3,"permission":"General,Spot,Margin,Futures,Unified","ipWhitelist":"127.0.0.1","createdAt":1727006400000,"uid":100203196,"isMaster":true}"#;
    assert_eq!(account.text("/api/v1/user/api-key").unwrap(), expected);
    account.permissions = KeyPermissions::General;
    let key = account.get("/api/v1/user/api-key");
    assert_eq!(key["permission"], "General");
}
