//! Sans-IO state machine of one KuCoin private stream connection.
//!
//! A [`Session`] decides; a driver moves bytes, sleeps and calls. It knows no socket, no clock and no randomness:
//! time comes in as an argument and jitter from a seed, so that everything it does can be replayed in a test.
//!
//! The methods come in families, to be called in this order:
//!
//! 1. commands of the user: [`Session::open`], [`Session::subscribe`], [`Session::unsubscribe`],
//!    [`Session::shut`];
//! 2. what happened: [`Session::handle`] for the outcome of an action, [`Session::frame`] for each inbound
//!    frame, [`Session::tick`] when [`Session::deadline`] has passed;
//! 3. after each of them, [`Session::poll`] until it gives `None`, carrying out each [`Action`].
//!
//! A [`RotatingSession`] is the same with a second connection at times: it moves to a new connection while the one
//! before it still serves, so that no event is missed by it.
//!
//! What holds after any sequence of calls, and is tested as such: when nothing is under way any more, the topics
//! that are wanted are the topics that are acknowledged; `Reconnected` is reported only when each wanted topic
//! has been acknowledged or refused on the new connection; and each dial is made with connection information of
//! its own.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod action;
mod backoff;
mod config;
mod failure;
mod hand_over;
mod heartbeat;
mod loss;
mod machine;
mod overlap;
mod pace;
mod phase;
mod requests;
mod rotating;
mod rotation;
mod succession;
mod topics;

pub use action::{Action, CloseReason, Disposition, Input, Report};
pub use backoff::Backoff;
pub use config::Config;
pub use failure::{Failure, Severity, Stage};
pub use machine::Session;
pub use overlap::Overlap;
pub use rotating::{RotatingSession, Side};
