//! The account's credentials, and the check of signed requests.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hyper::HeaderMap;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Maximum difference between a request's timestamp and the exchange's clock, in milliseconds.
const WINDOW_MS: u64 = 5_000;

/// The API key, secret and passphrase that the local exchange accepts.
///
/// They are valid only on the local exchange, so they may be printed. `Debug` omits them anyway.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DemoCredentials {
    /// API key: `KC-API-KEY`.
    pub key: String,
    /// API secret, which signs the requests.
    pub secret: String,
    /// Passphrase in plain text.
    pub passphrase: String,
}

impl DemoCredentials {
    /// Creates credentials, for [`ExchangeBuilder::credentials`](crate::ExchangeBuilder::credentials).
    #[must_use]
    pub fn new(
        key: impl Into<String>,
        secret: impl Into<String>,
        passphrase: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            secret: secret.into(),
            passphrase: passphrase.into(),
        }
    }
}

impl Default for DemoCredentials {
    /// Returns the fixed demo credentials, which the local exchange accepts by default.
    fn default() -> Self {
        Self::new(
            "66f0demo5c1a2e0001d0c0de",
            "a1b2c3d4-demo-4e5f-8a6b-7c8d9e0f1a2b",
            "demo-passphrase",
        )
    }
}

impl fmt::Debug for DemoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoCredentials").finish_non_exhaustive()
    }
}

/// An error of the REST API: status, code and message as KuCoin sends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// The signed parts of a request, besides the timestamp.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// Path and query exactly as received.
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

/// Checks the five `KC-API-*` headers, in the same order as KuCoin's gateway.
pub(crate) fn check(
    credentials: &DemoCredentials,
    headers: &HeaderMap,
    request: Signed<'_>,
    now_ms: u64,
) -> Result<(), ApiError> {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .filter(|text| !text.is_empty())
    };
    let (Some(key), Some(sign), Some(timestamp), Some(passphrase)) = (
        header("KC-API-KEY"),
        header("KC-API-SIGN"),
        header("KC-API-TIMESTAMP"),
        header("KC-API-PASSPHRASE"),
    ) else {
        let message = "Please check the header of your request for KC-API-KEY, KC-API-SIGN, \
                       KC-API-TIMESTAMP, KC-API-PASSPHRASE";
        return Err(ApiError::new(400, "400001", message));
    };
    match header("KC-API-KEY-VERSION") {
        Some("2" | "3") => {}
        None | Some("1") => {
            return Err(ApiError::new(
                401,
                "400008",
                "API keys of version 1 are no longer supported",
            ));
        }
        Some(_) => {
            return Err(ApiError::new(
                401,
                "400009",
                "KC-API-KEY-VERSION is invalid",
            ));
        }
    }
    let parts = [
        request.method.as_bytes(),
        request.path.as_bytes(),
        request.body,
    ];
    let proof = Proof {
        key,
        sign,
        timestamp,
        passphrase,
    };
    check_proof(credentials, proof, &parts, now_ms)
}

/// Credentials and signature of a request or of a Pro V2 login.
pub(crate) struct Proof<'a> {
    pub(crate) key: &'a str,
    pub(crate) sign: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) passphrase: &'a str,
}

/// Checks timestamp, key, passphrase and the signature over the timestamp and `signed`.
pub(crate) fn check_proof(
    credentials: &DemoCredentials,
    proof: Proof<'_>,
    signed: &[&[u8]],
    now_ms: u64,
) -> Result<(), ApiError> {
    let Proof {
        key,
        sign,
        timestamp,
        passphrase,
    } = proof;
    if !timestamp
        .parse::<u64>()
        .is_ok_and(|sent| sent.abs_diff(now_ms) <= WINDOW_MS)
    {
        return Err(ApiError::new(400, "400002", "Invalid KC-API-TIMESTAMP"));
    }
    if !same(key.as_bytes(), credentials.key.as_bytes()) {
        return Err(ApiError::new(401, "400003", "KC-API-KEY not exists"));
    }
    let expected = sign_text(&credentials.secret, &[credentials.passphrase.as_bytes()]);
    if !same(passphrase.as_bytes(), expected.as_bytes()) {
        return Err(ApiError::new(401, "400004", "Invalid KC-API-PASSPHRASE"));
    }
    let mut parts = vec![timestamp.as_bytes()];
    parts.extend(signed);
    let expected = sign_text(&credentials.secret, &parts);
    if !same(sign.as_bytes(), expected.as_bytes()) {
        return Err(ApiError::new(401, "400005", "Invalid KC-API-SIGN"));
    }
    Ok(())
}

fn sign_text(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Returns `true` if both are equal; the comparison takes constant time.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_matches_openssl() {
        // printf '1700000000000POST/api/v1/bullet-private' | openssl dgst -sha256 -hmac 'secret' -binary | base64
        let sign = sign_text(
            "secret",
            &[b"1700000000000", b"POST", b"/api/v1/bullet-private"],
        );
        assert_eq!(sign, "sigrgFlHvwzJnjraKWugFacllwle1J+2Cd2wTF5/40g=");
    }
}
