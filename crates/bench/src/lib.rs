//! Shared code of the benchmarks: frames, the server that pushes them, and the contenders that read them.
//!
//! The program `bench` compares the facade over loopback with other ways to read the same stream. The program
//! `instructions` runs the hot paths for an instruction counter, and needs only the frames.

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
