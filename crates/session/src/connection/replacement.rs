//! Session methods for rotations: create the replacement, and check whether both connections are ready.

use kucoin_streams_core::Protocol;

use crate::Session;
use crate::connection::topics::TopicState;

impl<P: Protocol> Session<P> {
    /// Creates the session of the replacement connection.
    ///
    /// The replacement subscribes all requests that are live on this connection, in the same order. Other requests must
    /// be subscribed on the replacement once they are live on this connection. The replacement makes one attempt to
    /// connect, and any failure closes it.
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

    /// Makes this session the current connection: from now on it reconnects after a loss.
    pub(crate) fn promote(&mut self) {
        self.is_replacement = false;
    }

    /// Returns `true` if a rotation may start: the connection is live, and no replay is in progress.
    pub(crate) fn can_rotate(&self) -> bool {
        self.is_live() && !self.history.is_replaying()
    }

    /// Returns `true` if a request is unsubscribed but the server has not answered yet.
    pub(crate) fn is_ending(&self, request: &P::Request) -> bool {
        self.entry_of(request).is_some_and(|entry| !entry.wanted)
    }

    /// Returns `true` if all subscribed requests are acknowledged.
    pub(crate) fn all_acknowledged(&self) -> bool {
        let settled = |wanted: bool, state: TopicState| !wanted || state == TopicState::Live;
        self.is_live()
            && self
                .topics
                .iter()
                .all(|(_, entry)| settled(entry.wanted, entry.state))
    }
}
