//! How an event is defined whose type depends on the subject of the push.

use kucoin_streams_core::Event;
use kucoin_streams_decode::event;

event! {
    /// A change under a subject that this SDK does not know: all of its fields are in
    /// [`extra`](Self::extra), the subject is that of the push.
    pub struct OtherChange {}
}

/// All of its fields.
impl Event for OtherChange {
    fn identity(&self) -> String {
        format!("{:?}", self.extra)
    }

    fn is_distinct(&self) -> bool {
        false
    }
}

/// Defines an enum of events, one variant a subject; a subject that is none of those listed is `Other`.
///
/// `by_subject` reads the variant of a subject. A variant without a subject is for `from_data` to tell.
macro_rules! subjects {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident($event:ty) $(= $subject:literal)?),* $(,)?
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

        $(impl From<$event> for $name {
            fn from(event: $event) -> Self {
                Self::$variant(event)
            }
        })*

        /// That of the event inside, behind the name of its kind.
        impl ::kucoin_streams_core::Event for $name {
            fn identity(&self) -> String {
                match self {
                    $(Self::$variant(event) => {
                        [stringify!($variant), ":", &event.identity()].concat()
                    })*
                    Self::Other(event) => event.identity(),
                }
            }

            fn is_distinct(&self) -> bool {
                match self {
                    $(Self::$variant(event) => event.is_distinct(),)*
                    Self::Other(event) => event.is_distinct(),
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
    };
}

pub(crate) use subjects;
