//! Margin orders, fills and ledgers.

use super::*;
use crate::engine::{Fill, Side};

const CROSS: &str = "MARGIN_TRADE";
const ISOLATED: &str = "MARGIN_ISOLATED_TRADE";
const TRADE_TYPES: [&str; 2] = [CROSS, ISOLATED];
const LEDGERS: &str = "/api/v3/hf/margin/account/ledgers";

fn target(path: &str, trade_type: &str) -> String {
    format!("/api/v3/hf/margin/{path}?symbol=BTC-USDT&tradeType={trade_type}")
}

fn place(account: &mut Account, wallet: Wallet) -> String {
    let order = (Some(wallet), "BTC-USDT", Side::Buy);
    let placed = account.after(1, |engine| engine.limit(order, "60000", "0.01"));
    placed.unwrap().to_string()
}

#[test]
fn lists_need_symbol_and_trade_type() {
    let mut account = Account::new();
    let base = "/api/v3/hf/margin";
    for list in ["orders/active", "orders/done", "fills"] {
        for (query, missing) in [
            (format!("tradeType={CROSS}"), "symbol is required"),
            ("symbol=BTC-USDT".to_owned(), "tradeType is required"),
            (
                "symbol=BTC-USDT&tradeType=TRADE".to_owned(),
                "tradeType must be one of",
            ),
            (
                format!("symbol=XYZ&tradeType={CROSS}"),
                "symbol does not exist",
            ),
        ] {
            let refused = account.text(&format!("{base}/{list}?{query}")).unwrap_err();
            assert!(refused.contains(missing), "{list}?{query}: {refused}");
        }
    }
    let symbols = account.text(&format!("{base}/order/active/symbols"));
    assert!(symbols.unwrap_err().contains("tradeType is required"));
    let order = account.text(&format!("{base}/orders/abc"));
    assert!(order.unwrap_err().contains("symbol is required"));
}

#[test]
fn empty_lists_are_null_or_empty() {
    let mut account = Account::new();
    place(&mut account, Wallet::Trade);
    for (target, expected) in [
        (
            target("order/active/symbols", CROSS),
            r#"{"symbolSize":0,"symbols":[]}"#,
        ),
        (target("orders/active", CROSS), "null"),
        (target("orders/done", ISOLATED), "null"),
        (target("orders/none", CROSS), "null"),
        (target("fills", CROSS), r#"{"items":[],"lastId":0}"#),
        (LEDGERS.to_owned(), "[]"),
    ] {
        assert_eq!(account.text(&target).as_deref(), Ok(expected), "{target}");
    }
}

#[test]
fn order_is_in_the_list_of_its_account_only() {
    let mut account = Account::new();
    let cross = place(&mut account, Wallet::Margin);
    let isolated = place(&mut account, Wallet::Isolated("BTC-USDT"));
    for (trade_type, id) in [(CROSS, &cross), (ISOLATED, &isolated)] {
        assert_eq!(
            account.column(&target("orders/active", trade_type), "id"),
            [&**id]
        );
        let symbols = account.get(&target("order/active/symbols", trade_type));
        let expected = serde_json::json!({"symbolSize": 1, "symbols": ["BTC-USDT"]});
        assert_eq!(symbols, expected);
        let order = account.get(&target("orders/active", trade_type))[0].clone();
        assert_eq!(order["tradeType"], trade_type);
        assert_eq!(
            (&order["stop"], &order["stopTriggered"], &order["stopPrice"]),
            (&Value::Null, &false.into(), &"0".into())
        );
        assert_eq!(
            (&order["size"], &order["createdAt"].is_u64()),
            (&"0.01".into(), &true)
        );
    }
    account.after(1, |engine| engine.cancel(Host::Spot, &cross).unwrap());
    account.after(1, |engine| engine.fill(&isolated, "0.01"));
    assert_eq!(
        account.column(&target("orders/done", CROSS), "id"),
        [&*cross]
    );
    assert_eq!(
        account.column(&target("orders/done", ISOLATED), "id"),
        [&*isolated]
    );
    assert_eq!(account.get(&target("orders/active", CROSS)), Value::Null);
    let fills = account.column(&target("fills", ISOLATED), "orderId");
    assert_eq!(fills, [&*isolated]);
}

#[test]
fn order_is_found_by_id_without_trade_type() {
    let mut account = Account::new();
    let cross = place(&mut account, Wallet::Margin);
    let spot = place(&mut account, Wallet::Trade);
    let mut found = |id: &str, query: &str| {
        account.get(&format!("/api/v3/hf/margin/orders/{id}?{query}"))["id"].clone()
    };
    assert_eq!(found(&cross, "symbol=BTC-USDT"), *cross);
    assert_eq!(
        found(&cross, "symbol=BTC-USDT&tradeType=MARGIN_TRADE"),
        *cross
    );
    for (id, query) in [
        (&cross, "symbol=BTC-USDT&tradeType=MARGIN_ISOLATED_TRADE"),
        (&cross, "symbol=ETH-USDT"),
        (&spot, "symbol=BTC-USDT"),
    ] {
        assert_eq!(found(id, query), Value::Null, "{query}");
    }
}

#[test]
fn client_oid_finds_the_newest_order_of_the_margin_accounts() {
    let mut account = Account::new();
    let cross = place(&mut account, Wallet::Margin);
    let isolated = place(&mut account, Wallet::Isolated("BTC-USDT"));
    place(&mut account, Wallet::Trade);
    let mut found = |client_oid: &str, query: &str| {
        let path = "/api/v3/hf/margin/orders/client-order";
        account.get(&format!("{path}/{client_oid}?{query}"))["id"].clone()
    };
    assert_eq!(found("mine", "symbol=BTC-USDT"), *isolated);
    let of_cross = "symbol=BTC-USDT&tradeType=MARGIN_TRADE";
    assert_eq!(found("mine", of_cross), *cross);
    assert_eq!(found("mine", "symbol=ETH-USDT"), Value::Null);
    assert_eq!(found("other", "symbol=BTC-USDT"), Value::Null);
}

#[test]
fn fill_is_kept_90_days_and_read_a_week_at_a_time() {
    let mut account = Account::new();
    let id = place(&mut account, Wallet::Margin);
    account.after(1, |engine| engine.fill(&id, "0.01"));
    let filled = account.now_ms;
    let fills = target("fills", CROSS);
    let window = format!("{fills}&startAt={filled}&endAt={filled}");
    account.now_ms = filled + 90 * DAY_MS;
    assert_eq!(account.column(&fills, "id").len(), 0, "a week by default");
    assert_eq!(account.column(&window, "orderId"), [&*id]);
    assert_eq!(
        account.column(&format!("{fills}&orderId={id}"), "orderId"),
        [&*id]
    );
    account.now_ms += 1;
    assert_eq!(account.column(&window, "id").len(), 0);
    let long = format!("{fills}&startAt={filled}&endAt={}", filled + 7 * DAY_MS + 1);
    assert!(
        account
            .text(&long)
            .unwrap_err()
            .contains("at most 168 h apart")
    );
}

#[test]
fn ledger_row_has_integer_id_and_time() {
    let mut account = Account::new();
    let id = place(&mut account, Wallet::Margin);
    account.now_ms += 1;
    account.engine.at(account.now_ms).fill(&id, "0.01");
    let events = account.publish();
    let settled = events.iter().find_map(|event| match event {
        Event::Balance(change) if change.context.as_ref()?.trade_id.is_some() => Some(change),
        _ => None,
    });
    let settled = settled.unwrap();
    let trade_id = settled.context.as_ref().unwrap().trade_id.clone().unwrap();
    let (row, time) = (&settled.relation_event_id, account.now_ms);
    let expected = format!(
        r#"[{{"id":{row},"currency":"USDT","amount":"600.48","fee":"0.48","balance":"19399.52","accountType":"MARGIN_V2","bizType":"TRADE_EXCHANGE","direction":"out","createdAt":{time},"context":"{{\"symbol\":\"BTC-USDT\",\"orderId\":\"{id}\",\"tradeId\":\"{trade_id}\"}}","tax":"0"}}]"#
    );
    let usdt = account.text(&format!("{LEDGERS}?currency=USDT"));
    assert_eq!(usdt.unwrap(), expected);
}

#[test]
fn loans_and_transfers_are_ledger_rows() {
    let mut account = Account::new();
    let isolated = Wallet::Isolated("ETH-USDT");
    account.after(1, |engine| {
        engine
            .borrow(Wallet::Margin, "BTC", decimal("0.1"))
            .unwrap();
        engine
            .repay(Wallet::Margin, "BTC", decimal("0.04"))
            .unwrap();
        let wallets = (Wallet::Main, isolated);
        engine.transfer(wallets, "USDT", decimal("30")).unwrap();
    });
    let rows = account.get(LEDGERS);
    let rows: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let keys = ["accountType", "bizType", "direction", "amount", "context"];
            keys.map(|key| text(&row[key])).join(" ")
        })
        .collect();
    let expected = [
        "ISOLATED_V2 TRANSFER in 30 {}",
        "MARGIN_V2 MARGIN_REPAY out 0.04 {}",
        "MARGIN_V2 MARGIN_BORROW in 0.1 {}",
    ];
    assert_eq!(rows, expected);
    account.now_ms += 7 * DAY_MS;
    assert_eq!(account.column(LEDGERS, "id").len(), 3);
    account.now_ms += 1;
    assert_eq!(account.column(LEDGERS, "id").len(), 0);
}

/// All fills that the engine reported for margin orders, by order.
fn reported(events: &[Event], fills: &mut BTreeMap<String, Vec<Fill>>) {
    for event in events {
        let Event::Order(event) = event else { continue };
        let is_margin = matches!(
            event.order.terms,
            crate::engine::Terms::Spot(Wallet::Margin | Wallet::Isolated(_))
        );
        if let Some(fill) = event.fill.clone().filter(|_| is_margin) {
            fills
                .entry(event.order.id.to_string())
                .or_default()
                .push(fill);
        }
    }
}

#[test]
fn fills_orders_and_ledgers_agree_after_random_activity() {
    let mut account = Account::new();
    let mut pushed = BTreeMap::new();
    for _ in 0..2_000 {
        account.now_ms += 3;
        account.engine.at(account.now_ms).step();
        let events = account.publish();
        reported(&events, &mut pushed);
    }
    assert!(pushed.len() > 20, "{}", pushed.len());
    for trade_type in TRADE_TYPES {
        for symbol in crate::SYMBOLS {
            let query = format!("symbol={symbol}&tradeType={trade_type}");
            let fills = format!("/api/v3/hf/margin/fills?{query}&limit=7");
            let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
            for row in all(&mut account, &fills, "lastId") {
                let order_id = text(&row["orderId"]);
                let pushed = pushed.get_mut(&order_id).unwrap();
                let trade_id = row["tradeId"].to_string();
                let at = pushed.iter().position(|fill| *fill.trade_id == *trade_id);
                let fill = pushed.remove(at.unwrap());
                assert_eq!(
                    [
                        amount(&row["price"]),
                        amount(&row["size"]),
                        amount(&row["fee"])
                    ],
                    [fill.price, fill.size, fill.fee]
                );
                *sums.entry(order_id).or_default() += fill.size;
            }
            let done = format!("/api/v3/hf/margin/orders/done?{query}&limit=7");
            let mut orders = all(&mut account, &done, "lastId");
            let active = account.get(&format!("/api/v3/hf/margin/orders/active?{query}"));
            orders.extend(active.as_array().cloned().unwrap_or_default());
            for order in orders {
                let sum = sums.remove(&text(&order["id"])).unwrap_or_default();
                assert_eq!(amount(&order["dealSize"]), sum, "{order}");
            }
            assert!(sums.is_empty(), "fills without an order: {sums:?}");
        }
    }
    assert!(
        pushed.values().all(Vec::is_empty),
        "fills that no list has: {pushed:?}"
    );
    let rows = all_ledgers(&mut account, LEDGERS);
    let cross = rows.iter().filter(|row| row["accountType"] == "MARGIN_V2");
    assert!(cross.clone().count() > 20);
    assert_balances_follow(&account, Wallet::Margin, cross);
}
