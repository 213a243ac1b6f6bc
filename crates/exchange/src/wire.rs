//! Enums of the words of the wire.

/// An enum whose variants are words of the wire, each declared once.
macro_rules! wire_words {
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
            /// The wire's word.
            #[must_use]
            $vis fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }
        }
    };
}

pub(crate) use wire_words;
