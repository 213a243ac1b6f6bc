//! The fuzz targets of the SDK as plain functions: bytes of anybody in, and a panic where a promise does not hold.
//!
//! Each target compares the SDK with a judge of its own, which is written from the standard or the documents and
//! shares no code with what it judges. libFuzzer drives them through the programs in `fuzz_targets`; the tests of this
//! crate put the committed seeds and the recorded frames of the SDK through the same functions.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod addresses;
mod envelope;
mod events;
mod frames;
mod json;
mod judge;
mod names;
mod number;
mod numbers;
mod payload;
mod pipe;
mod pro_events;
mod replies;
mod upgrade;
mod v1_events;
mod websocket;

pub use addresses::addresses;
pub use envelope::envelope;
pub use frames::frames;
pub use json::json;
pub use names::names;
pub use numbers::numbers;
pub use payload::payload;
pub use pro_events::pro_events;
pub use replies::replies;
pub use upgrade::upgrade;
pub use v1_events::v1_events;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target; the program of each bears its name.
pub const TARGETS: [Target; 11] = [
    ("frames", frames),
    ("upgrade", upgrade),
    ("envelope", envelope),
    ("v1_events", v1_events),
    ("pro_events", pro_events),
    ("json", json),
    ("numbers", numbers),
    ("names", names),
    ("addresses", addresses),
    ("replies", replies),
    ("payload", payload),
];
