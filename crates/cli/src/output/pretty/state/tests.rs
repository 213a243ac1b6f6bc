//! Lines of rows of every kind, their folding, and that text from the server cannot control the terminal.

use serde_json::Value;

use super::*;
use crate::output::pretty::paint::Painter;
use crate::output::pretty::width::Width;
use crate::output::pretty::{LifecycleLines, LineSource, Pretty};

/// Rows of every endpoint, with the topics that they belong to.
const ROWS: &str = include_str!("../../../../tests/fixtures/state.ndjson");

/// Their lines, without the time and alignment.
const LINES: &str = "\
open SOL-USDT sell limit 4.5 @ 151.20 filled 1.25 of 4.5 …e10001
open BTC-USDT buy limit 0.01 @ 80,000 …e10002
open XBTUSDTM buy limit 30 ct @ 90,000 filled 12 of 30 long cross …800001
open ETH-USDT buy limit 2 @ 3,000 filled 0.5 of 2 …740001
open ETHUSDTM sell limit 13 ct @ 3,500 isolated …740002
stop SOL-USDT sell open 2 @ market loss at 140.5 …3b0001
stop XBTUSDTM buy open 3 ct @ 70,000 up at 69,500 (mark price) short isolated …800002
balance USDT trade available 1,142.13 hold 189
balance BTC margin available 0.75 hold 0.25
balance USDT margin available 0 hold 0 owed 150.7
balance SOL isolated_SOL-USDT available 10 hold 0
debt ratio 20 % debt 0.1 BTC of 0.5 150.7 USDT
isolated BTC-USDT IN_BORROW BTC 0.5, USDT 150.7 hold 10 owed 150.7 interest 0.3
wallet USDT equity 4,988.1 available 4,100.5 positions 870.2 orders 17.4
position XBTUSDTM short 30 ct @ 90,000 mark 90,400.123 unrealised -12.00369 USDT (-4.45 %) realised -1.62 10x cross liquidation 98,765.4
margin mode XBTUSDTM CROSS, ETHUSDTM ISOLATED
leverage XBTUSDTM 10x
position ETHUSDTM long 2 ct @ 3,000 mark 3,010 unrealised +0.2 5x isolated
balance USDT UNIFIED available 300.125 hold 50.06 total 412.25 owed 12 equity 400.5
balance KCS FUNDING available 7.5 hold 0 total 7.5
leverage XBTUSDTM 8x cross
account risk 2.72 % equity 11,130.23 maintenance margin 3,348.8 owed 26,626.37
state /contract/announcement {\"symbol\":\"XBTUSDTM\"}
";

fn row(json: &str) -> (String, String, String) {
    let row: Value = serde_json::from_str(json).unwrap();
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    // The row itself, with its digits.
    let data = json.split_once("\"data\":").unwrap().1;
    let data = data.strip_suffix('}').unwrap().to_owned();
    (text("topic"), text("source"), data)
}

/// The lines of all rows of one topic.
fn lines_of(columns: Option<usize>, rows: &[(String, String, String)]) -> Vec<String> {
    let mut state = StateRows::default();
    for (topic, source, data) in rows {
        let row = StateRow {
            topic,
            source,
            data,
        };
        state.add_row(WsKey::SpotPrivateV1, &row, Timestamp::from_nanos(0));
    }
    let pretty = Pretty {
        painter: Painter::plain(),
        width: Width::Fixed(columns),
        marked: true,
        lifecycle: LifecycleLines::default(),
        state: StateRows::default(),
    };
    let lines = state.take(WsKey::SpotPrivateV1).into_iter();
    let lines = lines.map(|(at, content)| {
        pretty.line(Some(at), LineSource::State, WsKey::SpotPrivateV1, content)
    });
    lines.collect()
}

#[test]
fn every_row_has_its_line() {
    let rows: Vec<_> = ROWS.lines().map(row).collect();
    let lines = lines_of(None, &rows);
    let words = lines.iter().map(|line| {
        assert!(line.starts_with("00:00:00.000= spot "), "{line}");
        let words: Vec<&str> = line.split_whitespace().skip(2).collect();
        words.join(" ")
    });
    let expected: Vec<&str> = LINES.lines().collect();
    assert_eq!(words.collect::<Vec<_>>(), expected);
}

#[test]
fn lines_fit_the_terminal() {
    use unicode_width::UnicodeWidthStr;
    for columns in [80, 100, 120, 140] {
        for line in lines_of(Some(columns), &ROWS.lines().map(row).collect::<Vec<_>>()) {
            assert!(line.lines().all(|line| line.width() <= columns), "{line}");
        }
    }
}

#[test]
fn rows_of_a_topic_are_folded_and_balances_of_the_trade_account_are_first() {
    let topic = || "/account/balance".to_owned();
    let isolated = row(ROWS
        .lines()
        .find(|row| row.contains("SOL-USDT\",\"status\":\"CLEAR"))
        .unwrap());
    let account = |number: usize| {
        let data = format!(
            r#"{{"id":"1","currency":"C{number}","type":"trade","balance":"1","available":"1","holds":"0"}}"#
        );
        (topic(), "/api/v1/accounts".to_owned(), data)
    };
    let main = {
        let (topic, source, data) = account(9);
        (topic, source, data.replace("trade", "main"))
    };
    let of = |count| {
        let rows = [main.clone(), isolated.clone()].into_iter();
        let rows: Vec<_> = rows.chain((0..count).map(account)).collect();
        lines_of(None, &rows)
    };
    let accounts = |lines: &[String]| -> Vec<String> {
        let words = lines.iter().map(|line| line.split_whitespace().skip(3));
        words
            .map(|mut words| words.next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(accounts(&of(2)), ["C0", "C1", "C9", "SOL"]);
    let lines = of(6);
    assert_eq!(lines.len(), 6);
    assert_eq!(accounts(&lines[..5]), ["C0", "C1", "C2", "C3", "C4"]);
    assert!(
        lines[5].ends_with("… 3 more of /account/balance"),
        "{}",
        lines[5]
    );
}

#[test]
fn server_text_cannot_control_the_terminal() {
    for json in ROWS.lines() {
        let (topic, source, data) = row(json);
        let mut fields: Value = serde_json::from_str(&data).unwrap();
        for (_, value) in fields.as_object_mut().unwrap() {
            if value.is_string() {
                *value = "a\u{1b}[2J\nb\u{9b}1m".into();
            }
        }
        for line in lines_of(Some(200), &[(topic, source, fields.to_string())]) {
            assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
}
