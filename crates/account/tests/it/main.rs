//! Behaviour of the kept state, with literal frames and literal rows.

#![allow(clippy::unwrap_used, clippy::panic)]

mod balances;
mod keeper;
mod margin;
mod positions;
