//! Tests of the built command: output, exit status, and secrecy.

#![allow(clippy::unwrap_used, clippy::panic)]

mod account;
mod decode;
mod decode_input;
mod doctor;
mod drift;
mod exchange_command;
mod failure_causes;
mod failures;
mod graceful_exit;
mod hosts;
mod independent_pro_exchange;
mod logs;
mod metrics;
mod ndjson;
mod pretty;
mod pro_v2;
mod proxy;
#[cfg(unix)]
mod pty;
mod recovery;
mod rig;
mod secrecy;
mod stalled_output;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod top;
#[path = "../../../../tests/tests/it/truth.rs"]
mod truth;
mod two_connections;
