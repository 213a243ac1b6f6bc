//! Messages arrive complete, in order and unchanged, however the bytes are split.

use crate::client::connected;
use kucoin_streams_testkit::websocket::{
    BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close_payload, drip, frame,
};
use kucoin_streams_transport::{
    CloseFrame, Message, ReadError, Reader, WebSocketConnector, WebSocketReader,
};
use tokio::io::AsyncWriteExt;

async fn expect(reader: &mut WebSocketReader, expected: &[Message]) {
    for message in expected {
        assert_eq!(reader.read().await.unwrap(), *message);
    }
}

/// Every kind of message: short, empty, 16-bit and 64-bit lengths, fragments with control frames between them.
fn everything() -> (Vec<u8>, Vec<Message>) {
    let long = "é".repeat(100);
    let bytes = [
        frame(FIN | TEXT, br#"{"id":"1","type":"welcome"}"#),
        frame(FIN | TEXT, b""),
        frame(FIN | BINARY, br#"{"T":"order.UNIFIED"}"#),
        frame(FIN | TEXT, long.as_bytes()),
        frame(TEXT, b"sn"),
        frame(FIN | PING, b"are you there"),
        frame(CONTINUATION, "☃".as_bytes().split_at(1).0),
        frame(FIN | PONG, b""),
        frame(CONTINUATION, b""),
        frame(FIN | CONTINUATION, "☃".as_bytes().split_at(1).1),
        frame(BINARY, b"\xff"),
        frame(FIN | CONTINUATION, b"\xfe"),
        frame(FIN | CLOSE, &close_payload(1012, b"restart")),
    ]
    .concat();
    let messages = vec![
        Message::Text(r#"{"id":"1","type":"welcome"}"#.into()),
        Message::Text("".into()),
        Message::Binary(r#"{"T":"order.UNIFIED"}"#.into()),
        Message::Text(long.into()),
        Message::Ping("are you there".into()),
        Message::Pong("".into()),
        Message::Text("sn☃".into()),
        Message::Binary((&b"\xff\xfe"[..]).into()),
        Message::Close(Some(CloseFrame::new(1012, "restart"))),
    ];
    (bytes, messages)
}

#[tokio::test]
async fn messages_arrive_in_one_piece() {
    let (mut reader, _writer, mut server) = connected(WebSocketConnector::new()).await;
    let (bytes, messages) = everything();
    server.write_all(&bytes).await.unwrap();
    expect(&mut reader, &messages).await;
    assert!(matches!(reader.read().await, Err(ReadError::Finished)));
}

#[tokio::test]
async fn messages_arrive_in_single_bytes() {
    let (mut reader, _writer, mut server) = connected(WebSocketConnector::new()).await;
    server.set_nodelay(true).unwrap();
    let (bytes, messages) = everything();
    tokio::join!(expect(&mut reader, &messages), drip(&mut server, &bytes));
}

#[tokio::test]
async fn close_frame_without_a_code_arrives() {
    let (mut reader, _writer, mut server) = connected(WebSocketConnector::new()).await;
    server.write_all(&frame(FIN | CLOSE, b"")).await.unwrap();
    expect(&mut reader, &[Message::Close(None)]).await;
}

#[tokio::test]
async fn messages_around_header_and_buffer_limits_arrive() {
    let (mut reader, _writer, mut server) = connected(WebSocketConnector::new()).await;
    let lengths = [
        1, 124, 125, 126, 127, 4000, 8177, 8178, 8191, 8192, 8193, 20_000, 65_534, 65_535, 65_536,
        65_537, 300_000,
    ];
    let payload = |length: usize| {
        (0..length)
            .map(|index| b'a' + (index % 23) as u8)
            .collect::<Vec<u8>>()
    };
    let serve = async {
        for length in lengths {
            server
                .write_all(&frame(FIN | TEXT, &payload(length)))
                .await
                .unwrap();
        }
    };
    let read = async {
        for length in lengths {
            assert!(
                reader.read().await.unwrap() == Message::Text(payload(length).into()),
                "{length}"
            );
        }
    };
    tokio::join!(serve, read);
}

#[tokio::test]
async fn kept_messages_do_not_change() {
    const COUNT: usize = 100_000;
    let (mut reader, _writer, mut server) = connected(WebSocketConnector::new()).await;
    let text = |number: usize| format!(r#"{{"n":{number},"pad":"{}"}}"#, "x".repeat(number % 97));
    let serve = tokio::spawn(async move {
        for batch in (0..COUNT).step_by(1000) {
            let bytes: Vec<u8> = (batch..batch + 1000)
                .flat_map(|number| frame(FIN | TEXT, text(number).as_bytes()))
                .collect();
            server.write_all(&bytes).await.unwrap();
        }
        server
    });
    // Kept messages share the receive buffer; later reads must not overwrite them.
    let mut kept = Vec::new();
    for number in 0..COUNT {
        let message = reader.read().await.unwrap();
        if number % 10 == 0 {
            kept.push((number, message));
        } else {
            assert!(message == Message::Text(text(number).into()), "{number}");
        }
    }
    for (number, message) in kept {
        assert!(message == Message::Text(text(number).into()), "{number}");
    }
    drop(serve.await.unwrap());
}
