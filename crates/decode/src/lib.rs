//! Lossless JSON decoder of the kucoin-streams SDK.
//!
//! # Guarantees
//! - **No data is lost.** Unknown fields and values that a field type cannot hold are in the event's [`Extra`], byte
//!   for byte. Serialization writes every value that was read.
//! - **No number is rounded.** Decimals are read from their digits, from a string or a JSON number, never through a
//!   float. A decimal with more digits than `Decimal` can hold is kept in [`Extra`].
//! - **One bad field does not lose the event.** Decoding fails only if the frame is not JSON or if a required field,
//!   such as an order ID, is missing or unreadable ([`DecodeError`]).
//! - **Numbers can have any spelling.** `1E+3` is 1000 as a decimal, an integer or a time, if it is whole and fits. A
//!   number that its type cannot hold, and `"Infinity"`, is kept in [`Extra`].
//! - **An unpaired surrogate is not text.** `"gm \ud83d"` makes only its own field unreadable. Required fields, such as
//!   an order ID, and object keys keep the surrogate as its escape, `\ud83d`.
//! - **Missing, `null` and the empty string are all `None`.** If a frame repeats a key, the last value counts, and all
//!   values are kept in [`Extra`].
//! - **Events deserialize.** `serde_json` reads a serialized event back to the same event with the same `extra`; it
//!   also reads the wire format.
//! - **No input causes a panic, recursion or an allocation larger than the frame.** Nesting is limited to
//!   [`MAX_DEPTH`].
//!
//! # Design
//! Event types are defined with [`event!`](crate::event), [`field_group!`](crate::field_group),
//! [`event_kind!`](crate::event_kind) and [`open_enum!`](crate::open_enum). They are decoded by a pull [`Scanner`]:
//! strict JSON grammar, one pass over UTF-8, values as slices of the frame, no allocation. An event first collects the
//! values of its fields with a table made at compile time and then reads them into types, so the order of fields does
//! not matter and one field can decide the meaning of another.
//!
//! KuCoin writes fields in the same order each time, so the key that followed the current one in earlier frames is
//! compared first; any other key is looked up ([`FieldTable`]). Keys and string ends are scanned 16 bytes at a time.
//! Rare cases use full parsers: `serde_json` for strings with escapes, `simd-json` for trees of unknown values
//! ([`read_raw`]). Property tests and fuzzing compare the scanner with `serde_json`: both accept the same texts, with
//! the same values.
//!
//! # Comparison with other libraries
//! simd-json and serde_json read a JSON number as `f64`, which drops digits; `serde_json` keeps them only with
//! `RawValue` for each field. A derived `Deserialize` drops unknown fields and fails for the whole frame if one field
//! is bad. The table shows nanoseconds per frame, from text to the typed event, measured with `cargo xtask bench parts
//! decode` on two cores of an Intel Xeon with rustc 1.95. Compare within a column only.
//!
//! | | order, 617 B | balance, 496 B | position, 1030 B, JSON numbers | order of Pro V2 |
//! |---|---|---|---|---|
//! | this crate, owned and lossless | 660 | 536 | 1300 | 1061 |
//! | serde_json, owned structs with exact decimals | 1933 | 1504 | 3460 | 2428 |
//! | serde_json, borrowed | 1760 | 1214 | 3373 | 2119 |
//! | sonic-rs, borrowed | 1474 | 1123 | 3203 | 1875 |
//! | simd-json, borrowed, including the copy that it needs | 1219 | 943 | - | 1719 |
//!
//! The other libraries drop unknown fields, and their enums are closed.
//!
//! # The `Text` type
//! KuCoin's IDs have up to 24 characters, and an event has several of them. [`Text`] is a `compact_str` string of 24
//! bytes that stores up to 24 bytes inline; `Option<Text>` has the same size. Creating, cloning and dropping such an ID
//! takes 6 ns, compared to 38 ns for `String` and 22 ns for `Arc<str>` (same benchmark).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod array;
mod bytes;
mod cased_enum;
mod decimal;
mod deserialize;
mod dynamic;
mod entries;
mod event_kind;
mod field_table;
mod fields;
mod key_token;
mod macro_support;
mod macros;
mod number_text;
mod object;
mod open_enum;
mod read;
mod scan;
mod value;
mod write;

use kucoin_streams_core::{DecodeError, Extra, Raw, Text, Timestamp};

pub use array::Array;
pub use cased_enum::{CasedEnum, FieldAdapter, Uppercase};
pub use deserialize::{deserialize, deserialize_by};
pub use dynamic::read_raw;
pub use entries::Entries;
pub use field_table::{FieldCursor, FieldTable};
pub use fields::{FieldGroup, Record};
#[doc(hidden)]
pub use macro_support::__private;
pub use object::{Key, Object};
pub use read::FromJson;
pub use scan::{MAX_DEPTH, Scanner, check};
pub use value::{Value, ValueKind};
pub use write::{AsJson, FieldWriter, ToJson, write_string};

#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod scan_tests;

/// The README, so that its example is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
