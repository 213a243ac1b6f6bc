//! REST queries for the unified account: they agree with the pushes, and have their own quota and permissions.

use std::collections::BTreeMap;

use kucoin_streams_exchange::{AccountMode, Exchange, KeyPermissions, RestPool, Side};
use serde_json::Value;

use crate::setup::*;
use crate::support::*;

const OPEN: &str = "/api/ua/v1/unified/order/open-list?tradeType=FUTURES";
const LEVERAGE: &str = "/api/ua/v1/unified/account/leverage?tradeType=FUTURES&marginMode=CROSS";

async fn items(exchange: &Exchange, target: &str) -> Vec<Value> {
    let data = data(exchange, target).await;
    let rows = if data.is_array() {
        &data
    } else {
        &data["items"]
    };
    rows.as_array().unwrap().clone()
}

#[tokio::test]
async fn rows_have_the_ids_amounts_and_times_of_pushes() {
    let exchange = quiet().await;
    let topics =
        ["orderAll", "execution", "positionAll"].map(|it| format!("{it}?tradeType=UNIFIED"));
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut pro = Pro::subscribed(&exchange, &topics).await;
    let futures = exchange.account().futures();
    let order_id = futures
        .place_limit("XBTUSDTM", Side::Buy, decimal("67000"), 5)
        .unwrap();
    futures.fill(&order_id, 2).unwrap();
    let spot_id = exchange
        .account()
        .place_market("BTC-USDT", Side::Sell, decimal("0.002"))
        .unwrap();
    let spot_id = kucoin_streams_exchange::Account::unified_order_id(&spot_id);
    // The last push of each order, fill and position, up to the last fill of the spot order.
    let mut last: BTreeMap<(String, String), Value> = BTreeMap::new();
    let mut filled = false;
    loop {
        let push = pro.json().await;
        let (topic, data) = (push["T"].as_str().unwrap(), push["d"].clone());
        let key = match topic {
            "orderAll.UNIFIED" => "oi",
            "execution.UNIFIED" => "ti",
            _ => "s",
        };
        filled |= data["oi"] == *spot_id && data["os"] == 3;
        let id = data[key].as_str().unwrap().to_owned();
        last.insert((topic.to_owned(), id), data);
        if filled && topic == "execution.UNIFIED" {
            break;
        }
    }
    let pushed = |topic: &str, id: &Value| {
        last[&(topic.to_owned(), id.as_str().unwrap().to_owned())].clone()
    };
    let mut orders = items(&exchange, OPEN).await;
    assert_eq!(
        (orders.len(), &orders[0]["orderId"]),
        (1, &(&*order_id).into())
    );
    let history = "/api/ua/v2/unified/order/history?tradeType=SPOT&symbol=BTC-USDT";
    orders.extend(items(&exchange, history).await);
    assert_eq!(orders.len(), 2);
    for row in orders {
        let push = pushed("orderAll.UNIFIED", &row["orderId"]);
        for (key, pushed) in [
            ("status", "os"),
            ("filledSize", "fS"),
            ("orderTime", "O"),
            ("fee", "f"),
        ] {
            assert_eq!(row[key], push[pushed], "{key}");
        }
    }
    let mut fills = items(
        &exchange,
        "/api/ua/v1/unified/order/execution?tradeType=FUTURES",
    )
    .await;
    let spot = "/api/ua/v2/unified/order/execution?tradeType=SPOT&symbol=BTC-USDT";
    fills.extend(items(&exchange, spot).await);
    for row in fills {
        let push = pushed("execution.UNIFIED", &row["tradeId"]);
        for (key, pushed) in [("orderId", "oi"), ("size", "q"), ("executionTime", "E")] {
            assert_eq!(row[key], push[pushed], "{key}");
        }
    }
    let positions = items(&exchange, "/api/ua/v1/unified/position/open-list").await;
    let push = pushed("positionAll.UNIFIED", &"XBTUSDTM".into());
    for (key, pushed) in [
        ("id", "pi"),
        ("size", "q"),
        ("updateTime", "U"),
        ("riskRatio", "r"),
    ] {
        assert_eq!(positions[0][key], push[pushed], "{key}");
    }
}

#[tokio::test]
async fn both_versions_share_the_quota_of_the_unified_pool() {
    let builder = Exchange::builder().rest_quota(RestPool::Unified, 40);
    let exchange = builder.start().await.unwrap();
    for (target, remaining) in [
        (OPEN, "36"),
        ("/api/ua/v2/account/mode", "6"),
        ("/api/ua/v1/unified/position/open-list", "3"),
    ] {
        let reply = get(&exchange, target).await;
        assert_eq!(reply.code(), "200000");
        assert_eq!(
            reply.header("gw-ratelimit-remaining"),
            Some(remaining),
            "{target}"
        );
    }
    let refused = get(&exchange, OPEN).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "429000"));
}

#[tokio::test]
async fn classic_account_is_refused_on_unified_paths_only() {
    let builder = Exchange::builder().account_mode(AccountMode::Classic);
    let exchange = builder.start().await.unwrap();
    for target in [OPEN, "/api/ua/v2/unified/account/balance", LEVERAGE] {
        let refused = get(&exchange, target).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (200, "112010"),
            "{target}"
        );
    }
    let mode = data(&exchange, "/api/ua/v1/account/mode").await;
    assert_eq!(mode["selfAccountMode"], "CLASSIC");
    let balance = data(&exchange, "/api/ua/v1/account/balance?accountType=FUTURES").await;
    assert_eq!(balance["accounts"][0]["currencies"][0]["balance"], "20000");
}

#[tokio::test]
async fn general_key_may_not_query_leverage() {
    let builder = Exchange::builder().key_permissions(KeyPermissions::General);
    let exchange = builder.start().await.unwrap();
    let refused = get(&exchange, LEVERAGE).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "400007"));
    assert_eq!(items(&exchange, OPEN).await, Vec::<Value>::new());
}
