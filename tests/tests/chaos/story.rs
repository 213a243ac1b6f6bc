//! One life of a client by a seed: what it asks for, what happens to it, and the judgement at its end.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::client::ConnectionRuntime;
use kucoin_streams::client::DialLimiter;
use kucoin_streams::{Config, ConnectionState, Kucoin, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Exchange};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::diary::Diary;
use crate::oracle::{Allowed, Truth, judge};
use crate::record::{Reading, Record, wanted_of};
use crate::replay::Replays;
use crate::trouble;
use kucoin_streams_tests::dice::Dice;
use kucoin_streams_tests::network::Network;
use kucoin_streams_tests::tokens::Tokens;

const KEYS: [WsKey; 3] = [
    WsKey::SpotPrivateV1,
    WsKey::FuturesPrivateV1,
    WsKey::PrivateProV2,
];

/// What a story came to, for the figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) events: u64,
    pub(crate) gaps: u64,
    pub(crate) connections: u64,
    pub(crate) rotations: u64,
}

impl Came {
    pub(crate) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.gaps += other.gaps;
        self.connections += other.connections;
        self.rotations += other.rotations;
    }
}

/// A story that went wrong, and all that happened in it.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) log: String,
}

struct Story {
    dice: Dice,
    exchange: Arc<Exchange>,
    network: Network,
    kucoin: Kucoin,
    readings: Vec<Reading>,
    records: Vec<Record>,
    replays: Replays,
    allowed: Allowed,
    /// How long a rotation listens to both connections.
    overlap: Duration,
    rotations: u64,
    diary: Diary,
}

/// Lives through the story of a seed.
///
/// # Errors
/// What the judge says, and what happened.
pub(crate) async fn live(seed: u64) -> Result<Came, Wrong> {
    let mut dice = Dice::new(seed);
    let calm = dice.percent(25);
    let exchange = Exchange::builder()
        .seed(seed)
        .queue_capacity(100_000)
        .start()
        .await
        .unwrap();
    // It is told from here on.
    let _ = exchange.pro_truth();
    let exchange = Arc::new(exchange);
    let tasks = Handle::current().metrics().num_alive_tasks();
    let mut story = Story::new(seed, dice, &exchange, calm);
    let outcome = story.run().await;
    let Story { diary, kucoin, .. } = story;
    drop(kucoin);
    let outcome = match outcome {
        Ok(came) => all_is_gone(&exchange, tasks).await.map(|()| came),
        Err(wrong) => Err(wrong),
    };
    outcome.map_err(|what| Wrong {
        what,
        log: diary.text(),
    })
}

/// The tasks of the client, of its connections and of the network end with it.
async fn all_is_gone(exchange: &Exchange, tasks: usize) -> Result<(), String> {
    let now = || Handle::current().metrics().num_alive_tasks();
    // Connections that the exchange keeps half open end by nothing else.
    exchange.inject(Effect::Cut(Cut::Reset));
    // The exchange gives a client that is silent its whole time, and it a second to go.
    sleep(Duration::from_secs(60)).await;
    match now() {
        left if left == tasks => Ok(()),
        left => Err(format!("{left} tasks are left, {tasks} were there before")),
    }
}

impl Story {
    fn new(seed: u64, mut dice: Dice, exchange: &Arc<Exchange>, calm: bool) -> Self {
        let network = Network::new(exchange, dice.next());
        let tokens = Tokens {
            network: network.clone(),
            credentials: exchange.credentials().clone(),
        };
        let mut session = kucoin_streams::session::SessionConfig::default();
        session.rotate_every = dice
            .percent(30)
            .then(|| Duration::from_secs(70 + dice.below(120) as u64));
        let rotated = session.rotate_every.is_some();
        session.overlap = dice.up_to_ms(20_000);
        session.overlap_limit = session.overlap + dice.up_to_ms(60_000);
        let overlap = session.overlap;
        let config = Config::default()
            .with_session(session)
            .with_seed(seed)
            .with_runtime(ConnectionRuntime::Current)
            .with_queue_capacity(32 << dice.below(8))
            .with_backpressure_timeout(dice.up_to_ms(1_000))
            // The weather lasts longer than a caller would wait.
            .with_connect_timeout(Duration::MAX)
            // That of the process is for one clock, and here every story has its own.
            .with_dials(DialLimiter::new(50, Duration::from_secs(1)));
        let kucoin = Kucoin::builder()
            .tokens(tokens)
            .transport(network.clone())
            .config(config)
            .build()
            .unwrap();
        let diary = Diary::new();
        let replays = Replays::watch(kucoin.lifecycle(), exchange, diary.clone());
        let mut story = Self {
            dice,
            exchange: Arc::clone(exchange),
            network,
            kucoin,
            readings: Vec::new(),
            records: Vec::new(),
            replays,
            allowed: Allowed {
                calm,
                rotated,
                ..Allowed::default()
            },
            overlap,
            rotations: 0,
            diary,
        };
        story.set_latency_ms(5);
        story
    }

    /// How long each piece of at most 8 KiB may take.
    fn set_latency_ms(&mut self, longest: usize) {
        self.network.set_latency_ms(longest);
        // A connection that lags has up to 128 KiB under way, in some 32 pieces one after the other. Of the overlap
        // the first half is for what was pushed before.
        self.allowed.lagging |= self.overlap < Duration::from_millis(64 * longest as u64);
    }

    async fn run(&mut self) -> Result<Came, String> {
        for _ in 0..40 + self.dice.below(80) {
            self.act().await;
            sleep(self.dice.up_to_ms(3_000)).await;
        }
        self.note("the weather clears up".to_owned());
        self.settle().await?;
        self.kucoin.close().await;
        for reading in std::mem::take(&mut self.readings) {
            self.records.extend(reading.end().await);
        }
        self.replays.verdict()?;
        let truth = Truth::of(&self.exchange);
        let mut came = Came {
            rotations: self.rotations,
            connections: self.exchange.stats().connections.len() as u64,
            ..Came::default()
        };
        for record in &self.records {
            judge(record, &truth, self.allowed)?;
            came.events += record.events();
            came.gaps += record.items.len() as u64 - record.events();
        }
        self.pushes_agree().map(|()| came)
    }

    fn note(&self, what: String) {
        self.diary.note(what);
    }

    async fn act(&mut self) {
        match self.dice.below(100) {
            0..40 => {
                let steps = 1 + self.dice.below(30);
                self.exchange.account().step(steps);
                self.note(format!("the account makes {steps} steps"));
            }
            40..58 => self.subscribe(),
            58..64 => self.let_go().await,
            64..70 => self.rotate(),
            70..74 => {
                let longest = *self.dice.pick(&[0, 5, 50, 400]);
                self.set_latency_ms(longest);
                self.note(format!("latency up to {longest} ms"));
            }
            74..78 => self.slow_down(),
            _ if self.allowed.calm => {}
            78..88 => self.trouble_on_the_way(),
            _ => self.trouble_at_the_exchange(),
        }
    }

    /// Subscribes to up to three topics of one connection that are not subscribed to yet.
    fn subscribe(&mut self) {
        let ws_key = *self.dice.pick(&KEYS);
        let held: Vec<_> = self
            .readings
            .iter()
            .flat_map(|it| it.wanted.clone())
            .collect();
        let mut free: Vec<_> = wanted_of(ws_key).to_vec();
        free.retain(|wanted| !held.contains(wanted));
        let mut wanted = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            if !free.is_empty() {
                wanted.push(free.remove(self.dice.below(free.len())));
            }
        }
        if wanted.is_empty() {
            return;
        }
        self.note(format!("subscribe to {wanted:?}"));
        self.replays.hold(&wanted);
        let reading = Reading::of(&self.kucoin, &self.exchange, ws_key, wanted);
        self.readings.push(reading);
    }

    async fn let_go(&mut self) {
        if self.readings.is_empty() {
            return;
        }
        let reading = self
            .readings
            .swap_remove(self.dice.below(self.readings.len()));
        self.note(format!("let go of {:?}", reading.wanted));
        self.replays.let_go(&reading.wanted);
        self.records.extend(reading.let_go().await);
    }

    fn rotate(&mut self) {
        let ws_key = *self.dice.pick(&KEYS);
        self.note(format!("rotate {ws_key}"));
        self.rotations += 1;
        self.allowed.rotated = true;
        let kucoin = self.kucoin.clone();
        // Whether it succeeds is a matter of the weather.
        tokio::spawn(async move { drop(kucoin.rotate(ws_key).await) });
    }

    fn slow_down(&mut self) {
        if self.readings.is_empty() {
            return;
        }
        let nap = self.dice.up_to_ms(30_000);
        let reading = &self.readings[self.dice.below(self.readings.len())];
        let who = reading.wanted.clone();
        reading.nap_until(Instant::now() + nap);
        self.note(format!("{who:?} is not read for {nap:?}"));
    }

    fn trouble_on_the_way(&mut self) {
        let dice = &mut self.dice;
        let what = match dice.below(10) {
            0..3 => {
                self.network.cut(dice, false);
                "a connection is reset"
            }
            3 => {
                self.network.cut(dice, true);
                "all connections are reset"
            }
            4..6 => {
                self.network.lose(dice);
                "a connection loses what is said"
            }
            6..8 => {
                let time = dice.up_to_ms(20_000);
                self.network.freeze(dice, time);
                "nothing moves for up to 20 s"
            }
            8 => {
                self.network.refuse(1 + dice.below(4));
                "dials are refused"
            }
            _ => {
                self.network.leave_unanswered(1 + dice.below(2));
                "dials get no answer"
            }
        };
        self.note(what.to_owned());
    }

    fn trouble_at_the_exchange(&mut self) {
        let effect = trouble::of_the_exchange(&mut self.dice, &mut self.allowed);
        self.note(format!("the exchange: {effect}"));
        self.exchange.inject(effect);
    }

    /// Waits until everything is as it should be and stays so, with events under way to the last.
    async fn settle(&mut self) -> Result<(), String> {
        self.set_latency_ms(5);
        self.network.clear_up();
        for _ in 0..40 {
            // Longer than it takes to notice that a connection is dead.
            sleep(Duration::from_secs(60)).await;
            self.replays.verdict()?;
            let before = self.replays.losses();
            if !self.is_whole() {
                continue;
            }
            self.exchange.account().step(20);
            sleep(Duration::from_secs(60)).await;
            if self.is_whole() && self.replays.losses() == before {
                return Ok(());
            }
        }
        let waiting = self.readings.iter().filter(|reading| !reading.is_live());
        let waiting: Vec<_> = waiting.map(|reading| &reading.wanted).collect();
        let states = KEYS.map(|ws_key| self.kucoin.state(ws_key));
        Err(format!(
            "never whole again: {states:?}, without {waiting:?}"
        ))
    }

    fn is_whole(&self) -> bool {
        let is_live = |reading: &Reading| {
            let state = self.kucoin.state(reading.ws_key);
            reading.is_live() && state == Some(ConnectionState::Live)
        };
        self.readings.iter().all(is_live)
    }

    /// In calm, where nobody was let go of and no connection closed, the ledgers hold exactly what the exchange pushed.
    fn pushes_agree(&self) -> Result<(), String> {
        if !self.allowed.calm
            || self.allowed.rotated
            || !self.records.iter().all(|record| record.to_the_end)
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
