//! The values of the script language: how each type is read and written, and what is valid.

use std::fmt::{self, Display, Write};
use std::ops::RangeInclusive;
use std::time::Duration;

/// A type that a parameter of a fault can have.
pub(super) trait Value: Sized {
    /// A value that reads, for the description of the language.
    const EXAMPLE: &'static str;

    /// What is valid, in words.
    fn expected() -> String;

    fn parse(text: &str) -> Option<Self>;

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// The value of a parameter that is left out and has no default; `None` if it is required.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether it is the value of a parameter that is left out.
    fn is_absent(&self) -> bool {
        false
    }

    /// Every valid word with its meaning, if only certain words are valid.
    fn words() -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

macro_rules! numbers {
    ($($number:ty: $expected:literal),+) => {$(
        impl Value for $number {
            const EXAMPLE: &'static str = "3";

            fn expected() -> String {
                $expected.to_owned()
            }

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    )+};
}

numbers!(u8: "a number up to 255", u16: "a number up to 65535", u32: "a number");

/// How many times something happens: `None` is `all`.
impl Value for Option<u32> {
    const EXAMPLE: &'static str = "3";

    fn expected() -> String {
        "a number of at least 1, or all".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "all" => Some(None),
            number => number.parse().ok().filter(|number| *number > 0).map(Some),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(count) => write!(f, "{count}"),
            None => f.write_str("all"),
        }
    }
}

impl Value for String {
    const EXAMPLE: &'static str = "\"some text\"";

    fn expected() -> String {
        "text, in quotes if it has spaces".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Word(self))
    }
}

/// Bytes, two digits each.
impl Value for Vec<u8> {
    const EXAMPLE: &'static str = "8a00";

    fn expected() -> String {
        "bytes in hexadecimal such as 8a00".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
            .collect();
        let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
        let pairs = digits.chunks_exact(2);
        Some(pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Value for Duration {
    const EXAMPLE: &'static str = "250ms";

    fn expected() -> String {
        "a duration such as 250ms, 5s, 2m or 24h".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        parse_duration(text)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_millis() {
            millis if millis > 0 && millis % 1_000 == 0 => write!(f, "{}s", millis / 1_000),
            millis => write!(f, "{millis}ms"),
        }
    }
}

/// Milliseconds that may be negative.
impl Value for i64 {
    const EXAMPLE: &'static str = "-30s";

    fn expected() -> String {
        "a duration such as 30s or -30s".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        let (sign, length) = match text.strip_prefix('-') {
            Some(length) => (-1, length),
            None => (1, text),
        };
        let length = i64::try_from(parse_duration(length)?.as_millis()).ok()?;
        Some(sign * length)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}ms")
    }
}

macro_rules! optional {
    ($($inner:ty),+) => {$(
        impl Value for Option<$inner> {
            const EXAMPLE: &'static str = <$inner as Value>::EXAMPLE;

            fn expected() -> String {
                <$inner as Value>::expected()
            }

            fn parse(text: &str) -> Option<Self> {
                <$inner as Value>::parse(text).map(Some)
            }

            fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.as_ref().map_or(Ok(()), |inner| inner.write(f))
            }

            fn absent() -> Option<Self> {
                Some(None)
            }

            fn is_absent(&self) -> bool {
                self.is_none()
            }
        }
    )+};
}

optional!(String, Duration);

/// What of a type's values a parameter takes.
pub(super) trait Accepts<T> {
    fn accepts(&self, value: &T) -> bool;

    fn expected(&self) -> String;
}

impl<N: PartialOrd + Display> Accepts<N> for RangeInclusive<N> {
    fn accepts(&self, value: &N) -> bool {
        self.contains(value)
    }

    fn expected(&self) -> String {
        format!("a number from {} to {}", self.start(), self.end())
    }
}

impl<const N: usize> Accepts<String> for [&str; N] {
    fn accepts(&self, value: &String) -> bool {
        self.contains(&value.as_str())
    }

    fn expected(&self) -> String {
        one_of(self)
    }
}

/// `a, b or c`.
pub(super) fn one_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// `250ms`, `5s`, `1.5s`, `2m` or `24h`.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let scale = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let seconds: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds * scale).ok()
}

/// A text as it is if it reads back so, otherwise in double quotes.
pub(super) struct Word<'a>(pub(super) &'a str);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
        if !self.0.is_empty() && !self.0.starts_with(['"', '\'']) && self.0.chars().all(plain) {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                control if control.is_control() => {
                    write!(f, "\\u{{{:x}}}", u32::from(control))?;
                }
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// An enum whose variants are words of the script language, each declared once: its doc comment is its description.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $Enum:ident {$(
            $(#[doc = $doc:literal])+
            $word:literal $Variant:ident,
        )+}
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $Enum {$(
            $(#[doc = $doc])+
            $Variant,
        )+}

        impl $Enum {
            /// Returns every value.
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$Variant),+].into_iter()
            }

            /// The word in scripts.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }
        }

        impl ::std::str::FromStr for $Enum {
            type Err = String;

            /// Reads the word of a script; an error says which words are valid.
            fn from_str(text: &str) -> Result<Self, String> {
                use $crate::fault::value::Value;
                Self::parse(text)
                    .ok_or_else(|| format!("`{text}` is not valid, expected {}", Self::expected()))
            }
        }

        impl ::std::fmt::Display for $Enum {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::fault::value::Value for $Enum {
            const EXAMPLE: &'static str = [$($word),+][0];

            fn expected() -> String {
                $crate::fault::value::one_of(&[$($word),+])
            }

            fn parse(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$Variant),)+
                    _ => None,
                }
            }

            fn write(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }

            fn words() -> Vec<(&'static str, String)> {
                vec![$(($word, $crate::fault::table::sentence(&[$($doc),+]))),+]
            }
        }
    };
}

pub(super) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse_duration("24h"), Some(Duration::from_secs(86_400)));
        assert_eq!(parse_duration("5"), None);
        assert_eq!(parse_duration("-5s"), None);
    }
}
