//! A field of a row that is a list.

use std::ops::Deref;

use kucoin_streams_core::Extra;
use kucoin_streams_decode::{AsJson, FromJson, ToJson, Value, ValueKind};
use serde::ser::{SerializeSeq, Serializer};

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
        if value.kind() == ValueKind::Null {
            return Some(Self::default());
        }
        let mut scanner = value.scanner();
        let mut array = scanner.array().ok()?;
        let mut elements = Vec::new();
        while let Some(element) = array.value().ok()? {
            elements.push(T::from_json(element)?);
        }
        Some(Self(elements))
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn round_trips(&self, value: Value<'_>) -> bool {
        let mut scanner = value.scanner();
        let Ok(mut array) = scanner.array() else {
            return self.is_empty();
        };
        let mut is_same = |element: &T| {
            let value = array.value().ok().flatten();
            value.is_some_and(|value| element.round_trips(value))
        };
        self.0.iter().all(&mut is_same)
    }

    fn is_known(&self) -> bool {
        self.0.iter().all(T::is_known)
    }

    fn note(&self, name: &str, extra: &mut Extra) {
        let name = format!("{name}[]");
        let unknown = self.0.iter().filter(|element| !element.is_known());
        unknown.for_each(|element| element.note(&name, extra));
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
