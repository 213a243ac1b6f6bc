//! What a rotation needs of a session: creating its replacement, and knowing when both are ready.

use kucoin_streams_core::Protocol;

use crate::Session;
use crate::connection::topics::TopicState;

impl<P: Protocol> Session<P> {
    /// A session that takes this one's place once it is ready: everything that is live here is wanted there, in the
    /// same order; what is still on its way is to be subscribed there when it is live here. It makes one attempt, and
    /// any failure of it is its end.
    pub(crate) fn replacement(&mut self) -> Self {
        let mut replacement = Self::new(self.config.clone(), self.random.next());
        replacement.is_replacement = true;
        replacement.epoch = self.epoch;
        replacement.history = self.history.of_replacement();
        for (_, entry) in self.topics.iter() {
            if entry.wanted && entry.state == TopicState::Live {
                replacement.topics.want(entry.request.clone());
            }
        }
        replacement
    }

    /// The trial is passed: from here on a loss is mended.
    pub(crate) fn promote(&mut self) {
        self.is_replacement = false;
    }

    /// True where a rotation may begin: live, and with no loss still to be mended.
    pub(crate) fn can_rotate(&self) -> bool {
        self.is_live() && !self.history.is_replaying()
    }

    /// True where a request is not wanted any more, and its subscription is still to be ended.
    pub(crate) fn is_ending(&self, request: &P::Request) -> bool {
        self.entry_of(request).is_some_and(|entry| !entry.wanted)
    }

    /// True where everything that is wanted is acknowledged.
    pub(crate) fn is_settled(&self) -> bool {
        let settled = |wanted: bool, state: TopicState| !wanted || state == TopicState::Live;
        self.is_live()
            && self
                .topics
                .iter()
                .all(|(_, entry)| settled(entry.wanted, entry.state))
    }
}
