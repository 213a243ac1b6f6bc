//! Tests of the server over HTTP, and of the bounds of its memory.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::{Credentials, Hosts, Kucoin, RecoverySettings, WsKey};
use kucoin_streams_exchange::{Account, Cut, Effect, Exchange, Side};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::hub::{HISTORY, Hub, MAX_BYTES, MAX_LINES, MAX_MESSAGES, Tables};
use crate::rows::raw;
use crate::{follow, server};

/// Time limit of each step; normally it takes much less.
const LIMIT: Duration = Duration::from_secs(60);

/// A page server, which ends when this value is dropped.
struct PageServer {
    address: SocketAddr,
    hub: Arc<Hub>,
    tasks: JoinSet<()>,
}

impl PageServer {
    async fn start(only_loopback: bool) -> Self {
        let hub = Arc::new(Hub::new("test"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = server::router(Arc::clone(&hub), only_loopback);
        let mut tasks = JoinSet::new();
        tasks.spawn(async { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            hub,
            tasks,
        }
    }

    /// Starts a server that follows an account of a local exchange, with shorter delays of the recovery.
    async fn follow(exchange: &Exchange, ws_key: WsKey) -> Self {
        let mut page = Self::start(true).await;
        let demo = exchange.credentials();
        let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap();
        let kucoin = Kucoin::builder()
            .credentials(credentials)
            .hosts(Hosts::local(&exchange.rest_url()).unwrap())
            .build()
            .unwrap();
        let mut recovery = RecoverySettings::default();
        recovery.symbols = vec!["KCS-USDT".into()];
        recovery.row_delay = Duration::from_millis(100);
        recovery.sweep_delays = [300, 1_000].map(Duration::from_millis);
        let builder = kucoin.account().recovery(recovery).ws_keys([ws_key]);
        let hub = Arc::clone(&page.hub);
        page.tasks.spawn(async move {
            follow::run(builder, &hub, kucoin.lifecycle())
                .await
                .unwrap()
        });
        page
    }

    async fn request(&self, path: &str, headers: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        BufReader::new(stream)
    }

    /// Returns the status line, the headers and the body.
    async fn get(&self, path: &str, headers: &str) -> String {
        let mut response = String::new();
        let mut stream = self.request(path, headers).await;
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    async fn events(&self, path: &str, headers: &str) -> EventReader {
        let stream = self
            .request(path, &format!("Host: {}\r\n{headers}", self.address))
            .await;
        EventReader {
            stream,
            text: String::new(),
        }
    }
}

/// Reads server-sent events.
struct EventReader {
    stream: BufReader<TcpStream>,
    /// Everything that was read.
    text: String,
}

/// ID, name and data of an event.
type PageEvent = (String, String, Value);

impl EventReader {
    async fn next(&mut self) -> PageEvent {
        let mut event = PageEvent::default();
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(LIMIT, self.stream.read_line(&mut line));
            assert_ne!(
                read.await.expect("an event in time").unwrap(),
                0,
                "the stream ended"
            );
            self.text.push_str(&line);
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => event.0 = id.to_owned(),
                Some(("event", name)) => event.1 = name.to_owned(),
                Some(("data", data)) => event.2 = serde_json::from_str(data).unwrap(),
                None if !event.2.is_null() => return event,
                _ => {}
            }
        }
    }

    /// Reads until a row of a table satisfies a condition; returns the row.
    async fn row(&mut self, table: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (_, _, message) = self.next().await;
            let rows = message["tables"][table].as_object();
            if let Some(row) = rows.and_then(|rows| rows.values().find(|row| is_wanted(row))) {
                return row.clone();
            }
        }
    }
}

fn number(id: &str) -> u64 {
    id.split_once('-').unwrap().1.parse().unwrap()
}

fn is_trust(row: &Value, trust: &str) -> bool {
    row["part"] == "orders" && row["is"]["trust"] == trust
}

#[tokio::test]
async fn snapshot_is_followed_by_changes_with_exact_digits() {
    let exchange = Exchange::builder().start().await.unwrap();
    let page = PageServer::follow(&exchange, WsKey::SpotPrivateV1).await;
    let mut events = page.events("/events", "").await;
    let (_, name, snapshot) = events.next().await;
    assert_eq!((&*name, &snapshot["title"]), ("snapshot", &json!("test")));
    events.row("trusts", |row| is_trust(row, "live")).await;
    let price = "1.469".parse().unwrap();
    let order_id = exchange
        .account()
        .place_limit("KCS-USDT", Side::Buy, price, 30.into())
        .unwrap();
    let order = events
        .row("orders", |row| {
            row["orderId"] == *order_id && row["phase"] == "open"
        })
        .await;
    assert_eq!(
        (&order["price"], &order["size"]),
        (&json!("1.469"), &json!("30"))
    );
    exchange.account().fill(&order_id, 12.into()).unwrap();
    let filled = events.row("orders", |row| row["filledSize"] == "12").await;
    assert_eq!(filled["averagePrice"], "1.469");
    // Another page starts with what this one has collected.
    let (_, _, snapshot) = page.events("/events", "").await.next().await;
    assert_eq!(snapshot["tables"]["orders"][&order_id]["filledSize"], "12");
}

#[tokio::test]
async fn unified_account_is_shown_with_its_equity() {
    let exchange = Exchange::builder().start().await.unwrap();
    let page = PageServer::follow(&exchange, WsKey::PrivateProV2).await;
    let mut events = page.events("/events", "").await;
    events.row("trusts", |row| is_trust(row, "live")).await;
    let placed = exchange
        .account()
        .place_limit("KCS-USDT", Side::Buy, 1.into(), 30.into());
    let order_id = Account::unified_order_id(&placed.unwrap());
    let order = events
        .row("orders", |row| row["orderId"] == *order_id)
        .await;
    assert_eq!(
        (&order["wsKey"], &order["size"]),
        (&json!("privateProV2"), &json!("30"))
    );
    let has_lines = |message: &Value| {
        let lines = message["points"].as_object().unwrap().keys();
        let charts: BTreeSet<_> = lines
            .map(|key| {
                serde_json::from_str::<Value>(key).unwrap()["chart"]
                    .clone()
                    .to_string()
            })
            .collect();
        charts.contains("\"equity\"") && charts.contains("\"orders\"")
    };
    let snapshot = async {
        while !has_lines(&page.events("/events", "").await.next().await.2) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, snapshot)
        .await
        .expect("lines of the charts");
}

#[tokio::test]
async fn loss_is_shown_as_stale_rows_and_a_gap_until_recovered() {
    let exchange = Exchange::builder().start().await.unwrap();
    let page = PageServer::follow(&exchange, WsKey::SpotPrivateV1).await;
    let mut events = page.events("/events", "").await;
    events.row("trusts", |row| is_trust(row, "live")).await;
    exchange.inject(Effect::Cut(Cut::Reset));
    let trust = events.row("trusts", |row| is_trust(row, "stale")).await;
    assert!(
        trust["is"]["reason"]
            .as_str()
            .unwrap()
            .starts_with("disconnected"),
        "{trust}"
    );
    let gap = events.row("gaps", |row| !row["closedAt"].is_null()).await;
    assert_eq!(
        (&gap["wsKey"], &gap["missing"]),
        (&json!("spotPrivateV1"), &json!([]))
    );
    assert!(
        gap["parts"].as_array().unwrap().contains(&json!("orders")),
        "{gap}"
    );
}

#[tokio::test]
async fn page_resumes_after_the_last_event_that_it_has() {
    let page = PageServer::start(true).await;
    page.hub.publish(0, Tables::new(), Some(&BTreeMap::new()));
    let mut events = page.events("/events", "").await;
    let (id, ..) = events.next().await;
    drop(events);
    for at in 1..=3 {
        let values = BTreeMap::from([("{}".to_owned(), at.to_string())]);
        page.hub.publish(at, Tables::new(), Some(&values));
    }
    let header = format!("Last-Event-ID: {id}\r\n");
    let after = format!("/events?after={id}");
    for (path, header) in [("/events", &*header), (&*after, "")] {
        let mut events = page.events(path, header).await;
        for at in 1..=3 {
            let (next, name, message) = events.next().await;
            assert_eq!((&*name, number(&next)), ("change", number(&id) + at));
            assert_eq!(message["points"]["{}"], json!([at, at.to_string()]));
        }
    }
    let (run, _) = id.split_once('-').unwrap();
    for unknown in ["0-1", "x", &format!("{run}-99")] {
        let (_, name, snapshot) = page
            .events("/events", &format!("Last-Event-ID: {unknown}\r\n"))
            .await
            .next()
            .await;
        assert_eq!(name, "snapshot", "{unknown}");
        assert_eq!(
            snapshot["points"]["{}"],
            json!([[1, "1"], [2, "2"], [3, "3"]])
        );
    }
}

#[tokio::test]
async fn foreign_host_or_origin_is_refused() {
    let (page, open) = (
        PageServer::start(true).await,
        PageServer::start(false).await,
    );
    let port = page.address.port();
    for (server, headers, status) in [
        (&page, format!("Host: 127.0.0.1:{port}\r\n"), 200),
        (&page, "Host: LOCALHOST\r\n".to_owned(), 200),
        (&page, "Host: [::1]:9\r\n".to_owned(), 200),
        (&page, format!("Host: evil.example:{port}\r\n"), 421),
        (&page, "Host: localhost.evil.example\r\n".to_owned(), 421),
        (&page, "Host: 192.0.2.1\r\n".to_owned(), 421),
        (&page, "Host: a b\r\n".to_owned(), 421),
        (&page, String::new(), 400),
        (
            &page,
            format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"),
            200,
        ),
        (
            &page,
            format!("Host: localhost:{port}\r\nOrigin: http://evil.example\r\n"),
            403,
        ),
        (
            &page,
            format!("Host: localhost:{port}\r\nOrigin: null\r\n"),
            403,
        ),
        (&open, "Host: 192.0.2.1:8787\r\n".to_owned(), 200),
        (&open, "Host: evil.example\r\n".to_owned(), 421),
    ] {
        let response = server.get("/", &headers).await;
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{headers}: {response}"
        );
        assert!(
            response.contains("content-security-policy: default-src 'none'; script-src 'self'"),
            "{response}"
        );
        assert_eq!(response.contains("<html"), status == 200, "{headers}");
    }
}

#[tokio::test]
async fn secret_is_in_no_response() {
    let exchange = Exchange::builder().start().await.unwrap();
    let page = PageServer::follow(&exchange, WsKey::SpotPrivateV1).await;
    let mut events = page.events("/events", "").await;
    events.row("trusts", |row| is_trust(row, "live")).await;
    exchange.inject(Effect::Cut(Cut::Reset));
    events.row("gaps", |row| !row["closedAt"].is_null()).await;
    let mut text = events.text;
    for path in [
        "/",
        "/page.js",
        "/chart.js",
        "/page.css",
        "/icon.svg",
        "/none",
        "/events/",
    ] {
        text += &page.get(path, &format!("Host: {}\r\n", page.address)).await;
    }
    let demo = exchange.credentials();
    for secret in [&demo.key, &demo.secret, &demo.passphrase] {
        assert!(!text.contains(&**secret), "a response has a secret");
    }
    assert!(!text.contains("token="), "a response has a token");
    assert!(
        text.contains("disconnected"),
        "the loss is in what was searched"
    );
}

#[tokio::test]
async fn further_page_is_refused_until_one_is_closed() {
    let page = PageServer::start(true).await;
    page.hub.publish(0, Tables::new(), Some(&BTreeMap::new()));
    let mut open = Vec::new();
    for _ in 0..server::MAX_PAGES {
        let mut events = page.events("/events", "").await;
        events.next().await;
        open.push(events);
    }
    let host = format!("Host: {}\r\n", page.address);
    assert!(
        page.get("/events", &host)
            .await
            .starts_with("HTTP/1.1 503 ")
    );
    open.pop();
    let again = async {
        loop {
            page.hub.publish(1, Tables::new(), Some(&BTreeMap::new()));
            let mut line = String::new();
            page.request("/events", &host)
                .await
                .read_line(&mut line)
                .await
                .unwrap();
            if line.starts_with("HTTP/1.1 200 ") {
                break;
            }
        }
    };
    tokio::time::timeout(LIMIT, again)
        .await
        .expect("the closed page makes room");
}

#[test]
fn memory_of_the_hub_is_bounded() {
    let hub = Hub::new("test");
    let values = |at: i64| -> BTreeMap<String, String> {
        (0..2 * MAX_LINES)
            .map(|line| (format!("{line:03}"), format!("{at}.{line}")))
            .collect()
    };
    // Two hours, with a row that changes in each message.
    let seconds = 2 * HISTORY / 1_000;
    for second in (0..seconds).step_by(2) {
        let row = raw(&json!({ "second": second, "text": "x".repeat(4_000) }));
        let tables = Tables::from([("orders", [("one".to_owned(), Some(row))].into())]);
        let values = if second % 100 == 0 {
            values(second)
        } else {
            BTreeMap::new()
        };
        hub.publish(second * 1_000, tables, Some(&values));
    }
    let newest = u64::try_from(seconds / 2).unwrap();
    // A change is there for as many messages as are kept; before them there is a snapshot.
    let kept = (1..newest)
        .rev()
        .take_while(|after| hub.read(Some(*after)).unwrap().name == "change")
        .count();
    assert!(
        kept > 500 && kept <= MAX_MESSAGES.min(MAX_BYTES / 4_000),
        "{kept} messages"
    );
    let snapshot: Value = serde_json::from_str(&hub.read(None).unwrap().json).unwrap();
    assert_eq!(snapshot["tables"]["orders"].as_object().unwrap().len(), 1);
    let lines = snapshot["points"].as_object().unwrap();
    assert_eq!(lines.len(), MAX_LINES);
    // In an hour, each line has 36 values, 36 ends, and the value at its begin.
    assert!(
        lines
            .values()
            .all(|points| points.as_array().unwrap().len() <= 74),
        "{lines:?}"
    );
    assert!(hub.read(Some(newest)).is_none());
    // Removed rows and ended lines are dropped.
    hub.publish(
        2 * HISTORY,
        Tables::from([("orders", [("one".to_owned(), None)].into())]),
        None,
    );
    hub.publish(4 * HISTORY, Tables::new(), Some(&BTreeMap::new()));
    let snapshot: Value = serde_json::from_str(&hub.read(None).unwrap().json).unwrap();
    assert_eq!(
        (&snapshot["tables"]["orders"], &snapshot["points"]),
        (&json!({}), &json!({}))
    );
}
