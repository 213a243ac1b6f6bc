//! The driver over an in-memory transport and a paused clock, one idea a file.

#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;

mod closing;
mod gaps;
mod isolation;
mod overflow;
mod reconnecting;
mod rotating;
mod subscribing;
