//! The error type of decoding.

use crate::Text;

/// Error of decoding a frame.
///
/// No variant is retryable. The error does not contain the frame, so log both.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The frame is not valid JSON.
    ///
    /// If many frames in a row are invalid, the connection is broken: reconnect.
    #[error("{reason} at byte {offset}")]
    Syntax {
        /// Reason why the frame is not valid JSON.
        reason: &'static str,
        /// Position in the frame, in bytes.
        offset: usize,
    },
    /// A required field is missing, such as an order ID.
    ///
    /// Read the frame by hand, and query the state over REST.
    #[error("field `{field}` is missing")]
    Missing {
        /// Wire name of the field.
        field: &'static str,
    },
    /// A required field has a value that its type cannot hold.
    ///
    /// Read the frame by hand, and query the state over REST.
    #[error("field `{field}` has the invalid value {found} at byte {offset}")]
    Unreadable {
        /// Wire name of the field.
        field: &'static str,
        /// Value in the frame, cut to 64 characters, with control characters escaped.
        found: Text,
        /// Position in the frame, in bytes.
        offset: usize,
    },
}

impl DecodeError {
    /// Creates an [`Unreadable`](DecodeError::Unreadable) error.
    ///
    /// `found` is the value at byte `offset` of the frame.
    #[cold]
    pub fn unreadable(field: &'static str, found: &str, offset: usize) -> Self {
        Self::Unreadable {
            field,
            found: excerpt(found),
            offset,
        }
    }

    /// Returns `false`: the same frame always gives the same error.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Syntax { .. } | Self::Missing { .. } | Self::Unreadable { .. } => false,
        }
    }
}

/// Returns the beginning of a text, with control characters escaped.
pub(crate) fn excerpt(text: &str) -> Text {
    const MAX_CHARS: usize = 64;
    let mut shown: String = text
        .chars()
        .take(MAX_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    // Quotes are safe in a terminal, and unescaped JSON is easier to read.
    shown = shown.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(MAX_CHARS).is_some() {
        shown.push('…');
    }
    Text::from(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_value_is_cut_and_escaped() {
        let shown = excerpt(&format!("\"\u{1b}[2J{}", "x".repeat(500)));
        assert!(!shown.contains('\u{1b}'));
        assert!(shown.len() < 100, "{shown}");
        assert!(shown.starts_with("\"\\u{1b}[2J"), "{shown}");
    }
}
