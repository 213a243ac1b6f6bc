//! Enums whose values are strings in KuCoin's messages.

/// Declares an enum with the wire value of each variant.
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $Enum:ident {$(
            $(#[$variant_meta:meta])*
            $word:literal $Variant:ident,
        )+}
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $Enum {$(
            $(#[$variant_meta])*
            $Variant,
        )+}

        impl $Enum {
            /// Returns the wire value.
            #[must_use]
            $vis fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }
        }
    };
}

pub(crate) use wire_enum;
