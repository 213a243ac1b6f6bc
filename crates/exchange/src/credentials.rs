//! The API key of the exchange's one account, and the strict check of a signed request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hyper::HeaderMap;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// A signed request is refused when its timestamp is further off than this.
const WINDOW_MS: u64 = 5_000;

/// The key, secret and passphrase that the exchange accepts. They open nothing but an exchange on
/// loopback, so they may be shown; `Debug` leaves them out all the same.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DemoCredentials {
    /// The API key.
    pub key: String,
    /// The API secret.
    pub secret: String,
    /// The passphrase in plain text.
    pub passphrase: String,
}

impl DemoCredentials {
    /// Credentials of your own.
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
    /// The fixed demo credentials; every exchange that is given no others accepts them.
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

/// What was signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// Path and query as they came.
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

/// Checks the five headers in the order in which KuCoin's gateway answers about them.
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

/// What a client shows of its credentials, in a header or in a message.
pub(crate) struct Proof<'a> {
    pub(crate) key: &'a str,
    pub(crate) sign: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) passphrase: &'a str,
}

/// Checks a proof over the timestamp and these parts.
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

fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn headers(timestamp: u64, version: Option<&str>, passphrase: &str, path: &str) -> HeaderMap {
        let demo = DemoCredentials::default();
        let prehash = format!("{timestamp}POST{path}");
        let mut headers = HeaderMap::new();
        let mut set =
            |name: &'static str, value: String| headers.insert(name, value.parse().unwrap());
        set("KC-API-KEY", demo.key);
        set(
            "KC-API-SIGN",
            sign_text(&demo.secret, &[prehash.as_bytes()]),
        );
        set("KC-API-TIMESTAMP", timestamp.to_string());
        set(
            "KC-API-PASSPHRASE",
            sign_text(&demo.secret, &[passphrase.as_bytes()]),
        );
        if let Some(version) = version {
            set("KC-API-KEY-VERSION", version.to_owned());
        }
        headers
    }

    fn code(headers: &HeaderMap) -> Result<(), String> {
        let request = Signed {
            method: "POST",
            path: "/api/v1/bullet-private",
            body: b"",
        };
        check(&DemoCredentials::default(), headers, request, NOW).map_err(|error| error.code)
    }

    const PATH: &str = "/api/v1/bullet-private";
    const PASS: &str = "demo-passphrase";

    #[test]
    fn the_signature_is_that_of_an_independent_computation() {
        // printf '1700000000000POST/api/v1/bullet-private' | openssl dgst -sha256 -hmac 'secret' -binary | base64
        let sign = sign_text(
            "secret",
            &[b"1700000000000", b"POST", b"/api/v1/bullet-private"],
        );
        assert_eq!(sign, KNOWN_SIGN);
    }

    const KNOWN_SIGN: &str = "sigrgFlHvwzJnjraKWugFacllwle1J+2Cd2wTF5/40g=";

    #[test]
    fn takes_both_key_versions() {
        assert_eq!(code(&headers(NOW, Some("2"), PASS, PATH)), Ok(()));
        assert_eq!(code(&headers(NOW - 4_999, Some("3"), PASS, PATH)), Ok(()));
    }

    #[test]
    fn each_mistake_has_its_code() {
        for name in [
            "KC-API-KEY",
            "KC-API-SIGN",
            "KC-API-TIMESTAMP",
            "KC-API-PASSPHRASE",
        ] {
            let mut without = headers(NOW, Some("3"), PASS, PATH);
            without.remove(name);
            assert_eq!(code(&without), Err("400001".to_owned()), "{name}");
        }
        assert_eq!(
            code(&headers(NOW - 5_001, Some("3"), PASS, PATH)),
            Err("400002".to_owned())
        );
        assert_eq!(
            code(&headers(NOW + 5_001, Some("3"), PASS, PATH)),
            Err("400002".to_owned())
        );
        let mut stranger = headers(NOW, Some("3"), PASS, PATH);
        stranger.insert("KC-API-KEY", "66f0demo5c1a2e0001d0c0dd".parse().unwrap());
        assert_eq!(code(&stranger), Err("400003".to_owned()));
        assert_eq!(
            code(&headers(NOW, Some("3"), "wrong", PATH)),
            Err("400004".to_owned())
        );
        assert_eq!(
            code(&headers(NOW, Some("3"), PASS, "/api/v1/other")),
            Err("400005".to_owned())
        );
        assert_eq!(
            code(&headers(NOW, Some("1"), PASS, PATH)),
            Err("400008".to_owned())
        );
        assert_eq!(
            code(&headers(NOW, None, PASS, PATH)),
            Err("400008".to_owned())
        );
        assert_eq!(
            code(&headers(NOW, Some("4"), PASS, PATH)),
            Err("400009".to_owned())
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let demo = DemoCredentials::default();
        let shown = format!("{demo:?}");
        assert!(
            ![demo.key, demo.secret, demo.passphrase]
                .iter()
                .any(|secret| shown.contains(secret.as_str()))
        );
    }
}
