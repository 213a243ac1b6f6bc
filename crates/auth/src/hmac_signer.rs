//! The signer that has the secret in this process: HMAC-SHA256, keyed once.

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::credentials::Masked;
use crate::{Credentials, KeyVersion, Partner, Prehash, Sign, SignError, Signed, SignedPartner};

/// A signer that has the API secret in this process.
///
/// The HMAC is keyed once, and its state is copied for each signature. The passphrase is signed once. The signer keeps
/// the keyed state, but not the secret; the state is zeroed when the last clone is dropped. Clones are cheap and share
/// one state.
#[derive(Clone)]
pub struct HmacSigner {
    keyed: Arc<Keyed>,
}

struct Keyed {
    api_key: Zeroizing<String>,
    secret: Hmac<Sha256>,
    passphrase: Zeroizing<String>,
    version: KeyVersion,
    partner: Option<KeyedPartner>,
}

struct KeyedPartner {
    name: String,
    broker_name: Option<String>,
    key: Hmac<Sha256>,
}

impl HmacSigner {
    /// Creates a signer; the credentials are not needed afterwards.
    pub fn new(credentials: &Credentials) -> Self {
        let secret = keyed(credentials.secret());
        // Key versions 2 and 3 send the passphrase signed; the retired version 1 sent it plain.
        let passphrase = mac(&secret, &[credentials.passphrase().as_bytes()]);
        Self {
            keyed: Arc::new(Keyed {
                api_key: Zeroizing::new(credentials.key().to_owned()),
                secret,
                passphrase,
                version: credentials.key_version(),
                partner: credentials.partner().map(KeyedPartner::new),
            }),
        }
    }

    /// Signs one request, as [`Sign::sign`] does, without async.
    pub fn sign_now(&self, prehash: &Prehash) -> Signed {
        let keyed = &self.keyed;
        let signature = mac(&keyed.secret, &[prehash.as_bytes()]);
        let mut signed = Signed::from_parts(
            keyed.api_key.clone(),
            signature,
            keyed.passphrase.clone(),
            keyed.version,
        );
        if let Some(partner) = &keyed.partner {
            signed = signed.with_partner(partner.sign(prehash.timestamp(), &keyed.api_key));
        }
        signed
    }
}

impl Sign for HmacSigner {
    fn sign(&self, prehash: &Prehash) -> impl Future<Output = Result<Signed, SignError>> + Send {
        ready(Ok(self.sign_now(prehash)))
    }
}

impl From<Credentials> for HmacSigner {
    fn from(credentials: Credentials) -> Self {
        Self::new(&credentials)
    }
}

impl fmt::Debug for HmacSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacSigner")
            .field("api_key", &Masked(&self.keyed.api_key))
            .field("version", &self.keyed.version)
            .finish_non_exhaustive()
    }
}

impl KeyedPartner {
    fn new(partner: &Partner) -> Self {
        Self {
            name: partner.name().to_owned(),
            broker_name: partner.broker_name().map(str::to_owned),
            key: keyed(partner.key()),
        }
    }

    fn sign(&self, timestamp: &str, api_key: &str) -> SignedPartner {
        let parts = [
            timestamp.as_bytes(),
            self.name.as_bytes(),
            api_key.as_bytes(),
        ];
        SignedPartner {
            name: self.name.clone(),
            signature: mac(&self.key, &parts),
            broker_name: self.broker_name.clone(),
        }
    }
}

fn keyed(secret: &str) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length")
}

/// Returns the HMAC of the concatenated parts, in base64.
fn mac(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> Zeroizing<String> {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    //! Known answers, computed with Python and with OpenSSL, which agree:
    //!
    //! ```text
    //! python3 -c 'import base64, hashlib, hmac, sys; key, text = sys.argv[1:]; print(base64.b64encode(
    //!     hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode())' "$SECRET" "$TEXT"
    //! ```
    //!
    //! ```text
    //! printf '%s' "$TEXT" | openssl dgst -sha256 -hmac "$SECRET" -binary | openssl base64 -A
    //! ```
    //!
    //! `SECRET` is `5a1e6c1b-1234-4f0e-9a77-0123456789ab`; `TEXT` is in the comment of each answer.

    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "64f0c0ffee0123456789abcd";
    const SECRET: &str = "5a1e6c1b-1234-4f0e-9a77-0123456789ab";
    const PASSPHRASE: &str = "correct-horse-7";
    const TIMESTAMP: u64 = 1_700_000_000_000;

    fn credentials() -> Credentials {
        Credentials::new(KEY, SECRET, PASSPHRASE).unwrap()
    }

    fn signer() -> HmacSigner {
        HmacSigner::new(&credentials())
    }

    #[test]
    fn signatures_match_the_known_answers() {
        let answers = [
            // TEXT: 1700000000000POST/api/v1/bullet-private
            (
                "POST",
                "/api/v1/bullet-private",
                "",
                "J5HVmPqvEeLOHWVnR0noBLCVLomOCj5+Xf29GBs2V1k=",
            ),
            // TEXT: 1700000000000POST/api/v2/bullet-private
            (
                "POST",
                "/api/v2/bullet-private",
                "",
                "sFEfz6McbKGGKR/JcNhBtgSbVWOOqdbWTpSzyZ/VccI=",
            ),
            // TEXT: 1700000000000POST/api/websocket/users/verify
            (
                "POST",
                "/api/websocket/users/verify",
                "",
                "1gKZgAbov95sU/MTggybbzC3OLb5yIiCtC9+16lSN8Y=",
            ),
            // TEXT: 1700000000000GET/api/v1/orders?symbol=BTC-USDT&status=active
            (
                "GET",
                "/api/v1/orders?symbol=BTC-USDT&status=active",
                "",
                "/CH0u/yEfGOx3dThw98NnXxK6Qxid0gIag7YGCoRO3Y=",
            ),
            // TEXT: 1700000000000POST/api/v1/orders{"side":"buy"}
            (
                "POST",
                "/api/v1/orders",
                r#"{"side":"buy"}"#,
                "Lu1QqaNMkhg0mX6/WduESPYmtd5Rm0IZKQvLBHGKdwY=",
            ),
        ];
        for (method, path, body, answer) in answers {
            let signed = signer().sign_now(&Prehash::new(TIMESTAMP, method, path, body));
            assert_eq!(signed.signature(), answer, "{method} {path}");
        }
    }

    #[test]
    fn signed_passphrase_matches_the_known_answer() {
        let signed = signer().sign_now(&Prehash::new(TIMESTAMP, "POST", "/", ""));
        // TEXT: correct-horse-7
        assert_eq!(
            signed.passphrase(),
            "ZGDg9EKimN7If0ZO79+8LTraPJDT1IgDJ9+1MuLqzMc="
        );
    }

    #[test]
    fn partner_signature_matches_the_known_answer() {
        let partner = Partner::new("acme", "0b5e55ed-partner-key").unwrap();
        let signer = HmacSigner::new(&credentials().with_partner(partner));
        let signed = signer.sign_now(&Prehash::new(TIMESTAMP, "POST", "/", ""));
        // TEXT: 1700000000000acme64f0c0ffee0123456789abcd, with SECRET=0b5e55ed-partner-key
        let signature = &signed.partner().unwrap().signature;
        assert_eq!(
            signature.as_str(),
            "eEEVXtT34qiYjLOVZJ85UgQDcvSvs5h27TZVcfaxgBo="
        );
    }

    #[test]
    fn debug_shows_no_secret_and_no_signature() {
        let signer = signer();
        let signed = signer.sign_now(&Prehash::new(TIMESTAMP, "POST", "/", ""));
        let printed = format!("{signer:?} {signed:?}");
        assert!(printed.contains("64f0…abcd"), "{printed}");
        for secret in [
            KEY,
            SECRET,
            PASSPHRASE,
            signed.signature(),
            signed.passphrase(),
        ] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    proptest! {
        #[test]
        fn signature_does_not_depend_on_earlier_calls(
            texts in prop::collection::vec((any::<u64>(), "[A-Z]{3,6}", ".{0,40}", ".{0,200}"), 1..8),
        ) {
            let sign = |signer: &HmacSigner, (time, method, path, body): &(u64, String, String, String)| {
                let signed = signer.sign_now(&Prehash::new(*time, method, path, body));
                (signed.signature().to_owned(), signed.passphrase().to_owned())
            };
            let shared = signer();
            let forward: Vec<_> = texts.iter().map(|text| sign(&shared, text)).collect();
            let clone = shared.clone();
            let mut backward: Vec<_> = texts.iter().rev().map(|text| sign(&clone, text)).collect();
            backward.reverse();
            let alone: Vec<_> = texts.iter().map(|text| sign(&signer(), text)).collect();
            prop_assert_eq!(&forward, &backward);
            prop_assert_eq!(&forward, &alone);
        }

        #[test]
        fn signature_depends_on_every_byte(body in "[a-z]{1,60}", at in any::<prop::sample::Index>()) {
            let mut other = body.clone().into_bytes();
            let at = at.index(other.len());
            other[at] ^= 1;
            let other = String::from_utf8(other).unwrap();
            let sign = |body: &str| signer().sign_now(&Prehash::new(TIMESTAMP, "POST", "/", body));
            let (one, two) = (sign(&body), sign(&other));
            prop_assert_ne!(one.signature(), two.signature());
        }
    }
}
