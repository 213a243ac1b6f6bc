//! Kills the database examples and their server again and again, and compares the table with the fills of the exchange.
//!
//! `cargo xtask databases` builds the examples and runs these tests.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod kills;
mod market;
mod outages;
mod program;
mod server;
mod table;
