//! Log messages, levels and spans. A separate test binary, because it sets the global subscriber: connections log on
//! their own thread.

#![allow(clippy::unwrap_used, clippy::panic)]

mod capture;
mod drift;
mod levels;
mod setup;
