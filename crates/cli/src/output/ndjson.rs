//! NDJSON: one object a line, a stable form that scripts depend on.

use std::borrow::Cow;

use kucoin_streams::core::{Extra, Raw};
use kucoin_streams::{
    CloseReason, Gap, GapReason, Lifecycle, LifecycleEvent, Text, Timestamp, TopicLedger, WsKey,
};
use serde::Serialize;

use super::{Arrived, Event};

/// A happening. `kind` says which; times are strings, durations numbers with their unit in the name.
#[derive(Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Line<'a> {
    Open {
        ws_key: &'static str,
    },
    Authenticated {
        ws_key: &'static str,
    },
    Response {
        ws_key: &'static str,
        topic: &'a str,
        ok: bool,
    },
    Update(Update<'a>),
    Gap {
        ws_key: &'static str,
        topics: Vec<&'a str>,
        #[serde(flatten)]
        reason: Reason<'a>,
    },
    Live {
        ws_key: &'static str,
        topics: Vec<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_event_at: Option<Timestamp>,
        last_heard_at: Timestamp,
        lost_at: Timestamp,
        live_at: Timestamp,
        epoch: u64,
    },
    Reconnect {
        ws_key: &'static str,
        cause: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        remedy: Option<&'a str>,
        stage: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'a str>,
        attempt: u32,
        delay_ms: u64,
    },
    Reconnected {
        ws_key: &'static str,
        down_ms: u64,
        refused: usize,
    },
    Rotated {
        ws_key: &'static str,
        took_ms: u64,
    },
    Exception {
        ws_key: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        topic: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'a str>,
        message: Cow<'a, str>,
        fatal: bool,
    },
    Close {
        ws_key: &'static str,
        reason: String,
    },
    Stats {
        ws_key: &'static str,
        #[serde(flatten)]
        ledger: &'a TopicLedger,
        /// Whether every frame that was received is accounted for.
        consistent: bool,
    },
    // Those that follow are of captured frames, which came on no connection of ours.
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

/// An event, live from a connection or of a captured frame.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Update<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ws_key: Option<&'static str>,
    /// Live: the topic as it was asked for. Captured: the topic as pushed.
    pub(crate) topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pushed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) received_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<u64>,
    pub(crate) data: &'a Event,
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

#[derive(Serialize)]
#[serde(
    tag = "reason",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Reason<'a> {
    Lost {
        cause: &'a str,
        stage: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_event_at: Option<Timestamp>,
        last_heard_at: Timestamp,
        lost_at: Timestamp,
    },
    Overflowed {
        missed: u64,
    },
    Undecodable {
        error: String,
        raw: &'a str,
    },
    Refused {
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
        message: &'a str,
        retrying: bool,
    },
    Closed {
        cause: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_event_at: Option<Timestamp>,
    },
}

pub(super) fn update<'a>(arrived: &'a Arrived, topic: &'a str) -> Line<'a> {
    Line::Update(Update {
        ws_key: Some(arrived.ws_key.as_str()),
        topic,
        subject: arrived.subject.as_ref(),
        id: arrived.id.as_ref(),
        user_id: arrived.user_id.as_ref(),
        pushed_at: arrived.pushed_at,
        received_at: Some(arrived.received_at),
        epoch: Some(arrived.epoch),
        data: &arrived.event,
        envelope: &arrived.envelope,
    })
}

/// `why` the command ends, if it does. `None` for what this version has no line for.
pub(super) fn gap<'a>(ws_key: WsKey, gap: &'a Gap, why: &str) -> Option<Line<'a>> {
    let ws_key = ws_key.as_str();
    let topics = gap.topics.iter().map(|topic| &**topic).collect();
    let reason = match &gap.reason {
        GapReason::Live {
            last_event_at,
            last_heard_at,
            lost_at,
            live_at,
            epoch,
        } => {
            return Some(Line::Live {
                ws_key,
                topics,
                last_event_at: *last_event_at,
                last_heard_at: *last_heard_at,
                lost_at: *lost_at,
                live_at: *live_at,
                epoch: *epoch,
            });
        }
        GapReason::Lost {
            cause,
            last_event_at,
            last_heard_at,
            lost_at,
        } => Reason::Lost {
            cause: &cause.message,
            stage: cause.stage.as_str(),
            code: cause.code.as_deref(),
            last_event_at: *last_event_at,
            last_heard_at: *last_heard_at,
            lost_at: *lost_at,
        },
        GapReason::Overflowed { missed } => Reason::Overflowed { missed: *missed },
        GapReason::Undecodable { raw, error } => Reason::Undecodable {
            error: error.to_string(),
            raw,
        },
        GapReason::Refused {
            code,
            message,
            retrying,
        } => Reason::Refused {
            code: *code,
            message,
            retrying: *retrying,
        },
        GapReason::Closed {
            reason,
            last_event_at,
        } => Reason::Closed {
            cause: closed(reason, why),
            last_event_at: *last_event_at,
        },
        _ => return None,
    };
    Some(Line::Gap {
        ws_key,
        topics,
        reason,
    })
}

/// Something that happened to a connection, and to which of its kind.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfConnection<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    /// Missing for the first.
    #[serde(skip_serializing_if = "is_first")]
    connection: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref)] // serde asks so.
fn is_first(connection: &u32) -> bool {
    *connection == 0
}

/// `why` the command ends, if it does. `None` for what this version has no line for.
pub(super) fn lifecycle<'a>(lifecycle: &'a Lifecycle, why: &str) -> Option<OfConnection<'a>> {
    Some(OfConnection {
        line: happened(lifecycle, why)?,
        connection: lifecycle.number,
    })
}

fn happened<'a>(lifecycle: &'a Lifecycle, why: &str) -> Option<Line<'a>> {
    let ws_key = lifecycle.ws_key.as_str();
    Some(match &lifecycle.event {
        LifecycleEvent::Open => Line::Open { ws_key },
        LifecycleEvent::Authenticated => Line::Authenticated { ws_key },
        LifecycleEvent::Response { topic, ok } => Line::Response {
            ws_key,
            topic,
            ok: *ok,
        },
        LifecycleEvent::Reconnect {
            cause,
            attempt,
            delay,
        } => Line::Reconnect {
            ws_key,
            cause: &cause.message,
            remedy: cause.remedy.as_deref(),
            stage: cause.stage.as_str(),
            code: cause.code.as_deref(),
            attempt: *attempt,
            delay_ms: millis(*delay),
        },
        LifecycleEvent::Reconnected { down_for, refused } => Line::Reconnected {
            ws_key,
            down_ms: millis(*down_for),
            refused: *refused,
        },
        LifecycleEvent::Rotated { took } => Line::Rotated {
            ws_key,
            took_ms: millis(*took),
        },
        LifecycleEvent::Exception {
            topic,
            code,
            message,
            fatal,
        } => Line::Exception {
            ws_key,
            topic: topic.as_deref(),
            code: code.as_deref(),
            message: message.into(),
            fatal: *fatal,
        },
        LifecycleEvent::Close { reason } => Line::Close {
            ws_key,
            reason: closed(reason, why),
        },
        LifecycleEvent::Lagged { missed } => Line::Exception {
            ws_key,
            topic: None,
            code: None,
            message: format!("{missed} lifecycle events were not shown: the output is too slow")
                .into(),
            fatal: false,
        },
        _ => return None,
    })
}

/// Why a connection is closed.
fn closed(reason: &CloseReason, why: &str) -> String {
    match reason {
        CloseReason::Requested => why.to_owned(),
        reason => reason.to_string(),
    }
}

pub(super) fn stats(ws_key: WsKey, ledger: &TopicLedger) -> Line<'_> {
    Line::Stats {
        ws_key: ws_key.as_str(),
        ledger,
        consistent: ledger.balances(),
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
