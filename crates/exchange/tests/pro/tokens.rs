//! Tokens, and which connections they open.

use kucoin_streams_exchange::{Ended, Exchange, StreamProtocol};
use std::time::Duration;

use crate::setup::*;
use crate::support::{
    self, Read, Socket, field, http, now_ms, percent_encoded, request_token_at, signed_headers,
};

#[tokio::test]
async fn token_response_has_only_the_token() {
    let exchange = quiet().await;
    let reply = request_token_at(&exchange, TOKEN).await;
    assert_eq!((reply.status, reply.code().as_str()), (200, "200000"));
    let reply = reply.json();
    let data = reply["data"].as_object().unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["token"]);
    let mut headers = signed_headers(exchange.credentials(), TOKEN, now_ms());
    headers[1].1 = "bm9wZQ==".to_owned();
    let refused = http(&exchange, "POST", TOKEN, &headers).await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "400005"));
    assert_eq!(http(&exchange, "GET", TOKEN, &[]).await.status, 405);
}

#[tokio::test]
async fn token_may_be_encoded_and_path_may_end_with_slash() {
    let exchange = quiet().await;
    let url = exchange.pro_ws_url();
    assert_eq!(url, format!("ws://127.0.0.1:{}/pro", exchange.port()));
    for (path, encoded) in [
        ("/pro?", true),
        ("/pro/?", true),
        ("/pro?", false),
        ("/pro/?", false),
    ] {
        let token = token(&exchange).await;
        let token = if encoded {
            percent_encoded(&token)
        } else {
            token
        };
        Pro::at(&exchange, &format!("{path}token={token}")).await;
    }
    let stats = exchange.stats();
    for (index, connection) in stats.connections.iter().enumerate() {
        assert_eq!(connection.protocol, StreamProtocol::ProV2);
        assert_eq!(connection.token, Some(index as u64 + 1));
        assert_eq!(connection.token_encoded, index < 2);
        assert!(connection.authenticated);
    }
}

#[tokio::test]
async fn token_is_valid_only_for_its_protocol() {
    let settings = Exchange::builder().single_use_tokens();
    let exchange = settings.start().await.unwrap();
    let v1 = support::token(&exchange).await;
    let pro = token(&exchange).await;
    let expected = |frame: &str| {
        assert_eq!(field(frame, "type"), "error");
        assert_eq!(field(frame, "code"), 401);
        assert_eq!(field(frame, "data"), "token is invalid");
    };
    let mut wrong = Socket::upgrade_at(&exchange, &format!("/pro?token={v1}")).await;
    match wrong.read().await {
        Read::Binary(frame) => expected(&String::from_utf8(frame).unwrap()),
        other => panic!("{other:?}"),
    }
    assert_eq!(wrong.read().await, Read::Close(Some(1000)));
    let mut wrong = Socket::upgrade_at(&exchange, &format!("/endpoint?token={pro}")).await;
    expected(&wrong.text().await);
    // Neither token counts as used.
    Pro::at(&exchange, &format!("/pro?token={pro}")).await;
    Socket::upgrade(&exchange, &format!("token={v1}&connectId=a"))
        .await
        .text()
        .await;
    let mut again = Socket::upgrade_at(&exchange, &format!("/pro?token={pro}")).await;
    assert!(matches!(again.read().await, Read::Binary(_)));
    let stats = exchange.shutdown().await;
    let refused = |index: usize| stats.connections[index].ended == Some(Ended::Refused);
    assert!(refused(0) && refused(1) && refused(4));
    assert!(!stats.connections[0].authenticated);
}

#[tokio::test]
async fn silent_client_is_disconnected_without_close_frame() {
    let exchange = Exchange::builder()
        .ping_interval(Duration::from_millis(40))
        .idle_timeout(Duration::from_millis(40))
        .start()
        .await
        .unwrap();
    let token = percent_encoded(&token(&exchange).await);
    let mut socket = Socket::upgrade_at(&exchange, &format!("/pro?token={token}")).await;
    let Read::Binary(welcome) = socket.read().await else {
        panic!("no welcome");
    };
    let welcome = String::from_utf8(welcome).unwrap();
    assert_eq!(field(&welcome, "pingInterval"), 40);
    assert_eq!(socket.read().await, Read::Eof);
    assert_eq!(
        exchange.stats().connections[0].ended,
        Some(Ended::PingTimeout)
    );
}

#[tokio::test]
async fn pro_token_connects_at_the_root_path_too() {
    let exchange = quiet().await;
    let pro = token(&exchange).await;
    for target in [
        format!("/?token={pro}"),
        format!("/?token={}", percent_encoded(&pro)),
    ] {
        let mut socket = Pro::at(&exchange, &target).await;
        let answer = socket
            .ask(&subscribe("1", "orderAll?tradeType=unified"))
            .await;
        assert_eq!(answer, r#"{"id":"1","result":true}"#);
        assert!(exchange.stats().is_subscribed("orderAll?tradeType=UNIFIED"));
    }
    let v1 = support::token(&exchange).await;
    let mut socket = Socket::upgrade(&exchange, &format!("token={v1}&connectId=a")).await;
    assert_eq!(socket.text().await, r#"{"id":"a","type":"welcome"}"#);
}
