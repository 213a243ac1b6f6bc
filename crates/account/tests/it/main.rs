//! Behaviour of the kept state: literal frames, and lives of the local exchange's engine.

#![allow(clippy::unwrap_used, clippy::panic)]

mod lives;
mod orders;
mod support;
