//! What a server can do wrong beyond the everyday faults, each seen from the other side of the socket.

#![allow(clippy::unwrap_used, clippy::panic)]

mod answers;
mod dials;
mod frames;
mod injected;
mod limits;
mod replies;
mod rig;
#[path = "../support/mod.rs"]
mod support;
mod upgrades;
