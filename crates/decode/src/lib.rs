//! The lossless JSON decoder of the kucoin-streams SDK: all events are read by it.
//!
//! # What it promises
//! - **Nothing is lost.** A field that an event type does not know, and a value that its type cannot hold, stands in
//!   the event's [`Extra`], byte for byte. What is written by serialization holds every value that was read.
//! - **Nothing is rounded.** Decimals are read from their digits, whether they came as a string or as a JSON number,
//!   and never by way of a float. One with more digits than a `Decimal` holds is kept as it came.
//! - **One bad field costs only itself.** A frame is an error only where it is not JSON, or where a field is missing
//!   or unreadable without which the event could not be told from another ([`DecodeError`]).
//! - **Any spelling of a number is that number.** `1E+3` is 1000 as a size, an integer and a time, if it is whole and
//!   fits; a number that its type cannot hold, and `"Infinity"`, stay as they came.
//! - **Half of a surrogate pair is no text.** `"gm \ud83d"` costs its own field only. A field that the event cannot do
//!   without, such as an order id, and a key of an object have it spelled: `\ud83d`.
//! - Absent, null and the empty string are all `None`. Where a frame repeats a key, the last value counts, and all
//!   of them are kept in [`Extra`].
//! - **Events are read back.** `serde_json` deserializes an event from what its serialization wrote, to the same event
//!   with the same `extra`, and from data as the exchange writes it.
//! - No input makes it panic, recurse or allocate beyond the size of the frame: nesting ends at [`MAX_DEPTH`].
//!
//! # How it is made
//! Events are written with [`event!`](crate::event), [`field_group!`](crate::part), [`event_kind!`](crate::event_kind) and
//! [`open_enum!`](crate::open_enum), and decoded by a pull [`Scanner`] of our own: strict JSON grammar in one pass
//! over known UTF-8, values as slices of the frame, no allocation. Each record gathers its fields by a table made
//! at compile time and reads them into types afterwards, so that their order on the wire does not matter and a field
//! may decide what another means. The exchange writes its fields in the same order each time, so the name that
//! followed the last one before is expected first ([`FieldTable`]): that is a comparison, where any other key is searched
//! for. Keys and the ends of strings are found sixteen bytes at a time, and a value that was read goes on in registers:
//! what is written in small pieces and moved in a large one keeps the processor waiting for as long as it took to read.
//! What is rare goes to full parsers: strings with escapes to `serde_json`, trees of unknown values to
//! `simd-json` ([`read_raw`]). Property tests and fuzzing hold the scanner to `serde_json`: what one accepts the
//! other accepts, with the same values.
//!
//! # Why not a library alone
//! simd-json and serde_json give a JSON number as `f64`, which drops digits; `serde_json` keeps them only through
//! `RawValue`, field by field. A derived `Deserialize` drops unknown fields and fails the whole frame for one bad
//! field. Nanoseconds a frame, from text to the typed event, by `cargo xtask bench parts decode` on two cores of an
//! Intel Xeon, rustc 1.95. Compare within a column only.
//!
//! | | order, 617 B | balance, 496 B | position, 1030 B, JSON numbers | order of Pro V2 |
//! |---|---|---|---|---|
//! | this module, owned and lossless | 660 | 536 | 1300 | 1061 |
//! | serde_json, owned structs with exact decimals | 1933 | 1504 | 3460 | 2428 |
//! | serde_json, borrowed | 1760 | 1214 | 3373 | 2119 |
//! | sonic-rs, borrowed | 1474 | 1123 | 3203 | 1875 |
//! | simd-json, borrowed, with the copy that it needs | 1219 | 943 | - | 1719 |
//!
//! The others do less: they drop unknown fields, and their enums are closed.
//!
//! # Why `Text`
//! Ids are 24 characters, and an event has several. [`Text`] is `compact_str`'s string of 24 bytes, all
//! of which can hold text in place; `Option` of it costs nothing. To make, clone and drop such an id takes
//! 6 ns, against 38 ns for `String` and 22 ns for `Arc<str>` (same bench).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

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
