//! `exchange`: run the local exchange until it is stopped.

mod log;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use kucoin_streams::core::explain;
use kucoin_streams_exchange::{
    DemoCredentials, Exchange, ExchangeBuilder, Faults, LocalAuthority, ScriptFileError, StartError,
};
use serde::Serialize;

use crate::args::{ExchangeArgs, Format};
use crate::exit::{Failed, Stderr};
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
    spot_rest_url: &'a str,
    futures_rest_url: &'a str,
    pro_ws_url: &'a str,
    api_key: &'a str,
    api_secret: &'a str,
    api_passphrase: &'a str,
    /// The certificate that a client must trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<&'a Path>,
}

/// `exchange --help-script`.
pub(crate) fn help_script() -> Result<(), Failed> {
    match io::stdout().write_all(Faults::language().as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failed::cannot_write(error)),
        _ => Ok(()),
    }
}

pub(crate) async fn run(args: ExchangeArgs, stderr: Stderr) -> Result<(), Failed> {
    let unheard = |error| Failed::because("cannot listen for signals", &error);
    let signals = Signals::listen().map_err(unheard)?;
    let format = Format::or_by_terminal(args.format);
    let exchange = builder(&args, format, stderr)?.start().await;
    let exchange = exchange.map_err(|error| cannot_start(&error, &args))?;
    let text = ready(&exchange, &args, format)?;
    let stdout = Writer::start(io::stdout()).map_err(Failed::cannot_write)?;
    stdout.push(format!("{text}\n").as_bytes(), &[]);
    let end = tokio::select! {
        signal = signals.asked_to_end() => signal.map(drop).map_err(unheard),
        end = unwritten(&stdout) => end,
    };
    let _ = tokio::time::timeout(END_WITHIN, exchange.shutdown()).await;
    end
}

fn builder(args: &ExchangeArgs, format: Format, stderr: Stderr) -> Result<ExchangeBuilder, Failed> {
    let mut builder = Exchange::builder()
        .port(args.port)
        .spot_port(args.spot_port)
        .futures_port(args.futures_port)
        .seed(args.seed)
        .event_rate(args.rate)
        .unknown_symbols(args.unknown_symbols)
        .observe(move |activity| {
            if let Some(line) = log::line(&activity, format) {
                let line = line.replace(char::is_control, "\u{fffd}");
                stderr.log(format!("{line}\n").as_bytes());
            }
        });
    if let Some(path) = &args.script {
        let faults = Faults::from_file(path).map_err(|error| wrong_script(&error))?;
        builder = builder.faults(faults);
    }
    if let Some(path) = &args.tls {
        let authority =
            LocalAuthority::new().map_err(|error| Failed::other(explain(&error, None)))?;
        std::fs::write(path, authority.pem())
            .map_err(|error| Failed::usage(format!("cannot write {}: {error}", path.display())))?;
        builder = builder.tls(authority.server_config());
    }
    Ok(builder)
}

fn cannot_start(error: &StartError, args: &ExchangeArgs) -> Failed {
    let options = [
        (args.port, "choose another --port, or 0 for a free one"),
        (
            args.spot_port,
            "choose another --spot-port, or 0 for a free one",
        ),
        (
            args.futures_port,
            "choose another --futures-port, or 0 for a free one",
        ),
    ];
    let remedy = match error {
        StartError::Listen { port, .. } => options.iter().find(|(given, _)| given == port),
        _ => None,
    };
    Failed::other(explain(error, remedy.map(|(_, remedy)| *remedy)))
}

fn wrong_script(error: &ScriptFileError) -> Failed {
    let hint = match error {
        ScriptFileError::Script { .. } => "; see `kucoin-streams exchange --help-script`",
        _ => "",
    };
    Failed::usage(format!("{}{hint}", explain(error, None)))
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

/// How to reach the exchange.
fn ready(exchange: &Exchange, args: &ExchangeArgs, format: Format) -> Result<String, Failed> {
    let DemoCredentials {
        key,
        secret,
        passphrase,
        ..
    } = exchange.credentials();
    let ready = Ready {
        kind: "exchange",
        rest_url: &exchange.rest_url(),
        spot_rest_url: &exchange.spot_rest_url(),
        futures_rest_url: &exchange.futures_rest_url(),
        pro_ws_url: &exchange.pro_ws_url(),
        api_key: key,
        api_secret: secret,
        api_passphrase: passphrase,
        ca_file: args.tls.as_deref(),
    };
    match format {
        Format::Pretty => Ok(pretty(&ready)),
        Format::Ndjson => {
            serde_json::to_string(&ready).map_err(|error| Failed::other(error.to_string()))
        }
    }
}

fn pretty(ready: &Ready<'_>) -> String {
    let Ready {
        rest_url,
        pro_ws_url,
        ..
    } = ready;
    let watch = match ready.ca_file {
        None => format!("kucoin-streams watch --rest-url {rest_url}"),
        Some(file) => format!(
            "SSL_CERT_FILE={} kucoin-streams watch --rest-url {rest_url} \\\n\
             \x20     --futures-rest-url {rest_url} --pro-ws-url {pro_ws_url}",
            file.display()
        ),
    };
    format!(
        "A local look-alike of the exchange is ready. Stop it with Ctrl-C.\n\n\
         Watch it from another terminal:\n\n\
         \x20 export KUCOIN_API_KEY={}\n\
         \x20 export KUCOIN_API_SECRET={}\n\
         \x20 export KUCOIN_API_PASSPHRASE={}\n\
         \x20 {watch}\n\n\
         Point a bot at it with these credentials, and these URLs in place of KuCoin's:\n\n\
         \x20 https://api.kucoin.com          {rest_url}\n\
         \x20 https://api-futures.kucoin.com  {rest_url}\n\
         \x20 wss://wsapi-push.kucoin.com     {pro_ws_url}\n\n\
         To find out whether it asks the right host for its tokens:\n\n\
         \x20 https://api.kucoin.com          {}   (no futures topics)\n\
         \x20 https://api-futures.kucoin.com  {}   (futures topics only)\n\n\
         Its connections and the faults that are triggered follow on stderr.\n",
        ready.api_key,
        ready.api_secret,
        ready.api_passphrase,
        ready.spot_rest_url,
        ready.futures_rest_url,
    )
}
