//! A transport without a socket: each dial gets an in-memory pair, with a server made by hand at its far end.

use std::sync::atomic::{AtomicU32, Ordering};

use kucoin_streams::transport::memory::{self, HungUp, MemoryReader, MemoryWriter, Peer};
use kucoin_streams::transport::{Connect, ConnectError, Message};

/// What the server pushes on each connection, as KuCoin does for `/spotMarket/tradeOrdersV2`.
const LIFE_OF_AN_ORDER: [&str; 3] = [
    r#""type":"open","status":"open","price":"11.20","size":"30","filledSize":"0","remainSize":"30""#,
    r#""type":"match","status":"match","price":"11.20","size":"30","filledSize":"30","remainSize":"0","matchPrice":"11.20","matchSize":"30","tradeId":"9001","liquidity":"maker","feeType":"makerFee""#,
    r#""type":"filled","status":"done","price":"11.20","size":"30","filledSize":"30","remainSize":"0""#,
];

/// Makes connections to a server in this process. This is all that a transport must do; the two halves, which here
/// are those of the pair, are what `recording.rs` shows.
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
                // The client may hang up at any time, which ends its server and is nobody's mistake.
                let _ = serve(dial.accept(), number).await;
            }
        });
        dialer.connect(url).await
    }
}

/// One connection: a welcome, an acknowledgement, an order's life. The first connection is cut after it.
async fn serve(mut client: Peer, number: u32) -> Result<(), HungUp> {
    client
        .send_text(r#"{"id":"hand-made","type":"welcome"}"#)
        .await?;
    while let Some(Message::Text(request)) = client.receive().await {
        let request = String::from_utf8_lossy(&request);
        let (Some(id), Some(kind)) = (member(&request, "id"), member(&request, "type")) else {
            continue;
        };
        let answer = if kind == "ping" { "pong" } else { "ack" };
        client
            .send_text(format!(r#"{{"id":"{id}","type":"{answer}"}}"#))
            .await?;
        if kind != "subscribe" {
            continue;
        }
        for data in LIFE_OF_AN_ORDER {
            client.send_text(push(number, data)).await?;
        }
        if number == 1 {
            // Behind what was sent, without a close frame: the client dials again.
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

/// The text of a member: enough for the frames that the SDK writes, where a real server has a JSON parser.
fn member<'f>(frame: &'f str, name: &str) -> Option<&'f str> {
    let (_, rest) = frame.split_once(&format!(r#""{name}":""#))?;
    rest.split_once('"').map(|(text, _)| text)
}
