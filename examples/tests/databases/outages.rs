//! Databases that are away, locked or gone, with the program running.

use std::thread;
use std::time::Duration;

use crate::market::{Market, Rng, V1};
use crate::program::Program;
use crate::server::Server;
use crate::table::{PostgresTable, SqliteTable, Table, wait_for};

const LIMIT: Duration = Duration::from_secs(30);
const MESSAGE: &str = "error: the database stored nothing for 2 s";

#[test]
fn postgres_crashes_lose_no_fill() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let (url, log) = (server.url(), folder.path().join("program.log"));
    let table = PostgresTable(&url);
    let (mut rng, mut market) = (Rng(3), Market::start(3));
    let database = ("DATABASE_URL", url.as_str());
    let mut program = Program::start("fills_postgres", &[], &market.exchange, &[database], &log);
    wait_for("the first start", LIMIT, || {
        table.connections().filter(|count| *count == 2)
    });
    market.trade_with_losses();
    for _ in 0..4 {
        thread::sleep(rng.millis(200, 3_000));
        server.crash();
        thread::sleep(rng.millis(0, 2_000));
        server.restart();
        program.check();
    }
    // The program retries for a minute, so it has survived all crashes. Now it gives up.
    program.kill();
    let variables = [database, ("FILLS_GIVE_UP_SECS", "2")];
    let mut program = Program::start("fills_postgres", &[], &market.exchange, &variables, &log);
    thread::sleep(rng.millis(3_000, 6_000));
    server.crash();
    let status = program.wait(LIMIT);
    assert_eq!(status.code(), Some(1), "{}", program.log());
    assert!(program.log().contains(MESSAGE), "{}", program.log());
    // What it could not store is fetched by the next run.
    server.restart();
    let _program = Program::start("fills_postgres", &[], &market.exchange, &[database], &log);
    market.trade();
    thread::sleep(Duration::from_secs(6));
    table.expect(&market.finish(&V1), LIMIT);
}

#[test]
fn locked_sqlite_file_ends_with_error_and_loses_no_fill() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (
        folder.path().join("fills.sqlite"),
        folder.path().join("program.log"),
    );
    let table = SqliteTable(&path);
    let mut market = Market::start(4);
    let database = ("FILLS_SQLITE", path.to_str().unwrap());
    let variables = [database, ("FILLS_GIVE_UP_SECS", "2")];
    let start = || Program::start("fills_sqlite", &[], &market.exchange, &variables, &log);
    let mut program = start();
    wait_for("the first start", LIMIT, || {
        table.connections().filter(|count| *count == 2)
    });
    market.trade();
    thread::sleep(Duration::from_secs(6));
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Within the time that the program waits for a lock.
    thread::sleep(Duration::from_secs(2));
    other.execute_batch("COMMIT").unwrap();
    program.check();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(program.wait(LIMIT).code(), Some(1), "{}", program.log());
    assert!(program.log().contains(MESSAGE), "{}", program.log());
    assert!(
        program.log().contains("database is locked"),
        "{}",
        program.log()
    );
    other.execute_batch("COMMIT").unwrap();
    let _program = start();
    thread::sleep(Duration::from_secs(6));
    table.expect(&market.finish(&V1), LIMIT);
}

#[test]
fn slow_database_does_not_delay_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let (url, log) = (server.url(), folder.path().join("program.log"));
    let table = PostgresTable(&url);
    let mut market = Market::start(6);
    let variables = [("DATABASE_URL", url.as_str())];
    let mut program = Program::start("fills_postgres", &[], &market.exchange, &variables, &log);
    wait_for("the first start", LIMIT, || {
        table.connections().filter(|count| *count == 2)
    });
    // The stream is live.
    thread::sleep(Duration::from_secs(6));
    market.trade();
    wait_for("fills", LIMIT, || table.count().filter(|count| *count > 0));
    let mut other = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    other
        .batch_execute("BEGIN; LOCK TABLE fills IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    // Longer than a statement may take, and than the stream would wait for its reader.
    thread::sleep(Duration::from_secs(12));
    other.batch_execute("COMMIT").unwrap();
    let truth = market.finish(&V1);
    wait_for("all fills", LIMIT, || {
        let stored = table.count_of("live");
        (stored == truth.len() as i64).then_some(())
    });
    program.check();
    let log = program.log();
    assert!(log.contains("statement timeout"), "{log}");
    assert!(!log.contains("connection lost"), "{log}");
}
