//! The login frame of a Pro V2 connection without a token, sent after the welcome.

use kucoin_streams_core::Login;
use zeroize::Zeroizing;

use crate::sign::Signed;
use crate::{DynSign, Prehash, SignError};

/// The path in the login signature. No request is sent to it.
const LOGIN_PATH: &str = "/api/websocket/users/verify";

/// Creates the login frame (`op: "auth"`) of a Pro V2 connection that is dialled without a token.
///
/// `id` is the ID of the frame; the server repeats it in its answer. `timestamp_ms` is the current time in milliseconds
/// since 1970. The server accepts the frame within five seconds of that time, so create it right before dialling; if
/// the welcome comes later, dial again with a new frame.
///
/// # Errors
///
/// Returns the [`SignError`] of the signer.
pub async fn login(
    signer: &dyn DynSign,
    id: impl Into<String>,
    timestamp_ms: u64,
) -> Result<Login, SignError> {
    let id = id.into();
    let prehash = Prehash::new(timestamp_ms, "POST", LOGIN_PATH, "");
    let signed = signer.sign_boxed(&prehash).await?;
    let frame = frame(&id, prehash.timestamp(), &signed);
    Ok(Login::new(id, frame))
}

fn frame(id: &str, timestamp: &str, signed: &Signed) -> Zeroizing<String> {
    let mut members = vec![
        ("id", id),
        ("op", "auth"),
        ("kc-api-key", signed.api_key()),
        ("kc-api-sign", signed.signature()),
        ("kc-api-timestamp", timestamp),
        ("kc-api-passphrase", signed.passphrase()),
    ];
    if let Some(partner) = signed.partner() {
        members.push(("kc-api-partner", &partner.name));
        members.push(("kc-api-partner-sign", &partner.signature));
    }
    // Reserve the maximum (an escape takes at most six bytes): a string that grows leaves copies of secrets in memory.
    let longest = members
        .iter()
        .map(|(key, text)| key.len() + 6 * text.len() + 6);
    let mut frame = Zeroizing::new(String::with_capacity(longest.sum::<usize>() + 2));
    for (position, (key, text)) in members.into_iter().enumerate() {
        frame.push_str(if position == 0 { "{\"" } else { ",\"" });
        frame.push_str(key);
        frame.push_str("\":\"");
        push_escaped(&mut frame, text);
        frame.push('"');
    }
    frame.push('}');
    frame
}

fn push_escaped(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1f' => {
                let code = character as usize;
                out.push_str("\\u00");
                out.push(char::from(HEX[code >> 4]));
                out.push(char::from(HEX[code & 15]));
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, HmacSigner, Partner};

    const SECRET: &str = "5a1e6c1b-1234-4f0e-9a77-0123456789ab";

    fn credentials() -> Credentials {
        Credentials::new("64f0c0ffee0123456789abcd", SECRET, "correct-horse-7").unwrap()
    }

    /// The two signatures are known answers of the HMAC signer's tests.
    #[tokio::test]
    async fn frame_is_the_documented_one() {
        let signer = HmacSigner::new(&credentials());
        let login = login(&signer, "login-1", 1_700_000_000_000).await.unwrap();
        assert_eq!(login.id, "login-1");
        assert_eq!(
            login.frame.as_str(),
            concat!(
                r#"{"id":"login-1","op":"auth","kc-api-key":"64f0c0ffee0123456789abcd","#,
                r#""kc-api-sign":"1gKZgAbov95sU/MTggybbzC3OLb5yIiCtC9+16lSN8Y=","#,
                r#""kc-api-timestamp":"1700000000000","#,
                r#""kc-api-passphrase":"ZGDg9EKimN7If0ZO79+8LTraPJDT1IgDJ9+1MuLqzMc="}"#,
            )
        );
    }

    #[tokio::test]
    async fn frame_includes_the_partner() {
        let partner = Partner::new("acme", "0b5e55ed-partner-key").unwrap();
        let signer = HmacSigner::new(&credentials().with_partner(partner));
        let login = login(&signer, "1", 1_700_000_000_000).await.unwrap();
        let end = r#","kc-api-partner":"acme","kc-api-partner-sign":"eEEVXtT34qiYjLOVZJ85UgQDcvSvs5h27TZVcfaxgBo="}"#;
        assert!(login.frame.ends_with(end));
    }

    #[tokio::test]
    async fn id_is_escaped_as_json() {
        let signer = HmacSigner::new(&credentials());
        let login = login(&signer, "a\"b\\c\n\u{1}é", 7).await.unwrap();
        assert!(
            login
                .frame
                .starts_with(r#"{"id":"a\"b\\c\u000a\u0001é","op":"auth""#)
        );
    }
}
