//! Shared by the targets of both protocols: the frame of an input, and checks of decoder results.

use std::fmt::Debug;

use kucoin_streams_core::{DecodeError, Event, Push};

use crate::reference::Tree;

/// Returns the frame of an input. If its first byte is below 32, it chooses one of `pushes`, and the rest is the data.
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

/// A frame and its JSON tree.
pub(crate) struct FrameCheck<'f> {
    pub(crate) frame: &'f str,
    pub(crate) tree: Option<Tree<'f>>,
    /// The member with the data of a push.
    pub(crate) data: &'static str,
}

impl FrameCheck<'_> {
    /// Checks the result of a decoder; `check` checks a push.
    pub(crate) fn check<E: Event + Clone + Debug>(
        &self,
        decoded: &Result<Option<Push<E>>, DecodeError>,
        check_push: impl Fn(&str, &Tree<'_>, &Push<E>),
    ) {
        let frame = self.frame;
        match (decoded, &self.tree) {
            (Ok(Some(push)), Some(tree)) => {
                let event = &push.event;
                assert_eq!(event.clone().dedup_key(), event.dedup_key(), "{frame}");
                check_push(frame, tree, push);
            }
            (Ok(Some(push)), None) => panic!("{frame:?} is not a JSON object, but became {push:?}"),
            (Err(DecodeError::Syntax { .. }), Some(tree)) => {
                let is_object = tree.is_within_depth() && tree.all(self.data).all(Tree::is_object);
                assert!(
                    !is_object,
                    "{frame} is valid JSON with an object as data: {decoded:?}"
                );
            }
            (Err(error), _) => assert!(error.to_string().len() < 400 && !error.is_retryable()),
            (Ok(None), _) => {}
        }
    }
}

/// Returns `true` if a member of a frame is unchanged in the unknown fields of the push.
pub(crate) fn is_extra<E>(push: &Push<E>, name: &str, value: &Tree<'_>) -> bool {
    let mut extra = push.extra.iter();
    extra.any(|(found, raw)| found == name && raw.as_str() == value.raw)
}
