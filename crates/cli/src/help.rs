//! Text after the options of `--help`: examples, topics, output lines, exit statuses.

use kucoin_streams::pro::{self, Channel};
use kucoin_streams::v1::{AnyFuturesTopic, AnySpotTopic};

/// Text of `-v` for `watch`.
pub(crate) const WATCH_VERBOSE: &str = "\
Log to stderr. -v: connections opened, lost and closed; -vv: also tokens, sockets and topics; -vvv: with --demo, also \
requests of the demo account that its exchange rejects. Frames are never logged. Without -v, the environment variable \
RUST_LOG applies";

/// Text of `-v` for `top`.
pub(crate) const TOP_VERBOSE: &str = "\
Log more, with the levels of `watch`: to stderr if it is not the terminal (2> FILE), otherwise the last lines are on the \
screen, under Events";

/// Text of `-v` for `exchange`.
pub(crate) const EXCHANGE_VERBOSE: &str = "\
Log more to stderr: with -vv, failed TLS handshakes, failed HTTP connections and closed sockets; with -vvv, also \
requests of the demo account that are rejected. Without -v, the environment variable RUST_LOG applies";

/// Text of `-v` for `decode`.
pub(crate) const DECODE_VERBOSE: &str = "Has no effect: `decode` writes no log";

/// Text of `-v` for `doctor`.
pub(crate) const DOCTOR_VERBOSE: &str = "\
Log to stderr: with -vv, the token requests, REST queries and sockets of the checks. Frames are never logged. Without -v, \
the environment variable RUST_LOG applies";

/// Text after the options of `doctor`.
pub(crate) const DOCTOR: &str = "\
Examples:
  kucoin-streams doctor
    Check the account of the API key in the environment.
  kucoin-streams doctor --region eu --proxy env
    Check an account of kucoin.eu through the proxy of the environment.
  kucoin-streams doctor --json | jq 'select(.kind == \"summary\").rootCause'
    Print the root cause.

Checks, in this order: credentials in the environment; proxy or DNS, TCP, TLS
and first reply of each REST host; clock; API key, its version, permissions, IP
list and region; mode of the account; for each connection its token, DNS, TCP,
TLS, WebSocket upgrade, welcome, heartbeat, and the acknowledgement of each
topic that covers the whole account; each REST query that recovery uses; rate
limits. A check that cannot run is skipped, with the check that failed before
it.

It changes nothing at the account: it sends only GET requests, requests for
connection tokens, and subscriptions. It never prints a secret. A failed query
does not affect the live streams: it says what recovery could not fetch after a
gap.

With --json, each line is an object. Fields with ? are optional:
  check    check wsKey? host? topic? path? pool? message remedy? code? cause?
           tookMs, and verdict: ok, warning, failed or skipped
  summary  verdict exitStatus ok warnings failed skipped, and rootCause?:
           check wsKey? host? topic? path? pool? message remedy? code?

Credentials are read from the environment: KUCOIN_API_KEY, KUCOIN_API_SECRET
and KUCOIN_API_PASSPHRASE.

Exit status, by the root cause:
  0    all good; warnings are allowed
  1    any other failure
  2    wrong usage, or credentials that are not set or malformed
  3    KuCoin refused the credentials, their permission or the account
  4    not connected: DNS, TCP, TLS, proxy, an unusable reply, no answer
  130  ended by a second SIGINT
  143  ended by a second SIGTERM";

/// Text after the options of `top`.
pub(crate) const TOP: &str = "\
Examples:
  kucoin-streams top --demo
    Show a demo account; no KuCoin account is needed.
  kucoin-streams top --ws-key futuresPrivateV1
    Show only the futures account.

Keys:
  q, Esc, Ctrl-C     quit
  1 to 5             orders, positions, balances, history, events
  Tab, Shift-Tab     next and previous pane
  Up, Down, PgUp, PgDn, Home, End
                     scroll the pane
  ?                  help

The line of each connection shows events per second, events in total, events
that were missed and recovered (in a narrow terminal as +15), gaps, and the
latency: the time from KuCoin's push to its receipt, by two clocks. It is the
median and the 99th percentile since the start, and the maximum error of the
measured difference between the clocks. Every part of the account is live,
recovering or stale. Rows of a part that is not live are dimmed and begin with
`?`: their numbers may be old.

The screen is redrawn at most 10 times a second. It needs 80 columns and 24
rows, and works in tmux and over ssh. NO_COLOR=1 switches colours off. If
stdout is not a terminal, use `kucoin-streams watch --account`.

Credentials are read from the environment: KUCOIN_API_KEY, KUCOIN_API_SECRET
and KUCOIN_API_PASSPHRASE. The key needs only the permission `General`; parts
that it may not read are stale, with the reason.

Exit status:
  0    you quit, or SIGINT or SIGTERM
  1    a connection failed after it was live, or any other failure
  2    wrong usage, or stdout is not a terminal
  3    KuCoin refused the credentials or the permission
  4    not connected within --connect-timeout
  130  ended by a second SIGINT
  143  ended by a second SIGTERM";

pub(crate) const EXCHANGE: &str = "\
Example, in two terminals:
  kucoin-streams exchange --port 4000
  KUCOIN_API_KEY=.. KUCOIN_API_SECRET=.. KUCOIN_API_PASSPHRASE=.. \\
      kucoin-streams watch --rest-url http://127.0.0.1:4000

When the exchange is ready, it prints the credentials and URLs to use. A
client in any language works with it if you replace KuCoin's URLs:
  https://api.kucoin.com          http://127.0.0.1:PORT
  https://api-futures.kucoin.com  http://127.0.0.1:PORT
  wss://wsapi-push.kucoin.com     ws://127.0.0.1:PORT/pro
With a token, Pro V2 is also served at ws://127.0.0.1:PORT/, without a path.

At KuCoin, a token from the spot host serves no futures topics, and vice
versa. --port acts as both hosts: its tokens serve all topics. Tokens from
--spot-port serve only spot and margin, tokens from --futures-port only
futures; topics of the other host are refused with code 404. Use these two
ports to test that a bot requests each token from the right host.

With --tls FILE, clients must trust FILE: set SSL_CERT_FILE=FILE for
kucoin-streams and Python, NODE_EXTRA_CA_CERTS=FILE for Node. `watch` then
needs all three URLs (--rest-url, --futures-rest-url, --pro-ws-url).

Connections, token requests, REST queries and triggered faults are logged to
stderr in the same --format, without tokens and query strings. A client that
sends no message for 60 s is disconnected, as at KuCoin.

SIGINT or SIGTERM stops it within two seconds; a second signal stops it at
once.";

pub(crate) const DECODE: &str = "\
Example:
  kucoin-streams decode captured.ndjson |
      jq -c 'select(.kind == \"update\") | .data'
    Print the events of a recorded session, with every digit.

Each output line has a `kind` and these fields. A field with ? is optional:
  update       topic subject? id? userId? pushedAt? data envelope?
  welcome, ack, refused, pong
               id? code? message? frame
  other        frame: any other frame, or a push of an unknown topic
  undecodable  reason raw: the input line, cut if it is too long
With --drift, the lines are instead, at the end of the input:
  drift        topic finding path? sample? count: a difference from the known
               format, see below
Blank lines are skipped. In `data`, V1 events have KuCoin's field names, and
Pro V2 events have long names in place of KuCoin's abbreviations. Times are
strings, see --times. Decimals are strings with all digits of the exchange. A
field that cannot be parsed keeps its value as sent, and the rest of the event
is decoded. Half of a UTF-16 surrogate pair in a string becomes the text
`\\ud83d`, because many JSON parsers reject it: its backslash is doubled in the
output. The protocol is detected for each frame, so V1 and Pro V2 frames may
be mixed. The input is UTF-8, with or without a byte order mark, with Unix or
Windows line endings.

`finding` is unknownField, unknownWord (of an enum), wrongType or
missingField, and `path` the field in KuCoin's frame. `sample` has the kind of
the value and its length, never the value, except an enum word of letters. At
most 32 findings a topic are listed. The rest is counted by `finding`, without
`path`.

Exit status: 0 success; 1 with --strict, a line was `undecodable` or `other`,
or reading or writing failed; 2 wrong usage, or the input cannot be opened or
is not UTF-8 text.";

const WATCH: &str = "\
Examples:
  kucoin-streams watch --demo
    Watch a demo account; no KuCoin account is needed.
  kucoin-streams watch --topic /spotMarket/tradeOrdersV2 \\
      --topic /contract/position:XBTUSDTM
    Watch spot orders and one futures position.
  kucoin-streams watch --ws-key futuresPrivateV1
    Watch the whole futures account.
  kucoin-streams watch --ws-key privateProV2
    Watch the whole unified account, spot and futures on one connection.
  kucoin-streams watch --format ndjson |
      jq -c 'select(.kind == \"live\" and .complete == false)'
    Print what could not be recovered at the start or after a gap, and why.
    With --no-recover, `live` has no `complete`.
  kucoin-streams watch --account --format ndjson |
      jq -c 'select(.kind == \"order\" and .phase != \"done\")'
    Print each open order of the account, and each change of it.
  kucoin-streams watch --format ndjson --metrics-addr 127.0.0.1:9600
    Serve metrics for Prometheus too, at http://127.0.0.1:9600/metrics.
";

const WATCH_END: &str = "\
Lines of --format ndjson: each has `kind`, `wsKey` and these fields. A field
with ? is optional:
  open         the connection is open; no topic is live yet
  authenticated
               KuCoin accepted the login of a Pro V2 connection
  response     topic ok
  update       topic subject? id? userId? pushedAt? receivedAt epoch data
               envelope?
  gap          topics[] reason, events may be missing from here on; also, by
               reason:
    overflowed   missed
    lost         cause stage code? lastEventAt? lastHeardAt lostAt
    undecodable  error raw
    refused      code? message retrying
    closed       cause lastEventAt?
  snapshot     topic source takenAt[] data, one row of the current state: an
               open order, a balance, a position; not an event
  recovered    an event that was missed: the fields of update, and source
               exact late?
  vanished     topic symbol orderId filledSize?, an order that is in no list
               any more, for an unknown reason
  live         topics[] lastEventAt? lostAt? liveAt epoch?, the topics are
               live after a loss or at the start; also window[]? complete
               missing[] requests weight late?, or lastHeardAt with
               --no-recover, which has no `live` at the start
  reconnect    cause remedy? stage code? attempt delayMs
  reconnected  downMs refused
  rotated      tookMs
  exception    topic? code? message fatal
  close        reason
  stats        topic received delivered duplicates undecodable other queued
               overflowed consistent
  drift        topic finding path? sample? count pushedTopic? firstSeen?, with
               --stats: how events differ from the known format, without
               values; see `kucoin-streams decode --help`
Times (receivedAt, lostAt, and those in data) are strings, see --times.
Decimals are strings with all digits of the exchange. Durations are numbers
with the unit in the name. A field of data that cannot be parsed keeps its
value as sent. `epoch` counts how often the connection became live: 1 at
first, one more after each reconnect and each rotation. `connection` is
present on additional connections of the same kind: their number, from 1.

Recovery reads KuCoin's REST API: the state at the start, and after a gap what
was missed. Meanwhile the events of its topics wait, for 30 s at most. Then
come the `recovered` events in order, the `snapshot` of what has no history,
`live`, and the events that waited. `source` is the path of the REST API, and
`data` of a snapshot is KuCoin's row as sent. `takenAt` is the time before the
request and after its response. `exact` is false if KuCoin does not say when
the event happened. `missing` lists what could not be recovered: topic what
reason code?. Later attempts may still find it; that is `late`. No event comes
twice. `--count` counts updates and recovered events. Recovery uses at most a
quarter of the rate limit of the account. None of this applies with
--no-recover: `watch` then sends no query and only reports gaps.

ACCOUNT. With --account, `watch` keeps the state of the account and prints it
instead of the events. At the start comes one line for each order, fill,
balance and position, for the margin status, and for the trust in each part;
then one line for each change, with the whole new value:
  order        orderId phase outcome? filledSize remainSize fees[] and more
  fill         orderId? tradeId price size fee? liquidity? and more
  balance      account currency total? available? hold? and more
  position     symbol side size entryPrice? markPrice? unrealisedPnl? and more
  margin       cross? isolated[] unified? settings[]
  trust        part trust since epoch? reason?
  violation    frames contradict each other: violation symbol frames[]
  discrepancy  fills, balances and positions do not add up: amounts[]
  lagged       missed, without wsKey: changes of any connection were dropped,
               because stdout is not read fast enough; the state follows
Lines of the first five kinds have `trust`: live, recovering or stale, as of
that line; a later `trust` line of the same wsKey and part counts from there
on, and `close` ends it. Only live numbers are those of KuCoin. Absent values
are null. Right after a state, a change that it already has can be printed
again, and a fill comes again when its fee is known: count it once by symbol,
tradeId and orderId. The connections are those of the account's mode, unless
you choose with --ws-key; a unified account needs --symbol for each spot
symbol that it trades, also for the start. Lifecycle lines (open,
response, reconnect, reconnected, rotated, exception, close) are as above.

--format pretty fits the width of the terminal. If stdout is not a terminal,
it fits COLUMNS, or 120 columns if it is not set. The minimum is 80 columns.
If there is little room, lines leave out details, such as the order type. `ct`
are contracts; … begins the last 6 characters of an order ID. A mark after
the time means that the line was read over REST: = is the current state, at
most 5 lines a topic, and ~ is a missed event, with the time of the exchange,
or --:--:-- if unknown.

Credentials are read from the environment: KUCOIN_API_KEY, KUCOIN_API_SECRET
and KUCOIN_API_PASSPHRASE. The key needs only the permission `General`. Some
queries of recovery also need `Spot`, `Margin`, `Futures` or `Unified`, with
which a key can trade; without them, that part is reported as missing.

On SIGINT, SIGTERM or the end of --for, `watch` closes the connections,
writes everything that it has received and exits within two seconds, even if
its output is not read. Events that could not be written in that time are
counted on stderr. If it stops before the events missed in a gap are fetched,
stderr says since when events may be missing. A second signal ends it at once.
When --count is reached, it waits until all events are written.

If a connection that was live fails for good, the error is printed to stderr
at once, and the other connections continue.

Exit status:
  0    success, also if the reader of stdout closes the pipe
  1    a connection failed after it was live, received events could not be
       written, or any other failure
  2    wrong usage
  3    KuCoin refused the credentials or the permission
  4    not connected within --connect-timeout
  130  ended by a second SIGINT
  143  ended by a second SIGTERM";

/// Returns the text after the options of `watch`, with every topic that the parsers accept.
pub(crate) fn watch() -> String {
    let spot: Vec<String> = account_wide(&AnySpotTopic::account_wide());
    let futures: Vec<String> = account_wide(&AnyFuturesTopic::account_wide());
    format!(
        "{WATCH}\n\
         Topics. Replace SYMBOL by a symbol such as BTC-USDT or XBTUSDTM. Topics with *\n\
         are watched if you name no topic of the connection:\n\
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

/// Lists the channels of Pro V2 with the trade types of each.
fn channels() -> String {
    let whole = account_wide(&pro::AnyProTopic::account_wide());
    let mut text = "  privateProV2 (only if you ask for it)\n".to_owned();
    for channel in Channel::ALL {
        let types: Vec<&str> = channel.trade_types().iter().map(|it| it.as_str()).collect();
        let pattern = match (channel, channel.needs_symbol()) {
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

/// Returns the line of a topic, marked with `*` if it is watched by default.
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
    fn help_fits_80_columns() {
        for text in [TOP, EXCHANGE, DECODE, &watch()] {
            let long = text.lines().find(|line| line.chars().count() > 78);
            assert_eq!(long, None);
        }
    }
}
