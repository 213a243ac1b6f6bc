//! The guide: one page for each question, with programs that run without an account.
//!
//! [The first page](crate#guide) lists the chapters in order. The first program of each chapter is complete. A snippet
//! after it says from which variables it continues.
//!
//! # Run a program
//!
//! The programs start the local exchange of the crate `kucoin-streams-exchange` in their own process. Its source is the
//! folder `crates/exchange` of the repository. Neither crate is on crates.io yet, so clone the repository beside your
//! project, and add to your `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! kucoin-streams = { path = "../kucoin-streams/crates/kucoin-streams" }
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//!
//! [dev-dependencies]
//! kucoin-streams-exchange = { path = "../kucoin-streams/crates/exchange" }
//! ```
//!
//! Save the program as `examples/guide.rs` and run `cargo run --example guide`. Dev-dependencies are for the folders
//! `examples` and `tests`: to run a program as `src/main.rs`, move `kucoin-streams-exchange` to `[dependencies]`. If a
//! chapter needs another crate, it says so.
//!
//! To use your account at KuCoin, replace the credentials by [`Credentials::from_env`](crate::Credentials::from_env),
//! and remove the call of `hosts` and everything that uses the local exchange.

pub mod account;
pub mod accounts;
pub mod custom;
pub mod from_ccxt;
pub mod from_kucoin_api;
pub mod from_universal_sdk;
pub mod gaps;
pub mod operations;
pub mod recovery;
pub mod runtimes;
pub mod testing;
pub mod tls;
pub mod topics;
