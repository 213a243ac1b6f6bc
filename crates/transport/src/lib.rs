//! The transport of the kucoin-streams SDK: traits of a WebSocket connection, and two implementations.
//!
//! A [`Connect`] opens a connection and returns its two halves, a [`Reader`] and a [`Writer`]. The reader never writes:
//! a ping or a close frame from the server is returned as a [`Message`], and the caller answers it through the writer.
//! This avoids problems of cancel safety: one loop reads, and nothing interrupts it inside a message.
//!
//! | Implementation | Feature | Use |
//! |---|---|---|
//! | `WebSocketConnector` | `fastwebsockets` (default) | real connections: tokio, rustls, hyper, fastwebsockets |
//! | [`memory`] | always | tests: no socket, the test plays the server |
//!
//! With `default-features = false` the crate contains only the traits and the in-memory transport, which use tokio's
//! channels and timers.
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
/// The type of the payload of a [`Message`]: shared bytes, cheap to clone.
pub use bytes::Bytes;
pub use connect_error::{
    ConnectClass, ConnectError, ConnectStage, ProxyProblem, UpgradeProblem, UpgradeRefusal,
    UrlProblem,
};
/// The TLS library, for [`WebSocketConnector::with_tls_config`].
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

/// The old name of [`WebSocketConnector`].
#[cfg(feature = "fastwebsockets")]
#[doc(hidden)]
#[deprecated(note = "renamed to `WebSocketConnector`")]
pub type FastWebSocket = WebSocketConnector;

/// Tests the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
