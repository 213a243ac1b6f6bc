//! Pro V2 over sockets: dialling, requests, pushes of every channel, faults, and that it tells the
//! same truth as V1.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod alike;
mod channels;
mod dialling;
mod faults;
mod logins;
mod requests;
mod rig;
