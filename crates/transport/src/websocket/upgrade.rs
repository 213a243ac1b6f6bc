//! The HTTP upgrade of RFC 6455, section 4: the request, and the checks of the reply.

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

/// The maximum size of the head of a reply, in bytes.
pub(super) const MAX_HEAD: usize = 16 * 1024;

/// Text that servers append to the key before hashing (RFC 6455, section 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

pub(super) const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("kucoin-streams/", env!("CARGO_PKG_VERSION")));

/// Requests the upgrade and checks the reply.
///
/// Returns the stream and the bytes that arrived after the reply.
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
    let reply = connection.drive_until(sender.send_request(request));
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
        let body = connection
            .drive_until(body_start(&mut body, deadline))
            .await;
        return Err(ConnectError::Refused(refusal(
            status.as_u16(),
            &parts.headers,
            &body,
            &target.secrets(),
        )));
    }
    verify(&reply, &key).map_err(ConnectError::BadUpgrade)?;

    let upgraded = connection.drive_until(hyper::upgrade::on(reply));
    let upgraded = timeout_at(deadline, upgraded)
        .await
        .map_err(timed_out)?
        .map_err(http_error)?;
    let parts = upgraded.downcast::<TokioIo<Stream>>().map_err(|_| {
        ConnectError::Interrupted("hyper returned another stream after the upgrade".into())
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

/// Checks the reply to the upgrade, as RFC 6455, section 4.1, requires.
fn verify<B>(reply: &Response<B>, key: &str) -> Result<(), UpgradeProblem> {
    let headers = reply.headers();
    if reply.version() != Version::HTTP_11 {
        return Err(UpgradeProblem::Version);
    }
    if !has_token(headers, &header::UPGRADE, "websocket") {
        return Err(UpgradeProblem::Upgrade);
    }
    if !has_token(headers, &header::CONNECTION, "upgrade") {
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

/// Returns `true` if a header, which may be repeated, has this token in its comma-separated lists.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
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

/// Reads the start of a body, until `MAX_BODY`, the end, an error or the deadline.
async fn body_start(body: &mut Incoming, deadline: Instant) -> Vec<u8> {
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

/// Converts a hyper error. For hyper, a head that is too large is a parse error too.
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
    fn accept_key_matches_the_example_of_rfc_6455() {
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
    fn header_tokens_are_found_in_lists_and_repeated_headers() {
        let check = |values: &[&'static str], expected: bool| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONNECTION, HeaderValue::from_static(value));
            }
            assert_eq!(
                has_token(&headers, &header::CONNECTION, "upgrade"),
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
