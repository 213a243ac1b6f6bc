//! One request at a time, and none while the exchange asks to wait.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::{ConnectionSource, WsKey};
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

use crate::answers::*;
use crate::server::{Server, json, reply};

#[tokio::test]
async fn two_callers_take_turns() {
    let (arrived, overlaps) = (Arc::new(Notify::new()), Arc::new(Mutex::new(0)));
    let (in_server, counted) = (Arc::clone(&arrived), Arc::clone(&overlaps));
    let server = Server::answering_later(move |_| {
        let (arrived, overlaps) = (Arc::clone(&in_server), Arc::clone(&counted));
        async move {
            arrived.notify_waiters();
            // A second request while this one is unanswered wakes it; with turns none comes.
            if timeout(Duration::from_millis(200), arrived.notified())
                .await
                .is_ok()
            {
                *overlaps.lock().await += 1;
            }
            json(good_reply())
        }
    })
    .await;
    let tokens = tokens(&server);
    let (one, two) = tokio::join!(
        tokens.connection_info(WsKey::SpotPrivateV1),
        tokens.connection_info(WsKey::FuturesPrivateV1),
    );
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(server.requests().len(), 2);
    assert_eq!(*overlaps.lock().await, 0);
}

#[tokio::test]
async fn a_caller_that_goes_away_gives_its_turn_to_the_next() {
    let arrived = Arc::new(Notify::new());
    let in_server = Arc::clone(&arrived);
    let server = Server::answering_later(move |request| {
        let arrived = Arc::clone(&in_server);
        async move {
            if request.line.contains("/v2/") {
                arrived.notify_one();
                std::future::pending::<()>().await;
            }
            json(good_reply())
        }
    })
    .await;
    let tokens = tokens(&server);
    tokio::select! {
        _ = tokens.fetch(WsKey::PrivateProV2) => panic!("the server does not answer this one"),
        () = arrived.notified() => {}
    }
    assert!(tokens.fetch(WsKey::SpotPrivateV1).await.is_ok());
}

#[tokio::test]
async fn nothing_is_sent_while_the_exchange_asks_to_wait() {
    let server = Server::answering(|_| reply(429, "gw-ratelimit-reset: 600000\r\n", "")).await;
    let tokens = tokens(&server);
    let asked = Duration::from_secs(600);
    for (ws_key, is_first) in [
        (WsKey::SpotPrivateV1, true),
        (WsKey::FuturesPrivateV1, false),
    ] {
        match tokens.fetch(ws_key).await.unwrap_err() {
            TokenError::Throttled {
                retry_after: Some(left),
                ..
            } => {
                assert!(
                    if is_first {
                        left == asked
                    } else {
                        left <= asked
                    },
                    "{left:?}"
                );
            }
            error => panic!("{error:?}"),
        }
    }
    assert_eq!(server.requests().len(), 1);
}
