//! One request at a time, and none while KuCoin asks to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use kucoin_streams_auth::rest::TokenError;
use kucoin_streams_core::{ConnectionSource, WsKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::common::*;
use kucoin_streams_testkit::http::{Server, json, reply};

#[tokio::test]
async fn concurrent_fetches_take_turns() {
    let port = Arc::new(AtomicU16::new(0));
    let (in_server, arrived) = (Arc::clone(&port), Arc::new(AtomicUsize::new(0)));
    let marked = Arc::new(AtomicUsize::new(0));
    let (count, before) = (Arc::clone(&arrived), Arc::clone(&marked));
    let server = Server::answering_later(move |request| {
        let (port, count, before) = (in_server.clone(), count.clone(), before.clone());
        async move {
            if request.line.contains("/marker") {
                before.store(count.load(Ordering::SeqCst), Ordering::SeqCst);
            } else if count.fetch_add(1, Ordering::SeqCst) == 0 {
                // If the second fetch did not wait its turn, its request was sent before this marker and arrives first.
                let address = ("127.0.0.1", port.load(Ordering::SeqCst));
                let mut marker = TcpStream::connect(address).await.unwrap();
                let request = b"GET /marker HTTP/1.1\r\n\r\n";
                marker.write_all(request).await.unwrap();
                marker.read_to_end(&mut Vec::new()).await.unwrap();
            }
            json(good_reply())
        }
    })
    .await;
    port.store(server.port, Ordering::SeqCst);
    let tokens = tokens(&server);
    let (one, two) = tokio::join!(
        tokens.connection_info(WsKey::SpotPrivateV1),
        tokens.connection_info(WsKey::FuturesPrivateV1),
    );
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(arrived.load(Ordering::SeqCst), 2);
    assert_eq!(marked.load(Ordering::SeqCst), 1, "one at a time");
}

#[tokio::test]
async fn dropped_fetch_gives_its_turn_to_the_next() {
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
async fn no_request_is_sent_while_kucoin_asks_to_wait() {
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
