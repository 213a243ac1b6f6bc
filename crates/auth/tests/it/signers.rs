//! Credentials that change at run time, and custom signers.

use std::future::{Future, ready};
use std::sync::atomic::{AtomicBool, Ordering};

use kucoin_streams_auth::rest::{RestTokens, TokenError};
use kucoin_streams_auth::{Credentials, Prehash, Sign, SignError, Signed};
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
