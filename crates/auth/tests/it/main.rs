//! Behaviour of the REST token source over real sockets on loopback, one topic per file.

#![cfg(feature = "rest")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod clock;
mod codes;
mod common;
mod endpoints;
mod limits;
mod proxy;
mod rate_limit;
mod redirects;
mod secret_types;
mod secrets;
mod signed_get;
mod signed_request;
mod signers;
mod tls;
