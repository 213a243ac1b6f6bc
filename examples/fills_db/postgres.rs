//! Stores the fills of an account in PostgreSQL: each one exactly once, also if the program or the server is killed.
//!
//! ```sh
//! createdb fills
//! DATABASE_URL=postgresql:///fills cargo run -p kucoin-streams-examples --example fills_postgres
//! psql fills -c 'SELECT * FROM fills ORDER BY time_ns'
//! ```
//!
//! Without credentials it uses a local exchange and ends by itself. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and
//! `KUCOIN_API_PASSPHRASE` set, it stores the fills of that account until Ctrl-C, and continues where it has stopped when it
//! is started again. `follow.rs` says why nothing is lost. For a server on another machine, replace `NoTls`.

mod follow;
mod journal;
mod simulation;

use std::process::ExitCode;
use std::time::Duration;

use kucoin_streams::{Fill, WsKey};
use kucoin_streams_examples::{Error, report};
use postgres::{Client, Config, NoTls};

use journal::{Database, Entry};

/// `NUMERIC` without a precision keeps all of KuCoin's digits. Times are nanoseconds since 1970: `TIMESTAMPTZ` has only
/// microseconds.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS fills (
        symbol       TEXT NOT NULL,
        trade_id     TEXT NOT NULL,
        order_id     TEXT NOT NULL, -- '' for a fill without an order, such as a liquidation
        side         TEXT NOT NULL,
        price        NUMERIC NOT NULL,
        size         NUMERIC NOT NULL,
        fee          NUMERIC,       -- NULL if KuCoin did not send it
        fee_currency TEXT,
        liquidity    TEXT,
        time_ns      BIGINT,
        origin       TEXT NOT NULL, -- 'live', or the REST path of a recovered fill
        PRIMARY KEY (symbol, trade_id, order_id)
    );
    CREATE TABLE IF NOT EXISTS fills_complete ( -- every fill until then is stored
        connection TEXT PRIMARY KEY,
        up_to_ns   BIGINT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS fills_missing ( -- what KuCoin cannot send: look it up by hand
        connection TEXT NOT NULL,
        topic      TEXT NOT NULL,
        what       TEXT NOT NULL,
        reason     TEXT NOT NULL,
        from_ns    BIGINT NOT NULL,
        to_ns      BIGINT NOT NULL,
        PRIMARY KEY (connection, topic, what, reason, from_ns)
    );
";
/// All fills of a batch in one statement: each parameter is a column. Decimals are sent as text, which is exact.
const INSERT_FILLS: &str = "
    INSERT INTO fills
    SELECT symbol, trade_id, order_id, side, price::numeric, size::numeric, fee::numeric, fee_currency, liquidity,
           time_ns, origin
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::bigint[], $11::text[])
         AS new (symbol, trade_id, order_id, side, price, size, fee, fee_currency, liquidity, time_ns, origin)
    ON CONFLICT (symbol, trade_id, order_id) DO NOTHING";
/// Several topics report the same fill, and only some have its fee.
const ADD_FEES: &str = "
    UPDATE fills SET fee = new.fee::numeric, fee_currency = new.fee_currency
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         AS new (symbol, trade_id, order_id, fee, fee_currency)
    WHERE fills.symbol = new.symbol AND fills.trade_id = new.trade_id AND fills.order_id = new.order_id
      AND fills.fee IS NULL AND new.fee IS NOT NULL";
const SET_COMPLETE: &str = "
    INSERT INTO fills_complete VALUES ($1, $2)
    ON CONFLICT (connection) DO UPDATE SET up_to_ns = greatest(fills_complete.up_to_ns, excluded.up_to_ns)";
const INSERT_MISSING: &str = "
    INSERT INTO fills_missing VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

#[tokio::main]
async fn main() -> ExitCode {
    report(match std::env::var("DATABASE_URL") {
        Ok(url) => follow::run::<Postgres>(url, simulation::run).await,
        Err(_) => {
            Err("DATABASE_URL is not set; set it to a database, such as postgresql:///fills".into())
        }
    })
}

/// A connection to a server.
struct Postgres(Client);

impl Database for Postgres {
    fn open(url: &str) -> Result<Self, Error> {
        let mut config: Config = url.parse()?;
        // A server that does not answer is an error too, so that the program does not wait for it forever.
        config
            .connect_timeout(Duration::from_secs(5))
            .tcp_user_timeout(Duration::from_secs(10));
        let mut client = config.connect(NoTls)?;
        client.batch_execute("SET statement_timeout = '10s'; SET client_min_messages = warning")?;
        client.batch_execute(TABLES)?;
        Ok(Self(client))
    }

    fn complete_to(&mut self, connection: WsKey) -> Result<Option<i64>, Error> {
        let query = "SELECT up_to_ns FROM fills_complete WHERE connection = $1";
        let row = self.0.query_opt(query, &[&connection.as_str()])?;
        Ok(row.map(|row| row.get(0)))
    }

    fn store(&mut self, entries: &[Entry]) -> Result<(), Error> {
        // Rolled back if it is dropped before the commit.
        let mut transaction = self.0.transaction()?;
        let fills: Vec<(&Fill, &str)> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Fill(fill, origin) => Some((fill, *origin)),
                _ => None,
            })
            .collect();
        if !fills.is_empty() {
            let text = |column: fn(&Fill) -> String| -> Vec<String> {
                fills.iter().map(|(fill, _)| column(fill)).collect()
            };
            let optional = |column: fn(&Fill) -> Option<String>| -> Vec<Option<String>> {
                fills.iter().map(|(fill, _)| column(fill)).collect()
            };
            let times = fills.iter().map(|(fill, _)| fill.time);
            let times: Vec<Option<i64>> = times.map(|time| Some(time?.as_nanos())).collect();
            let origins: Vec<&str> = fills.iter().map(|(_, origin)| *origin).collect();
            let symbols = text(|fill| fill.symbol.to_string());
            let trade_ids = text(|fill| fill.trade_id.to_string());
            let order_ids = text(|fill| fill.order_id.clone().unwrap_or_default().to_string());
            let fees = optional(|fill| Some(fill.fee?.to_string()));
            let fee_currencies = optional(|fill| Some(fill.fee_currency.as_ref()?.to_string()));
            let statement = transaction.prepare(INSERT_FILLS)?;
            transaction.execute(
                &statement,
                &[
                    &symbols,
                    &trade_ids,
                    &order_ids,
                    &text(|fill| fill.side.to_string()),
                    &text(|fill| fill.price.to_string()),
                    &text(|fill| fill.size.to_string()),
                    &fees,
                    &fee_currencies,
                    &optional(|fill| Some(fill.liquidity.as_ref()?.to_string())),
                    &times,
                    &origins,
                ],
            )?;
            if fees.iter().any(Option::is_some) {
                let columns: [&(dyn postgres::types::ToSql + Sync); 5] =
                    [&symbols, &trade_ids, &order_ids, &fees, &fee_currencies];
                transaction.execute(ADD_FEES, &columns)?;
            }
        }
        for entry in entries {
            match entry {
                Entry::Fill(..) => {}
                Entry::CompleteTo(connection, time) => {
                    transaction.execute(SET_COMPLETE, &[&connection.as_str(), &time.as_nanos()])?;
                }
                Entry::Missing(connection, part, (from, to)) => {
                    let (topic, reason) = (&*part.topic, part.reason.to_string());
                    let (from, to) = (from.as_nanos(), to.as_nanos());
                    transaction.execute(
                        INSERT_MISSING,
                        &[
                            &connection.as_str(),
                            &topic,
                            &part.what,
                            &reason,
                            &from,
                            &to,
                        ],
                    )?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }
}
