//! Opens the client's side of the connections of the tests.

use kucoin_streams_testkit::websocket::Server;
use kucoin_streams_transport::{
    Connect, ConnectError, WebSocketConnector, WebSocketReader, WebSocketWriter,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Returns both sides of an open connection.
pub(crate) async fn connected(
    connector: WebSocketConnector,
) -> (WebSocketReader, WebSocketWriter, TcpStream) {
    let server = Server::bind().await;
    let url = server.url();
    let (halves, stream) = tokio::join!(connector.connect(&url), server.accept());
    let (reader, writer) = halves.unwrap();
    (reader, writer, stream)
}

/// Dials a server that answers the request with `reply` and closes.
pub(crate) async fn dial_against(
    reply: impl Fn(&str) -> Vec<u8>,
) -> Result<(WebSocketReader, WebSocketWriter), ConnectError> {
    let server = Server::bind().await;
    let url = server.url();
    let answer = async {
        let (mut stream, request) = server.accept_request().await;
        // The client may close the connection before it has read everything.
        let _ = stream.write_all(&reply(&request)).await;
        let _ = stream.shutdown().await;
    };
    let connector = WebSocketConnector::new();
    tokio::join!(connector.connect(&url), answer).0
}
