//! The in-memory transport behaves like a real connection: ordered, bounded, with every kind of end.

use std::time::Duration;

use kucoin_streams_transport::memory::{self, Disconnected, MemoryReader, MemoryWriter, Peer};
use kucoin_streams_transport::{
    CloseFrame, Connect, ConnectError, Message, Outgoing, ReadError, Reader, UpgradeRefusal,
    Violation, WriteError, Writer,
};

const URL: &str = "wss://exchange.test/endpoint?token=canary-token";

async fn connected(
    dialer: impl Connect<Reader = MemoryReader, Writer = MemoryWriter>,
    mut listener: memory::Listener,
) -> (MemoryReader, MemoryWriter, Peer) {
    let (halves, peer) = tokio::join!(dialer.connect(URL), async {
        listener.accept().await.unwrap().accept()
    });
    let (reader, writer) = halves.unwrap();
    (reader, writer, peer)
}

#[tokio::test]
async fn pair_carries_every_kind_both_ways_in_order() {
    let (dialer, listener) = memory::pair();
    let (mut reader, mut writer, mut peer) = connected(dialer, listener).await;
    peer.send_text("one").await.unwrap();
    peer.send_binary(&b"two"[..]).await.unwrap();
    peer.send_ping(&b"three"[..]).await.unwrap();
    peer.send_close(Some(CloseFrame::new(1012, "restart")))
        .await
        .unwrap();
    assert_eq!(reader.read().await.unwrap(), Message::Text("one".into()));
    assert_eq!(reader.read().await.unwrap(), Message::Binary("two".into()));
    assert_eq!(reader.read().await.unwrap(), Message::Ping("three".into()));
    assert_eq!(
        reader.read().await.unwrap(),
        Message::Close(Some(CloseFrame::new(1012, "restart")))
    );
    assert!(matches!(reader.read().await, Err(ReadError::Finished)));

    writer.send(Outgoing::Text("a")).await.unwrap();
    writer.send(Outgoing::Binary(b"b")).await.unwrap();
    writer.send(Outgoing::Ping(b"c")).await.unwrap();
    writer.send(Outgoing::Pong(b"d")).await.unwrap();
    writer.close(None).await.unwrap();
    drop(writer);
    for expected in [
        Message::Text("a".into()),
        Message::Binary("b".into()),
        Message::Ping("c".into()),
        Message::Pong("d".into()),
        Message::Close(None),
    ] {
        assert_eq!(peer.receive().await, Some(expected));
    }
    assert_eq!(peer.receive().await, None);
}

#[tokio::test]
async fn only_one_close_frame_is_sent_and_nothing_after_it() {
    let (dialer, listener) = memory::pair();
    let (_reader, mut writer, mut peer) = connected(dialer, listener).await;
    let illegal = writer.close(Some(CloseFrame::new(1005, ""))).await;
    assert!(
        matches!(illegal, Err(WriteError::CloseCode { code: 1005 })),
        "{illegal:?}"
    );
    writer.close(Some(CloseFrame::normal())).await.unwrap();
    writer
        .close(Some(CloseFrame::new(1001, "again")))
        .await
        .unwrap();
    assert!(matches!(
        writer.send(Outgoing::Text("late")).await,
        Err(WriteError::Closed)
    ));
    drop(writer);
    assert_eq!(
        peer.receive().await,
        Some(Message::Close(Some(CloseFrame::normal())))
    );
    assert_eq!(peer.receive().await, None);
}

#[tokio::test]
async fn cut_and_failure_come_after_sent_messages() {
    let (dialer, listener) = memory::pair();
    let (mut reader, mut writer, peer) = connected(dialer, listener).await;
    peer.send_text("last").await.unwrap();
    peer.cut();
    assert_eq!(reader.read().await.unwrap(), Message::Text("last".into()));
    assert!(matches!(reader.read().await, Err(ReadError::Eof)));
    assert!(matches!(
        writer.send(Outgoing::Text("lost")).await,
        Err(WriteError::Io(_))
    ));
    assert!(matches!(
        writer.send(Outgoing::Text("lost")).await,
        Err(WriteError::Broken)
    ));

    let (dialer, listener) = memory::pair();
    let (mut reader, _writer, peer) = connected(dialer, listener).await;
    peer.send_text("last").await.unwrap();
    peer.fail(ReadError::from(Violation::Utf8)).await.unwrap();
    assert_eq!(reader.read().await.unwrap(), Message::Text("last".into()));
    assert_eq!(reader.read().await.unwrap_err().close_code(), Some(1007));
}

#[tokio::test]
async fn shared_connector_dials() {
    let (dialer, listener) = memory::pair();
    let (mut reader, _writer, peer) = connected(std::sync::Arc::new(dialer), listener).await;
    peer.send_text("welcome").await.unwrap();
    assert_eq!(
        reader.read().await.unwrap(),
        Message::Text("welcome".into())
    );
}

#[tokio::test]
async fn peer_notices_that_the_client_is_gone() {
    let (dialer, listener) = memory::pair();
    let (reader, writer, mut peer) = connected(dialer, listener).await;
    drop(reader);
    assert_eq!(peer.send_text("hello").await, Err(Disconnected));
    drop(writer);
    assert_eq!(peer.receive().await, None);
}

#[tokio::test]
async fn dial_is_refused_with_the_given_error() {
    let (dialer, mut listener) = memory::pair();
    let refuse = async {
        listener
            .accept()
            .await
            .unwrap()
            .refuse(ConnectError::Refused(UpgradeRefusal::new(401)))
    };
    let (dialled, ()) = tokio::join!(dialer.connect(URL), refuse);
    assert_eq!(dialled.unwrap_err().status(), Some(401));

    let (dialled, ()) = tokio::join!(dialer.connect(URL), async {
        drop(listener.accept().await.unwrap())
    });
    assert!(matches!(dialled, Err(ConnectError::Tcp(_))), "{dialled:?}");

    drop(listener);
    let dialled = dialer.connect(URL).await;
    assert!(matches!(dialled, Err(ConnectError::Tcp(_))), "{dialled:?}");
}

#[tokio::test]
async fn listener_ends_with_the_last_dialer() {
    let (dialer, mut listener) = memory::pair();
    let other = dialer.clone();
    drop(dialer);
    let (dialled, dial) = tokio::join!(
        async {
            tokio::time::timeout(Duration::ZERO, other.connect(URL))
                .await
                .is_ok()
        },
        listener.accept()
    );
    assert!(!dialled);
    drop(other);
    // An unanswered dial does not keep the listener open.
    assert!(listener.accept().await.is_none());
    assert!(dial.is_some());
}

#[tokio::test(start_paused = true)]
async fn unanswered_dial_waits_until_the_client_stops() {
    let (dialer, mut listener) = memory::pair();
    let waited = tokio::time::timeout(Duration::from_secs(60), dialer.connect(URL)).await;
    assert!(waited.is_err());
    let dial = listener.accept().await.unwrap();
    assert!(dial.is_abandoned());
    assert!(!format!("{dial:?}").contains("canary"));
    assert_eq!(dial.accept().receive().await, None);
}

#[tokio::test(start_paused = true)]
async fn write_times_out_if_the_peer_does_not_read() {
    let (dialer, listener) = memory::pair();
    let dialer = dialer
        .with_capacity(1)
        .with_write_timeout(Duration::from_secs(3));
    let (_reader, mut writer, _peer) = connected(dialer, listener).await;
    let started = tokio::time::Instant::now();
    writer.send(Outgoing::Text("fits")).await.unwrap();
    assert!(matches!(
        writer.send(Outgoing::Text("does not")).await,
        Err(WriteError::Timeout)
    ));
    assert_eq!(started.elapsed(), Duration::from_secs(3));
    assert!(matches!(
        writer.send(Outgoing::Text("never")).await,
        Err(WriteError::Broken)
    ));
}

#[tokio::test]
async fn oversized_control_payload_is_refused() {
    let (dialer, listener) = memory::pair();
    let (_reader, mut writer, mut peer) = connected(dialer, listener).await;
    let refused = writer.send(Outgoing::Pong(&[0; 126])).await;
    assert!(
        matches!(refused, Err(WriteError::ControlTooLong { length: 126 })),
        "{refused:?}"
    );
    writer.send(Outgoing::Pong(&[0; 125])).await.unwrap();
    assert_eq!(
        peer.receive().await,
        Some(Message::Pong(vec![0; 125].into()))
    );
}
