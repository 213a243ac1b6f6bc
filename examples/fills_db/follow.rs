//! Follows the fills of an account, from the last run on, and passes them to the journal.
//!
//! # Why no fill is lost or stored twice, whenever the program is killed
//!
//! - The key of a fill is the primary key of its row, so storing it again changes nothing.
//! - The database has a time per connection: every fill until then is stored. It is written in the same transactions as
//!   the fills, after them, so it is never ahead of them.
//! - At the start, `RecoverySettings::since` fetches what happened since that time over REST, and the stream continues
//!   from there. Gaps of the running program are filled in the same way.
//! - That time does not move while a gap is open. It is also a minute old, because a dead connection is noticed within
//!   28 s: an event that is late, or in a socket that is dead but not yet known to be, is fetched by the next run.
//! - It is the exchange's time. The clock of this machine may be wrong, or be set while the program runs.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::time::Duration;

use kucoin_streams::{
    AnyEvent, AnyTopic, GapReason, Kucoin, LiveReport, MissingReason, Origin, RecoveredItem,
    RecoverySettings, Timestamp, WsKey,
};
use kucoin_streams_examples::{Error, Setup, ended};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, timeout};

use crate::journal::{Database, Entry, Journal};

/// Topics of a classic account that report all fills. With other topics as arguments, those are followed.
///
/// For fees too, add `/spot/tradeFills`, which KuCoin does not document. A unified account has all fills in
/// `execution?tradeType=UNIFIED`; set `FILLS_SYMBOLS=BTC-USDT,ETH-USDT` too, because KuCoin lists its fills by symbol only.
const TOPICS: [&str; 2] = ["/spotMarket/tradeOrdersV2", "/contractMarket/tradeOrders"];
/// Maximum number of entries that wait for the database.
const QUEUE: usize = 100_000;
/// If queries keep failing for so long, the program ends: a new run fetches everything again.
const MAX_UNFILLED: Duration = Duration::from_secs(600);

/// Stores fills in the database at this address, until Ctrl-C.
pub(crate) async fn run<D: Database + Send + 'static>(
    address: String,
    simulation: impl AsyncFnOnce(&kucoin_streams_exchange::Exchange) -> Result<(), Error>,
) -> Result<(), Error> {
    let setup = Setup::from_env().await?;
    let kucoin = Kucoin::builder()
        .credentials(setup.credentials()?)
        .hosts(setup.hosts()?)
        .build()?;
    let settled = seconds("FILLS_SETTLED_SECS", 60)?;
    let give_up_after = seconds("FILLS_GIVE_UP_SECS", 60)?;
    let mut topics: BTreeMap<WsKey, Vec<AnyTopic>> = BTreeMap::new();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let names = arguments.iter().map(String::as_str);
    for name in names.chain(TOPICS.into_iter().filter(|_| arguments.is_empty())) {
        let topic: AnyTopic = name.parse()?;
        topics.entry(topic.ws_key()).or_default().push(topic);
    }

    // The database has a thread of its own: it may be slow, but it never delays the stream.
    let keys: Vec<WsKey> = topics.keys().copied().collect();
    let clock = ExchangeClock::read(&kucoin).await?;
    let (journal, since) = spawn_blocking(move || {
        let mut journal = Journal::<D>::new(address, give_up_after);
        let now = clock.at(Instant::now());
        let since = keys.into_iter().map(|key| journal.complete_to(key, now));
        let since: Vec<Timestamp> = since.collect::<Result<_, Error>>()?;
        Ok::<_, Error>((journal, since))
    })
    .await??;
    let (queue, entries) = mpsc::channel(QUEUE);
    let mut writer = spawn_blocking(move || journal.write(entries));

    // Each connection has a task and a time of its own: one can be live while the other has a gap.
    let mut follows = JoinSet::new();
    for ((ws_key, topics), since) in topics.into_iter().zip(since) {
        println!("{ws_key}: from {} on", since.rfc3339());
        let follow = Follow::new(ws_key, queue.clone(), settled, clock);
        follows.spawn(follow.run(kucoin.clone(), topics, since));
    }
    drop(queue);

    let result = tokio::select! {
        biased; // the writer also ends because every stream has
        Some(result) = follows.join_next() => result?,
        result = &mut writer => return result?,
        result = setup.until_done(simulation) => result,
    };
    // The writer stores what is in the queue, and ends once the last sender is dropped. Its error explains a full queue.
    follows.shutdown().await;
    writer.await??;
    kucoin.close().await;
    result
}

/// Follows the topics of one connection.
pub(crate) struct Follow {
    ws_key: WsKey,
    queue: mpsc::Sender<Entry>,
    /// Time after which a connection that was dead is known to be.
    settled: Duration,
    clock: ExchangeClock,
    /// A moment without an open gap; `None` while a gap is open.
    mark: Option<Instant>,
    /// Start of a window whose queries have failed, and when this was reported.
    unfilled: Option<(Timestamp, Instant)>,
}

impl Follow {
    pub(crate) fn new(
        ws_key: WsKey,
        queue: mpsc::Sender<Entry>,
        settled: Duration,
        clock: ExchangeClock,
    ) -> Self {
        Self {
            ws_key,
            queue,
            settled,
            clock,
            mark: None,
            unfilled: None,
        }
    }

    async fn run(
        mut self,
        kucoin: Kucoin,
        topics: Vec<AnyTopic>,
        since: Timestamp,
    ) -> Result<(), Error> {
        let mut settings = RecoverySettings::default();
        settings.since = Some(since);
        let symbols = std::env::var("FILLS_SYMBOLS").unwrap_or_default();
        let symbols = symbols.split(',').filter(|symbol| !symbol.is_empty());
        settings.symbols = symbols.map(Into::into).collect();
        let fills = kucoin.subscribe_any(topics).await?;
        let mut fills = kucoin.recovered_with(fills, settings);
        loop {
            match timeout(self.settled, fills.next()).await {
                Ok(Some(item)) => self.item(item)?,
                Ok(None) => return Err(ended(fills.end_reason())),
                Err(_) => {} // a quiet account
            }
            self.advance()?;
        }
    }

    /// Takes an item of the stream.
    pub(crate) fn item(&mut self, item: RecoveredItem<AnyEvent>) -> Result<(), Error> {
        match item {
            RecoveredItem::Event(update) => {
                // Orders that are placed or canceled are no fills.
                let Some(fill) = update.event().fill() else {
                    return Ok(());
                };
                let origin = match update.origin() {
                    Origin::Recovered { path, .. } => path,
                    _ => "live",
                };
                println!(
                    "{origin}: {} {} {} at {}",
                    fill.symbol, fill.side, fill.size, fill.price
                );
                self.send(Entry::Fill(fill, origin))
            }
            // Fills may be missing from here on, until the report.
            RecoveredItem::Gap(gap) => {
                eprintln!("{}: {gap}", self.ws_key);
                self.mark = None;
                match gap.reason {
                    GapReason::Closed { .. }
                    | GapReason::Refused {
                        retrying: false, ..
                    } => Err(gap.into()),
                    _ => Ok(()),
                }
            }
            RecoveredItem::Live(report) => self.report(report),
            // States are not stored: open orders, and orders that are in no list any more.
            _ => Ok(()),
        }
    }

    /// A window was queried: everything in it was yielded, except what is named as missing.
    fn report(&mut self, report: LiveReport) -> Result<(), Error> {
        let window = report.window.unwrap_or((report.live_at, report.live_at));
        let mut has_failed = false;
        for part in report.missing {
            eprintln!("{}: missing: {part}", self.ws_key);
            match part.reason {
                // The SDK tries again, and reports again. If it does not succeed, the next run does.
                MissingReason::RateLimited { .. }
                | MissingReason::Overloaded
                | MissingReason::Unreachable => has_failed = true,
                // No permission, too old, contradictory: another attempt would not help.
                _ => self.send(Entry::Missing(self.ws_key, part, window))?,
            }
        }
        if has_failed {
            let (from, at) = self.unfilled.unwrap_or((window.0, Instant::now()));
            self.unfilled = Some((from.min(window.0), at));
        } else if self.unfilled.is_none_or(|(from, _)| window.0 <= from) {
            // A later gap has a later window, which does not contain what has failed before.
            self.unfilled = None;
            self.mark = Some(Instant::now());
        }
        Ok(())
    }

    /// Moves the time up to which every fill is stored.
    pub(crate) fn advance(&mut self) -> Result<(), Error> {
        if let Some((from, at)) = self.unfilled {
            if at.elapsed() > MAX_UNFILLED {
                let from = from.rfc3339();
                return Err(format!(
                    "{}: fills since {from} could not be fetched; start again when KuCoin's REST API can be reached",
                    self.ws_key
                )
                .into());
            }
        } else if let Some(mark) = self.mark.filter(|mark| mark.elapsed() >= self.settled) {
            // No gap was noticed since the mark, so the connection was not dead at the mark.
            self.send(Entry::CompleteTo(self.ws_key, self.clock.at(mark)))?;
            self.mark = Some(Instant::now());
        }
        Ok(())
    }

    /// Passes an entry to the database, and never waits for it: a full queue is an error, not a loss.
    fn send(&self, entry: Entry) -> Result<(), Error> {
        self.queue.try_send(entry).map_err(|_| {
            format!(
                "{QUEUE} entries wait for the database, or it has failed; start again when it is fast enough: what is \
                 not stored is fetched from KuCoin, which keeps fills for 7 days"
            )
            .into()
        })
    }
}

/// The clock of the exchange, read once. Later changes of this machine's clock do not matter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExchangeClock(pub(crate) Instant, pub(crate) Timestamp);

impl ExchangeClock {
    async fn read(kucoin: &Kucoin) -> Result<Self, Error> {
        let asked_at = Instant::now();
        let reply = kucoin.rest().account().server_time().one().await?;
        let time = reply.ok_or("KuCoin did not send its time")?.time;
        Ok(Self(asked_at, time))
    }

    /// Returns the exchange time of a moment.
    pub(crate) fn at(&self, moment: Instant) -> Timestamp {
        let elapsed = moment.saturating_duration_since(self.0);
        self.1.checked_add(elapsed).unwrap_or(self.1)
    }
}

/// Reads a time in seconds from the environment.
fn seconds(name: &str, default: u64) -> Result<Duration, Error> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_string());
    let seconds = text
        .parse()
        .map_err(|_| format!("{name}: `{text}` is no number of seconds, such as {default}"))?;
    Ok(Duration::from_secs(seconds))
}
