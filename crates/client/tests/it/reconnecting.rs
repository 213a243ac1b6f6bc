//! Lifecycle events of a loss in order, and a new token for each dial.

use kucoin_streams_client::LifecycleEvent;
use kucoin_streams_core::RetryPolicy;
use kucoin_streams_transport::{CloseFrame, ConnectError, Message, ReadError, Violation};

use crate::rig::{Rig, run_tasks};

#[tokio::test(start_paused = true)]
async fn reconnected_follows_the_last_ack_with_a_new_token() {
    let (mut rig, mut server, _a) = Rig::live("/a").await;
    let _b = rig.subscribe(&mut server, "/b").await;
    assert_eq!(rig.lifecycle_events(), ["Open", "Response", "Response"]);
    server.0.cut();
    let (mut server, token) = rig.accept().await;
    assert_eq!(token, "2");
    assert_eq!(server.receive().await, "subscribe 3 /a");
    assert_eq!(server.receive().await, "subscribe 4 /b");
    server.send("ack 3").await;
    run_tasks().await;
    assert_eq!(rig.lifecycle_events(), ["Reconnect", "Response"]);
    server.send("ack 4").await;
    run_tasks().await;
    assert_eq!(rig.lifecycle_events(), ["Response", "Reconnected"]);
}

#[tokio::test(start_paused = true)]
async fn wait_live_waits_for_the_replay() {
    let (mut rig, server, _a) = Rig::live("/a").await;
    server.0.cut();
    run_tasks().await;
    let (mut server, _) = rig.accept().await;
    server.receive().await;
    {
        let live = rig.connection.wait_live();
        tokio::pin!(live);
        tokio::select! {
            biased;
            _ = &mut live => panic!("the topic is not live yet"),
            () = run_tasks() => {}
        }
        server.send("ack 2").await;
        live.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn failed_dial_is_retried_with_another_token() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let (live, token) = tokio::join!(connection.wait_live(), async {
        let first = rig.listener.accept().await.unwrap();
        first.refuse(ConnectError::Tcp(
            std::io::ErrorKind::ConnectionRefused.into(),
        ));
        let (server, token) = rig.accept().await;
        run_tasks().await;
        drop(server);
        token
    });
    live.unwrap();
    assert_eq!(token, "2");
}

#[tokio::test(start_paused = true)]
async fn server_close_is_answered_and_reported_with_its_code() {
    let (mut rig, mut server, _a) = Rig::live("/a").await;
    rig.lifecycle_events();
    server
        .0
        .send_close(Some(CloseFrame::new(1012, "maintenance")))
        .await
        .unwrap();
    let Some(Message::Close(Some(answer))) = server.0.receive().await else {
        panic!("no close frame");
    };
    assert_eq!(answer.code, 1012);
    let LifecycleEvent::Reconnect {
        cause, attempt: 1, ..
    } = rig.lifecycle.next().await.unwrap().event
    else {
        panic!("not a reconnect");
    };
    assert_eq!(cause.code.as_deref(), Some("1012"));
    assert!(cause.message.contains("maintenance"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn protocol_violation_is_the_cause() {
    let (mut rig, server, _a) = Rig::live("/a").await;
    rig.lifecycle_events();
    let violation = ReadError::from(Violation::Utf8);
    server.0.fail(violation).await.unwrap();
    let LifecycleEvent::Reconnect { cause, .. } = rig.lifecycle.next().await.unwrap().event else {
        panic!("not a reconnect");
    };
    assert_eq!(cause.retry_policy, RetryPolicy::Protocol);
}
