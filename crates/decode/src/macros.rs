//! The macros that define event types: [`event!`](crate::event) and [`field_group!`](crate::field_group).

/// Defines an event type: its fields, their wire names, and how they are read and written.
///
/// Syntax of a field:
/// - `= "symbol"`: the wire name. The field is read with its [`FromJson`](crate::FromJson) implementation.
/// - `= "price" | "px"`: alternative wire names, tried in order. The first one is written; a value under another name
///   is also kept in `extra`.
/// - `= "oi" as "orderId"`: wire name and serialized name.
/// - `= "S" as "side" with Uppercase`: a [`FieldAdapter`](crate::FieldAdapter), here for a
///   [`CasedEnum`](crate::CasedEnum) in upper case.
/// - no wire name: a [`FieldGroup`](crate::FieldGroup), read from fields of the same object.
///
/// An `Option` field is optional. Any other field is required: without it the frame is undecodable, unless its type has
/// a value for a missing field ([`FromJson::absent`](crate::FromJson::absent)).
///
/// The type gets one more field, `extra`, with unknown fields and unreadable values. It implements
/// [`Record`](crate::Record), [`FromJson`](crate::FromJson), [`ToJson`](crate::ToJson), `serde::Serialize` and
/// `serde::Deserialize`. Deserialization needs `serde_json` and accepts serialized names and wire names.
///
/// ```
/// use kucoin_streams_core::{Decimal, Text};
/// use kucoin_streams_decode::{Record, Scanner, event, open_enum};
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
///         /// Symbol.
///         pub symbol: Text = "symbol",
///         /// Buy or sell.
///         pub side: Side = "side",
///         /// Limit price; `None` for market orders.
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
///     r#"{"symbol":"KCS-USDT","side":"buy","price":"12.50","new":[1e-9],"px":12.50}"#
/// );
/// assert_eq!(serde_json::from_str::<Order>(&serde_json::to_string(&order)?)?, order);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! event {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                pub $field:ident : $type:ty
                    $(= $wire:literal $(as $long:literal)? $(| $alias:literal)* $(with $adapter:ident)?)?
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
            /// Unknown fields and unreadable values, as sent.
            pub extra: $crate::__private::Extra,
        }

        const _: () = {
            use $crate::__private as p;

            const LISTS: &[&[&str]] = &[$(p::names!($type $(, $wire $(| $alias)*)?)),*];
            const WIDTH: usize = p::width(LISTS);
            static NAMES: p::FieldTable<WIDTH> = p::FieldTable::new(LISTS);
            const WRITTEN: &[&[&str]] = &[$(p::written!($type $(, $wire $(as $long)? $(| $alias)*)?)),*];

            impl $crate::Record for $name {
                fn read(
                    scanner: &mut $crate::Scanner<'_>,
                ) -> ::core::result::Result<Self, $crate::__private::DecodeError> {
                    let mut extra = $crate::__private::Extra::default();
                    let mut slots = [::core::option::Option::None; WIDTH];
                    NAMES.read_fields(scanner, &mut slots, &mut extra)?;
                    let rest = &mut slots[..];
                    $(
                        let (own, rest) = rest.split_at_mut(
                            p::names!($type $(, $wire $(| $alias)*)?).len(),
                        );
                        let $field = p::read!(
                            $type, own, &mut extra $(, $wire $(| $alias)* $(, with $adapter)?)?
                        )?;
                    )*
                    let _ = rest;
                    NAMES.keep_unused(&slots, &mut extra);
                    ::core::result::Result::Ok(Self { $($field,)* extra })
                }
            }

            impl $crate::FromJson for $name {
                fn from_json(value: $crate::Value<'_>) -> ::core::option::Option<Self> {
                    <Self as $crate::Record>::read(&mut value.scanner()).ok()
                }

                #[inline]
                fn is_known(&self) -> bool {
                    self.extra.findings().is_empty()
                }

                fn note(&self, name: &str, extra: &mut p::Extra) {
                    extra.note_all(name, &self.extra);
                }
            }

            impl $crate::ToJson for $name {
                fn to_json<S: p::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    let map = p::serde::Serializer::serialize_map(
                        serializer,
                        ::core::option::Option::None,
                    )?;
                    let mut writer = $crate::FieldWriter::new(map, &self.extra);
                    $(p::write!(writer, &self.$field $(, $wire $(as $long)? $(, with $adapter)?)?)?;)*
                    writer.end()
                }
            }

            impl p::serde::Serialize for $name {
                fn serialize<S: p::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::ToJson::to_json(self, serializer)
                }
            }

            impl<'de> p::serde::Deserialize<'de> for $name {
                fn deserialize<D: p::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    let wire = p::concat::<WIDTH>(LISTS);
                    $crate::deserialize(deserializer, &wire, &p::concat::<WIDTH>(WRITTEN))
                }
            }
        };
    };
}

/// Defines a [`FieldGroup`](crate::FieldGroup): fields that only occur together, such as a fill's.
///
/// The syntax is that of [`event!`](crate::event). A group has no `extra`; it uses the `extra` of the event.
#[macro_export]
macro_rules! field_group {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                pub $field:ident : $type:ty
                    = $wire:literal $(as $long:literal)? $(| $alias:literal)* $(with $adapter:ident)?
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
            use $crate::__private as p;

            const LISTS: &[&[&str]] = &[$(p::names!($type, $wire $(| $alias)*)),*];
            const WIDTH: usize = p::width(LISTS);

            impl $crate::FieldGroup for $name {
                const NAMES: &'static [&'static str] = &p::concat::<WIDTH>(LISTS);

                const WRITTEN: &'static [&'static str] = &p::concat::<WIDTH>(&[
                    $(p::written!($type, $wire $(as $long)? $(| $alias)*)),*
                ]);

                fn read(
                    slots: &mut [::core::option::Option<$crate::Value<'_>>],
                    extra: &mut $crate::__private::Extra,
                ) -> ::core::result::Result<Self, $crate::__private::DecodeError> {
                    let rest = slots;
                    $(
                        let (own, rest) = rest.split_at_mut(
                            p::names!($type, $wire $(| $alias)*).len(),
                        );
                        let $field = p::read!($type, own, extra, $wire $(| $alias)* $(, with $adapter)?)?;
                    )*
                    let _ = rest;
                    ::core::result::Result::Ok(Self { $($field,)* })
                }

                fn write<M: p::serde::ser::SerializeMap>(
                    &self,
                    writer: &mut $crate::FieldWriter<'_, M>,
                ) -> ::core::result::Result<(), M::Error> {
                    $(p::write!(writer, &self.$field, $wire $(as $long)? $(, with $adapter)?)?;)*
                    ::core::result::Result::Ok(())
                }
            }
        };
    };
}
