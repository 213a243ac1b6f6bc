//! REST queries for accounts, stop orders and margin over sockets, compared with the streams.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use kucoin_streams_exchange::{Decimal, Exchange, KeyPermissions};
use serde_json::Value;
use support::*;

const MARGIN_SYMBOLS: &str = "/api/v3/hf/margin/order/active/symbols?tradeType=MARGIN_TRADE";

async fn busy(seed: u64) -> Exchange {
    let exchange = Exchange::builder().seed(seed).start().await.unwrap();
    exchange.account().step(1_500);
    exchange
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn amount(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn each_endpoint_takes_its_weight_from_its_pool() {
    let exchange = Exchange::builder().start().await.unwrap();
    let margin = "symbol=BTC-USDT&tradeType=MARGIN_TRADE";
    for (target, pool, weight) in [
        ("/api/v1/user/api-key", 2_000, 3),
        ("/api/v1/accounts", 2_000, 5),
        ("/api/v1/accounts/ledgers", 2_000, 2),
        ("/api/v1/stop-order", 4_000, 8),
        ("/api/v1/stop-order/vs1", 4_000, 3),
        ("/api/v3/hf/margin/stop-orders", 4_000, 8),
        (MARGIN_SYMBOLS, 4_000, 4),
        (
            &format!("/api/v3/hf/margin/orders/active?{margin}"),
            4_000,
            4,
        ),
        (
            &format!("/api/v3/hf/margin/orders/done?{margin}"),
            4_000,
            10,
        ),
        (&format!("/api/v3/hf/margin/orders/1?{margin}"), 4_000, 5),
        (&format!("/api/v3/hf/margin/fills?{margin}"), 4_000, 5),
        ("/api/v3/hf/margin/account/ledgers", 4_000, 2),
        ("/api/v3/margin/accounts?queryType=MARGIN_V2", 4_000, 15),
        ("/api/v3/isolated/accounts?queryType=ISOLATED_V2", 4_000, 15),
    ] {
        let response = get(&exchange, target).await;
        assert_eq!(response.status, 200, "{target}: {}", response.body);
        let limit = response.header("gw-ratelimit-limit").unwrap();
        let query = exchange.stats().rest_queries.pop().unwrap();
        assert_eq!(
            (limit, query.weight),
            (&*pool.to_string(), weight),
            "{target}"
        );
    }
}

#[tokio::test]
async fn general_key_is_refused_symbols_of_margin_orders_only() {
    let builder = Exchange::builder().key_permissions(KeyPermissions::General);
    let exchange = builder.start().await.unwrap();
    let key = data(&exchange, "/api/v1/user/api-key").await;
    assert_eq!(key["permission"], "General");
    assert_eq!(key["apiKey"], *exchange.credentials().key);
    let refused = get(&exchange, MARGIN_SYMBOLS).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "400007"));
    let margin = "symbol=BTC-USDT&tradeType=MARGIN_TRADE";
    let fills = format!("/api/v3/hf/margin/fills?{margin}");
    assert_eq!(data(&exchange, &fills).await["items"], Value::Array(vec![]));
}

#[tokio::test]
async fn accounts_are_those_that_the_stream_pushed_last() {
    let exchange = busy(8).await;
    let mut last = BTreeMap::new();
    for push in pushed(&exchange.truth(), BALANCE) {
        let event = text(&push["relationEvent"]);
        if event.starts_with("main.") || event.starts_with("trade.") {
            last.insert((text(&push["accountId"]), text(&push["currency"])), push);
        }
    }
    assert!(last.len() > 4, "{last:?}");
    let rows = data(&exchange, "/api/v1/accounts").await;
    for row in rows.as_array().unwrap() {
        let key = (text(&row["id"]), text(&row["currency"]));
        let Some(push) = last.remove(&key) else {
            continue;
        };
        for (name, pushed) in [
            ("balance", "total"),
            ("available", "available"),
            ("holds", "hold"),
        ] {
            assert_eq!(row[name], push[pushed], "{row}");
        }
    }
    assert!(last.is_empty(), "accounts without a row: {last:?}");
}

#[tokio::test]
async fn bookings_of_the_funding_account_are_those_of_the_stream() {
    let exchange = busy(9).await;
    let pushes = pushed(&exchange.truth(), BALANCE).into_iter().rev();
    let pushes = pushes.filter(|push| text(&push["relationEvent"]).starts_with("main."));
    let expected: Vec<_> = pushes
        .map(|push| {
            let change = amount(&push["availableChange"]) + amount(&push["holdChange"]);
            let time = push["time"].as_str().unwrap().parse::<u64>().unwrap();
            (text(&push["relationEventId"]), change, time)
        })
        .collect();
    let mut booked = Vec::new();
    for page in 1.. {
        let target = format!("/api/v1/accounts/ledgers?pageSize=10&currentPage={page}");
        let page = data(&exchange, &target).await;
        let rows = page["items"].as_array().unwrap();
        if rows.is_empty() {
            break;
        }
        booked.extend(rows.iter().map(|row| {
            let sign = match row["direction"] == "in" {
                true => Decimal::ONE,
                false => Decimal::NEGATIVE_ONE,
            };
            let change = sign * amount(&row["amount"]);
            (text(&row["id"]), change, row["createdAt"].as_u64().unwrap())
        }));
    }
    assert!(booked.len() > 10, "{}", booked.len());
    assert_eq!(booked, expected);
}

#[tokio::test]
async fn open_stop_orders_are_those_that_the_stream_left_open() {
    let exchange = busy(10).await;
    let mut open = BTreeMap::new();
    for push in pushed(&exchange.truth(), STOPS) {
        let id = text(&push["orderId"]);
        match push["type"] == "open" {
            true => drop(open.insert(id, push)),
            false => drop(open.remove(&id)),
        }
    }
    assert!(open.len() > 5, "{open:?}");
    for trade_type in ["TRADE", "MARGIN_TRADE", "MARGIN_ISOLATED_TRADE"] {
        let target = format!("/api/v1/stop-order?tradeType={trade_type}&pageSize=500");
        let page = data(&exchange, &target).await;
        for row in page["items"].as_array().unwrap() {
            let push = open.remove(&text(&row["id"])).unwrap();
            for key in ["symbol", "side", "stop", "tradeType", "createdAt"] {
                assert_eq!(row[key], push[key], "{key} of {row}");
            }
            for key in ["size", "stopPrice"] {
                assert_eq!(amount(&row[key]), amount(&push[key]), "{key} of {row}");
            }
            assert_eq!(
                row["type"] == "limit",
                push["orderPrice"].is_string(),
                "{row}"
            );
        }
    }
    assert!(open.is_empty(), "stop orders that no list has: {open:?}");
}
