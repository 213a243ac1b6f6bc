//! JSON arrays: the places of their elements, and a field that is a list.

use std::ops::{Deref, Range};

use kucoin_streams_decode::{AsJson, FromJson, Scanner, ToJson, Value, ValueKind};
use serde::ser::{SerializeSeq, Serializer};

/// The places of the elements of a valid JSON array.
pub(crate) struct Elements<'t> {
    array: &'t str,
    at: usize,
}

impl<'t> Elements<'t> {
    pub(crate) fn of(array: &'t str) -> Self {
        Self { array, at: 1 }
    }
}

impl Iterator for Elements<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.array.get(self.at..)?;
        let rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ',']);
        // At the closing bracket there is no value.
        let value = Scanner::new(rest).value().ok()?;
        let start = self.array.len() - rest.len();
        self.at = start + value.as_str().len();
        Some(start..self.at)
    }
}

/// A field of a row that is a list, such as the currencies of an account. It derefs to a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowList<T>(Vec<T>);

impl<T> Default for RowList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for RowList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Vec<T>> for RowList<T> {
    fn from(elements: Vec<T>) -> Self {
        Self(elements)
    }
}

impl<T> IntoIterator for RowList<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'l, T> IntoIterator for &'l RowList<T> {
    type Item = &'l T;
    type IntoIter = std::slice::Iter<'l, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Reads an array; a missing list is empty. If an element is unreadable, the whole list is in `extra`.
impl<T: FromJson> FromJson for RowList<T> {
    fn from_json(value: Value<'_>) -> Option<Self> {
        match value.kind() {
            ValueKind::Null => Some(Self::default()),
            ValueKind::Array => {
                let array = value.as_str();
                let read =
                    |place: Range<usize>| T::from_json(Scanner::new(&array[place]).value().ok()?);
                Elements::of(array)
                    .map(read)
                    .collect::<Option<_>>()
                    .map(Self)
            }
            _ => None,
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn round_trips(&self, value: Value<'_>) -> bool {
        let array = value.as_str();
        let round_trips = |(element, place): (&T, Range<usize>)| {
            let value = Scanner::new(&array[place]).value();
            value.is_ok_and(|value| element.round_trips(value))
        };
        value.kind() != ValueKind::Array || self.0.iter().zip(Elements::of(array)).all(round_trips)
    }
}

impl<T: ToJson> ToJson for RowList<T> {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for element in self {
            list.serialize_element(&AsJson(element))?;
        }
        list.end()
    }

    fn is_omitted(&self) -> bool {
        self.is_empty()
    }
}
