//! The limits of message size and fragments hold, and a declared length does not reserve memory.

use crate::client::connected;
use kucoin_streams_testkit::websocket::{BINARY, CONTINUATION, FIN, PING, TEXT, frame, head};
use kucoin_streams_transport::{Message, ReadError, Reader, Violation, WebSocketConnector};
use tokio::io::AsyncWriteExt;

async fn read_all(connector: WebSocketConnector, bytes: Vec<u8>) -> (Vec<Message>, ReadError) {
    let (mut reader, _writer, mut server) = connected(connector).await;
    let serve = tokio::spawn(async move {
        // The client closes the connection after it has refused a frame.
        let _ = server.write_all(&bytes).await;
        drop(server.shutdown().await);
        server
    });
    let mut messages = Vec::new();
    let error = loop {
        match reader.read().await {
            Ok(message) => messages.push(message),
            Err(error) => break error,
        }
    };
    drop(reader);
    drop(_writer);
    drop(serve.await);
    (messages, error)
}

async fn check(
    connector: WebSocketConnector,
    bytes: Vec<u8>,
    whole: usize,
    violation: Option<Violation>,
) {
    let (messages, error) = read_all(connector, bytes).await;
    assert_eq!(messages.len(), whole, "{messages:?}, {error:?}");
    match (error, violation) {
        (ReadError::Eof, None) => {}
        (
            ReadError::Protocol {
                violation: found,
                close_code: 1009,
            },
            Some(expected),
        ) => assert_eq!(found, expected),
        (error, expected) => panic!("{error:?} instead of {expected:?}"),
    }
}

#[tokio::test]
async fn message_of_exactly_the_limit_passes() {
    let connector = || WebSocketConnector::new().with_max_message_size(1000);
    let too_long = Some(Violation::TooLong { limit: 1000 });
    for opcode in [TEXT, BINARY] {
        check(connector(), frame(FIN | opcode, &[b'a'; 1000]), 1, None).await;
        check(connector(), frame(FIN | opcode, &[b'a'; 1001]), 0, too_long).await;
    }
}

#[tokio::test]
async fn default_limit_is_one_mebibyte() {
    let mebibyte = vec![b'a'; 1024 * 1024];
    check(
        WebSocketConnector::new(),
        frame(FIN | TEXT, &mebibyte),
        1,
        None,
    )
    .await;
    let too_long = Some(Violation::TooLong { limit: 1024 * 1024 });
    check(
        WebSocketConnector::new(),
        frame(FIN | TEXT, &[&mebibyte[..], b"a"].concat()),
        0,
        too_long,
    )
    .await;
}

#[tokio::test]
async fn size_limit_includes_all_fragments() {
    let connector = || WebSocketConnector::new().with_max_message_size(1000);
    let parts = |last: usize| {
        let begin = frame(TEXT, &[b'a'; 600]);
        [
            begin,
            frame(CONTINUATION, &[b'b'; 300]),
            frame(FIN | CONTINUATION, &vec![b'c'; last]),
        ]
        .concat()
    };
    check(connector(), parts(100), 1, None).await;
    check(
        connector(),
        parts(101),
        0,
        Some(Violation::TooLong { limit: 1000 }),
    )
    .await;
    check(
        connector(),
        parts(900),
        0,
        Some(Violation::TooLong { limit: 1000 }),
    )
    .await;
}

#[tokio::test]
async fn endless_fragments_are_cut_at_the_limit() {
    let endless = [
        frame(BINARY, &[0; 64 * 1024]),
        frame(CONTINUATION, &[0; 64 * 1024]).repeat(100),
    ]
    .concat();
    check(
        WebSocketConnector::new(),
        endless,
        0,
        Some(Violation::TooLong { limit: 1024 * 1024 }),
    )
    .await;
}

#[tokio::test]
async fn fragment_limit_includes_empty_fragments() {
    let parts = |continuations: usize| {
        [
            frame(TEXT, b""),
            frame(CONTINUATION, b"").repeat(continuations),
            frame(FIN | CONTINUATION, b""),
        ]
        .concat()
    };
    check(WebSocketConnector::new(), parts(126), 1, None).await;
    check(
        WebSocketConnector::new(),
        parts(127),
        0,
        Some(Violation::TooManyFragments { limit: 128 }),
    )
    .await;
    check(
        WebSocketConnector::new().with_max_fragments(2),
        parts(1),
        0,
        Some(Violation::TooManyFragments { limit: 2 }),
    )
    .await;
}

#[tokio::test]
async fn declared_length_is_refused_before_its_payload() {
    // The server sends only heads and keeps the connection open: a client that waits for the payload would hang.
    for bytes in [
        head(FIN | TEXT, 60 << 20),
        head(FIN | BINARY, 1 << 63),
        [
            frame(TEXT, &[b'a'; 900 * 1024]),
            head(CONTINUATION, 900 * 1024),
        ]
        .concat(),
    ] {
        let (mut reader, _writer, mut server) = connected(WebSocketConnector::new()).await;
        let (read, _server) = tokio::join!(reader.read(), async {
            server.write_all(&bytes).await.unwrap();
            server
        });
        let error = read.unwrap_err();
        assert_eq!(error.close_code(), Some(1009), "{error:?}");
    }
}

#[tokio::test]
async fn control_frames_pass_any_size_limit() {
    let connector = WebSocketConnector::new().with_max_message_size(10);
    let bytes = [
        frame(FIN | PING, &[7; 125]),
        frame(TEXT, b"0123456789"),
        frame(FIN | PING, &[7; 125]),
        frame(FIN | CONTINUATION, b""),
        frame(FIN | TEXT, b"0123456789a"),
    ]
    .concat();
    check(connector, bytes, 3, Some(Violation::TooLong { limit: 10 })).await;
}
