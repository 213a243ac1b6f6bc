//! Dedup keys, which identify the same event on two connections.

use std::sync::Arc;

use kucoin_streams_core::{Event, Topic};

/// Dedup key of a frame: the same event has the same key on every connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DedupKey {
    /// Frames with equal bytes are the same event.
    Key(Vec<u8>),
    /// The event has no unique key, so it is never treated as a duplicate.
    NotUnique,
    /// The frame belongs to another topic.
    OtherTopic,
}

/// Function that computes the [`DedupKey`] of a frame; see [`dedup_key_fn`].
pub type DedupKeyFn = Arc<dyn Fn(&str) -> DedupKey + Send + Sync>;

/// Returns the function that computes the dedup keys of a topic's frames.
pub fn dedup_key_fn<T: Topic>(topic: Arc<T>) -> DedupKeyFn {
    Arc::new(move |frame| match topic.decode(frame) {
        Ok(Some(push)) if push.event.has_unique_key() => {
            DedupKey::Key(push.event.dedup_key().into_bytes())
        }
        Ok(Some(_)) => DedupKey::NotUnique,
        Ok(None) => DedupKey::OtherTopic,
        Err(_) => DedupKey::Key(frame.as_bytes().to_vec()),
    })
}
