//! One seeded run of a client: random subscriptions and faults, then the check of the oracle.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::client::ConnectionRuntime;
use kucoin_streams::client::DialLimiter;
use kucoin_streams::{Config, ConnectionState, Kucoin, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Exchange};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::event_log::EventLog;
use crate::exchange_faults;
use crate::lifecycle_check::LifecycleCheck;
use crate::oracle::{Allowed, Truth, check};
use crate::record::{ReaderTask, Record, wanted_of};
use kucoin_streams_tests::network::Network;
use kucoin_streams_tests::rng::Rng;
use kucoin_streams_tests::tokens::Tokens;

const KEYS: [WsKey; 3] = [
    WsKey::SpotPrivateV1,
    WsKey::FuturesPrivateV1,
    WsKey::PrivateProV2,
];

/// Statistics of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) events: u64,
    pub(crate) gaps: u64,
    pub(crate) connections: u64,
    pub(crate) rotations: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.gaps += other.gaps;
        self.connections += other.connections;
        self.rotations += other.rotations;
    }
}

/// A failed run and its log.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) log: String,
}

struct Scenario {
    rng: Rng,
    exchange: Arc<Exchange>,
    network: Network,
    kucoin: Kucoin,
    readers: Vec<ReaderTask>,
    records: Vec<Record>,
    lifecycle: LifecycleCheck,
    allowed: Allowed,
    /// Overlap of a rotation.
    overlap: Duration,
    rotations: u64,
    log: EventLog,
}

/// Runs the scenario of a seed.
///
/// # Errors
/// Returns an error with the mismatch and the log.
pub(crate) async fn run(seed: u64) -> Result<Totals, Failure> {
    let mut rng = Rng::new(seed);
    let fault_free = rng.percent(25);
    let exchange = Exchange::builder()
        .seed(seed)
        .queue_capacity(100_000)
        .start()
        .await
        .unwrap();
    // Starts the Pro V2 truth log.
    let _ = exchange.pro_truth();
    let exchange = Arc::new(exchange);
    let tasks = Handle::current().metrics().num_alive_tasks();
    let mut scenario = Scenario::new(seed, rng, &exchange, fault_free);
    let outcome = scenario.run().await;
    let Scenario { log, kucoin, .. } = scenario;
    drop(kucoin);
    let outcome = match outcome {
        Ok(totals) => check_no_task_left(&exchange, tasks).await.map(|()| totals),
        Err(wrong) => Err(wrong),
    };
    outcome.map_err(|what| Failure {
        what,
        log: log.text(),
    })
}

/// Checks that the tasks of the client, its connections and the network have ended.
async fn check_no_task_left(exchange: &Exchange, tasks: usize) -> Result<(), String> {
    let now = || Handle::current().metrics().num_alive_tasks();
    // Only this ends the exchange's half-open connections.
    exchange.inject(Effect::Cut(Cut::Reset));
    // Longer than the exchange waits for a silent client.
    sleep(Duration::from_secs(60)).await;
    match now() {
        left if left == tasks => Ok(()),
        left => Err(format!("{left} tasks are left, {tasks} were there before")),
    }
}

impl Scenario {
    fn new(seed: u64, mut rng: Rng, exchange: &Arc<Exchange>, fault_free: bool) -> Self {
        let network = Network::new(exchange, rng.next());
        let tokens = Tokens {
            network: network.clone(),
            credentials: exchange.credentials().clone(),
        };
        let mut session = kucoin_streams::session::SessionConfig::default();
        session.rotate_every = rng
            .percent(30)
            .then(|| Duration::from_secs(70 + rng.below(120) as u64));
        let rotated = session.rotate_every.is_some();
        session.overlap = rng.up_to_ms(20_000);
        session.overlap_limit = session.overlap + rng.up_to_ms(60_000);
        let overlap = session.overlap;
        let config = Config::default()
            .with_session(session)
            .with_seed(seed)
            .with_runtime(ConnectionRuntime::Current)
            .with_queue_capacity(32 << rng.below(8))
            .with_backpressure_timeout(rng.up_to_ms(1_000))
            // The faults last longer than the default timeout.
            .with_connect_timeout(Duration::MAX)
            // The limiter of the process uses one clock; here every run has its own.
            .with_dials(DialLimiter::new(50, Duration::from_secs(1)));
        let kucoin = Kucoin::builder()
            .tokens(tokens)
            .transport(network.clone())
            .config(config)
            .build()
            .unwrap();
        let log = EventLog::new();
        let lifecycle = LifecycleCheck::watch(kucoin.lifecycle(), exchange, log.clone());
        let mut scenario = Self {
            rng,
            exchange: Arc::clone(exchange),
            network,
            kucoin,
            readers: Vec::new(),
            records: Vec::new(),
            lifecycle,
            allowed: Allowed {
                fault_free,
                rotated,
                ..Allowed::default()
            },
            overlap,
            rotations: 0,
            log,
        };
        scenario.set_latency_ms(5);
        scenario
    }

    /// Sets the maximum latency of each chunk of up to 8 KiB.
    fn set_latency_ms(&mut self, longest: usize) {
        self.network.set_latency_ms(longest);
        // A lagging connection has up to 128 KiB in flight, in about 32 sequential chunks. Only the first half of the
        // overlap is for earlier pushes.
        self.allowed.lagging |= self.overlap < Duration::from_millis(64 * longest as u64);
    }

    async fn run(&mut self) -> Result<Totals, String> {
        for _ in 0..40 + self.rng.below(80) {
            self.step().await;
            sleep(self.rng.up_to_ms(3_000)).await;
        }
        self.note("all faults end".to_owned());
        self.settle().await?;
        self.kucoin.close().await;
        for reader in std::mem::take(&mut self.readers) {
            self.records.extend(reader.end().await);
        }
        self.lifecycle.result()?;
        let truth = Truth::of(&self.exchange);
        let mut totals = Totals {
            rotations: self.rotations,
            connections: self.exchange.stats().connections.len() as u64,
            ..Totals::default()
        };
        for record in &self.records {
            check(record, &truth, self.allowed)?;
            totals.events += record.events();
            totals.gaps += record.items.len() as u64 - record.events();
        }
        self.pushes_agree().map(|()| totals)
    }

    fn note(&self, what: String) {
        self.log.note(what);
    }

    async fn step(&mut self) {
        match self.rng.below(100) {
            0..40 => {
                let steps = 1 + self.rng.below(30);
                self.exchange.account().step(steps);
                self.note(format!("the account makes {steps} steps"));
            }
            40..58 => self.subscribe(),
            58..64 => self.unsubscribe().await,
            64..70 => self.rotate(),
            70..74 => {
                let longest = *self.rng.pick(&[0, 5, 50, 400]);
                self.set_latency_ms(longest);
                self.note(format!("latency up to {longest} ms"));
            }
            74..78 => self.slow_down(),
            _ if self.allowed.fault_free => {}
            78..88 => self.network_fault(),
            _ => self.exchange_fault(),
        }
    }

    /// Subscribes to up to three topics of one connection that are not subscribed to yet.
    fn subscribe(&mut self) {
        let ws_key = *self.rng.pick(&KEYS);
        let subscribed: Vec<_> = self
            .readers
            .iter()
            .flat_map(|it| it.wanted.clone())
            .collect();
        let mut free: Vec<_> = wanted_of(ws_key).to_vec();
        free.retain(|wanted| !subscribed.contains(wanted));
        let mut wanted = Vec::new();
        for _ in 0..1 + self.rng.below(3) {
            if !free.is_empty() {
                wanted.push(free.remove(self.rng.below(free.len())));
            }
        }
        if wanted.is_empty() {
            return;
        }
        self.note(format!("subscribe to {wanted:?}"));
        self.lifecycle.subscribe(&wanted);
        let reader = ReaderTask::of(&self.kucoin, &self.exchange, ws_key, wanted);
        self.readers.push(reader);
    }

    async fn unsubscribe(&mut self) {
        if self.readers.is_empty() {
            return;
        }
        let reader = self.readers.swap_remove(self.rng.below(self.readers.len()));
        self.note(format!("unsubscribe from {:?}", reader.wanted));
        self.lifecycle.unsubscribe(&reader.wanted);
        self.records.extend(reader.unsubscribe().await);
    }

    fn rotate(&mut self) {
        let ws_key = *self.rng.pick(&KEYS);
        self.note(format!("rotate {ws_key}"));
        self.rotations += 1;
        self.allowed.rotated = true;
        let kucoin = self.kucoin.clone();
        // May fail because of faults.
        tokio::spawn(async move { drop(kucoin.rotate(ws_key).await) });
    }

    fn slow_down(&mut self) {
        if self.readers.is_empty() {
            return;
        }
        let pause = self.rng.up_to_ms(30_000);
        let reader = &self.readers[self.rng.below(self.readers.len())];
        let who = reader.wanted.clone();
        reader.pause_until(Instant::now() + pause);
        self.note(format!("{who:?} is not read for {pause:?}"));
    }

    fn network_fault(&mut self) {
        let rng = &mut self.rng;
        let what = match rng.below(10) {
            0..3 => {
                self.network.cut(rng, false);
                "a connection is reset"
            }
            3 => {
                self.network.cut(rng, true);
                "all connections are reset"
            }
            4..6 => {
                self.network.lose(rng);
                "a connection loses data"
            }
            6..8 => {
                let time = rng.up_to_ms(20_000);
                self.network.freeze(rng, time);
                "all data is delayed for up to 20 s"
            }
            8 => {
                self.network.refuse(1 + rng.below(4));
                "dials are refused"
            }
            _ => {
                self.network.leave_unanswered(1 + rng.below(2));
                "dials get no answer"
            }
        };
        self.note(what.to_owned());
    }

    fn exchange_fault(&mut self) {
        let effect = exchange_faults::random_effect(&mut self.rng, &mut self.allowed);
        self.note(format!("the exchange: {effect}"));
        self.exchange.inject(effect);
    }

    /// Waits until everything is live and stays live while events are in flight.
    async fn settle(&mut self) -> Result<(), String> {
        self.set_latency_ms(5);
        self.network.restore();
        for _ in 0..40 {
            // Longer than the detection of a dead connection takes.
            sleep(Duration::from_secs(60)).await;
            self.lifecycle.result()?;
            let before = self.lifecycle.losses();
            if !self.is_recovered() {
                continue;
            }
            self.exchange.account().step(20);
            sleep(Duration::from_secs(60)).await;
            if self.is_recovered() && self.lifecycle.losses() == before {
                return Ok(());
            }
        }
        let waiting = self.readers.iter().filter(|reader| !reader.is_live());
        let waiting: Vec<_> = waiting.map(|reader| &reader.wanted).collect();
        let states = KEYS.map(|ws_key| self.kucoin.state(ws_key));
        Err(format!("not recovered: {states:?}, not live: {waiting:?}"))
    }

    fn is_recovered(&self) -> bool {
        let is_live = |reader: &ReaderTask| {
            let state = self.kucoin.state(reader.ws_key);
            reader.is_live() && state == Some(ConnectionState::Live)
        };
        self.readers.iter().all(is_live)
    }

    /// Without faults, and if no subscription or connection was closed, the ledgers count exactly the pushes of the
    /// exchange.
    fn pushes_agree(&self) -> Result<(), String> {
        if !self.allowed.fault_free
            || self.allowed.rotated
            || !self.records.iter().all(|record| record.read_to_end)
        {
            return Ok(());
        }
        let stats = self.exchange.stats();
        let pushed: u64 = stats.connections.iter().map(|report| report.pushed).sum();
        let ledgers = self.records.iter().flat_map(|record| &record.ledger);
        let received: u64 = ledgers.map(|ledger| ledger.received).sum();
        match pushed == received {
            true => Ok(()),
            false => Err(format!("{pushed} were pushed, {received} were received")),
        }
    }
}
