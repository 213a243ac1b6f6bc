//! A client for the Autobahn test suite: runs every case of its fuzzing server through the public traits, and echoes.
//!
//! `cargo run -p kucoin-streams-transport --example autobahn_client -- ws://127.0.0.1:9001 kucoin-streams`. The results
//! are in the server's report. The limits are larger than the defaults, because cases 9.* send up to 16 MiB.

use std::error::Error;
use std::time::Duration;

use kucoin_streams_transport::{
    CloseFrame, Connect, Message, Outgoing, Reader, WebSocketConnector, WriteError, Writer,
};
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().ok_or("usage: autobahn_client URL AGENT")?;
    let agent = arguments.next().ok_or("usage: autobahn_client URL AGENT")?;
    let connector = WebSocketConnector::new()
        .with_max_message_size(16 * 1024 * 1024)
        .with_max_fragments(1 << 20);

    let (mut reader, _writer) = connector.connect(&format!("{server}/getCaseCount")).await?;
    let Message::Text(count) = reader.read().await? else {
        return Err("the case count is not a text message".into());
    };
    let count: u32 = std::str::from_utf8(&count)?.parse()?;
    for case in 1..=count {
        run_case(
            &connector,
            &format!("{server}/runCase?case={case}&agent={agent}"),
        )
        .await?;
    }
    let (mut reader, mut writer) = connector
        .connect(&format!("{server}/updateReports?agent={agent}"))
        .await?;
    end(&mut reader, &mut writer, Some(CloseFrame::normal())).await;
    Ok(())
}

/// Echoes until the connection ends. The server decides whether the case passed.
async fn run_case(connector: &WebSocketConnector, url: &str) -> Result<(), Box<dyn Error>> {
    let (mut reader, mut writer) = connector.connect(url).await?;
    loop {
        let written = match reader.read().await {
            Ok(Message::Text(text)) => {
                writer
                    .send(Outgoing::Text(std::str::from_utf8(&text)?))
                    .await
            }
            Ok(Message::Binary(payload)) => writer.send(Outgoing::Binary(&payload)).await,
            Ok(Message::Ping(payload)) => writer.send(Outgoing::Pong(&payload)).await,
            Ok(Message::Close(frame)) => {
                end(&mut reader, &mut writer, frame).await;
                return Ok(());
            }
            Ok(_) => Ok(()),
            Err(error) => {
                let frame = error.close_code().map(|code| CloseFrame::new(code, ""));
                if frame.is_some() {
                    end(&mut reader, &mut writer, frame).await;
                }
                return Ok(());
            }
        };
        if let Err(WriteError::Timeout | WriteError::Io(_)) = written {
            return Ok(());
        }
        written?;
    }
}

/// Sends the close frame and waits for the server's, at most a second. Errors end the connection too.
async fn end(reader: &mut impl Reader, writer: &mut impl Writer, frame: Option<CloseFrame>) {
    if writer.close(frame).await.is_err() {
        return;
    }
    let server_is_done =
        async { while !matches!(reader.read().await, Ok(Message::Close(_)) | Err(_)) {} };
    drop(timeout(Duration::from_secs(1), server_is_done).await);
}
