//! What stands below the options of `--help`: examples, topics, exit statuses.

use kucoin_streams::pro::{self, Channel};
use kucoin_streams::v1::{AnyFuturesTopic, AnySpotTopic};

pub(crate) const EXCHANGE: &str = "\
Example, in two terminals:
  kucoin-streams exchange --port 4000
  KUCOIN_API_KEY=.. KUCOIN_API_SECRET=.. KUCOIN_API_PASSPHRASE=.. \\
      kucoin-streams watch --rest-url http://127.0.0.1:4000

The credentials and URLs to use are printed when the exchange is ready. Any
client in any language works against it with its URLs replaced:
  https://api.kucoin.com          http://127.0.0.1:PORT
  https://api-futures.kucoin.com  http://127.0.0.1:PORT
  wss://wsapi-push.kucoin.com     ws://127.0.0.1:PORT/pro, with a token
                                  also ws://127.0.0.1:PORT/

KuCoin's tokens of spot do not serve futures topics, and the other way round.
--port stands for both hosts, so its tokens serve all topics. The tokens of
--spot-port serve spot and margin only, those of --futures-port futures only,
and topics of the other host are refused there with 404: with these two a bot
shows whether it asks the right host.

With --tls FILE a client must trust FILE: SSL_CERT_FILE=FILE for
kucoin-streams and for Python, NODE_EXTRA_CA_CERTS=FILE for Node. Give `watch`
all three URLs then, as an https URL may be KuCoin's.

Connections, token requests and the faults that are triggered are reported on
stderr, in the same --format, without tokens. A client that sends no message
for 60 s is cut, as by KuCoin.

SIGINT or SIGTERM ends it within two seconds, a second one at once.";

pub(crate) const DECODE: &str = "\
Example:
  kucoin-streams decode captured.ndjson |
      jq -c 'select(.kind == \"update\") | .data'
    The events of a recorded session, to the last digit.

Each line of the output has a `kind` and these fields; those with a ? only if
there is something to say:
  update       topic subject? id? userId? pushedAt? data envelope?
  welcome, ack, refused, pong
               id? code? message? frame
  other        frame: none of these, or of a topic that is not known
  undecodable  reason raw: the line as it came
Blank lines are skipped. The data of V1 has the exchange's field names; Pro
V2, which abbreviates them to letters, has long names here. Times are strings,
see --times, and decimals are strings with the exchange's digits. A field that
cannot be read is as the exchange sent it, and costs nothing but itself; half
of a surrogate pair in a text is spelled out. The generation of a frame is
detected by its fields; V1 and Pro V2 may be mixed. The input is UTF-8, with
or without a byte order mark, with lines that end as on Unix or on Windows.

Exit status: 0 done, 1 with --strict if a line was `undecodable` or `other`,
2 wrong usage, also if the input cannot be opened or is not UTF-8 text.";

const WATCH: &str = "\
Examples:
  kucoin-streams watch --demo
    The activity of a made-up account, from an exchange in this program.
  kucoin-streams watch --topic /spotMarket/tradeOrdersV2 \\
      --topic /contract/position:XBTUSDTM
    Spot orders and one futures position of your account.
  kucoin-streams watch --ws-key futuresPrivateV1
    All about your futures account.
  kucoin-streams watch --ws-key privateProV2
    All about your unified account, spot and futures on one connection.
  kucoin-streams watch --format ndjson |
      jq -c 'select(.kind == \"gap\" or .kind == \"live\")'
    Every moment at which events may be missing, and the times to compare
    over REST.
";

const WATCH_END: &str = "\
Lines of --format ndjson: each has `kind`, `wsKey` and these fields; those
with a ? only if there is something to say:
  open, authenticated
  response     topic ok
  update       topic subject? id? userId? pushedAt? receivedAt epoch data
               envelope?
  gap          topics[] reason, events may be missing from here on; by reason:
    overflowed   missed
    lost         cause stage code? lastEventAt? lastHeardAt lostAt
    undecodable  error raw
    refused      code? message retrying
    closed       cause lastEventAt?
  live         topics[] lastEventAt? lastHeardAt lostAt liveAt epoch, the end
               of a loss
  reconnect    cause remedy? stage code? attempt delayMs
  reconnected  downMs refused
  rotated      tookMs
  exception    topic? code? message fatal
  close        reason
  stats        topic received delivered duplicates undecodable other queued
               overflowed consistent
Times (receivedAt, lostAt, and those in data) are strings, see --times.
Decimals are strings with the exchange's digits. Durations are numbers with
their unit in the name. A field of data that cannot be read is as the exchange
sent it. `connection` is the number of a further connection of the same kind.

--format pretty fits the terminal, or COLUMNS if stdout is no terminal and it
is set, at 80 columns and more.

Credentials come from KUCOIN_API_KEY, KUCOIN_API_SECRET and
KUCOIN_API_PASSPHRASE. The key needs the permission `General` and no other.

SIGINT, SIGTERM and --for close the connections, write what was received and
end the command within two seconds, also if nothing reads its output; a second
signal ends it at once. What could not be written in that time is counted on
stderr. With --count the updates wait for their reader.

A connection that fails for good after it was live is reported on stderr at
once. The others go on.

Exit status: 0 done, 1 other failure, 2 wrong usage, 3 credentials or
permission refused, 4 not connected within --connect-timeout, 130 or 143 a
second SIGINT or SIGTERM. Status 1 also means that a connection failed after
it was live, or that received events could not be written. A reader that
closes the pipe ends the command with status 0.";

/// Below the options of `watch`. The topics come from where they are parsed, so the list is never behind.
pub(crate) fn watch() -> String {
    let spot: Vec<String> = account_wide(&AnySpotTopic::account_wide());
    let futures: Vec<String> = account_wide(&AnyFuturesTopic::account_wide());
    format!(
        "{WATCH}\n\
         Topics; SYMBOL is a market such as BTC-USDT or XBTUSDTM, and those with a *\n\
         are watched by default:\n\
         {}{}{}\n{WATCH_END}",
        topics("spotPrivateV1", AnySpotTopic::PATTERNS, &spot),
        topics("futuresPrivateV1", AnyFuturesTopic::PATTERNS, &futures),
        channels(),
    )
}

fn account_wide(topics: &[impl ToString]) -> Vec<String> {
    topics.iter().map(ToString::to_string).collect()
}

fn topics(ws_key: &str, patterns: &[&str], by_default: &[String]) -> String {
    let mut text = format!("  {ws_key}\n");
    for pattern in patterns {
        text.push_str(&listed(pattern, by_default.iter().any(|it| it == pattern)));
    }
    text
}

/// The channels of Pro V2, by the trade types that each has.
fn channels() -> String {
    let whole = account_wide(&pro::AnyProTopic::account_wide());
    let mut text = "  privateProV2, where it is asked for\n".to_owned();
    for channel in Channel::ALL {
        let types: Vec<&str> = channel.trade_types().iter().map(|it| it.as_str()).collect();
        let pattern = match (channel, channel.is_of_one_symbol()) {
            (Channel::Balance, _) => format!("{channel}?accountType={}", accounts()),
            (_, true) => format!("{channel}?tradeType={}&symbol=SYMBOL", types.join("|")),
            (_, false) => format!("{channel}?tradeType={}", types.join("|")),
        };
        let begins = format!("{channel}?");
        let by_default = whole.iter().any(|topic| topic.starts_with(&begins));
        text.push_str(&listed(&pattern, by_default));
    }
    text
}

/// The line of a topic, with a mark if it is watched by default.
fn listed(pattern: &str, by_default: bool) -> String {
    let mark = if by_default { '*' } else { ' ' };
    format!("    {mark} {pattern}\n")
}

fn accounts() -> String {
    let names: Vec<&str> = pro::AccountType::ALL.iter().map(|it| it.as_str()).collect();
    names.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_fits_a_terminal_of_80_columns_as_it_is() {
        for text in [EXCHANGE, DECODE, &watch()] {
            let long = text.lines().find(|line| line.chars().count() > 78);
            assert_eq!(long, None);
        }
    }
}
