//! Scripted servers, proxies, certificates and waits for tests. Nothing here uses a crate of the SDK or the local
//! exchange, so that no bug is shared with them.

#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::panic
)]

pub mod http;
pub mod independent_exchange;
pub mod log;
pub mod proxy;
pub mod tls;
pub mod wait;
pub mod websocket;
