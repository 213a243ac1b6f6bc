//! The errors of a connection's handle.

use kucoin_streams_session::CloseReason;

/// Why a subscription did not come about.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The server refused the topic. Check the topic's name and symbol, the key's permission, and the limits of
    /// the connection; the same request will be refused again.
    #[error("{topic} was refused{}: {message}", code_text(.code))]
    Refused {
        /// The topic.
        topic: String,
        /// The server's code, if it gave one.
        code: Option<i64>,
        /// The server's words.
        message: String,
    },
    /// The connection is over. Where it failed, mend the cause and connect anew.
    #[error(transparent)]
    Closed(#[from] ClosedError),
    /// The topic asks for nothing, as an empty list of topics does. Name at least one.
    #[error("no topic to subscribe to")]
    Nothing,
}

fn code_text(code: &Option<i64>) -> String {
    code.map_or_else(String::new, |code| format!(" with code {code}"))
}

/// The connection is over.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the connection is over: {reason}")]
pub struct ClosedError {
    /// Why.
    pub reason: CloseReason,
}

impl ClosedError {
    /// True where credentials or permissions were refused, so that only their owner can help.
    pub fn is_refusal(&self) -> bool {
        matches!(&self.reason, CloseReason::Failed(failure) if failure.is_refusal())
    }
}
