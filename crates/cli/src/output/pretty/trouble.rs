//! Lifecycle events and gaps as lines.

use std::time::Duration;

use kucoin_streams::wire::with_code;
use kucoin_streams::{CloseReason, Gap, GapReason, Lifecycle, LifecycleEvent};

use super::Told;
use super::paint::{Ink, Paint, safe};

pub(super) fn gap(paint: Paint, gap: &Gap) -> Told {
    let text = safe(&gap.to_string());
    match &gap.reason {
        GapReason::Live { .. } => (Ink::Green, "live", paint.ink(Ink::Green, &text)),
        GapReason::Undecodable { raw, .. } => {
            let text = format!("{text}  {}", safe(raw));
            (Ink::Alarm, "gap", paint.ink(Ink::Yellow, &text))
        }
        _ => {
            let text = format!("events may be missing: {text}");
            (Ink::Alarm, "gap", paint.ink(Ink::Yellow, &text))
        }
    }
}

/// `None` for what people need not see.
pub(super) fn lifecycle(paint: Paint, lifecycle: &Lifecycle) -> Option<Told> {
    let ws_key = lifecycle.ws_key;
    Some(match &lifecycle.event {
        LifecycleEvent::Open => (
            Ink::Green,
            "connected",
            paint.ink(Ink::Dim, ws_key.as_str()),
        ),
        LifecycleEvent::Response { topic, ok: true } => (
            Ink::Dim,
            "topic",
            paint.ink(Ink::Dim, &format!("{topic} is live")),
        ),
        // The exception that follows says more.
        LifecycleEvent::Response { ok: false, .. } => return None,
        LifecycleEvent::Authenticated => (Ink::Dim, "login", paint.ink(Ink::Dim, "accepted")),
        LifecycleEvent::Reconnect {
            cause,
            attempt,
            delay,
        } => {
            let text = format!(
                "{ws_key}: {}; attempt {attempt} in {}",
                safe(&cause.to_string()),
                rounded(*delay)
            );
            (Ink::Alarm, "reconnect", paint.ink(Ink::Yellow, &text))
        }
        LifecycleEvent::Reconnected { down_for, refused } => {
            let refused = match refused {
                0 => String::new(),
                refused => format!(", {refused} refused"),
            };
            let text = format!(
                "{ws_key}: every topic is live again after {}{refused}",
                rounded(*down_for)
            );
            (Ink::Green, "reconnected", paint.ink(Ink::Green, &text))
        }
        LifecycleEvent::Rotated { took } => {
            let text = format!("{ws_key}: moved to a new connection in {}", rounded(*took));
            (Ink::Dim, "rotated", paint.ink(Ink::Dim, &text))
        }
        LifecycleEvent::Exception {
            topic,
            code,
            message,
            ..
        } => {
            let about = topic.as_deref().unwrap_or(ws_key.as_str());
            let message = with_code(message, code.as_deref());
            let text = safe(&format!("{about}: {message}"));
            (Ink::Red, "exception", paint.ink(Ink::Red, &text))
        }
        LifecycleEvent::Close { reason } => {
            let text = match reason {
                // The exception before it says why a connection failed.
                CloseReason::Requested | CloseReason::Failed(_) => ws_key.to_string(),
                reason => format!("{ws_key}: {}", safe(&reason.to_string())),
            };
            (Ink::Dim, "closed", paint.ink(Ink::Dim, &text))
        }
        LifecycleEvent::Lagged { missed } => (
            Ink::Red,
            "exception",
            format!("{missed} lifecycle events were not shown"),
        ),
        _ => return None,
    })
}

/// A time as people say it.
fn rounded(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(rounded(Duration::from_millis(270)), "270 ms");
        assert_eq!(rounded(Duration::from_millis(1_999)), "1.9 s");
    }
}
