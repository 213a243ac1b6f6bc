//! Programs that are killed at random times.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::market::{Market, Rng};
use crate::program::Program;
use crate::server::Server;
use crate::table::{PostgresTable, SqliteTable, Table, wait_for};

const KILLS: u32 = 8;
const LIMIT: Duration = Duration::from_secs(30);

/// Returns the seed of a test; `KILL_SEED` sets another one.
fn seed(default: u64) -> u64 {
    let chosen = std::env::var("KILL_SEED");
    chosen.map_or(default, |seed| seed.parse().unwrap())
}

/// Kills a program while the exchange trades and loses connections, and compares the table at the end.
fn kill_often(name: &str, database: (&str, &str), table: &impl Table, folder: &Path, seed: u64) {
    eprintln!("{name}: seed {seed}");
    let mut rng = Rng(seed);
    let mut market = Market::start(seed);
    let log = folder.join("program.log");
    let start = |market: &Market| Program::start(name, &market.exchange, database, &log);
    // From here on, no fill may be lost: both connections have stored where they start.
    let mut program = start(&market);
    wait_for("the first start", LIMIT, || {
        table.connections().filter(|count| *count == 2)
    });
    market.trade_with_losses();
    for kill in 0..KILLS {
        // At the start, during a recovery, and while it is live.
        let longest = [300, 4_000, 9_000][kill as usize % 3];
        thread::sleep(rng.millis(20, longest));
        program.kill();
        thread::sleep(rng.millis(0, 700));
        program = start(&market);
    }
    market.trade();
    thread::sleep(Duration::from_secs(6));
    let truth = market.finish();
    table.expect(&truth, LIMIT);
    program.check();
    eprintln!(
        "{name}: {KILLS} kills, {} fills, {} of them recovered",
        truth.len(),
        table.count_of("/api/")
    );
}

#[test]
fn killed_sqlite_program_stores_every_fill_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fills.sqlite");
    let database = ("FILLS_SQLITE", path.to_str().unwrap());
    kill_often(
        "fills_sqlite",
        database,
        &SqliteTable(&path),
        folder.path(),
        seed(1),
    );
}

#[test]
fn killed_postgres_program_stores_every_fill_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let url = server.url();
    let database = ("DATABASE_URL", url.as_str());
    kill_often(
        "fills_postgres",
        database,
        &PostgresTable(&url),
        folder.path(),
        seed(2),
    );
}
