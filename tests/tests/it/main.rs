//! Cross-crate behaviour, one promise to a file: over sockets where they matter, else without any by a paused clock.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod a_burst_arrives_whole;
mod acknowledgements;
mod blocked;
mod dialling;
mod events_equal_the_truth;
mod every_v1_topic;
mod frames;
mod greetings;
mod heartbeat;
mod hostile_day;
mod hosts;
mod independent_exchange;
mod ledger;
mod listening;
mod losses;
mod pro_truth;
mod pro_v2;
mod proxies;
mod proxy_failures;
mod refused_for_now;
mod rig;
mod rotation;
mod seams;
mod secrecy;
mod session_v1;
mod simulated;
mod strange_answers;
mod strange_frames;
mod subscriptions;
mod tasks;
mod test_util;
mod tls;
mod tokens;
mod truth;
mod unreachable;
