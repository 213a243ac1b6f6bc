//! The V1 protocol: welcome, answers, refusals and limits.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use kucoin_streams_exchange::{Effect, Ended, Exchange, Side, UnknownSymbols};
use support::*;

async fn quiet() -> Exchange {
    Exchange::builder().start().await.unwrap()
}

#[tokio::test]
async fn single_use_token_opens_one_connection() {
    let settings = Exchange::builder().single_use_tokens();
    let exchange = settings.start().await.unwrap();
    let token = token(&exchange).await;
    let mut first = Socket::upgrade(&exchange, &format!("token={token}&connectId=abc")).await;
    assert_eq!(first.text().await, r#"{"id":"abc","type":"welcome"}"#);
    for query in [
        format!("connectId=abc&token={token}"),
        "connectId=abc".to_owned(),
        "connectId=abc&token=x".to_owned(),
    ] {
        let mut second = Socket::upgrade(&exchange, &query).await;
        assert_eq!(
            second.text().await,
            r#"{"id":"abc","type":"error","code":401,"data":"token is invalid"}"#
        );
        assert_eq!(second.read().await, Read::Close(Some(1000)));
    }
    let reports = exchange.stats().connections;
    assert_eq!((reports[0].token, reports[1].token), (Some(1), None));
    assert_eq!(reports[1].ended, Some(Ended::Refused));
}

#[tokio::test]
async fn stats_report_whether_token_was_encoded() {
    let exchange = quiet().await;
    let raw = token(&exchange).await;
    let _first = Socket::upgrade(&exchange, &format!("token={raw}")).await;
    let _second = Socket::connect(&exchange).await;
    exchange
        .wait_until(|stats| stats.connections.len() == 2)
        .await;
    let encoded: Vec<bool> = exchange
        .stats()
        .connections
        .iter()
        .map(|report| report.token_encoded)
        .collect();
    assert_eq!(encoded, [false, true]);
}

#[tokio::test]
async fn expired_token_has_its_own_error() {
    let exchange = quiet().await;
    let token = token(&exchange).await;
    exchange.inject(kucoin_streams_exchange::Effect::ExpireTokens);
    let mut socket = Socket::upgrade(&exchange, &format!("token={token}&connectId=1")).await;
    assert_eq!(
        socket.text().await,
        r#"{"id":"1","type":"error","code":401,"data":"token is expired"}"#
    );
}

#[tokio::test]
async fn numeric_ids_are_answered_as_strings() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    let numeric = subscribe("7", BALANCE).replace("\"7\"", "7");
    assert_eq!(socket.ask(&numeric).await, r#"{"id":"7","type":"ack"}"#);
    let pong = socket.ask(r#"{"id":123,"type":"ping"}"#).await;
    assert_eq!(
        (field(&pong, "id"), field(&pong, "type")),
        ("123".into(), "pong".into())
    );
    let anonymous = socket.ask(r#"{"type":"ping"}"#).await;
    assert!(
        field(&anonymous, "id").is_null()
            && field(&anonymous, "timestamp").as_u64() > Some(1_700_000_000_000_000)
    );
    assert_eq!(exchange.stats().connections[0].pings, 2);
}

#[tokio::test]
async fn unencoded_token_and_numeric_ids_are_accepted() {
    let exchange = quiet().await;
    let token = token(&exchange).await;
    let mut socket = Socket::upgrade(&exchange, &format!("token={token}")).await;
    assert_eq!(field(&socket.text().await, "type"), "welcome");
    let message = r#"{"id":871234567890,"type":"subscribe","topic":"/account/balance","privateChannel":true,"response":true}"#;
    assert_eq!(
        socket.ask(message).await,
        r#"{"id":"871234567890","type":"ack"}"#
    );
    let pong = socket
        .ask(r#"{ "id": "1768824067407", "type": "ping" }"#)
        .await;
    assert_eq!(field(&pong, "id"), "1768824067407");
    exchange.account().deposit("USDT", 1.into()).unwrap();
    assert_eq!(field(&socket.text().await, "topic"), BALANCE);
}

#[tokio::test]
async fn request_without_response_flag_is_not_acknowledged() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    socket
        .send(&subscribe("1", BALANCE).replace(",\"response\":true", ""))
        .await;
    // Answers come in order, so an acknowledgement would precede the pong.
    assert_eq!(
        field(&socket.ask(r#"{"id":"2","type":"ping"}"#).await, "type"),
        "pong"
    );
    assert!(exchange.stats().is_subscribed(BALANCE));
}

#[tokio::test]
async fn refusals_have_codes_and_texts_of_kucoin() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    let cases = [
        (
            subscribe("1", "/account/balances"),
            404,
            "topic /account/balances is not found",
        ),
        (subscribe("1", "balance"), 400, "topic balance is invalid"),
        (
            subscribe("1", "/market/match: BTC-USDT"),
            400,
            "topic /market/match: BTC-USDT is invalid",
        ),
        (
            subscribe("1", "/account/balance,/spotMarket/tradeOrders"),
            404,
            "topic /account/balance,/spotMarket/tradeOrders is not found",
        ),
        (
            subscribe(
                "1",
                &format!("/market/match:{}", vec!["A-B"; 101].join(",")),
            ),
            509,
            "exceed max subscription count limitation of 100 per time",
        ),
        (subscribe("1", ""), 406, "topic is required"),
        (
            r#"{"id":"1","type":"subscribe"}"#.to_owned(),
            406,
            "topic is required",
        ),
        (
            r#"{"id":"1","type":"sing"}"#.to_owned(),
            415,
            "type is not supported",
        ),
    ];
    for (message, code, text) in cases {
        let expected = format!(r#"{{"id":"1","type":"error","code":{code},"data":"{text}"}}"#);
        assert_eq!(socket.ask(&message).await, expected);
    }
    assert_eq!(field(&socket.ask("not json").await, "code"), 400);
}

#[tokio::test]
async fn public_token_is_refused_private_topics() {
    let exchange = quiet().await;
    let response = http(&exchange, "POST", "/api/v1/bullet-public", &[])
        .await
        .json();
    let token = response["data"]["token"].as_str().unwrap();
    let mut socket = Socket::upgrade(&exchange, &format!("token={token}")).await;
    socket.text().await;
    let refused = socket.ask(&subscribe("1", BALANCE)).await;
    assert_eq!(
        (field(&refused, "code"), field(&refused, "data")),
        (403.into(), "login is required".into())
    );
}

#[tokio::test]
async fn private_topic_without_flag_gets_no_pushes() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    let message =
        subscribe("1", BALANCE).replace("\"privateChannel\":true", "\"privateChannel\":false");
    assert_eq!(field(&socket.ask(&message).await, "type"), "ack");
    exchange.account().deposit("USDT", 1.into()).unwrap();
    assert_eq!(
        field(&socket.ask(r#"{"id":"2","type":"ping"}"#).await, "type"),
        "pong"
    );
}

#[tokio::test]
async fn private_channel_flag_may_be_a_string() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    let message =
        subscribe("1", BALANCE).replace("\"privateChannel\":true", "\"privateChannel\":\"true\"");
    assert_eq!(field(&socket.ask(&message).await, "type"), "ack");
    exchange.account().deposit("USDT", 1.into()).unwrap();
    assert_eq!(field(&socket.text().await, "subject"), "account.balance");
}

#[tokio::test]
async fn unsubscribed_topic_gets_no_pushes() {
    let exchange = quiet().await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE, ORDERS]).await;
    assert_eq!(
        socket.ask(&unsubscribe("u", BALANCE)).await,
        r#"{"id":"u","type":"ack"}"#
    );
    assert_eq!(exchange.stats().connections[0].topics, [ORDERS]);
    let account = exchange.account();
    account
        .place_limit(
            "BTC-USDT",
            Side::Buy,
            50_000.into(),
            "0.001".parse().unwrap(),
        )
        .unwrap();
    assert_eq!(field(&socket.text().await, "topic"), ORDERS);
}

#[tokio::test]
async fn too_many_messages_are_refused() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    for _ in 0..100 {
        assert_eq!(
            field(&socket.ask(r#"{"id":"1","type":"ping"}"#).await, "type"),
            "pong"
        );
    }
    let refused = socket.ask(r#"{"id":"1","type":"ping"}"#).await;
    assert_eq!(
        (field(&refused, "code"), field(&refused, "data")),
        (509.into(), "exceed max permits per second".into())
    );
}

#[tokio::test]
async fn too_many_topics_are_refused() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    let list = |from: u32, to: u32| {
        (from..to)
            .map(|n| format!("S{n}-USDT"))
            .collect::<Vec<_>>()
            .join(",")
    };
    for block in 0..4 {
        let topic = format!("/market/match:{}", list(block * 100, block * 100 + 100));
        assert_eq!(
            field(&socket.ask(&subscribe("1", &topic)).await, "type"),
            "ack"
        );
    }
    let refused = socket.ask(&subscribe("1", BALANCE)).await;
    assert_eq!(
        field(&refused, "data"),
        "exceed max subscription count limitation of 400 per session"
    );
    let many = socket
        .ask(&subscribe("1", &format!("/market/match:{}", list(0, 101))))
        .await;
    assert_eq!(
        field(&many, "data"),
        "exceed max subscription count limitation of 100 per time"
    );
}

#[tokio::test]
async fn too_many_connections_are_refused() {
    let exchange = Exchange::builder()
        .max_connections(1)
        .start()
        .await
        .unwrap();
    let _first = Socket::connect(&exchange).await;
    let mut second = Socket::dial(&exchange).await;
    let refused = second.text().await;
    assert_eq!(
        (field(&refused, "code"), field(&refused, "data")),
        (
            509.into(),
            "exceed max session count limitation of 1".into()
        )
    );
}

#[tokio::test]
async fn silent_client_is_disconnected() {
    let brief = Duration::from_millis(40);
    let exchange = Exchange::builder()
        .idle_timeout(brief)
        .start()
        .await
        .unwrap();
    let mut socket = Socket::connect(&exchange).await;
    assert_eq!(
        socket.text().await,
        r#"{"type":"error","code":400,"data":"ping timeout"}"#
    );
    assert_eq!(socket.read().await, Read::Close(Some(1000)));
    assert_eq!(
        exchange.stats().connections[0].ended,
        Some(Ended::PingTimeout)
    );
}

#[tokio::test]
async fn websocket_pings_are_answered() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    socket.send_frame(0x89, b"hey").await;
    assert_eq!(socket.read().await, Read::Pong(b"hey".to_vec()));
}

#[tokio::test]
async fn close_frame_is_answered_and_reported() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    socket.send_frame(0x88, &1001_u16.to_be_bytes()).await;
    assert_eq!(socket.read().await, Read::Close(Some(1001)));
    assert_eq!(socket.read().await, Read::Eof);
    assert_eq!(
        exchange.stats().connections[0].ended,
        Some(Ended::ClientClosed { code: Some(1001) })
    );
}

#[tokio::test]
async fn unmasked_frame_is_a_violation() {
    use tokio::io::AsyncWriteExt;
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    socket.stream.write_all(&[0x81, 0x01, b'x']).await.unwrap();
    assert_eq!(socket.read().await, Read::Close(Some(1002)));
    assert_eq!(
        exchange.stats().connections[0].ended,
        Some(Ended::Violation)
    );
}

#[tokio::test]
async fn shutdown_closes_connections_and_frees_the_port() {
    let port = kucoin_streams_testkit::http::free_port();
    let exchange = Exchange::builder().port(port).start().await.unwrap();
    let mut socket = Socket::connect(&exchange).await;
    let seen = exchange.shutdown().await;
    assert_eq!(seen.connections[0].ended, Some(Ended::Shutdown));
    assert!(matches!(socket.read().await, Read::Eof | Read::Reset));
    let again = Exchange::builder().port(port).start().await.unwrap();
    assert_eq!(again.port(), port);
}

#[tokio::test]
async fn token_opens_several_connections_by_default() {
    let exchange = quiet().await;
    let token = percent_encoded(&token(&exchange).await);
    for _ in 0..3 {
        let mut socket = Socket::upgrade(&exchange, &format!("token={token}")).await;
        assert_eq!(field(&socket.text().await, "type"), "welcome");
    }
    exchange.inject(Effect::SingleUseTokens);
    let mut socket = Socket::upgrade(&exchange, &format!("token={token}")).await;
    assert_eq!(field(&socket.text().await, "data"), "token is invalid");
}

#[tokio::test]
async fn fault_changes_the_answer_for_unknown_symbols() {
    let exchange = quiet().await;
    let mut socket = Socket::connect(&exchange).await;
    let topic = "/contract/position:NOSUCHUSDTM";
    let answer = socket.ask(&subscribe("1", topic)).await;
    assert_eq!(answer, r#"{"id":"1","type":"ack"}"#);
    assert!(exchange.stats().is_subscribed(topic));
    exchange.inject(Effect::UnknownSymbols {
        answer: UnknownSymbols::Refuse,
    });
    let answer = socket.ask(&subscribe("2", topic)).await;
    assert_eq!(field(&answer, "code"), 404);
}
