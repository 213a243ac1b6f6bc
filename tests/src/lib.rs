//! What the tests of the whole SDK share: an exchange, and a network without sockets for tests under the paused clock, in
//! which time passes only while every task waits.

#![allow(clippy::unwrap_used)]

pub mod dice;
pub mod network;
pub mod rig;
pub mod tokens;
