//! What is logged, at which level, and in which span. A program of its own, as its subscriber is that of the process:
//! connections log on a thread of their own.

#![allow(clippy::unwrap_used, clippy::panic)]

mod capture;
mod levels;
mod setup;
