//! Gaps: what came around them is not judged, and what comes after them is.

use std::time::Duration;

use kucoin_streams_core::{Timestamp, WsKey};

use super::{Audit, AuditSettings};
use crate::FrameInfo;

const KEY: WsKey = WsKey::SpotPrivateV1;
const ORDERS: &str = "/spotMarket/tradeOrdersV2";
const BALANCES: &str = "/account/balance";

struct Bench {
    audit: Audit,
    now: Timestamp,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            audit: Audit::new(AuditSettings::default()),
            now: Timestamp::from_nanos(1_800_000_000_000_000_000),
        };
        bench
            .push(ORDERS, fill("0"))
            .push(BALANCES, balance("BTC", 1, 0, ""));
        bench.push(BALANCES, balance("USDT", 1_000, 0, ""));
        bench.wait(10);
        bench
    }

    fn push(&mut self, topic: &'static str, data: String) -> &mut Self {
        self.take(topic, data, None)
    }

    fn take(
        &mut self,
        topic: &'static str,
        data: String,
        source: Option<&'static str>,
    ) -> &mut Self {
        let subject = if topic == BALANCES {
            "account.balance"
        } else {
            "orderChange"
        };
        let frame = format!(
            r#"{{"topic":"{topic}","type":"message","subject":"{subject}","data":{{{data}}}}}"#
        );
        self.now = self.now + Duration::from_millis(10);
        let mut info = FrameInfo::live(KEY, topic, self.now);
        info.source = source;
        let push = kucoin_streams_v1::decode(&frame).unwrap().unwrap();
        self.audit.on_v1(&info, &push.event);
        self
    }

    fn live(&mut self, is_complete: bool) -> &mut Self {
        self.now = self.now + Duration::from_secs(1);
        self.audit.on_live(KEY, is_complete, self.now);
        self
    }

    /// Waits, and returns the amounts that were found.
    fn wait(&mut self, seconds: u64) -> Vec<String> {
        self.now = self.now + Duration::from_secs(seconds);
        let mut found = Vec::new();
        while let Some(discrepancy) = self.audit.next(self.now) {
            let amounts = discrepancy.amounts.iter().map(ToString::to_string);
            found.push(amounts.collect::<Vec<_>>().join(", "));
        }
        found
    }
}

fn fill(trade_id: &str) -> String {
    format!(
        r#""symbol":"BTC-USDT","side":"buy","orderType":"limit","orderId":"o1","type":"match","status":"match","liquidity":"taker","feeType":"takerFee","matchPrice":"100","matchSize":"1","tradeId":"{trade_id}","ts":1800000000000000000"#
    )
}

fn balance(currency: &str, total: i64, change: i64, trade_id: &str) -> String {
    let context = match trade_id {
        "" => String::new(),
        _ => format!(r#""symbol":"BTC-USDT","orderId":"o1","tradeId":"{trade_id}""#),
    };
    format!(
        r#""accountId":"7","currency":"{currency}","total":"{total}","available":"{total}","hold":"0","availableChange":"{change}","holdChange":"0","relationEvent":"trade_hf.setted","relationContext":{{{context}}},"time":"1800000000000""#
    )
}

#[test]
fn trades_around_a_gap_are_not_judged() {
    let mut bench = Bench::new();
    bench.push(ORDERS, fill("1"));
    bench.audit.on_gap(Some(KEY));
    bench.push(BALANCES, balance("USDT", 800, -100, "2"));
    assert_eq!(bench.wait(10), [""; 0]);
    // Held back until the report, and settled after it.
    bench.push(ORDERS, fill("3")).live(true);
    bench.push(BALANCES, balance("USDT", 500, -100, "3"));
    assert_eq!(bench.wait(10), [""; 0]);
}

#[test]
fn trades_after_a_gap_are_judged() {
    for is_complete in [true, false] {
        let mut bench = Bench::new();
        bench.audit.on_gap(None);
        bench.live(is_complete);
        bench
            .push(ORDERS, fill("1"))
            .push(BALANCES, balance("BTC", 5, 1, "1"));
        bench.push(BALANCES, balance("USDT", 400, -100, "1"));
        bench.push(BALANCES, balance("USDT", 300, -100, "2"));
        bench.push(BALANCES, balance("USDT", 250, 0, ""));
        assert_eq!(bench.wait(10), ["-100 USDT (trade)", "-50 USDT (trade)"]);
    }
}

#[test]
fn recovered_events_are_not_missed() {
    let mut bench = Bench::new();
    bench.take(ORDERS, fill("1"), Some("/api/v1/hf/fills"));
    let booking = balance("USDT", 700, 0, "2").replace("Change", "Unknown");
    bench.take(BALANCES, booking, Some("/api/v1/hf/accounts/ledgers"));
    bench.push(BALANCES, balance("USDT", 600, -100, ""));
    assert_eq!(bench.wait(10), [""; 0]);
}

#[test]
fn memory_is_bounded() {
    let settings = AuditSettings {
        max_pending: 3,
        ..AuditSettings::default()
    };
    let mut bench = Bench::new();
    bench.audit = Audit::new(settings);
    bench.push(BALANCES, balance("USDT", 0, 0, ""));
    for trade_id in 1..50 {
        bench.push(ORDERS, fill(&trade_id.to_string()));
    }
    assert!(bench.wait(10).len() <= 4);
}
