//! Topics as the user wrote them.

use std::borrow::Cow;
use std::collections::HashMap;

use kucoin_streams::{AnyEvent, Gap, Lifecycle, LifecycleEvent, Update};

/// Maps each topic to the text that the user gave, if that text differs.
///
/// The text may differ, for example, in the order of parameters. All output uses the user's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct TopicAliases {
    aliases: HashMap<String, String>,
}

impl TopicAliases {
    /// Records the text that the user gave for a topic.
    pub(crate) fn insert(&mut self, topic: String, given: &str) {
        if topic != given {
            self.aliases.insert(topic, given.to_owned());
        }
    }

    /// Returns the text that the user gave for a topic.
    pub(crate) fn name<'n>(&'n self, topic: &'n str) -> &'n str {
        self.alias(topic).unwrap_or(topic)
    }

    fn alias(&self, topic: &str) -> Option<&str> {
        self.aliases.get(topic).map(String::as_str)
    }

    /// Returns the update with the user's text of its topic.
    pub(super) fn update<'u>(&self, update: &'u Update<AnyEvent>) -> Cow<'u, Update<AnyEvent>> {
        match self.alias(update.subscribed_topic()) {
            None => Cow::Borrowed(update),
            Some(alias) => Cow::Owned(update.clone().with_subscribed_topic(alias)),
        }
    }

    /// Returns the gap with the user's texts of its topics.
    pub(super) fn gap<'g>(&self, gap: &'g Gap) -> Cow<'g, Gap> {
        if gap.topics.iter().all(|topic| self.alias(topic).is_none()) {
            return Cow::Borrowed(gap);
        }
        let mut named = gap.clone();
        named.topics = gap
            .topics
            .iter()
            .map(|topic| self.name(topic).into())
            .collect();
        Cow::Owned(named)
    }

    /// Returns the lifecycle event with the user's text of its topic.
    pub(super) fn lifecycle<'l>(&self, lifecycle: &'l Lifecycle) -> Cow<'l, Lifecycle> {
        let topic = match &lifecycle.event {
            LifecycleEvent::Response { topic, .. } => Some(topic),
            LifecycleEvent::Exception { topic, .. } => topic.as_ref(),
            _ => None,
        };
        let Some(alias) = topic.and_then(|topic| self.alias(topic)) else {
            return Cow::Borrowed(lifecycle);
        };
        let mut named = lifecycle.clone();
        match &mut named.event {
            LifecycleEvent::Response { topic, .. } => alias.clone_into(topic),
            LifecycleEvent::Exception { topic, .. } => *topic = Some(alias.to_owned()),
            _ => {}
        }
        Cow::Owned(named)
    }
}
