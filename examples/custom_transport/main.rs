//! Shows two custom transports: an in-process server, and a recorder of all received frames.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example custom_transport                  # frames to stdout
//! cargo run -p kucoin-streams-examples --example custom_transport -- frames.ndjson # frames to a file
//! ```
//!
//! Without credentials it records a local exchange and ends by itself. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and
//! `KUCOIN_API_PASSPHRASE` set, it records that account until Ctrl-C. Messages for the user go to stderr.
#![allow(clippy::print_stderr)]

mod from_scratch;
mod recording;

use std::fs::File;
use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;

use kucoin_streams::core::{ConnectionInfo, SecretUrl, SourceError};
use kucoin_streams::v1::{AnySpotTopic, SpotOrders};
use kucoin_streams::{Kucoin, WsKey, transport::WebSocketConnector};
use kucoin_streams_examples::{Error, Setup, ended, pause, report};
use kucoin_streams_exchange::{Cut, Effect, Exchange};

use from_scratch::InProcess;
use recording::Recording;

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    eprintln!("1. a transport to a server in this process");
    use_in_process_server().await?;
    eprintln!("2. the default transport with a recorder");
    record(&Setup::from_env().await?).await
}

/// Subscribes through the transport in `from_scratch.rs`, which opens no socket.
async fn use_in_process_server() -> Result<(), Error> {
    let kucoin = Kucoin::builder()
        .tokens(NoToken)
        .transport(InProcess::default())
        .build()?;
    let mut orders = kucoin.subscribe(SpotOrders).await?;
    // Three events, two gaps (connection lost, live again), and three events of the next connection.
    for _ in 0..8 {
        match orders.next().await {
            Some(Ok(order)) => eprintln!(
                "   {} {} on connection {}",
                order.order_id,
                order.kind,
                order.epoch()
            ),
            Some(Err(gap)) => eprintln!("   {gap}"),
            None => return Err(ended(orders.end_reason())),
        }
    }
    kucoin.close().await;
    Ok(())
}

/// A token source without a token, since the server needs none.
#[derive(Debug)]
struct NoToken;

impl kucoin_streams::core::ConnectionSource for NoToken {
    async fn connection_info(&self, _: WsKey) -> Result<ConnectionInfo, SourceError> {
        Ok(ConnectionInfo::new(SecretUrl::new(
            "wss://in-process.invalid/",
        )))
    }
}

async fn record(setup: &Setup) -> Result<(), Error> {
    let out: Box<dyn Write + Send> = match std::env::args_os().nth(1) {
        // Append, so that an earlier recording is not overwritten.
        Some(path) => Box::new(File::options().append(true).create(true).open(path)?),
        None => Box::new(io::stdout()),
    };
    let (transport, recorder) = Recording::start(WebSocketConnector::new(), out);
    let kucoin = Kucoin::builder()
        .credentials(setup.credentials()?)
        .hosts(setup.hosts()?)
        .transport(transport)
        .build()?;

    let mut events = kucoin.subscribe(AnySpotTopic::account_wide()).await?;
    let (mut event_count, mut gap_count) = (0_u64, 0_u64);
    let mut done = pin!(setup.until_done(simulate));
    loop {
        tokio::select! {
            item = events.next() => match item {
                Some(Ok(_)) => event_count += 1,
                Some(Err(gap)) => { gap_count += 1; eprintln!("   {gap}") }
                None => return Err(ended(events.end_reason())),
            },
            result = &mut done => break result?,
        }
    }

    kucoin.close().await;
    // The recorder ends when the client and its transport are dropped.
    drop((events, kucoin));
    let recorded = recorder.finish()?;
    eprintln!(
        "   received {event_count} events and {gap_count} gaps; recorded {} frames, dropped {}",
        recorded.written, recorded.dropped
    );
    Ok(())
}

/// Trades and faults on the local exchange, so that there is something to see. Your own program does not need this.
async fn simulate(exchange: &Exchange) -> Result<(), Error> {
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
