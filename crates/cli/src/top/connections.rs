//! What each connection is doing: its state, event rate and latency.

use std::collections::VecDeque;
use std::time::Duration;

use kucoin_streams::{
    CloseReason, ConnectionActivity, KucoinStats, Lifecycle, LifecycleEvent, Timestamp, WsKey,
};

use super::view::{ConnectionStatus, ConnectionView, Latency};

/// Window over which events per second are counted.
const RATE_WINDOW: Duration = Duration::from_secs(3);

/// Interval between two counts of events.
const RATE_INTERVAL: Duration = Duration::from_millis(250);

/// The connections of an account.
#[derive(Debug, Default)]
pub(super) struct ConnectionFacts(Vec<Facts>);

#[derive(Debug)]
struct Facts {
    ws_key: WsKey,
    status: ConnectionStatus,
    rotated_at: Option<Timestamp>,
    /// `true` if the connection was live.
    was_live: bool,
    activity: Option<ConnectionActivity>,
    /// Counts of events, oldest first.
    counts: VecDeque<(Timestamp, u64)>,
    latency: Option<Latency>,
}

impl ConnectionFacts {
    /// Adds connections that are being opened.
    pub(super) fn expect(&mut self, ws_keys: impl IntoIterator<Item = WsKey>) {
        for ws_key in ws_keys {
            self.of(ws_key);
        }
    }

    /// Takes an event of a connection.
    pub(super) fn on_lifecycle(&mut self, lifecycle: &Lifecycle) {
        let facts = self.of(lifecycle.ws_key);
        match &lifecycle.event {
            LifecycleEvent::Open | LifecycleEvent::Reconnected { .. } => {
                facts.status = ConnectionStatus::Connected;
                facts.was_live = true;
            }
            LifecycleEvent::Reconnect {
                cause,
                attempt,
                delay,
            } => {
                facts.status = ConnectionStatus::Reconnecting {
                    attempt: *attempt,
                    next_at: after(lifecycle.at, *delay),
                    cause: cause.to_string(),
                };
            }
            LifecycleEvent::Rotated { .. } => facts.rotated_at = Some(lifecycle.at),
            LifecycleEvent::Close { reason } => {
                facts.status = ConnectionStatus::Closed {
                    reason: reason.to_string(),
                };
            }
            _ => {}
        }
    }

    /// Returns `true` if this event ends a connection that was live, and not because the user wanted it.
    pub(super) fn is_failure(&self, lifecycle: &Lifecycle) -> bool {
        let LifecycleEvent::Close { reason } = &lifecycle.event else {
            return false;
        };
        let mut facts = self.0.iter();
        let was_live = facts.any(|facts| facts.ws_key == lifecycle.ws_key && facts.was_live);
        was_live && !matches!(reason, CloseReason::Requested)
    }

    /// Takes what each connection has received until now.
    pub(super) fn on_activity(&mut self, activity: Vec<ConnectionActivity>, now: Timestamp) {
        for activity in activity {
            self.of(activity.ws_key).on_activity(activity, now);
        }
    }

    /// Takes the latency of each key from its first connection.
    pub(super) fn on_stats(&mut self, stats: &KucoinStats) {
        for connection in stats
            .connections
            .iter()
            .filter(|connection| connection.number == 0)
        {
            let latency = connection.latency;
            if let (Some(pushes), Some(clock)) = (latency.push_to_read, latency.clock) {
                let nanos = |nanos: i64| Duration::from_nanos(nanos.max(0).unsigned_abs());
                self.of(connection.ws_key).latency = Some(Latency {
                    median: nanos(pushes.p50_ns),
                    p99: nanos(pushes.p99_ns),
                    error: Duration::from_nanos(clock.error_ns),
                });
            }
        }
    }

    pub(super) fn views(&self) -> Vec<ConnectionView> {
        self.0.iter().map(Facts::view).collect()
    }

    fn of(&mut self, ws_key: WsKey) -> &mut Facts {
        let at = self.0.iter().position(|facts| facts.ws_key == ws_key);
        let at = at.unwrap_or_else(|| {
            self.0.push(Facts {
                ws_key,
                status: ConnectionStatus::Connecting,
                rotated_at: None,
                was_live: false,
                activity: None,
                counts: VecDeque::new(),
                latency: None,
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

impl Facts {
    fn on_activity(&mut self, activity: ConnectionActivity, now: Timestamp) {
        let age = |at: Timestamp| now.duration_since(at);
        if self
            .counts
            .back()
            .is_none_or(|(at, _)| age(*at) >= RATE_INTERVAL)
        {
            self.counts.push_back((now, activity.events));
        }
        while self.counts.len() > 2
            && self
                .counts
                .front()
                .is_some_and(|(at, _)| age(*at) > RATE_WINDOW)
        {
            self.counts.pop_front();
        }
        self.activity = Some(activity);
    }

    fn view(&self) -> ConnectionView {
        let activity = self.activity.as_ref();
        ConnectionView {
            ws_key: self.ws_key,
            status: self.status.clone(),
            events_per_second: self.rate(),
            events: activity.map_or(0, |activity| activity.events),
            recovered: activity.map_or(0, |activity| activity.recovered),
            gaps: activity.map_or(0, |activity| activity.gaps),
            latency: self.latency,
            rotated_at: self.rotated_at,
        }
    }

    fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.counts.front(), self.counts.back()) else {
            return 0.0;
        };
        let seconds = last.0.duration_since(first.0).as_secs_f64();
        let events = u32::try_from(last.1.saturating_sub(first.1)).unwrap_or(u32::MAX);
        match seconds > 0.0 {
            true => f64::from(events) / seconds,
            false => 0.0,
        }
    }
}

/// Returns the time after a delay.
fn after(at: Timestamp, delay: Duration) -> Timestamp {
    let delay = i64::try_from(delay.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(at.as_nanos().saturating_add(delay))
}
