//! Pro V2: tokens, logins, requests, pushes of every channel, faults, comparisons with V1 and with REST.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod both_protocols;
mod channels;
mod faults;
mod logins;
mod requests;
mod setup;
mod tokens;
mod unified_rest;
