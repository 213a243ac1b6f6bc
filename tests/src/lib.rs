//! A network without sockets between the client and the local exchange, for the tests under tokio's paused clock.
//!
//! Time passes only while every task waits, so no test depends on how fast the machine is.

#![allow(clippy::unwrap_used)]

pub mod dice;
pub mod network;
pub mod tokens;
