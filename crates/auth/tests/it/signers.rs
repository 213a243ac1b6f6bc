//! Credentials that change at run time, and custom signers.

use std::future::{Future, ready};
use std::sync::atomic::{AtomicBool, Ordering};

use kucoin_streams_auth::rest::{RestTokens, TokenError};
use kucoin_streams_auth::{Credentials, HmacSigner, Prehash, Sign, SignError, Signed};
use kucoin_streams_core::{RetryPolicy, WsKey};

use crate::common::*;
use kucoin_streams_testkit::http::{Server, json};

#[tokio::test]
async fn next_request_uses_new_credentials() {
    let server = Server::answering(|_| json(good_reply())).await;
    let tokens = tokens(&server);
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    tokens.set_credentials(&Credentials::new("another-key", "secret", "passphrase").unwrap());
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    let requests = server.requests();
    let keys: Vec<_> = requests
        .iter()
        .map(|request| request.header("kc-api-key"))
        .collect();
    assert_eq!(keys, [KEY, "another-key"]);
}

#[tokio::test]
async fn another_signer_is_checked_before_it_replaces_the_old_one() {
    let server = Server::answering(|request| {
        let is_refused = request.header("kc-api-key") == "refused-key";
        let refusal = r#"{"code":"400003","msg":"KC-API-KEY not exists"}"#;
        json(if is_refused {
            refusal.into()
        } else {
            good_reply()
        })
    })
    .await;
    let tokens = tokens(&server);
    let credentials = Credentials::new("refused-key", "secret", "passphrase").unwrap();
    let checked = tokens.with_signer(HmacSigner::new(&credentials));
    let error = checked.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert_eq!(error.retry_policy(), RetryPolicy::Refused);
    // The source itself still has the old signer, and can get it back.
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    let old = tokens.signer();
    tokens.set_credentials(&credentials);
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    tokens.set_signer(old);
    tokens.fetch(WsKey::SpotPrivateV1).await.unwrap();
    let requests = server.requests();
    let used: Vec<_> = requests
        .iter()
        .map(|request| request.header("kc-api-key"))
        .collect();
    assert_eq!(used, ["refused-key", KEY, "refused-key", KEY]);
}

/// A signing service that is not available at first.
#[derive(Default)]
struct Remote {
    is_there: AtomicBool,
}

impl Sign for Remote {
    fn sign(&self, prehash: &Prehash) -> impl Future<Output = Result<Signed, SignError>> + Send {
        ready(if self.is_there.swap(true, Ordering::Relaxed) {
            Ok(Signed::new(
                "remote-key",
                format!("signed-{}", prehash.timestamp()),
                "bad\nvalue",
            ))
        } else {
            Err(SignError::Unavailable("away".into()))
        })
    }
}

#[tokio::test]
async fn custom_signer_signs_each_request() {
    let server = Server::answering(|_| json(good_reply())).await;
    let tokens = RestTokens::builder(Remote::default())
        .hosts(hosts(&server))
        .build()
        .unwrap();
    let away = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert!(
        matches!(away, TokenError::Sign(SignError::Unavailable(_))),
        "{away:?}"
    );
    assert_eq!(away.retry_policy(), RetryPolicy::Transient);
    let unusable = tokens.fetch(WsKey::SpotPrivateV1).await.unwrap_err();
    assert!(matches!(
        unusable,
        TokenError::UnusableHeader {
            name: "KC-API-PASSPHRASE"
        }
    ));
    assert_eq!(unusable.retry_policy(), RetryPolicy::Fatal);
    assert!(server.requests().is_empty());
}
