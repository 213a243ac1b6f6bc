//! `exchange`: runs the local exchange until it is stopped.

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
use crate::exit::{CommandError, Stderr};
use crate::output::{OutputEnd, Writer};
use crate::signals::Signals;

/// Time limit for closing the connections when the command ends.
const END_WITHIN: Duration = Duration::from_millis(1_700);

/// The first line of output: what a client needs to connect.
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
    /// Certificate that clients must trust; `None` without TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<&'a Path>,
}

/// Prints the script language, for `exchange --help-script`.
pub(crate) fn help_script() -> Result<(), CommandError> {
    match io::stdout().write_all(Faults::language().as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::cannot_write(error))
        }
        _ => Ok(()),
    }
}

pub(crate) async fn run(args: ExchangeArgs, stderr: Stderr) -> Result<(), CommandError> {
    let no_signals = |error| CommandError::because("cannot listen for signals", &error);
    let signals = Signals::listen().map_err(no_signals)?;
    let format = Format::or_by_terminal(args.format);
    let exchange = builder(&args, format, stderr)?.start().await;
    let exchange = exchange.map_err(|error| cannot_start(&error, &args))?;
    let text = ready(&exchange, &args, format)?;
    let stdout = Writer::start(io::stdout()).map_err(CommandError::cannot_write)?;
    stdout.push(format!("{text}\n").as_bytes(), &[]);
    let end = tokio::select! {
        signal = signals.received() => signal.map(drop).map_err(no_signals),
        end = output_failed(&stdout) => end,
    };
    let _ = tokio::time::timeout(END_WITHIN, exchange.shutdown()).await;
    end
}

fn builder(
    args: &ExchangeArgs,
    format: Format,
    stderr: Stderr,
) -> Result<ExchangeBuilder, CommandError> {
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
            LocalAuthority::new().map_err(|error| CommandError::other(explain(&error, None)))?;
        std::fs::write(path, authority.pem()).map_err(|error| {
            CommandError::usage(format!("cannot write {}: {error}", path.display()))
        })?;
        builder = builder.tls(authority.server_config());
    }
    Ok(builder)
}

fn cannot_start(error: &StartError, args: &ExchangeArgs) -> CommandError {
    let options = [
        (args.port, "choose another --port, or 0 for a free port"),
        (
            args.spot_port,
            "choose another --spot-port, or 0 for a free port",
        ),
        (
            args.futures_port,
            "choose another --futures-port, or 0 for a free port",
        ),
    ];
    let remedy = match error {
        StartError::Listen { port, .. } => options.iter().find(|(given, _)| given == port),
        _ => None,
    };
    CommandError::other(explain(error, remedy.map(|(_, remedy)| *remedy)))
}

fn wrong_script(error: &ScriptFileError) -> CommandError {
    let hint = match error {
        ScriptFileError::Script { .. } => "; see `kucoin-streams exchange --help-script`",
        _ => "",
    };
    CommandError::usage(format!("{}{hint}", explain(error, None)))
}

/// Resolves if the first output cannot be written. After the first output, stdout may be closed.
async fn output_failed(stdout: &Writer) -> Result<(), CommandError> {
    stdout.written().await;
    match stdout.end() {
        None => std::future::pending().await,
        Some(OutputEnd::ReaderGone) => Ok(()),
        Some(OutputEnd::Failed(error)) => Err(CommandError::cannot_write(error)),
    }
}

/// Describes how to connect to the exchange.
fn ready(exchange: &Exchange, args: &ExchangeArgs, format: Format) -> Result<String, CommandError> {
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
            serde_json::to_string(&ready).map_err(|error| CommandError::other(error.to_string()))
        }
    }
}

/// Returns the program name as it was invoked.
///
/// The printed command then works even if the program is not in `PATH`.
fn program() -> String {
    let program = std::env::args_os().next();
    let program = program.map_or_else(
        || "kucoin-streams".to_owned(),
        |path| path.to_string_lossy().into_owned(),
    );
    match program.contains(' ') {
        true => format!("\"{program}\""),
        false => program,
    }
}

fn pretty(ready: &Ready<'_>) -> String {
    let Ready {
        rest_url,
        pro_ws_url,
        ..
    } = ready;
    let program = program();
    let place = match program.contains(['/', '\\']) {
        true => ", in the same directory",
        false => "",
    };
    let watch = match ready.ca_file {
        None => format!("{program} watch --rest-url {rest_url}"),
        Some(file) => format!(
            "SSL_CERT_FILE={} {program} watch --rest-url {rest_url} \\\n\
             \x20     --futures-rest-url {rest_url} --pro-ws-url {pro_ws_url}",
            file.display()
        ),
    };
    format!(
        "The local exchange is ready. Stop it with Ctrl-C.\n\n\
         To watch it, run in another terminal{place}:\n\n\
         \x20 export KUCOIN_API_KEY={}\n\
         \x20 export KUCOIN_API_SECRET={}\n\
         \x20 export KUCOIN_API_PASSPHRASE={}\n\
         \x20 {watch}\n\n\
         To test a bot, give it these credentials and replace KuCoin's URLs:\n\n\
         \x20 https://api.kucoin.com          {rest_url}\n\
         \x20 https://api-futures.kucoin.com  {rest_url}\n\
         \x20 wss://wsapi-push.kucoin.com     {pro_ws_url}\n\n\
         To test that it requests each token from the right host:\n\n\
         \x20 https://api.kucoin.com          {}   (no futures topics)\n\
         \x20 https://api-futures.kucoin.com  {}   (futures topics only)\n\n\
         Connections, REST queries and triggered faults are logged to stderr.\n",
        ready.api_key,
        ready.api_secret,
        ready.api_passphrase,
        ready.spot_rest_url,
        ready.futures_rest_url,
    )
}
