//! The guide: one page for each question, with programs that run without an account.
//!
//! The programs start the local exchange of the crate `kucoin-streams-exchange` in their own process. To run one, add
//! both crates, and tokio with the features `macros` and `rt-multi-thread`. To use your account at KuCoin, replace the
//! credentials by [`Credentials::from_env`](crate::Credentials::from_env), and remove the call of `hosts` and all that
//! uses the local exchange. Some pages hide lines that every program repeats; the button "show hidden lines" shows them.
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
