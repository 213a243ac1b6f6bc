//! What applying an event has changed.

use std::collections::VecDeque;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::{AccountChange, AccountViolation, Discrepancy};

/// Violations and discrepancies that are kept in the state.
const MAX_FINDINGS: usize = 100;

/// Changes to report, and what was found to be wrong.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    changes: VecDeque<AccountChange>,
    violations: RedBlackTreeMapSync<u64, Arc<AccountViolation>>,
    discrepancies: RedBlackTreeMapSync<u64, Arc<Discrepancy>>,
    found: u64,
}

impl Effects {
    pub(crate) fn change(&mut self, change: AccountChange) {
        self.changes.push_back(change);
    }

    pub(crate) fn violation(&mut self, violation: AccountViolation) {
        let violation = Arc::new(violation);
        self.found += 1;
        keep(&mut self.violations, self.found, Arc::clone(&violation));
        self.change(AccountChange::Violation(violation));
    }

    pub(crate) fn discrepancy(&mut self, discrepancy: Discrepancy) {
        let discrepancy = Arc::new(discrepancy);
        self.found += 1;
        keep(
            &mut self.discrepancies,
            self.found,
            Arc::clone(&discrepancy),
        );
        self.change(AccountChange::Discrepancy(discrepancy));
    }

    pub(crate) fn next_change(&mut self) -> Option<AccountChange> {
        self.changes.pop_front()
    }

    pub(crate) fn violations(&self) -> &RedBlackTreeMapSync<u64, Arc<AccountViolation>> {
        &self.violations
    }

    pub(crate) fn discrepancies(&self) -> &RedBlackTreeMapSync<u64, Arc<Discrepancy>> {
        &self.discrepancies
    }
}

fn keep<T>(findings: &mut RedBlackTreeMapSync<u64, Arc<T>>, number: u64, finding: Arc<T>) {
    findings.insert_mut(number, finding);
    if findings.size() > MAX_FINDINGS {
        let oldest = findings.first().map(|(number, _)| *number);
        if let Some(oldest) = oldest {
            findings.remove_mut(&oldest);
        }
    }
}
