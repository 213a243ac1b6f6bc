//! Tokens over the simulated network: requests are signed here, since the SDK's HTTP client opens real sockets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use kucoin_streams::WsKey;
use kucoin_streams::core::{
    ConnectionInfo, ConnectionSource, Heartbeat, RetryPolicy, SecretUrl, SourceError,
};
use kucoin_streams_exchange::DemoCredentials;
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::network::Network;

/// `connectId` of the next dial.
static CONNECTION: AtomicU64 = AtomicU64::new(1);

/// A token source for the client.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The network to the exchange.
    pub network: Network,
    /// Credentials of the account.
    pub credentials: DemoCredentials,
}

impl ConnectionSource for Tokens {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        let path = match ws_key {
            WsKey::PrivateProV2 => "/api/v2/bullet-private",
            _ => "/api/v1/bullet-private",
        };
        let answered = tokio::time::timeout(Duration::from_secs(10), self.ask(path)).await;
        let reply = answered.map_err(|_| transient("no answer"))?;
        let reply = reply.map_err(|error| transient(&error.to_string()))?;
        let (status, body) = parse_reply(&reply).ok_or_else(|| transient("incomplete answer"))?;
        if status == 429 {
            let throttled = RetryPolicy::Throttled(Some(Duration::from_secs(1)));
            return Err(SourceError::new(throttled, "too many requests"));
        }
        let data = body.filter(|body| status == 200 && body["code"] == "200000");
        let data = data.ok_or_else(|| transient("not a token"))?["data"].take();
        let token = data["token"]
            .as_str()
            .ok_or_else(|| transient("no token"))?;
        let token = percent_encoded(token);
        let server = &data["instanceServers"][0];
        if ws_key == WsKey::PrivateProV2 {
            let url = format!("ws://localhost/pro?token={token}");
            return Ok(ConnectionInfo::new(SecretUrl::new(url)));
        }
        let id = CONNECTION.fetch_add(1, Ordering::Relaxed).to_string();
        let endpoint = server["endpoint"].as_str().unwrap_or("ws://localhost/");
        let path = endpoint.splitn(4, '/').nth(3).unwrap_or_default();
        let url = format!("ws://localhost/{path}?token={token}&connectId={id}");
        let time = |name: &str| server[name].as_u64().map(Duration::from_millis);
        let heartbeat = Heartbeat::new(
            time("pingInterval").ok_or_else(|| transient("no interval"))?,
            time("pingTimeout").ok_or_else(|| transient("no timeout"))?,
        );
        let info = ConnectionInfo::new(SecretUrl::new(url));
        Ok(info.with_connect_id(id).with_heartbeat(heartbeat))
    }
}

impl Tokens {
    async fn ask(&self, path: &str) -> std::io::Result<Vec<u8>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = now.as_millis().to_string();
        let DemoCredentials {
            key,
            secret,
            passphrase,
            ..
        } = &self.credentials;
        let signed = |text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: exchange.test\r\nContent-Length: 0\r\nConnection: close\r\n\
             KC-API-KEY: {key}\r\nKC-API-TIMESTAMP: {now}\r\nKC-API-KEY-VERSION: 3\r\n\
             KC-API-SIGN: {}\r\nKC-API-PASSPHRASE: {}\r\n\r\n",
            signed(&format!("{now}POST{path}")),
            signed(passphrase),
        );
        let dialled = self.network.dial().await;
        let mut stream = dialled.map_err(std::io::Error::other)?;
        stream.write_all(request.as_bytes()).await?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await?;
        Ok(reply)
    }
}

fn transient(message: &str) -> SourceError {
    SourceError::new(RetryPolicy::Transient, message)
}

/// Returns status and body; `None` if the reply is incomplete. The body is `None` if it is not JSON.
fn parse_reply(reply: &[u8]) -> Option<(u16, Option<Value>)> {
    let reply = std::str::from_utf8(reply).ok()?;
    let (head, body) = reply.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    })?;
    let is_complete = body.len() == length;
    is_complete.then(|| (status, serde_json::from_str(body).ok()))
}

fn percent_encoded(token: &str) -> String {
    token
        .bytes()
        .map(|byte| match byte {
            b'+' | b'/' | b'=' => format!("%{byte:02X}"),
            other => char::from(other).to_string(),
        })
        .collect()
}
