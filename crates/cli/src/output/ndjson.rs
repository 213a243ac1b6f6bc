//! NDJSON: one object a line, a stable form that scripts depend on.

use std::io::{self, Write};

use kucoin_streams::v1::SpotEvent;
use kucoin_streams::wire::json::Extra;
use kucoin_streams::{Gap, GapReason, Lifecycle, LifecycleEvent, Text, Timestamp, WsKey};
use serde::Serialize;

use super::Arrived;

/// A happening. `kind` tells which; times are integers in nanoseconds since the Unix epoch.
#[derive(Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line<'a> {
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
    Update {
        ws_key: &'static str,
        topic: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a Text>,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a Text>,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<&'a Text>,
        received_at: Timestamp,
        epoch: u64,
        data: &'a SpotEvent,
        /// Fields of the envelope that this version does not know.
        #[serde(skip_serializing_if = "Extra::is_empty")]
        envelope: &'a Extra,
    },
    Gap {
        ws_key: &'static str,
        topic: &'a str,
        #[serde(flatten)]
        reason: Reason<'a>,
    },
    Reconnect {
        ws_key: &'static str,
        cause: &'a str,
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
    Exception {
        ws_key: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        topic: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'a str>,
        message: &'a str,
        fatal: bool,
    },
    Close {
        ws_key: &'static str,
        reason: String,
    },
}

#[derive(Serialize)]
#[serde(
    tag = "reason",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Reason<'a> {
    Reconnected {
        #[serde(skip_serializing_if = "Option::is_none")]
        last_event_at: Option<Timestamp>,
        lost_at: Timestamp,
        live_at: Timestamp,
        epoch: u64,
    },
    Overflowed {
        missed: u64,
    },
    Undecodable {
        error: String,
        raw: &'a str,
    },
}

pub(super) fn update(
    out: &mut impl Write,
    ws_key: WsKey,
    topic: &str,
    update: &Arrived,
) -> io::Result<()> {
    let line = Line::Update {
        ws_key: ws_key.as_str(),
        topic,
        subject: update.subject(),
        id: update.id(),
        user_id: update.user_id(),
        received_at: update.received_at(),
        epoch: update.epoch(),
        data: update.event(),
        envelope: update.envelope_extra(),
    };
    write(out, &line)
}

pub(super) fn gap(out: &mut impl Write, ws_key: WsKey, gap: &Gap) -> io::Result<()> {
    let reason = match &gap.reason {
        GapReason::Reconnected {
            last_event_at,
            lost_at,
            live_at,
            epoch,
        } => Reason::Reconnected {
            last_event_at: *last_event_at,
            lost_at: *lost_at,
            live_at: *live_at,
            epoch: *epoch,
        },
        GapReason::Overflowed { missed } => Reason::Overflowed { missed: *missed },
        GapReason::Undecodable { raw, error } => Reason::Undecodable {
            error: error.to_string(),
            raw,
        },
        _ => return Ok(()),
    };
    let line = Line::Gap {
        ws_key: ws_key.as_str(),
        topic: &gap.topic,
        reason,
    };
    write(out, &line)
}

pub(super) fn lifecycle(out: &mut impl Write, lifecycle: &Lifecycle) -> io::Result<()> {
    let ws_key = lifecycle.ws_key.as_str();
    let line = match &lifecycle.event {
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
        LifecycleEvent::Exception {
            topic,
            code,
            message,
            fatal,
        } => Line::Exception {
            ws_key,
            topic: topic.as_deref(),
            code: code.as_deref(),
            message,
            fatal: *fatal,
        },
        LifecycleEvent::Close { reason } => Line::Close {
            ws_key,
            reason: reason.to_string(),
        },
        LifecycleEvent::Lagged { missed } => Line::Exception {
            ws_key,
            topic: None,
            code: None,
            message: &format!("{missed} lifecycle events were not shown: the output is too slow"),
            fatal: false,
        },
        _ => return Ok(()),
    };
    write(out, &line)
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn write(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line).map_err(io::Error::from)?;
    out.write_all(b"\n")
}
