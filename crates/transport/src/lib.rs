//! The connection seam of the kucoin-streams SDK: what a WebSocket must offer, and two implementations of it.
//!
//! A connection is two halves, a [`Reader`] and a [`Writer`], made by a [`Connect`]. The halves share nothing that
//! the caller can see: the reader never writes, so a ping or a close from the server comes up as a [`Message`] and
//! the caller answers it through the writer. That keeps reading free of cancel-safety puzzles: one loop reads and
//! nothing interrupts it in the middle of a message.
//!
//! | Implementation | Feature | For |
//! |---|---|---|
//! | `WebSocketConnector` | `fastwebsockets` (default) | the network: tokio, rustls, hyper's upgrade, fastwebsockets' frames |
//! | [`memory`] | always | tests: a pair whose far end is in the test's hands, with no socket |
//!
//! With `default-features = false` only the seam and the in-memory pair remain; they need tokio's channels and
//! timers and nothing else of weight.
//!
//! ```no_run
//! # #[cfg(feature = "fastwebsockets")]
//! # async fn example(url: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use kucoin_streams_transport::{Connect, WebSocketConnector, Message, Outgoing, Reader, Writer};
//!
//! let (mut reader, mut writer) = WebSocketConnector::new().connect(url).await?;
//! loop {
//!     match reader.read().await? {
//!         Message::Text(json) | Message::Binary(json) => println!("{} bytes", json.len()),
//!         Message::Ping(payload) => writer.send(Outgoing::Pong(&payload)).await?,
//!         Message::Close(frame) => break writer.close(frame).await?,
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod boxed;
mod connect_error;
mod stream_error;
mod traits;

pub mod memory;
#[cfg(feature = "fastwebsockets")]
mod websocket;

pub use boxed::{BoxReader, BoxWriter, DynConnect};
/// The bytes of a [`Message`], shared and cheap to clone.
pub use bytes::Bytes;
pub use connect_error::{
    ConnectClass, ConnectError, ConnectStage, ProxyProblem, UpgradeProblem, UpgradeRefusal,
    UrlProblem,
};
/// The TLS library, for the [`ClientConfig`](rustls::ClientConfig) of [`WebSocketConnector::with_tls_config`].
#[cfg(feature = "fastwebsockets")]
#[doc(no_inline)]
pub use rustls;
pub use stream_error::{ReadError, Violation, WriteError};
pub use traits::{CloseFrame, Connect, Message, Outgoing, Reader, Writer};

#[cfg(feature = "unstable-fuzzing")]
#[doc(hidden)]
pub use websocket::fuzzing;
#[cfg(feature = "fastwebsockets")]
pub use websocket::{
    Proxy, ProxyEnvError, ProxyError, WebSocketConnector, WebSocketReader, WebSocketWriter,
};

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
