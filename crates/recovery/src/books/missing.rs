//! The parts of a book that could not be recovered in the sweep.

use std::collections::BTreeMap;

use kucoin_streams_core::Text;
use kucoin_streams_rest::QueryError;

use super::{Findings, TopicIndex};
use crate::output::MissingReason;

/// Parts that are missing, by name, each with its reason.
#[derive(Debug, Default)]
pub(crate) struct MissingParts(BTreeMap<String, MissingReason>);

impl MissingParts {
    pub(crate) fn insert(&mut self, what: impl Into<String>, reason: MissingReason) {
        self.0.insert(what.into(), reason);
    }

    /// Notes that a query has failed.
    pub(crate) fn fail(&mut self, what: impl Into<String>, error: &QueryError) {
        self.insert(what, reason_of(error));
    }

    /// Notes a row that cannot be read.
    pub(crate) fn unreadable(&mut self, path: &str) {
        self.insert(
            format!("an unreadable row of {path}"),
            MissingReason::Unreachable,
        );
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds the parts to the findings of these topics.
    pub(crate) fn add_to(
        &self,
        findings: &mut Findings,
        topics: impl Iterator<Item = TopicIndex> + Clone,
    ) {
        for (what, reason) in &self.0 {
            let parts = topics
                .clone()
                .map(|topic| (topic, what.clone(), reason.clone()));
            findings.missing.extend(parts);
        }
    }
}

/// Returns the reason for which an error makes a part of a topic missing.
fn reason_of(error: &QueryError) -> MissingReason {
    match error {
        QueryError::RateLimited { reset, .. } => MissingReason::RateLimited { reset: *reset },
        QueryError::Overloaded { .. } => MissingReason::Overloaded,
        QueryError::Refused { code, query, .. } => MissingReason::Refused {
            code: code.clone(),
            permission: (code == "400007").then(|| query.endpoint().permission()),
        },
        QueryError::BadParameter { code, .. } => MissingReason::Refused {
            code: code.clone(),
            permission: None,
        },
        QueryError::NotFound { .. } => MissingReason::Refused {
            code: Text::from_static("404"),
            permission: None,
        },
        _ => MissingReason::Unreachable,
    }
}
