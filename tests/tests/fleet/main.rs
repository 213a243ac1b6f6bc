//! Several accounts in one process, each on a local exchange of its own.

#![allow(clippy::unwrap_used, clippy::panic)]

mod failing;
mod keys;
mod many;
mod setup;
mod streams;
