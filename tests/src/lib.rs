//! Shared helpers of the cross-crate tests: a local exchange, and a simulated network without sockets for tests under
//! tokio's paused clock, in which time advances only while every task waits.

#![allow(clippy::unwrap_used)]

pub mod network;
pub mod rng;
pub mod setup;
pub mod tokens;
