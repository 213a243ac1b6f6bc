//! Why a frame could not be decoded, and where in it.

use crate::Text;

/// Why a frame could not become an event.
///
/// No variant is worth another try with the same frame: the caller keeps the frame and shows it beside the error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The text is not JSON. Nothing of it can be trusted; if many frames in a row are like this, the
    /// connection is broken and is to be dialled again.
    #[error("{reason} at byte {offset}")]
    Syntax {
        /// What is wrong.
        reason: &'static str,
        /// Where in the frame, in bytes.
        offset: usize,
    },
    /// A field is missing without which the event cannot be told from another. Read the frame by hand, and
    /// query the state over REST.
    #[error("field `{field}` is missing")]
    Missing {
        /// The field by its wire name.
        field: &'static str,
    },
    /// A field holds something that its type cannot hold, and the event makes no sense without it. Read the
    /// frame by hand, and query the state over REST.
    #[error("field `{field}` cannot be {found} at byte {offset}")]
    Unreadable {
        /// The field by its wire name.
        field: &'static str,
        /// The beginning of what was found, with control characters escaped.
        found: Text,
        /// Where in the frame, in bytes.
        offset: usize,
    },
}

impl DecodeError {
    /// Returns the error of a field that cannot be `found`, which begins at byte `offset` of the frame.
    #[cold]
    pub fn unreadable(field: &'static str, found: &str, offset: usize) -> Self {
        Self::Unreadable {
            field,
            found: excerpt(found),
            offset,
        }
    }

    /// False: the same frame gives the same error again.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Syntax { .. } | Self::Missing { .. } | Self::Unreadable { .. } => false,
        }
    }
}

/// The beginning of a foreign text, safe for a terminal.
pub(crate) fn excerpt(text: &str) -> Text {
    const LONGEST: usize = 64;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    // Quotes are no danger to a terminal, and JSON is easier to read with its own.
    shown = shown.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    Text::from(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_value_is_cut_and_cannot_move_the_cursor() {
        let shown = excerpt(&format!("\"\u{1b}[2J{}", "x".repeat(500)));
        assert!(!shown.contains('\u{1b}'));
        assert!(shown.len() < 100, "{shown}");
        assert!(shown.starts_with("\"\\u{1b}[2J"), "{shown}");
    }
}
