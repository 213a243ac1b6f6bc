//! A local imitation of KuCoin's private WebSocket streams, for tests without an account.
//!
//! KuCoin has had no sandbox since 2023. This crate runs a *local exchange* on loopback:
//!
//! - Connection tokens over REST, with real signature checks and KuCoin's error codes.
//! - The V1 and Pro V2 streams.
//! - REST queries for orders, fills and ledgers, which agree with the streams.
//! - One account with spot, margin and futures. Its orders, fills, balances and debts are consistent to the last
//!   digit, and both protocols push the same events.
//! - A [`TruthLog`] for each protocol, which records every push. A test compares it with what its client received.
//! - Injected [`Faults`], built in code or read from a script; [`Faults::language`] describes the scripts.
//!
//! It is unofficial, not affiliated with KuCoin, and based on public documents and captures.
//!
//! Start with [`Exchange::builder`]. A client in any language can connect: set its REST base URL to
//! [`Exchange::rest_url`], its Pro V2 URL to [`Exchange::pro_ws_url`] and its credentials to
//! [`Exchange::credentials`].
//!
//! By default the local exchange behaves as KuCoin is known to:
//!
//! | | Default | Change it with |
//! |---|---|---|
//! | Tokens | A token opens any number of connections for 24 h | [`single_use_tokens`](ExchangeBuilder::single_use_tokens), [`token_life`](ExchangeBuilder::token_life) |
//! | Hosts | One port serves all markets; two more ports serve only spot and margin, or only futures | [`Exchange::spot_rest_url`], [`Exchange::futures_rest_url`] |
//! | Idle clients | Disconnected after 60 s without a message | [`idle_timeout`](ExchangeBuilder::idle_timeout) |
//! | Unknown symbols | The topic is acknowledged, but has no pushes | [`unknown_symbols`](ExchangeBuilder::unknown_symbols) |
//! | REST rows | Visible at once, kept as long as on KuCoin, at most 65 536 of each kind | [`rest_lag`](ExchangeBuilder::rest_lag), [`rest_history`](ExchangeBuilder::rest_history) |
//! | REST quotas | 4000 per 30 s in spot, 2000 in the other pools | [`rest_quota`](ExchangeBuilder::rest_quota) |
//! | API key | All permissions | [`key_permissions`](ExchangeBuilder::key_permissions) |
//! | Connections | At most 800 at once, closed after 24 h | [`max_connections`](ExchangeBuilder::max_connections), [`connection_life`](ExchangeBuilder::connection_life) |

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
mod rest;
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

pub use account::{Account, FuturesAccount, FuturesLeg};
pub use activity::Activity;
#[cfg(feature = "self-signed")]
pub use authority::{CertificateError, LocalAuthority};
pub use builder::{ExchangeBuilder, StartError};
pub use credentials::DemoCredentials;
pub use engine::futures::{
    FuturesBalance, IsolatedMargin, MarginMode, PositionSide, PositionState, SettleCurrency,
};
pub use engine::{Debt, Direction, Rejected, Side, StopKind, StopPriceType, Wallet, WalletBalance};
pub use exchange::Exchange;
pub use fault::{
    AccountMode, Count, Cut, DialFault, Effect, Fault, Faults, FrameViolation, InjectedMessage,
    KeyPermissions, Limit, LiquidationLevel, MarginStatusType, Mutation, RestFault, RestPool,
    ScriptError, ScriptFileError, ScriptProblem, Times, TokenReply, Trigger, UnknownSymbols,
    UpgradeFault,
};
pub use rust_decimal::Decimal;
/// The `rustls` crate, for the configuration of [`ExchangeBuilder::tls`].
#[cfg(feature = "tls")]
#[doc(no_inline)]
pub use rustls;
pub use stats::{
    ConnectionReport, Ended, RestQuery, ServedMarket, Stats, StreamProtocol, TokenRequest,
};
pub use truth::{TruthEntry, TruthLog};

/// Spot and margin symbols that the local exchange trades.
pub const SYMBOLS: [&str; 4] = ["BTC-USDT", "ETH-USDT", "SOL-USDT", "KCS-USDT"];

/// Futures contracts that the local exchange trades: two linear, one inverse (`XBTUSDM`).
pub const CONTRACTS: [&str; 3] = ["XBTUSDTM", "ETHUSDTM", "XBTUSDM"];

/// Makes the example in the README a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
