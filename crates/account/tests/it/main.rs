//! Behaviour of the kept state: literal frames and rows, and lives of the local exchange's engine.

#![allow(clippy::unwrap_used, clippy::panic)]

mod balances;
mod keeper;
mod lives;
mod margin;
mod orders;
mod positions;
mod support;
