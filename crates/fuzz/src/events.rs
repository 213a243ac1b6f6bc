//! What the decoders of both protocols share: how bytes become a frame, and what any answer of a decoder must hold.

use std::fmt::Debug;

use kucoin_streams_core::{DecodeError, Event, Push};

use crate::judge::Tree;

/// The frame that bytes are. A first byte below 32 chooses one of `pushes`, and the bytes after it are its data.
pub(crate) fn frame<P>(
    bytes: &[u8],
    pushes: &[P],
    push: impl Fn(&P, &str) -> String,
) -> Option<String> {
    match bytes {
        [choice @ ..32, data @ ..] => {
            let chosen = &pushes[usize::from(*choice) % pushes.len()];
            Some(push(chosen, std::str::from_utf8(data).ok()?))
        }
        frame => Some(std::str::from_utf8(frame).ok()?.to_owned()),
    }
}

/// A frame, and what it is as JSON.
pub(crate) struct Judge<'f> {
    pub(crate) frame: &'f str,
    pub(crate) tree: Option<Tree<'f>>,
    /// The member with the data of a push.
    pub(crate) data: &'static str,
}

impl Judge<'_> {
    /// Judges what a decoder made of the frame; `check` judges a push.
    pub(crate) fn judge<E: Event + Clone + Debug>(
        &self,
        decoded: &Result<Option<Push<E>>, DecodeError>,
        check: impl Fn(&str, &Tree<'_>, &Push<E>),
    ) {
        let frame = self.frame;
        match (decoded, &self.tree) {
            (Ok(Some(push)), Some(tree)) => {
                let event = &push.event;
                assert_eq!(event.clone().dedup_key(), event.dedup_key(), "{frame}");
                check(frame, tree, push);
            }
            (Ok(Some(push)), None) => panic!("{frame:?} is no JSON object and became {push:?}"),
            (Err(DecodeError::Syntax { .. }), Some(tree)) => {
                let is_object = tree.is_flat_enough() && tree.all(self.data).all(Tree::is_object);
                assert!(
                    !is_object,
                    "{frame} is JSON, and its data an object: {decoded:?}"
                );
            }
            (Err(error), _) => assert!(error.to_string().len() < 400 && !error.is_retryable()),
            (Ok(None), _) => {}
        }
    }
}

/// Whether a member of a frame is in the push as it came, as a field that is not known.
pub(crate) fn is_extra<E>(push: &Push<E>, name: &str, value: &Tree<'_>) -> bool {
    let mut extra = push.extra.iter();
    extra.any(|(found, raw)| found == name && raw.as_str() == value.raw)
}
