//! Records the pushes of the local exchange, and plays them to an account book on a fake clock.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_account::{AccountBook, AccountSettings, Discrepancy, FrameInfo};
use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_exchange::{Exchange, TruthLog};
use kucoin_streams_pro::ProEvent;
use kucoin_streams_v1::V1Event;

/// Time between two pushes.
pub(super) const STEP: Duration = Duration::from_millis(20);
/// Longer than the audit waits.
pub(super) const PAUSE: Duration = Duration::from_secs(7);

/// A push of either protocol.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)]
pub(super) enum Pushed {
    V1(V1Event),
    Pro(ProEvent),
}

/// A recorded push, and the number of the burst of activity in which it came.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) topic: Arc<str>,
    pub(super) event: Pushed,
    pub(super) burst: usize,
}

/// Returns an exchange on a thread pool of one thread.
pub(super) fn exchange(seed: u64) -> (tokio::runtime::Runtime, Exchange) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let builder = Exchange::builder().seed(seed).truth_capacity(1 << 17);
    let exchange = runtime.block_on(builder.start()).unwrap();
    (runtime, exchange)
}

/// Reads the pushes that a truth log has got since the last call.
pub(super) struct Recorder {
    log: TruthLog,
    read: u64,
    burst: usize,
    is_wanted: fn(&str) -> bool,
}

impl Recorder {
    pub(super) fn new(log: TruthLog, is_wanted: fn(&str) -> bool) -> Self {
        Self {
            read: log.total(),
            log,
            burst: 0,
            is_wanted,
        }
    }

    /// Runs bursts of activity, and returns their pushes on the wanted topics.
    pub(super) fn record(&mut self, bursts: usize, mut act: impl FnMut()) -> Vec<Recorded> {
        let mut ends = Vec::new();
        for _ in 0..bursts {
            act();
            ends.push(self.log.total());
        }
        let mut recorded = Vec::new();
        for entry in self.log.snapshot() {
            if entry.sequence <= self.read || !(self.is_wanted)(entry.topic) {
                continue;
            }
            let burst = ends.partition_point(|end| *end < entry.sequence);
            let event = match entry.topic.starts_with('/') {
                true => kucoin_streams_v1::decode(&entry.frame)
                    .unwrap()
                    .map(|push| Pushed::V1(push.event)),
                false => kucoin_streams_pro::decode(&entry.frame)
                    .unwrap()
                    .map(|push| Pushed::Pro(push.event)),
            };
            recorded.push(Recorded {
                topic: topic(entry.topic),
                event: event.unwrap(),
                burst: self.burst + burst,
            });
        }
        self.burst += bursts;
        self.read = self.log.total();
        recorded
    }
}

/// Returns the topic as it is subscribed.
fn topic(pushed: &str) -> Arc<str> {
    match pushed.rsplit_once('.') {
        Some((channel, account)) => {
            let parameter = match channel {
                "balance" => "accountType",
                _ => "tradeType",
            };
            format!("{channel}?{parameter}={account}").into()
        }
        None => pushed.into(),
    }
}

/// Plays pushes to an account book.
pub(super) struct Player {
    pub(super) book: AccountBook,
    pub(super) now: Timestamp,
    /// Pauses between bursts: one after this number of bursts.
    bursts_per_pause: usize,
    burst: usize,
    pub(super) found: Vec<Discrepancy>,
}

impl Player {
    pub(super) fn new(bursts_per_pause: usize) -> Self {
        let now = Timestamp::from_nanos(1_800_000_000_000_000_000);
        Self {
            book: AccountBook::new(AccountSettings::default(), [], now),
            now,
            bursts_per_pause,
            burst: 0,
            found: Vec::new(),
        }
    }

    pub(super) fn play(&mut self, pushes: impl IntoIterator<Item = Recorded>) {
        for push in pushes {
            let groups = |burst: usize| burst / self.bursts_per_pause;
            if groups(push.burst) != groups(self.burst) {
                self.now = self.now + PAUSE;
                self.book.on_timer(self.now);
            }
            self.burst = push.burst;
            self.now = self.now + STEP;
            self.push(&push.topic, &push.event);
        }
    }

    pub(super) fn push(&mut self, topic: &Arc<str>, event: &Pushed) {
        match event {
            Pushed::V1(event) => {
                let ws_key = match event {
                    V1Event::Futures(_) => WsKey::FuturesPrivateV1,
                    _ => WsKey::SpotPrivateV1,
                };
                let info = FrameInfo::live(ws_key, Arc::clone(topic), self.now);
                self.book.on_v1(&info, event);
            }
            Pushed::Pro(event) => {
                let info = FrameInfo::live(WsKey::PrivateProV2, Arc::clone(topic), self.now);
                self.book.on_pro(&info, event);
            }
        }
        self.collect();
    }

    /// Lets all windows pass, and returns what was found.
    pub(super) fn end(mut self) -> Vec<Discrepancy> {
        for _ in 0..30 {
            self.now = self.now + PAUSE;
            self.book.on_timer(self.now);
        }
        self.collect();
        self.found
    }

    fn collect(&mut self) {
        while let Some(change) = self.book.next_change() {
            if let kucoin_streams_account::AccountChange::Discrepancy(discrepancy) = change {
                self.found.push((*discrepancy).clone());
            }
        }
    }
}

/// A small random number generator.
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}
