//! Stores the fills of an account in SQLite: each one exactly once, also if the program is killed.
//!
//! ```sh
//! FILLS_SQLITE=fills.sqlite cargo run -p kucoin-streams-examples --example fills_sqlite
//! sqlite3 fills.sqlite 'SELECT * FROM fills ORDER BY time_ns'
//! ```
//!
//! Without `FILLS_SQLITE` it uses a temporary file. Without credentials it uses a local exchange and ends by itself. With
//! `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` set, it stores the fills of that account until
//! Ctrl-C, and continues where it has stopped when it is started again. `follow.rs` says why nothing is lost.
#![allow(clippy::print_stdout)]

mod follow;
mod journal;
mod simulation;

use std::process::ExitCode;
use std::time::Duration;

use kucoin_streams::WsKey;
use kucoin_streams_examples::{Error, report};
use rusqlite::{Connection, OptionalExtension, params};

use journal::{Database, Entry};

/// Prices and sizes are texts with KuCoin's digits, because SQLite's numbers are binary. Times are nanoseconds since 1970.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS fills (
        symbol       TEXT NOT NULL,
        trade_id     TEXT NOT NULL,
        order_id     TEXT NOT NULL, -- '' for a fill without an order, such as a liquidation
        side         TEXT NOT NULL,
        price        TEXT NOT NULL,
        size         TEXT NOT NULL,
        fee          TEXT,          -- NULL if KuCoin did not send it
        fee_currency TEXT,
        liquidity    TEXT,
        time_ns      INTEGER,
        origin       TEXT NOT NULL, -- 'live', or the REST path of a recovered fill
        PRIMARY KEY (symbol, trade_id, order_id)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS fills_complete ( -- every fill until then is stored
        connection TEXT PRIMARY KEY,
        up_to_ns   INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS fills_missing ( -- what KuCoin cannot send: look it up by hand
        connection TEXT NOT NULL,
        topic      TEXT NOT NULL,
        what       TEXT NOT NULL,
        reason     TEXT NOT NULL,
        from_ns    INTEGER NOT NULL,
        to_ns      INTEGER NOT NULL,
        PRIMARY KEY (connection, topic, what, reason, from_ns)
    ) STRICT;
";
const INSERT_FILL: &str = "
    INSERT INTO fills VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    ON CONFLICT (symbol, trade_id, order_id) DO NOTHING";
/// Several topics report the same fill, and only some have its fee.
const ADD_FEE: &str = "
    UPDATE fills SET fee = ?4, fee_currency = ?5
    WHERE symbol = ?1 AND trade_id = ?2 AND order_id = ?3 AND fee IS NULL";
const SET_COMPLETE: &str = "
    INSERT INTO fills_complete VALUES (?1, ?2)
    ON CONFLICT (connection) DO UPDATE SET up_to_ns = max(up_to_ns, excluded.up_to_ns)";
const INSERT_MISSING: &str = "
    INSERT INTO fills_missing VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";

#[tokio::main]
async fn main() -> ExitCode {
    let path = std::env::var("FILLS_SQLITE").unwrap_or_else(|_| {
        let name = format!("fills-{}.sqlite", std::process::id());
        std::env::temp_dir().join(name).display().to_string()
    });
    println!("storing in {path}");
    report(follow::run::<Sqlite>(path, simulation::run).await)
}

/// A connection to a database file.
struct Sqlite(Connection);

impl Database for Sqlite {
    fn open(path: &str) -> Result<Self, Error> {
        let connection = Connection::open(path)?;
        // Another program that reads or copies the file may lock it for a while.
        connection.busy_timeout(Duration::from_secs(5))?;
        // Readers do not block the writer; a commit is on the disk when it returns.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    fn complete_to(&mut self, connection: WsKey) -> Result<Option<i64>, Error> {
        let query = "SELECT up_to_ns FROM fills_complete WHERE connection = ?1";
        let row = self
            .0
            .query_row(query, [connection.as_str()], |row| row.get(0));
        Ok(row.optional()?)
    }

    fn store(&mut self, entries: &[Entry]) -> Result<(), Error> {
        // Rolled back if it is dropped before the commit.
        let transaction = self.0.transaction()?;
        for entry in entries {
            match entry {
                Entry::Fill(fill, origin) => {
                    let (symbol, trade_id) = (fill.symbol.as_str(), fill.trade_id.as_str());
                    let order_id = fill.order_id.as_deref().unwrap_or_default();
                    let fee = fill.fee.map(|fee| fee.to_string());
                    let fee_currency = fill.fee_currency.as_deref();
                    let is_new = transaction.prepare_cached(INSERT_FILL)?.execute(params![
                        symbol,
                        trade_id,
                        order_id,
                        fill.side.to_string(),
                        fill.price.to_string(),
                        fill.size.to_string(),
                        fee,
                        fee_currency,
                        fill.liquidity.as_ref().map(ToString::to_string),
                        fill.time.map(|time| time.as_nanos()),
                        origin,
                    ])?;
                    if is_new == 0 && fee.is_some() {
                        let row = params![symbol, trade_id, order_id, fee, fee_currency];
                        transaction.prepare_cached(ADD_FEE)?.execute(row)?;
                    }
                }
                Entry::CompleteTo(connection, time) => {
                    let row = params![connection.as_str(), time.as_nanos()];
                    transaction.prepare_cached(SET_COMPLETE)?.execute(row)?;
                }
                Entry::Missing(connection, part, (from, to)) => {
                    let row = params![
                        connection.as_str(),
                        &*part.topic,
                        part.what,
                        part.reason.to_string(),
                        from.as_nanos(),
                        to.as_nanos()
                    ];
                    transaction.prepare_cached(INSERT_MISSING)?.execute(row)?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }
}
