//! Members that KuCoin writes once for all rows of a list, such as the account of its balances.

use std::borrow::Cow;
use std::ops::Range;

use kucoin_streams_core::DecodeError;
use kucoin_streams_decode::{Scanner, Value, ValueKind};

/// The names of these members.
const SHARED: [&str; 4] = ["accountType", "accountSubtype", "tradeType", "ts"];

/// The places of the values of the shared members in the body, in the order of [`SHARED`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SharedMembers([Option<Range<usize>>; SHARED.len()]);

impl SharedMembers {
    /// Notes a member of an object that has a list, if its rows share it.
    pub(crate) fn note(&mut self, key: &str, value: Value<'_>) {
        let is_scalar = !matches!(
            value.kind(),
            ValueKind::Null | ValueKind::Object | ValueKind::Array
        );
        if is_scalar && let Some(slot) = self.slot(key) {
            let start = value.offset();
            *slot = Some(start..start + value.as_str().len());
        }
    }

    fn slot(&mut self, key: &str) -> Option<&mut Option<Range<usize>>> {
        let at = SHARED.iter().position(|name| *name == key)?;
        self.0.get_mut(at)
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// The shared members of each list, the inner list before the list around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowGroups(Vec<(Range<usize>, SharedMembers)>);

impl RowGroups {
    /// Gives shared members to a range of rows.
    pub(crate) fn share(&mut self, rows: Range<usize>, shared: &SharedMembers) {
        if !shared.is_empty() {
            self.0.push((rows, shared.clone()));
        }
    }

    /// Returns a row with the shared members that it lacks, after its own members.
    pub(crate) fn complete<'b>(
        &self,
        at: usize,
        row: &'b str,
        body: &str,
    ) -> Result<Cow<'b, str>, DecodeError> {
        let mut groups = self.0.iter().filter(|(rows, _)| rows.contains(&at));
        let Some((_, innermost)) = groups.next() else {
            return Ok(row.into());
        };
        let Some(members) = row.strip_suffix('}') else {
            return Ok(row.into());
        };
        let mut lacking = innermost.clone();
        for (_, outer) in groups {
            for (slot, value) in lacking.0.iter_mut().zip(&outer.0) {
                *slot = slot.take().or_else(|| value.clone());
            }
        }
        let mut completed = String::from(members);
        let mut separator = "";
        let mut scanner = Scanner::new(row);
        let mut object = scanner.object()?;
        while let Some((key, _)) = object.member()? {
            separator = ",";
            if let Some(slot) = lacking.slot(&key) {
                *slot = None;
            }
        }
        for (name, value) in SHARED.iter().zip(lacking.0) {
            if let Some(value) = value {
                completed.push_str(&format!("{separator}\"{name}\":{}", &body[value]));
                separator = ",";
            }
        }
        completed.push('}');
        Ok(completed.into())
    }
}
