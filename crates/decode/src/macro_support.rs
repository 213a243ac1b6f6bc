//! Support code of the macros that define event types.

/// Support code of the macros. Not public API: it can change in any release.
#[doc(hidden)]
pub mod __private {
    pub use kucoin_streams_core::{DecodeError, Extra, Text};
    pub use serde;

    use crate::Value;
    pub use crate::field_table::FieldTable;
    pub use crate::fields::{
        claim_shared_names, concat, field, field_of_any_name, group_or_none, note_word,
    };
    pub use crate::{
        __kind as kind, __names as names, __otherwise as otherwise, __read as read,
        __round_trips as round_trips, __write as write, __written as written,
    };

    /// Returns the total number of names in the lists.
    pub const fn width(lists: &[&[&str]]) -> usize {
        let mut width = 0;
        let mut at = 0;
        while at < lists.len() {
            width += lists[at].len();
            at += 1;
        }
        width
    }

    /// Returns `true` if the value is spelled like `text`.
    #[inline]
    pub fn has_spelling(value: Value<'_>, text: &str) -> bool {
        match value.digits() {
            Some(found) => found == text,
            None => value.text().is_none_or(|found| found == text),
        }
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __names {
    ($type:ty) => {
        <$type as $crate::FieldGroup>::NAMES
    };
    ($type:ty, $wire:literal $(| $alias:literal)*) => {
        &[$wire $(, $alias)*]
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __written {
    ($type:ty) => {
        <$type as $crate::FieldGroup>::WRITTEN
    };
    ($type:ty, $wire:literal $(| $alias:literal)*) => {
        &[$wire $(, $alias)*]
    };
    ($type:ty, $wire:literal as $long:literal $(| $alias:literal)*) => {
        &[$long $(, $alias)*]
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __read {
    ($type:ty, $slots:expr, $extra:expr) => {
        <$type as $crate::FieldGroup>::read($slots, $extra)
    };
    ($type:ty, $slots:expr, $extra:expr, $wire:literal) => {
        $crate::__private::field::<$type>($wire, &mut $slots[0], $extra)
    };
    ($type:ty, $slots:expr, $extra:expr, $wire:literal, with $adapter:ident) => {
        $crate::__private::field::<<$adapter<$type> as $crate::FieldAdapter<$type>>::Read>(
            $wire, &mut $slots[0], $extra,
        )
        .map(<$adapter<$type> as $crate::FieldAdapter<$type>>::field)
    };
    ($type:ty, $slots:expr, $extra:expr, $wire:literal $(| $alias:literal)+) => {
        $crate::__private::field_of_any_name::<$type>(
            &[$wire $(, $alias)+], $slots, $extra,
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    ($variant:expr, $slots:ident, $range:ident, $extra:ident) => {
        ::core::result::Result::Ok($variant)
    };
    ($variant:expr, $slots:ident, $range:ident, $extra:ident, $group:ty) => {
        <$group as $crate::FieldGroup>::read(&mut $slots[$range], $extra).map($variant)
    };
    ($variant:expr, $slots:ident, $range:ident, $extra:ident, $group:ty, else $bare:expr) => {
        ::core::result::Result::Ok(
            match $crate::__private::group_or_none::<$group>(&mut $slots[$range], $extra) {
                ::core::option::Option::Some(group) => $variant(group),
                ::core::option::Option::None => $bare,
            },
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __write {
    ($writer:expr, $value:expr) => {
        $crate::FieldGroup::write($value, &mut $writer)
    };
    ($writer:expr, $value:expr, $wire:literal) => {
        $writer.field($wire, $value)
    };
    ($writer:expr, $value:expr, $wire:literal as $long:literal) => {
        $writer.field_as($wire, $long, $value)
    };
    ($writer:expr, $value:expr, $wire:literal, with $adapter:ident) => {
        $writer.field($wire, &$adapter($value))
    };
    ($writer:expr, $value:expr, $wire:literal as $long:literal, with $adapter:ident) => {
        $writer.field_as($wire, $long, &$adapter($value))
    };
}
