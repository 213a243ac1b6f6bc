//! Topics that cannot be recovered, such as topics of the user's own.

use std::collections::HashSet;

use super::{Ask, Asks, Book, Findings, Passed, Reply, Step, TopicIndex, Window};
use crate::facts::{EventFacts, Identity};
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

    fn observe(&mut self, _: &EventFacts, _: Passed) {}

    fn begin(&mut self) {}

    fn begin_sweep(&mut self) {}

    fn ask(&mut self, _: Step, _: Option<&Window>, _: &mut Asks) {}

    fn reply(&mut self, _: &Ask, _: usize, _: &Reply) {}

    fn findings(
        &mut self,
        window: Option<&Window>,
        _: &HashSet<(TopicIndex, Identity)>,
    ) -> Findings {
        let what = match window {
            Some(_) => "events",
            None => "state",
        };
        Findings {
            missing: vec![(self.0[0], what.to_owned(), MissingReason::NoHistory)],
            ..Findings::default()
        }
    }

    fn commit(&mut self) {}
}
