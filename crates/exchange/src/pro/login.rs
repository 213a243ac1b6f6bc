//! Login of a connection without a token: `op: auth`.

use serde_json::{Map, Value};

use super::frames::Refusal;
use crate::credentials::{self, DemoCredentials, Proof};

/// Parts of the signed text after the timestamp: method and path.
const SIGNED: [&[u8]; 2] = [b"POST", b"/api/websocket/users/verify"];

/// Checks a login like the signature of a REST request, with the same error texts.
pub(super) fn check(
    expected: &DemoCredentials,
    login: &Map<String, Value>,
    now_ms: u64,
) -> Result<(), Refusal> {
    let text = |key: &str| login.get(key).and_then(Value::as_str);
    // Some clients send the time as a number.
    let number = login.get("kc-api-timestamp").and_then(Value::as_u64);
    let number = number.map(|number| number.to_string());
    let timestamp = text("kc-api-timestamp").or(number.as_deref());
    let (Some(key), Some(sign), Some(timestamp), Some(passphrase)) = (
        text("kc-api-key"),
        text("kc-api-sign"),
        timestamp,
        text("kc-api-passphrase"),
    ) else {
        let text = "kc-api-key, kc-api-sign, kc-api-timestamp and kc-api-passphrase are required";
        return Err(Refusal::Message(text.to_owned()));
    };
    let proof = Proof {
        key,
        sign,
        timestamp,
        passphrase,
    };
    credentials::check_proof(expected, proof, &SIGNED, now_ms)
        .map_err(|refused| Refusal::Message(refused.message))
}
