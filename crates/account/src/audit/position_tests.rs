//! Positions after a gap: the state may include the fills that were held back, or lack the last of them.

use std::time::Duration;

use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_recovery::SnapshotRow;

use super::{Audit, AuditSettings};
use crate::FrameInfo;

const KEY: WsKey = WsKey::FuturesPrivateV1;
const ORDERS: &str = "/contractMarket/tradeOrders";
const POSITIONS: &str = "/contract/positionAll";
const T0: i64 = 1_800_000_000_000;

fn ms(at: i64) -> Timestamp {
    Timestamp::from_nanos((T0 + at) * 1_000_000)
}

/// An audit after a gap; times are milliseconds.
struct Bench {
    audit: Audit,
    trades: u32,
}

impl Bench {
    fn new() -> Self {
        let mut audit = Audit::new(AuditSettings::default());
        audit.on_gap(Some(KEY));
        Self { audit, trades: 0 }
    }

    /// Takes the row of a query that took 10 ms.
    fn row(&mut self, at: i64, size: i64) -> &mut Self {
        let data = format!(r#"{{"symbol":"XBTUSDTM","currentQty":{size},"isOpen":true}}"#);
        let taken_at = (ms(at), ms(at + 10));
        let row = SnapshotRow::new((KEY, POSITIONS), "/api/v1/positions", taken_at, data);
        self.audit.on_snapshot(&row);
        self
    }

    fn live(&mut self, at: i64) -> &mut Self {
        self.audit.on_live(KEY, true, ms(at));
        // Another contract shows that both topics push.
        self.push(at + 1, POSITIONS, &position("ETHUSDTM", 0, at + 1));
        self
    }

    fn fill(&mut self, at: i64, size: i64) -> &mut Self {
        self.trades += 1;
        let (side, ts, trade) = (if size > 0 { "buy" } else { "sell" }, T0 + at, self.trades);
        let data = format!(
            r#""symbol":"XBTUSDTM","side":"{side}","orderId":"1","type":"match","status":"match","matchPrice":"60000","matchSize":"{}","tradeId":"{trade}","feeType":"takerFee","ts":{ts}000000"#,
            size.abs()
        );
        self.push(at, ORDERS, &data);
        self
    }

    fn position(&mut self, at: i64, size: i64) -> &mut Self {
        self.push(at, POSITIONS, &position("XBTUSDTM", size, at));
        self
    }

    fn push(&mut self, at: i64, topic: &'static str, data: &str) {
        let subject = match topic {
            POSITIONS => "position.change",
            _ => "orderChange",
        };
        let frame = format!(
            r#"{{"topic":"{topic}","type":"message","subject":"{subject}","data":{{{data}}}}}"#
        );
        let push = kucoin_streams_v1::decode(&frame).unwrap().unwrap();
        let info = FrameInfo::live(KEY, topic, ms(at));
        self.audit.on_v1(&info, &push.event);
        assert_eq!(self.audit.next(ms(at)), None);
    }

    /// Waits for all windows, and returns what was found.
    fn end(&mut self, at: i64) -> Vec<String> {
        let mut found = Vec::new();
        for seconds in 1..20 {
            let now = ms(at) + Duration::from_secs(seconds);
            while let Some(discrepancy) = self.audit.next(now) {
                found.push(discrepancy.amounts[0].to_string());
            }
        }
        found
    }
}

fn position(symbol: &str, size: i64, at: i64) -> String {
    let time = T0 + at;
    format!(
        r#""symbol":"{symbol}","currentQty":{size},"positionSide":"BOTH","changeReason":"positionChange","currentTimestamp":{time}"#
    )
}

/// A position of -9 that includes the sale of 8, which comes after it, is turned around.
#[test]
fn fill_in_the_state_does_not_explain_a_turned_position() {
    let mut bench = Bench::new();
    bench.row(2500, -9).live(2530).fill(0, 8);
    bench.fill(4800, 15).position(4801, 0).position(4802, 6);
    bench.fill(7400, -11).position(7401, 0).position(7402, -5);
    bench.fill(8500, -22).position(8501, -27);
    assert_eq!(bench.end(8501), [""; 0]);
}

#[test]
fn fills_in_the_state_do_not_explain_later_positions() {
    let mut bench = Bench::new();
    bench.row(2340, -21).live(2360);
    bench.fill(0, -19).fill(1, -34).fill(1100, 13).fill(1101, 7);
    bench.fill(2300, 5).fill(2400, 13).position(2401, -8);
    bench.fill(2402, 3).position(2403, -5);
    bench.fill(2404, 5).position(2405, 0);
    bench.fill(4100, -29).position(4101, -29);
    bench.fill(4102, -12).position(4103, -41);
    assert_eq!(bench.end(4103), [""; 0]);
}

#[test]
fn last_fills_may_be_missing_in_the_state() {
    for (first, in_state) in [(10, 0), (14, 4), (17, 7)] {
        let mut bench = Bench::new();
        bench.row(1000, first).live(1020).fill(990, 4).fill(1012, 3);
        if in_state < 7 {
            bench.position(1030, 17);
        }
        bench.fill(2000, 5).position(2001, 22);
        bench.fill(3000, -2).position(3001, 20);
        assert_eq!(bench.end(3001), [""; 0], "{in_state} in the state");
    }
}

/// A pushed position that was held back replaces the row: the fills before it may be in it.
#[test]
fn fills_may_be_in_a_position_that_was_held_back() {
    let mut bench = Bench::new();
    bench.row(1000, 46).live(2000);
    bench.position(1900, 53).fill(1901, 7).fill(1990, -11);
    bench.position(2010, 42).fill(3000, -6).position(3001, 36);
    bench.fill(9000, 7).position(9001, 43);
    assert_eq!(bench.end(9001), [""; 0]);
}

#[test]
fn slices_of_equal_size_are_explained_after_a_gap() {
    for is_in_state in [true, false] {
        let mut bench = Bench::new();
        let first = if is_in_state { 25 } else { 20 };
        bench.row(1000, first).live(1020).fill(900, 5);
        if !is_in_state {
            bench.position(1040, 25);
        }
        for slice in 1..20 {
            let at = 1000 + slice * 700;
            bench.fill(at, 5).position(at + 300, 25 + 5 * slice);
        }
        assert_eq!(bench.end(16_000), [""; 0], "in the state: {is_in_state}");
    }
}

#[test]
fn row_that_is_older_than_a_live_push_is_ignored() {
    let mut bench = Bench::new();
    bench.row(1000, 10).live(1020);
    bench.fill(21_005, 4).position(21_006, 14);
    bench.row(21_000, 10).live(21_020);
    bench.fill(22_000, 3).position(22_001, 17);
    bench.fill(28_000, 3).position(28_001, 20);
    assert_eq!(bench.end(28_001), [""; 0]);
}

#[test]
fn lost_pushes_after_a_gap_are_reported() {
    let after_gap = || {
        let mut bench = Bench::new();
        bench.row(1000, 10).live(1020).fill(990, 4);
        bench.fill(2000, 5).position(2001, 15);
        bench.fill(9000, 1).position(9001, 16);
        bench
    };
    assert_eq!(after_gap().fill(20_000, 5).end(20_000), ["-5 XBTUSDTM"]);
    assert_eq!(after_gap().position(20_000, 21).end(20_000), ["5 XBTUSDTM"]);
}
