//! The texts that topics were asked for by.

use std::borrow::Cow;
use std::collections::HashMap;

use kucoin_streams::{AnyEvent, Gap, Lifecycle, LifecycleEvent, Update};

/// Topics that were asked for by another text than their own, such as one with its parameters in another order.
/// Everything that is shown bears the text that was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    asked: HashMap<String, String>,
}

impl Names {
    /// Notes by which text a topic was asked for.
    pub(crate) fn note(&mut self, topic: String, asked: &str) {
        if topic != asked {
            self.asked.insert(topic, asked.to_owned());
        }
    }

    /// The text that a topic was asked for by.
    pub(crate) fn asked<'n>(&'n self, topic: &'n str) -> &'n str {
        self.other(topic).unwrap_or(topic)
    }

    fn other(&self, topic: &str) -> Option<&str> {
        self.asked.get(topic).map(String::as_str)
    }

    /// The update with the name of its topic.
    pub(super) fn of_update<'u>(&self, update: &'u Update<AnyEvent>) -> Cow<'u, Update<AnyEvent>> {
        match self.other(update.subscribed_topic()) {
            None => Cow::Borrowed(update),
            Some(asked) => Cow::Owned(update.clone().with_subscribed_topic(asked)),
        }
    }

    /// The gap with the names of its topics.
    pub(super) fn of_gap<'g>(&self, gap: &'g Gap) -> Cow<'g, Gap> {
        if gap.topics.iter().all(|topic| self.other(topic).is_none()) {
            return Cow::Borrowed(gap);
        }
        let mut named = gap.clone();
        let asked = gap.topics.iter().map(|topic| self.asked(topic).into());
        named.topics = asked.collect();
        Cow::Owned(named)
    }

    /// The lifecycle event with the name of its topic.
    pub(super) fn of_lifecycle<'l>(&self, lifecycle: &'l Lifecycle) -> Cow<'l, Lifecycle> {
        let topic = match &lifecycle.event {
            LifecycleEvent::Response { topic, .. } => Some(topic),
            LifecycleEvent::Exception { topic, .. } => topic.as_ref(),
            _ => None,
        };
        let Some(asked) = topic.and_then(|topic| self.other(topic)) else {
            return Cow::Borrowed(lifecycle);
        };
        let mut named = lifecycle.clone();
        match &mut named.event {
            LifecycleEvent::Response { topic, .. } => asked.clone_into(topic),
            LifecycleEvent::Exception { topic, .. } => *topic = Some(asked.to_owned()),
            _ => {}
        }
        Cow::Owned(named)
    }
}
