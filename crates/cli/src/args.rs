//! Command-line arguments.

mod connection;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use kucoin_streams::core::TimeFormat;
use kucoin_streams::{RecoverySettings, WsKey};
use kucoin_streams_exchange::UnknownSymbols;

use crate::help;

pub(crate) use connection::{ConnectionArgs, HostArgs};

/// Watch the private streams of a KuCoin account: orders, fills, balances, positions.
///
/// Unofficial: this project is not affiliated with KuCoin.
#[derive(Debug, Parser)]
#[command(name = "kucoin-streams", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Log to stderr: -vv and -vvv log more. The help of each command says what is logged.
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Logging")]
    pub(crate) verbose: u8,
}

/// `-v` of a command, in place of the global one: each command logs other things. clap copies the count to
/// [`Args::verbose`].
fn verbose(logs: &'static str) -> Arg {
    Arg::new("verbose")
        .short('v')
        .long("verbose")
        .action(ArgAction::Count)
        .help_heading("Logging")
        .help(logs)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the events of an account as they arrive: orders, fills, balances, positions, margin.
    ///
    /// If a connection is lost, `watch` reconnects with a new token and subscribes to the same topics again. A `gap`
    /// marks each place where events may be missing; what was missed is then read over REST, unless --no-recover. If KuCoin refuses a connection that you did not ask for, such as
    /// futures for an account without futures, the refusal is reported and the other connections continue.
    Watch(Box<WatchArgs>),
    /// Show an account full-screen: connections, orders, positions, balances, fills, gaps.
    ///
    /// What is shown is the kept state of the account. Each part is live, recovering or stale; stale numbers are dimmed and
    /// marked with `?`. It needs a terminal of at least 80x24; press `?` for the keys.
    Top(Box<TopArgs>),
    /// Check what streams and recovery need: credentials, network, clock, permissions, connections, topics, rate limits.
    ///
    /// One line per check with its verdict; if a check fails, what is wrong and what to do. The last line names the root
    /// cause. It changes nothing at the account: it only reads, fetches connection tokens and subscribes.
    Doctor(Box<DoctorArgs>),
    /// Decode recorded frames into NDJSON lines like those of `watch`.
    ///
    /// Reads frames of V1 and Pro V2, one JSON text per line, and writes one NDJSON line for each to stdout, in order.
    Decode(DecodeArgs),
    /// Run a local exchange to test a bot against, without an account.
    ///
    /// It listens on 127.0.0.1, checks signatures, issues tokens, and serves the private streams of spot, margin and
    /// futures for a demo account whose orders, balances and positions are consistent. It runs until you stop it.
    Exchange(ExchangeArgs),
}

/// Text of `--ws-key` for `watch`.
const WATCH_WS_KEY: &str = "\
Connection to use, repeatable: spotPrivateV1, futuresPrivateV1 or privateProV2. Default: the connections that the topics \
need; without topics, the two of V1, or with --account those of the account's mode. privateProV2 reports the same account a \
second time, so it is used only if you ask for it";

/// Text of `--connect-timeout` for `watch`.
const WATCH_CONNECT_TIMEOUT: &str = "\
Time limit for each connection to become live the first time; exit status 4 if it is exceeded. Without --account, the first \
connection is opened alone, so that wrong credentials are refused only once; the others follow when it is open";

/// Arguments of `watch`.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = help::watch(),
    override_usage = "kucoin-streams watch [OPTIONS]",
    arg = verbose(help::WATCH_VERBOSE),
    mut_arg("ws_key", |arg| arg.help(WATCH_WS_KEY)),
    mut_arg("connect_timeout", |arg| arg.help(WATCH_CONNECT_TIMEOUT)),
    // `--demo` and `--ws-key` come first.
    next_display_order = 10
)]
pub(crate) struct WatchArgs {
    /// Print the kept state of the account: at the start one line for each order, balance and position, then one line for each
    /// change, with the trust in it. See ACCOUNT below.
    #[arg(long, conflicts_with_all = ["topic", "no_recover"])]
    pub(crate) account: bool,

    /// Topic to watch, repeatable, such as /account/balance or orderAll?tradeType=UNIFIED; --help lists all topics.
    /// Default: all topics of each connection that cover the whole account (marked with * in the list).
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: Vec<String>,

    /// Output format. Default: pretty if stdout is a terminal, ndjson otherwise.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Read the state at the start over REST, and fetch what was missed after a gap. On by default; what the API key may
    /// not read is reported as missing.
    #[arg(long, overrides_with = "no_recover")]
    pub(crate) recover: bool,

    /// Only report gaps; send no REST queries.
    #[arg(long, overrides_with = "recover", conflicts_with = "symbol")]
    pub(crate) no_recover: bool,

    /// Format of times in NDJSON. Both formats are strings, exact to the nanosecond.
    #[arg(long, value_enum, default_value_t = TimesArg::Ns)]
    pub(crate) times: TimesArg,

    /// Exit after this number of events has been written, live or recovered; with --account, of changes after the start.
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) count: Option<u64>,

    /// Exit after this time, such as 30s, 5m or 500ms.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub(crate) for_time: Option<Duration>,

    /// At exit, print the frame counters of each topic: received, delivered, duplicates, undecodable, other, queued,
    /// overflowed. In a narrow terminal, the last five are shown only if they are not zero.
    #[arg(long)]
    pub(crate) stats: bool,

    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

impl WatchArgs {
    /// Returns the settings of the recovery; `None` with `--no-recover`.
    pub(crate) fn recovery(&self) -> Option<RecoverySettings> {
        (!self.no_recover).then(|| self.connection.recovery())
    }
}

/// Arguments of `top`.
#[derive(Debug, ClapArgs)]
#[command(after_help = help::TOP, arg = verbose(help::TOP_VERBOSE))]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// Arguments of `doctor`.
#[derive(Debug, ClapArgs)]
#[command(after_help = help::DOCTOR, arg = verbose(help::DOCTOR_VERBOSE), next_display_order = 10)]
pub(crate) struct DoctorArgs {
    /// Check a demo account on a local exchange inside this program.
    #[arg(long, conflicts_with_all = connection::HOST_OPTIONS, display_order = 0)]
    pub(crate) demo: bool,

    /// Connection that must work, repeatable: spotPrivateV1, futuresPrivateV1 or privateProV2. Default: by the mode of the
    /// account: privateProV2 for a unified account, otherwise the two of V1. A failure of another one is a warning.
    #[arg(long, value_name = "KEY")]
    pub(crate) ws_key: Vec<WsKey>,

    /// Print one JSON object per check, then one for the summary.
    #[arg(long)]
    pub(crate) json: bool,

    /// Time limit of each check.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub(crate) connect_timeout: Duration,

    #[command(flatten)]
    pub(crate) hosts: HostArgs,
}

/// Arguments of `exchange`.
#[derive(Debug, ClapArgs)]
#[command(after_help = help::EXCHANGE, arg = verbose(help::EXCHANGE_VERBOSE))]
pub(crate) struct ExchangeArgs {
    /// Port that serves everything: spot, margin, futures and Pro V2. 0 chooses a free port.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// Port that acts as api.kucoin.com only: its tokens serve no futures topics. 0 chooses a free port.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) spot_port: u16,

    /// Port that acts as api-futures.kucoin.com only: its tokens serve futures topics only. 0 chooses a free port.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) futures_port: u16,

    /// Serve https and wss with a new self-signed certificate authority, and write its certificate to this file. Clients
    /// must trust that file.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls: Option<PathBuf>,

    /// Script of faults to inject: cuts, delays, refusals. See --help-script.
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,

    /// Print the language of --script: every trigger, fault and parameter, each with an example.
    #[arg(long, exclusive = true)]
    pub(crate) help_script: bool,

    /// Answer to a topic whose symbol does not exist: `acknowledge` (and push nothing, as KuCoin does today) or `refuse`.
    #[arg(long, value_name = "HOW", default_value_t = UnknownSymbols::default())]
    pub(crate) unknown_symbols: UnknownSymbols,

    /// Random seed of the account's activity: the same seed gives the same activity.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Events per second that the demo account generates; 0 for none.
    #[arg(long, value_name = "EVENTS_PER_SECOND", default_value_t = 5.0, value_parser = rate, allow_negative_numbers = true)]
    pub(crate) rate: f64,

    /// Format of stdout and of the log on stderr. Default: pretty if stdout is a terminal, ndjson otherwise.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

/// Arguments of `decode`.
#[derive(Debug, ClapArgs)]
#[command(after_help = help::DECODE, arg = verbose(help::DECODE_VERBOSE))]
pub(crate) struct DecodeArgs {
    /// File to read. Default, or with `-`: stdin.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Protocol of all frames. Default: detected for each frame by its fields.
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<ProtocolArg>,

    /// Format of times. Both formats are strings, exact to the nanosecond.
    #[arg(long, value_enum, default_value_t = TimesArg::Ns)]
    pub(crate) times: TimesArg,

    /// Exit with status 1 if a line is `undecodable` or `other`.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Print only how the frames differ from the known format, without values.
    #[arg(long)]
    pub(crate) drift: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolArg {
    /// V1: frames of spotPrivateV1 and futuresPrivateV1.
    V1,
    /// Pro V2: frames of privateProV2.
    Pro,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned and coloured text, for people.
    Pretty,
    /// One JSON object per line, for programs.
    Ndjson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimesArg {
    /// Nanoseconds since the Unix epoch, such as 1765000000000000001.
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
    /// Returns the chosen format, or the default: pretty if stdout is a terminal, NDJSON otherwise.
    pub(crate) fn or_by_terminal(choice: Option<Self>) -> Self {
        use std::io::IsTerminal;
        choice.unwrap_or_else(|| match std::io::stdout().is_terminal() {
            true => Format::Pretty,
            false => Format::Ndjson,
        })
    }
}

/// Parses a duration such as `30s`, `1.5m`, `500ms` or `2h`.
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

fn count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!(
            "`{text}` is not a count; expected a whole number of at least 1"
        )),
        Ok(count) => Ok(count),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.0 => Ok(rate),
        _ => Err(format!(
            "`{text}` is not a rate; expected a number of events per second, such as 5 or 0.5"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_valid() {
        Args::command().debug_assert();
    }

    #[test]
    fn verbosity_counts_before_and_after_the_command() {
        for command in ["watch", "top", "doctor", "decode", "exchange"] {
            for (given, expected) in [
                (&["-v", command][..], 1),
                (&[command, "-vv"], 2),
                (&[command, "--verbose", "-vv"], 3),
                (&[command], 0),
            ] {
                let given = ["kucoin-streams"].iter().chain(given);
                let args = Args::try_parse_from(given).unwrap();
                assert_eq!(args.verbose, expected, "{command}");
            }
        }
    }

    #[test]
    fn conflict_shows_the_general_usage() {
        let given = ["kucoin-streams", "watch", "--demo", "--region", "eu"];
        let error = Args::try_parse_from(given).unwrap_err().to_string();
        assert!(
            error.contains("'--demo' cannot be used with '--region"),
            "{error}"
        );
        assert!(
            error.contains("Usage: kucoin-streams watch [OPTIONS]\n"),
            "{error}"
        );
    }

    #[track_caller]
    fn recovery(given: &[&str]) -> Option<RecoverySettings> {
        let given = ["kucoin-streams", "watch"].iter().chain(given);
        match Args::try_parse_from(given).unwrap().command {
            Command::Watch(args) => args.recovery(),
            _ => panic!("another command"),
        }
    }

    #[test]
    fn recovery_is_on_unless_the_last_flag_switches_it_off() {
        for (given, is_on) in [
            (&[][..], true),
            (&["--recover"], true),
            (&["--no-recover"], false),
            (&["--recover", "--no-recover"], false),
            (&["--no-recover", "--recover"], true),
        ] {
            assert_eq!(recovery(given).is_some(), is_on, "{given:?}");
        }
        let symbols = recovery(&["--symbol", "BTC-USDT", "--symbol", "KCS-USDT"]).unwrap();
        assert_eq!(symbols.symbols, ["BTC-USDT", "KCS-USDT"]);
    }

    #[test]
    fn durations_are_parsed_with_their_units() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in ["", "30", "s", "-1s", "30 s", "30x", "1e99h", "é"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_flag_takes_a_secret() {
        let help = Args::command().render_long_help().to_string();
        for flag in ["--key", "--secret", "--passphrase", "--api"] {
            assert!(!help.contains(flag), "{flag}");
        }
    }
}
