//! The signature check of a request.

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;

use crate::credentials::{self, ApiError, Signed};
use crate::shared::Shared;
use crate::sync::lock;

/// Maximum size of a request body in bytes; requests have nearly no body.
const MAX_BODY: usize = 16 * 1024;

pub(super) async fn read_body(body: Incoming) -> Result<Bytes, ApiError> {
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|_| ApiError::new(400, "400100", "Parameter Error"))?;
    Ok(body.to_bytes())
}

/// Checks the signature over method, path with query, and body, all exactly as received.
pub(super) fn check(shared: &Shared, head: &Parts, body: &[u8]) -> Result<(), ApiError> {
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let signed = Signed {
        method: head.method.as_str(),
        path,
        body,
    };
    let now_ms = shared.clock.now_ms();
    credentials::check(&shared.current_credentials(), &head.headers, signed, now_ms)?;
    let version = head.headers.get("KC-API-KEY-VERSION");
    let version = version.and_then(|version| version.to_str().ok());
    lock(&shared.rest).check_key(version)
}
