//! Rows of spot orders, fills and ledgers, and how they agree with each other and with the pushes.

use std::collections::BTreeMap;

use super::*;
use crate::engine::{NewOrder, Side, Wallet};
use crate::v1::render;

const FILLS: &str = "/api/v1/hf/fills?limit=100&symbol=";

#[test]
fn open_order_has_the_fields_of_kucoin() {
    let mut account = Account::new();
    let id = account.after(0, |engine| engine.limit(BUY_BTC, "60000", "0.01").unwrap());
    account.after(5, |engine| engine.fill(&id, "0.004"));
    let updated = account.get("/api/v1/hf/orders/active")[0]["lastUpdatedAt"].clone();
    let expected = format!(
        r#"[{{"id":"{id}","clientOid":"mine","symbol":"BTC-USDT","opType":"DEAL","type":"limit","side":"buy","price":"60000","size":"0.01","funds":"600","dealSize":"0.004","dealFunds":"240","remainSize":"0.006","remainFunds":"360","cancelledSize":"0","cancelledFunds":"0","fee":"0.192","feeCurrency":"USDT","stp":null,"timeInForce":"GTC","postOnly":false,"hidden":false,"iceberg":false,"visibleSize":"0","cancelAfter":0,"channel":"API","remark":null,"tags":null,"cancelExist":false,"tradeType":"TRADE","inOrderBook":true,"active":true,"tax":"0","createdAt":{NOW},"lastUpdatedAt":{updated}}}]"#
    );
    assert_eq!(account.text("/api/v1/hf/orders/active").unwrap(), expected);
    let delay = updated.as_u64().unwrap() - (NOW + 5);
    assert!((1..=20).contains(&delay), "{delay}");
}

#[test]
fn fill_has_integer_ids_and_the_trade_id_of_its_push() {
    let mut account = Account::new();
    let id = account.engine.limit(BUY_BTC, "60000", "0.01").unwrap();
    account.engine.fill(&id, "0.01");
    let events = account.publish();
    let pushes = events.iter().flat_map(|event| render::pushes(event, NOW));
    let pushes = pushes.filter(|push| push.topic == "/spotMarket/tradeOrders");
    let pushes: Vec<Value> = pushes
        .map(|push| serde_json::from_str(&push.data).unwrap())
        .collect();
    let push = pushes.iter().find(|push| push["type"] == "match").unwrap();
    let trade_id = push["tradeId"].as_str().unwrap();
    assert!(trade_id.parse::<u64>().unwrap() > 1 << 53);
    let data = account.get(&format!("{FILLS}BTC-USDT"));
    let (row, counter) = (&data["items"][0]["id"], &data["items"][0]["counterOrderId"]);
    let expected = format!(
        r#"{{"items":[{{"id":{row},"symbol":"BTC-USDT","tradeId":{trade_id},"orderId":"{id}","counterOrderId":{counter},"side":"buy","liquidity":"maker","type":"limit","forceTaker":false,"price":"60000","size":"0.01","funds":"600","fee":"0.48","feeRate":"0.0008","feeCurrency":"USDT","stop":"","tradeType":"TRADE","taxRate":"0","tax":"0","createdAt":{NOW}}}],"lastId":{row}}}"#
    );
    assert_eq!(account.text(&format!("{FILLS}BTC-USDT")).unwrap(), expected);
    assert_eq!(push["ts"].as_u64(), Some(NOW * 1_000_000));
}

#[test]
fn ledger_row_books_the_fill_with_its_fee() {
    let mut account = Account::new();
    let id = account.engine.limit(BUY_BTC, "60000", "0.01").unwrap();
    account.engine.fill(&id, "0.01");
    let events = account.publish();
    let settled: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Balance(change) if change.context.as_ref()?.trade_id.is_some() => Some(change),
            _ => None,
        })
        .collect();
    let [quote, base] = settled[..] else {
        panic!("{settled:?}");
    };
    let trade_id = quote.context.as_ref().unwrap().trade_id.clone().unwrap();
    let row = |event: &str, middle: &str| {
        let context = format!(
            r#"{{\"symbol\":\"BTC-USDT\",\"orderId\":\"{id}\",\"tradeId\":\"{trade_id}\"}}"#
        );
        format!(r#"{{"id":"{event}",{middle},"createdAt":"{NOW}","context":"{context}"}}"#)
    };
    let expected = [
        row(
            &base.relation_event_id,
            r#""currency":"BTC","amount":"0.01","fee":"0","tax":"0","balance":"2.01","accountType":"TRADE_HF","bizType":"TRADE_EXCHANGE","direction":"in""#,
        ),
        row(
            &quote.relation_event_id,
            r#""currency":"USDT","amount":"600.48","fee":"0.48","tax":"0","balance":"99399.52","accountType":"TRADE_HF","bizType":"TRADE_EXCHANGE","direction":"out""#,
        ),
    ];
    let ledgers = account.text("/api/v1/hf/accounts/ledgers").unwrap();
    assert_eq!(ledgers, format!("[{}]", expected.join(",")));
}

#[test]
fn transfer_is_a_ledger_row_without_context() {
    let mut account = Account::new();
    account.after(1, |engine| {
        let wallets = (Wallet::Main, Wallet::Trade);
        engine.transfer(wallets, "USDT", decimal("5")).unwrap();
    });
    let rows = account.get("/api/v1/hf/accounts/ledgers?bizType=TRANSFER&direction=in");
    assert_eq!(
        rows.as_array().unwrap().len(),
        1,
        "the row of the other account is not listed"
    );
    assert_eq!(
        (&rows[0]["balance"], &rows[0]["context"]),
        (&"100005".into(), &"{}".into())
    );
    for other in [
        "bizType=TRADE_EXCHANGE",
        "direction=out",
        "currency=BTC,ETH",
    ] {
        let rows = account.get(&format!("/api/v1/hf/accounts/ledgers?{other}"));
        assert_eq!(rows, Value::Array(vec![]), "{other}");
    }
}

#[test]
fn orders_fills_and_ledgers_agree_after_random_activity() {
    let mut account = Account::new();
    for _ in 0..1_500 {
        account.after(3, Engine::step);
    }
    let mut by_order: BTreeMap<String, [Decimal; 3]> = BTreeMap::new();
    let mut fills = 0;
    for symbol in crate::SYMBOLS {
        for fill in all(&mut account, &format!("{FILLS}{symbol}"), "lastId") {
            let sums = by_order.entry(text(&fill["orderId"])).or_default();
            for (sum, key) in sums.iter_mut().zip(["size", "funds", "fee"]) {
                *sum += amount(&fill[key]);
            }
            fills += 1;
        }
    }
    assert!(fills > 100, "{fills}");
    let mut orders: Vec<Value> = Vec::new();
    for symbol in crate::SYMBOLS {
        let done = format!("/api/v1/hf/orders/done?limit=100&symbol={symbol}");
        orders.extend(all(&mut account, &done, "lastId"));
    }
    let active = account.get("/api/v1/hf/orders/active");
    orders.extend(active.as_array().cloned().unwrap_or_default());
    for order in &orders {
        let sums = by_order.remove(&text(&order["id"])).unwrap_or_default();
        for (sum, key) in sums.iter().zip(["dealSize", "dealFunds", "fee"]) {
            assert_eq!(*sum, amount(&order[key]), "{key} of {order}");
        }
        if order["type"] == "limit" {
            let parts = ["dealSize", "remainSize", "cancelledSize"];
            let parts: Decimal = parts.iter().map(|key| amount(&order[*key])).sum();
            // A reduction makes the order smaller, and is canceled size too.
            assert!(parts >= amount(&order["size"]), "{order}");
        }
        let found = format!(
            "/api/v1/hf/orders/{}?symbol={}",
            text(&order["id"]),
            text(&order["symbol"])
        );
        assert_eq!(account.get(&found), *order);
    }
    assert!(by_order.is_empty(), "fills without an order: {by_order:?}");
    let rows = all_ledgers(&mut account, "/api/v1/hf/accounts/ledgers");
    assert!(rows.len() > 200, "{}", rows.len());
    assert_balances_follow(&account, Wallet::Trade, &rows);
}

#[test]
fn market_buy_by_funds_ends_canceled_with_its_dust() {
    let mut account = Account::new();
    let id = account.after(1, |engine| engine.buy_for_funds("SOL-USDT", "25"));
    let order = account.get(&format!("/api/v1/hf/orders/{id}?symbol=SOL-USDT"));
    let word = |key: &str| text(&order[key]);
    assert_eq!(
        [word("type"), word("price"), word("size"), word("funds")],
        ["market", "0", "0", "25"]
    );
    assert_eq!(
        (&order["cancelExist"], &order["active"]),
        (&true.into(), &false.into())
    );
    assert_eq!(
        amount(&order["dealFunds"]) + amount(&order["cancelledFunds"]),
        decimal("25")
    );
    assert_eq!(
        (word("remainSize"), word("remainFunds")),
        ("0".into(), "0".into())
    );
}

#[test]
fn margin_orders_are_not_in_spot_lists() {
    let mut account = Account::new();
    let target = (Some(Wallet::Margin), "BTC-USDT", Side::Buy);
    let id = account.after(1, |engine| engine.limit(target, "60000", "0.01").unwrap());
    assert_eq!(account.get("/api/v1/hf/orders/active"), Value::Null);
    let found = account.get(&format!("/api/v1/hf/orders/{id}?symbol=BTC-USDT"));
    assert_eq!(found, Value::Null);
    account.after(1, |engine| engine.fill(&id, "0.01"));
    assert_eq!(
        account.column(&format!("{FILLS}BTC-USDT"), "id"),
        Vec::<Value>::new()
    );
    assert_eq!(
        account.get("/api/v1/hf/accounts/ledgers"),
        Value::Array(vec![])
    );
}

#[test]
fn order_is_found_by_its_client_oid() {
    let mut account = Account::new();
    let new = NewOrder {
        price: Some(decimal("60000")),
        client_oid: Some("a b/1".into()),
        ..NewOrder::new(Some(Wallet::Trade), "BTC-USDT", Side::Buy, decimal("0.01"))
    };
    let id = account.after(1, |engine| engine.place(new).unwrap());
    let path = "/api/v1/hf/orders/client-order/";
    let found = account.get(&format!("{path}a%20b%2F1?symbol=BTC-USDT"));
    assert_eq!(found["id"], *id);
    assert_eq!(
        account.get(&format!("{path}other?symbol=BTC-USDT")),
        Value::Null
    );
    assert_eq!(
        account.get(&format!("{path}a%20b%2F1?symbol=ETH-USDT")),
        Value::Null
    );
}
