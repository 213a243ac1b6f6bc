//! How an event is defined whose type depends on the subject of the push.

use kucoin_streams_core::{Event, Raw};
use kucoin_streams_decode::event;

event! {
    /// A change under a subject that this SDK does not know: all of its fields are in
    /// [`extra`](Self::extra), the subject is that of the push.
    pub struct OtherChange {}
}

/// All of its fields.
impl Event for OtherChange {
    fn dedup_key(&self) -> String {
        format!("{:?}", self.extra)
    }

    fn has_unique_key(&self) -> bool {
        false
    }
}

/// Whether one of these fields is there with a value.
pub(crate) fn has_one(fields: &OtherChange, names: &[&str]) -> bool {
    let has_value = |raw: &Raw| !matches!(raw.as_str(), "null" | "\"\"");
    names
        .iter()
        .any(|name| fields.extra.get(name).is_some_and(has_value))
}

/// Defines an enum of events, one variant a subject; a subject that is none of those listed is `Other`.
///
/// `by_subject` reads the variant of a subject. A variant without a subject is for `from_data` to tell. The fields after
/// `if` are those that no earlier variant has: by them an event is read back without its subject.
macro_rules! subjects {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident($event:ty) $(= $subject:literal)? if [$($mark:literal),*]
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant($event),)*
            /// Something under a subject that this SDK does not know.
            Other($crate::OtherChange),
        }

        impl $name {
            /// Reads data by its subject.
            #[allow(dead_code)]
            fn by_subject(
                subject: Option<&str>,
                scanner: &mut ::kucoin_streams_decode::Scanner<'_>,
            ) -> Result<Self, ::kucoin_streams_core::DecodeError> {
                use kucoin_streams_decode::Record;
                match subject {
                    $($(Some($subject) => <$event>::read(scanner).map(Self::$variant),)?)*
                    _ => $crate::OtherChange::read(scanner).map(Self::Other),
                }
            }
        }

        impl $name {
            /// Reads data by its fields.
            fn by_fields(json: &str) -> Result<Self, ::kucoin_streams_core::DecodeError> {
                use kucoin_streams_decode::{Record, Scanner};
                let fields = $crate::OtherChange::read(&mut Scanner::new(json))?;
                $(
                    if $crate::subjects::has_one(&fields, &[$($mark),*])
                        && let Ok(event) = Record::read(&mut Scanner::new(json))
                    {
                        return Ok(Self::$variant(event));
                    }
                )*
                Ok(Self::Other(fields))
            }
        }

        $(impl From<$event> for $name {
            fn from(event: $event) -> Self {
                Self::$variant(event)
            }
        })*

        /// That of the event inside, behind the name of its kind.
        impl ::kucoin_streams_core::Event for $name {
            fn dedup_key(&self) -> String {
                match self {
                    $(Self::$variant(event) => {
                        [stringify!($variant), ":", &event.dedup_key()].concat()
                    })*
                    Self::Other(event) => event.dedup_key(),
                }
            }

            fn has_unique_key(&self) -> bool {
                match self {
                    $(Self::$variant(event) => event.has_unique_key(),)*
                    Self::Other(event) => event.has_unique_key(),
                }
            }
        }

        /// Writes the event itself, by the exchange's field names.
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(event) => event.serialize(serializer),)*
                    Self::Other(event) => event.serialize(serializer),
                }
            }
        }

        /// Reads what was written. The JSON has no subject, so the fields decide the kind: an event without any field of its
        /// kind's own is read as `Other`. If you know the kind, deserialize its type.
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                ::kucoin_streams_decode::deserialize_by(deserializer, Self::by_fields)
            }
        }
    };
}

pub(crate) use subjects;
