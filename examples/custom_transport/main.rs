//! Transports of your own: one wraps the default and records every frame, one is written from scratch.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example custom_transport                  # frames to stdout
//! cargo run -p kucoin-streams-examples --example custom_transport -- frames.ndjson # frames to a file
//! ```
//!
//! Without credentials it records a local exchange and ends by itself. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and
//! `KUCOIN_API_PASSPHRASE` it records that account until Ctrl-C. What it says for people goes to stderr.
#![allow(clippy::print_stderr)]

mod from_scratch;
mod recording;

use std::fs::File;
use std::io::{self, Write};
use std::pin::pin;

use kucoin_streams::core::{ConnectionInfo, SecretUrl, SourceError};
use kucoin_streams::v1::{AnySpotTopic, SpotOrders};
use kucoin_streams::{Kucoin, WsKey, transport::WebSocketConnector};
use kucoin_streams_examples::{Error, Place, over, pause};
use kucoin_streams_exchange::{Cut, Effect, Exchange};

use from_scratch::InProcess;
use recording::Recording;

#[tokio::main]
async fn main() -> Result<(), Error> {
    eprintln!("1. a transport from scratch, with a hand-made server");
    play_in_process().await?;
    eprintln!("2. the default transport, with a recorder around it");
    record(&Place::choose().await?).await
}

/// No socket is opened: the frames come from `from_scratch.rs`.
async fn play_in_process() -> Result<(), Error> {
    let kucoin = Kucoin::builder()
        .tokens(NoToken)
        .transport(InProcess::default())
        .build()?;
    let mut orders = kucoin.subscribe(SpotOrders).await?;
    // Three events, the two gaps of the loss where the server hangs up, and three events of the next connection.
    for _ in 0..8 {
        match orders.next().await {
            Some(Ok(order)) => eprintln!(
                "   {} {} on connection {}",
                order.order_id,
                order.kind,
                order.epoch()
            ),
            Some(Err(gap)) => eprintln!("   {gap}"),
            None => return Err(over(orders.end_reason())),
        }
    }
    kucoin.close().await;
    Ok(())
}

/// Where a token is not needed, a source is this little.
#[derive(Debug)]
struct NoToken;

impl kucoin_streams::core::ConnectionSource for NoToken {
    async fn connection_info(&self, _: WsKey) -> Result<ConnectionInfo, SourceError> {
        Ok(ConnectionInfo::new(SecretUrl::new(
            "wss://in-process.invalid/",
        )))
    }
}

async fn record(place: &Place) -> Result<(), Error> {
    let out: Box<dyn Write + Send> = match std::env::args_os().nth(1) {
        // Appending, so that a recording is never lost to the next one.
        Some(path) => Box::new(File::options().append(true).create(true).open(path)?),
        None => Box::new(io::stdout()),
    };
    let (transport, recorder) = Recording::start(WebSocketConnector::new(), out);
    let kucoin = Kucoin::builder()
        .credentials(place.credentials()?)
        .hosts(place.hosts()?)
        .transport(transport)
        .build()?;

    let mut events = kucoin.subscribe(AnySpotTopic::account_wide()).await?;
    let (mut seen, mut gaps) = (0_u64, 0_u64);
    let mut end = pin!(place.until_end(rehearsal));
    loop {
        tokio::select! {
            item = events.next() => match item {
                Some(Ok(_)) => seen += 1,
                Some(Err(gap)) => { gaps += 1; eprintln!("   {gap}") }
                None => return Err(over(events.end_reason())),
            },
            ended = &mut end => break ended?,
        }
    }

    kucoin.close().await;
    // The recorder ends when nobody can send to it any more.
    drop((events, kucoin));
    let recorded = recorder.finish()?;
    eprintln!(
        "   {seen} events and {gaps} gaps seen; {} frames recorded, {} not kept",
        recorded.written, recorded.missed
    );
    Ok(())
}

/// What happens at the local exchange meanwhile; no part of a program of yours.
async fn rehearsal(exchange: &Exchange) -> Result<(), Error> {
    exchange.account().step(5);
    pause().await;
    exchange.inject(Effect::Cut(Cut::Reset));
    exchange
        .wait_until(|seen| seen.connections.iter().any(|first| first.ended.is_some()))
        .await;
    for topic in AnySpotTopic::account_wide() {
        exchange.wait_subscribed(&topic.to_string()).await;
    }
    exchange.account().step(5);
    Ok(())
}
