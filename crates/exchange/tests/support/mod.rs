//! A minimal client on plain TCP. It shares no code with the local exchange or the SDK.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use kucoin_streams_exchange::{DemoCredentials, Exchange, TruthLog};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for a slow machine; passing tests never wait for it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) const ORDERS: &str = "/spotMarket/tradeOrders";
pub(crate) const ORDERS_V2: &str = "/spotMarket/tradeOrdersV2";
pub(crate) const BALANCE: &str = "/account/balance";
pub(crate) const STOPS: &str = "/spotMarket/advancedOrders";
pub(crate) const SNAPSHOT: &str = "/account/snapshotBalance";
pub(crate) const FILLS: &str = "/spot/tradeFills";
pub(crate) const MARGIN: &str = "/margin/position";
pub(crate) const ISOLATED_BTC: &str = "/margin/isolatedPosition:BTC-USDT";
pub(crate) const MATCHES: &str = "/market/match:";

/// Returns every private topic of the spot host.
pub(crate) fn spot_topics() -> Vec<String> {
    let account = [ORDERS, ORDERS_V2, BALANCE, STOPS, SNAPSHOT, FILLS, MARGIN];
    let by_symbol = [MATCHES, "/margin/isolatedPosition:"];
    let of_symbols = by_symbol.iter().flat_map(|family| {
        let symbols = kucoin_streams_exchange::SYMBOLS.iter();
        symbols.map(move |symbol| format!("{family}{symbol}"))
    });
    account
        .map(str::to_owned)
        .into_iter()
        .chain(of_symbols)
        .collect()
}

pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    since.as_millis() as u64
}

pub(crate) fn mac(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Returns the five signature headers of a POST request without a body.
pub(crate) fn signed_headers(
    who: &DemoCredentials,
    path: &str,
    timestamp: u64,
) -> Vec<(&'static str, String)> {
    signed("POST", who, path, timestamp)
}

/// Sends a signed GET request; path and query are sent and signed unchanged.
pub(crate) async fn get(exchange: &Exchange, target: &str) -> Response {
    let headers = signed("GET", exchange.credentials(), target, now_ms());
    http(exchange, "GET", target, &headers).await
}

/// Sends a GET request that must succeed, and returns its `data`.
pub(crate) async fn data(exchange: &Exchange, target: &str) -> Value {
    let response = get(exchange, target).await;
    assert_eq!(response.code(), "200000", "{target}: {}", response.body);
    response.json()["data"].clone()
}

/// Returns the events that were pushed on a topic.
pub(crate) fn pushed(truth: &TruthLog, topic: &str) -> Vec<Value> {
    let entries = truth.of_topic(topic);
    let frames = entries.iter().map(|entry| field(&entry.frame, "data"));
    frames.collect()
}

/// Returns the five signature headers of a request without a body.
pub(crate) fn signed(
    method: &str,
    who: &DemoCredentials,
    path: &str,
    timestamp: u64,
) -> Vec<(&'static str, String)> {
    vec![
        ("KC-API-KEY", who.key.clone()),
        (
            "KC-API-SIGN",
            mac(&who.secret, &format!("{timestamp}{method}{path}")),
        ),
        ("KC-API-TIMESTAMP", timestamp.to_string()),
        ("KC-API-PASSPHRASE", mac(&who.secret, &who.passphrase)),
        ("KC-API-KEY-VERSION", "3".to_owned()),
    ]
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// `true` if the body has the length in `Content-Length`.
    pub(crate) whole: bool,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

pub(crate) async fn http(
    exchange: &Exchange,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
) -> Response {
    http_on(exchange.port(), method, path, headers).await
}

/// Sends a request to a given port.
pub(crate) async fn http_on(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
) -> Response {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 0\r\n"
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = timeout(TIMEOUT, stream.read_to_end(&mut bytes))
        .await
        .unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut response = Response {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
        whole: true,
    };
    let declared: usize = response.header("content-length").unwrap().parse().unwrap();
    response.whole = declared == body.len();
    response
}

pub(crate) async fn request_token(exchange: &Exchange) -> Response {
    request_token_at(exchange, "/api/v1/bullet-private").await
}

pub(crate) async fn request_token_at(exchange: &Exchange, path: &str) -> Response {
    http(
        exchange,
        "POST",
        path,
        &signed_headers(exchange.credentials(), path, now_ms()),
    )
    .await
}

pub(crate) async fn token(exchange: &Exchange) -> String {
    let response = request_token(exchange).await;
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["data"]["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The result of a read.
#[derive(Debug, PartialEq)]
pub(crate) enum Read {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
    Eof,
    Reset,
}

pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
    partial: Vec<u8>,
    /// `true` if the message being read is binary.
    binary: bool,
    /// Number of frames of the last message.
    pub(crate) fragments: usize,
}

impl Socket {
    /// Opens a V1 connection with this query, unchanged.
    pub(crate) async fn upgrade(exchange: &Exchange, query: &str) -> Self {
        Self::upgrade_at(exchange, &format!("/?{query}")).await
    }

    /// Opens a connection with this path and query, unchanged.
    pub(crate) async fn upgrade_at(exchange: &Exchange, target: &str) -> Self {
        Self::upgrade_on(exchange.port(), target).await
    }

    /// Opens a connection to a given port.
    pub(crate) async fn upgrade_on(port: u16, target: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: raw client\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut socket = Self {
            stream,
            buffer: Vec::new(),
            partial: Vec::new(),
            binary: false,
            fragments: 0,
        };
        let end = loop {
            if let Some(end) = socket
                .buffer
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break end;
            }
            assert!(socket.fill().await.is_none(), "the upgrade was cut off");
        };
        let head = String::from_utf8(socket.buffer.drain(..end + 4).collect()).unwrap();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        socket
    }

    /// Opens a connection with a new token; does not read the welcome.
    pub(crate) async fn dial(exchange: &Exchange) -> Self {
        let token = percent_encoded(&token(exchange).await);
        Self::upgrade(exchange, &format!("token={token}&connectId=c1")).await
    }

    /// Opens a connection and reads the welcome.
    pub(crate) async fn connect(exchange: &Exchange) -> Self {
        let mut socket = Self::dial(exchange).await;
        assert_eq!(socket.text().await, r#"{"id":"c1","type":"welcome"}"#);
        socket
    }

    /// Connects and subscribes to each topic.
    pub(crate) async fn subscribed(exchange: &Exchange, topics: &[&str]) -> Self {
        let mut socket = Self::connect(exchange).await;
        for topic in topics {
            let answer = socket.ask(&subscribe("s", topic)).await;
            assert_eq!(answer, r#"{"id":"s","type":"ack"}"#);
        }
        socket
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_frame(0x81, text.as_bytes()).await;
    }

    pub(crate) async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..=125 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[9, 8, 7, 6]);
        frame.extend(
            payload
                .iter()
                .zip([9, 8, 7, 6].iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        self.stream.write_all(&frame).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, text: &str) -> String {
        self.send(text).await;
        self.text().await
    }

    /// Returns the next text message; panics if it is anything else.
    pub(crate) async fn text(&mut self) -> String {
        match self.read().await {
            Read::Text(text) => text,
            other => panic!("expected a text, got {other:?}"),
        }
    }

    pub(crate) async fn read(&mut self) -> Read {
        if self.partial.is_empty() {
            self.fragments = 0;
        }
        loop {
            if let Some((first, payload)) = self.frame() {
                // Pings may come between the fragments of a message.
                if first == 0x89 {
                    return Read::Ping(payload);
                }
                self.fragments += 1;
                self.partial.extend_from_slice(&payload);
                if matches!(first & 0x0F, 1 | 2) {
                    self.binary = first & 0x0F == 2;
                }
                match first {
                    0x80..=0x82 => {
                        let message = std::mem::take(&mut self.partial);
                        return match self.binary {
                            true => Read::Binary(message),
                            false => Read::Text(String::from_utf8(message).unwrap()),
                        };
                    }
                    0x00..=0x02 => {}
                    0x8A => return Read::Pong(std::mem::take(&mut self.partial)),
                    0x88 => {
                        let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                        return Read::Close(code);
                    }
                    other => panic!("unexpected frame {other:#x}"),
                }
                continue;
            }
            if let Some(end) = self.fill().await {
                return end;
            }
        }
    }

    /// Returns the number of bytes received after the last complete frame.
    pub(crate) fn leftover(&self) -> usize {
        self.buffer.len()
    }

    async fn fill(&mut self) -> Option<Read> {
        // On the heap, to keep the futures small.
        let mut bytes = vec![0; 65_536];
        match timeout(TIMEOUT, self.stream.read(&mut bytes))
            .await
            .unwrap()
        {
            Ok(0) => Some(Read::Eof),
            Ok(read) => {
                self.buffer.extend_from_slice(&bytes[..read]);
                None
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Some(Read::Reset),
            Err(error) => panic!("{error}"),
        }
    }

    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, second, ..] = *self.buffer.as_slice() else {
            return None;
        };
        assert_eq!(second & 0x80, 0, "server frames are not masked");
        let (length, head) = match second {
            126 => (
                usize::from(u16::from_be_bytes(*self.buffer.get(2..4)?.first_chunk()?)),
                4,
            ),
            127 => (
                u64::from_be_bytes(*self.buffer.get(2..10)?.first_chunk()?) as usize,
                10,
            ),
            length => (usize::from(length), 2),
        };
        if self.buffer.len() < head + length {
            return None;
        }
        let payload = self.buffer[head..head + length].to_vec();
        self.buffer.drain(..head + length);
        Some((first, payload))
    }
}

pub(crate) fn percent_encoded(token: &str) -> String {
    let token = token.replace('+', "%2B");
    token.replace('/', "%2F").replace('=', "%3D")
}

pub(crate) fn subscribe(id: &str, topic: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"subscribe","topic":"{topic}","privateChannel":true,"response":true}}"#
    )
}

pub(crate) fn unsubscribe(id: &str, topic: &str) -> String {
    subscribe(id, topic).replace("\"subscribe\"", "\"unsubscribe\"")
}

pub(crate) fn field(text: &str, key: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()[key].clone()
}
