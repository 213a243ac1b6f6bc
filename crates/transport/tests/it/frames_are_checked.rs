//! A frame that violates the protocol ends the reader, and the caller can send the close code.

use crate::client::connected;
use kucoin_streams_testkit::websocket::{
    BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close_payload, frame, head, masked_frame,
    read_frame,
};
use kucoin_streams_transport::{
    CloseFrame, Message, Outgoing, ReadError, Reader, Violation, WebSocketConnector, Writer,
};
use tokio::io::AsyncWriteExt;

/// Sends a good frame and then `frames`; expects the good one, the violation, no more messages, and our close frame.
async fn check(frames: &[Vec<u8>], expected: Violation) {
    let (mut reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    let bytes = [
        frame(FIN | TEXT, b"before"),
        frames.concat(),
        frame(FIN | TEXT, b"second"),
    ]
    .concat();
    server.write_all(&bytes).await.unwrap();
    assert_eq!(reader.read().await.unwrap(), Message::Text("before".into()));

    let error = reader.read().await.unwrap_err();
    match error {
        ReadError::Protocol {
            close_code,
            violation,
        } => {
            assert_eq!(
                (violation, close_code),
                (expected, expected.close_code()),
                "{frames:?}"
            );
        }
        other => panic!("{other:?} instead of {expected:?} for {frames:?}"),
    }
    assert!(
        matches!(reader.read().await, Err(ReadError::Finished)),
        "{frames:?}"
    );

    let code = error_code(expected);
    writer
        .close(Some(CloseFrame::new(code, expected.to_string())))
        .await
        .unwrap();
    let (first, payload) = read_frame(&mut server).await.unwrap();
    assert_eq!(
        (first, &payload[..2]),
        (FIN | CLOSE, &code.to_be_bytes()[..]),
        "{frames:?}"
    );
}

/// The close codes of RFC 6455, independent of the code under test.
fn error_code(violation: Violation) -> u16 {
    match violation {
        Violation::Utf8 => 1007,
        Violation::TooLong { .. } | Violation::TooManyFragments { .. } => 1009,
        _ => 1002,
    }
}

#[tokio::test]
async fn reserved_bits_and_opcodes_are_refused() {
    for bit in [0x40, 0x20, 0x10] {
        check(&[frame(FIN | bit | TEXT, b"{}")], Violation::ReservedBits).await;
    }
    for opcode in [0x3, 0x7, 0xb, 0xf] {
        check(&[frame(FIN | opcode, b"")], Violation::Opcode).await;
    }
}

#[tokio::test]
async fn fragmented_control_frames_are_refused() {
    for opcode in [PING, PONG, CLOSE] {
        check(&[frame(opcode, b"")], Violation::FragmentedControl).await;
    }
}

#[tokio::test]
async fn control_frames_above_125_bytes_are_refused() {
    for opcode in [PING, PONG] {
        check(&[frame(FIN | opcode, &[0; 126])], Violation::ControlTooLong).await;
        check(
            &[frame(FIN | opcode, &[0; 1000])],
            Violation::ControlTooLong,
        )
        .await;
    }
    check(
        &[frame(FIN | CLOSE, &close_payload(1000, &[b'a'; 500]))],
        Violation::ControlTooLong,
    )
    .await;
}

#[tokio::test]
async fn close_frames_with_bad_payload_are_refused() {
    check(&[frame(FIN | CLOSE, &[3])], Violation::CloseFrame).await;
    check(
        &[frame(FIN | CLOSE, &close_payload(1000, &[0xff, 0xfe]))],
        Violation::Utf8,
    )
    .await;
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        check(
            &[frame(FIN | CLOSE, &close_payload(code, b""))],
            Violation::CloseCode(code),
        )
        .await;
    }
}

#[tokio::test]
async fn fragments_out_of_order_are_refused() {
    check(&[frame(FIN | CONTINUATION, b"x")], Violation::Continuation).await;
    check(&[frame(CONTINUATION, b"x")], Violation::Continuation).await;
    check(
        &[frame(TEXT, b"a"), frame(FIN | TEXT, b"b")],
        Violation::Interleaved,
    )
    .await;
    check(
        &[frame(BINARY, b"a"), frame(TEXT, b"b")],
        Violation::Interleaved,
    )
    .await;
}

#[tokio::test]
async fn masked_frames_are_refused() {
    check(
        &[masked_frame(FIN | TEXT, b"{\"a\":1}", [0; 4])],
        Violation::Masked,
    )
    .await;
    check(
        &[masked_frame(FIN | TEXT, b"{\"a\":1}", [1, 2, 3, 4])],
        Violation::Masked,
    )
    .await;
    check(
        &[masked_frame(
            FIN | BINARY,
            b"{\"a\":1}",
            [0xde, 0xad, 0xbe, 0xef],
        )],
        Violation::Masked,
    )
    .await;
    check(
        &[masked_frame(
            FIN | CLOSE,
            &close_payload(1000, b""),
            [0, 0, 1, 1],
        )],
        Violation::Masked,
    )
    .await;
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_refused() {
    let snowman = "☃".as_bytes();
    check(&[frame(FIN | TEXT, b"\xff")], Violation::Utf8).await;
    check(&[frame(FIN | TEXT, &snowman[..2])], Violation::Utf8).await;
    check(&[frame(FIN | TEXT, b"\xed\xa0\x80")], Violation::Utf8).await;
    check(
        &[frame(TEXT, &snowman[..2]), frame(FIN | CONTINUATION, b"x")],
        Violation::Utf8,
    )
    .await;
    check(
        &[frame(TEXT, &snowman[..2]), frame(FIN | CONTINUATION, b"")],
        Violation::Utf8,
    )
    .await;
    // Refused at the first invalid byte, not only when the message is complete.
    check(
        &[frame(TEXT, b"ok"), frame(CONTINUATION, b"\xff")],
        Violation::Utf8,
    )
    .await;
}

#[tokio::test]
async fn huge_lengths_are_refused_by_the_limit() {
    let limit = Violation::TooLong { limit: 1024 * 1024 };
    for length in [1024 * 1024 + 1, 64 << 20, 1 << 32, 1 << 63, u64::MAX] {
        check(&[head(FIN | TEXT, length)], limit).await;
        check(&[head(FIN | BINARY, length)], limit).await;
    }
}

#[tokio::test]
async fn binary_is_not_validated() {
    let (mut reader, mut writer, mut server) = connected(WebSocketConnector::new()).await;
    server
        .write_all(&frame(FIN | BINARY, b"\xff\x00\xfe"))
        .await
        .unwrap();
    assert_eq!(
        reader.read().await.unwrap(),
        Message::Binary((&b"\xff\x00\xfe"[..]).into())
    );
    writer
        .send(Outgoing::Binary(b"\xff\x00\xfe"))
        .await
        .unwrap();
    assert_eq!(
        read_frame(&mut server).await,
        Some((FIN | BINARY, b"\xff\x00\xfe".to_vec()))
    );
}
