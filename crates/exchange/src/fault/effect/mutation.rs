//! What a push says that it should not say.

use std::fmt::{self, Display};

use super::Effect;
use crate::fault::script::Row;

/// What is done to a push, which stays JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mutation {
    /// A field has a word for a value that nobody knows; where none is named, one that has a word anyway.
    UnknownValue,
    /// The data has a field more.
    ExtraField,
    /// A field is missing.
    MissingField,
    /// A field is null.
    NullField,
    /// A number is text, a text that is a number is one, and anything else stands in an object.
    OtherType,
    /// A time in milliseconds is told in nanoseconds, one in micro- or nanoseconds in milliseconds; where no field is
    /// named, each of them.
    OtherTimeUnit,
    /// The topic is none that anybody subscribed to.
    UnknownTopic,
    /// The `type` is none that anybody knows.
    UnknownType,
    /// The `subject` is none that anybody knows. Nothing happens to the pushes of Pro V2, which have none.
    UnknownSubject,
}

/// Each mutation and its name in a script.
const NAMES: &[(&str, Mutation)] = &[
    ("unknown-value", Mutation::UnknownValue),
    ("extra-field", Mutation::ExtraField),
    ("missing-field", Mutation::MissingField),
    ("null-field", Mutation::NullField),
    ("other-type", Mutation::OtherType),
    ("other-time-unit", Mutation::OtherTimeUnit),
    ("unknown-topic", Mutation::UnknownTopic),
    ("unknown-type", Mutation::UnknownType),
    ("unknown-subject", Mutation::UnknownSubject),
];

impl Mutation {
    /// Every mutation there is.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(_, mutation)| *mutation)
    }
}

impl Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMES.iter().find(|(_, mutation)| mutation == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

pub(in crate::fault) const ROWS: &[Row] = &[(
    "mutate-frame",
    &["how", "field", "count", "times"],
    |s| {
        let mutation = s.named(
            "how",
            NAMES,
            "unknown-value, extra-field, missing-field, null-field, other-type, other-time-unit, unknown-topic, \
             unknown-type or unknown-subject",
        )?;
        let field = s.take("field");
        let count = s.count(Some(1))?;
        Ok(Effect::MutateFrame {
            mutation,
            field,
            count,
        })
    },
)];
