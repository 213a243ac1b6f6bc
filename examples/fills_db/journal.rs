//! The journal: stores entries in a database, in transactions, and retries while the database is away.
//!
//! Nothing here depends on the database: `sqlite.rs` and `postgres.rs` implement [`Database`].
#![allow(clippy::print_stderr)]

use std::thread;
use std::time::{Duration, Instant};

use kucoin_streams::core::explain;
use kucoin_streams::{Fill, MissingPart, Timestamp, WsKey};
use kucoin_streams_examples::Error;
use tokio::sync::mpsc;

/// Maximum number of entries in one transaction.
const BATCH: usize = 500;
/// Delays between the attempts while the database is away: doubled up to the second one.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// One thing to store.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A fill, and where it comes from: `live`, or the REST path of a recovered one.
    Fill(Fill, &'static str),
    /// Every fill of this connection up to this time was stored before this entry.
    CompleteTo(WsKey, Timestamp),
    /// A part that KuCoin cannot or will not send, in this window: look it up by hand.
    Missing(WsKey, MissingPart, (Timestamp, Timestamp)),
}

/// A database that stores fills: each one once, and all of a batch or nothing of it.
pub(crate) trait Database: Sized {
    /// Connects, and creates the tables if they do not exist.
    fn open(address: &str) -> Result<Self, Error>;

    /// Returns the last [`Entry::CompleteTo`] of a connection, in nanoseconds; `None` in a new database.
    fn complete_to(&mut self, connection: WsKey) -> Result<Option<i64>, Error>;

    /// Stores the entries in one transaction. Storing an entry again changes nothing.
    fn store(&mut self, entries: &[Entry]) -> Result<(), Error>;
}

/// A database that is opened again after each error.
pub(crate) struct Journal<D> {
    address: String,
    /// How long a transaction is tried.
    give_up_after: Duration,
    database: Option<D>,
}

impl<D: Database> Journal<D> {
    pub(crate) fn new(address: String, give_up_after: Duration) -> Self {
        Self {
            address,
            give_up_after,
            database: None,
        }
    }

    /// Returns the time up to which every fill of a connection is stored. A new database starts now.
    pub(crate) fn complete_to(
        &mut self,
        connection: WsKey,
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        if let Some(nanos) = self.retry(|database| database.complete_to(connection))? {
            return Ok(Timestamp::from_nanos(nanos));
        }
        // Stored before anything is received: if the program is killed now, the next run starts here too.
        self.retry(|database| database.store(&[Entry::CompleteTo(connection, now)]))?;
        Ok(now)
    }

    /// Stores the entries of the queue until it is closed and empty.
    pub(crate) fn write(mut self, mut queue: mpsc::Receiver<Entry>) -> Result<(), Error> {
        let mut batch = Vec::with_capacity(BATCH);
        // Waits for one entry and takes all that are ready: a single fill is stored at once, many in one transaction.
        while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
            self.retry(|database| database.store(&batch))?;
            batch.clear();
        }
        Ok(())
    }

    /// Repeats the work on a new connection until it succeeds, or the time is up.
    ///
    /// It may run twice if the connection breaks during a commit, so it must be idempotent.
    fn retry<T>(&mut self, work: impl Fn(&mut D) -> Result<T, Error>) -> Result<T, Error> {
        let started = Instant::now();
        let (mut delay, max_delay) = RETRY_DELAYS;
        loop {
            let database = match self.database.take() {
                Some(database) => Ok(database),
                None => D::open(&self.address),
            };
            let result = database.and_then(|mut database| {
                let result = work(&mut database)?;
                self.database = Some(database);
                Ok(result)
            });
            let cause = match result {
                Ok(result) => return Ok(result),
                Err(error) => explain(&*error, None).to_string(),
            };
            if started.elapsed() >= self.give_up_after {
                let tried = self.give_up_after.as_secs();
                return Err(format!(
                    "the database stored nothing for {tried} s: {cause}; fix it and start again: what is not stored \
                     is fetched from KuCoin, which keeps fills for 7 days"
                )
                .into());
            }
            eprintln!("database: {cause}; next attempt in {delay:?}");
            thread::sleep(delay);
            delay = (2 * delay).min(max_delay);
        }
    }
}
