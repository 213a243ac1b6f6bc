//! A second imitation of the exchange, written from KuCoin's documentation alone.
//!
//! It shares no code with the local exchange. It checks the duties of a client, records every violation, and records
//! every secret that it received or issued.

mod pro;
mod v1;

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::http::{self, Request};
use crate::wait::soon;
use crate::websocket::agreement;

pub const KEY: &str = "canary-key-6543210fedcba";
pub const SECRET: &str = "canary-secret-11111111-2222-3333";
pub const PASSPHRASE: &str = "canary passphrase!";

/// Protocol of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    V1,
    Pro,
}

/// Scripted behaviour of the exchange.
#[derive(Clone, Default)]
pub struct Behaviour {
    pub ping_interval: Duration,
    /// Pushes to send after a topic is acknowledged, by topic.
    pub pushes: HashMap<String, Vec<String>>,
    pub refuses: Option<Refusal>,
    /// Drops the first connection after the pushes of this number of topics; `None` never drops it.
    pub drops_after_topics: Option<usize>,
}

/// A topic that the exchange refuses.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub topic: String,
    /// Error code; V1 only.
    pub code: u16,
    pub message: String,
    /// Number of refused requests for the topic, over all connections.
    pub times: usize,
}

impl Refusal {
    /// Returns a refusal with the error for a topic that does not exist.
    pub fn not_found(topic: &str) -> Self {
        Self {
            topic: topic.to_owned(),
            code: 404,
            message: format!("topic {topic} is not found"),
            times: usize::MAX,
        }
    }

    /// Returns a temporary refusal with an internal server error.
    pub fn internal_error(topic: &str, times: usize) -> Self {
        Self {
            code: 500,
            message: "internal error".to_owned(),
            times,
            ..Self::not_found(topic)
        }
    }
}

/// Record of what the clients did.
#[derive(Clone, Default, Debug)]
pub struct Seen {
    /// Every violation of a client's duties.
    pub violations: Vec<String>,
    /// Issued tokens, in order; each opens one connection.
    pub tokens: Vec<String>,
    /// Tokens that opened a connection.
    pub used: Vec<String>,
    pub logins: usize,
    /// Tokens, signatures and the signed passphrase, encoded and decoded.
    pub secrets: Vec<String>,
    /// `subscribe /topic` and `unsubscribe /topic`, per connection.
    pub requests: Vec<Vec<String>>,
    /// Times of the pings of each connection, since its welcome.
    pub pings: Vec<Vec<Duration>>,
    pub closed_in_order: usize,
}

/// An independent exchange. Serves TCP until dropped, and streams that the caller supplies.
pub struct IndependentExchange {
    pub rest_url: String,
    pub ws_url: String,
    client: Client,
    accepting: AbortHandle,
}

impl Drop for IndependentExchange {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl IndependentExchange {
    pub async fn start(api: Api, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = Client {
            api,
            behaviour,
            seen: watch::Sender::new(Seen::default()),
            ws_url: format!("ws://{address}{}", api.socket_path()),
        };
        let accepted = client.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepted.clone().serve(stream));
            }
        });
        Self {
            rest_url: format!("http://{address}"),
            ws_url: client.ws_url.clone(),
            client,
            accepting: accepting.abort_handle(),
        }
    }

    /// Serves one connection over this stream.
    pub fn serve<S>(&self, stream: S) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.client.clone().serve(stream)
    }

    pub fn seen(&self) -> Seen {
        self.client.seen.borrow().clone()
    }

    /// Waits until the record meets a condition.
    pub async fn until(&self, wanted: impl FnMut(&Seen) -> bool) {
        let mut changes = self.client.seen.subscribe();
        soon(changes.wait_for(wanted)).await.unwrap();
    }
}

impl Api {
    fn token_path(self) -> &'static str {
        match self {
            Self::V1 => "/api/v1/bullet-private",
            Self::Pro => "/api/v2/bullet-private",
        }
    }

    fn socket_path(self) -> &'static str {
        match self {
            Self::V1 => "/endpoint",
            Self::Pro => "/push",
        }
    }
}

/// A client message on a WebSocket.
enum Message {
    Ping,
    /// A login: key, time, signature and passphrase.
    Login([String; 4]),
    Subscribe(String),
    Unsubscribe(String),
    Unknown,
}

/// One TCP connection.
#[derive(Clone)]
struct Client {
    api: Api,
    behaviour: Behaviour,
    seen: watch::Sender<Seen>,
    ws_url: String,
}

impl Client {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(self, mut stream: S) {
        let Some(request) = http::read_request(&mut stream).await else {
            return;
        };
        let mut words = request.line.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match (method, path) {
            ("POST", path) if path == self.api.token_path() => {
                self.must(query.is_empty(), "the token request has a query");
                let reply = self.token(&request);
                http::write_answer(&mut stream, http::json(reply.to_string())).await;
            }
            // For the timestamp of a login.
            ("GET", "/api/v1/timestamp") if self.api == Api::Pro => {
                let now = u64::try_from(now_millis()).unwrap();
                let reply = json!({"code": "200000", "data": now});
                http::write_answer(&mut stream, http::json(reply.to_string())).await;
            }
            ("GET", path) if path == self.api.socket_path() => {
                self.web_socket(stream, &request, query).await;
            }
            _ => self.must(false, &format!("unexpected request {method} {path}")),
        }
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        self.seen.send_modify(change);
    }

    fn must(&self, is_met: bool, violation: &str) {
        if !is_met {
            self.note(|seen| seen.violations.push(violation.to_owned()));
        }
    }

    /// Checks key, timestamp, signature and passphrase of a request or a login.
    fn proof(&self, [key, timestamp, sign, passphrase]: [&str; 4], signed_path: &str) {
        self.must(key == KEY, "wrong key");
        let age = timestamp.parse().map(|sent| now_millis().abs_diff(sent));
        self.must(
            age.is_ok_and(|age| age < 60_000),
            "the timestamp is out of range",
        );
        let expected = [
            signed(&format!("{timestamp}POST{signed_path}")),
            signed(PASSPHRASE),
        ];
        self.must(sign == expected[0], "the signature is wrong");
        self.must(passphrase == expected[1], "the passphrase is not signed");
        self.note(|seen| seen.secrets.extend(expected));
    }

    /// Checks a token request and returns the reply.
    fn token(&self, request: &Request) -> Value {
        self.must(request.body.is_empty(), "the token request has a body");
        let length = request.get("content-length");
        self.must(
            matches!(length, "" | "0"),
            "the token request declares a body",
        );
        let version = request.get("kc-api-key-version");
        self.must(matches!(version, "2" | "3"), "no key version");
        let proof = ["key", "timestamp", "sign", "passphrase"]
            .map(|name| request.get(&format!("kc-api-{name}")));
        self.proof(proof, self.api.token_path());
        let number = self.seen.borrow().tokens.len();
        let token = format!("{number}tok+en/canary+{:x}/-_.==", now_millis());
        self.note(|seen| {
            seen.secrets.extend([token.clone(), encoded(&token)]);
            seen.tokens.push(token.clone());
        });
        let mut data = json!({"token": token});
        // The Pro V2 response has no server: its host is fixed.
        if self.api == Api::V1 {
            data["instanceServers"] = json!([{
                "endpoint": self.ws_url,
                "encrypt": false,
                "protocol": "websocket",
                "pingInterval": self.behaviour.ping_interval.as_millis() as u64,
                "pingTimeout": 10_000,
            }]);
        }
        json!({"code": "200000", "data": data})
    }

    async fn web_socket<S>(&self, mut stream: S, request: &Request, query: &str)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let values: HashMap<&str, &str> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let by_login = self.api == Api::Pro && query.is_empty();
        if !by_login {
            let seen = self.seen.borrow().clone();
            let given = values.get("token").copied().unwrap_or_default();
            let mut tokens = seen.tokens.iter();
            let token = tokens.find(|token| encoded(token) == given);
            self.must(
                token.is_some(),
                "the token was not issued or is not percent-encoded",
            );
            let is_new = token.is_some_and(|token| !seen.used.contains(token));
            self.must(is_new, "the token is used twice");
            self.note(|seen| seen.used.extend(token.cloned()));
        }
        let id = values.get("connectId").copied().unwrap_or_default();
        match self.api {
            Api::V1 => self.must(!id.is_empty(), "no connectId"),
            Api::Pro => self.must(values.len() <= 1, "the query has more than a token"),
        }
        self.note(|seen| {
            seen.requests.push(Vec::new());
            seen.pings.push(Vec::new());
        });
        let agreement = agreement(&request.head());
        if stream.write_all(agreement.as_bytes()).await.is_err() {
            return;
        }
        let mut socket = WebSocket::after_handshake(stream, Role::Server);
        socket.set_auto_pong(false);
        if self.is_silent(&mut socket).await {
            self.talk(&mut socket, id, by_login).await;
        }
        // The pushes must arrive before the end: unread bytes would turn it into a reset.
        let mut stream = socket.into_inner();
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }

    /// Checks that the client sends nothing before the welcome, except the answer to a ping.
    ///
    /// Returns `false` if the client closed the connection.
    async fn is_silent<S>(&self, socket: &mut WebSocket<S>) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let ping = Frame::new(true, OpCode::Ping, None, Payload::Borrowed(b"silent?"));
        if socket.write_frame(ping).await.is_err() {
            return false;
        }
        while let Ok(frame) = socket.read_frame().await {
            match frame.opcode {
                OpCode::Pong => return true,
                _ => self.must(false, "a message before the welcome"),
            }
        }
        false
    }

    async fn talk<S>(&self, socket: &mut WebSocket<S>, id: &str, by_login: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connection = self.seen.borrow().requests.len() - 1;
        let welcomed = Instant::now();
        self.write(socket, &self.welcome(id)).await;
        let mut ready = !by_login;
        let mut served = Vec::new();
        let mut count = 0;
        while let Ok(frame) = socket.read_frame().await {
            match (frame.opcode, self.api) {
                (OpCode::Close, _) => return self.note(|seen| seen.closed_in_order += 1),
                (OpCode::Text, _) | (OpCode::Binary, Api::Pro) => {}
                _ => continue,
            }
            let Ok(message) = serde_json::from_slice::<Map<String, Value>>(&frame.payload) else {
                self.must(false, "a message is not a JSON object");
                continue;
            };
            let id = message.get("id").and_then(Value::as_str).unwrap_or("");
            self.must(!id.is_empty(), "an id is not a string");
            let parsed = match self.api {
                Api::V1 => self.read_v1(&message),
                Api::Pro => self.read_pro(&message),
            };
            match parsed {
                Message::Ping => {
                    self.note(|seen| seen.pings[connection].push(welcomed.elapsed()));
                    self.write(socket, &self.pong(id)).await;
                }
                Message::Login(proof) => {
                    self.must(by_login && !ready, "a login at a wrong time");
                    let proof = proof.each_ref().map(String::as_str);
                    self.proof(proof, "/api/websocket/users/verify");
                    self.note(|seen| seen.logins += 1);
                    ready = true;
                    self.write(socket, &self.ack(id)).await;
                }
                Message::Subscribe(topic) => {
                    self.must(ready, "a request before the login");
                    self.must(!served.contains(&topic), "a topic is subscribed twice");
                    let request = format!("subscribe {topic}");
                    self.note(|seen| seen.requests[connection].push(request.clone()));
                    if let Some(refusal) = self.refusal(&topic, &request) {
                        self.write(socket, &self.refused(id, refusal)).await;
                        continue;
                    }
                    self.write(socket, &self.ack(id)).await;
                    for push in self.behaviour.pushes.get(&topic).into_iter().flatten() {
                        self.write(socket, push).await;
                    }
                    served.push(topic);
                    count += 1;
                }
                Message::Unsubscribe(topic) => {
                    let before = served.len();
                    served.retain(|subscribed| *subscribed != topic);
                    let was_subscribed = served.len() < before;
                    self.must(
                        was_subscribed,
                        "a topic is unsubscribed without being subscribed",
                    );
                    let request = format!("unsubscribe {topic}");
                    self.note(|seen| seen.requests[connection].push(request));
                    self.write(socket, &self.ack(id)).await;
                }
                Message::Unknown => self.must(false, &format!("an unknown message: {message:?}")),
            }
            if connection == 0 && self.behaviour.drops_after_topics == Some(count) {
                return;
            }
        }
    }

    /// Returns the refusal for a topic, once this request is recorded; `None` if it is accepted.
    fn refusal(&self, topic: &str, request: &str) -> Option<&Refusal> {
        let refusal = self.behaviour.refuses.as_ref()?;
        let seen = self.seen.borrow();
        let requests = seen.requests.iter().flatten();
        let times = requests.filter(|known| *known == request).count();
        (refusal.topic == topic && times <= refusal.times).then_some(refusal)
    }

    fn welcome(&self, id: &str) -> String {
        match self.api {
            Api::V1 => v1::welcome(id),
            Api::Pro => pro::welcome(),
        }
    }

    fn pong(&self, id: &str) -> String {
        match self.api {
            Api::V1 => v1::pong(),
            Api::Pro => pro::pong(id),
        }
    }

    fn ack(&self, id: &str) -> String {
        match self.api {
            Api::V1 => v1::ack(id),
            Api::Pro => pro::ack(id),
        }
    }

    fn refused(&self, id: &str, refusal: &Refusal) -> String {
        match self.api {
            Api::V1 => v1::refused(id, refusal),
            Api::Pro => pro::refused(id, refusal),
        }
    }

    async fn write<S>(&self, socket: &mut WebSocket<S>, text: &str)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let payload = Payload::Owned(text.as_bytes().to_vec());
        let frame = match self.api {
            Api::V1 => Frame::text(payload),
            // Like KuCoin's push hosts: JSON text in a binary frame.
            Api::Pro => Frame::binary(payload),
        };
        // The next read detects a client that is gone.
        let _ = socket.write_frame(frame).await;
    }
}

fn now_millis() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis()
}

fn signed(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn encoded(token: &str) -> String {
    let token = token.replace('+', "%2B").replace('/', "%2F");
    token.replace('=', "%3D")
}
