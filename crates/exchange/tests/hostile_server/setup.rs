//! A local exchange with a script, and a client that reads raw bytes.

use kucoin_streams_exchange::{Account, Exchange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::*;

pub(crate) const PING: &str = r#"{"id":"p","type":"ping"}"#;

pub(crate) async fn with(script: &str) -> Exchange {
    Exchange::builder()
        .faults(script.parse().unwrap())
        .start()
        .await
        .unwrap()
}

/// Makes one push on the balance topic.
pub(crate) fn deposit_one(account: &Account) {
    account.deposit("USDT", 1.into()).unwrap();
}

/// Returns the frames of the balance topic in the truth log.
pub(crate) fn truth(exchange: &Exchange) -> Vec<String> {
    let entries = exchange.truth().of_topic(BALANCE);
    entries
        .iter()
        .map(|entry| entry.frame.to_string())
        .collect()
}

/// How a TCP connection ended.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    Eof,
    Reset,
}

pub(crate) async fn dial(exchange: &Exchange) -> TcpStream {
    let address = ("127.0.0.1", exchange.port());
    TcpStream::connect(address).await.unwrap()
}

/// Sends an upgrade request with a new token.
pub(crate) async fn ask_for_socket(exchange: &Exchange) -> TcpStream {
    let token = percent_encoded(&token(exchange).await);
    let mut stream = dial(exchange).await;
    let request = format!(
        "GET /?token={token}&connectId=c1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads the head of an HTTP response, in lower case; the body stays in the stream.
pub(crate) async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(TIMEOUT, stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

/// Reads to the end of the connection.
pub(crate) async fn rest(stream: &mut TcpStream) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    let end = match timeout(TIMEOUT, stream.read_to_end(&mut bytes))
        .await
        .unwrap()
    {
        Ok(_) => End::Eof,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => End::Reset,
        Err(error) => panic!("{error}"),
    };
    (bytes, end)
}
