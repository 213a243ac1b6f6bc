//! Knows what the benchmarks share: frames, the server that pushes them, and everybody who reads them.
//!
//! `bench` measures the facade over loopback beside two other ways to read the same stream;
//! `instructions` counts what the hot paths execute, and needs none of that.

pub mod frames;

#[cfg(feature = "contenders")]
pub mod allocations;
#[cfg(feature = "contenders")]
pub mod contenders;
#[cfg(feature = "contenders")]
pub mod control;
#[cfg(feature = "contenders")]
pub mod cpu;
#[cfg(feature = "contenders")]
pub mod events;
#[cfg(feature = "contenders")]
pub mod growth;
#[cfg(feature = "contenders")]
pub mod javascript;
#[cfg(feature = "contenders")]
pub mod latency;
#[cfg(feature = "contenders")]
pub mod report;
#[cfg(feature = "contenders")]
pub mod server;
#[cfg(feature = "contenders")]
pub mod tally;
