//! The words that fills and orders of all protocols share: side and liquidity.

use std::fmt;

use crate::Text;

/// Defines an enum of words that stays open. KuCoin writes them in small letters on V1 and in capitals on Pro V2.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $small:literal, $capitals:literal;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A value that this SDK does not know, as the exchange wrote it; empty if it wrote none.
            Unknown(Text),
        }

        impl $name {
            /// The word in small letters, as V1 writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $small,)*
                    Self::Unknown(text) => text,
                }
            }

            /// The word in capitals, as Pro V2 writes it.
            pub fn in_capitals(&self) -> &str {
                match self {
                    $(Self::$variant => $capitals,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        // Each word is compared with a text of known length: that takes no call.
        impl $name {
            /// True if V1 writes the word so.
            #[inline(always)]
            pub fn is_spelled_small(&self, spelled: &str) -> bool {
                match self {
                    $(Self::$variant => spelled == $small,)*
                    Self::Unknown(text) => spelled == text.as_str(),
                }
            }

            /// True if Pro V2 writes the word so.
            #[inline(always)]
            pub fn is_spelled_in_capitals(&self, spelled: &str) -> bool {
                match self {
                    $(Self::$variant => spelled == $capitals,)*
                    Self::Unknown(text) => spelled == text.as_str(),
                }
            }
        }

        /// Takes the word in any case.
        impl From<&str> for $name {
            #[inline(always)]
            fn from(text: &str) -> Self {
                match text {
                    $($small | $capitals => Self::$variant,)*
                    _ => Self::uncommon(text),
                }
            }
        }

        impl $name {
            #[cold]
            fn uncommon(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($small) {
                    return Self::$variant;
                })*
                Self::Unknown(Text::new(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Text::deserialize(deserializer).map(|text| Self::from(&*text))
            }
        }
    };
}

words! {
    /// Buy or sell: wire `side` of V1, `S` of Pro V2.
    pub enum Side {
        /// Buys the base currency, or contracts.
        Buy = "buy", "BUY";
        /// Sells the base currency, or contracts.
        Sell = "sell", "SELL";
    }
}

words! {
    /// Which side of a trade the order was: wire `liquidity` of V1, `lR` of Pro V2.
    pub enum Liquidity {
        /// It rested in the book.
        Maker = "maker", "MAKER";
        /// It took liquidity from the book.
        Taker = "taker", "TAKER";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_is_read_in_any_case() {
        for text in ["sell", "SELL", "Sell"] {
            assert_eq!(Side::from(text), Side::Sell);
        }
        assert_eq!(Liquidity::from("MAKER").as_str(), "maker");
        assert_eq!(Liquidity::Taker.in_capitals(), "TAKER");
        let unknown = Side::from("Short");
        assert_eq!(
            (unknown.as_str(), unknown.in_capitals()),
            ("Short", "Short")
        );
    }
}
