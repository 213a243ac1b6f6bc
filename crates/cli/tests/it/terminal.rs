//! Pretty output in a terminal of several widths.

use kucoin_streams_exchange::Exchange;
use unicode_width::UnicodeWidthStr;

use crate::pty::Terminal;
use crate::rig::*;

const ROWS: u16 = 40;
const WIDTHS: [u16; 4] = [80, 100, 120, 140];

/// Pushes of every kind, of both protocols, in one-way mode and in hedge mode.
const FRAMES: &str = concat!(
    include_str!("../fixtures/v1.ndjson"),
    include_str!("../fixtures/pro.ndjson"),
    include_str!("../fixtures/hedge.ndjson")
);

#[track_caller]
fn assert_fits(shown: &str, columns: u16) {
    for line in shown.lines() {
        assert!(line.width() <= usize::from(columns), "{columns}: {line}");
    }
}

#[test]
fn demo_fits_each_width() {
    let args = ["watch", "--demo", "--for", "60s", "--stats"];
    let running = WIDTHS.map(|columns| (columns, Terminal::start(command(&args), (columns, ROWS))));
    for (columns, mut terminal) in running {
        // The demo loses the connections once, and fills the gap.
        terminal.until("recovered in");
        send("TERM", terminal.pid());
        let shown = terminal.finish();
        assert_fits(&shown, columns);
        for word in ["open", "state of", "lost", "back", "closed", "frames of"] {
            assert!(shown.contains(word), "{word}: {shown}");
        }
        let marked = |mark: char| {
            let is_marked = |line: &&str| {
                let rest = line.trim_start_matches(|it: char| "0123456789:.-".contains(it));
                rest.len() < line.len() && rest.starts_with(mark)
            };
            shown.lines().filter(is_marked).count()
        };
        assert!(marked('=') > 5 && marked('~') > 2, "{shown}");
        assert!(!shown.contains(UNIFIED), "{shown}");
    }
}

#[test]
fn every_kind_of_event_fits_each_width() {
    let local = LocalExchange::start(Exchange::builder());
    let mut topics: Vec<String> = FRAMES.lines().map(|frame| topic(frame).1).collect();
    topics.sort();
    topics.dedup();
    let args: Vec<&str> = topics.iter().flat_map(|topic| ["--topic", topic]).collect();
    for columns in WIDTHS {
        let mut terminal = Terminal::start(local.watch(&args), (columns, ROWS));
        for ws_key in [SPOT, FUTURES, UNIFIED] {
            terminal.until(ws_key);
        }
        for topic in &topics {
            local.wait(local.exchange.wait_subscribed(topic));
        }
        for frame in FRAMES.lines() {
            let pushed = local.exchange.push_raw(&topic(frame).1, frame);
            assert_eq!(pushed, 1, "{frame}");
        }
        let last = FRAMES.lines().last().unwrap();
        assert!(last.contains("20000000000081574"));
        terminal.until("…081574");
        send("TERM", terminal.pid());
        let shown = terminal.finish();
        assert_fits(&shown, columns);
        assert!(shown.contains("币安人生USDTM"), "{shown}");
        // The next width opens new connections.
        local.wait(
            local
                .exchange
                .wait_until(|stats| stats.open_connections().next().is_none()),
        );
    }
}

/// The topic of a push: as pushed and as subscribed.
fn topic(frame: &str) -> (String, String) {
    let frame = object(frame);
    if let Some(topic) = frame["topic"].as_str() {
        return (topic.to_owned(), topic.to_owned());
    }
    let pushed = frame["T"].as_str().unwrap();
    let (channel, of) = pushed.rsplit_once('.').unwrap();
    let asked = match (channel, frame["d"]["s"].as_str()) {
        ("balance", _) => format!("balance?accountType={of}"),
        ("order" | "position", Some(symbol)) => {
            format!("{channel}?tradeType={of}&symbol={symbol}")
        }
        ("risk", _) => format!("lw?tradeType={of}"),
        _ => format!("{channel}?tradeType={of}"),
    };
    (pushed.to_owned(), asked)
}

#[test]
fn resized_terminal_changes_the_width() {
    let local = LocalExchange::start(Exchange::builder());
    let mut terminal = Terminal::start(local.watch(&["--topic", BALANCE]), (140, ROWS));
    local.wait(local.exchange.wait_subscribed(BALANCE));
    let push = |currency: &str| {
        let frame = format!(
            r#"{{"topic":"{BALANCE}","type":"message","data":{{"currency":"{currency}","relationEvent":"trade.setted","available":"123456789.012345678901","availableChange":"-23456789.012345678901","hold":"1.5","holdChange":"-0.5"}}}}"#
        );
        assert_eq!(local.exchange.push_raw(BALANCE, &frame), 1);
    };
    push("WIDE");
    terminal.until("WIDE");
    terminal.resize((80, ROWS));
    push("NARROW");
    terminal.until("NARROW");
    send("TERM", terminal.pid());
    let shown = terminal.finish();
    let line = |word: &str| shown.lines().find(|line| line.contains(word)).unwrap();
    assert!(line("WIDE").width() > 80, "{shown}");
    let (_, after) = shown.split_once("WIDE").unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    assert_fits(after, 80);
}
