//! Connections on their own thread: no consumer can stop a heartbeat, and no thread is left behind.
//!
//! A program of its own, because it counts the threads of its process; its tests run one after the other.

#![allow(clippy::unwrap_used, clippy::panic)]

mod blocking;
mod setup;
mod shutdown;
