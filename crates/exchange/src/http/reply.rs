//! HTTP responses, including broken ones.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, LOCATION, UPGRADE};
use hyper::{Method, Response};

use crate::credentials::ApiError;
use crate::json::Object;
use crate::rest::Quota;
use crate::ws;

pub(super) type Reply = Response<BoxBody<Bytes, io::Error>>;

const JSON: &str = "application/json";

pub(super) fn json(status: u16, body: String) -> Reply {
    with_type(status, JSON, body)
}

pub(super) fn with_type(status: u16, content_type: &'static str, body: String) -> Reply {
    let body = Full::new(Bytes::from(body))
        .map_err(|never| match never {})
        .boxed();
    finish(status, content_type, body)
}

/// Returns an error in KuCoin's format.
pub(super) fn error(error: &ApiError) -> Reply {
    json(
        error.status,
        Object::new()
            .field("code", &*error.code)
            .field("msg", &*error.message)
            .end(),
    )
}

/// Returns a redirect; a location that is not a valid header value is omitted.
pub(super) fn redirect(status: u16, location: &str) -> Reply {
    let mut reply = with_type(status, "text/html", String::new());
    if let Ok(location) = HeaderValue::try_from(location) {
        reply.headers_mut().insert(LOCATION, location);
    }
    reply
}

/// Returns the first half of the body as gzip, although the client did not accept it.
pub(super) fn gzip_cut_short(body: &str) -> Reply {
    // Ten header bytes without options, then raw DEFLATE; its end and the checksum are missing.
    let mut bytes = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    let level = miniz_oxide::deflate::CompressionLevel::DefaultLevel as u8;
    bytes.extend(miniz_oxide::deflate::compress_to_vec(
        body.as_bytes(),
        level,
    ));
    bytes.truncate(bytes.len() / 2);
    let body = Full::new(Bytes::from(bytes)).map_err(|never| match never {});
    let mut reply = finish(200, JSON, body.boxed());
    let headers = reply.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    reply
}

/// Returns a response that declares the complete body, but ends in the middle of it.
pub(super) fn cut_short(body: String) -> Reply {
    let declared = body.len() as u64;
    let mut sent = Bytes::from(body);
    sent.truncate(sent.len() / 2);
    finish(
        200,
        JSON,
        CutShort {
            declared,
            sent: Some(sent),
            flushed: false,
        }
        .boxed(),
    )
}

pub(super) fn switching(key: &[u8]) -> Reply {
    let mut reply = with_type(101, JSON, String::new());
    let headers = reply.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let accept =
        HeaderValue::try_from(ws::accept_key(key)).expect("base64 is a valid header value");
    headers.insert("sec-websocket-accept", accept);
    reply
}

/// Returns the answer to a request for an unknown path.
pub(super) fn not_found() -> Reply {
    let body = Object::new()
        .field("code", "404")
        .field("msg", "Not Found")
        .field("retry", false)
        .field("success", false);
    json(404, body.end())
}

/// Returns the error of a path that does not support the method.
pub(super) fn wrong_method(method: &Method) -> ApiError {
    let message = format!("Request method '{method}' not supported");
    ApiError::new(405, "405000", &message)
}

/// Adds KuCoin's quota headers.
pub(super) fn with_quota(mut reply: Reply, quota: Quota) -> Reply {
    let headers = reply.headers_mut();
    headers.insert("gw-ratelimit-limit", quota.limit.into());
    headers.insert("gw-ratelimit-remaining", quota.remaining.into());
    headers.insert("gw-ratelimit-reset", quota.reset_ms.into());
    reply
}

fn finish(status: u16, content_type: &'static str, body: BoxBody<Bytes, io::Error>) -> Reply {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type)
        .body(body)
        .expect("status and headers are valid")
}

struct CutShort {
    declared: u64,
    sent: Option<Bytes>,
    flushed: bool,
}

impl Body for CutShort {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(part) = self.sent.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        // An immediate error would keep the first part from leaving the server's buffer.
        if !std::mem::replace(&mut self.flushed, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other("response cut short by a fault"))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared)
    }
}
