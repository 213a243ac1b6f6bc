//! `exchange`: run the local exchange until it is stopped.

use std::io;
use std::time::Duration;

use kucoin_streams_exchange::{Exchange, Faults};
use serde::Serialize;

use crate::args::{ExchangeArgs, Format};
use crate::exit::Failed;
use crate::output::{End, Writer};
use crate::signals::Signals;

/// The time that the exchange gets to end its connections.
const END_WITHIN: Duration = Duration::from_millis(1_700);

/// What a client needs to know, in one line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready<'a> {
    kind: &'static str,
    rest_url: &'a str,
    pro_ws_url: &'a str,
    api_key: &'a str,
    api_secret: &'a str,
    api_passphrase: &'a str,
}

pub(crate) async fn run(args: ExchangeArgs) -> Result<(), Failed> {
    let unheard = |error| Failed::other(format!("cannot listen for signals: {error}"));
    let signals = Signals::listen().map_err(unheard)?;
    let mut builder = Exchange::builder()
        .port(args.port)
        .seed(args.seed)
        .event_rate(args.rate);
    if let Some(path) = &args.script {
        let faults = Faults::from_file(path).map_err(|error| Failed::usage(with_cause(&error)))?;
        builder = builder.faults(faults);
    }
    let exchange = builder
        .start()
        .await
        .map_err(|error| Failed::other(with_cause(&error)))?;
    let rest_url = exchange.rest_url();
    let pro_ws_url = exchange.pro_ws_url();
    let credentials = exchange.credentials();
    let ready = Ready {
        kind: "exchange",
        rest_url: &rest_url,
        pro_ws_url: &pro_ws_url,
        api_key: &credentials.key,
        api_secret: &credentials.secret,
        api_passphrase: &credentials.passphrase,
    };
    let text = match Format::or_by_terminal(args.format) {
        Format::Pretty => pretty(&ready),
        Format::Ndjson => {
            serde_json::to_string(&ready).map_err(|error| Failed::other(error.to_string()))?
        }
    };
    let stdout = Writer::start(io::stdout()).map_err(Failed::cannot_write)?;
    stdout.push(format!("{text}\n").as_bytes(), &[]);
    let end = tokio::select! {
        signal = signals.asked_to_end() => signal.map(drop).map_err(unheard),
        end = unwritten(&stdout) => end,
    };
    let _ = tokio::time::timeout(END_WITHIN, exchange.shutdown()).await;
    end
}

/// Resolves if what a client needs to know cannot be written. Once it is written, the reader may leave.
async fn unwritten(stdout: &Writer) -> Result<(), Failed> {
    stdout.written().await;
    match stdout.end() {
        None => std::future::pending().await,
        Some(End::ReaderGone) => Ok(()),
        Some(End::Failed(error)) => Err(Failed::cannot_write(error)),
    }
}

fn pretty(ready: &Ready<'_>) -> String {
    format!(
        "A local look-alike of the exchange is ready. Stop it with Ctrl-C.\n\n\
         \x20 REST  {}\n\n\
         Watch it from another terminal:\n\n\
         \x20 export KUCOIN_API_KEY={}\n\
         \x20 export KUCOIN_API_SECRET={}\n\
         \x20 export KUCOIN_API_PASSPHRASE={}\n\
         \x20 kucoin-streams watch --rest-url {}",
        ready.rest_url, ready.api_key, ready.api_secret, ready.api_passphrase, ready.rest_url,
    )
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
