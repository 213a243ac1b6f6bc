//! The macro by which the kinds of an event are written: [`event_kind!`](crate::event_kind).

/// Defines what happened in an event: an enum by the value of one field, each variant with the fields that exist
/// for it.
///
/// A variant may hold a [`field_group!`](crate::part). A value that is none of those listed is `Unknown`, and its fields
/// are then in the event's `extra`. A variant whose part misses something essential makes the frame undecodable, for
/// a fill must not look like something else; unless `else` names a variant for just that, whose fields are then in
/// `extra` as well.
///
/// ```
/// use kucoin_streams_core::Decimal;
/// use kucoin_streams_decode::{Record, Scanner, event, event_kind, field_group};
///
/// field_group! {
///     /// One trade.
///     pub struct Fill {
///         /// Its price.
///         pub price: Decimal = "matchPrice",
///     }
/// }
///
/// event_kind! {
///     /// What happened.
///     pub enum Kind = "type" {
///         /// It rests.
///         Open = "open",
///         /// It traded.
///         Match(Fill) = "match" else
///         /// It traded, and the frame does not say at which price.
///         MatchUntold,
///     }
/// }
///
/// event! {
///     /// One order.
///     pub struct Order {
///         /// What happened.
///         pub kind: Kind,
///     }
/// }
///
/// let read = |frame: &str| Order::read(&mut Scanner::new(frame));
/// assert!(matches!(read(r#"{"type":"match","matchPrice":"1.5"}"#)?.kind, Kind::Match(_)));
/// let untold = read(r#"{"type":"match","matchPrice":""}"#)?;
/// assert_eq!(untold.kind, Kind::MatchUntold);
/// assert_eq!(untold.extra.get("matchPrice").map(|raw| raw.as_str()), Some("\"\""));
/// # Ok::<(), kucoin_streams_core::DecodeError>(())
/// ```
#[macro_export]
macro_rules! event_kind {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident = $tag:literal $(as $long:literal)? {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $(($part:ty))? = $wire:literal
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
                $variant $(($part))?,
                $(
                    $(#[$bare_meta])*
                    $bare,
                )?
            )*
            /// A value that this SDK does not know, as the exchange wrote it.
            Unknown($crate::__private::Text),
        }

        impl $name {
            /// The wire text.
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

            const LISTS: &[&[&str]] = &[&[$tag] $($(, <$part as $crate::FieldGroup>::NAMES)?)*];
            const WIDTH: usize = p::width(LISTS);

            impl $crate::FieldGroup for $name {
                const NAMES: &'static [&'static str] = &p::concat::<WIDTH>(LISTS);

                const WRITTEN: &'static [&'static str] = &p::concat::<WIDTH>(&[
                    p::written!((), $tag $(as $long)?) $($(, <$part as $crate::FieldGroup>::WRITTEN)?)*
                ]);

                fn read(
                    slots: &mut [::core::option::Option<$crate::Value<'_>>],
                    extra: &mut $crate::__private::Extra,
                ) -> ::core::result::Result<Self, $crate::__private::DecodeError> {
                    let text: $crate::__private::Text = p::field($tag, &mut slots[0], extra)?;
                    let end = 1;
                    $(
                        let width = 0 $(+ <$part as $crate::FieldGroup>::NAMES.len())?;
                        let range = end..end + width;
                        let end = range.end;
                        if text == $wire {
                            p::claim(
                                <Self as $crate::FieldGroup>::NAMES,
                                range.clone(),
                                slots,
                            );
                            return p::kind!(
                                Self::$variant, slots, range, extra
                                $(, $part)? $(, else Self::$bare)?
                            );
                        }
                    )*
                    let _ = end;
                    ::core::result::Result::Ok(Self::Unknown(text))
                }

                fn write<M: p::serde::ser::SerializeMap>(
                    &self,
                    writer: &mut $crate::FieldWriter<'_, M>,
                ) -> ::core::result::Result<(), M::Error> {
                    p::write!(writer, &$crate::__private::Text::new(self.as_str()), $tag $(as $long)?)?;
                    $($(
                        if let Self::$variant(part) = self {
                            <$part as $crate::FieldGroup>::write(part, writer)?;
                        }
                    )?)*
                    ::core::result::Result::Ok(())
                }
            }
        };
    };
}
