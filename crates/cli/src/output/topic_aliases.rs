//! Topics as the user wrote them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use kucoin_streams::{AnyEvent, Lifecycle, LifecycleEvent, RecoveredItem};

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

    /// Returns the item with the user's texts of its topics.
    pub(super) fn item<'i>(
        &self,
        item: &'i RecoveredItem<AnyEvent>,
    ) -> Cow<'i, RecoveredItem<AnyEvent>> {
        if self.aliases.is_empty() {
            return Cow::Borrowed(item);
        }
        Cow::Owned(match item.clone() {
            RecoveredItem::Event(update) => match self.alias(update.subscribed_topic()) {
                Some(alias) => RecoveredItem::Event(update.with_subscribed_topic(alias)),
                None => RecoveredItem::Event(update),
            },
            RecoveredItem::Gap(mut gap) => {
                gap.topics = self.renamed(&gap.topics);
                RecoveredItem::Gap(gap)
            }
            RecoveredItem::Snapshot(mut row) => {
                self.rename(&mut row.topic);
                RecoveredItem::Snapshot(row)
            }
            RecoveredItem::Vanished(mut order) => {
                self.rename(&mut order.topic);
                RecoveredItem::Vanished(order)
            }
            RecoveredItem::Live(mut report) => {
                report.topics = self.renamed(&report.topics);
                for part in &mut report.missing {
                    self.rename(&mut part.topic);
                }
                RecoveredItem::Live(report)
            }
            other => other,
        })
    }

    fn rename(&self, topic: &mut Arc<str>) {
        if let Some(alias) = self.alias(topic) {
            *topic = alias.into();
        }
    }

    fn renamed(&self, topics: &[Arc<str>]) -> Arc<[Arc<str>]> {
        let names = topics.iter().cloned().map(|mut topic| {
            self.rename(&mut topic);
            topic
        });
        names.collect()
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
