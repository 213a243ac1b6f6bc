//! Side and liquidity of orders and fills, shared by all protocols.

use std::fmt;

use crate::Text;

/// Defines an open enum. KuCoin writes its values in lower case on V1 and in upper case on Pro V2.
macro_rules! cased_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $lower:literal, $upper:literal;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// Unknown value, as KuCoin sent it; empty if it sent none.
            Unknown(Text),
        }

        impl $name {
            /// Returns the value in lower case, as V1 writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $lower,)*
                    Self::Unknown(text) => text,
                }
            }

            /// Returns the value in upper case, as Pro V2 writes it.
            pub fn as_uppercase_str(&self) -> &str {
                match self {
                    $(Self::$variant => $upper,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        // Compares with literals, which is faster than calling `as_str`.
        impl $name {
            /// Returns `true` if V1 spells the value like this.
            #[inline(always)]
            pub fn is_lowercase_spelling(&self, spelled: &str) -> bool {
                match self {
                    $(Self::$variant => spelled == $lower,)*
                    Self::Unknown(text) => spelled == text.as_str(),
                }
            }

            /// Returns `true` if Pro V2 spells the value like this.
            #[inline(always)]
            pub fn is_uppercase_spelling(&self, spelled: &str) -> bool {
                match self {
                    $(Self::$variant => spelled == $upper,)*
                    Self::Unknown(text) => spelled == text.as_str(),
                }
            }
        }

        /// Parses the value, ignoring case.
        impl From<&str> for $name {
            #[inline(always)]
            fn from(text: &str) -> Self {
                match text {
                    $($lower | $upper => Self::$variant,)*
                    _ => Self::from_any_case(text),
                }
            }
        }

        impl $name {
            #[cold]
            fn from_any_case(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($lower) {
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

cased_enum! {
    /// Buy or sell: wire `side` on V1, `S` on Pro V2.
    pub enum Side {
        /// Buys the base currency or contracts.
        Buy = "buy", "BUY";
        /// Sells the base currency or contracts.
        Sell = "sell", "SELL";
    }
}

cased_enum! {
    /// Maker or taker: wire `liquidity` on V1, `lR` on Pro V2.
    pub enum Liquidity {
        /// Maker: the order was resting in the order book.
        Maker = "maker", "MAKER";
        /// Taker: the order took liquidity from the order book.
        Taker = "taker", "TAKER";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_read_in_any_case() {
        for text in ["sell", "SELL", "Sell"] {
            assert_eq!(Side::from(text), Side::Sell);
        }
        assert_eq!(Liquidity::from("MAKER").as_str(), "maker");
        assert_eq!(Liquidity::Taker.as_uppercase_str(), "TAKER");
        let unknown = Side::from("Short");
        assert_eq!(
            (unknown.as_str(), unknown.as_uppercase_str()),
            ("Short", "Short")
        );
    }
}
