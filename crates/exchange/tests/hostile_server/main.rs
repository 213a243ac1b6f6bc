//! Faults that imitate a hostile or broken server, as a client sees them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod answers;
mod dials;
mod frames;
mod injected;
mod limits;
mod replies;
mod setup;
#[path = "../support/mod.rs"]
mod support;
mod upgrades;
