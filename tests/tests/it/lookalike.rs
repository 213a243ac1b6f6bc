//! A second look-alike of the exchange, hand-written from the public protocol and sharing nothing with the first:
//! it checks what a client must do, writes down every breach, and keeps every secret that it saw.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "canary-key-6543210fedcba";
pub(crate) const SECRET: &str = "canary-secret-11111111-2222-3333";
pub(crate) const PASSPHRASE: &str = "canary-passphrase!";

/// What is pushed after the acknowledgement of a topic.
type Pushes = HashMap<String, Vec<String>>;

/// What it does.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    pub(crate) ping_interval: Duration,
    pub(crate) pushes: Pushes,
    pub(crate) refuses: Option<Refusal>,
    /// Drops the first connection when everything was pushed on so many topics.
    pub(crate) drops_after_topics: Option<usize>,
}

/// A topic that it refuses.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) topic: String,
    pub(crate) code: u16,
    pub(crate) message: String,
    /// The number of requests for the topic that it refuses, over all connections.
    pub(crate) times: usize,
}

#[allow(dead_code, reason = "the tests of the command use one of these")]
impl Refusal {
    /// A topic that does not exist.
    pub(crate) fn not_found(topic: &str) -> Self {
        Self {
            topic: topic.to_owned(),
            code: 404,
            message: format!("topic {topic} is not found"),
            times: usize::MAX,
        }
    }

    /// Trouble of the server.
    pub(crate) fn internal_error(topic: &str, times: usize) -> Self {
        Self {
            topic: topic.to_owned(),
            code: 500,
            message: "internal error".to_owned(),
            times,
        }
    }
}

/// What it saw.
#[derive(Clone, Default, Debug)]
pub(crate) struct Seen {
    /// Every breach of what a client must do.
    pub(crate) breaches: Vec<String>,
    /// Tokens in the order of issue; each opens one connection.
    pub(crate) tokens: Vec<String>,
    /// The tokens that opened a connection.
    pub(crate) used: Vec<String>,
    /// Tokens, signatures and the signed passphrase, as they travelled and decoded.
    pub(crate) secrets: Vec<String>,
    /// `subscribe /topic` and `unsubscribe /topic`, by connection.
    pub(crate) requests: Vec<Vec<String>>,
    /// Pings of each connection, since its welcome.
    pub(crate) pings: Vec<Vec<Duration>>,
    pub(crate) closed_in_order: usize,
}

/// It serves until it is dropped.
pub(crate) struct LookAlike {
    pub(crate) rest_url: String,
    seen: watch::Sender<Seen>,
    task: JoinHandle<()>,
}

impl Drop for LookAlike {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LookAlike {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = watch::Sender::new(Seen::default());
        let shared = seen.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let client = Client {
                    behaviour: behaviour.clone(),
                    seen: shared.clone(),
                    port,
                };
                tokio::spawn(client.serve(stream));
            }
        });
        Self {
            rest_url: format!("http://127.0.0.1:{port}"),
            seen,
            task,
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until it saw what is wanted.
    pub(crate) async fn until(&self, wanted: impl FnMut(&Seen) -> bool) {
        let mut changes = self.seen.subscribe();
        changes.wait_for(wanted).await.unwrap();
    }
}

/// The head of a request.
struct Head {
    method: String,
    target: String,
    headers: HashMap<String, String>,
}

impl Head {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// One TCP connection.
struct Client {
    behaviour: Behaviour,
    seen: watch::Sender<Seen>,
    port: u16,
}

impl Client {
    async fn serve(self, mut stream: TcpStream) {
        let Some((head, body)) = read_head(&mut stream).await else {
            return;
        };
        let path = head.target.split('?').next().unwrap_or_default();
        match (head.method.as_str(), path) {
            ("POST", "/api/v1/bullet-private") => self.token(stream, &head, &body).await,
            ("GET", "/endpoint") => self.web_socket(stream, &head, &body).await,
            (method, path) => self.breach(format!("asks for {method} {path}")),
        }
    }

    fn breach(&self, what: impl Into<String>) {
        let what = what.into();
        self.note(|seen| seen.breaches.push(what));
    }

    fn note<R>(&self, change: impl FnOnce(&mut Seen) -> R) -> R {
        let mut result = None;
        self.seen.send_modify(|seen| result = Some(change(seen)));
        result.expect("the change was made")
    }

    fn must(&self, holds: bool, otherwise: &str) {
        if !holds {
            self.breach(otherwise);
        }
    }

    async fn token(&self, mut stream: TcpStream, head: &Head, body: &[u8]) {
        self.must(body.is_empty(), "the token request has a body");
        self.must(
            matches!(head.header("content-length"), "" | "0"),
            "the token request declares a body",
        );
        self.must(
            head.target == "/api/v1/bullet-private",
            "the token request has a query",
        );
        self.must(head.header("kc-api-key") == KEY, "another key");
        self.must(
            matches!(head.header("kc-api-key-version"), "2" | "3"),
            "no key version",
        );
        let timestamp = head.header("kc-api-timestamp");
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let age = timestamp
            .parse::<u128>()
            .map(|sent| now.as_millis().abs_diff(sent));
        self.must(age.is_ok_and(|age| age < 5_000), "the timestamp is off");
        let sign = signed(&format!("{timestamp}POST/api/v1/bullet-private"));
        let passphrase = signed(PASSPHRASE);
        self.must(head.header("kc-api-sign") == sign, "the signature is wrong");
        self.must(
            head.header("kc-api-passphrase") == passphrase,
            "the passphrase is not signed",
        );

        let token = self.note(|seen| {
            let number = seen.tokens.len();
            let token = format!("{number}tok+en/canary+{:x}/-_.==", now.as_nanos());
            seen.tokens.push(token.clone());
            seen.secrets
                .extend([token.clone(), encoded(&token), sign, passphrase]);
            token
        });
        let reply = json!({"code": "200000", "data": {
            "instanceServers": [{
                "endpoint": format!("ws://127.0.0.1:{}/endpoint", self.port),
                "encrypt": false,
                "protocol": "websocket",
                "pingInterval": self.behaviour.ping_interval.as_millis() as u64,
                "pingTimeout": 10_000,
            }],
            "token": token,
        }});
        let reply = reply.to_string();
        let length = reply.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        let _ = stream.write_all(format!("{head}{reply}").as_bytes()).await;
    }

    async fn web_socket(&self, mut stream: TcpStream, head: &Head, early: &[u8]) {
        let query = head.target.split_once('?').map_or("", |(_, query)| query);
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .next()
        };
        let raw = value("token").unwrap_or_default();
        self.must(
            !raw.contains(['+', '/', '=']),
            "the token is not percent-encoded",
        );
        self.must(
            value("connectId").is_some_and(|id| !id.is_empty()),
            "no connectId",
        );
        let connection = self.note(|seen| {
            let token = decoded(&raw);
            if !seen.tokens.contains(&token) {
                seen.breaches.push("a token that was not issued".into());
            }
            if seen.used.contains(&token) {
                seen.breaches.push("a token is used twice".into());
            }
            seen.used.push(token);
            seen.requests.push(Vec::new());
            seen.pings.push(Vec::new());
            seen.used.len() - 1
        });
        let key = head.header("sec-websocket-key");
        let accept = STANDARD.encode(Sha1::digest(format!(
            "{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        )));
        let reply = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
        // The welcome waits, for those who would not.
        let mut byte = [0];
        let spoke = tokio::time::timeout(Duration::from_millis(300), stream.peek(&mut byte)).await;
        self.must(
            early.is_empty() && spoke.is_err(),
            "something came before the welcome",
        );
        let mut socket = WebSocket::after_handshake(stream, Role::Server);
        let id = value("connectId").unwrap_or_default();
        self.stream(&mut socket, connection, &id).await;
        // What was pushed must arrive before the end does: bytes left unread would turn it into a reset.
        let mut stream = socket.into_inner();
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }

    async fn stream(&self, socket: &mut WebSocket<TcpStream>, connection: usize, id: &str) {
        let welcomed = Instant::now();
        send(socket, &json!({"id": id, "type": "welcome"})).await;
        let mut served = 0;
        while let Ok(frame) = socket.read_frame().await {
            match frame.opcode {
                OpCode::Close => {
                    self.note(|seen| seen.closed_in_order += 1);
                    return;
                }
                OpCode::Text => {}
                _ => continue,
            }
            let Ok(message) = serde_json::from_slice::<Value>(&frame.payload) else {
                self.breach("a message that is not JSON");
                continue;
            };
            self.must(message["id"].is_string(), "an id that is not a string");
            match message["type"].as_str() {
                Some("ping") => {
                    self.note(|seen| seen.pings[connection].push(welcomed.elapsed()));
                    send(
                        socket,
                        &json!({"type": "pong", "timestamp": 1_768_824_067_407_080_u64}),
                    )
                    .await;
                }
                Some(kind @ ("subscribe" | "unsubscribe")) => {
                    served += usize::from(self.request(socket, connection, kind, &message).await);
                }
                other => self.breach(format!("a message of type {other:?}")),
            }
            if connection == 0 && self.behaviour.drops_after_topics == Some(served) {
                return;
            }
        }
    }

    /// Answers a request; true where a topic was served.
    async fn request(
        &self,
        socket: &mut WebSocket<TcpStream>,
        connection: usize,
        kind: &str,
        message: &Value,
    ) -> bool {
        let topic = message["topic"].as_str().unwrap_or_default();
        self.must(
            message["privateChannel"] == json!(true),
            "privateChannel is not true",
        );
        self.must(message["response"] == json!(true), "response is not true");
        let asked = self.note(|seen| {
            let held = seen.requests[connection].contains(&format!("subscribe {topic}"));
            if kind == "unsubscribe" && !held {
                seen.breaches
                    .push(format!("unsubscribes {topic}, which is not subscribed"));
            }
            seen.requests[connection].push(format!("{kind} {topic}"));
            let requests = seen.requests.iter().flatten();
            let is_this = |request: &&String| **request == format!("subscribe {topic}");
            requests.filter(is_this).count()
        });
        let refusal = self.behaviour.refuses.as_ref();
        if let Some(Refusal {
            code,
            message: data,
            ..
        }) = refusal.filter(|refusal| refusal.topic == topic && asked <= refusal.times)
        {
            send(
                socket,
                &json!({"id": message["id"], "type": "error", "code": code, "data": data}),
            )
            .await;
            return false;
        }
        send(socket, &json!({"id": message["id"], "type": "ack"})).await;
        if kind == "unsubscribe" {
            return false;
        }
        for push in self.behaviour.pushes.get(topic).into_iter().flatten() {
            write(socket, push).await;
        }
        true
    }
}

async fn send(socket: &mut WebSocket<TcpStream>, message: &Value) {
    write(socket, &message.to_string()).await;
}

async fn write(socket: &mut WebSocket<TcpStream>, text: &str) {
    let payload = Payload::Owned(text.as_bytes().to_vec());
    // A client that is gone is noticed by the next read.
    let _ = socket.write_frame(Frame::text(payload)).await;
}

async fn read_head(stream: &mut TcpStream) -> Option<(Head, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = text.lines();
    let mut request = lines.next()?.split(' ');
    let headers = lines.filter_map(|line| line.split_once(": "));
    let head = Head {
        method: request.next()?.to_owned(),
        target: request.next()?.to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
    };
    Some((head, bytes[end + 4..].to_vec()))
}

fn signed(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn encoded(token: &str) -> String {
    token
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

fn decoded(raw: &str) -> String {
    let mut parts = raw.split('%');
    let mut token = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        token.push(char::from(u8::from_str_radix(digits, 16).unwrap()));
        token.push_str(rest);
    }
    token
}
