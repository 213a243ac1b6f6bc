//! Lines of every kind of event, their width, and that text from the server cannot control the terminal.

use kucoin_streams::{pro, v1};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::*;

/// Pushes of every kind, of both protocols.
const FRAMES: &str = concat!(
    include_str!("../../../tests/fixtures/v1.ndjson"),
    include_str!("../../../tests/fixtures/pro.ndjson"),
    include_str!("../../../tests/fixtures/hedge.ndjson")
);

/// The lines of these frames, without the time and alignment.
const LINES: &str = "\
received SOL-USDT sell limit 4.5 @ 151.20 …020304
open SOL-USDT sell limit 4.5 @ 151.20 resting …020304
match SOL-USDT sell limit 1.25 @ 151.20 maker filled 1.25 of 4.5 …020304
update SOL-USDT sell limit 4 @ 151.20 was 4.5 …020304
filled SOL-USDT sell limit 4 @ 151.20 filled 4 …020304
filled SOL-USDT buy market for 25 @ market filled 0.1653 …020305
balance USDT trade_hf.hold available 1,331.132773386762 -188.5005 hold 189.001 +188.5005
balance SOL isolated_SOL-USDT.transfer available 0.0003756477864777482 hold 0
stop SOL-USDT sell triggered 2 @ market loss at 140.5 …3rbl3r failed: insufficient balance
trade BTC-USDT buy 0.00021 @ 91,234.5 taker …020306 maker …020307
fill SOL-USDT buy market 0.1653 @ 151.2 fee 0.0124999999999999999 USDT (0.1 %) …020305
debt ratio 86.12 % debt 0.01063 BTC of 0.01234567890123456789 960.25 USDT
margin cross margin account: frozen for liquidation
isolated BTC-USDT IN_BORROW USER_BORROW BTC 0.5, USDT 150.7 hold 10 owed 150.7 interest 0.00001
open XBTUSDTM buy 30 ct @ 90,000 cross …000001
match XBTUSDTM buy limit 12 ct @ 90,000 maker filled 30 cross …000001
update XBTUSDTM buy limit 20 ct @ 90,000 was 30 cross …000001
filled XBTUSDTM buy market 30 ct @ market filled 30 cross …000001
match XBTUSDTM buy market 10 ct @ 88,000.1 taker filled 10 of 30 cross …000001 LIQUIDATION
stop XBTUSDTM sell triggered 5 ct @ market down at 88,000 (mark price) isolated …000009
wallet USDT equity 4,988.1 available 4,100.5 cross profit -12.15 cross positions 870.2 cross orders 17.4
wallet XBT order margin 0.1508547741
wallet USDT available 7,612 hold 3,557
wallet USDT withdraw hold 3,923
event {\"currency\":\"USDT\",\"bonus\":12.50,\"timestamp\":1764000026005}
position XBTUSDTM short 30 ct @ 90,000 mark 90,400.123 unrealised -12.00369 USDT (-4.45 %) realised -1.62 10x cross liquidation 98,765.4
position XBTUSDTM flat realised +37.125 isolated LIQUIDATION
mark ETHUSDTM 3,012.35 unrealised 1.235
funding XBTUSDTM paid 0.0623763 USDT rate -0.0023 % on -30 ct at 90,400.5
funding ? received 0.25 XBT rate 0.01 % on 100 ct at 2,640.45
risk limit XBTUSDTM refused level 2 margin is too low
margin mode XBTUSDTM CROSS, ETHUSDTM ISOLATED
leverage XBTUSDTM 8x, ETHUSDTM 12.5x
open SOL-USDT sell limit 4.5 @ 151.20 …400001
match SOL-USDT sell limit 1.25 @ 151.20 maker filled 1.25 of 4.5 …400001
filled XBTUSDTM buy market 3 ct @ 90,000.1 taker filled 3 …400002 of …400003
open XBTUSDTM buy market 3 ct @ market trigger at 90,000 …400003
triggered XBTUSDTM buy market 3 ct @ market …400003
canceled SOL-USDT buy limit 2 @ 140 filled 0.5 …020304 USER
fill XBTUSDTM sell market 3 @ 90,100.5 taker fee 0.1621 USDT …400002 closed +0.3012
fill XBTUSDTM sell 5 @ 88,000 taker fee 0 USDT LIQUID
fill DOGE-USDT buy market 10 @ 0.04732 taker …400009
position XBTUSDTM short 30 ct @ 90,000 mark 90,400.123 unrealised -12.00369 realised -1.62 10x cross liquidation 98,765.4
position XBTUSDTM flat realised +37.125 cross id …000001
balance USDT UNIFIED available 300.125 hold 50.06 total 412.25 owed 12 equity 400.5
warning margin call, risk 84.47 % equity 11,130.23 maintenance margin 3,348.80 owed 26,626.37
leverage XBTUSDTM 5x cross
position XBTUSDTM long 7 ct @ 68,001.5 mark 68,007.5 unrealised +4.2 3x cross
position XBTUSDTM short 3 ct @ 68,001.5 mark 68,007.5 unrealised -1.8 3x cross
position XBTUSDTM short flat realised -2.75 cross
mark XBTUSDTM long cross 68,010.1 unrealised 6.02
funding XBTUSDTM short isolated received 0.0204 USDT rate 0.01 % on -3 ct at 68,010.1
position ETHUSDTM long 2 ct @ 3,000 mark 3,000 unrealised 0 5x isolated
position ETHUSDTM flat cross
match 币安人生USDTM sell limit 1,000 ct @ 0.13425 maker filled 1,000 of 12,000 long cross …000011
open XBTUSDTM buy limit 3 ct @ 67,000 short isolated …000012
stop XBTUSDTM buy open 3 ct @ 70,000 up at 69,500 (mark price) short cross …000013
filled XBTUSDTM sell market 2 ct @ 68,000.1 taker filled 2 long cross …000014
open 币安人生USDTM buy limit 100 ct @ 0.125 short isolated …000015
fill XBTUSDTM sell market 2 @ 68,000.1 taker fee 0.0816 USDT long cross …000014 closed -1.25
position XBTUSDTM short 3 ct @ 68,001.5 mark 68,010.1 unrealised -0.0258 realised -0.1 3x cross liquidation 91,000
position XBTUSDTM long flat realised +1.5 cross
position XBTUSDTM flat realised 0 isolated id …081574
";

fn decoded(frame: &str) -> Option<AnyEvent> {
    match frame.contains("\"T\":") {
        true => Some(AnyEvent::Pro(pro::decode(frame).ok()??.event)),
        false => Some(AnyEvent::V1(v1::decode(frame).ok()??.event)),
    }
}

fn line(painter: Painter, marked: bool, frame: &str) -> Option<String> {
    line_of(painter, marked, None, frame)
}

fn line_of(painter: Painter, marked: bool, columns: Option<usize>, frame: &str) -> Option<String> {
    let event = decoded(frame)?;
    let ws_key = match &event {
        AnyEvent::V1(v1::V1Event::Spot(_)) => WsKey::SpotPrivateV1,
        AnyEvent::V1(_) => WsKey::FuturesPrivateV1,
        _ => WsKey::PrivateProV2,
    };
    let content = super::event(&event);
    let pretty = pretty(painter, marked, columns);
    Some(pretty.line(
        Some(Timestamp::from_nanos(0)),
        LineSource::Live,
        ws_key,
        content,
    ))
}

fn pretty(painter: Painter, marked: bool, columns: Option<usize>) -> Pretty {
    Pretty {
        painter,
        width: Width::Fixed(columns),
        marked,
        lifecycle: LifecycleLines::default(),
        state: StateRows::default(),
    }
}

#[test]
fn every_kind_of_event_has_its_line() {
    for (frame, expected) in FRAMES.lines().zip(LINES.lines()) {
        let line = line(Painter::plain(), false, frame).unwrap();
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        assert_eq!(words.join(" "), expected);
    }
    assert_eq!(FRAMES.lines().count(), LINES.lines().count());
}

#[test]
fn forced_changes_are_highlighted() {
    let loud: Vec<&str> = FRAMES
        .lines()
        .zip(LINES.lines())
        .filter(|(frame, _)| {
            let decoded = decoded(frame).unwrap();
            event(&decoded).style == Style::Alarm
        })
        .map(|(_, line)| line)
        .collect();
    let expected = [
        "debt ratio 86.12 %",
        "margin cross margin",
        "match XBTUSDTM buy market",
        "position XBTUSDTM flat",
        "fill XBTUSDTM sell 5",
        "warning margin call",
    ];
    assert_eq!(loud.len(), expected.len(), "{loud:?}");
    for (loud, expected) in loud.iter().zip(expected) {
        assert!(loud.starts_with(expected), "{loud}");
    }
}

/// Inserts control characters before every text in `data`, including symbols and currencies in keys.
fn poison(data: &mut Value) {
    match data {
        Value::String(text) => text.insert_str(0, "\u{1b}[2J\u{9b}\n"),
        Value::Array(items) => items.iter_mut().for_each(poison),
        Value::Object(members) => {
            members.values_mut().for_each(poison);
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names
                .into_iter()
                .filter(|name| name == &name.to_uppercase())
            {
                if let Some(value) = members.remove(&name) {
                    members.insert(format!("\u{1b}[2J\u{9b}{name}"), value);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn event_text_cannot_control_the_terminal() {
    for frame in FRAMES.lines() {
        let whole: Value = serde_json::from_str(frame).unwrap();
        let mut all = whole.clone();
        let data = if whole["d"].is_object() { "d" } else { "data" };
        poison(&mut all[data]);
        // Also one by one: an event whose kind is poisoned shows no other field.
        let names = whole[data].as_object().unwrap().keys();
        let one_by_one = names.map(|name| {
            let mut one = whole.clone();
            poison(&mut one[data][name]);
            (name.as_str(), one)
        });
        for (name, frame) in std::iter::once(("", all)).chain(one_by_one) {
            match line(Painter::plain(), true, &frame.to_string()) {
                Some(line) => assert!(!line.contains(char::is_control), "{line:?}"),
                // Without these fields a match cannot be decoded: its frame is a gap.
                None => assert!(["matchPrice", "matchSize"].contains(&name), "{frame}"),
            }
        }
    }
}

#[test]
fn time_of_day_has_milliseconds() {
    let at = Timestamp::from_nanos(1_730_848_317_836_999_999);
    assert_eq!(time_of_day(at), "23:11:57.836");
}

#[test]
fn line_names_its_connection_if_there_are_several() {
    for frame in FRAMES.lines() {
        let [alone, marked] =
            [false, true].map(|marked| line(Painter::plain(), marked, frame).unwrap());
        let mut words: Vec<&str> = marked.split_whitespace().collect();
        let mark = words.remove(1);
        assert_eq!(words, alone.split_whitespace().collect::<Vec<_>>());
        let whole: Value = serde_json::from_str(frame).unwrap();
        let expected = match whole["topic"].as_str() {
            None => "pro",
            Some(topic) if topic.starts_with("/contract") => "futures",
            Some(_) => "spot",
        };
        assert_eq!(mark, expected, "{marked}");
    }
}

/// The widths that a line must fit, with and without the name of its connection.
fn widths() -> impl Iterator<Item = (usize, bool)> {
    let widths = [80, 100, 120, 140].into_iter();
    widths.flat_map(|columns| [(columns, false), (columns, true)])
}

#[track_caller]
fn assert_fits(line: &str, columns: usize) {
    assert!(
        line.lines().all(|line| line.width() <= columns),
        "{columns}: {line}"
    );
}

#[test]
fn lines_fit_the_terminal_and_no_number_is_cut() {
    for (columns, marked) in widths() {
        for frame in FRAMES.lines() {
            let line = line_of(Painter::plain(), marked, Some(columns), frame).unwrap();
            assert_fits(&line, columns);
            let is_unknown = line.contains("  event ") || line.contains(" event ");
            let after_digit = line.split('…').next().unwrap_or_default();
            let is_cut =
                line.contains('…') && after_digit.ends_with(|last: char| last.is_numeric());
            assert!(is_unknown || !is_cut, "{columns}: {line}");
        }
    }
}

#[test]
fn long_texts_and_numbers_fit_too() {
    let long = "9".repeat(60);
    for frame in FRAMES.lines() {
        let whole: Value = serde_json::from_str(frame).unwrap();
        let data = if whole["d"].is_object() { "d" } else { "data" };
        for name in whole[data].as_object().unwrap().keys() {
            let mut frame = whole.clone();
            frame[data][name] = format!("{}{long}", "币".repeat(30)).into();
            let text = frame.to_string();
            frame[data][name] = "79228162514264.337593543950335".into();
            for frame in [text, frame.to_string()] {
                for (columns, marked) in widths() {
                    // A match with an invalid field has no line.
                    if let Some(line) = line_of(Painter::plain(), marked, Some(columns), &frame) {
                        assert_fits(&line, columns);
                    }
                }
            }
        }
    }
}

/// The words that distinguish the positions of a contract.
const LEGS: [&str; 5] = ["both", "long", "short", "cross", "isolated"];

#[test]
fn leg_is_shown_at_any_width_in_hedge_mode() {
    for frame in FRAMES.lines() {
        let whole: Value = serde_json::from_str(frame).unwrap();
        let data = if whole["d"].is_object() { "d" } else { "data" };
        let word = |names: [&str; 2]| {
            let found = names
                .into_iter()
                .find_map(|name| whole[data][name].as_str());
            found
                .map(str::to_lowercase)
                .filter(|word| LEGS.contains(&word.as_str()))
        };
        let side = word(["positionSide", "pS"]);
        let mode = word(["marginMode", "mM"]);
        for (columns, marked) in widths() {
            let line = line_of(Painter::plain(), marked, Some(columns), frame).unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(!words.contains(&"both"), "{line}");
            for word in [&side, &mode].into_iter().flatten() {
                assert!(
                    word == "both" || words.contains(&word.as_str()),
                    "{columns}: {line}"
                );
            }
        }
    }
}

/// The words of the line of a frame, including continuation lines.
fn words_of(columns: usize, marked: bool, frame: &str) -> Vec<String> {
    let line = line_of(Painter::plain(), marked, Some(columns), frame).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn order_id_is_shown_at_any_width() {
    for (frame, line) in FRAMES.lines().zip(LINES.lines()) {
        let Some(id) = line.split(' ').find(|word| word.starts_with('…')) else {
            continue;
        };
        // Market matches show the orders of other accounts.
        for (columns, marked) in widths().filter(|_| !line.starts_with("trade ")) {
            let words = words_of(columns, marked, frame);
            assert!(words.iter().any(|word| word == id), "{columns}: {words:?}");
        }
    }
}

#[test]
fn details_of_orders_depend_on_the_width_only() {
    for (columns, marked) in widths() {
        for (label, details) in [
            ("open ", ["limit", "market"]),
            ("match ", ["maker", "taker"]),
        ] {
            // The first order of this kind: its numbers are not unusually long.
            let mut orders = FRAMES.lines().zip(LINES.lines());
            let (frame, _) = orders.find(|(_, line)| line.starts_with(label)).unwrap();
            let words = words_of(columns, marked, frame);
            let is_shown = words.iter().any(|word| details.contains(&word.as_str()));
            assert_eq!(is_shown, columns > 80 || !marked, "{columns}: {words:?}");
        }
    }
}

#[test]
fn order_type_of_matches_depends_on_the_width_only() {
    for (columns, marked) in widths() {
        let trades = FRAMES.lines().zip(LINES.lines());
        let trades = trades.filter(|(_, line)| line.starts_with("match "));
        let mut named: Vec<bool> = trades
            .map(|(frame, _)| {
                let words = words_of(columns, marked, frame);
                words.iter().any(|word| word == "limit" || word == "market")
            })
            .collect();
        named.dedup();
        assert_eq!(named, [columns >= 120], "{columns}");
    }
}

#[test]
fn balance_shows_its_account_at_any_width() {
    let (frame, _) = FRAMES
        .lines()
        .zip(LINES.lines())
        .find(|(_, line)| line.starts_with("balance SOL isolated_SOL-USDT"))
        .unwrap();
    for amount in [
        "0.49",
        "1234567.123456789012345678",
        "123456789012345678901.5",
    ] {
        let mut whole: Value = serde_json::from_str(frame).unwrap();
        whole["data"]["available"] = amount.into();
        whole["data"]["hold"] = amount.into();
        for (columns, marked) in widths() {
            let frame = whole.to_string();
            let line = line_of(Painter::plain(), marked, Some(columns), &frame).unwrap();
            assert_fits(&line, columns);
            assert!(line.contains("isolated_SOL-USDT"), "{columns}: {line}");
            for label in ["available", "hold"] {
                assert!(!line.lines().any(|line| line.ends_with(label)), "{line}");
            }
        }
    }
}

#[test]
fn market_buy_by_funds_is_filled_if_funds_are_used_up() {
    let frame = |amounts: &str| {
        format!(
            r#"{{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange","data":{{"symbol":"SOL-USDT","side":"buy","orderType":"market","orderId":"66f0a1b2c3d4e5f601020305","orderTime":1764000004000,"type":"canceled","status":"done","ts":1764000004002000000,{amounts}}}}}"#
        )
    };
    for (amounts, expected) in [
        (
            r#""funds":"320","remainFunds":"0","filledSize":"27.8848","remainSize":"0""#,
            "filled SOL-USDT buy market for 320 @ market filled 27.8848 …020305",
        ),
        (
            r#""originFunds":"320","canceledFunds":"0","filledSize":"27.8848""#,
            "filled SOL-USDT buy market for 320 @ market filled 27.8848 …020305",
        ),
        (
            r#""funds":"320","remainFunds":"12.5","filledSize":"26.79""#,
            "canceled SOL-USDT buy market for 320 @ market filled 26.79 …020305 12.5 unspent",
        ),
        (
            r#""funds":"320","remainFunds":"320","filledSize":"0""#,
            "canceled SOL-USDT buy market for 320 @ market filled 0 …020305 320 unspent",
        ),
        // Not by funds.
        (
            r#""size":"3","remainFunds":"0","filledSize":"1","canceledSize":"2""#,
            "canceled SOL-USDT buy market 3 @ market filled 1 …020305",
        ),
    ] {
        let line = line(Painter::plain(), false, &frame(amounts)).unwrap();
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        assert_eq!(words.join(" "), expected);
    }
}

#[test]
fn colours_take_no_columns() {
    let coloured = Painter::coloured();
    for frame in FRAMES.lines() {
        for (columns, marked) in widths() {
            let line = line_of(coloured, marked, Some(columns), frame).unwrap();
            let mut plain = String::new();
            for (at, piece) in line.split('\u{1b}').enumerate() {
                let text = if at == 0 {
                    piece
                } else {
                    piece.split_once('m').unwrap().1
                };
                plain.push_str(text);
            }
            let expected = line_of(Painter::plain(), marked, Some(columns), frame).unwrap();
            assert_eq!(plain, expected);
        }
    }
}

/// The column at which a word starts in the line of a frame.
#[track_caller]
fn column(frame: &str, word: &str) -> usize {
    let line = line(Painter::plain(), true, frame).unwrap();
    let at = line.find(word).unwrap_or_else(|| panic!("{word}: {line}"));
    line[..at].chars().count()
}

#[test]
fn v1_and_pro_v2_use_the_same_columns() {
    let of = |start: &str| {
        let frame = FRAMES.lines().zip(LINES.lines());
        let found = frame.filter(|(_, line)| line.starts_with(start));
        found.map(|(frame, _)| frame).collect::<Vec<_>>()
    };
    for (start, words) in [
        (
            "open SOL-USDT",
            &["SOL-USDT", "sell", "limit", "@", "…"][..],
        ),
        (
            "match SOL-USDT",
            &["SOL-USDT", "sell", "limit", "@", "maker", "filled", "…"],
        ),
        (
            "position XBTUSDTM short 30",
            &["XBTUSDTM", "short", "@", "mark"],
        ),
        ("balance USDT", &["USDT", "available"]),
    ] {
        let [v1, pro] = of(start)[..] else {
            panic!("{start} is not there twice");
        };
        for word in words {
            assert_eq!(column(v1, word), column(pro, word), "{word} of {start}");
        }
    }
}

#[test]
fn match_shows_its_fill_progress_at_any_width() {
    let frames = FRAMES.lines().zip(LINES.lines());
    let matches = frames.filter(|(_, line)| line.starts_with("match "));
    let mut count = 0;
    for (frame, _) in matches {
        count += 1;
        for (columns, marked) in widths() {
            let words = words_of(columns, marked, frame);
            assert!(words.iter().any(|word| word == "filled"), "{words:?}");
        }
    }
    assert!(count > 3);
}
