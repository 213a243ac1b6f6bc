//! The place of a row in the body of a reply, and the members that it shares with the other rows of its list.

use std::borrow::Cow;
use std::ops::Range;

use kucoin_streams_core::DecodeError;
use kucoin_streams_decode::{Scanner, Value, ValueKind};

/// Members that KuCoin writes once, next to a list, for all rows of the list.
const SHARED: [&str; 4] = ["accountType", "accountSubtype", "tradeType", "ts"];

/// The values of the shared members in the body, in the order of [`SHARED`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SharedMembers([Option<Range<usize>>; SHARED.len()]);

impl SharedMembers {
    /// Notes a member if rows share it. `base` is the place of the scanned text in the body.
    pub(crate) fn note(&mut self, key: &str, value: Value<'_>, base: usize) {
        let is_scalar = !matches!(
            value.kind(),
            ValueKind::Null | ValueKind::Object | ValueKind::Array
        );
        if is_scalar && let Some(slot) = self.slot(key) {
            *slot = Some(span(value, base));
        }
    }

    fn slot(&mut self, key: &str) -> Option<&mut Option<Range<usize>>> {
        let at = SHARED.iter().position(|name| *name == key)?;
        self.0.get_mut(at)
    }
}

/// Returns the place of a value in the body.
pub(crate) fn span(value: Value<'_>, base: usize) -> Range<usize> {
    let start = base + value.offset();
    start..start + value.as_str().len()
}

/// The place of one row in the body of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowPlace {
    row: Range<usize>,
    shared: SharedMembers,
}

impl RowPlace {
    pub(crate) fn new(row: Range<usize>, shared: &SharedMembers) -> Self {
        Self {
            row,
            shared: shared.clone(),
        }
    }

    /// Returns the JSON text of the row, as KuCoin sent it.
    pub(crate) fn text<'b>(&self, body: &'b str) -> &'b str {
        &body[self.row.clone()]
    }

    /// Returns the row with the shared members that it lacks, after its own members.
    pub(crate) fn with_shared<'b>(&self, body: &'b str) -> Result<Cow<'b, str>, DecodeError> {
        let row = self.text(body);
        let Some(members) = row.strip_suffix('}') else {
            return Ok(row.into());
        };
        let (lacking, is_empty) = self.lacking(row)?;
        let mut shared = String::new();
        for (name, value) in SHARED.iter().zip(lacking.0) {
            if let Some(value) = value {
                let separator = if is_empty && shared.is_empty() {
                    ""
                } else {
                    ","
                };
                shared.push_str(&format!("{separator}\"{name}\":{}", &body[value]));
            }
        }
        match shared.is_empty() {
            true => Ok(row.into()),
            false => Ok(format!("{members}{shared}}}").into()),
        }
    }

    /// Returns the shared members that the row lacks, and whether the row has no members.
    fn lacking(&self, row: &str) -> Result<(SharedMembers, bool), DecodeError> {
        let mut lacking = self.shared.clone();
        let mut is_empty = true;
        let mut scanner = Scanner::new(row);
        let mut object = scanner.object()?;
        while let Some((key, _)) = object.member()? {
            is_empty = false;
            if let Some(slot) = lacking.slot(&key) {
                *slot = None;
            }
        }
        Ok((lacking, is_empty))
    }
}
