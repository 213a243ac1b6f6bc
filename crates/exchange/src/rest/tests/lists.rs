//! Which list an order is in, and for how long: delays, retention and parameters.

use super::*;
use crate::engine::{Side, Wallet};

const ACTIVE: &str = "/api/v1/hf/orders/active";
const DONE: &str = "/api/v1/hf/orders/done?symbol=BTC-USDT";

fn place(account: &mut Account) -> String {
    let placed = account.after(1, |engine| engine.limit(BUY_BTC, "60000", "0.01"));
    placed.unwrap().to_string()
}

fn cancel(account: &mut Account, id: &str) {
    account.after(1, |engine| engine.cancel(Host::Spot, id).unwrap());
}

/// Number of orders in the active and in the done list.
fn lists(account: &mut Account) -> (usize, usize) {
    (
        account.column(ACTIVE, "id").len(),
        account.column(DONE, "id").len(),
    )
}

#[test]
fn empty_lists_are_null_or_empty() {
    let mut account = Account::new();
    for (target, expected) in [
        (ACTIVE, "null"),
        (DONE, "null"),
        ("/api/v1/hf/orders/none?symbol=BTC-USDT", "null"),
        ("/api/v1/hf/orders/active/symbols", r#"{"symbols":[]}"#),
        (
            "/api/v1/hf/fills?symbol=BTC-USDT",
            r#"{"items":[],"lastId":0}"#,
        ),
        ("/api/v1/hf/accounts/ledgers", "[]"),
        (
            "/api/v1/hf/orders/active/page?symbol=BTC-USDT",
            r#"{"currentPage":1,"pageSize":20,"totalNum":0,"totalPage":0,"items":[]}"#,
        ),
    ] {
        assert_eq!(account.text(target).as_deref(), Ok(expected), "{target}");
    }
}

#[test]
fn latest_change_is_listed_first() {
    let mut account = Account::new();
    let ids = [(); 3].map(|()| place(&mut account));
    account.after(1, |engine| engine.fill(&ids[0], "0.001"));
    assert_eq!(account.column(ACTIVE, "id"), [&*ids[0], &*ids[2], &*ids[1]]);
    let page = "/api/v1/hf/orders/active/page?symbol=BTC-USDT";
    assert_eq!(account.column(page, "id"), [&*ids[2], &*ids[1], &*ids[0]]);
    cancel(&mut account, &ids[2]);
    cancel(&mut account, &ids[0]);
    assert_eq!(account.column(DONE, "id"), [&*ids[0], &*ids[2]]);
    let symbols = account.get("/api/v1/hf/orders/active/symbols");
    assert_eq!(symbols["symbols"], serde_json::json!(["BTC-USDT"]));
}

#[test]
fn rows_are_visible_after_their_lag() {
    let delays = Delays {
        lag_ms: (500, 500),
        ..Delays::default()
    };
    let mut account = Account::with(delays, DEFAULT_ROWS);
    let id = place(&mut account);
    assert_eq!(lists(&mut account), (0, 0));
    account.now_ms += 500;
    assert_eq!(lists(&mut account), (1, 0));
    account.after(0, |engine| engine.fill(&id, "0.01"));
    let rows = [
        "/api/v1/hf/fills?symbol=BTC-USDT",
        "/api/v1/hf/accounts/ledgers",
    ];
    let count = |account: &mut Account| rows.map(|list| account.column(list, "id").len());
    assert_eq!((lists(&mut account), count(&mut account)), ((1, 0), [0, 0]));
    account.now_ms += 500;
    assert_eq!((lists(&mut account), count(&mut account)), ((0, 1), [1, 2]));
}

#[test]
fn seed_selects_a_lag_per_row() {
    let delays = Delays {
        lag_ms: (0, 3_000),
        ..Delays::default()
    };
    let visible = |ms| {
        let mut account = Account::with(delays, DEFAULT_ROWS);
        (0..100).for_each(|_| drop(place(&mut account)));
        account.now_ms += ms;
        lists(&mut account).0
    };
    let counts = [0, 1_500, 3_000].map(visible);
    assert!(
        counts[0] < 20 && (30..90).contains(&counts[1]),
        "{counts:?}"
    );
    assert_eq!(counts[2], 100);
    assert_eq!(visible(1_500), counts[1]);
}

#[test]
fn moving_order_is_in_neither_list_but_found_by_id() {
    let delays = Delays {
        move_gap_ms: 700,
        ..Delays::default()
    };
    let mut account = Account::with(delays, DEFAULT_ROWS);
    let id = place(&mut account);
    cancel(&mut account, &id);
    assert_eq!(lists(&mut account), (0, 0));
    let found = account.get(&format!("/api/v1/hf/orders/{id}?symbol=BTC-USDT"));
    assert_eq!(found["cancelExist"], true);
    account.now_ms += 700;
    assert_eq!(lists(&mut account), (0, 1));
}

#[test]
fn canceled_order_is_kept_2_days_and_filled_order_7_days() {
    let mut account = Account::new();
    let canceled = place(&mut account);
    cancel(&mut account, &canceled);
    let filled = place(&mut account);
    account.after(0, |engine| engine.fill(&filled, "0.01"));
    let rows = [
        "/api/v1/hf/fills?symbol=BTC-USDT",
        "/api/v1/hf/accounts/ledgers",
    ];
    let ended = account.now_ms;
    let by_id = |id: &str| format!("/api/v1/hf/orders/{id}?symbol=BTC-USDT");
    account.now_ms = ended + 2 * DAY_MS;
    assert_eq!(account.column(DONE, "id"), [&*filled]);
    assert_eq!(account.get(&by_id(&canceled)), Value::Null);
    account.now_ms = ended + 7 * DAY_MS;
    assert_eq!(account.get(&by_id(&filled))["id"], *filled);
    assert_eq!(rows.map(|list| account.column(list, "id").len()), [1, 2]);
    account.now_ms += 1;
    assert_eq!(account.get(&by_id(&filled)), Value::Null);
    let fills = format!("{}&orderId={filled}", rows[0]);
    assert_eq!(
        account.column(&fills, "id").len(),
        0,
        "an order ID does not extend retention"
    );
}

#[test]
fn number_of_rows_is_bounded() {
    let mut account = Account::with(Delays::default(), 5);
    for _ in 0..30 {
        account.after(1, |engine| engine.market_order(BUY_BTC, "0.001").unwrap());
    }
    assert_eq!(account.column(DONE, "id").len(), 5);
    for list in [
        "/api/v1/hf/fills?symbol=BTC-USDT",
        "/api/v1/hf/accounts/ledgers",
    ] {
        assert_eq!(account.column(list, "id").len(), 5, "{list}");
    }
}

#[test]
fn done_order_is_filtered_by_its_creation_time() {
    let mut account = Account::new();
    let id = place(&mut account);
    let created = account.now_ms;
    account.now_ms += 10_000;
    cancel(&mut account, &id);
    let ended = account.now_ms;
    let within = |account: &mut Account, start, end| {
        let window = format!("{DONE}&startAt={start}&endAt={end}");
        account.column(&window, "id").len()
    };
    assert_eq!(
        within(&mut account, created, created),
        1,
        "both ends are inclusive"
    );
    assert_eq!(within(&mut account, created + 1, ended), 0);
    assert_eq!(
        within(&mut account, created / 1000, ended / 1000),
        0,
        "seconds find nothing"
    );
}

#[test]
fn parameter_errors_name_the_parameter() {
    let mut account = Account::new();
    let week = 7 * DAY_MS;
    let long = format!(
        "/api/v1/hf/fills?symbol=BTC-USDT&startAt={NOW}&endAt={}",
        NOW + week + 1
    );
    for (target, name) in [
        ("/api/v1/hf/fills", "symbol is required"),
        ("/api/v1/hf/orders/done", "symbol is required"),
        ("/api/v1/hf/orders/abc", "symbol is required"),
        ("/api/v1/hf/orders/active/page", "symbol is required"),
        ("/api/v1/hf/fills?symbol=NO-SUCH", "symbol does not exist"),
        (
            "/api/v1/hf/fills?symbol=BTC-USDT&limit=101",
            "limit must be from 1 to 100",
        ),
        (
            "/api/v1/hf/fills?symbol=BTC-USDT&side=up",
            "side must be one of",
        ),
        (
            "/api/v1/hf/fills?symbol=BTC-USDT&startAt=soon",
            "startAt must be an integer",
        ),
        (
            "/api/v1/hf/fills?symbol=BTC-USDT&startAt=2&endAt=1",
            "startAt must not be after",
        ),
        (&long, "startAt and endAt must be at most 168 h apart"),
        (
            "/api/v1/hf/accounts/ledgers?limit=201",
            "limit must be from 1 to 200",
        ),
        (
            "/api/v1/hf/orders/active/page?symbol=BTC-USDT&pageSize=51",
            "pageSize must be",
        ),
    ] {
        let message = account.text(target).unwrap_err();
        assert!(message.contains(name), "{target}: {message}");
    }
    assert!(account.text(ACTIVE).is_ok());
    account.symbol_required = true;
    assert!(
        account
            .text(ACTIVE)
            .unwrap_err()
            .contains("symbol is required")
    );
    assert!(account.text(&format!("{ACTIVE}?symbol=BTC-USDT")).is_ok());
}

#[test]
fn side_and_type_select_rows() {
    let mut account = Account::new();
    account.after(1, |engine| engine.market_order(BUY_BTC, "0.001").unwrap());
    let sell = (Some(Wallet::Trade), "BTC-USDT", Side::Sell);
    account.after(1, |engine| engine.market_order(sell, "0.001").unwrap());
    for (filter, orders) in [
        ("side=buy", 1),
        ("side=sell", 1),
        ("type=market", 2),
        ("type=limit", 0),
    ] {
        let found = account.column(&format!("{DONE}&{filter}"), "id").len();
        assert_eq!(found, orders, "{filter}");
    }
    let sides = account.column("/api/v1/hf/fills?symbol=BTC-USDT&side=sell", "side");
    assert!(!sides.is_empty() && sides.iter().all(|side| side == "sell"));
}

#[test]
fn order_id_replaces_the_other_filters_of_fills() {
    let mut account = Account::new();
    let ids = [(); 2].map(|()| place(&mut account));
    for id in &ids {
        account.after(1, |engine| engine.fill(id, "0.01"));
    }
    let fills = format!(
        "/api/v1/hf/fills?symbol=BTC-USDT&orderId={}&side=sell&startAt=9&endAt=1",
        ids[0]
    );
    assert_eq!(account.column(&fills, "orderId"), [&*ids[0]]);
    let other = fills.replace("BTC-USDT", "ETH-USDT");
    assert!(account.column(&other, "orderId").is_empty());
}
