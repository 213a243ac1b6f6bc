//! Screens of several sizes, of states that literal frames and the local exchange lead to.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::kept::{AccountBook, FrameInfo};
use kucoin_streams::{
    AccountPart, AccountSettings, AccountState, Credentials, Decimal, Hosts, Kucoin, Timestamp,
    WsKey, pro, v1,
};
use kucoin_streams_exchange::{Exchange, Side};
use ratatui_core::backend::TestBackend;
use ratatui_core::style::Modifier;
use ratatui_core::terminal::Terminal;

use super::*;
use crate::top::gaps::GapEntry;
use crate::top::log::LogEntry;
use crate::top::view::{Choice, ConnectionStatus, ConnectionView, Latency};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

/// Pushes of every kind, of V1 and Pro V2.
const FRAMES: &str = concat!(
    include_str!("../../../tests/fixtures/v1.ndjson"),
    include_str!("../../../tests/fixtures/pro.ndjson"),
    include_str!("../../../tests/fixtures/hedge.ndjson")
);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos((1_764_000_000 + seconds) * 1_000_000_000)
}

/// A book with the state that these frames lead to. No part is live.
fn book(frames: &str) -> AccountBook {
    let topics = [
        (WsKey::SpotPrivateV1, "/spotMarket/tradeOrdersV2"),
        (WsKey::SpotPrivateV1, "/account/balance"),
        (WsKey::FuturesPrivateV1, "/contractMarket/tradeOrders"),
        (WsKey::FuturesPrivateV1, "/contract/positionAll"),
    ];
    let mut book = AccountBook::new(AccountSettings::default(), topics, at(0));
    for frame in frames.lines() {
        let is_pro = frame.contains("\"T\":");
        if is_pro {
            let push = pro::decode(frame).unwrap().unwrap();
            let info = FrameInfo::live(WsKey::PrivateProV2, push.topic.as_str(), at(1));
            book.on_pro(&info, &push.event);
        } else {
            let push = v1::decode(frame).unwrap().unwrap();
            let ws_key = match push.topic.starts_with("/contract") {
                true => WsKey::FuturesPrivateV1,
                false => WsKey::SpotPrivateV1,
            };
            let info = FrameInfo::live(ws_key, push.topic.as_str(), at(1));
            book.on_v1(&info, &push.event);
        }
    }
    book
}

fn view(state: Option<AccountState>) -> View {
    View {
        title: "demo account".to_owned(),
        now: at(60),
        state: state.map(Arc::new),
        connections: vec![
            connection(WsKey::SpotPrivateV1, ConnectionStatus::Connected),
            connection(WsKey::FuturesPrivateV1, ConnectionStatus::Connecting),
        ],
        gaps: Vec::new(),
        log: Vec::new(),
        choice: Choice::default(),
        is_redraw: false,
        is_coloured: true,
    }
}

fn connection(ws_key: WsKey, status: ConnectionStatus) -> ConnectionView {
    ConnectionView {
        ws_key,
        status,
        events_per_second: 12.5,
        events: 1_234_567,
        recovered: 15,
        gaps: 1,
        latency: Some(Latency {
            error: Duration::from_micros(1_250),
            median: Duration::from_millis(2),
            p99: Duration::from_millis(35),
        }),
        rotated_at: None,
    }
}

fn drawn(view: &View, (columns, rows): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let frame = terminal.draw(|frame| screen(frame.buffer_mut(), view));
    frame.unwrap().buffer.clone()
}

/// The text of each line, without the second cell of wide characters.
fn lines(buffer: &Buffer) -> Vec<String> {
    let mut lines = Vec::new();
    for y in 0..buffer.area.height {
        let (mut line, mut x) = (String::new(), 0);
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol))
                .unwrap()
                .max(1);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// The lines of each pane in turn.
fn panes_of(view: &View, size: (u16, u16)) -> Vec<String> {
    let mut all = Vec::new();
    for pane in Pane::ALL {
        let mut view = view.clone();
        view.choice.show(pane);
        all.extend(lines(&drawn(&view, size)));
    }
    all
}

#[track_caller]
fn line_with<'l>(lines: &'l [String], word: &str) -> &'l str {
    let line = lines.iter().find(|line| line.contains(word));
    line.unwrap_or_else(|| panic!("no {word} in\n{}", lines.join("\n")))
}

#[test]
fn every_kind_of_frame_fits_each_size() {
    let state = book(FRAMES).state();
    assert!(state.open_orders().count() > 1);
    for size in SIZES {
        let shown = panes_of(&view(Some(state.clone())), size);
        for word in ["SOL-USDT", "币安人生USDTM", "ORDERS", "HISTORY", "BALANCES"] {
            line_with(&shown, word);
        }
    }
}

#[test]
fn wide_symbols_keep_the_columns_aligned() {
    let wide = r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange","data":{"symbol":"币安人生USDTM","side":"sell","orderType":"limit","orderId":"b","orderTime":1764000000123,"price":"0.125","originSize":"100","type":"open","status":"open","size":"100","filledSize":"0","remainSize":"100","ts":1764000000124000000}}"#;
    let narrow = wide
        .replace("币安人生USDTM", "KCS-USDT")
        .replace(r#""b""#, r#""a""#);
    let state = book(&format!("{wide}\n{narrow}")).state();
    let buffer = drawn(&view(Some(state)), (80, 24));
    let x_of_price = |symbol: &str| {
        let y = lines(&buffer)
            .iter()
            .position(|line| line.contains(symbol))
            .unwrap();
        let y = u16::try_from(y).unwrap();
        (0..80).find(|x| buffer[(*x, y)].symbol() == ".").unwrap()
    };
    assert_eq!(x_of_price("币安人生USDTM"), x_of_price("KCS-USDT"));
}

#[test]
fn hostile_text_is_drawn_without_control_characters() {
    let hostile = r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange","data":{"symbol":"A\u001b[2J\u202eB\u009b1m\n","side":"se\u0007ll","orderType":"li\rmit","orderId":"a\u001b]0;x\u0007","orderTime":1764000000123,"price":"0.125","originSize":"100","type":"open","status":"open","size":"100","filledSize":"0","remainSize":"100","ts":1764000000124000000}}"#;
    let mut view = view(Some(book(hostile).state()));
    view.title = "a\u{1b}[2Jb".to_owned();
    view.log.push(LogEntry {
        at: at(2),
        ws_key: None,
        is_warning: true,
        text: "x\u{1b}[31m\ty\u{202e}".to_owned(),
    });
    view.connections[0].status = ConnectionStatus::Closed {
        reason: "c\u{9b}1m".to_owned(),
    };
    for size in SIZES {
        let shown = panes_of(&view, size);
        let text = shown.concat();
        assert!(!text.contains(char::is_control), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
        line_with(&shown, "A\u{fffd}[2J\u{fffd}B");
    }
}

#[test]
fn rows_of_a_part_that_is_not_live_are_dimmed_and_marked() {
    let mut book = book(FRAMES);
    book.on_end("closed by the user", at(30));
    let view = view(Some(book.state()));
    let buffer = drawn(&view, (80, 24));
    let lines = lines(&buffer);
    let y = lines.iter().position(|line| line.starts_with('?')).unwrap();
    let style = buffer[(1, u16::try_from(y).unwrap())].style();
    assert!(style.add_modifier.contains(Modifier::DIM));
    line_with(&lines, "orders stale");
    line_with(&lines, "stale: ended: closed by the user");
}

#[test]
fn empty_account_says_so() {
    for size in SIZES {
        let shown = panes_of(&view(Some(AccountState::default())), size);
        for word in [
            "no open order",
            "no open position",
            "no balance",
            "no fill",
            "no event",
        ] {
            line_with(&shown, word);
        }
    }
    let starting = lines(&drawn(&view(None), (80, 24)));
    line_with(&starting, "Reading the state of the account");
}

#[test]
fn header_shows_each_connection() {
    let mut view = view(Some(AccountState::default()));
    view.connections[1].status = ConnectionStatus::Reconnecting {
        attempt: 3,
        next_at: at(61),
        cause: "connection reset".to_owned(),
    };
    for size in SIZES {
        let shown = lines(&drawn(&view, size));
        let spot = line_with(&shown, " spot ");
        let recovered = match size.0 {
            80 => "1,234,567 events +15",
            _ => "15 recovered",
        };
        for word in [
            "connected",
            "12.5/s",
            "1,234,567 events",
            recovered,
            "1 gap",
        ] {
            assert!(spot.contains(word), "{spot}");
        }
        let futures = line_with(&shown, " futures ");
        assert!(
            futures.contains("attempt 3 in 1.0 s: connection reset"),
            "{futures}"
        );
        assert!(spot.ends_with("p50 2.0 p99 35 ms ±1.2"), "{spot}");
    }
}

#[test]
fn gap_says_whether_it_is_closed_and_what_is_missing() {
    let gap = |second: i64, closed_at, missing: &[&str]| GapEntry {
        ws_key: WsKey::SpotPrivateV1,
        at: at(second),
        cause: "disconnected: reset".to_owned(),
        parts: vec![AccountPart::Orders],
        open: Vec::new(),
        closed_at,
        missing: missing.iter().map(ToString::to_string).collect(),
    };
    let mut view = view(Some(AccountState::default()));
    view.choice.show(Pane::Events);
    view.gaps = vec![
        gap(1, Some(at(5)), &[]),
        gap(10, Some(at(12)), &["fills of spot"]),
        gap(20, None, &[]),
    ];
    let shown = lines(&drawn(&view, (200, 50)));
    for word in [
        "16:00:01 spot   gap in orders: disconnected: reset; closed after 4 s, nothing is missing",
        "closed after 2 s, missing: fills of spot",
        "not closed yet",
    ] {
        line_with(&shown, word);
    }
}

#[test]
fn small_terminals_never_panic() {
    let view = view(Some(book(FRAMES).state()));
    for columns in [1, 10, 79, 80, 81] {
        for rows in [1, 2, 23, 24, 25] {
            let shown = lines(&drawn(&view, (columns, rows)));
            let is_small = columns < MIN_COLUMNS || rows < MIN_ROWS;
            assert_eq!(
                !shown[0].contains("kucoin-streams top"),
                is_small,
                "{columns}x{rows}"
            );
        }
    }
    line_with(
        &lines(&drawn(&view, (60, 10))),
        "terminal too small: 60x10, at least 80x24",
    );
}

#[test]
fn long_list_is_scrolled_within_its_rows() {
    let one = r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange","data":{"symbol":"KCS-USDT","side":"buy","orderType":"limit","orderId":"ID","orderTime":TIME,"price":"PRICE","originSize":"1","type":"open","status":"open","size":"1","filledSize":"0","remainSize":"1","ts":TIME000000}}"#;
    let frames: Vec<String> = (0..50)
        .map(|at| {
            let frame = one.replace("ID", &format!("order{at}"));
            let frame = frame.replace("TIME", &(1_764_000_000_000_i64 - at).to_string());
            frame.replace("PRICE", &(100 + at).to_string())
        })
        .collect();
    let mut view = view(Some(book(&frames.join("\n")).state()));
    view.choice.show(Pane::Orders);
    let size = Size::new(80, 24);
    let last = last_first_row(&view, size);
    assert!((20..50).contains(&last), "{last}");
    line_with(&lines(&drawn(&view, (80, 24))), "1 Orders 50");
    line_with(&lines(&drawn(&view, (120, 24))), " of 50");
    view.choice.scroll(crate::top::keys::Scroll::End, last);
    line_with(&lines(&drawn(&view, (80, 24))), " 149 ");
    view.choice.scroll(crate::top::keys::Scroll::Up, last);
    assert_eq!(view.choice.scroll[0], last - 1);
}

#[test]
fn without_colours_no_cell_has_one() {
    let mut view = view(Some(book(FRAMES).state()));
    view.is_coloured = false;
    let buffer = drawn(&view, (120, 40));
    let plain = ratatui_core::style::Color::Reset;
    assert!(
        buffer
            .content
            .iter()
            .all(|cell| cell.fg == plain && cell.bg == plain)
    );
}

/// The kept state of the demo account, with an order that is open and one that is filled.
#[tokio::test]
async fn live_account_has_no_marks() {
    let exchange = Exchange::builder().event_rate(0.0).start().await.unwrap();
    let market = exchange.account();
    let price = market.last_price("KCS-USDT").unwrap() - Decimal::ONE;
    market
        .place_limit("KCS-USDT", Side::Buy, price, 7.into())
        .unwrap();
    let demo = exchange.credentials();
    let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap();
    let kucoin = Kucoin::builder()
        .credentials(credentials)
        .hosts(Hosts::local(&exchange.rest_url()).unwrap())
        .build()
        .unwrap();
    let ws_keys = [WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1];
    let account = kucoin.account().ws_keys(ws_keys).await.unwrap();
    let view = view(Some(AccountState::clone(&account.state())));
    for size in SIZES {
        let shown = lines(&drawn(&view, size));
        line_with(&shown, "orders live");
        let order = line_with(&shown, "KCS-USDT");
        assert!(order.starts_with(" KCS-USDT buy  limit"), "{order}");
        assert!(
            !shown.iter().any(|line| line.starts_with('?')),
            "{}",
            shown.join("\n")
        );
    }
    kucoin.close().await;
}
