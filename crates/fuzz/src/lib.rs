//! The fuzz targets of the SDK as functions that take arbitrary bytes and panic if a check fails.
//!
//! Each target compares the SDK with a reference implementation, which is written from the standard or KuCoin's
//! documentation and shares no code with the SDK. libFuzzer runs the targets with the programs in `fuzz_targets`; the
//! tests of this crate run them with the committed seeds and the recorded frames of the SDK.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod addresses;
mod envelope;
mod events;
mod frames;
mod json;
mod names;
mod number;
mod numbers;
mod payload;
mod pipe;
mod pro_events;
mod reference;
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

/// The name and function of a target.
pub type Target = (&'static str, fn(&[u8]));

/// All targets. The program of each target has the same name.
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
