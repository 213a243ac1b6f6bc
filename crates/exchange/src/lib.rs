//! A local look-alike of the exchange KuCoin for its private WebSocket streams.
//!
//! KuCoin has had no sandbox since 2023. This crate serves one on loopback: connection tokens with
//! real signature checks and error codes, the V1 and the Pro V2 sockets, and behind them one account
//! whose orders, fills, balances and debts agree to the last digit, in spot, margin and futures, told
//! alike by both generations. What it did stands in a [`TruthLog`] for each, so that a test can
//! compare what a client received with what happened; what goes wrong is data ([`Faults`]), in code or
//! as a script. It is unofficial, has no part in KuCoin, and was made after public documents and
//! captures.
//!
//! Start with [`Exchange::builder`]. Any client in any language works against it when its REST base
//! URL is set to [`Exchange::rest_url`], its Pro V2 host to [`Exchange::pro_ws_url`] and its
//! credentials to [`Exchange::credentials`].

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
mod json;
mod limits;
mod pro;
mod rate;
mod rng;
mod shared;
mod socket;
mod stats;
mod sync;
mod tokens;
mod truth;
mod v1;
mod world;
mod ws;

pub use account::{Account, FuturesAccount};
pub use activity::Activity;
#[cfg(feature = "self-signed")]
pub use authority::{CertificateError, LocalAuthority};
pub use builder::{ExchangeBuilder, StartError};
pub use credentials::DemoCredentials;
pub use engine::futures::{
    Direction, FuturesPosition, FuturesWallet, IsolatedMargin, MarginMode, SettleCurrency,
    StopPriceType,
};
pub use engine::{Balance, Debt, Rejected, Side, StopKind, Wallet};
pub use exchange::Exchange;
pub use fault::{
    Count, Cut, DialFault, Effect, Fault, Faults, Flaw, Limit, LiquidationLevel, MarginStatusType,
    Mutation, ScriptError, ScriptFileError, ScriptProblem, Times, TokenReply, Trigger,
    UnknownSymbols, UpgradeFault, Utterance,
};
pub use rust_decimal::Decimal;
pub use stats::{ConnectionReport, Ended, Protocol, ServedMarket, Stats, TokenRequest};
pub use truth::{TruthEntry, TruthLog};

/// The symbols that are traded.
pub const SYMBOLS: [&str; 4] = ["BTC-USDT", "ETH-USDT", "SOL-USDT", "KCS-USDT"];

/// The futures contracts that are traded: two linear ones and an inverse one.
pub const CONTRACTS: [&str; 3] = ["XBTUSDTM", "ETHUSDTM", "XBTUSDM"];
