//! Account events as Pro V2 data: fields, JSON types and key order.
//!
//! The unified form has every field, with empty text for missing values; the forms of the classic accounts have
//! fewer. Keys are in the order of live captures.

pub(crate) mod account;
pub(crate) mod orders;
