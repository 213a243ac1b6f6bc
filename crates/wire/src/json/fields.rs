//! The fields of an object, gathered in one pass by name, and read into types afterwards.

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

/// Some of the fields of an object as a type, made by [`part!`](crate::part) or [`event_kind!`](crate::event_kind).
pub trait Part: Sized {
    /// The wire names that it is made of.
    const NAMES: &'static [&'static str];

    /// Takes its fields, which stand in `slots` in the order of [`Part::NAMES`].
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

const SLOTS: usize = 128;
const VACANT: u8 = u8::MAX;

/// The wire names of a record, laid out at compile time so that a key is found in one or two comparisons.
#[derive(Debug)]
pub struct Names<const N: usize> {
    names: [&'static str; N],
    index: [u8; SLOTS],
}

impl<const N: usize> Names<N> {
    /// Lays out the concatenation of `lists`, which must be `N` names together. Of equal names the first counts.
    pub const fn new(lists: &[&[&'static str]]) -> Self {
        assert!(N < SLOTS / 2, "too many fields for one record");
        let mut names = [""; N];
        let mut index = [VACANT; SLOTS];
        let mut count = 0;
        let mut list = 0;
        while list < lists.len() {
            let mut item = 0;
            while item < lists[list].len() {
                let name = lists[list][item];
                names[count] = name;
                let mut slot = bucket(name.as_bytes());
                while index[slot] != VACANT {
                    slot = (slot + 1) % SLOTS;
                }
                index[slot] = count as u8;
                count += 1;
                item += 1;
            }
            list += 1;
        }
        assert!(count == N, "the names are not as many as announced");
        Self { names, index }
    }

    #[inline]
    fn find(&self, key: &str) -> Option<usize> {
        let mut slot = bucket(key.as_bytes());
        loop {
            let at = usize::from(self.index[slot]);
            let name = self.names.get(at)?;
            if *name == key {
                return Some(at);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// Takes the object that the scanner stands before: the fields of these names, all others into `extra`.
    ///
    /// Where the frame repeats a name the last value counts, and all of them are kept in `extra`.
    ///
    /// # Errors
    /// [`DecodeError::Syntax`] where it is no JSON object.
    #[inline]
    pub fn gather<'f>(
        &self,
        scanner: &mut Scanner<'f>,
        extra: &mut Extra,
    ) -> Result<[Option<Value<'f>>; N], DecodeError> {
        let mut slots = [None; N];
        let mut repeated = false;
        let mut object = scanner.object()?;
        while let Some(key) = object.key()? {
            let value = object.value()?;
            match self.find(&key) {
                Some(at) => {
                    if let Some(earlier) = slots[at].replace(value) {
                        extra.keep(&key, earlier);
                        repeated = true;
                    }
                }
                None => extra.push(&key, value),
            }
        }
        if repeated {
            for (name, slot) in self.names.iter().zip(&slots) {
                if let (Some(value), true) = (slot, extra.get(name).is_some()) {
                    extra.keep(name, *value);
                }
            }
        }
        Ok(slots)
    }

    /// Keeps what no field took: the frame has it though this kind of event should not.
    #[inline]
    pub fn keep_rest(&self, slots: &[Option<Value<'_>>; N], extra: &mut Extra) {
        for (name, slot) in self.names.iter().zip(slots) {
            if let Some(value) = slot {
                extra.keep(name, *value);
            }
        }
    }
}

#[inline]
const fn bucket(name: &[u8]) -> usize {
    let length = name.len();
    if length == 0 {
        return 0;
    }
    let first = name[0] as usize;
    let middle = name[length / 2] as usize;
    let last = name[length - 1] as usize;
    (first * 3 + middle * 11 + last * 29 + length * 5) % SLOTS
}

/// Reads one field that may stand under several names, the first that is there.
///
/// What cannot be read is kept in `extra` where the field can do without it.
///
/// # Errors
/// [`DecodeError::Missing`] and [`DecodeError::Unreadable`] where it cannot.
#[inline]
pub fn field<T: FromJson>(
    names: &'static [&'static str],
    slots: &mut [Option<Value<'_>>],
    extra: &mut Extra,
) -> Result<T, DecodeError> {
    for (name, slot) in names.iter().zip(slots) {
        if let Some(value) = slot.take() {
            return read_value(name, value, extra);
        }
    }
    T::absent().ok_or(DecodeError::Missing { field: names[0] })
}

#[inline]
fn read_value<T: FromJson>(
    name: &'static str,
    value: Value<'_>,
    extra: &mut Extra,
) -> Result<T, DecodeError> {
    match T::from_json(value) {
        Some(read) => {
            if !read.reproduces(value) {
                extra.keep(name, value);
            }
            Ok(read)
        }
        None => {
            let absent = T::absent().ok_or_else(|| value.unreadable(name))?;
            extra.keep(name, value);
            Ok(absent)
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
    Names::<N>::new(lists).names
}
