//! Closing connections and runtimes.

use kucoin_streams_session::{CloseReason, EndReason};
use kucoin_streams_transport::Message;

use crate::rig::{Numbers, Rig, next};

#[tokio::test(start_paused = true)]
async fn close_unsubscribes_and_ends_streams_after_queued_events() {
    let (rig, mut server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..2).await;
    let connection = rig.connection.clone();
    let ((), ()) = tokio::join!(connection.close(), async {
        assert_eq!(server.receive().await, "unsubscribe 2 /a");
        server.push("/a", 2..3).await;
        server.send("ack 2").await;
        let close = server.0.receive().await;
        assert!(matches!(close, Some(Message::Close(Some(frame))) if frame.code == 1000));
        server.0.send_close(None).await.unwrap();
    });
    for expected in ["0", "1", "2", "end"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    assert!(numbers.end_reason().is_some());
    assert!(rig.connection.subscribe(Numbers("/a")).await.is_err());
    assert!(rig.connection.wait_live().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn close_does_not_wait_for_a_silent_server() {
    let (rig, _server, _numbers) = Rig::live("/a").await;
    let began = tokio::time::Instant::now();
    rig.connection.close().await;
    assert!(began.elapsed().as_secs() <= 2, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn close_during_an_attempt_takes_effect_at_once() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let subscribe = tokio::spawn(async move { connection.subscribe(Numbers("/a")).await });
    let _stalled = rig.listener.accept().await.unwrap();
    rig.connection.close().await;
    assert!(subscribe.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn task_ends_with_the_last_handle_and_subscription() {
    let (rig, mut server, mut numbers) = Rig::live("/a").await;
    drop(rig.connection);
    server.push("/a", 4..5).await;
    assert_eq!(next(&mut numbers).await, "4");
    drop(numbers);
    assert_eq!(server.receive().await, "unsubscribe 2 /a");
    server.send("ack 2").await;
    assert!(matches!(server.0.receive().await, Some(Message::Close(_))));
    drop(server);
    let mut lifecycle = rig.lifecycle;
    while lifecycle.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn concurrent_closes_all_resolve() {
    let (rig, _server, _numbers) = Rig::live("/a").await;
    tokio::join!(rig.connection.close(), rig.connection.close());
    rig.connection.close().await;
}

#[test]
fn runtime_shutdown_ends_the_streams() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let gone = runtime();
    let (_rig, server, mut numbers) = gone.block_on(async {
        let (rig, server, numbers) = Rig::live("/a").await;
        server.push("/a", 0..1).await;
        crate::rig::run_tasks().await;
        (rig, server, numbers)
    });
    drop(gone);
    runtime().block_on(async {
        assert_eq!(next(&mut numbers).await, "0");
        assert!(next(&mut numbers).await.starts_with("/a closed: "));
        assert_eq!(next(&mut numbers).await, "end");
    });
    let reason = numbers.end_reason().unwrap();
    assert!(
        matches!(reason, EndReason::Closed(CloseReason::Failed(_))),
        "{reason}"
    );
    drop(server);
}
