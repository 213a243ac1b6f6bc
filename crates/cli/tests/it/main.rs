//! The built command from outside: what it writes, how it ends, and what it never shows.

#![allow(clippy::unwrap_used, clippy::panic)]

mod causes;
mod decode;
mod decode_input;
mod ends;
mod exchange_command;
mod failures;
mod hosts;
mod independent_pro_exchange;
mod logs;
mod ndjson;
mod pretty;
mod proxy;
mod rig;
mod secrecy;
mod stalled_output;
#[cfg(unix)]
mod terminal;
#[path = "../../../../tests/tests/it/truth.rs"]
mod truth;
mod two_connections;
mod unified_connection;
