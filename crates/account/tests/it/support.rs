//! A book that is fed with literal frames.

use std::sync::Arc;

use kucoin_streams_account::{
    AccountBook, AccountChange, AccountOrder, AccountSettings, AccountState, AccountViolation,
    Contradiction, FrameInfo,
};
use kucoin_streams_core::{Decimal, Timestamp, WsKey};
use kucoin_streams_recovery::{LiveReport, SnapshotRow, VanishedOrder};

/// Exchange time at the start of each test, in milliseconds.
pub(crate) const T0: i64 = 1_801_000_000_000;

pub(crate) const SPOT_ORDERS: &str = "/spotMarket/tradeOrdersV2";
pub(crate) const SPOT_STOPS: &str = "/spotMarket/advancedOrders";
pub(crate) const FUTURES_ORDERS: &str = "/contractMarket/tradeOrders";
pub(crate) const FUTURES_STOPS: &str = "/contractMarket/advancedOrders";
pub(crate) const PRO_ORDERS: &str = "orderAll?tradeType=UNIFIED";
pub(crate) const PRO_EXECUTIONS: &str = "execution?tradeType=UNIFIED";

pub(crate) fn ms(at: i64) -> Timestamp {
    Timestamp::from_nanos(ns(at))
}

/// A time of the test in nanoseconds, for frames.
pub(crate) fn ns(at: i64) -> i64 {
    (T0 + at) * 1_000_000
}

/// A book, and the local time, which grows by a millisecond with each frame.
pub(crate) struct Bench {
    pub(crate) book: AccountBook,
    now: i64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let mut settings = AccountSettings::default();
        settings.audit = None;
        Self::with(settings)
    }

    pub(crate) fn with(settings: AccountSettings) -> Self {
        let topics = [
            (WsKey::SpotPrivateV1, SPOT_ORDERS),
            (WsKey::SpotPrivateV1, SPOT_STOPS),
            (WsKey::SpotPrivateV1, "/account/balance"),
            (WsKey::SpotPrivateV1, "/margin/position"),
            (WsKey::FuturesPrivateV1, FUTURES_ORDERS),
            (WsKey::FuturesPrivateV1, FUTURES_STOPS),
            (WsKey::FuturesPrivateV1, "/contractAccount/wallet"),
            (WsKey::FuturesPrivateV1, "/contract/positionAll"),
            (WsKey::PrivateProV2, PRO_ORDERS),
            (WsKey::PrivateProV2, PRO_EXECUTIONS),
        ];
        let mut book = AccountBook::new(settings, topics, ms(0));
        for (ws_key, topic) in topics {
            book.on_live(&LiveReport::new(ws_key, &[topic], ms(0)), ms(0));
        }
        Self { book, now: 0 }
    }

    /// A book that keeps this number of done orders.
    pub(crate) fn with_max_done(max_done: usize) -> Self {
        let mut settings = AccountSettings::default();
        (settings.audit, settings.max_done_orders) = (None, max_done);
        Self::with(settings)
    }

    /// Feeds the frames, and lets the time pass that fills may take.
    pub(crate) fn of(frames: &[String]) -> Self {
        let mut bench = Self::new();
        bench.push_all(frames);
        bench.advance(10_000);
        bench
    }

    pub(crate) fn push_all(&mut self, frames: &[String]) {
        for frame in frames {
            self.push(frame);
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        ms(self.now)
    }

    pub(crate) fn advance(&mut self, millis: i64) {
        self.now += millis;
        self.book.on_timer(ms(self.now));
    }

    /// Feeds a frame as if it was pushed now.
    pub(crate) fn push(&mut self, frame: &str) {
        self.feed(frame, None);
    }

    /// Feeds a frame as if it was recovered from this path.
    pub(crate) fn recover(&mut self, frame: &str, path: &'static str) {
        self.feed(frame, Some(path));
    }

    fn feed(&mut self, frame: &str, source: Option<&'static str>) {
        self.now += 1;
        let received_at = ms(self.now);
        if let Some(push) = kucoin_streams_v1::decode(frame).unwrap() {
            let ws_key = match push.topic.starts_with("/contract") {
                true => WsKey::FuturesPrivateV1,
                false => WsKey::SpotPrivateV1,
            };
            let mut info = FrameInfo::live(ws_key, push.topic.as_str(), received_at);
            info.source = source;
            self.book.on_v1(&info, &push.event);
            return;
        }
        let push = kucoin_streams_pro::decode(frame).unwrap().unwrap();
        let mut info = FrameInfo::live(WsKey::PrivateProV2, push.topic.as_str(), received_at);
        (info.source, info.pushed_at) = (source, push.pushed_at);
        self.book.on_pro(&info, &push.event);
    }

    /// Feeds a row of the state, read between now and a millisecond later.
    pub(crate) fn row(&mut self, ws_key: WsKey, topic: &str, source: &'static str, data: &str) {
        self.now += 1;
        let row = SnapshotRow::new(
            (ws_key, topic),
            source,
            (ms(self.now), ms(self.now + 1)),
            data,
        );
        self.book.on_snapshot(&row);
    }

    /// Feeds an order that is in no list any more.
    pub(crate) fn vanish(&mut self, ws_key: WsKey, topic: &str, symbol: &str, order_id: &str) {
        self.now += 1;
        let order = VanishedOrder::new(ws_key, topic, symbol, order_id);
        self.book.on_vanished(&order, ms(self.now));
    }

    pub(crate) fn state(&self) -> AccountState {
        self.book.state()
    }

    pub(crate) fn order(&self, order_id: &str) -> Arc<AccountOrder> {
        self.state().order(order_id).unwrap().to_arc()
    }

    pub(crate) fn changes(&mut self) -> Vec<AccountChange> {
        std::iter::from_fn(|| self.book.next_change()).collect()
    }

    pub(crate) fn violations(&self) -> Vec<Arc<AccountViolation>> {
        self.state().violations().cloned().collect()
    }
}

/// A number of a test.
pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn v1(topic: &str, subject: &str, data: &str) -> String {
    format!(r#"{{"topic":"{topic}","type":"message","subject":"{subject}","data":{{{data}}}}}"#)
}

/// A frame of `/spotMarket/tradeOrdersV2`, with these fields of `data`.
pub(crate) fn spot(data: &str) -> String {
    v1(SPOT_ORDERS, "orderChange", data)
}

/// A frame of `/spotMarket/tradeOrders`.
pub(crate) fn spot_v1(data: &str) -> String {
    v1("/spotMarket/tradeOrders", "orderChange", data)
}

pub(crate) fn spot_stop(data: &str) -> String {
    v1(SPOT_STOPS, "stopOrder", data)
}

pub(crate) fn spot_fill(data: &str) -> String {
    v1("/spot/tradeFills", "/spot/tradeFills", data)
}

pub(crate) fn futures(data: &str) -> String {
    v1(FUTURES_ORDERS, "orderChange", data)
}

pub(crate) fn futures_stop(data: &str) -> String {
    v1(FUTURES_STOPS, "stopOrder", data)
}

/// A frame of `orderAll` of a unified account, with these fields of `d`.
pub(crate) fn pro(data: &str) -> String {
    format!(r#"{{"T":"orderAll.UNIFIED","P":1801000000000000000,"d":{{{data}}}}}"#)
}

/// A frame of `orderAll` of the classic account of this trade type.
pub(crate) fn classic(trade_type: &str, data: &str) -> String {
    format!(r#"{{"T":"orderAll.{trade_type}","P":1801000000000000000,"d":{{{data}}}}}"#)
}

pub(crate) fn execution(data: &str) -> String {
    format!(r#"{{"T":"execution.UNIFIED","P":1801000000000000000,"d":{{{data}}}}}"#)
}

/// Checks that an order is the same in each order of the frames, each of them once or twice, and returns it.
pub(crate) fn in_any_order(frames: &[String], order_id: &str) -> Arc<AccountOrder> {
    let expected = Bench::of(frames).order(order_id);
    let mut order: Vec<usize> = (0..frames.len()).collect();
    let mut round = 0;
    permute(&mut order, 0, &mut |order| {
        let once: Vec<String> = order.iter().map(|at| frames[*at].clone()).collect();
        round += 1;
        let doubled = match round % 2 {
            0 => [once.clone(), once.clone()].concat(),
            _ => once
                .iter()
                .flat_map(|one| [one.clone(), one.clone()])
                .collect(),
        };
        for frames in [once, doubled] {
            let bench = Bench::of(&frames);
            assert_eq!(bench.order(order_id), expected, "{order:?}");
            assert_eq!(bench.violations(), [], "{order:?}");
        }
    });
    expected
}

fn permute(items: &mut Vec<usize>, from: usize, visit: &mut impl FnMut(&[usize])) {
    if from == items.len() {
        return visit(items);
    }
    for at in from..items.len() {
        items.swap(from, at);
        permute(items, from + 1, visit);
        items.swap(from, at);
    }
}

/// Returns the only violation, checked to name at least one frame of the order.
pub(crate) fn only_violation(bench: &Bench) -> Contradiction {
    let violations = bench.violations();
    let [violation] = &violations[..] else {
        panic!("{violations:?}");
    };
    assert!(!violation.frames.is_empty(), "{violation}");
    violation.contradiction.clone()
}
