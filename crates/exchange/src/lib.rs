//! A local look-alike of the exchange KuCoin for its private WebSocket streams.
//!
//! KuCoin has had no sandbox since 2023. This crate serves one on loopback: connection tokens with
//! real signature checks and error codes, the V1 and the Pro V2 sockets, and one account whose orders,
//! fills, balances and debts agree to the last digit, in spot, margin and futures, pushed alike by both
//! generations. What happened is in a [`TruthLog`] for each, so that a test can compare what a client
//! received with what happened; what goes wrong is data ([`Faults`]), in code or as a script, whose
//! language [`Faults::language`] describes. It is unofficial, has no part in KuCoin, and was made after
//! public documents and captures.
//!
//! Start with [`Exchange::builder`]. Any client in any language works against it if its REST base URLs
//! are set to [`Exchange::rest_url`], its Pro V2 host to [`Exchange::pro_ws_url`] and its credentials to
//! [`Exchange::credentials`].
//!
//! Where KuCoin is known to behave in a certain way, so does the exchange by default:
//!
//! | | default | changed by |
//! |---|---|---|
//! | tokens | open any number of connections for 24 h | [`single_use_tokens`](ExchangeBuilder::single_use_tokens) |
//! | hosts | one port serves spot and futures; two more serve one each | [`Exchange::spot_rest_url`], [`Exchange::futures_rest_url`] |
//! | a silent client | is cut after 60 s without a message | [`idle_timeout`](ExchangeBuilder::idle_timeout) |
//! | symbols that are not traded | are acknowledged and stay silent | [`unknown_symbols`](ExchangeBuilder::unknown_symbols) |
//! | connections | 800 at once, cut after 24 h | [`max_connections`](ExchangeBuilder::max_connections), [`connection_life`](ExchangeBuilder::connection_life) |

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod account;
mod activity;
#[cfg(feature = "self-signed")]
mod authority;
mod builder;
mod clock;
mod credentials;
mod engine;
mod exchange;
mod fault;
mod http;
mod hub;
mod json;
mod limits;
mod pro;
mod rng;
mod session;
mod shared;
mod socket;
mod stats;
mod sync;
mod tokens;
mod truth;
mod v1;
mod wire;
mod ws;

pub use account::{Account, FuturesAccount};
pub use activity::Activity;
#[cfg(feature = "self-signed")]
pub use authority::{CertificateError, LocalAuthority};
pub use builder::{ExchangeBuilder, StartError};
pub use credentials::DemoCredentials;
pub use engine::futures::{
    FuturesBalance, IsolatedMargin, MarginMode, PositionState, SettleCurrency,
};
pub use engine::{Debt, Direction, Rejected, Side, StopKind, StopPriceType, Wallet, WalletBalance};
pub use exchange::Exchange;
pub use fault::{
    Count, Cut, DialFault, Effect, Fault, Faults, FrameViolation, InjectedMessage, Limit,
    LiquidationLevel, MarginStatusType, Mutation, ScriptError, ScriptFileError, ScriptProblem,
    Times, TokenReply, Trigger, UnknownSymbols, UpgradeFault,
};
pub use rust_decimal::Decimal;
/// The TLS library, for the [`ServerConfig`](rustls::ServerConfig) of [`ExchangeBuilder::tls`].
#[cfg(feature = "tls")]
#[doc(no_inline)]
pub use rustls;
pub use stats::{ConnectionReport, Ended, ServedMarket, Stats, StreamProtocol, TokenRequest};
pub use truth::{TruthEntry, TruthLog};

/// The symbols that are traded.
pub const SYMBOLS: [&str; 4] = ["BTC-USDT", "ETH-USDT", "SOL-USDT", "KCS-USDT"];

/// The futures contracts that are traded: two linear ones and an inverse one.
pub const CONTRACTS: [&str; 3] = ["XBTUSDTM", "ETHUSDTM", "XBTUSDM"];

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
