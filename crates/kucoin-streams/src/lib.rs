//! Unofficial Rust SDK for KuCoin's private WebSocket streams.
//!
//! Subscribe to a topic and receive typed events of your orders, fills, balances, positions and margin; tokens, logins,
//! heartbeats and reconnects are handled for you. If events may be missing, the stream has a [`Gap`] at that position, and
//! [recovery](guide::recovery) fetches them over REST, so nothing is lost silently.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use kucoin_streams::{Credentials, Kucoin, v1};
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     match run().await {
//!         Ok(()) => ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("error: {error}"); // the text names the cause and what to do
//!             ExitCode::FAILURE
//!         }
//!     }
//! }
//!
//! async fn run() -> Result<(), Box<dyn std::error::Error>> {
//!     let kucoin = Kucoin::builder().credentials(Credentials::from_env()?).build()?;
//!     let mut orders = kucoin.subscribe(v1::SpotOrders).await?; // acknowledged by KuCoin
//!     while let Some(item) = orders.next().await {
//!         match item {
//!             Ok(order) => println!("{} {} {}", order.symbol, order.side, order.kind),
//!             Err(gap) => eprintln!("events may be missing: {gap}"),
//!         }
//!     }
//!     orders.end_reason().map_or(Ok(()), |reason| Err(reason.into()))
//! }
//! ```
//!
//! The crate is not on crates.io yet. In a clone of the repository beside your project, it is the folder
//! `crates/kucoin-streams`:
//!
//! ```toml
//! [dependencies]
//! kucoin-streams = { path = "../kucoin-streams/crates/kucoin-streams" }
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
//! This program needs an API key in the environment: `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE`.
//! The key needs only the permission `General`. Without an account, use the [local exchange](guide::testing).
//!
//! In the API, start with [`Kucoin`] (the client of an account), [`Subscription`] (a stream of [`Update`]s and [`Gap`]s),
//! [`Kucoin::recovered`] (the same with its gaps filled), [`Kucoin::account`] (the kept state), [`Fleet`] (several accounts),
//! the topics and events in [`v1`] and [`pro`], and [`Config`]
//! (timeouts, queues, retries).
//!
//! # Guide
//!
//! | Chapter | Contents |
//! |---|---|
//! | [Choosing topics](guide::topics) | V1 or Pro V2, what each topic reports, one symbol or all, topics as strings |
//! | [Gaps](guide::gaps) | what each gap means and what to do, slow consumers, the ledger |
//! | [Recovery](guide::recovery) | gaps filled over REST, what can be recovered, permissions, cost, your own REST queries |
//! | [Testing without an account](guide::testing) | the local exchange, fault scripts, subscriptions fed by the test, logs |
//! | [The kept account](guide::account) | what is kept, when to trust it, orders from placing to the end, the audit |
//! | [Several accounts](guide::accounts) | fleets: labels, limits, failing accounts, new keys; merged streams |
//! | [Your own transport, proxy, signer or tokens](guide::custom) | the traits to implement, and their trait objects |
//! | [Operations](guide::operations) | statistics, latencies by hop, metrics, Prometheus, OpenTelemetry, alerts |
//! | [TLS and your other crates](guide::tls) | features, root certificates, two crypto providers in one program |
//! | [Blocking code and runtimes](guide::runtimes) | the connection thread, everything on one thread, no tokio |
//! | [From `kucoin-api`](guide::from_kucoin_api) | the JavaScript SDK by Tiago Siebler: calls, events, differences |
//! | [From `ccxt.pro`](guide::from_ccxt) | `watchOrders`, `watchMyTrades`, `watchBalance`, `watchPositions`; differences |
//! | [From `kucoin-universal-sdk`](guide::from_universal_sdk) | KuCoin's own SDK: methods, callbacks, differences |
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `tls-aws-lc` | yes | TLS with aws-lc |
//! | `tls-ring` | no | TLS with ring (wins if both are enabled): see [TLS](guide::tls) |
//! | `test-util` | no | subscriptions fed by a test: see [`test_util`] |
//! | `metrics` | no | metrics for the `metrics` facade, and as Prometheus text: see [`metrics`](mod@metrics) |
//! | `chrono`, `jiff`, `time` | no | conversions between [`Timestamp`] and the types of that crate |
//!
//! # Layers
//!
//! This crate adds [`Kucoin`] and [`AnyTopic`] to the layers that it re-exports. Each layer is a separate crate, which you
//! can use alone or replace:
//!
//! | Module | Crate | Contains |
//! |---|---|---|
//! | [`v1`] | `kucoin-streams-v1` | V1 topics and events, spot and futures |
//! | [`pro`] | `kucoin-streams-pro` | Pro V2 channels and events, spot and futures on one connection |
//! | [`auth`] | `kucoin-streams-auth` | credentials, signing, connection tokens over REST |
//! | [`rest`] | `kucoin-streams-rest` | read-only queries of the REST API, and the client that sends them: [`Kucoin::rest`] |
//! | [`transport`] | `kucoin-streams-transport` | the transport traits and the default WebSocket |
//! | [`recovery`] | `kucoin-streams-recovery` | the state machine that fills gaps, without I/O |
//! | [`kept`] | `kucoin-streams-account` | the kept state of an account, without I/O |
//! | [`session`] | `kucoin-streams-session` | the state machine of a connection, without I/O |
//! | [`client`] | `kucoin-streams-client` | the tokio driver, subscriptions, lifecycle events |
//! | [`decode`] | `kucoin-streams-decode` | the lossless JSON decoder, and the macros that define events |
//! | [`mod@core`] | `kucoin-streams-core` | the traits and values that all layers share |

// Links to `test_util` and `metrics` resolve only with these features, as on docs.rs and in CI.
#![cfg_attr(
    not(all(feature = "test-util", feature = "metrics")),
    allow(rustdoc::broken_intra_doc_links)
)]

// The guide has no code: it exists for rustdoc and its tests only.
#[cfg(doc)]
pub mod guide;

mod account;
mod any;
mod builder;
mod fleet;
mod kucoin;
#[cfg(feature = "metrics")]
pub mod metrics;
mod recovered;
mod replace_key;
mod stats;
#[cfg(feature = "test-util")]
pub mod test_util;

#[doc(inline)]
pub use kucoin_streams_account as kept;
#[doc(inline)]
pub use kucoin_streams_auth as auth;
#[doc(inline)]
pub use kucoin_streams_client as client;
#[doc(inline)]
pub use kucoin_streams_core as core;
#[doc(inline)]
pub use kucoin_streams_decode as decode;
#[doc(inline)]
pub use kucoin_streams_pro as pro;
#[doc(inline)]
pub use kucoin_streams_recovery as recovery;
#[doc(inline)]
pub use kucoin_streams_rest as rest;
#[doc(inline)]
pub use kucoin_streams_session as session;
#[doc(inline)]
pub use kucoin_streams_transport as transport;
#[doc(inline)]
pub use kucoin_streams_v1 as v1;

pub use account::{Account, AccountBuilder, AccountChanges, ConnectionActivity, Lagged, WaitError};
pub use any::{AnyEvent, AnySubscription, AnyTopic, ParseAnyTopicError};
pub use builder::{BuildError, KucoinBuilder};
pub use fleet::{
    Fleet, FleetBuilder, FleetChanges, FleetError, FleetEvent, FleetStatus, FleetTotals,
    StartFailure,
};
pub use kucoin::Kucoin;
pub use recovered::{RecoverableSubscription, RecoveredItem, RecoveredSubscription};
pub use replace_key::ReplaceKeyError;
pub use stats::{FleetStats, KucoinStats};

pub use self::core::{
    ClockOffset, ConnectionInfo, ConnectionKind, ConnectionSource, Decimal, DynConnectionSource,
    Event, Fill, FillKey, FindingKind, Liquidity, RetryPolicy, SecretUrl, Side, SourceError, Text,
    Timestamp, Topic, WsKey,
};
pub use auth::rest::{Hosts, ProAuthentication, Region, RestTokens};
pub use auth::{Credentials, CredentialsError, DynSign, Sign};
pub use client::{
    ClosedError, Config, ConnectionCounters, ConnectionRuntime, ConnectionState, ConnectionStats,
    Connections, DialLimiter, DriftFinding, EndReason, Events, Gap, GapReason, LatencyStats,
    LatencySummary, Lifecycle, LifecycleEvent, LifecycleStream, Origin, RotateError, SlowConsumer,
    SubscribeError, Subscription, SubscriptionHandle, TopicDrift, TopicLedger, Update,
};
pub use kept::{
    AccountBalance, AccountChange, AccountFill, AccountOrder, AccountPart, AccountPosition,
    AccountSettings, AccountState, AccountViolation, Kept, OrderOutcome, OrderPhase, StaleReason,
    Trust,
};
pub use recovery::{
    LiveReport, MissingPart, MissingReason, Recoverable, RecoverySettings, SnapshotRow,
    VanishedOrder,
};
pub use session::{CloseReason, Failure, RoundTrip};
/// The TLS library, for your own `ClientConfig`.
///
/// [`WebSocketConnector::with_tls_config`] and
/// [`RestTokensBuilder::tls_config`](auth::rest::RestTokensBuilder::tls_config) take a `ClientConfig`.
#[doc(no_inline)]
pub use transport::rustls;
pub use transport::{Connect, DynConnect, Proxy, ProxyEnvError, ProxyError, WebSocketConnector};
#[doc(hidden)]
#[allow(deprecated)]
pub use {client::DialBudget, transport::FastWebSocket};

/// The README of this crate, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The README of the project, so that its examples are tested.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ProjectReadme;
