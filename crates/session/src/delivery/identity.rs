//! What tells an event from others, whatever its type.

use std::sync::Arc;

use kucoin_streams_core::{Event, Topic};

/// What tells an event from others, by the topic that decodes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Equal bytes mean the same event.
    Key(Vec<u8>),
    /// Nothing tells it from a later event.
    None,
    /// The frame is of another topic.
    Other,
}

/// Finds the identity of a frame. From [`identify`].
pub type Identify = Arc<dyn Fn(&str) -> Identity + Send + Sync>;

/// How the events of a topic are told from one another.
pub fn identify<T: Topic>(topic: Arc<T>) -> Identify {
    Arc::new(move |frame| match topic.decode(frame) {
        Ok(Some(push)) if push.event.has_unique_key() => {
            Identity::Key(push.event.dedup_key().into_bytes())
        }
        Ok(Some(_)) => Identity::None,
        Ok(None) => Identity::Other,
        Err(_) => Identity::Key(frame.as_bytes().to_vec()),
    })
}
