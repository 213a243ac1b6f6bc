//! Enums whose values V1 writes in lower case and Pro V2 in upper case.

use kucoin_streams_core::{Liquidity, Side};
use serde::Serializer;

use super::fields::note_word;
use super::{Extra, FromJson, ToJson, Value};
use crate::Text;

/// An enum whose values differ only in case between V1 and Pro V2.
///
/// Reading ignores case. A spelling other than the protocol's is also kept in `extra`, so serialization writes it
/// unchanged.
pub trait CasedEnum: for<'t> From<&'t str> {
    /// Returns the value in upper case, as Pro V2 writes it.
    fn as_uppercase_str(&self) -> &str;

    /// Returns `true` unless the value is a word that the enum does not have.
    fn is_known_word(&self) -> bool;

    /// Returns `true` if V1 spells the value like `text`.
    fn is_lowercase(&self, text: &str) -> bool;

    /// Returns `true` if Pro V2 spells the value like `text`.
    fn is_uppercase(&self, text: &str) -> bool;
}

/// Adapter for a [`CasedEnum`] in upper case.
///
/// Write `"S" as "side" with Uppercase` in [`event!`](crate::event).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uppercase<T>(pub T);

/// Adapter that reads and writes a field of an event in another form.
///
/// Name it after `with` in [`event!`](crate::event). Implement it for a generic tuple struct `A<T>(T)`, and [`ToJson`]
/// for `A<&T>`.
pub trait FieldAdapter<T> {
    /// Type that is read from JSON.
    type Read: FromJson;

    /// Converts the value that was read to the type of the field.
    fn field(read: Self::Read) -> T;
}

impl<T: CasedEnum> FieldAdapter<T> for Uppercase<T> {
    type Read = Self;

    #[inline(always)]
    fn field(read: Self) -> T {
        read.0
    }
}

impl<T: CasedEnum> FieldAdapter<Option<T>> for Uppercase<Option<T>> {
    type Read = Option<Uppercase<T>>;

    #[inline(always)]
    fn field(read: Self::Read) -> Option<T> {
        read.map(|value| value.0)
    }
}

#[inline(always)]
fn read<T: CasedEnum>(value: Value<'_>) -> Option<T> {
    match value.digits() {
        Some(text) => Some(T::from(text)),
        None => value.text().map(|text| T::from(&text)),
    }
}

impl<T: CasedEnum> FromJson for Uppercase<T> {
    const IS_EXPECTED: bool = true;

    #[inline(always)]
    fn from_json(value: Value<'_>) -> Option<Self> {
        read(value).map(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self(T::from("")))
    }

    #[inline]
    fn round_trips(&self, value: Value<'_>) -> bool {
        has_spelling(value, |text| self.0.is_uppercase(text))
    }

    #[inline(always)]
    fn is_known(&self) -> bool {
        self.0.is_known_word()
    }

    fn note(&self, name: &str, extra: &mut Extra) {
        note_word(name, self.0.as_uppercase_str(), extra);
    }
}

impl<T: CasedEnum> ToJson for Uppercase<&T> {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_uppercase_str())
    }

    fn is_omitted(&self) -> bool {
        self.0.as_uppercase_str().is_empty()
    }
}

impl<T: CasedEnum> ToJson for Uppercase<&Option<T>> {
    fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(Uppercase).to_json(serializer)
    }

    fn is_omitted(&self) -> bool {
        self.0.as_ref().map(Uppercase).is_omitted()
    }
}

#[inline(always)]
fn has_spelling(value: Value<'_>, is_same: impl Fn(&str) -> bool) -> bool {
    match value.digits() {
        Some(text) => is_same(text),
        None => value.text().is_none_or(|text| is_same(&text)),
    }
}

macro_rules! impl_cased_enum {
    ($($name:ident),*) => {$(
        impl CasedEnum for $name {
            fn as_uppercase_str(&self) -> &str {
                self.as_uppercase_str()
            }

            #[inline(always)]
            fn is_known_word(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }

            #[inline(always)]
            fn is_lowercase(&self, text: &str) -> bool {
                self.is_lowercase_spelling(text)
            }

            #[inline(always)]
            fn is_uppercase(&self, text: &str) -> bool {
                self.is_uppercase_spelling(text)
            }
        }

        impl FromJson for $name {
            const IS_EXPECTED: bool = true;

            #[inline(always)]
            fn from_json(value: Value<'_>) -> Option<Self> {
                read(value)
            }

            fn absent() -> Option<Self> {
                Some(Self::Unknown(Text::default()))
            }

            #[inline]
            fn round_trips(&self, value: Value<'_>) -> bool {
                has_spelling(value, |text| self.is_lowercase(text))
            }

            #[inline(always)]
            fn is_known(&self) -> bool {
                self.is_known_word()
            }

            fn note(&self, name: &str, extra: &mut Extra) {
                note_word(name, self.as_str(), extra);
            }
        }

        impl ToJson for $name {
            fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }

            fn is_omitted(&self) -> bool {
                self.as_str().is_empty()
            }
        }
    )*};
}

impl_cased_enum!(Side, Liquidity);
