//! What the decoders of both protocols share: how bytes become a frame, and what any answer of a decoder must hold.

use std::fmt::Debug;

use kucoin_streams_core::{DecodeError, Push};

use crate::judge::Tree;

/// The answer of a decoder.
pub(crate) type Decoded<E> = Result<Option<Push<E>>, DecodeError>;

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

/// Judges what a decoder made of a frame, whose data is the member `data`; `check` judges a push.
pub(crate) fn judge<E: Debug>(
    frame: &str,
    tree: Option<&Tree<'_>>,
    data: &str,
    decoded: &Decoded<E>,
    check: impl Fn(&str, &Tree<'_>, &Push<E>),
) {
    match (decoded, tree) {
        (Ok(Some(push)), Some(tree)) => check(frame, tree, push),
        (Ok(Some(push)), None) => panic!("{frame:?} is no JSON object and became {push:?}"),
        (Err(DecodeError::Syntax { .. }), Some(tree)) => {
            let is_object = tree.is_flat_enough() && tree.all(data).all(Tree::is_object);
            assert!(
                !is_object,
                "{frame} is JSON, and its data an object: {decoded:?}"
            );
        }
        (Err(error), _) => assert!(error.to_string().len() < 400 && !error.is_retryable()),
        (Ok(None), _) => {}
    }
}

/// Whether a member of a frame is in the push as it came, as a field that is not known.
pub(crate) fn is_extra<E>(push: &Push<E>, name: &str, value: &Tree<'_>) -> bool {
    let mut extra = push.extra.iter();
    extra.any(|(found, raw)| found == name && raw.as_str() == value.raw)
}
