//! Parses WebSocket upgrade requests and their URLs.

use hyper::header::{CONNECTION, HeaderMap, UPGRADE, USER_AGENT};
use hyper::{Method, Request};

use crate::rng::Rng;
use crate::socket::Dial;
use crate::stats::StreamProtocol;

/// Returns the key of a valid upgrade request; `None` for any other request.
pub(super) fn key<B>(request: &Request<B>) -> Option<Vec<u8>> {
    let headers = request.headers();
    let upgrades = request.method() == Method::GET
        && lists(headers, CONNECTION, "upgrade")
        && lists(headers, UPGRADE, "websocket")
        && headers
            .get("sec-websocket-version")
            .is_some_and(|version| version == "13");
    if !upgrades {
        return None;
    }
    protocol(request.uri().path())?;
    headers
        .get("sec-websocket-key")
        .map(|key| key.as_bytes().to_vec())
}

/// Returns the protocol of a path. Clients append `?token=` or `/?token=` to the address of Pro V2.
fn protocol(path: &str) -> Option<StreamProtocol> {
    match path {
        "/" | "/endpoint" => Some(StreamProtocol::V1),
        "/pro" | "/pro/" => Some(StreamProtocol::ProV2),
        _ => None,
    }
}

/// Parses the URL and client name of a valid upgrade request.
///
/// KuCoin serves Pro V2 at the path `/`, as it does V1, so the kind of token determines the protocol.
pub(super) fn dial<B>(request: &Request<B>, is_pro: impl Fn(&str) -> bool) -> Dial {
    let query = request.uri().query().unwrap_or_default();
    let value = |name: &str| {
        let pair = |pair: &str| {
            Some(pair.split_once('=')?.1.to_owned())
                .filter(|_| pair.split('=').next() == Some(name))
        };
        query.split('&').find_map(pair)
    };
    let raw = value("token");
    let token = raw.as_deref().map(decode);
    let protocol = match request.uri().path() {
        "/" if token.as_deref().is_some_and(is_pro) => StreamProtocol::ProV2,
        path => protocol(path).unwrap_or_default(),
    };
    let mut rng = Rng::new(crate::clock::now_us());
    let mut chosen = || {
        let id = value("connectId").map(|id| decode(&id));
        let alphabet = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz123456789";
        id.filter(|id| !id.is_empty())
            .unwrap_or_else(|| rng.text(alphabet, 11))
    };
    let connect_id = match protocol {
        StreamProtocol::V1 => chosen(),
        StreamProtocol::ProV2 => rng.uuid(),
    };
    Dial {
        protocol,
        token_encoded: raw
            .as_ref()
            .is_some_and(|raw| !raw.contains(['+', '/', '='])),
        token,
        client: client(request.headers()),
        connect_id,
        ..Dial::default()
    }
}

/// Returns the start of the `User-Agent`, for log lines.
fn client(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(agent.chars().take(80).collect())
}

/// Percent-decodes a value. A plain plus stays a plus, because some clients do not encode the token.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let escaped = bytes.get(index + 1..index + 3).filter(|_| *byte == b'%');
        let digits = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                index += 3;
            }
            None => {
                decoded.push(*byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Returns `true` if a comma-separated header contains this value, ignoring case.
fn lists(headers: &HeaderMap, name: hyper::header::HeaderName, word: &str) -> bool {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|entry| entry.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str) -> Request<()> {
        Request::builder()
            .uri(uri)
            .header("Connection", "keep-alive, Upgrade")
            .header("Upgrade", "WebSocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "abc")
            .body(())
            .unwrap()
    }

    #[test]
    fn only_complete_upgrade_requests_have_a_key() {
        assert_eq!(key(&request("/?token=1")), Some(b"abc".to_vec()));
        assert_eq!(key(&request("/other")), None);
        let mut old = request("/");
        old.headers_mut()
            .insert("sec-websocket-version", "8".parse().unwrap());
        assert_eq!(key(&old), None);
    }
}
