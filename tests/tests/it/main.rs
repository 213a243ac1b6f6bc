//! Cross-crate behaviour, one guarantee per file: over sockets if they matter, otherwise without sockets under a
//! paused clock.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod acknowledgements;
mod blocked;
mod burst;
mod custom_components;
mod dialling;
mod events_match_truth;
mod faulty_answers;
mod faulty_frames;
mod frames;
mod heartbeat;
mod hostile_script;
mod hosts;
mod independent_exchange;
mod ledger;
mod log_capture;
mod losses;
mod pro_truth;
mod pro_v2;
mod proxies;
mod proxy_failures;
mod rotation;
mod secrets;
mod session_v1;
mod setup;
mod simulated;
mod stats;
mod subscriptions;
mod tasks;
mod temporary_refusals;
mod test_util;
mod tls;
mod tokens;
mod truth;
mod unreachable;
mod v1_topics;
mod welcome;
