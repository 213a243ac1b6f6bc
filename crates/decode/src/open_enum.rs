//! The macro by which an open enum is written: [`open_enum!`](crate::open_enum).

/// Defines an enum of wire texts that stays open: what KuCoin adds tomorrow is `Unknown` and keeps its text.
///
/// A field of such a type that the frame lacks is `Unknown` with an empty text, so that no event is lost for it.
/// With `ignoring case` before the brace, `TRIGGERED` is `triggered`; the exchange's spelling is then in the
/// event's `extra` and is what serialization writes.
///
/// ```
/// use kucoin_streams_decode::open_enum;
///
/// open_enum! {
///     /// What became of it.
///     pub enum Fate ignoring case {
///         /// It went off.
///         Triggered = "triggered",
///     }
/// }
///
/// assert_eq!(Fate::from("TRIGGERED"), Fate::Triggered);
/// assert_eq!(Fate::from("asleep").to_string(), "asleep");
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
            /// A value that this SDK does not know, as the exchange wrote it; empty where it wrote none.
            Unknown($crate::__private::Text),
        }

        impl $name {
            /// The wire text.
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
macro_rules! __reproduces {
    ($this:expr, $value:expr) => {{
        let _ = $value;
        true
    }};
    ($this:expr, $value:expr, case) => {
        $crate::__private::spelled_as($value, $this.as_str())
    };
}
