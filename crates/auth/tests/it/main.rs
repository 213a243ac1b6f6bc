//! Behaviour of the REST token source over real sockets on loopback, one behaviour a file.

#![cfg(feature = "rest")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod answers;
mod clock;
mod codes;
mod endpoints;
mod limits;
mod proxy;
mod redirects;
mod rotation;
mod secret_types;
mod secrets;
mod signed_request;
mod tls;
mod turns;
