//! Scripted servers, proxies, certificates and waits for the tests. Nothing here uses a crate of the SDK or the local
//! exchange, so that a mistake of theirs is not shared.

#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::panic
)]

pub mod http;
pub mod log;
pub mod look_alike;
pub mod proxy;
pub mod tls;
pub mod wait;
pub mod websocket;
