//! The reader reports the end of a connection, once, and never returns a partial message.

use std::time::Duration;

use crate::client::connected;
use kucoin_streams_testkit::websocket::{
    CLOSE, CONTINUATION, FIN, TEXT, close_payload, frame, read_frame,
};
use kucoin_streams_transport::{
    CloseFrame, Message, Outgoing, ReadError, Reader, WebSocketConnector, WriteError, Writer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn end_without_close_frame_is_eof() {
    let fragment = [frame(TEXT, b"half of"), frame(CONTINUATION, b" a message")].concat();
    for unfinished in [
        Vec::new(),
        frame(FIN | TEXT, b"{\"half\":true}")[..7].to_vec(),
        vec![FIN | TEXT],
        fragment,
    ] {
        let (mut reader, _writer, mut server) = connected(WebSocketConnector::new()).await;
        server.write_all(&frame(FIN | TEXT, b"last")).await.unwrap();
        server.write_all(&unfinished).await.unwrap();
        server.shutdown().await.unwrap();
        assert_eq!(reader.read().await.unwrap(), Message::Text("last".into()));
        let error = reader.read().await.unwrap_err();
        assert!(
            matches!(error, ReadError::Eof),
            "{error:?} after {unfinished:?}"
        );
        assert_eq!(error.close_code(), None);
        assert!(matches!(reader.read().await, Err(ReadError::Finished)));
    }
}

#[tokio::test]
async fn reset_inside_a_frame_is_an_error() {
    let (mut reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    server.write_all(&frame(FIN | TEXT, b"last")).await.unwrap();
    assert_eq!(reader.read().await.unwrap(), Message::Text("last".into()));
    server
        .write_all(&frame(FIN | TEXT, b"{\"half\":true}")[..7])
        .await
        .unwrap();
    socket2::SockRef::from(&server)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(server);
    let error = reader.read().await.unwrap_err();
    assert!(matches!(error, ReadError::Io(_)), "{error:?}");
    assert!(matches!(reader.read().await, Err(ReadError::Finished)));
    assert!(matches!(
        writer.send(Outgoing::Text("x")).await,
        Err(WriteError::Io(_))
    ));
}

#[tokio::test]
async fn server_can_start_the_closing_handshake() {
    let (mut reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    let payload = close_payload(1001, b"maintenance");
    server
        .write_all(&frame(FIN | CLOSE, &payload))
        .await
        .unwrap();
    let Message::Close(close) = reader.read().await.unwrap() else {
        panic!("no close")
    };
    assert_eq!(close, Some(CloseFrame::new(1001, "maintenance")));
    writer.close(close).await.unwrap();
    assert_eq!(read_frame(&mut server).await, Some((FIN | CLOSE, payload)));
    drop((reader, writer));
    assert_eq!(server.read_to_end(&mut Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn client_can_start_the_closing_handshake() {
    let (mut reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    writer.close(Some(CloseFrame::normal())).await.unwrap();
    let (_, payload) = read_frame(&mut server).await.unwrap();
    // Messages already sent by the server are still delivered.
    server.write_all(&frame(FIN | TEXT, b"last")).await.unwrap();
    server
        .write_all(&frame(FIN | CLOSE, &payload))
        .await
        .unwrap();
    assert_eq!(reader.read().await.unwrap(), Message::Text("last".into()));
    assert_eq!(
        reader.read().await.unwrap(),
        Message::Close(Some(CloseFrame::normal()))
    );
}

#[tokio::test]
async fn dropped_read_ends_the_reader() {
    let (mut reader, _writer, mut server) = connected(WebSocketConnector::new()).await;
    let message = frame(FIN | TEXT, b"{\"split\":true}");
    server.write_all(&message[..5]).await.unwrap();
    let dropped = tokio::time::timeout(Duration::from_millis(50), reader.read()).await;
    assert!(dropped.is_err());
    server.write_all(&message[5..]).await.unwrap();
    assert!(matches!(reader.read().await, Err(ReadError::Finished)));
}

#[tokio::test]
async fn dropping_both_halves_closes_the_socket() {
    let (reader, writer, mut server) = connected(WebSocketConnector::new()).await;
    drop((reader, writer));
    assert_eq!(server.read_to_end(&mut Vec::new()).await.unwrap(), 0);
}
