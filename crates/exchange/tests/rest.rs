//! REST queries: signature, quota, permissions, hosts, faults and statistics.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kucoin_streams_exchange::{
    AccountMode, Activity, Decimal, Effect, Exchange, ExchangeBuilder, Faults, KeyPermissions,
    RestFault, RestPool, SYMBOLS, Side,
};
use serde_json::Value;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ACTIVE: &str = "/api/v1/hf/orders/active";
const SYMBOLS_PATH: &str = "/api/v1/hf/orders/active/symbols";
const FILLS: &str = "/api/v1/hf/fills?symbol=BTC-USDT";

async fn start(builder: ExchangeBuilder) -> Exchange {
    builder.start().await.unwrap()
}

async fn with(script: &str) -> Exchange {
    start(Exchange::builder().faults(script.parse().unwrap())).await
}

fn place(exchange: &Exchange, client_oid: &str) -> String {
    let (price, size) = (Decimal::from(60_000), "0.01".parse().unwrap());
    let account = exchange.account();
    let placed = account.place_limit_as(client_oid, "BTC-USDT", Side::Buy, price, size);
    placed.unwrap()
}

#[tokio::test]
async fn signature_covers_the_query_as_sent() {
    let exchange = start(Exchange::builder()).await;
    let id = place(&exchange, "a/b c");
    let path = "/api/v1/hf/orders/client-order/a%2Fb%20c";
    let target = format!("{path}?symbol=BTC%2DUSDT");
    let found = get(&exchange, &target).await;
    assert_eq!((found.status, found.code().as_str()), (200, "200000"));
    assert_eq!(found.json()["data"]["id"], id);
    for other in [
        path.to_owned(),
        format!("{path}?symbol=BTC-USDT"),
        "/api/v1/hf/orders/client-order/a/b c?symbol=BTC-USDT".to_owned(),
    ] {
        let headers = signed("GET", exchange.credentials(), &other, now_ms());
        let refused = http(&exchange, "GET", &target, &headers).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (401, "400005"),
            "{other}"
        );
        assert_eq!(refused.header("gw-ratelimit-limit"), None);
    }
}

#[tokio::test]
async fn fills_are_those_that_the_stream_pushed() {
    let exchange = start(Exchange::builder().seed(5)).await;
    exchange.account().step(1_500);
    let truth = exchange.truth().of_topic(ORDERS);
    let pushes = truth.iter().map(|entry| field(&entry.frame, "data"));
    let key = |symbol: &Value, trade: String, order: &Value, size: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        [text(symbol), trade, text(order), text(size)].join(" ")
    };
    let pushed: BTreeSet<String> = pushes
        .filter(|push| push["type"] == "match")
        .map(|push| {
            let trade = push["tradeId"].as_str().unwrap().to_owned();
            key(&push["symbol"], trade, &push["orderId"], &push["matchSize"])
        })
        .collect();
    let mut margin = 0;
    let mut fetched = BTreeSet::new();
    for symbol in SYMBOLS {
        let mut last = Value::from(0);
        loop {
            let target = format!("/api/v1/hf/fills?symbol={symbol}&limit=100&lastId={last}");
            let page = get(&exchange, &target).await.json();
            let rows = page["data"]["items"].as_array().unwrap().clone();
            last = page["data"]["lastId"].clone();
            if rows.is_empty() {
                break;
            }
            fetched.extend(rows.iter().map(|row| {
                let trade = row["tradeId"].to_string();
                key(&row["symbol"], trade, &row["orderId"], &row["size"])
            }));
        }
    }
    assert!(fetched.len() > 50, "{}", fetched.len());
    assert!(fetched.is_subset(&pushed));
    for missing in pushed.difference(&fetched) {
        // Only fills of margin orders are missing: their orders are unknown to the spot account.
        let parts: Vec<&str> = missing.split(' ').collect();
        let order = format!("/api/v1/hf/orders/{}?symbol={}", parts[2], parts[0]);
        assert_eq!(
            get(&exchange, &order).await.json()["data"],
            Value::Null,
            "{missing}"
        );
        margin += 1;
    }
    assert_eq!(fetched.len() + margin, pushed.len());
}

#[tokio::test]
async fn exhausted_quota_is_429_with_headers() {
    let exchange = start(Exchange::builder().rest_quota(RestPool::Spot, 5)).await;
    let quota = |response: &Response| {
        ["limit", "remaining"].map(|key| {
            let header = response.header(&format!("gw-ratelimit-{key}"));
            header.unwrap().parse::<u32>().unwrap()
        })
    };
    for (status, expected) in [(200, [5, 3]), (200, [5, 1]), (429, [5, 1])] {
        let response = get(&exchange, ACTIVE).await;
        assert_eq!((response.status, quota(&response)), (status, expected));
        let reset = response.header("gw-ratelimit-reset").unwrap();
        assert!(
            (1..=30_000).contains(&reset.parse::<u32>().unwrap()),
            "{reset}"
        );
        assert_eq!(response.code() == "429000", status == 429);
    }
    let stats = exchange.stats();
    let weights: Vec<u32> = stats
        .rest_queries
        .iter()
        .map(|query| query.weight)
        .collect();
    assert_eq!(weights, [2, 2, 0]);
}

#[tokio::test]
async fn error_of_an_admitted_query_has_quota_headers() {
    let exchange = start(Exchange::builder().rest_symbol_required()).await;
    let refused = get(&exchange, ACTIVE).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "400100"));
    assert!(refused.json()["msg"].as_str().unwrap().contains("symbol"));
    assert_eq!(refused.header("gw-ratelimit-remaining"), Some("3998"));
}

#[tokio::test]
async fn general_key_is_refused_where_more_is_needed() {
    let builder = Exchange::builder().key_permissions(KeyPermissions::General);
    let exchange = start(builder.account_mode(AccountMode::Classic)).await;
    let refused = get(&exchange, SYMBOLS_PATH).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "400007"));
    assert_eq!(get(&exchange, ACTIVE).await.code(), "200000");
    assert_eq!(get(&exchange, FILLS).await.code(), "200000");
}

#[tokio::test]
async fn each_port_serves_the_endpoints_of_its_host() {
    let exchange = start(Exchange::builder()).await;
    let status = async |url: String, method: &str, target: &str| {
        let port = url.rsplit_once(':').unwrap().1.parse().unwrap();
        let headers = signed(method, exchange.credentials(), target, now_ms());
        let response = http_on(port, method, target, &headers).await;
        (response.status, response.code())
    };
    for (url, expected) in [
        (exchange.rest_url(), (200, "200000".to_owned())),
        (exchange.spot_rest_url(), (200, "200000".to_owned())),
        (exchange.futures_rest_url(), (404, "404".to_owned())),
    ] {
        assert_eq!(status(url, "GET", ACTIVE).await, expected);
    }
    let unknown = get(&exchange, "/api/v1/hf/no-such").await;
    let body = r#"{"code":"404","msg":"Not Found","retry":false,"success":false}"#;
    assert_eq!((unknown.status, unknown.body.as_str()), (404, body));
    let wrong = status(exchange.rest_url(), "POST", ACTIVE).await;
    assert_eq!(wrong, (405, "405000".to_owned()));
}

#[tokio::test]
async fn each_rest_fault_breaks_one_response() {
    let script = "rest 1: rest-refuse status=200 code=900001 message=\"symbol not exists\"\n\
                  rest 2: rest-rate-limit reset=2500ms\n\
                  rest 3: rest-overload\n\
                  rest 4: rest-server-error status=502\n\
                  rest 5: rest-html\n\
                  rest 6: rest-truncated\n\
                  rest 7: rest-cut-body\n\
                  rest 8: rest-slow by=30ms";
    let exchange = with(script).await;
    let refused = get(&exchange, ACTIVE).await;
    assert_eq!((refused.status, refused.code().as_str()), (200, "900001"));
    let limited = get(&exchange, ACTIVE).await;
    assert_eq!((limited.status, limited.code().as_str()), (429, "429000"));
    assert_eq!(limited.header("gw-ratelimit-reset"), Some("2500"));
    assert_eq!(limited.header("gw-ratelimit-remaining"), Some("0"));
    let overloaded = get(&exchange, ACTIVE).await;
    assert_eq!(
        (overloaded.status, overloaded.code().as_str()),
        (429, "429000")
    );
    assert_eq!(overloaded.header("gw-ratelimit-reset"), None);
    let broken = get(&exchange, ACTIVE).await;
    assert_eq!((broken.status, broken.body.contains("<html>")), (502, true));
    let page = get(&exchange, ACTIVE).await;
    assert_eq!(
        (page.status, page.body.starts_with("<!DOCTYPE")),
        (200, true)
    );
    let truncated = get(&exchange, ACTIVE).await;
    assert!(truncated.whole && serde_json::from_str::<Value>(&truncated.body).is_err());
    assert!(!get(&exchange, ACTIVE).await.whole);
    let started = Instant::now();
    assert_eq!(get(&exchange, ACTIVE).await.code(), "200000");
    assert!(started.elapsed() >= Duration::from_millis(30));
    let stats = exchange.stats();
    let statuses: Vec<_> = stats
        .rest_queries
        .iter()
        .map(|it| it.status.unwrap())
        .collect();
    assert_eq!(statuses, [200, 429, 429, 502, 200, 200, 200, 200]);
}

#[tokio::test]
async fn fault_acts_on_the_path_that_contains_its_text() {
    let exchange = with("rest 2 /hf/fills: rest-html times=2").await;
    let mut broken = Vec::new();
    for target in [ACTIVE, FILLS, ACTIVE, FILLS, FILLS, FILLS] {
        broken.push(get(&exchange, target).await.body.starts_with('<'));
    }
    assert_eq!(broken, [false, false, false, true, true, false]);
}

#[tokio::test]
async fn connection_can_close_without_an_answer() {
    let exchange = start(Exchange::builder()).await;
    exchange.inject(Effect::Rest(RestFault::Close));
    let address = ("127.0.0.1", exchange.port());
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {ACTIVE} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
    let stats = exchange.stats();
    assert_eq!(
        (stats.rest_queries[0].status, stats.rest_queries.len()),
        (None, 1)
    );
    assert_eq!(get(&exchange, ACTIVE).await.code(), "200000");
}

#[tokio::test]
async fn numbered_page_can_shift() {
    let faults = Faults::new().on_rest_query(
        "/active/page",
        2,
        Effect::Rest(RestFault::ShiftPages { rows: 1 }),
    );
    let exchange = start(Exchange::builder().faults(faults)).await;
    let mut ids = [(); 4].map(|()| place(&exchange, "c"));
    ids.reverse();
    let mut pages = Vec::new();
    for number in [1, 2, 2] {
        let target = format!("{ACTIVE}/page?symbol=BTC-USDT&pageSize=2&pageNum={number}");
        let page = get(&exchange, &target).await.json();
        pages.push([0, 1].map(|row| page["data"]["items"][row]["id"].clone()));
    }
    assert_eq!(pages[0], [&*ids[0], &*ids[1]]);
    assert_eq!(pages[1], [&*ids[1], &*ids[2]], "a row is repeated");
    assert_eq!(pages[2], [&*ids[2], &*ids[3]]);
}

#[tokio::test]
async fn script_changes_lag_lists_quota_and_permissions() {
    let script = "call lag: rest-lag from=24h to=24h\n\
                  call missing: rest-missing-orders for=24h\n\
                  call key: rest-permissions granted=general\n\
                  call symbol: rest-symbol-required\n\
                  call quota: rest-quota pool=spot weight=1";
    let exchange = with(script).await;
    let orders = async || get(&exchange, ACTIVE).await.json()["data"].clone();
    let id = place(&exchange, "1");
    assert_eq!(orders().await[0]["id"], *id);
    assert!(exchange.call("missing"));
    exchange.account().cancel(&id).unwrap();
    assert_eq!(orders().await, Value::Null);
    let done = "/api/v1/hf/orders/done?symbol=BTC-USDT";
    assert_eq!(get(&exchange, done).await.json()["data"], Value::Null);
    assert!(exchange.call("lag"));
    place(&exchange, "2");
    assert_eq!(orders().await, Value::Null);
    assert!(exchange.call("key"));
    assert_eq!(get(&exchange, SYMBOLS_PATH).await.code(), "400007");
    assert!(exchange.call("symbol"));
    assert_eq!(get(&exchange, ACTIVE).await.code(), "400100");
    assert!(exchange.call("quota"));
    assert_eq!(get(&exchange, ACTIVE).await.code(), "429000");
}

#[tokio::test]
async fn queries_are_counted_and_reported() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = Arc::clone(&seen);
    let builder = Exchange::builder().observe(move |it| observer.lock().unwrap().push(it));
    let exchange = start(builder).await;
    get(&exchange, FILLS).await;
    http(&exchange, "GET", ACTIVE, &[]).await;
    let stats = exchange.stats();
    let queries: Vec<_> = stats
        .rest_queries
        .iter()
        .map(|it| (&*it.path, &*it.query, it.weight, it.status, &*it.code))
        .collect();
    let path = "/api/v1/hf/fills";
    assert_eq!(
        queries,
        [
            (path, "symbol=BTC-USDT", 2, Some(200), "200000"),
            (ACTIVE, "", 0, Some(400), "400001"),
        ]
    );
    let expected = Activity::RestQuery {
        path: path.to_owned(),
        status: Some(200),
        code: "200000".to_owned(),
        weight: 2,
    };
    assert_eq!(seen.lock().unwrap()[0], expected);
}
