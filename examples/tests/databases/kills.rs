//! Programs that are killed at random times.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::market::{Market, Rng, Source, UNIFIED, V1};
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

/// A program, what it follows, and where it stores.
struct Kills<'t, T> {
    name: &'static str,
    topics: &'static [&'static str],
    connections: i64,
    source: Source,
    variables: &'t [(&'t str, &'t str)],
    table: T,
    folder: &'t Path,
    seed: u64,
}

impl<T: Table> Kills<'_, T> {
    fn start(&self, market: &Market) -> Program {
        let log = self.folder.join("program.log");
        Program::start(
            self.name,
            self.topics,
            &market.exchange,
            self.variables,
            &log,
        )
    }

    /// Kills the program while the exchange trades and loses connections, and compares the table at the end.
    fn run(&self) {
        let (name, seed) = (self.name, self.seed);
        eprintln!("{name} {:?}: seed {seed}", self.topics);
        let (mut rng, mut market) = (Rng(seed), Market::start(seed));
        let mut program = self.start(&market);
        // From here on, no fill may be lost: each connection has stored where it starts.
        wait_for("the first start", LIMIT, || {
            let started = self.table.connections();
            started.filter(|count| *count == self.connections)
        });
        market.trade_with_losses();
        for kill in 0..KILLS {
            // At the start, during a recovery, and while it is live.
            let longest = [300, 4_000, 9_000][kill as usize % 3];
            thread::sleep(rng.millis(20, longest));
            program.kill();
            thread::sleep(rng.millis(0, 700));
            program = self.start(&market);
        }
        market.trade();
        thread::sleep(Duration::from_secs(6));
        let truth = market.finish(&self.source);
        self.table.expect(&truth, LIMIT);
        program.check();
        let (fills, recovered) = (truth.len(), self.table.count_of("/api/"));
        eprintln!("{name}: {KILLS} kills, {fills} fills, {recovered} of them recovered");
    }
}

#[test]
fn killed_sqlite_program_stores_every_fill_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fills.sqlite");
    let kills = Kills {
        name: "fills_sqlite",
        topics: &[],
        connections: 2,
        source: V1,
        variables: &[("FILLS_SQLITE", path.to_str().unwrap())],
        table: SqliteTable(&path),
        folder: folder.path(),
        seed: seed(1),
    };
    kills.run();
}

#[test]
fn killed_postgres_program_stores_every_fill_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let url = server.url();
    let kills = Kills {
        name: "fills_postgres",
        topics: &[],
        connections: 2,
        source: V1,
        variables: &[("DATABASE_URL", &url)],
        table: PostgresTable(&url),
        folder: folder.path(),
        seed: seed(2),
    };
    kills.run();
}

#[test]
fn killed_program_of_a_unified_account_stores_every_fill_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fills.sqlite");
    let kills = Kills {
        name: "fills_sqlite",
        topics: &["execution?tradeType=UNIFIED"],
        connections: 1,
        source: UNIFIED,
        variables: &[
            ("FILLS_SQLITE", path.to_str().unwrap()),
            ("FILLS_SYMBOLS", "KCS-USDT,SOL-USDT,BTC-USDT"),
        ],
        table: SqliteTable(&path),
        folder: folder.path(),
        seed: seed(5),
    };
    kills.run();
}
