//! The tables, read back and compared with the truth.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use postgres::NoTls;

/// Symbol, trade ID and order ID.
pub(crate) type Key = (String, String, String);

/// The other columns of a fill.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) side: String,
    pub(crate) price: String,
    pub(crate) size: String,
    pub(crate) time_ns: Option<i64>,
}

/// Waits until there is a value.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, limit: Duration, mut find: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        match find() {
            Some(value) => return value,
            None if started.elapsed() > limit => panic!("{what}: not within {limit:?}"),
            None => thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// A table of fills that a test can read.
pub(crate) trait Table {
    /// Returns the number that a query returns; `None` if the tables do not exist.
    fn number(&self, query: &str) -> Option<i64>;
    /// Returns what the program has named as missing.
    fn missing(&self) -> Vec<String>;
    fn rows(&self) -> Vec<(Key, Row)>;

    /// Returns the number of connections that have started; `None` if the tables do not exist.
    fn connections(&self) -> Option<i64> {
        self.number("SELECT count(*) FROM fills_complete")
    }

    /// Returns the number of fills; `None` if the tables do not exist.
    fn count(&self) -> Option<i64> {
        self.number("SELECT count(*) FROM fills")
    }

    /// Returns the number of rows by origin, with a prefix such as `live` or `/api`.
    fn count_of(&self, origin: &str) -> i64 {
        self.number(&format!(
            "SELECT count(*) FROM fills WHERE origin LIKE '{origin}%'"
        ))
        .unwrap()
    }

    /// Waits until all fills are stored, and compares each.
    #[track_caller]
    fn expect(&self, truth: &BTreeMap<Key, Row>, limit: Duration) {
        let wanted = truth.len() as i64;
        let started = Instant::now();
        while started.elapsed() < limit && self.count().unwrap_or(0) < wanted {
            thread::sleep(Duration::from_millis(100));
        }
        let rows = self.rows();
        let stored: BTreeMap<_, _> = rows.iter().cloned().collect();
        assert_eq!(stored.len(), rows.len(), "a fill is stored twice");
        let lost: Vec<_> = truth
            .keys()
            .filter(|key| !stored.contains_key(*key))
            .collect();
        assert!(
            lost.is_empty(),
            "{} of {wanted} are missing: {lost:?}",
            lost.len()
        );
        for (key, row) in &stored {
            assert_eq!(Some(row), truth.get(key), "{key:?}");
        }
        assert_eq!(self.missing(), [""; 0]);
        assert!(wanted > 100, "only {wanted} fills");
        assert!(self.count_of("live") > 0 && self.count_of("/api/") > 0);
    }
}

/// The columns of a row, in the order of [`row`].
const COLUMNS: &str =
    "symbol, trade_id, order_id, side, CAST(price AS TEXT), CAST(size AS TEXT), time_ns";
const MISSING: &str =
    "SELECT connection || ' ' || what || ': ' || reason || ' from ' || from_ns FROM fills_missing";

pub(crate) struct SqliteTable<'p>(pub(crate) &'p Path);

impl SqliteTable<'_> {
    fn open(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.0).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection
    }
}

impl Table for SqliteTable<'_> {
    fn number(&self, query: &str) -> Option<i64> {
        self.open().query_row(query, [], |row| row.get(0)).ok()
    }

    fn missing(&self) -> Vec<String> {
        let connection = self.open();
        let mut query = connection.prepare(MISSING).unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn rows(&self) -> Vec<(Key, Row)> {
        let connection = self.open();
        let mut query = connection
            .prepare(&format!("SELECT {COLUMNS} FROM fills"))
            .unwrap();
        let rows = query.query_map([], |row| {
            let key = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (side, price, size) = (row.get(3)?, row.get(4)?, row.get(5)?);
            let time_ns = row.get(6)?;
            Ok((
                key,
                Row {
                    side,
                    price,
                    size,
                    time_ns,
                },
            ))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }
}

pub(crate) struct PostgresTable<'u>(pub(crate) &'u str);

impl PostgresTable<'_> {
    fn query(&self, query: &str) -> Option<Vec<postgres::Row>> {
        let mut client = postgres::Client::connect(self.0, NoTls).ok()?;
        client.query(query, &[]).ok()
    }
}

impl Table for PostgresTable<'_> {
    fn number(&self, query: &str) -> Option<i64> {
        Some(self.query(query)?.first()?.get(0))
    }

    fn missing(&self) -> Vec<String> {
        let rows = self.query(MISSING).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn rows(&self) -> Vec<(Key, Row)> {
        let rows = self.query(&format!("SELECT {COLUMNS} FROM fills")).unwrap();
        let read = |row: &postgres::Row| {
            let key = (row.get(0), row.get(1), row.get(2));
            let (side, price, size) = (row.get(3), row.get(4), row.get(5));
            let time_ns = row.get(6);
            (
                key,
                Row {
                    side,
                    price,
                    size,
                    time_ns,
                },
            )
        };
        rows.iter().map(read).collect()
    }
}
