//! Words that V1 writes in small letters and Pro V2 in capitals.

use kucoin_streams_core::{Liquidity, Side};
use serde::Serializer;

use super::{FromJson, ToJson, Value};
use crate::Text;

/// A word that is the same on V1 and on Pro V2 but for its case. Any case is read; one that is not the protocol's own is
/// kept in `extra` too, so that serialization writes it as it came.
pub trait CasedEnum: for<'t> From<&'t str> {
    /// The word as Pro V2 writes it.
    fn as_uppercase_str(&self) -> &str;

    /// True if V1 writes the word so.
    fn is_lowercase(&self, spelled: &str) -> bool;

    /// True if Pro V2 writes the word so.
    fn is_uppercase(&self, spelled: &str) -> bool;
}

/// A [`CasedEnum`] that is written in capitals: in [`event!`](crate::event), `"S" as "side" with Uppercase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uppercase<T>(pub T);

/// How the field of an event is read and written with `by`, in place of its own type.
pub trait FieldAdapter<T> {
    /// What is read.
    type Read: FromJson;

    /// The field that was read.
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
        read.map(|word| word.0)
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
    #[inline(always)]
    fn from_json(value: Value<'_>) -> Option<Self> {
        read(value).map(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self(T::from("")))
    }

    #[inline]
    fn round_trips(&self, value: Value<'_>) -> bool {
        spelled(value, |text| self.0.is_uppercase(text))
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
fn spelled(value: Value<'_>, is_ours: impl Fn(&str) -> bool) -> bool {
    match value.digits() {
        Some(text) => is_ours(text),
        None => value.text().is_none_or(|text| is_ours(&text)),
    }
}

macro_rules! words {
    ($($word:ident),*) => {$(
        impl CasedEnum for $word {
            fn as_uppercase_str(&self) -> &str {
                self.as_uppercase_str()
            }

            #[inline(always)]
            fn is_lowercase(&self, spelled: &str) -> bool {
                self.is_lowercase_spelling(spelled)
            }

            #[inline(always)]
            fn is_uppercase(&self, spelled: &str) -> bool {
                self.is_uppercase_spelling(spelled)
            }
        }

        impl FromJson for $word {
            #[inline(always)]
            fn from_json(value: Value<'_>) -> Option<Self> {
                read(value)
            }

            fn absent() -> Option<Self> {
                Some(Self::Unknown(Text::default()))
            }

            #[inline]
            fn round_trips(&self, value: Value<'_>) -> bool {
                spelled(value, |text| self.is_lowercase(text))
            }
        }

        impl ToJson for $word {
            fn to_json<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }

            fn is_omitted(&self) -> bool {
                self.as_str().is_empty()
            }
        }
    )*};
}

words!(Side, Liquidity);
