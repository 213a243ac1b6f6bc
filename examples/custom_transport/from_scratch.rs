//! A transport without sockets: each dial connects to a simple server in this process.

use std::sync::atomic::{AtomicU32, Ordering};

use kucoin_streams::transport::memory::{self, Disconnected, MemoryReader, MemoryWriter, Peer};
use kucoin_streams::transport::{Connect, ConnectError, Message};

/// The pushes of the server on each connection, as KuCoin sends them on `/spotMarket/tradeOrdersV2`.
const ORDER_CHANGES: [&str; 3] = [
    r#""type":"open","status":"open","price":"11.20","size":"30","filledSize":"0","remainSize":"30""#,
    r#""type":"match","status":"match","price":"11.20","size":"30","filledSize":"30","remainSize":"0","matchPrice":"11.20","matchSize":"30","tradeId":"9001","liquidity":"maker","feeType":"makerFee""#,
    r#""type":"filled","status":"done","price":"11.20","size":"30","filledSize":"30","remainSize":"0""#,
];

/// Connects to a server in this process.
///
/// A transport implements only `Connect`. See `recording.rs` for a `Reader` of your own.
#[derive(Debug, Default)]
pub(crate) struct InProcess {
    dials: AtomicU32,
}

impl Connect for InProcess {
    type Reader = MemoryReader;
    type Writer = MemoryWriter;

    async fn connect(&self, url: &str) -> Result<(MemoryReader, MemoryWriter), ConnectError> {
        let (dialer, mut listener) = memory::pair();
        let number = self.dials.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::spawn(async move {
            if let Some(dial) = listener.accept().await {
                // An error means that the client has hung up, which is normal.
                let _ = serve(dial.accept(), number).await;
            }
        });
        dialer.connect(url).await
    }
}

/// Serves one connection: welcome, acknowledgement, and the changes of one order. Then it cuts the first connection.
async fn serve(mut client: Peer, number: u32) -> Result<(), Disconnected> {
    client
        .send_text(r#"{"id":"in-process","type":"welcome"}"#)
        .await?;
    while let Some(Message::Text(request)) = client.receive().await {
        let request = String::from_utf8_lossy(&request);
        let (Some(id), Some(kind)) = (text_field(&request, "id"), text_field(&request, "type"))
        else {
            continue;
        };
        let answer = if kind == "ping" { "pong" } else { "ack" };
        client
            .send_text(format!(r#"{{"id":"{id}","type":"{answer}"}}"#))
            .await?;
        if kind != "subscribe" {
            continue;
        }
        for data in ORDER_CHANGES {
            client.send_text(push(number, data)).await?;
        }
        if number == 1 {
            // After the pushes and without a close frame, so the client reconnects.
            client.cut();
            return Ok(());
        }
    }
    Ok(())
}

fn push(number: u32, data: &str) -> String {
    format!(
        r#"{{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange","channelType":"private","data":{{"symbol":"KCS-USDT","side":"buy","orderType":"limit","orderId":"order-{number}","orderTime":1795000000000,"ts":1795000000000000000,{data}}}}}"#
    )
}

/// Returns the value of a text field. A real server needs a JSON parser; this is enough for the frames of the SDK.
fn text_field<'f>(frame: &'f str, name: &str) -> Option<&'f str> {
    let (_, rest) = frame.split_once(&format!(r#""{name}":""#))?;
    rest.split_once('"').map(|(text, _)| text)
}
