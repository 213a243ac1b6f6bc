//! Which orders and fills are in a list: trade types, windows, pages and parameters.

use super::*;

const OPEN: &str = "unified/order/open-list?tradeType=FUTURES";
const HISTORY: &str = "unified/order/history?tradeType=FUTURES";

fn place(pushed: &mut Pushed) -> String {
    let placed = pushed.after(1, |engine| engine.limit(BUY_XBT, "60000", "1"));
    placed.unwrap().to_string()
}

#[test]
fn trade_type_selects_orders_and_fills() {
    let mut pushed = Pushed::new();
    let accounts = [
        ("SPOT", Wallet::Trade),
        ("CROSS", Wallet::Margin),
        ("ISOLATED", Wallet::Isolated("BTC-USDT")),
    ];
    for (_, wallet) in accounts {
        let target = (Some(wallet), "BTC-USDT", Side::Buy);
        let id = pushed.after(1, |engine| engine.limit(target, "60000", "0.01").unwrap());
        pushed.after(1, |engine| engine.fill(&id, "0.004"));
    }
    let count = |pushed: &mut Pushed, trade_type: &str| {
        ["open-list", "execution"].map(|name| {
            let list = format!("unified/order/{name}?tradeType={trade_type}&symbol=BTC-USDT");
            pushed.column(&list, "orderId").len()
        })
    };
    for (trade_type, _) in accounts {
        assert_eq!(count(&mut pushed, trade_type), [1, 1], "{trade_type}");
    }
    assert_eq!(count(&mut pushed, "MARGIN"), [2, 2]);
    let other = "unified/order/open-list?tradeType=SPOT&symbol=ETH-USDT";
    assert!(pushed.column(other, "orderId").is_empty());
}

#[test]
fn newest_open_order_is_listed_first() {
    let mut pushed = Pushed::new();
    let ids = [(); 3].map(|()| {
        let placed = pushed.after(1, |engine| engine.limit(BUY_XBT, "60000", "5"));
        placed.unwrap()
    });
    let large = pushed.after(1, |engine| engine.limit(BUY_XBT, "60000", "5").unwrap());
    pushed.after(1, |engine| engine.reduce_order(&ids[0], "1"));
    let listed = pushed.column(OPEN, "orderId");
    assert_eq!(listed, [&*large, &*ids[2], &*ids[1], &*ids[0]]);
    assert_eq!(
        pushed.column(&format!("{OPEN}&pageSize=2&pageNumber=2"), "orderId"),
        [&*ids[1], &*ids[0]]
    );
    pushed.account.shift = 1;
    let shifted = pushed.column(&format!("{OPEN}&pageSize=2&pageNumber=2"), "orderId");
    assert_eq!(shifted, [&*ids[2], &*ids[1]]);
}

#[test]
fn pages_continue_at_a_last_id_that_is_no_row() {
    let mut pushed = Pushed::new();
    let ids = [(); 5].map(|()| place(&mut pushed));
    for id in &ids {
        pushed.after(1, |engine| engine.fill(id, "1"));
    }
    for list in [HISTORY, "unified/order/execution?tradeType=FUTURES"] {
        let mut listed = Vec::new();
        let mut last = String::new();
        for rows in [2, 2, 1, 0] {
            let page = pushed.get(&format!("{list}&pageSize=2&lastId={last}"));
            let items = page["items"].as_array().unwrap();
            assert_eq!(items.len(), rows);
            last = page["lastId"].to_string();
            let is_id = |row: &Value| row["orderId"] == *last || row["tradeId"] == *last;
            assert!(!items.iter().any(is_id));
            listed.extend(items.iter().map(|row| row["orderId"].clone()));
        }
        let expected: Vec<&str> = ids.iter().rev().map(String::as_str).collect();
        assert_eq!(listed, expected);
        assert_eq!(last, "null");
    }
}

#[test]
fn ended_order_is_filtered_by_its_creation_time_and_side() {
    let mut pushed = Pushed::new();
    let id = place(&mut pushed);
    let created = pushed.get(OPEN)["items"][0]["orderTime"].as_u64().unwrap() / 1_000_000;
    pushed.after(10_000, |engine| engine.cancel(Host::Futures, &id).unwrap());
    let ended = pushed.account.now_ms;
    for (filter, count) in [
        (format!("startAt={created}&endAt={created}"), 1),
        (format!("startAt={}&endAt={ended}", created + 1), 0),
        (
            format!("startAt={}&endAt={}", created / 1000, ended / 1000),
            0,
        ),
        ("side=BUY".to_owned(), 1),
        ("side=SELL".to_owned(), 0),
        ("orderFilter=ADVANCED".to_owned(), 0),
    ] {
        let found = pushed.column(&format!("{HISTORY}&{filter}"), "orderId");
        assert_eq!(found.len(), count, "{filter}");
    }
    pushed.account.now_ms = ended + 2 * DAY_MS + 1;
    assert!(pushed.column(HISTORY, "orderId").is_empty(), "kept 2 days");
}

#[test]
fn fills_are_filtered_by_order_side_and_time() {
    let mut pushed = Pushed::new();
    let ids = [(); 2].map(|()| place(&mut pushed));
    for id in &ids {
        pushed.after(1, |engine| engine.fill(id, "1"));
    }
    let now = pushed.account.now_ms;
    let list = "unified/order/execution?tradeType=FUTURES";
    for (filter, expected) in [
        (format!("orderId={}", ids[0]), vec![&*ids[0]]),
        (format!("startAt={now}&endAt={now}"), vec![&*ids[1]]),
        ("side=BUY".to_owned(), vec![&*ids[1], &*ids[0]]),
        ("side=SELL".to_owned(), vec![]),
        ("symbol=ETHUSDTM".to_owned(), vec![]),
    ] {
        let found = pushed.column(&format!("{list}&{filter}"), "orderId");
        assert_eq!(found, expected, "{filter}");
    }
    pushed.account.now_ms += 7 * DAY_MS;
    assert_eq!(
        pushed.column(list, "orderId"),
        [&*ids[1]],
        "7 days by default"
    );
}

#[test]
fn late_rows_are_in_neither_list() {
    let delays = Delays {
        lag_ms: (100, 3_000),
        move_gap_ms: 700,
    };
    let mut pushed = Pushed::of(Account::with(delays, DEFAULT_ROWS));
    let ids: Vec<String> = (0..20).map(|_| place(&mut pushed)).collect();
    assert!(pushed.column(OPEN, "orderId").is_empty());
    pushed.account.now_ms += 3_000;
    assert_eq!(pushed.column(OPEN, "orderId").len(), 20);
    for id in &ids {
        pushed.after(0, |engine| engine.fill(id, "1"));
    }
    let mut incomplete = 0;
    for _ in 0..80 {
        pushed.account.now_ms += 100;
        let open = pushed.get(OPEN);
        for row in open["items"].as_array().unwrap() {
            assert_ne!(row["status"], 3, "a filled order is not open");
        }
        let counts = [OPEN, HISTORY].map(|list| pushed.column(list, "orderId").len());
        assert!(counts.iter().sum::<usize>() <= 20);
        incomplete += usize::from(counts.iter().sum::<usize>() < 20);
    }
    assert!(incomplete > 10, "{incomplete}");
    assert_eq!(pushed.column(HISTORY, "orderId").len(), 20);
}

#[test]
fn parameter_errors_name_the_parameter() {
    let mut pushed = Pushed::new();
    let long = format!("{HISTORY}&startAt={NOW}&endAt={}", NOW + 7 * DAY_MS + 1);
    for (target, expected) in [
        ("unified/order/open-list", "tradeType is required"),
        (
            "unified/order/history?symbol=BTC-USDT",
            "tradeType is required",
        ),
        (
            "unified/order/execution?tradeType=spot",
            "tradeType must be one of",
        ),
        (
            "unified/order/open-list?tradeType=SPOT",
            "symbol is required",
        ),
        (
            "unified/order/history?tradeType=MARGIN",
            "symbol is required",
        ),
        (
            "unified/order/execution?tradeType=CROSS",
            "symbol is required",
        ),
        (
            "unified/order/open-list?tradeType=SPOT&symbol=XBTUSDTM",
            "symbol does not exist",
        ),
        (
            "unified/order/open-list?tradeType=FUTURES&symbol=BTC-USDT",
            "symbol does not exist",
        ),
        (
            "unified/order/open-list?tradeType=FUTURES&orderFilter=STOP",
            "orderFilter must be one of",
        ),
        (
            "unified/order/open-list?tradeType=FUTURES&pageSize=201",
            "pageSize must be from 1 to 200",
        ),
        (
            "unified/order/detail?tradeType=FUTURES&orderId=1",
            "symbol is required",
        ),
        (
            "unified/order/detail?tradeType=FUTURES&symbol=XBTUSDTM",
            "orderId or clientOid is required",
        ),
        (
            "unified/order/execution?tradeType=FUTURES&side=buy",
            "side must be one of BUY, SELL",
        ),
        (
            "unified/order/execution?tradeType=FUTURES&fillType=normal",
            "fillType must be one of",
        ),
        (
            "unified/order/history?tradeType=FUTURES&lastId=x",
            "lastId must be an integer",
        ),
        (&long, "startAt and endAt must be at most 168 h apart"),
        (
            "unified/position/open-list?symbol=BTC-USDT",
            "symbol does not exist",
        ),
        (
            "position/history?startAt=2&endAt=1",
            "startAt must not be after endAt",
        ),
        (
            "position/funding-history?startAt=1&endAt=7776000002",
            "at most 2160 h apart",
        ),
        ("account/balance", "accountType is required"),
        (
            "account/balance?accountType=UNIFIED",
            "accountType must be one of",
        ),
        ("account/ledger", "accountType is required"),
        (
            "account/ledger?accountType=UNIFIED&direction=in",
            "direction must be one of IN, OUT",
        ),
        (
            "account/ledger?accountType=FUTURES&pageSize=101",
            "pageSize must be from 1 to 100",
        ),
        (
            "account/ledger?accountType=UNIFIED&pageSize=201",
            "pageSize must be from 1 to 200",
        ),
        (
            "account/ledger?accountType=CROSS&pageSize=501",
            "pageSize must be from 1 to 500",
        ),
        (
            "unified/account/leverage?tradeType=FUTURES",
            "marginMode is required",
        ),
        (
            "unified/account/leverage?tradeType=SPOT&marginMode=CROSS",
            "tradeType must be one of",
        ),
    ] {
        let message = pushed.text(target).unwrap_err();
        assert!(message.contains(expected), "{target}: {message}");
    }
}
