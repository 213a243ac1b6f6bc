//! Every write is masked, flushed and has a timeout, and nothing follows a close frame.

use std::time::Duration;

use crate::client::connected;
use kucoin_streams_testkit::websocket::{
    BINARY, CLOSE, FIN, PING, PONG, TEXT, close_payload, read_frame,
};
use kucoin_streams_transport::{CloseFrame, Outgoing, WebSocketConnector, WriteError, Writer};

#[tokio::test]
async fn each_kind_is_sent_as_one_masked_frame() {
    let (_reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    let long = "é".repeat(150_000);
    for (message, first, payload) in [
        (Outgoing::Text("subscribe"), FIN | TEXT, &b"subscribe"[..]),
        (Outgoing::Text(""), FIN | TEXT, b""),
        (Outgoing::Text(&long), FIN | TEXT, long.as_bytes()),
        (Outgoing::Binary(&[0, 255]), FIN | BINARY, &[0, 255]),
        (Outgoing::Ping(b"p"), FIN | PING, b"p"),
        (Outgoing::Pong(&[1; 125]), FIN | PONG, &[1; 125]),
    ] {
        let (sent, received) = tokio::join!(writer.send(message), read_frame(&mut server));
        sent.unwrap();
        assert_eq!(received, Some((first, payload.to_vec())), "{message:?}");
    }
}

#[tokio::test]
async fn oversized_control_payload_is_refused_before_sending() {
    let (_reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    for message in [Outgoing::Ping(&[0; 126]), Outgoing::Pong(&[0; 126])] {
        let refused = writer.send(message).await;
        assert!(
            matches!(refused, Err(WriteError::ControlTooLong { length: 126 })),
            "{refused:?}"
        );
    }
    writer.send(Outgoing::Text("next")).await.unwrap();
    assert_eq!(
        read_frame(&mut server).await,
        Some((FIN | TEXT, b"next".to_vec()))
    );
}

#[tokio::test]
async fn one_close_frame_is_sent_and_nothing_after_it() {
    let (reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    let illegal = writer.close(Some(CloseFrame::new(1006, ""))).await;
    assert!(
        matches!(illegal, Err(WriteError::CloseCode { code: 1006 })),
        "{illegal:?}"
    );
    writer
        .close(Some(CloseFrame::new(1000, "é".repeat(100))))
        .await
        .unwrap();
    writer.close(Some(CloseFrame::normal())).await.unwrap();
    writer.close(None).await.unwrap();
    assert!(matches!(
        writer.send(Outgoing::Pong(b"")).await,
        Err(WriteError::Closed)
    ));
    drop((reader, writer));
    let payload = close_payload(1000, "é".repeat(61).as_bytes());
    assert_eq!(read_frame(&mut server).await, Some((FIN | CLOSE, payload)));
    assert_eq!(read_frame(&mut server).await, None);
}

#[tokio::test]
async fn close_frame_may_be_empty() {
    let (_reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    writer.close(None).await.unwrap();
    assert_eq!(read_frame(&mut server).await, Some((FIN | CLOSE, vec![])));
}

/// Much more than the buffers of both sockets can hold.
const FLOOD: usize = 64 << 20;

#[tokio::test]
async fn write_timeout_ends_the_writer() {
    let connector = WebSocketConnector::new().with_write_timeout(Duration::from_millis(200));
    let (_reader, mut writer, _server) = connected(connector).await;
    let flooded = writer.send(Outgoing::Binary(&vec![0; FLOOD])).await;
    assert!(matches!(flooded, Err(WriteError::Timeout)), "{flooded:?}");
    assert!(matches!(
        writer.send(Outgoing::Text("next")).await,
        Err(WriteError::Broken)
    ));
    assert!(matches!(writer.close(None).await, Err(WriteError::Broken)));
}

#[tokio::test]
async fn dropped_write_ends_the_writer() {
    let (_reader, mut writer, _server) = connected(WebSocketConnector::new()).await;
    let flood = vec![0; FLOOD];
    let dropped = tokio::time::timeout(
        Duration::from_millis(100),
        writer.send(Outgoing::Binary(&flood)),
    )
    .await;
    assert!(dropped.is_err());
    assert!(matches!(
        writer.send(Outgoing::Text("next")).await,
        Err(WriteError::Broken)
    ));
}
