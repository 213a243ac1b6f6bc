//! One entry for each fault: its variant, its name and parameters in scripts, and its description are declared together.

use super::effect::{Effect, Place};
use super::script::ScriptProblem;
use super::settings::Settings;
use super::value::{Accepts, Value, Word};

/// A fault of the script language.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) place: Place,
    /// The doc comment of its variant, line by line.
    pub(super) about: &'static [&'static str],
    pub(super) parameters: &'static [Parameter],
    pub(super) read: fn(&mut Settings) -> Result<Effect, ScriptProblem>,
}

/// A parameter of a fault.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: &'static [&'static str],
    pub(super) expected: fn() -> String,
    pub(super) words: fn() -> Vec<(&'static str, String)>,
    /// The text that stands for it if it is left out.
    pub(super) default: Option<&'static str>,
    /// It may be left out although it has no default.
    pub(super) optional: fn() -> bool,
    pub(super) example: &'static str,
}

impl Parameter {
    /// The parameter with its example, as a script has it.
    pub(super) fn example(&self) -> String {
        match self.example.starts_with(['"', '\'']) {
            true => format!("{}={}", self.name, self.example),
            false => format!("{}={}", self.name, Word(self.example)),
        }
    }
}

/// A doc comment as one line.
pub(super) fn sentence(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ").trim().to_owned()
}

/// Takes any value of a type.
pub(super) struct Anything;

impl<T: Value> Accepts<T> for Anything {
    fn accepts(&self, _: &T) -> bool {
        true
    }

    fn expected(&self) -> String {
        T::expected()
    }
}

/// Whether a type has a value for a parameter that is left out.
pub(super) fn is_optional<T: Value>() -> bool {
    T::absent().is_some()
}

/// An enum of faults. Each entry is the only place that names the fault, describes it and lists its parameters:
///
/// `"name" Variant { field["key"]: Type = "default" => what is valid | "an example" }`, all but the type being optional.
/// The sections are the places at which the faults act; `wraps` lists enums of further faults.
macro_rules! faults {
    (
        $(#[$meta:meta])*
        pub enum $Enum:ident as $into:expr;
        $(in $Place:ident {$(
            $(#[doc = $doc:literal])+
            $name:literal $Variant:ident $({$(
                $(#[doc = $field_doc:literal])+
                $field:ident $([$key:literal])? : $Type:ty $(= $default:literal)? $(=> $limit:expr)? $(; $example:literal)?
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
                    place: $crate::fault::effect::Place::$Place,
                    about: &[$($doc),+],
                    parameters: &[$($(
                        $crate::fault::table::Parameter {
                            name: $crate::fault::table::key!($field $($key)?),
                            about: &[$($field_doc),+],
                            expected: || {
                                use $crate::fault::value::Accepts;
                                Accepts::<$Type>::expected(&$crate::fault::table::limit!($($limit)?))
                            },
                            words: <$Type as $crate::fault::value::Value>::words,
                            default: $crate::fault::table::maybe!($($default)?),
                            optional: $crate::fault::table::is_optional::<$Type>,
                            example: $crate::fault::table::example!($Type; $($default)?; $($example)?),
                        },
                    )+)?],
                    read: |_settings| Ok($into($Enum::$Variant {$($(
                        $field: _settings.value::<$Type>(
                            $crate::fault::table::key!($field $($key)?),
                            $crate::fault::table::maybe!($($default)?),
                            &$crate::fault::table::limit!($($limit)?),
                        )?,
                    )+)?})),
                },
            )+)+];

            /// Where it acts.
            pub(crate) fn place(&self) -> $crate::fault::effect::Place {
                match self {
                    $($(Self::$Variant {..} => $crate::fault::effect::Place::$Place,)+)+
                    $($(Self::$Wrap(inner) => inner.place(),)+)?
                }
            }
        }

        impl ::std::fmt::Display for $Enum {
            /// The words of a script that read as this.
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $($(Self::$Variant $({$($field),+})? => {
                        f.write_str($name)?;
                        $($(
                            if !$crate::fault::value::Value::is_absent($field) {
                                write!(f, " {}=", $crate::fault::table::key!($field $($key)?))?;
                                $crate::fault::value::Value::write($field, f)?;
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

macro_rules! limit {
    () => {
        $crate::fault::table::Anything
    };
    ($limit:expr) => {
        $limit
    };
}

macro_rules! maybe {
    () => {
        None
    };
    ($value:literal) => {
        Some($value)
    };
}

macro_rules! example {
    ($Type:ty; ;) => {
        <$Type as $crate::fault::value::Value>::EXAMPLE
    };
    ($Type:ty; $default:literal;) => {
        $default
    };
    ($Type:ty; ; $example:literal) => {
        $example
    };
    ($Type:ty; $default:literal; $example:literal) => {
        $example
    };
}

pub(super) use {example, faults, key, limit, maybe};
