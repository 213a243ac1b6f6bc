//! Kills the database examples and their server again and again, and compares the table with the fills of the exchange.
//!
//! `cargo xtask databases` builds the examples and runs these tests.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

// The parts of the examples that are tested without a database.
#[allow(dead_code)]
#[path = "../../fills_db/follow.rs"]
mod follow;
#[allow(dead_code)]
#[path = "../../fills_db/journal.rs"]
mod journal;
mod kills;
mod market;
mod outages;
mod program;
mod server;
mod table;
mod watermark;
