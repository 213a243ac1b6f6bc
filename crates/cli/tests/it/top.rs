//! `top` in a terminal.

use std::time::{Duration, Instant};

use kucoin_streams_exchange::{Decimal, Exchange, Side, Stats};

use crate::pty::Terminal;
use crate::rig::*;

/// Switches to the screen, and back.
const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";
const SHOW_CURSOR: &str = "\u{1b}[?25h";

/// Pushes of about two seconds.
const PUSHES: u64 = 1_000;

fn quiet() -> LocalExchange {
    LocalExchange::start(Exchange::builder().event_rate(0.0))
}

fn top(local: &LocalExchange, size: (u16, u16)) -> Terminal {
    let args = ["--ws-key", SPOT, "--ws-key", FUTURES];
    Terminal::start_with_keys(local.command("top", &args), size)
}

#[track_caller]
fn assert_restored(terminal: Terminal) {
    let (status, is_restored, output) = terminal.end();
    assert!(is_restored, "the terminal still reads keys");
    assert_eq!(status, Some(0), "{output}");
    let (_, after) = output.rsplit_once(LEAVE).unwrap();
    assert_eq!(after, SHOW_CURSOR);
}

#[test]
fn order_is_shown_and_q_quits() {
    let local = quiet();
    let mut terminal = top(&local, (80, 24));
    terminal.until("no open order");
    assert!(!terminal.is_restored());
    let account = local.exchange.account();
    let price = account.last_price("KCS-USDT").unwrap() - Decimal::ONE;
    account
        .place_limit("KCS-USDT", Side::Buy, price, 7.into())
        .unwrap();
    terminal.until("KCS-USDT");
    // Ctrl-L, because otherwise only the cells that differ are written. Spaces are never written then.
    terminal.press("4\u{c}");
    terminal.until("HISTORY");
    terminal.press("?\u{c}");
    terminal.until("previous");
    terminal.press("q");
    assert_restored(terminal);
}

#[test]
fn resized_terminal_is_drawn_again() {
    let local = quiet();
    let mut terminal = top(&local, (80, 24));
    terminal.until("no open order");
    terminal.resize((60, 10));
    terminal.until("terminal too small: 60x10");
    terminal.forget();
    terminal.resize((140, 40));
    // Only a tall terminal shows four lists.
    terminal.until("HISTORY");
    terminal.press("\u{3}");
    assert_restored(terminal);
}

#[test]
fn signal_restores_the_terminal_within_two_seconds() {
    for signal in ["TERM", "INT"] {
        let local = quiet();
        let mut terminal = top(&local, (80, 24));
        terminal.until(ENTER);
        terminal.until("no open order");
        let began = Instant::now();
        send(signal, terminal.pid());
        assert_restored(terminal);
        assert!(began.elapsed() < Duration::from_secs(2), "{signal}");
    }
}

#[test]
fn terminal_that_does_not_read_does_not_delay_the_end() {
    let local = LocalExchange::start(Exchange::builder().event_rate(500.0));
    let mut terminal = top(&local, (200, 50));
    terminal.until("ORDERS");
    // Ten frames a second with other numbers fill the buffer of the terminal, which is 4 KiB.
    let is_full =
        |stats: &Stats| stats.connections.iter().map(|one| one.pushed).sum::<u64>() >= PUSHES;
    local.wait(local.exchange.wait_until(is_full));
    let began = Instant::now();
    send("TERM", terminal.pid());
    assert_eq!(terminal.ends_unread(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[test]
fn failure_is_printed_after_the_screen() {
    let local = quiet();
    let url = local.exchange.rest_url();
    let demo = local.exchange.credentials();
    let args = ["top", "--rest-url", &url, "--ws-key", SPOT];
    let wrong = authorised(
        command(&args),
        &demo.key,
        "b1b2c3d4-demo-4e5f-8a6b-7c8d9e0f1a2b",
        &demo.passphrase,
    );
    let (status, _, output) = Terminal::start_with_keys(wrong, (80, 24)).end();
    assert_eq!(status, Some(3), "{output}");
    assert!(output.contains(LEAVE), "{output}");
}

#[test]
fn without_a_terminal_is_wrong_usage() {
    let output = run(command(&["top", "--demo"]));
    assert_eq!(output.status, Some(2));
    assert!(
        output.stderr.contains("watch --account"),
        "{}",
        output.stderr
    );
    let mut dumb = command(&["top", "--demo"]);
    dumb.env("TERM", "dumb");
    assert_eq!(run(dumb).status, Some(2));
}
