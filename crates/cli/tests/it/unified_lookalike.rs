//! A look-alike of Pro V2 that shares nothing with our exchange, hand-written from the public protocol: it checks what
//! a client must do, writes down every breach, and keeps every secret that it saw.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "canary-key-0011223344556677";
pub(crate) const SECRET: &str = "canary-secret-aaaaaaaa-bbbb";
pub(crate) const PASSPHRASE: &str = "canary passphrase";

/// What it does.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    /// What is pushed after the acknowledgement of a topic.
    pub(crate) pushes: HashMap<&'static str, Vec<String>>,
    /// Refuses this topic, for that reason.
    pub(crate) refuses: Option<(&'static str, &'static str)>,
    /// Drops the first connection when so many topics were served.
    pub(crate) drops_after_topics: Option<usize>,
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
    pub(crate) logins: usize,
    /// Whatever is not to be shown.
    pub(crate) secrets: Vec<String>,
    /// `subscribe orderAll?tradeType=UNIFIED` and the like, by connection.
    pub(crate) requests: Vec<Vec<String>>,
    /// Pings by connection.
    pub(crate) pings: Vec<usize>,
    pub(crate) closed_in_order: usize,
}

/// It serves until it is dropped.
pub(crate) struct LookAlike {
    pub(crate) rest_url: String,
    pub(crate) ws_url: String,
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
                };
                tokio::spawn(client.serve(stream));
            }
        });
        Self {
            rest_url: format!("http://127.0.0.1:{port}"),
            ws_url: format!("ws://127.0.0.1:{port}/push"),
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
        let soon = tokio::time::timeout(Duration::from_secs(60), changes.wait_for(wanted));
        soon.await.unwrap().unwrap();
    }
}

/// One TCP connection.
struct Client {
    behaviour: Behaviour,
    seen: watch::Sender<Seen>,
}

type Socket = WebSocket<TcpStream>;

impl Client {
    async fn serve(self, mut stream: TcpStream) {
        let Some((target, headers, early)) = read_head(&mut stream).await else {
            return;
        };
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "POST /api/v2/bullet-private" => {
                self.must(
                    query.is_empty() && early.is_empty(),
                    "the token request says more",
                );
                self.token(stream, &headers).await;
            }
            // For the timestamp of a login.
            "GET /api/v1/timestamp" => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                let now = u64::try_from(now.as_millis()).unwrap();
                reply(&mut stream, &json!({"code": "200000", "data": now})).await;
            }
            "GET /push" => self.web_socket(stream, &headers, query, &early).await,
            other => self.must(false, &format!("asks for {other}")),
        }
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        self.seen.send_modify(change);
    }

    fn must(&self, holds: bool, otherwise: &str) {
        if !holds {
            self.note(|seen| seen.breaches.push(otherwise.to_owned()));
        }
    }

    /// Checks key, time, signature and passphrase.
    fn proof(&self, [key, timestamp, sign, passphrase]: [&str; 4], signed_path: &str) {
        self.must(key == KEY, "another key");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let age = timestamp.parse().map(|sent| now.as_millis().abs_diff(sent));
        self.must(age.is_ok_and(|age| age < 5_000), "the timestamp is off");
        let expected = [
            signed(&format!("{timestamp}POST{signed_path}")),
            signed(PASSPHRASE),
        ];
        self.must(sign == expected[0], "the signature is wrong");
        self.must(passphrase == expected[1], "the passphrase is not signed");
        self.note(|seen| seen.secrets.extend(expected));
    }

    async fn token(&self, mut stream: TcpStream, headers: &HashMap<String, String>) {
        let header = |name: &str| headers.get(name).map_or("", String::as_str);
        let proof = ["key", "timestamp", "sign", "passphrase"];
        let proof = proof.map(|name| header(&format!("kc-api-{name}")).to_owned());
        let proof = proof.each_ref().map(String::as_str);
        self.proof(proof, "/api/v2/bullet-private");
        let version = header("kc-api-key-version");
        self.must(matches!(version, "2" | "3"), "no key version");
        let token = format!("{}uta+canary/token==", self.seen.borrow().tokens.len());
        self.note(|seen| {
            seen.secrets.extend([token.clone(), encoded(&token)]);
            seen.tokens.push(token.clone());
        });
        // No server is named: the host is known.
        let data = json!({"token": token});
        reply(&mut stream, &json!({"code": "200000", "data": data})).await;
    }

    async fn web_socket(
        &self,
        mut stream: TcpStream,
        headers: &HashMap<String, String>,
        query: &str,
        early: &[u8],
    ) {
        let by_login = query.is_empty();
        if !by_login {
            let seen = self.seen();
            let token = seen
                .tokens
                .iter()
                .find(|token| query == format!("token={}", encoded(token)));
            self.must(token.is_some(), "the query is not a token alone, encoded");
            let is_new = token.is_some_and(|token| !seen.used.contains(token));
            self.must(is_new, "a token is used twice");
            self.note(|seen| seen.used.extend(token.cloned()));
        }
        self.note(|seen| {
            seen.requests.push(Vec::new());
            seen.pings.push(0);
        });
        let key = headers.get("sec-websocket-key").map_or("", String::as_str);
        let accept = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
        let reply = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            STANDARD.encode(accept)
        );
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
        // The welcome waits, for those who would not.
        let mut byte = [0];
        let spoke = tokio::time::timeout(Duration::from_millis(200), stream.peek(&mut byte)).await;
        self.must(
            early.is_empty() && spoke.is_err(),
            "something came before the welcome",
        );
        let mut socket = WebSocket::after_handshake(stream, Role::Server);
        self.talk(&mut socket, by_login).await;
        // What was pushed must arrive before the end does: bytes left unread would turn it into a reset.
        let mut stream = socket.into_inner();
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }

    fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    async fn talk(&self, socket: &mut Socket, by_login: bool) {
        let connection = self.seen().requests.len() - 1;
        let welcome =
            json!({"sessionId": "0d4bbf2e-canary", "message": "welcome", "pingInterval": 1_000});
        write(socket, &welcome.to_string()).await;
        let mut ready = !by_login;
        let mut served = 0;
        while let Ok(frame) = socket.read_frame().await {
            match frame.opcode {
                OpCode::Close => return self.note(|seen| seen.closed_in_order += 1),
                OpCode::Text | OpCode::Binary => {}
                _ => continue,
            }
            let Ok(message) = serde_json::from_slice::<Map<String, Value>>(&frame.payload) else {
                self.must(false, "a message that is no JSON object");
                continue;
            };
            let text = |name: &str| {
                message
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let id = text("id");
            self.must(!id.is_empty(), "an id that is no string");
            if text("op") == "auth" {
                self.must(by_login && !ready, "a login that nobody waits for");
                let proof = [
                    "kc-api-key",
                    "kc-api-timestamp",
                    "kc-api-sign",
                    "kc-api-passphrase",
                ];
                self.proof(proof.map(text), "/api/websocket/users/verify");
                self.note(|seen| seen.logins += 1);
                ready = true;
                write(socket, &json!({"id": id, "result": true}).to_string()).await;
            } else if text("type") == "ping" || text("op") == "ping" {
                self.note(|seen| seen.pings[connection] += 1);
                let pong = json!({"type": "pong", "id": id, "ts": 1_790_113_111_261_396_000_u64});
                write(socket, &pong.to_string()).await;
            } else {
                self.must(ready, "a request before the login");
                served += usize::from(self.request(socket, connection, &message).await);
            }
            if connection == 0 && self.behaviour.drops_after_topics == Some(served) {
                return;
            }
        }
    }

    /// Answers a request; true where a topic was served.
    async fn request(
        &self,
        socket: &mut Socket,
        connection: usize,
        message: &Map<String, Value>,
    ) -> bool {
        const KNOWN: [&str; 6] = [
            "id",
            "action",
            "channel",
            "tradeType",
            "accountType",
            "symbol",
        ];
        for (name, value) in message {
            let is_known = KNOWN.contains(&name.as_str()) && value.is_string();
            self.must(is_known, &format!("a request with {name}: {value}"));
        }
        let text = |name: &str| message.get(name).and_then(Value::as_str);
        let action = text("action").unwrap_or_default().to_ascii_lowercase();
        let parameters = ["accountType", "tradeType", "symbol"];
        let parameters: Vec<String> = parameters
            .iter()
            .filter_map(|name| Some(format!("{name}={}", text(name)?)))
            .collect();
        let topic = format!(
            "{}?{}",
            text("channel").unwrap_or_default(),
            parameters.join("&")
        );
        let held = self.seen().requests[connection].contains(&format!("subscribe {topic}"));
        let fits = match action.as_str() {
            "subscribe" => !held,
            "unsubscribe" => held,
            _ => false,
        };
        self.must(fits, &format!("{action} {topic} at a wrong time"));
        self.note(|seen| seen.requests[connection].push(format!("{action} {topic}")));
        if let Some((refused, reason)) = self.behaviour.refuses
            && refused == topic
        {
            let refusal = json!({"id": message["id"], "result": false, "reason": reason});
            write(socket, &refusal.to_string()).await;
            return false;
        }
        write(
            socket,
            &json!({"id": message["id"], "result": true}).to_string(),
        )
        .await;
        if action == "unsubscribe" {
            return false;
        }
        for push in self
            .behaviour
            .pushes
            .get(topic.as_str())
            .into_iter()
            .flatten()
        {
            write(socket, push).await;
        }
        true
    }
}

/// As the push hosts do: JSON text in a binary frame.
async fn write(socket: &mut Socket, text: &str) {
    let payload = Payload::Owned(text.as_bytes().to_vec());
    // A client that is gone is noticed by the next read.
    let _ = socket.write_frame(Frame::binary(payload)).await;
}

/// Answers a REST request, whoever still listens.
async fn reply(stream: &mut TcpStream, body: &Value) {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

/// Method and target, the headers by their names in small letters, and what came after them.
async fn read_head(stream: &mut TcpStream) -> Option<(String, HashMap<String, String>, Vec<u8>)> {
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
    let (target, _version) = lines.next()?.rsplit_once(' ')?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some((target.to_owned(), headers, bytes[end + 4..].to_vec()))
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
