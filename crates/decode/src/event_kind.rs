//! The macro that defines the kinds of an event: [`event_kind!`](crate::event_kind).

/// Defines the kinds of an event: an enum selected by the value of one field, each variant with its own fields.
///
/// A variant can hold a [`field_group!`](crate::field_group). An unlisted value is `Unknown`, and the fields of the
/// groups are then in the event's `extra`. If the group of a variant lacks a required field, the frame is undecodable,
/// so that an incomplete fill is not taken for another kind. With `else`, the event gets another variant instead, with
/// the fields of the group in `extra`.
///
/// ```
/// use kucoin_streams_core::Decimal;
/// use kucoin_streams_decode::{Record, Scanner, event, event_kind, field_group};
///
/// field_group! {
///     /// A fill.
///     pub struct Fill {
///         /// Fill price.
///         pub price: Decimal = "matchPrice",
///     }
/// }
///
/// event_kind! {
///     /// Kind of an order event.
///     pub enum Kind = "type" {
///         /// The order entered the order book.
///         Open = "open",
///         /// The order was filled.
///         Match(Fill) = "match" else
///         /// The order was filled, but the frame lacks the price.
///         IncompleteMatch,
///     }
/// }
///
/// event! {
///     /// An order event.
///     pub struct Order {
///         /// Kind of the event.
///         pub kind: Kind,
///     }
/// }
///
/// let read = |frame: &str| Order::read(&mut Scanner::new(frame));
/// assert!(matches!(read(r#"{"type":"match","matchPrice":"1.5"}"#)?.kind, Kind::Match(_)));
/// let incomplete = read(r#"{"type":"match","matchPrice":""}"#)?;
/// assert_eq!(incomplete.kind, Kind::IncompleteMatch);
/// assert_eq!(incomplete.extra.get("matchPrice").map(|raw| raw.as_str()), Some("\"\""));
/// # Ok::<(), kucoin_streams_core::DecodeError>(())
/// ```
#[macro_export]
macro_rules! event_kind {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident = $tag:literal $(as $long:literal)? {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $(($group:ty))? = $wire:literal
                $(else $(#[$bare_meta:meta])* $bare:ident)?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        $vis enum $name {
            $(
                $(#[$variant_meta])*
                $variant $(($group))?,
                $(
                    $(#[$bare_meta])*
                    $bare,
                )?
            )*
            /// Unknown value, as KuCoin sent it.
            Unknown($crate::__private::Text),
        }

        impl $name {
            /// Returns the wire text.
            pub fn as_str(&self) -> &str {
                match self {
                    $(
                        Self::$variant { .. } => $wire,
                        $(Self::$bare => $wire,)?
                    )*
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
            use $crate::__private as p;

            const LISTS: &[&[&str]] = &[&[$tag] $($(, <$group as $crate::FieldGroup>::NAMES)?)*];
            const WIDTH: usize = p::width(LISTS);

            impl $crate::FieldGroup for $name {
                const NAMES: &'static [&'static str] = &p::concat::<WIDTH>(LISTS);

                const WRITTEN: &'static [&'static str] = &p::concat::<WIDTH>(&[
                    p::written!((), $tag $(as $long)?) $($(, <$group as $crate::FieldGroup>::WRITTEN)?)*
                ]);

                fn read(
                    slots: &mut [::core::option::Option<$crate::Value<'_>>],
                    extra: &mut $crate::__private::Extra,
                ) -> ::core::result::Result<Self, $crate::__private::DecodeError> {
                    let text: $crate::__private::Text = p::field($tag, &mut slots[0], extra)?;
                    let end = 1;
                    $(
                        let width = 0 $(+ <$group as $crate::FieldGroup>::NAMES.len())?;
                        let range = end..end + width;
                        let end = range.end;
                        if text == $wire {
                            p::claim_shared_names(
                                <Self as $crate::FieldGroup>::NAMES,
                                range.clone(),
                                slots,
                            );
                            return p::kind!(
                                Self::$variant, slots, range, extra
                                $(, $group)? $(, else Self::$bare)?
                            );
                        }
                    )*
                    let _ = end;
                    p::note_word($tag, &text, extra);
                    ::core::result::Result::Ok(Self::Unknown(text))
                }

                fn write<M: p::serde::ser::SerializeMap>(
                    &self,
                    writer: &mut $crate::FieldWriter<'_, M>,
                ) -> ::core::result::Result<(), M::Error> {
                    p::write!(writer, &$crate::__private::Text::new(self.as_str()), $tag $(as $long)?)?;
                    $($(
                        if let Self::$variant(group) = self {
                            <$group as $crate::FieldGroup>::write(group, writer)?;
                        }
                    )?)*
                    ::core::result::Result::Ok(())
                }
            }
        };
    };
}
