//! Recovery over REST, through the facade and the local exchange: what was missed is yielded, once and in order.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod account;
mod basics;
mod busy;
mod judge;
mod settings;
mod storm;
mod topics;
mod trader;
