//! Account events as Pro V2 data: which fields each form has, their JSON types, their order.
//!
//! The unified form has every field, empty text for none; the forms of the classic accounts have
//! fewer. Keys are in the order of live captures.

pub(super) mod account;
pub(super) mod orders;
