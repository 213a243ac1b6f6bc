//! No error, `Debug` text or log line shows the token.

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::time::Duration;

use crate::client::{connected, dial_against};
use kucoin_streams_testkit::log::Log;
use kucoin_streams_testkit::websocket::{
    FIN, Server, TEXT, TOKEN, TOKEN_DECODED, agreement, frame,
};
use kucoin_streams_transport::{
    Connect, ConnectError, Message, Outgoing, Reader, WebSocketConnector, Writer,
};
use tokio::io::AsyncWriteExt;

/// Returns the text and `Debug` of an error and of all its sources.
fn shown(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(text, "{error} {error:?} {error:#?}").unwrap();
        next = error.source();
    }
    text
}

fn check(name: &str, text: &str) {
    for secret in [TOKEN, TOKEN_DECODED, "canary", "connectId"] {
        assert!(!text.contains(secret), "{name}: {text}");
    }
}

async fn failed(connector: WebSocketConnector, url: &str) -> ConnectError {
    connector.connect(url).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn dial_errors_show_no_token() {
    let closed = {
        let server = Server::bind().await;
        server.url()
    };
    for url in [
        closed.as_str(),
        &format!("ws://192.0.2.1/?token={TOKEN}"),
        &format!("http://127.0.0.1/?token={TOKEN}"),
        &format!("wss://user:{TOKEN}@a.test/?token={TOKEN}"),
        &format!("wss://a b/?token={TOKEN}"),
        &format!("wss://a.test/?token={TOKEN}#{TOKEN}"),
        &format!("wss://a.test:99999/?token={TOKEN}"),
        &format!("wss://unknown.invalid/?token={TOKEN}"),
        &format!("/?token={TOKEN}"),
    ] {
        let error = failed(WebSocketConnector::new(), url).await;
        check("dialling", &shown(&error));
    }
}

#[tokio::test]
async fn upgrade_errors_show_no_token() {
    type Reply = fn(&str) -> String;
    let replies: [(&str, Reply); 7] = [
        ("401", |request| {
            format!("HTTP/1.1 401 Unauthorized\r\n\r\n{request} {TOKEN_DECODED}")
        }),
        ("400", |request| {
            format!("HTTP/1.1 400 Bad Request\r\n\r\n{}", request.repeat(20))
        }),
        ("200", |request| format!("HTTP/1.1 200 OK\r\n\r\n{request}")),
        ("302", |_| {
            format!("HTTP/1.1 302 Found\r\nLocation: wss://a.test/?token={TOKEN}\r\n\r\n")
        }),
        ("101", |_| {
            format!("HTTP/1.1 101 {TOKEN}\r\nUpgrade: {TOKEN}\r\nConnection: {TOKEN}\r\n\r\n")
        }),
        ("no http", |request| format!("{request}{request}")),
        ("nothing", |_| String::new()),
    ];
    for (name, reply) in replies {
        let error = dial_against(|request| reply(request).into_bytes())
            .await
            .map(drop)
            .unwrap_err();
        check(name, &shown(&error));
    }
}

#[tokio::test]
async fn debug_shows_no_token_and_no_payload() {
    let connector = WebSocketConnector::new();
    let (mut reader, writer, mut server) = connected(connector.clone()).await;
    server
        .write_all(&frame(FIN | TEXT, TOKEN.as_bytes()))
        .await
        .unwrap();
    let message = reader.read().await.unwrap();
    let things: [&dyn Debug; 5] = [
        &connector,
        &reader,
        &writer,
        &message,
        &Outgoing::Text(TOKEN),
    ];
    for thing in things {
        check("debug", &format!("{thing:?} {thing:#?}"));
    }
}

#[tokio::test]
async fn logs_show_no_token_at_any_level() {
    let log = Log::default();
    let _guard = log.listen();

    let server = Server::bind().await;
    let url = server.url();
    let connector = WebSocketConnector::new();
    let serve = async {
        let (mut stream, request) = server.accept_request().await;
        stream
            .write_all(agreement(&request).as_bytes())
            .await
            .unwrap();
        stream
            .write_all(&frame(FIN | TEXT, TOKEN.as_bytes()))
            .await
            .unwrap();
        stream
    };
    let (halves, _stream) = tokio::join!(connector.connect(&url), serve);
    let (mut reader, mut writer) = halves.unwrap();
    assert_eq!(reader.read().await.unwrap(), Message::Text(TOKEN.into()));
    writer.send(Outgoing::Text(TOKEN)).await.unwrap();
    let silent = Server::bind().await;
    failed(
        WebSocketConnector::new().with_upgrade_timeout(Duration::from_millis(50)),
        &silent.url(),
    )
    .await;
    failed(
        WebSocketConnector::new(),
        &format!("wss://unknown.invalid/?token={TOKEN}"),
    )
    .await;

    let lines = log.text();
    assert!(
        lines.contains("websocket open"),
        "the log was not captured: {lines}"
    );
    check("log", &lines);
}
