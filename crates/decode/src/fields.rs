//! The fields of an object that was gathered by name, read into types.

use std::ops::Range;

use serde::ser::SerializeMap;

use super::{DecodeError, Extra, FieldWriter, FromJson, Scanner, Value};

/// An object of the wire as a type, made by [`event!`](crate::event).
pub trait Record: Sized {
    /// Takes the object that the scanner stands before.
    ///
    /// # Errors
    /// [`DecodeError::Syntax`] where it is no JSON object; the others where a field is missing or unreadable
    /// without which the record makes no sense.
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError>;
}

impl<T: Record> Record for Box<T> {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        T::read(scanner).map(Self::new)
    }
}

/// Some of the fields of an object as a type, made by [`field_group!`](crate::part) or [`event_kind!`](crate::event_kind).
pub trait FieldGroup: Sized {
    /// The wire names that it is made of.
    const NAMES: &'static [&'static str];

    /// The names that it is written by, in the order of [`FieldGroup::NAMES`].
    const WRITTEN: &'static [&'static str] = Self::NAMES;

    /// Takes its fields, which stand in `slots` in the order of [`FieldGroup::NAMES`].
    ///
    /// # Errors
    /// Where a field is missing or unreadable without which the part makes no sense.
    fn read(slots: &mut [Option<Value<'_>>], extra: &mut Extra) -> Result<Self, DecodeError>;

    /// Writes its fields.
    ///
    /// # Errors
    /// What the serializer gives.
    fn write<M: SerializeMap>(&self, writer: &mut FieldWriter<'_, M>) -> Result<(), M::Error>;
}

/// Reads one field. What cannot be read is kept in `extra` where the field can do without it.
///
/// # Errors
/// [`DecodeError::Missing`] and [`DecodeError::Unreadable`] where it cannot.
#[inline(always)]
pub fn field<T: FromJson>(
    name: &'static str,
    slot: &mut Option<Value<'_>>,
    extra: &mut Extra,
) -> Result<T, DecodeError> {
    let Some(value) = *slot else {
        return T::absent().ok_or(DecodeError::Missing { field: name });
    };
    if let Some(read) = T::from_json(value)
        && read.round_trips(value)
    {
        *slot = None;
        return Ok(read);
    }
    read_aside(name, slot, extra).map(|read| *read)
}

/// A value that could not be read, or not to the letter. In a box, so that one that was read at once need not lie where
/// this one is returned: to move it from there would cost as much as to read it.
#[cold]
fn read_aside<T: FromJson>(
    name: &'static str,
    slot: &mut Option<Value<'_>>,
    extra: &mut Extra,
) -> Result<Box<T>, DecodeError> {
    let value = slot.take().ok_or(DecodeError::Missing { field: name })?;
    let read = T::from_json(value)
        .or_else(|| T::unreadable(value))
        .ok_or_else(|| value.unreadable(name))?;
    extra.push_if_new(name, value.as_str());
    Ok(Box::new(read))
}

/// Reads one field that may have several names: the first that has a value. One that is not called by its
/// first name is kept in `extra` too, so that no spelling is lost.
///
/// # Errors
/// Those of [`field`].
pub fn field_of_any_name<T: FromJson>(
    names: &'static [&'static str],
    slots: &mut [Option<Value<'_>>],
    extra: &mut Extra,
) -> Result<T, DecodeError> {
    // Nearly always it has its first name, or none.
    let others = &slots[1..];
    if others.iter().all(Option::is_none) {
        return field(names[0], &mut slots[0], extra);
    }
    field_of_another_name(names, slots, extra)
}

#[cold]
fn field_of_another_name<T: FromJson>(
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

/// The widest part that may be absent.
const WIDEST: usize = 6;

/// Reads a part where all that it cannot do without is there; else its fields stay where they are.
#[inline(always)]
pub fn part_or_none<P: FieldGroup>(
    slots: &mut [Option<Value<'_>>],
    extra: &mut Extra,
) -> Option<P> {
    const { assert!(P::NAMES.len() <= WIDEST, "too many fields for one part") };
    let mut before = [None; WIDEST];
    let before = &mut before[..P::NAMES.len()];
    before.copy_from_slice(slots);
    let kept = extra.len();
    match P::read(slots, extra) {
        Ok(part) => Some(part),
        Err(_) => {
            slots.copy_from_slice(before);
            extra.truncate(kept);
            None
        }
    }
}

/// Moves into `range` the values of names that stand in `names` before it too: two kinds of an event may have a
/// field of the same name, and the first of equal names received the value.
#[inline]
pub fn claim(names: &[&str], range: Range<usize>, slots: &mut [Option<Value<'_>>]) {
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

/// The concatenation of lists of names.
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
    assert!(count == N, "the names are not as many as announced");
    names
}
