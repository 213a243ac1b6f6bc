//! The default transport against servers of raw bytes, and the pair in memory.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(feature = "fastwebsockets")]
mod certificates_are_checked;
#[cfg(feature = "fastwebsockets")]
mod client;
#[cfg(feature = "fastwebsockets")]
mod dialling_is_bounded;
#[cfg(feature = "fastwebsockets")]
mod frames_are_checked;
#[cfg(feature = "fastwebsockets")]
mod limits_hold;
#[cfg(feature = "fastwebsockets")]
mod losses_are_told;
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
