//! How a topic type is defined: its path, its connection, its event.

/// Defines a topic without parameters: a unit struct that subscribes to one path.
macro_rules! topic {
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $event:ty, on $kind:ty, at $path:literal
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $name {
            /// The path that is subscribed to.
            pub const PATH: &'static str = $path;

            /// How the topic is written, for messages.
            pub(crate) const PATTERN: &'static str = $path;

            pub(crate) fn from_path(path: &str) -> Option<Self> {
                (path == Self::PATH).then_some(Self)
            }
        }

        impl ::kucoin_streams_wire::Topic for $name {
            type Kind = $kind;
            type Event = $event;

            fn requests(&self) -> Vec<$crate::TopicPath> {
                vec![$crate::TopicPath::new(Self::PATH)]
            }

            fn decode(
                &self,
                frame: &str,
            ) -> Result<
                Option<::kucoin_streams_wire::Push<$event>>,
                ::kucoin_streams_wire::json::DecodeError,
            > {
                $crate::envelope::decode(frame, Self::PATH)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(Self::PATH)
            }
        }
    };
}

pub(crate) use topic;
