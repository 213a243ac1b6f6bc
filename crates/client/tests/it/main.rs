//! Tests of the driver with an in-memory transport and a paused clock, one subject per file.

#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;

mod closing;
mod gaps;
mod handles;
mod herd;
mod isolation;
mod many_topics;
mod overflow;
mod reconnecting;
mod rotating;
mod stats;
mod subscribing;
