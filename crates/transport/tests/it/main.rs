//! The WebSocket transport against servers that write raw bytes, and the in-memory transport.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(feature = "fastwebsockets")]
mod certificates_are_checked;
#[cfg(feature = "fastwebsockets")]
mod client;
#[cfg(feature = "fastwebsockets")]
mod connection_ends;
#[cfg(feature = "fastwebsockets")]
mod dialling_is_bounded;
#[cfg(feature = "fastwebsockets")]
mod frames_are_checked;
#[cfg(feature = "fastwebsockets")]
mod limits_hold;
mod memory_pair;
#[cfg(feature = "fastwebsockets")]
mod messages_arrive_whole;
#[cfg(feature = "fastwebsockets")]
mod refusals_are_reported;
#[cfg(feature = "fastwebsockets")]
mod tokens_stay_secret;
#[cfg(feature = "fastwebsockets")]
mod upgrade_is_checked;
#[cfg(feature = "fastwebsockets")]
mod writing_is_bounded;
