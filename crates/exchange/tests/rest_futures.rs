//! REST queries for the futures account over sockets, compared with the streams.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use kucoin_streams_exchange::{
    CONTRACTS, Decimal, Direction, Exchange, KeyPermissions, SettleCurrency, Side, StopPriceType,
};
use serde_json::Value;
use support::*;

const FUTURES_ORDERS: &str = "/contractMarket/tradeOrders";
const WALLET: &str = "/contractAccount/wallet";

async fn busy(seed: u64) -> Exchange {
    let exchange = Exchange::builder().seed(seed).start().await.unwrap();
    exchange.account().futures().step(800);
    exchange
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn each_endpoint_takes_its_weight_and_permission() {
    let exchange = Exchange::builder().start().await.unwrap();
    let general = Exchange::builder().key_permissions(KeyPermissions::General);
    let general = general.start().await.unwrap();
    for (target, weight, is_general) in [
        ("/api/v1/orders?status=active", 2, true),
        ("/api/v1/recentDoneOrders", 5, true),
        ("/api/v1/orders/1", 5, true),
        ("/api/v1/orders/byClientOid?clientOid=1", 5, true),
        ("/api/v1/stopOrders", 6, true),
        ("/api/v1/recentFills", 3, false),
        ("/api/v1/fills", 5, true),
        ("/api/v1/positions", 2, false),
        ("/api/v1/position?symbol=XBTUSDTM", 2, false),
        ("/api/v2/position?symbol=XBTUSDTM", 2, false),
        ("/api/v1/history-positions", 2, true),
        ("/api/v1/account-overview?currency=USDT", 5, false),
        ("/api/v1/transaction-history?currency=USDT", 2, false),
        ("/api/v1/funding-history?symbol=XBTUSDTM", 5, false),
        ("/api/v2/position/getMarginMode?symbol=XBTUSDTM", 2, false),
        ("/api/v2/getCrossUserLeverage?symbol=XBTUSDTM", 2, false),
    ] {
        let response = get(&exchange, target).await;
        assert_eq!(response.status, 200, "{target}: {}", response.body);
        assert_eq!(response.header("gw-ratelimit-limit"), Some("2000"));
        let queries = exchange.stats().rest_queries;
        assert_eq!(queries.last().unwrap().weight, weight, "{target}");
        let refused = get(&general, target).await.code() == "400007";
        assert_eq!(refused, !is_general, "{target}");
    }
}

#[tokio::test]
async fn only_the_futures_host_serves_futures() {
    let exchange = Exchange::builder().start().await.unwrap();
    for (url, code) in [
        (exchange.futures_rest_url(), "200000"),
        (exchange.rest_url(), "200000"),
        (exchange.spot_rest_url(), "404"),
    ] {
        let port = url.rsplit_once(':').unwrap().1.parse().unwrap();
        for target in [
            "/api/v1/orders?status=done&symbol=XBTUSDTM",
            "/api/v1/fills",
        ] {
            let headers = signed("GET", exchange.credentials(), target, now_ms());
            let response = http_on(port, "GET", target, &headers).await;
            assert_eq!(response.code(), code, "{url}{target}");
        }
    }
}

#[tokio::test]
async fn orders_and_fills_are_those_that_the_stream_pushed() {
    let exchange = busy(11).await;
    let pushes = pushed(&exchange.truth(), FUTURES_ORDERS);
    let key = |row: &Value, size: &str| {
        ["symbol", "tradeId", "orderId"]
            .map(|key| text(&row[key]))
            .join(" ")
            + " "
            + size
    };
    let matches = pushes.iter().filter(|push| push["type"] == "match");
    let mut matched: Vec<String> = matches
        .map(|push| key(push, push["matchSize"].as_str().unwrap()))
        .collect();
    matched.reverse();
    let recent = data(&exchange, "/api/v1/recentFills").await;
    let recent: Vec<String> = recent
        .as_array()
        .unwrap()
        .iter()
        .map(|fill| key(fill, &fill["size"].to_string()))
        .collect();
    assert!(
        matched.len() > 300 && matched.len() < 1_000,
        "{}",
        matched.len()
    );
    assert_eq!(recent, matched);
    let last: BTreeMap<String, &Value> = pushes
        .iter()
        .map(|push| (text(&push["orderId"]), push))
        .collect();
    let mut seen = 0;
    for target in [
        "/api/v1/orders?status=active&pageSize=1000",
        "/api/v1/orders?pageSize=1000",
    ] {
        let rows = data(&exchange, target).await;
        assert!(rows["totalPage"].as_u64() <= Some(1));
        for row in rows["items"].as_array().unwrap() {
            let push = last[&text(&row["id"])];
            for (key, pushed) in [
                ("orderTime", "orderTime"),
                ("clientOid", "clientOid"),
                ("status", "status"),
            ] {
                assert_eq!(row[key], push[pushed], "{key} of {row}");
            }
            assert_eq!(row["filledSize"].to_string(), text(&push["filledSize"]));
            seen += 1;
        }
    }
    assert_eq!(seen, last.len());
}

#[tokio::test]
async fn positions_and_accounts_are_the_current_ones() {
    let exchange = busy(12).await;
    let futures = exchange.account().futures();
    let rows = data(&exchange, "/api/v1/positions").await;
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), CONTRACTS.len());
    for row in rows {
        let state = futures.position(row["symbol"].as_str().unwrap()).unwrap();
        assert_eq!(row["currentQty"], state.quantity);
        assert_eq!(row["isOpen"], state.quantity != 0);
        let late = row["currentTimestamp"].as_u64().unwrap().abs_diff(now_ms());
        assert!(late < 60_000, "{row}");
    }
    let wallets = pushed(&exchange.truth(), WALLET);
    for currency in [SettleCurrency::Usdt, SettleCurrency::Xbt] {
        let name = currency.as_str();
        let target = format!("/api/v1/account-overview?currency={name}");
        let response = get(&exchange, &target).await;
        let push = wallets
            .iter()
            .rfind(|push| push["currency"] == name)
            .unwrap();
        let balance = decimal(push["walletBalance"].as_str().unwrap());
        assert_eq!(balance, futures.wallet(currency).balance.normalize());
        // A JSON number with more digits than a double has.
        let written = format!("\"marginBalance\":{},", balance.normalize());
        assert!(
            response.body.contains(&written),
            "{written} in {}",
            response.body
        );
    }
}

#[tokio::test]
async fn stop_order_is_followed_by_its_ids() {
    let exchange = Exchange::builder().start().await.unwrap();
    let futures = exchange.account().futures();
    let terms = (Side::Sell, Direction::Down, StopPriceType::Trade);
    let prices = (decimal("60000"), Some(decimal("65000")));
    let id = futures
        .place_stop_as("my stop", "XBTUSDTM", terms, prices, 3)
        .unwrap();
    let by_client_oid = "/api/v1/orders/byClientOid?clientOid=my%20stop";
    let stops = data(&exchange, "/api/v1/stopOrders").await;
    assert_eq!(stops["items"][0], data(&exchange, by_client_oid).await);
    assert_eq!(stops["items"][0]["id"], id);
    futures.set_price("XBTUSDTM", decimal("60000")).unwrap();
    assert_eq!(data(&exchange, "/api/v1/stopOrders").await["totalNum"], 0);
    assert_eq!(futures.open_orders(), [&*id]);
    let row = data(&exchange, &format!("/api/v1/orders/{id}")).await;
    assert_eq!(
        (&row["stopTriggered"], &row["status"]),
        (&true.into(), &"open".into())
    );
    let orders = pushed(&exchange.truth(), FUTURES_ORDERS);
    assert_eq!(
        (&orders[0]["orderId"], &orders[0]["clientOid"]),
        (&id.as_str().into(), &"my stop".into())
    );
    futures.cancel(&id).unwrap();
    let row = data(&exchange, by_client_oid).await;
    assert_eq!(
        (&row["cancelExist"], &row["status"]),
        (&true.into(), &"done".into())
    );
    let unknown = get(&exchange, "/api/v1/orders/306258654000000000").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (200, "100001"));
}
