//! The one decode place of the SDK: only this module names a JSON parser.

mod decimal;
mod entries;
mod error;
mod extra;
mod fields;
mod macros;
mod read;
mod scan;
mod value;
mod write;

pub use entries::Entries;
pub use error::DecodeError;
pub use extra::{Extra, Raw};
pub use fields::{Part, Record};
#[doc(hidden)]
pub use macros::__private;
pub use read::FromJson;
pub use scan::{MAX_DEPTH, Object, Scanner};
pub use value::{Value, ValueKind};
pub use write::{AsJson, FieldWriter, ToJson, write_string};

#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod scan_tests;
