//! Unofficial Rust SDK for KuCoin's private WebSocket streams: orders, fills, balances, positions, margin.
//!
//! Give an API key, its secret and passphrase, subscribe to a topic, and receive typed events. The signed token,
//! the connection, the login, the subscriptions, the heartbeat and every reconnection are taken care of, and
//! **nothing is lost silently**: a stream yields events and, exactly between the events where it happened, a
//! [`Gap`].
//!
//! ```no_run
//! use kucoin_streams::{Credentials, Kucoin, v1};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let kucoin = Kucoin::builder().credentials(Credentials::from_env()?).build()?;
//! let mut orders = kucoin.subscribe(v1::SpotOrders).await?;
//! while let Some(item) = orders.next().await {
//!     match item {
//!         Ok(order) => println!("{} {} filled {}", order.symbol, order.side, order.filled_size.unwrap_or_default()),
//!         Err(gap) => eprintln!("gap: {gap}"),
//!     }
//! }
//! # Err(format!("the stream ended: {:?}", orders.end_reason()).into()) }
//! ```
//!
//! This crate is the facade: it adds [`Kucoin`] to what it re-exports. Each layer is a crate of its own and can be
//! used or replaced alone:
//!
//! | Module | Crate | What |
//! |---|---|---|
//! | [`v1`] | `kucoin-streams-v1` | V1 topics and events, spot and futures |
//! | [`pro`] | `kucoin-streams-pro` | Pro V2 channels and events, spot and futures on one connection |
//! | [`auth`] | `kucoin-streams-auth` | credentials, signing, tokens over REST |
//! | [`transport`] | `kucoin-streams-transport` | the connection seam and the default WebSocket |
//! | [`session`] | `kucoin-streams-session` | the sans-IO state machine of a connection |
//! | [`client`] | `kucoin-streams-client` | the tokio driver, subscriptions, lifecycle events |
//! | [`decode`] | `kucoin-streams-decode` | the lossless JSON decoder, and the macros that define events |
//! | [`mod@core`] | `kucoin-streams-core` | the words that all layers share: traits and values |

mod any;
mod builder;
mod kucoin;
#[cfg(feature = "test-util")]
pub mod test_util;

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
pub use kucoin_streams_session as session;
#[doc(inline)]
pub use kucoin_streams_transport as transport;
#[doc(inline)]
pub use kucoin_streams_v1 as v1;

pub use any::{AnyEvent, AnySubscription, AnyTopic, ParseAnyTopicError};
pub use builder::{BuildError, KucoinBuilder};
pub use kucoin::Kucoin;

pub use self::core::{
    ConnectionInfo, ConnectionKind, ConnectionSource, Decimal, DynConnectionSource, Event, Fill,
    FillKey, Liquidity, RetryPolicy, SecretUrl, Side, SourceError, Text, Timestamp, Topic, WsKey,
};
pub use auth::rest::{Hosts, ProAuthentication, Region, RestTokens};
pub use auth::{Credentials, CredentialsError, DynSign, Sign};
pub use client::{
    ClosedError, Config, ConnectionRuntime, ConnectionState, Connections, DialLimiter, EndReason,
    Events, Gap, GapReason, Lifecycle, LifecycleEvent, LifecycleStream, Origin, RotateError,
    SlowConsumer, SubscribeError, Subscription, SubscriptionHandle, TopicLedger, Update,
};
pub use session::{CloseReason, Failure};
/// The TLS library, for a `ClientConfig` of your own: [`WebSocketConnector::with_tls_config`] and
/// [`RestTokensBuilder::tls_config`](auth::rest::RestTokensBuilder::tls_config) take one.
#[doc(no_inline)]
pub use transport::rustls;
pub use transport::{Connect, DynConnect, Proxy, ProxyEnvError, ProxyError, WebSocketConnector};

/// The README of this crate, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The README of the project, so that its examples are tested.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ProjectReadme;
