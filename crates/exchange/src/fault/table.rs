//! Macros and types that declare a fault once: its variant, script name, parameters and description.

use std::fmt::{self, Display, Write};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::effects::{Effect, Target};
use super::script::{ScriptProblem, Settings};

/// A fault of the script language.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) target: Target,
    /// The doc comment of the fault's variant.
    pub(super) about: Doc,
    pub(super) parameters: &'static [Parameter],
    pub(super) read: fn(&mut Settings) -> Result<Effect, ScriptProblem>,
}

/// A doc comment, line by line.
pub(super) type Doc = &'static [&'static str];

/// The valid values of an enum parameter, with their descriptions.
pub(super) type EnumValues = &'static [(&'static str, Doc)];

/// A parameter of a fault.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: Doc,
    /// The text that is parsed if the parameter is missing.
    pub(super) default: Option<&'static str>,
    /// `true` if the parameter may be missing although it has no default.
    pub(super) optional: bool,
    pub(super) enum_values: EnumValues,
    valid: Valid,
    example: &'static str,
}

/// The valid values of a parameter.
#[derive(Debug, Clone)]
pub(super) enum Valid {
    /// All values of the type, with a description; enums are described by their values.
    All(&'static str),
    Numbers(RangeInclusive<u64>),
    OneOf(&'static [&'static str]),
}

impl Parameter {
    pub(super) const fn new<T: Value>(
        name: &'static str,
        about: Doc,
        valid: Option<Valid>,
        default: Option<&'static str>,
        example: Option<&'static str>,
    ) -> Self {
        Self {
            name,
            about,
            default,
            optional: T::OPTIONAL,
            enum_values: T::ENUM_VALUES,
            valid: match valid {
                Some(valid) => valid,
                None => Valid::All(T::EXPECTED),
            },
            example: match (example, default) {
                (Some(example), _) | (None, Some(example)) => example,
                (None, None) => T::EXAMPLE,
            },
        }
    }

    /// Returns the parameter with its example value, as in a script.
    pub(super) fn example(&self) -> String {
        match self.example.starts_with(['"', '\'']) {
            true => format!("{}={}", self.name, self.example),
            false => format!("{}={}", self.name, Quoted(self.example)),
        }
    }

    /// Describes the valid values.
    pub(super) fn expected(&self) -> String {
        match &self.valid {
            Valid::All(_) if !self.enum_values.is_empty() => {
                let values: Vec<&str> = self.enum_values.iter().map(|value| value.0).collect();
                one_of(&values)
            }
            Valid::All(expected) => (*expected).to_owned(),
            Valid::Numbers(range) => format!("a number from {} to {}", range.start(), range.end()),
            Valid::OneOf(values) => one_of(values),
        }
    }

    pub(super) fn accepts(&self, text: &str) -> bool {
        match &self.valid {
            Valid::All(_) => true,
            Valid::Numbers(range) => text.parse().is_ok_and(|number| range.contains(&number)),
            Valid::OneOf(values) => values.contains(&text),
        }
    }
}

/// A type of fault parameters.
pub(super) trait Value: Sized {
    /// Describes the valid values; empty for an enum.
    const EXPECTED: &'static str;
    /// A valid value, for examples.
    const EXAMPLE: &'static str;
    /// The values of an enum with their descriptions.
    const ENUM_VALUES: EnumValues = &[];
    /// `true` if the parameter may be missing.
    const OPTIONAL: bool = false;

    fn parse(text: &str) -> Option<Self>;

    /// Returns text that parses as this value; `None` if the parameter is omitted.
    fn text(&self) -> Option<String>;

    /// Returns the value of a missing parameter without a default; `None` if the parameter is required.
    fn absent() -> Option<Self> {
        None
    }

    /// Returns the number of messages that an effect with this parameter acts on.
    fn frames(&self) -> u64 {
        u64::MAX
    }
}

macro_rules! numbers {
    ($($number:ty: $expected:literal),+) => {$(
        impl Value for $number {
            const EXPECTED: &'static str = $expected;
            const EXAMPLE: &'static str = "3";

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn text(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )+};
}

numbers!(u8: "a number up to 255", u16: "a number up to 65535", u32: "a number");

/// Number of messages that an effect acts on; `None` is written as `all`.
impl Value for Option<u32> {
    const EXPECTED: &'static str = "a number of at least 1, or all";
    const EXAMPLE: &'static str = "3";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "all" => Some(None),
            number => number.parse().ok().filter(|number| *number > 0).map(Some),
        }
    }

    fn text(&self) -> Option<String> {
        Some(self.map_or("all".to_owned(), |count| count.to_string()))
    }

    fn frames(&self) -> u64 {
        self.map_or(u64::MAX, u64::from)
    }
}

impl Value for String {
    const EXPECTED: &'static str = "text, in quotes if it has spaces";
    const EXAMPLE: &'static str = "\"some text\"";

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn text(&self) -> Option<String> {
        Some(Quoted(self).to_string())
    }
}

/// Bytes in hexadecimal, two digits each.
impl Value for Vec<u8> {
    const EXPECTED: &'static str = "bytes in hexadecimal such as 8a00";
    const EXAMPLE: &'static str = "8a00";

    fn parse(text: &str) -> Option<Self> {
        if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let pairs = (0..text.len()).step_by(2);
        pairs
            .map(|start| u8::from_str_radix(&text[start..start + 2], 16).ok())
            .collect()
    }

    fn text(&self) -> Option<String> {
        Some(self.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Value for Duration {
    const EXPECTED: &'static str = "a duration such as 250ms, 5s, 2m or 24h";
    const EXAMPLE: &'static str = "250ms";

    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
        let scale = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let seconds: f64 = number.trim().parse().ok()?;
        Self::try_from_secs_f64(seconds * scale).ok()
    }

    fn text(&self) -> Option<String> {
        Some(match self.as_millis() {
            millis if millis > 0 && millis % 1_000 == 0 => format!("{}s", millis / 1_000),
            millis => format!("{millis}ms"),
        })
    }
}

/// Milliseconds that may be negative.
impl Value for i64 {
    const EXPECTED: &'static str = "a duration such as 30s or -30s";
    const EXAMPLE: &'static str = "-30s";

    fn parse(text: &str) -> Option<Self> {
        let length = Duration::parse(text.strip_prefix('-').unwrap_or(text))?;
        let length = Self::try_from(length.as_millis()).ok()?;
        Some(if text.starts_with('-') {
            -length
        } else {
            length
        })
    }

    fn text(&self) -> Option<String> {
        Some(format!("{self}ms"))
    }
}

macro_rules! optional {
    ($($inner:ty),+) => {$(
        impl Value for Option<$inner> {
            const EXPECTED: &'static str = <$inner>::EXPECTED;
            const EXAMPLE: &'static str = <$inner>::EXAMPLE;
            const OPTIONAL: bool = true;

            fn parse(text: &str) -> Option<Self> {
                <$inner>::parse(text).map(Some)
            }

            fn text(&self) -> Option<String> {
                self.as_ref()?.text()
            }

            fn absent() -> Option<Self> {
                Some(None)
            }
        }
    )+};
}

optional!(String, Duration);

/// Joins values as `a, b or c`.
pub(super) fn one_of(values: &[&str]) -> String {
    match values {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        values => values.concat(),
    }
}

/// Displays a text as in a script: in double quotes if the text needs quotes.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
        if !self.0.is_empty() && !self.0.starts_with(['"', '\'']) && self.0.chars().all(plain) {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                control if control.is_control() => write!(f, "\\u{{{:x}}}", u32::from(control))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// Joins the lines of a doc comment.
pub(super) fn sentence(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ").trim().to_owned()
}

/// Declares an enum of faults. Each entry has the script name, the variant, its description and its parameters:
///
/// `"name" Variant { field["key"]: Type = "default" => valid values ; "example" }`; only the type is required.
/// The sections are the targets of the faults; `wraps` lists enums of further faults.
macro_rules! faults {
    (
        $(#[$meta:meta])*
        pub enum $Enum:ident as $into:expr;
        $(in $Target:ident {$(
            $(#[doc = $doc:literal])+
            $name:literal $Variant:ident $({$(
                $(#[doc = $field_doc:literal])+
                $field:ident $([$key:literal])? : $Type:ty $(= $default:literal)? $(=> $valid:expr)? $(; $example:literal)?
            ),+ $(,)?})?,
        )+})+
        $(wraps {$(
            $(#[doc = $wrap_doc:literal])+
            $Wrap:ident($Inner:ident),
        )+})?
    ) => {
        $(#[$meta])*
        #[non_exhaustive]
        pub enum $Enum {
            $($(
                $(#[doc = $doc])+
                $Variant $({$(
                    $(#[doc = $field_doc])+
                    $field: $Type,
                )+})?,
            )+)+
            $($(
                $(#[doc = $wrap_doc])+
                $Wrap($Inner),
            )+)?
        }

        impl $Enum {
            pub(in crate::fault) const ROWS: &[$crate::fault::table::Row] = &[$($(
                $crate::fault::table::Row {
                    name: $name,
                    target: $crate::fault::effects::Target::$Target,
                    about: &[$($doc),+],
                    parameters: &[$($(
                        $crate::fault::table::Parameter::new::<$Type>(
                            $crate::fault::table::key!($field $($key)?),
                            &[$($field_doc),+],
                            $crate::fault::table::maybe!($($valid)?),
                            $crate::fault::table::maybe!($($default)?),
                            $crate::fault::table::maybe!($($example)?),
                        ),
                    )+)?],
                    read: |_settings| Ok($into($Enum::$Variant {$($(
                        $field: _settings.next::<$Type>()?,
                    )+)?})),
                },
            )+)+];

            /// Returns what the fault acts on.
            pub(crate) fn target(&self) -> $crate::fault::effects::Target {
                match self {
                    $($(Self::$Variant {..} => $crate::fault::effects::Target::$Target,)+)+
                    $($(Self::$Wrap(inner) => inner.target(),)+)?
                }
            }

            /// Returns the number of messages that the fault acts on.
            pub(crate) fn frames(&self) -> u64 {
                match self {
                    $($(Self::$Variant $({$($field),+})? => {
                        u64::MAX $($(.min($crate::fault::table::Value::frames($field)))+)?
                    })+)+
                    $($(Self::$Wrap(inner) => inner.frames(),)+)?
                }
            }
        }

        impl ::std::fmt::Display for $Enum {
            /// Writes the fault as in a script.
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $($(Self::$Variant $({$($field),+})? => {
                        f.write_str($name)?;
                        $($(
                            if let Some(text) = $crate::fault::table::Value::text($field) {
                                write!(f, " {}={text}", $crate::fault::table::key!($field $($key)?))?;
                            }
                        )+)?
                        Ok(())
                    })+)+
                    $($(Self::$Wrap(inner) => write!(f, "{inner}"),)+)?
                }
            }
        }
    };
}

macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

macro_rules! maybe {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// Declares an enum that is a parameter value in scripts; its doc comments are the descriptions.
macro_rules! parameter_enum {
    (
        $(#[$meta:meta])*
        pub enum $Enum:ident {$(
            $(#[doc = $doc:literal])+
            $value:literal $Variant:ident,
        )+}
    ) => {
        $crate::wire::wire_enum! {
            $(#[$meta])*
            #[non_exhaustive]
            pub enum $Enum {$(
                $(#[doc = $doc])+
                $value $Variant,
            )+}
        }

        impl $Enum {
            /// Returns every value.
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$Variant),+].into_iter()
            }
        }

        impl ::std::str::FromStr for $Enum {
            type Err = String;

            /// Parses the value in a script. The error lists the valid values.
            fn from_str(text: &str) -> Result<Self, String> {
                Self::all().find(|known| known.as_str() == text).ok_or_else(|| {
                    format!("expected {}", $crate::fault::table::one_of(&[$($value),+]))
                })
            }
        }

        impl ::std::fmt::Display for $Enum {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::fault::table::Value for $Enum {
            const EXPECTED: &'static str = "";
            const EXAMPLE: &'static str = [$($value),+][0];
            const ENUM_VALUES: $crate::fault::table::EnumValues = &[$(($value, &[$($doc),+])),+];

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn text(&self) -> Option<String> {
                Some(self.as_str().to_owned())
            }
        }
    };
}

pub(super) use {faults, key, maybe, parameter_enum};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_requires_a_unit() {
        for (text, millis) in [("1.5s", 1_500), ("2m", 120_000), ("24h", 86_400_000)] {
            assert_eq!(Duration::parse(text), Some(Duration::from_millis(millis)));
        }
        assert_eq!([Duration::parse("5"), Duration::parse("-5s")], [None, None]);
    }
}
