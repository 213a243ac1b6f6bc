//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use kucoin_streams::core::TimeFormat;
use kucoin_streams::{ProAuthentication, Region, WsKey};
use kucoin_streams_exchange::UnknownSymbols;

use crate::help;

/// Private KuCoin streams in the terminal: orders, fills, balances, positions, exactly and without silent loss.
///
/// Unofficial: this project has no part in KuCoin.
#[derive(Debug, Parser)]
#[command(name = "kucoin-streams", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Log to stderr: -v connections opened, lost and closed; -vv also tokens, sockets and topics; -vvv also what the
    /// local exchange refuses its own account. Frames are never logged. Without -v RUST_LOG decides.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Log")]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the events of an account as they come: orders, fills, balances, positions, margin.
    ///
    /// After a loss a connection is made again with a fresh token and its topics are subscribed anew; where events
    /// may be missing, a `gap` says so in its place. A connection that was not asked for by name and is refused,
    /// such as futures on an account without them, is reported and left out.
    Watch(Box<WatchArgs>),
    /// Turn captured frames into the lines that `watch` would show.
    ///
    /// Reads one JSON text a line, of V1 and Pro V2, and writes one NDJSON line for each on stdout, in order.
    Decode(DecodeArgs),
    /// Run a local look-alike of the exchange, to rehearse against.
    ///
    /// On 127.0.0.1: tokens with real signature checks, the private streams of spot, margin and futures, and an
    /// account whose orders, balances and positions agree. It goes on until it is stopped.
    Exchange(ExchangeArgs),
}

/// The options that name an exchange, which `--demo` has already. How a Pro V2 connection proves who it is names none.
const ANOTHER_EXCHANGE: [&str; 4] = ["region", "rest_url", "futures_rest_url", "pro_ws_url"];

/// What to watch, how and where.
#[derive(Debug, ClapArgs)]
#[command(after_help = help::watch())]
pub(crate) struct WatchArgs {
    /// Use an exchange inside of this program; no account is needed. After a while it cuts the connections once.
    /// Options that name another exchange are refused with it.
    #[arg(long, conflicts_with_all = ANOTHER_EXCHANGE)]
    pub(crate) demo: bool,

    /// A connection to use, repeatable: spotPrivateV1, futuresPrivateV1, privateProV2. Default: those that the topics
    /// need, else both of V1; privateProV2 tells the same account once more, and is used where it is asked for.
    #[arg(long, value_name = "KEY")]
    pub(crate) ws_key: Vec<WsKey>,

    /// A topic, repeatable, such as /account/balance or orderAll?tradeType=UNIFIED; --help lists them. Default: all
    /// about the account on each connection.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: Vec<String>,

    /// How to write events. Default: pretty on a terminal, ndjson elsewhere.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// How NDJSON writes times. Either way they are strings and exact to the nanosecond.
    #[arg(long, value_enum, default_value_t = TimesArg::Ns)]
    pub(crate) times: TimesArg,

    /// End after this number of updates, once they are written.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,

    /// End after this time, such as 30s, 5m or 500ms.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub(crate) for_time: Option<Duration>,

    /// How long it may take until every connection is live for the first time.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) connect_timeout: Duration,

    /// At the end, say what became of every frame, topic by topic.
    #[arg(long)]
    pub(crate) stats: bool,

    #[command(flatten)]
    pub(crate) hosts: HostArgs,
}

/// Where the exchange is.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Where the exchange is")]
pub(crate) struct HostArgs {
    /// The region of the account.
    #[arg(long, value_parser = region(), default_value_t)]
    pub(crate) region: Region,

    /// The REST host of spot and margin, instead of the region's. http only on this machine; there it serves
    /// futures too, unless --futures-rest-url says otherwise.
    #[arg(long, value_name = "URL")]
    pub(crate) rest_url: Option<String>,

    /// The REST host of futures, instead of the region's. Needed if --rest-url is no host of KuCoin's and not http.
    #[arg(long, value_name = "URL")]
    pub(crate) futures_rest_url: Option<String>,

    /// The WebSocket host of Pro V2, instead of the region's. Needed if --rest-url is no host of KuCoin's; with an http
    /// --rest-url the default is the same host and port, path /pro.
    #[arg(long, value_name = "URL")]
    pub(crate) pro_ws_url: Option<String>,

    /// A proxy for everything: http://HOST:PORT, https://, socks5:// (names are resolved here) or socks5h:// (by the
    /// proxy), or `env` for HTTPS_PROXY or ALL_PROXY with NO_PROXY. Nothing goes around it. Other users of this machine
    /// can read arguments: with a user and a password, set a variable and use `env`.
    #[arg(long, value_name = "URL", conflicts_with = "demo")]
    pub(crate) proxy: Option<String>,

    /// How a Pro V2 connection proves who it is.
    #[arg(long, value_enum, default_value_t = ProAuthArg::Token)]
    pub(crate) pro_auth: ProAuthArg,
}

/// How the local exchange is to behave.
#[derive(Debug, ClapArgs)]
#[command(after_help = help::EXCHANGE)]
pub(crate) struct ExchangeArgs {
    /// The port to listen on, which serves spot, margin, futures and Pro V2; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// The port that stands for api.kucoin.com alone: its tokens do not serve futures topics. 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) spot_port: u16,

    /// The port that stands for api-futures.kucoin.com alone: its tokens serve futures topics only. 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) futures_port: u16,

    /// Serve https and wss with a certificate that is made now, and write the certificate of its authority to this
    /// file, which a client must trust.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls: Option<PathBuf>,

    /// A script of faults: cuts, delays, refusals; see --help-script.
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,

    /// Describe the language of --script: every trigger, fault and parameter, with an example each.
    #[arg(long, exclusive = true)]
    pub(crate) help_script: bool,

    /// How to answer a topic of a symbol that is not traded: `acknowledge` and stay silent, as KuCoin does today, or
    /// `refuse`.
    #[arg(long, value_name = "HOW", default_value_t = UnknownSymbols::default())]
    pub(crate) unknown_symbols: UnknownSymbols,

    /// What decides the account's activity: the same seed, the same activity.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Events a second that the account makes by itself.
    #[arg(long, value_name = "EVENTS_PER_SECOND", default_value_t = 5.0, value_parser = rate)]
    pub(crate) rate: f64,

    /// How to write what is to be known. Default: pretty on a terminal, ndjson elsewhere.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

/// How captured frames are to be read.
#[derive(Debug, ClapArgs)]
#[command(after_help = help::DECODE)]
pub(crate) struct DecodeArgs {
    /// The file to read; without it, or with `-`, stdin.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// The generation of all frames. Default: each frame's own, by its fields.
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<ProtocolArg>,

    /// How times are written. Either way they are strings and exact to the nanosecond.
    #[arg(long, value_enum, default_value_t = TimesArg::Ns)]
    pub(crate) times: TimesArg,

    /// End with status 1 if a frame was not understood.
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolArg {
    /// V1, of spotPrivateV1 and futuresPrivateV1.
    V1,
    /// Pro V2, of privateProV2.
    Pro,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned and coloured, for people.
    Pretty,
    /// One JSON object a line, for programs.
    Ndjson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimesArg {
    /// Nanoseconds since 1970, such as 1765000000000000001.
    Ns,
    /// RFC 3339 in UTC, such as 2025-12-06T05:46:40.000000001Z.
    Rfc3339,
}

impl From<TimesArg> for TimeFormat {
    fn from(times: TimesArg) -> Self {
        match times {
            TimesArg::Ns => Self::Nanoseconds,
            TimesArg::Rfc3339 => Self::Rfc3339,
        }
    }
}

impl Format {
    /// The choice, or what suits where the output goes.
    pub(crate) fn or_by_terminal(choice: Option<Self>) -> Self {
        use std::io::IsTerminal;
        choice.unwrap_or_else(|| match std::io::stdout().is_terminal() {
            true => Format::Pretty,
            false => Format::Ndjson,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProAuthArg {
    /// By a token in its URL.
    Token,
    /// By a signed login after the welcome.
    Login,
}

impl From<ProAuthArg> for ProAuthentication {
    fn from(authentication: ProAuthArg) -> Self {
        match authentication {
            ProAuthArg::Token => Self::Token,
            ProAuthArg::Login => Self::Login,
        }
    }
}

fn region() -> impl TypedValueParser<Value = Region> {
    PossibleValuesParser::new(Region::ALL.map(Region::as_str)).try_map(|name| name.parse())
}

/// Reads a time such as `30s`, `1.5m`, `500ms` or `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{text}` is not a duration; expected a number with ms, s, m or h, such as 30s");
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = digits.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.0 => Ok(rate),
        _ => Err(format!(
            "`{text}` is not a rate; expected a number of events a second, such as 5 or 0.5"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in ["", "30", "s", "-1s", "30 s", "30x", "1e99h", "é"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn there_is_no_flag_for_a_secret() {
        let help = Args::command().render_long_help().to_string();
        for flag in ["--key", "--secret", "--passphrase", "--api"] {
            assert!(!help.contains(flag), "{flag}");
        }
    }
}
