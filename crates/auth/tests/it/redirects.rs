//! A redirect is never followed: it would send the signed headers to another server.

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::{RetryPolicy, WsKey};

use crate::common::*;
use kucoin_streams_testkit::http::{Server, json, reply};

#[tokio::test]
async fn redirect_is_fatal_and_not_followed() {
    let elsewhere = Server::answering(|_| json(good_reply())).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!(
            "location: http://localhost:{}/steal?x=canary\r\n",
            elsewhere.port
        );
        let server = Server::answering(move |_| reply(status, &location, &good_reply())).await;
        let error = tokens(&server)
            .fetch(WsKey::SpotPrivateV1)
            .await
            .unwrap_err();
        assert_eq!(error.retry_policy(), RetryPolicy::Fatal);
        let TokenError::UnexpectedRedirect { target, host, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*host, format!("127.0.0.1:{}", server.port));
        assert_eq!(target, "localhost");
        assert!(!format!("{error} {error:?}").contains("canary"));
        assert_eq!(server.requests().len(), 1);
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn redirect_without_a_target_is_fatal() {
    let server = Server::answering(|_| reply(302, "", "")).await;
    let error = tokens(&server)
        .fetch(WsKey::SpotPrivateV1)
        .await
        .unwrap_err();
    assert!(
        matches!(error, TokenError::UnexpectedRedirect { .. }),
        "{error:?}"
    );
}
