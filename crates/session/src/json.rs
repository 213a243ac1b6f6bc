//! Gaps and lifecycle events as JSON: the lines of `kucoin-streams watch --format ndjson`.

use std::time::Duration;

use kucoin_streams_core::WsKey;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::{Failure, Gap, GapReason, LifecycleEvent};

/// Writes `kind`, `wsKey` if it is known, `topics`, and the fields of the reason.
impl Serialize for Gap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let topics: Vec<&str> = self.topics.iter().map(|topic| &**topic).collect();
        let kind = match self.reason {
            GapReason::Live { .. } => "live",
            _ => "gap",
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", kind)?;
        optional(&mut map, "wsKey", self.ws_key.map(WsKey::as_str))?;
        map.serialize_entry("topics", &topics)?;
        self.reason.write(&mut map)?;
        map.end()
    }
}

/// Writes `reason` and its fields.
///
/// [`GapReason::Live`] has no `reason`, because it is a line of its own kind.
impl Serialize for GapReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

impl GapReason {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Live {
                last_event_at,
                last_heard_at,
                lost_at,
                live_at,
                epoch,
            } => {
                optional(map, "lastEventAt", *last_event_at)?;
                map.serialize_entry("lastHeardAt", last_heard_at)?;
                map.serialize_entry("lostAt", lost_at)?;
                map.serialize_entry("liveAt", live_at)?;
                map.serialize_entry("epoch", epoch)
            }
            Self::Lost {
                cause,
                last_event_at,
                last_heard_at,
                lost_at,
            } => {
                map.serialize_entry("reason", "lost")?;
                map.serialize_entry("cause", &cause.message)?;
                stage_and_code(map, cause)?;
                optional(map, "lastEventAt", *last_event_at)?;
                map.serialize_entry("lastHeardAt", last_heard_at)?;
                map.serialize_entry("lostAt", lost_at)
            }
            Self::Overflowed { missed } => {
                map.serialize_entry("reason", "overflowed")?;
                map.serialize_entry("missed", missed)
            }
            Self::Undecodable { raw, error } => {
                map.serialize_entry("reason", "undecodable")?;
                map.serialize_entry("error", &error.to_string())?;
                map.serialize_entry("raw", raw)
            }
            Self::Refused {
                code,
                message,
                retrying,
            } => {
                map.serialize_entry("reason", "refused")?;
                optional(map, "code", *code)?;
                map.serialize_entry("message", message)?;
                map.serialize_entry("retrying", retrying)
            }
            Self::Closed {
                reason,
                last_event_at,
            } => {
                map.serialize_entry("reason", "closed")?;
                map.serialize_entry("cause", &reason.to_string())?;
                optional(map, "lastEventAt", *last_event_at)
            }
        }
    }
}

/// Writes `kind` and the fields of the event.
impl Serialize for LifecycleEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind())?;
        self.write_fields(&mut map)?;
        map.end()
    }
}

impl LifecycleEvent {
    /// Returns the `kind` of the event in JSON, such as `reconnected`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Authenticated => "authenticated",
            Self::Response { .. } => "response",
            Self::Reconnect { .. } => "reconnect",
            Self::Reconnected { .. } => "reconnected",
            Self::Rotated { .. } => "rotated",
            Self::Exception { .. } | Self::Lagged { .. } => "exception",
            Self::Close { .. } => "close",
        }
    }

    /// Writes the fields of the event without its kind.
    ///
    /// Durations are in milliseconds, with the unit in the name.
    ///
    /// # Errors
    /// Returns the errors of the serializer.
    pub fn write_fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Open | Self::Authenticated => Ok(()),
            Self::Response { topic, ok } => {
                map.serialize_entry("topic", topic)?;
                map.serialize_entry("ok", ok)
            }
            Self::Reconnect {
                cause,
                attempt,
                delay,
            } => {
                map.serialize_entry("cause", &cause.message)?;
                optional(map, "remedy", cause.remedy.as_deref())?;
                stage_and_code(map, cause)?;
                map.serialize_entry("attempt", attempt)?;
                map.serialize_entry("delayMs", &millis(*delay))
            }
            Self::Reconnected { down_for, refused } => {
                map.serialize_entry("downMs", &millis(*down_for))?;
                map.serialize_entry("refused", refused)
            }
            Self::Rotated { took } => map.serialize_entry("tookMs", &millis(*took)),
            Self::Exception {
                topic,
                code,
                message,
                fatal,
            } => {
                optional(map, "topic", topic.as_deref())?;
                optional(map, "code", code.as_deref())?;
                map.serialize_entry("message", message)?;
                map.serialize_entry("fatal", fatal)
            }
            Self::Close { reason } => map.serialize_entry("reason", &reason.to_string()),
            Self::Lagged { missed } => {
                let message =
                    format!("{missed} lifecycle events were not shown: the output is too slow");
                map.serialize_entry("message", &message)?;
                map.serialize_entry("fatal", &false)
            }
        }
    }
}

fn stage_and_code<M: SerializeMap>(map: &mut M, cause: &Failure) -> Result<(), M::Error> {
    map.serialize_entry("stage", cause.stage.as_str())?;
    optional(map, "code", cause.code.as_deref())
}

fn optional<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use kucoin_streams_core::{DecodeError, Timestamp};

    use super::*;
    use kucoin_streams_core::RetryPolicy;

    use crate::{CloseReason, FailureStage};

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn cause() -> Failure {
        let cause = Failure::new(FailureStage::Heartbeat, RetryPolicy::Transient, "no pong");
        cause.with_code("1006").with_remedy("wait")
    }

    #[track_caller]
    fn check(value: &impl Serialize, expected: &str) {
        assert_eq!(serde_json::to_string(value).unwrap(), expected);
    }

    #[test]
    fn gap_is_a_line_with_its_reason() {
        let gap = |reason| {
            let mut gap = Gap::new(["/a".into(), "/b".into()], reason);
            gap.ws_key = Some(WsKey::SpotPrivateV1);
            gap
        };
        let lost = gap(GapReason::Lost {
            cause: cause(),
            last_event_at: Some(at(1)),
            last_heard_at: at(2),
            lost_at: at(3),
        });
        check(
            &lost,
            r#"{"kind":"gap","wsKey":"spotPrivateV1","topics":["/a","/b"],"reason":"lost","cause":"no pong","stage":"heartbeat","code":"1006","lastEventAt":"1","lastHeardAt":"2","lostAt":"3"}"#,
        );
        let live = gap(GapReason::Live {
            last_event_at: None,
            last_heard_at: at(2),
            lost_at: at(3),
            live_at: at(4),
            epoch: 5,
        });
        check(
            &live,
            r#"{"kind":"live","wsKey":"spotPrivateV1","topics":["/a","/b"],"lastHeardAt":"2","lostAt":"3","liveAt":"4","epoch":5}"#,
        );
        check(
            &Gap::of_topic(&"/a".into(), GapReason::Overflowed { missed: 7 }),
            r#"{"kind":"gap","topics":["/a"],"reason":"overflowed","missed":7}"#,
        );
    }

    #[test]
    fn reason_alone_is_its_fields() {
        let raw = "{\"topic\":\"/a\"}".to_owned();
        let error = DecodeError::Missing { field: "symbol" };
        check(
            &GapReason::Undecodable { raw, error },
            r#"{"reason":"undecodable","error":"field `symbol` is missing","raw":"{\"topic\":\"/a\"}"}"#,
        );
        let refused = GapReason::Refused {
            code: Some(404),
            message: "topic not found".into(),
            retrying: false,
        };
        check(
            &refused,
            r#"{"reason":"refused","code":404,"message":"topic not found","retrying":false}"#,
        );
        let closed = GapReason::Closed {
            reason: CloseReason::Requested,
            last_event_at: Some(at(1)),
        };
        check(
            &closed,
            r#"{"reason":"closed","cause":"closed by the user","lastEventAt":"1"}"#,
        );
    }

    #[test]
    fn lifecycle_event_has_its_kind_and_fields() {
        let delay = Duration::from_millis(1_500);
        let reconnect = LifecycleEvent::Reconnect {
            cause: cause(),
            attempt: 2,
            delay,
        };
        check(
            &reconnect,
            r#"{"kind":"reconnect","cause":"no pong","remedy":"wait","stage":"heartbeat","code":"1006","attempt":2,"delayMs":1500}"#,
        );
        let exception = LifecycleEvent::Exception {
            topic: Some("/a".into()),
            code: None,
            message: "no".into(),
            fatal: true,
        };
        check(
            &exception,
            r#"{"kind":"exception","topic":"/a","message":"no","fatal":true}"#,
        );
        let response = LifecycleEvent::Response {
            topic: "/a".into(),
            ok: true,
        };
        for (event, expected) in [
            (LifecycleEvent::Open, r#"{"kind":"open"}"#),
            (LifecycleEvent::Authenticated, r#"{"kind":"authenticated"}"#),
            (response, r#"{"kind":"response","topic":"/a","ok":true}"#),
            (
                LifecycleEvent::Reconnected {
                    down_for: delay,
                    refused: 1,
                },
                r#"{"kind":"reconnected","downMs":1500,"refused":1}"#,
            ),
            (
                LifecycleEvent::Rotated { took: delay },
                r#"{"kind":"rotated","tookMs":1500}"#,
            ),
            (
                LifecycleEvent::Close {
                    reason: CloseReason::Failed(cause()),
                },
                r#"{"kind":"close","reason":"no pong (code 1006); wait"}"#,
            ),
            (
                LifecycleEvent::Lagged { missed: 3 },
                r#"{"kind":"exception","message":"3 lifecycle events were not shown: the output is too slow","fatal":false}"#,
            ),
        ] {
            check(&event, expected);
        }
    }
}
