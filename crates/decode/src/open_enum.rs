//! The macro that defines open enums: [`open_enum!`](crate::open_enum).

/// Defines an open enum of wire values: an unknown value is `Unknown` and keeps its text.
///
/// A missing field of this type is `Unknown` with an empty text, so the event is still decoded. With `ignoring case`
/// before the brace, `TRIGGERED` is read as `triggered`; KuCoin's spelling is then in the event's `extra`, and
/// serialization writes it from there.
///
/// ```
/// use kucoin_streams_decode::open_enum;
///
/// open_enum! {
///     /// Status of a stop order.
///     pub enum StopStatus ignoring case {
///         /// The stop order was triggered.
///         Triggered = "triggered",
///     }
/// }
///
/// assert_eq!(StopStatus::from("TRIGGERED"), StopStatus::Triggered);
/// assert_eq!(StopStatus::from("paused").to_string(), "paused");
/// ```
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident $(ignoring $case:ident)? {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident = $wire:literal
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $(
                $(#[$variant_meta])*
                $variant,
            )*
            /// Unknown value, as KuCoin sent it; empty if it sent none.
            Unknown($crate::__private::Text),
        }

        impl $name {
            /// Returns the wire text.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::Unknown(text) => text.as_str(),
                }
            }
        }

        impl ::core::convert::From<&str> for $name {
            #[inline(always)]
            fn from(text: &str) -> Self {
                match text {
                    $($wire => Self::$variant,)*
                    _ => $crate::__private::otherwise!(
                        text, $name, [$($wire => $variant),*] $(, $case)?
                    ),
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                let text = <$crate::__private::Text as $crate::__private::serde::Deserialize>::deserialize(
                    deserializer,
                )?;
                ::core::result::Result::Ok(Self::from(&*text))
            }
        }

        impl $crate::FromJson for $name {
            const IS_EXPECTED: bool = true;

            #[inline(always)]
            fn from_json(value: $crate::Value<'_>) -> ::core::option::Option<Self> {
                if let ::core::option::Option::Some(text) = value.digits() {
                    return ::core::option::Option::Some(Self::from(text));
                }
                value.text().map(|text| Self::from(&*text))
            }

            fn absent() -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self::Unknown($crate::__private::Text::default()))
            }

            #[inline]
            fn round_trips(&self, value: $crate::Value<'_>) -> bool {
                $crate::__private::round_trips!(self, value $(, $case)?)
            }

            #[inline(always)]
            fn is_known(&self) -> bool {
                !::core::matches!(self, Self::Unknown(_))
            }

            fn note(&self, name: &str, extra: &mut $crate::__private::Extra) {
                $crate::__private::note_word(name, self.as_str(), extra);
            }
        }

        impl $crate::ToJson for $name {
            fn to_json<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }

            fn is_omitted(&self) -> bool {
                self.as_str().is_empty()
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __otherwise {
    ($text:ident, $name:ident, [$($wire:literal => $variant:ident),*]) => {
        $name::Unknown($crate::__private::Text::new($text))
    };
    ($text:ident, $name:ident, [$($wire:literal => $variant:ident),*], case) => {
        $(if $text.eq_ignore_ascii_case($wire) { $name::$variant } else)* {
            $name::Unknown($crate::__private::Text::new($text))
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __round_trips {
    ($this:expr, $value:expr) => {{
        let _ = $value;
        true
    }};
    ($this:expr, $value:expr, case) => {
        $crate::__private::has_spelling($value, $this.as_str())
    };
}
