//! Behaviour of a recovery with a fake clock, literal frames and literal replies, one family of topics per file.

#![allow(clippy::unwrap_used, clippy::panic)]

mod balances;
mod bench;
mod cost;
mod failures;

mod fills;
mod frames;
mod futures;
mod gaps;
mod margin;
mod orders;
mod pro;
mod start;
mod stops;
