//! Reads the collected values of an object into typed fields.

use std::ops::Range;

use serde::ser::SerializeMap;

use kucoin_streams_core::{Finding, FindingKind};

use super::{DecodeError, Extra, FieldWriter, FromJson, Scanner, Value, ValueKind};

/// A type that is read from a JSON object. [`event!`](crate::event) implements it.
pub trait Record: Sized {
    /// Reads the next object of the scanner.
    ///
    /// # Errors
    /// Returns [`DecodeError::Syntax`] if the next value is not a JSON object, and [`DecodeError::Missing`] or
    /// [`DecodeError::Unreadable`] for a required field.
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError>;
}

impl<T: Record> Record for Box<T> {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        T::read(scanner).map(Self::new)
    }
}

/// A type that is read from some of the fields of an object.
///
/// [`field_group!`](crate::field_group) and [`event_kind!`](crate::event_kind) implement it.
pub trait FieldGroup: Sized {
    /// Wire names of the fields.
    const NAMES: &'static [&'static str];

    /// Serialized names of the fields, in the order of [`NAMES`](FieldGroup::NAMES).
    const WRITTEN: &'static [&'static str] = Self::NAMES;

    /// Reads the fields from `slots`, which are in the order of [`NAMES`](FieldGroup::NAMES).
    ///
    /// # Errors
    /// Returns an error if a required field is missing or unreadable.
    fn read(slots: &mut [Option<Value<'_>>], extra: &mut Extra) -> Result<Self, DecodeError>;

    /// Writes the fields.
    ///
    /// # Errors
    /// Returns the errors of the serializer.
    fn write<M: SerializeMap>(&self, writer: &mut FieldWriter<'_, M>) -> Result<(), M::Error>;
}

/// Reads one field. The value of an unreadable optional field is kept in `extra`.
///
/// # Errors
/// Returns [`DecodeError::Missing`] or [`DecodeError::Unreadable`] for a required field.
#[inline(always)]
pub fn field<T: FromJson>(
    name: &'static str,
    slot: &mut Option<Value<'_>>,
    extra: &mut Extra,
) -> Result<T, DecodeError> {
    let Some(value) = *slot else {
        if T::IS_EXPECTED {
            note_missing(name, extra);
        }
        return T::absent().ok_or(DecodeError::Missing { field: name });
    };
    if T::is_usual(value)
        && let Some(read) = T::from_json(value)
        && read.round_trips(value)
        && read.is_known()
    {
        *slot = None;
        return Ok(read);
    }
    read_keeping_raw(name, slot, extra).map(|read| *read)
}

#[cold]
fn note_missing(name: &'static str, extra: &mut Extra) {
    extra.note(Finding::missing(name));
}

/// Reads a value that is unreadable, unknown, or would be written differently.
///
/// The JSON of an unreadable value, or of one that would be written differently, is kept in `extra`.
///
/// The result is boxed so that the fast path of [`field`] does not copy it through memory.
#[cold]
fn read_keeping_raw<T: FromJson>(
    name: &'static str,
    slot: &mut Option<Value<'_>>,
    extra: &mut Extra,
) -> Result<Box<T>, DecodeError> {
    let value = slot.take().ok_or(DecodeError::Missing { field: name })?;
    let read = match T::from_json(value) {
        Some(read) => {
            if !T::is_usual(value) {
                extra.note(Finding::new(FindingKind::WrongType, name, value.as_str()));
            }
            if !read.is_known() {
                read.note(name, extra);
            }
            if read.round_trips(value) {
                return Ok(Box::new(read));
            }
            read
        }
        None => {
            let read = T::unreadable(value).ok_or_else(|| value.unreadable(name))?;
            // A text with an unpaired surrogate has the right type.
            if value.kind() != ValueKind::EscapedString || value.text().is_some() {
                extra.note(Finding::new(FindingKind::WrongType, name, value.as_str()));
            }
            read
        }
    };
    extra.push_if_new(name, value.as_str());
    Ok(Box::new(read))
}

/// Reads one field that can have several names, from the first name that has a value.
///
/// A value under any name but the first is also kept in `extra`.
///
/// # Errors
/// Returns the errors of [`field`].
pub fn field_of_any_name<T: FromJson>(
    names: &'static [&'static str],
    slots: &mut [Option<Value<'_>>],
    extra: &mut Extra,
) -> Result<T, DecodeError> {
    let others = &slots[1..];
    if others.iter().all(Option::is_none) {
        return field(names[0], &mut slots[0], extra);
    }
    field_with_alias(names, slots, extra)
}

#[cold]
fn field_with_alias<T: FromJson>(
    names: &'static [&'static str],
    slots: &mut [Option<Value<'_>>],
    extra: &mut Extra,
) -> Result<T, DecodeError> {
    for (name, slot) in names.iter().zip(slots.iter_mut()).skip(1) {
        if let Some(value) = *slot {
            extra.push_if_new(name, value.as_str());
        }
    }
    let has_value = |slot: &Option<Value<'_>>| slot.is_some_and(|value| !value.is_null_or_empty());
    let at = slots.iter().position(has_value);
    let at = at.or_else(|| slots.iter().position(Option::is_some));
    let at = at.unwrap_or_default();
    let read = field(names[at], &mut slots[at], extra)?;
    slots.fill(None);
    Ok(read)
}

/// Maximum number of fields of an optional group.
const MAX_FIELDS: usize = 6;

/// Reads a group; `None` if a required field is missing or unreadable. `slots` are then unchanged.
#[inline(always)]
pub fn group_or_none<G: FieldGroup>(
    slots: &mut [Option<Value<'_>>],
    extra: &mut Extra,
) -> Option<G> {
    const {
        assert!(
            G::NAMES.len() <= MAX_FIELDS,
            "too many fields for one group"
        )
    };
    let mut before = [None; MAX_FIELDS];
    let before = &mut before[..G::NAMES.len()];
    before.copy_from_slice(slots);
    let kept = extra.len();
    match G::read(slots, extra) {
        Ok(group) => Some(group),
        Err(error) => {
            slots.copy_from_slice(before);
            extra.truncate(kept);
            if let Some(finding) = Finding::of_error(&error) {
                extra.note(finding);
            }
            None
        }
    }
}

/// Notes an unknown word of an enum; the empty text stands for a missing field.
#[cold]
pub fn note_word(name: &str, word: &str, extra: &mut Extra) {
    extra.note(match word {
        "" => Finding::missing(name),
        word => Finding::unknown_word(name, word),
    });
}

/// Moves a value into `range` of `slots` if it is stored before `range` under the same name.
///
/// Two kinds of an event can have a field of the same name. The value is stored at the first of the equal names.
#[inline]
pub fn claim_shared_names(names: &[&str], range: Range<usize>, slots: &mut [Option<Value<'_>>]) {
    for at in range.clone() {
        if slots[at].is_none()
            && let Some(earlier) = names[..range.start]
                .iter()
                .position(|name| *name == names[at])
        {
            slots[at] = slots[earlier].take();
        }
    }
}

/// Concatenates lists of names.
pub const fn concat<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut count = 0;
    let mut list = 0;
    while list < lists.len() {
        let mut item = 0;
        while item < lists[list].len() {
            names[count] = lists[list][item];
            count += 1;
            item += 1;
        }
        list += 1;
    }
    assert!(count == N, "wrong number of names");
    names
}
