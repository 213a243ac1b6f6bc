//! The HTTP upgrade of RFC 6455, 4: the request, and everything that a reply must satisfy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::time::{Instant, timeout_at};

use super::driven::Driven;
use super::refusal::{MAX_BODY, refusal};
use super::stream::Stream;
use super::target::Target;
use crate::{ConnectError, ConnectStage, UpgradeProblem, UrlProblem};

/// The largest head of a reply, in bytes.
pub(super) const MAX_HEAD: usize = 16 * 1024;

/// Every server appends this to the key before hashing (RFC 6455, 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

pub(super) const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("kucoin-streams/", env!("CARGO_PKG_VERSION")));

/// Asks for the upgrade and checks the reply. Gives the stream back, and the bytes that came behind the reply.
pub(super) async fn upgrade(
    stream: Stream,
    target: &Target,
    deadline: Instant,
) -> Result<(Stream, Bytes), ConnectError> {
    let key = new_key()?;
    let request = request(target, &key)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(http_error)?;
    let mut connection = Driven::new(connection.with_upgrades());

    let timed_out = |_| ConnectError::Timeout {
        stage: ConnectStage::Upgrade,
    };
    let reply = connection.alongside(sender.send_request(request));
    let reply = timeout_at(deadline, reply)
        .await
        .map_err(timed_out)?
        .map_err(http_error)?;
    let status = reply.status();
    if status.is_redirection() {
        return Err(ConnectError::Redirect {
            status: status.as_u16(),
        });
    }
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let (parts, mut body) = reply.into_parts();
        let body = connection.alongside(beginning(&mut body, deadline)).await;
        return Err(ConnectError::Refused(refusal(
            status.as_u16(),
            &parts.headers,
            &body,
            &target.secrets(),
        )));
    }
    verify(&reply, &key).map_err(ConnectError::BadUpgrade)?;

    let upgraded = connection.alongside(hyper::upgrade::on(reply));
    let upgraded = timeout_at(deadline, upgraded)
        .await
        .map_err(timed_out)?
        .map_err(http_error)?;
    let parts = upgraded.downcast::<TokioIo<Stream>>().map_err(|_| {
        ConnectError::Interrupted("the upgraded stream is not the one that was dialled".into())
    })?;
    Ok((parts.io.into_inner(), parts.read_buf))
}

fn new_key() -> Result<String, ConnectError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| ConnectError::Entropy(error.into()))?;
    Ok(BASE64.encode(random))
}

fn request(target: &Target, key: &str) -> Result<Request<Empty<Bytes>>, ConnectError> {
    Request::get(Uri::from(target.request.clone()))
        .header(header::HOST, &target.authority)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, key)
        .header(header::USER_AGENT, USER_AGENT)
        .body(Empty::new())
        .map_err(|_| ConnectError::InvalidUrl(UrlProblem::Malformed))
}

/// RFC 6455, 4.1, "the client MUST validate the server's response as follows".
fn verify<B>(reply: &Response<B>, key: &str) -> Result<(), UpgradeProblem> {
    let headers = reply.headers();
    if reply.version() != Version::HTTP_11 {
        return Err(UpgradeProblem::Version);
    }
    if !names(headers, &header::UPGRADE, "websocket") {
        return Err(UpgradeProblem::Upgrade);
    }
    if !names(headers, &header::CONNECTION, "upgrade") {
        return Err(UpgradeProblem::Connection);
    }
    let mut accepts = headers.get_all(header::SEC_WEBSOCKET_ACCEPT).iter();
    match (accepts.next(), accepts.next()) {
        (Some(accept), None) if accept.as_bytes() == accept_of(key).as_bytes() => {}
        _ => return Err(UpgradeProblem::Accept),
    }
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err(UpgradeProblem::Extension);
    }
    if headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL) {
        return Err(UpgradeProblem::Subprotocol);
    }
    Ok(())
}

/// Whether one of the comma-separated tokens of a header, which may come several times, is this one.
fn names(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(token))
}

fn accept_of(key: &str) -> String {
    BASE64.encode(
        Sha1::new()
            .chain_update(key)
            .chain_update(KEY_SUFFIX)
            .finalize(),
    )
}

/// The beginning of a body: until it ends, breaks, is long enough, or the deadline passes.
async fn beginning(body: &mut Incoming, deadline: Instant) -> Vec<u8> {
    let mut collected = Vec::new();
    while collected.len() < MAX_BODY {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else {
            break;
        };
        if let Some(data) = frame.data_ref() {
            collected.extend_from_slice(data);
        }
    }
    collected.truncate(MAX_BODY);
    collected
}

/// A head that is too large is a parse error of hyper, too.
fn http_error(error: hyper::Error) -> ConnectError {
    if error.is_parse() {
        ConnectError::BadUpgrade(UpgradeProblem::Malformed)
    } else {
        ConnectError::Interrupted(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_the_standard() {
        assert_eq!(
            accept_of("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn keys_are_16_random_bytes() {
        let keys = [new_key().unwrap(), new_key().unwrap()];
        assert_ne!(keys[0], keys[1]);
        assert!(
            keys.iter()
                .all(|key| BASE64.decode(key).unwrap().len() == 16),
            "{keys:?}"
        );
    }

    #[test]
    fn tokens_are_found_in_lists_and_in_repeated_headers() {
        let check = |values: &[&'static str], expected: bool| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONNECTION, HeaderValue::from_static(value));
            }
            assert_eq!(
                names(&headers, &header::CONNECTION, "upgrade"),
                expected,
                "{values:?}"
            );
        };
        check(&["Upgrade"], true);
        check(&["keep-alive, Upgrade"], true);
        check(&["keep-alive", "UPGRADE"], true);
        check(&["upgraded"], false);
        check(&["keep-alive upgrade"], false);
        check(&[], false);
    }
}
