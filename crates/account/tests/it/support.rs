//! A book that is fed with literal frames.

use std::sync::Arc;

use kucoin_streams_account::{
    AccountBook, AccountChange, AccountOrder, AccountSettings, AccountState, FrameInfo, Violation,
};
use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_recovery::SnapshotRow;

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
        Self {
            book: AccountBook::new(settings, topics, ms(0)),
            now: 0,
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

    pub(crate) fn state(&self) -> AccountState {
        self.book.state()
    }

    pub(crate) fn order(&self, order_id: &str) -> Arc<AccountOrder> {
        self.state().order(order_id).unwrap().to_arc()
    }

    pub(crate) fn changes(&mut self) -> Vec<AccountChange> {
        std::iter::from_fn(|| self.book.next_change()).collect()
    }

    pub(crate) fn violations(&self) -> Vec<Arc<Violation>> {
        self.state().violations().cloned().collect()
    }
}
