//! NDJSON: one object a line, a stable form that scripts depend on.

use std::borrow::Cow;

use kucoin_streams::core::{Extra, Raw};
use kucoin_streams::session::FailureStage;
use kucoin_streams::{
    AnyEvent, CloseReason, Failure, Gap, GapReason, Lifecycle, LifecycleEvent, RetryPolicy, Text,
    Timestamp, TopicLedger, WsKey,
};
use serde::Serialize;

/// A happening. `kind` says which; times are strings, durations numbers with their unit in the name.
#[derive(Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Line<'a> {
    Stats {
        ws_key: &'static str,
        #[serde(flatten)]
        ledger: &'a TopicLedger,
        /// Whether every frame that was received is accounted for.
        consistent: bool,
    },
    // Those that follow are of captured frames, which came on no connection of ours.
    Update(PushLine<'a>),
    Welcome(Control<'a>),
    Ack(Control<'a>),
    Refused(Control<'a>),
    Pong(Control<'a>),
    Other {
        frame: &'a Raw,
    },
    Undecodable {
        reason: String,
        raw: &'a str,
    },
}

/// An event of a captured frame. A live one is written by itself, with its connection and times.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PushLine<'a> {
    /// The topic as pushed.
    pub(crate) topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pushed_at: Option<Timestamp>,
    pub(crate) data: &'a AnyEvent,
    /// Fields of the envelope that this version does not know.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub(crate) envelope: &'a Extra,
}

/// What a captured frame other than a push says, beside the frame itself.
#[derive(Serialize)]
pub(crate) struct Control<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<Cow<'a, str>>,
    pub(crate) frame: &'a Raw,
}

/// The line of a gap. `why` the command ends, if it does.
pub(super) fn gap<'a>(gap: Cow<'a, Gap>, why: &str) -> Cow<'a, Gap> {
    match &gap.reason {
        GapReason::Closed {
            reason: CloseReason::Requested,
            last_event_at,
        } => {
            let mut closed = (*gap).clone();
            closed.reason = GapReason::Closed {
                reason: closed_because(why),
                last_event_at: *last_event_at,
            };
            Cow::Owned(closed)
        }
        _ => gap,
    }
}

/// The line of something that happened to a connection. `why` the command ends, if it does.
pub(super) fn lifecycle<'a>(lifecycle: Cow<'a, Lifecycle>, why: &str) -> Cow<'a, Lifecycle> {
    match &lifecycle.event {
        LifecycleEvent::Close {
            reason: CloseReason::Requested,
        } => {
            let mut closed = lifecycle.into_owned();
            closed.event = LifecycleEvent::Close {
                reason: closed_because(why),
            };
            Cow::Owned(closed)
        }
        _ => lifecycle,
    }
}

/// The end of a connection in the words of the command.
fn closed_because(why: &str) -> CloseReason {
    CloseReason::Failed(Failure::new(
        FailureStage::Live,
        RetryPolicy::Transient,
        why,
    ))
}

pub(super) fn stats(ws_key: WsKey, ledger: &TopicLedger) -> Line<'_> {
    Line::Stats {
        ws_key: ws_key.as_str(),
        ledger,
        consistent: ledger.balances(),
    }
}
