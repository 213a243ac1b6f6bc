//! Behaviour of the REST client over real sockets on loopback, one topic per file.

#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod budget;
mod common;
mod errors;
mod exchange;
mod families;
mod pages;
