//! The macro that defines a topic type with its path, connection and event.

/// Defines a topic type.
///
/// Without `of`, the type is a unit struct for one path. With `of`, the type holds a symbol, which follows the path.
macro_rules! topic {
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $event:ty, on $kind:ty, at $path:literal
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $name {
            /// The topic path, which is sent in the subscribe request.
            pub const PATH: &'static str = $path;

            /// The topic path as shown in error messages.
            pub(crate) const PATTERN: &'static str = $path;

            pub(crate) fn from_path(
                path: &str,
            ) -> Option<Result<Self, $crate::SymbolError>> {
                (path == Self::PATH).then_some(Ok(Self))
            }

            /// Returns the topic with the path of a push; `None` if the path is another one.
            pub(crate) fn from_pushed(path: &str) -> Option<Self> {
                (path == Self::PATH).then_some(Self)
            }
        }

        impl ::kucoin_streams_core::Topic for $name {
            type Kind = $kind;
            type Event = $event;

            const HAS_ONE_REQUEST: bool = true;

            fn requests(&self) -> Vec<$crate::TopicPath> {
                vec![$crate::TopicPath::new(Self::PATH)]
            }

            fn decode(
                &self,
                frame: &str,
            ) -> Result<
                Option<::kucoin_streams_core::Push<$event>>,
                ::kucoin_streams_core::DecodeError,
            > {
                const PATH: ::kucoin_streams_core::Text =
                    ::kucoin_streams_core::Text::from_static($path);
                $crate::envelope::decode(frame, &PATH)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(Self::PATH)
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $event:ty, on $kind:ty, at $family:literal of $market:expr
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            path: ::kucoin_streams_core::Text,
        }

        impl $name {
            /// The topic path before the symbol, with the colon at its end.
            pub const FAMILY: &'static str = concat!($family, ":");

            /// The topic path as shown in error messages.
            pub(crate) const PATTERN: &'static str = concat!($family, ":SYMBOL");

            /// Creates the topic for this symbol.
            ///
            /// # Errors
            /// Returns an error if the symbol is invalid.
            pub fn new(symbol: &str) -> Result<Self, $crate::SymbolError> {
                $market.check(symbol)?;
                Ok(Self::unchecked(symbol))
            }

            /// Returns the symbol.
            pub fn symbol(&self) -> &str {
                self.path.get(Self::FAMILY.len()..).unwrap_or_default()
            }

            fn unchecked(symbol: &str) -> Self {
                let path = [Self::FAMILY, symbol].concat();
                Self {
                    path: ::kucoin_streams_core::Text::new(&path),
                }
            }

            pub(crate) fn from_path(
                path: &str,
            ) -> Option<Result<Self, $crate::SymbolError>> {
                path.strip_prefix(Self::FAMILY).map(Self::new)
            }

            /// Returns the topic with the path of a push; `None` if the path is another one.
            ///
            /// The symbol is not checked.
            pub(crate) fn from_pushed(path: &str) -> Option<Self> {
                path.strip_prefix(Self::FAMILY).map(Self::unchecked)
            }
        }

        impl ::kucoin_streams_core::Topic for $name {
            type Kind = $kind;
            type Event = $event;

            const HAS_ONE_REQUEST: bool = true;

            fn requests(&self) -> Vec<$crate::TopicPath> {
                vec![$crate::TopicPath::new(&self.path)]
            }

            fn decode(
                &self,
                frame: &str,
            ) -> Result<
                Option<::kucoin_streams_core::Push<$event>>,
                ::kucoin_streams_core::DecodeError,
            > {
                $crate::envelope::decode(frame, &self.path)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.path)
            }
        }
    };
}

pub(crate) use topic;
