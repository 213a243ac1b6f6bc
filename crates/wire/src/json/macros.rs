//! The macros by which an event is written: [`event!`](crate::event), [`part!`](crate::part) and
//! [`event_kind!`](crate::event_kind).

/// Defines an event type: its fields, their wire names, how they are read and how they are written.
///
/// A field with a wire name is read by its [`FromJson`](crate::json::FromJson); several names, parted by `|`, are
/// tried in turn and the first is the one that is written. A field without a wire name is a
/// [`Part`](crate::json::Part): it is made of fields of the same object. `Option` makes a field optional; any other
/// field makes the frame undecodable where it is missing, unless its type has a value for that
/// ([`FromJson::absent`](crate::json::FromJson::absent)).
///
/// The type has one field more, `extra`: what it does not know or could not read. It implements
/// [`Record`](crate::json::Record), [`FromJson`](crate::json::FromJson), [`ToJson`](crate::json::ToJson) and
/// `serde::Serialize`.
///
/// ```
/// use kucoin_streams_wire::json::{Record, Scanner};
/// use kucoin_streams_wire::{Decimal, Text, event, open_enum};
///
/// open_enum! {
///     /// Buy or sell.
///     pub enum Side {
///         /// Buys the base currency.
///         Buy = "buy",
///         /// Sells the base currency.
///         Sell = "sell",
///     }
/// }
///
/// event! {
///     /// One order.
///     pub struct Order {
///         /// The market.
///         pub symbol: Text = "symbol",
///         /// Buy or sell.
///         pub side: Side = "side",
///         /// The limit price; market orders have none.
///         pub price: Option<Decimal> = "price" | "px",
///     }
/// }
///
/// let frame = r#"{"symbol":"KCS-USDT","side":"buy","px":12.50,"new":[1e-9]}"#;
/// let order = Order::read(&mut Scanner::new(frame))?;
/// assert_eq!(order.side, Side::Buy);
/// assert_eq!(order.price, Some(Decimal::new(1250, 2)));
/// assert_eq!(order.extra.get("new").map(|raw| raw.as_str()), Some("[1e-9]"));
/// assert_eq!(
///     serde_json::to_string(&order)?,
///     r#"{"symbol":"KCS-USDT","side":"buy","price":"12.50","new":[1e-9]}"#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! event {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                pub $field:ident : $type:ty $(= $wire:literal $(| $alias:literal)*)?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $(
                $(#[$field_meta])*
                pub $field: $type,
            )*
            /// Fields that this type does not know, and values that it could not read, as they came.
            pub extra: $crate::json::Extra,
        }

        const _: () = {
            use $crate::json::__private as p;

            const LISTS: &[&[&str]] = &[$(p::names!($type $(, $wire $(| $alias)*)?)),*];
            const WIDTH: usize = p::width(LISTS);
            static NAMES: p::Names<WIDTH> = p::Names::new(LISTS);

            impl $crate::json::Record for $name {
                fn read(
                    scanner: &mut $crate::json::Scanner<'_>,
                ) -> ::core::result::Result<Self, $crate::json::DecodeError> {
                    let mut extra = $crate::json::Extra::default();
                    let mut slots = [::core::option::Option::None; WIDTH];
                    NAMES.gather(scanner, &mut slots, &mut extra)?;
                    let rest = &mut slots[..];
                    $(
                        let (own, rest) = rest.split_at_mut(
                            p::names!($type $(, $wire $(| $alias)*)?).len(),
                        );
                        let $field = p::read!($type, own, &mut extra $(, $wire $(| $alias)*)?)?;
                    )*
                    let _ = rest;
                    NAMES.keep_rest(&slots, &mut extra);
                    ::core::result::Result::Ok(Self { $($field,)* extra })
                }
            }

            impl $crate::json::FromJson for $name {
                fn from_json(value: $crate::json::Value<'_>) -> ::core::option::Option<Self> {
                    <Self as $crate::json::Record>::read(&mut value.scanner()).ok()
                }
            }

            impl $crate::json::ToJson for $name {
                fn to_json<S: p::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    let map = p::serde::Serializer::serialize_map(
                        serializer,
                        ::core::option::Option::None,
                    )?;
                    let mut writer = $crate::json::FieldWriter::new(map, &self.extra);
                    $(p::write!(writer, &self.$field $(, $wire)?)?;)*
                    writer.end()
                }
            }

            impl p::serde::Serialize for $name {
                fn serialize<S: p::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::json::ToJson::to_json(self, serializer)
                }
            }
        };
    };
}

/// Defines a [`Part`](crate::json::Part): fields that an event has only together, such as those of a fill.
///
/// It is written like an [`event!`](crate::event) and has no `extra` of its own: that of the event is its, too.
#[macro_export]
macro_rules! part {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                pub $field:ident : $type:ty = $wire:literal $(| $alias:literal)*
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $(
                $(#[$field_meta])*
                pub $field: $type,
            )*
        }

        const _: () = {
            use $crate::json::__private as p;

            const LISTS: &[&[&str]] = &[$(p::names!($type, $wire $(| $alias)*)),*];
            const WIDTH: usize = p::width(LISTS);

            impl $crate::json::Part for $name {
                const NAMES: &'static [&'static str] = &p::concat::<WIDTH>(LISTS);

                fn read(
                    slots: &mut [::core::option::Option<$crate::json::Value<'_>>],
                    extra: &mut $crate::json::Extra,
                ) -> ::core::result::Result<Self, $crate::json::DecodeError> {
                    let rest = slots;
                    $(
                        let (own, rest) = rest.split_at_mut(
                            p::names!($type, $wire $(| $alias)*).len(),
                        );
                        let $field = p::read!($type, own, extra, $wire $(| $alias)*)?;
                    )*
                    let _ = rest;
                    ::core::result::Result::Ok(Self { $($field,)* })
                }

                fn write<M: p::serde::ser::SerializeMap>(
                    &self,
                    writer: &mut $crate::json::FieldWriter<'_, M>,
                ) -> ::core::result::Result<(), M::Error> {
                    $(p::write!(writer, &self.$field, $wire)?;)*
                    ::core::result::Result::Ok(())
                }
            }
        };
    };
}

/// Defines what happened in an event: an enum by the value of one field, each variant with the fields that exist
/// for it.
///
/// A variant may hold a [`part!`](crate::part). A value that is none of those listed is `Unknown`, and its fields
/// are then in the event's `extra`. A variant whose part misses something essential makes the frame undecodable: a
/// fill must not look like something else.
#[macro_export]
macro_rules! event_kind {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident = $tag:literal {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $(($part:ty))? = $wire:literal
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        $vis enum $name {
            $(
                $(#[$variant_meta])*
                $variant $(($part))?,
            )*
            /// A value that this SDK does not know, as the exchange wrote it.
            Unknown($crate::Text),
        }

        impl $name {
            /// The wire text.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant { .. } => $wire,)*
                    Self::Unknown(text) => text.as_str(),
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        const _: () = {
            use $crate::json::__private as p;

            const LISTS: &[&[&str]] = &[&[$tag] $($(, <$part as $crate::json::Part>::NAMES)?)*];
            const WIDTH: usize = p::width(LISTS);

            impl $crate::json::Part for $name {
                const NAMES: &'static [&'static str] = &p::concat::<WIDTH>(LISTS);

                fn read(
                    slots: &mut [::core::option::Option<$crate::json::Value<'_>>],
                    extra: &mut $crate::json::Extra,
                ) -> ::core::result::Result<Self, $crate::json::DecodeError> {
                    let text: $crate::Text = p::field($tag, &mut slots[0], extra)?;
                    let end = 1;
                    $(
                        let width = 0 $(+ <$part as $crate::json::Part>::NAMES.len())?;
                        let range = end..end + width;
                        let end = range.end;
                        if text == $wire {
                            p::claim(
                                <Self as $crate::json::Part>::NAMES,
                                range.clone(),
                                slots,
                            );
                            return ::core::result::Result::Ok(Self::$variant $((
                                <$part as $crate::json::Part>::read(
                                    &mut slots[range],
                                    extra,
                                )?
                            ))?);
                        }
                    )*
                    let _ = end;
                    ::core::result::Result::Ok(Self::Unknown(text))
                }

                fn write<M: p::serde::ser::SerializeMap>(
                    &self,
                    writer: &mut $crate::json::FieldWriter<'_, M>,
                ) -> ::core::result::Result<(), M::Error> {
                    writer.field($tag, &$crate::Text::new(self.as_str()))?;
                    $($(
                        if let Self::$variant(part) = self {
                            <$part as $crate::json::Part>::write(part, writer)?;
                        }
                    )?)*
                    ::core::result::Result::Ok(())
                }
            }
        };
    };
}

/// What the macros expand to and nobody else uses: it may change in any release.
#[doc(hidden)]
pub mod __private {
    pub use serde;

    use super::super::Value;
    pub use super::super::fields::{Names, claim, concat, field, field_of_any_name};
    pub use crate::{
        __names as names, __otherwise as otherwise, __read as read, __reproduces as reproduces,
        __write as write,
    };

    /// How many names the lists have together.
    pub const fn width(lists: &[&[&str]]) -> usize {
        let mut width = 0;
        let mut at = 0;
        while at < lists.len() {
            width += lists[at].len();
            at += 1;
        }
        width
    }

    /// True where the exchange's spelling is ours.
    pub fn spelled_as(value: Value<'_>, text: &str) -> bool {
        value.text().is_none_or(|spelled| spelled == text)
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __names {
    ($type:ty) => {
        <$type as $crate::json::Part>::NAMES
    };
    ($type:ty, $wire:literal $(| $alias:literal)*) => {
        &[$wire $(, $alias)*]
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __read {
    ($type:ty, $slots:expr, $extra:expr) => {
        <$type as $crate::json::Part>::read($slots, $extra)
    };
    ($type:ty, $slots:expr, $extra:expr, $wire:literal) => {
        $crate::json::__private::field::<$type>($wire, &mut $slots[0], $extra)
    };
    ($type:ty, $slots:expr, $extra:expr, $wire:literal $(| $alias:literal)+) => {
        $crate::json::__private::field_of_any_name::<$type>(
            &[$wire $(, $alias)+], $slots, $extra,
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __write {
    ($writer:expr, $value:expr) => {
        $crate::json::Part::write($value, &mut $writer)
    };
    ($writer:expr, $value:expr, $wire:literal) => {
        $writer.field($wire, $value)
    };
}
