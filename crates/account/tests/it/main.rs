//! Tests of the kept state.

#![allow(clippy::unwrap_used, clippy::panic)]

mod audit;
