//! Topics that cannot be recovered, such as topics of the user's own.

use super::{Book, Findings, Sweep, TopicIndex};
use crate::output::MissingReason;

/// A topic without any history or state on REST: each gap stays open.
#[derive(Debug)]
pub(crate) struct NoBook([TopicIndex; 1]);

impl NoBook {
    pub(crate) fn new(topic: TopicIndex) -> Self {
        Self([topic])
    }
}

impl Book for NoBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.0
    }

    fn findings(&mut self, sweep: &Sweep<'_>) -> Findings {
        let what = match sweep.window {
            Some(_) => "events",
            None => "state",
        };
        Findings {
            missing: vec![(self.0[0], what.to_owned(), MissingReason::NoHistory)],
            ..Findings::default()
        }
    }
}
