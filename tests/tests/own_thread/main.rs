//! Connections on their own thread: no consumer can stop a heartbeat, and no thread is left.
//!
//! A separate test binary, because it counts the threads of its process; its tests run sequentially.

#![allow(clippy::unwrap_used, clippy::panic)]

mod blocking;
mod setup;
mod shutdown;
