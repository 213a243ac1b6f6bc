//! NDJSON output: one object per line, a stable format that scripts depend on.

use std::borrow::Cow;

use kucoin_streams::core::{Extra, FindingKind, Raw};
use kucoin_streams::session::FailureStage;
use kucoin_streams::{
    AnyEvent, CloseReason, Failure, Gap, GapReason, Lifecycle, LifecycleEvent, RetryPolicy, Text,
    Timestamp, TopicDrift, TopicLedger, WsKey,
};
use serde::Serialize;

/// A line, tagged by `kind`. Times are strings; durations are numbers with the unit in the name.
#[derive(Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum NdjsonLine<'a> {
    Stats {
        ws_key: &'static str,
        #[serde(flatten)]
        ledger: &'a TopicLedger,
        /// `true` if the counters add up.
        consistent: bool,
    },
    Drift(DriftLine<'a>),
    /// Changes of the kept state were dropped.
    Lagged {
        missed: u64,
    },
    // The other kinds are lines of `decode`, without a connection.
    Update(PushLine<'a>),
    Welcome(ControlFrame<'a>),
    Ack(ControlFrame<'a>),
    Refused(ControlFrame<'a>),
    Pong(ControlFrame<'a>),
    Other {
        frame: &'a Raw,
    },
    Undecodable {
        reason: String,
        raw: &'a str,
    },
}

/// A difference from the known format; without `path`, the count of those that are not listed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DriftLine<'a> {
    /// `None` in a line of `decode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ws_key: Option<&'static str>,
    pub(crate) topic: &'a str,
    pub(crate) finding: FindingKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sample: Option<&'a Text>,
    pub(crate) count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pushed_topic: Option<&'a Text>,
    /// `None` in a line of `decode`, since a recorded frame has no receive time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_seen: Option<Timestamp>,
}

/// Returns the lines of a topic.
pub(crate) fn drift<'a>(
    ws_key: Option<WsKey>,
    topic: &'a str,
    drift: &'a TopicDrift,
) -> impl Iterator<Item = NdjsonLine<'a>> {
    let line = move |finding, count| DriftLine {
        ws_key: ws_key.map(WsKey::as_str),
        topic,
        finding,
        path: None,
        sample: None,
        count,
        pushed_topic: None,
        first_seen: None,
    };
    let listed = drift.findings.iter().map(move |found| DriftLine {
        path: Some(&found.path),
        sample: Some(&found.sample),
        pushed_topic: found.pushed_topic.as_ref().filter(|_| ws_key.is_some()),
        first_seen: ws_key.map(|_| found.first_seen),
        ..line(found.kind, found.count)
    });
    let unlisted = FindingKind::ALL.into_iter().zip(drift.unlisted);
    let unlisted = unlisted.filter(|(_, count)| *count > 0);
    let unlisted = unlisted.map(move |(kind, count)| line(kind, count));
    listed.chain(unlisted).map(NdjsonLine::Drift)
}

/// An event of a recorded frame. `watch` serializes `Update` instead, with its connection and times.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PushLine<'a> {
    /// The topic as in the push.
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
    /// Unknown fields of the envelope.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub(crate) envelope: &'a Extra,
}

/// A recorded frame that is not a push, and its main fields.
#[derive(Serialize)]
pub(crate) struct ControlFrame<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<Cow<'a, str>>,
    pub(crate) frame: &'a Raw,
}

/// Returns a gap for output; `why` is the reason why the command closes the connections.
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

/// Returns a lifecycle event for output; `why` is the reason why the command closes the connections.
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

/// Returns a close reason with the reason of the command as its text.
fn closed_because(why: &str) -> CloseReason {
    CloseReason::Failed(Failure::new(
        FailureStage::Live,
        RetryPolicy::Transient,
        why,
    ))
}

pub(super) fn stats(ws_key: WsKey, ledger: &TopicLedger) -> NdjsonLine<'_> {
    NdjsonLine::Stats {
        ws_key: ws_key.as_str(),
        ledger,
        consistent: ledger.is_consistent(),
    }
}
