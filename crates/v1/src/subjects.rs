//! The macro that defines an event whose type depends on the subject of the push.

use kucoin_streams_core::{DecodeError, Event, Finding, Raw};
use kucoin_streams_decode::{Record, Scanner, event};

event! {
    /// An event with a subject that this SDK does not know.
    ///
    /// All its fields are in [`extra`](Self::extra). The subject is in the [`Push`](kucoin_streams_core::Push).
    pub struct OtherChange {}
}

/// Dedup key: all fields. The key is not unique, since different events may have equal fields.
impl Event for OtherChange {
    fn dedup_key(&self) -> String {
        format!("{:?}", self.extra)
    }

    fn has_unique_key(&self) -> bool {
        false
    }
}

/// Reads data of an unknown subject. The finding is the subject, not all the fields.
pub(crate) fn read_other(
    subject: Option<&str>,
    scanner: &mut Scanner<'_>,
) -> Result<OtherChange, DecodeError> {
    let mut event = OtherChange::read(scanner)?;
    event.extra.replace_findings(match subject {
        Some(subject) => Finding::unknown_word("subject", subject),
        None => Finding::missing("subject"),
    });
    Ok(event)
}

/// Returns `true` if at least one of these fields has a value.
pub(crate) fn has_one(fields: &OtherChange, names: &[&str]) -> bool {
    let has_value = |raw: &Raw| !matches!(raw.as_str(), "null" | "\"\"");
    names
        .iter()
        .any(|name| fields.extra.get(name).is_some_and(has_value))
}

/// Defines an enum of events with one variant per subject; any other subject is `Other`.
///
/// `by_subject` reads the variant of a subject; `from_data` must read variants that have no subject of their own. The
/// fields after `if`, which no earlier variant has, decide the variant when an event is deserialized, since the JSON
/// has no subject.
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
            /// An event with a subject that this SDK does not know.
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
                    _ => $crate::subjects::read_other(subject, scanner).map(Self::Other),
                }
            }

            fn extra_mut(&mut self) -> &mut ::kucoin_streams_core::Extra {
                match self {
                    $(Self::$variant(event) => &mut event.extra,)*
                    Self::Other(event) => &mut event.extra,
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

        /// Dedup key: the name of the variant and the key of the event inside.
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

            fn occurred_at(&self) -> Option<::kucoin_streams_core::Timestamp> {
                match self {
                    $(Self::$variant(event) => event.occurred_at(),)*
                    Self::Other(_) => None,
                }
            }
        }

        /// Serializes the event inside, with KuCoin's field names.
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(event) => event.serialize(serializer),)*
                    Self::Other(event) => event.serialize(serializer),
                }
            }
        }

        /// Deserializes the event inside.
        ///
        /// The JSON has no subject, so the fields decide the variant; an event without any field of its own variant
        /// becomes `Other`. If you know the variant, deserialize its type instead.
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                ::kucoin_streams_decode::deserialize_by(deserializer, Self::by_fields)
            }
        }
    };
}

pub(crate) use subjects;
