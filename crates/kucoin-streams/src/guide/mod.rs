//! The guide: one page for each question, with programs that run without an account.
//!
//! The programs start the local exchange of the crate `kucoin-streams-exchange` in their own process. Add both crates,
//! and tokio with the features `macros` and `rt-multi-thread`. For your account at KuCoin, change two lines: use
//! [`Credentials::from_env`](crate::Credentials::from_env) and leave `hosts` out. Lines that every program repeats may be
//! hidden on a page; "show hidden lines" shows them.
//!
//! [The first page](crate#guide) lists the chapters in order.

pub mod accounts;
pub mod custom;
pub mod from_ccxt;
pub mod from_kucoin_api;
pub mod from_universal_sdk;
pub mod gaps;
pub mod runtimes;
pub mod testing;
pub mod tls;
pub mod topics;
