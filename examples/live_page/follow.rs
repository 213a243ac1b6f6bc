//! Follows the account and publishes what changes: trust at once, numbers four times a second, charts once a second.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use kucoin_streams::{
    Account, AccountBuilder, AccountChange, AccountPart, ConnectionActivity, Lifecycle,
    LifecycleEvent, LifecycleStream, Timestamp, WsKey,
};
use kucoin_streams_examples::{Error, ended};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::time::MissedTickBehavior;

use crate::gaps::PageGaps;
use crate::hub::{Hub, Tables};
use crate::lines::ChartLines;
use crate::rows::{SentRows, raw};

/// Interval between two messages with numbers.
const FLUSH: Duration = Duration::from_millis(250);

/// Number of latencies of one second that are kept.
const MAX_LATENCIES: usize = 1_000;

/// Publishes the account until it is closed.
///
/// # Errors
/// Returns an error if the account cannot be followed, or if it is closed, with the reason.
pub(crate) async fn run(
    builder: AccountBuilder,
    hub: &Hub,
    mut lifecycle: LifecycleStream,
) -> Result<(), Error> {
    let mut follower = Follower::default();
    let mut flush = tokio::time::interval(FLUSH);
    flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut starting = pin!(builder.start());
    let account = loop {
        tokio::select! {
            account = &mut starting => break account?,
            Some(event) = lifecycle.next() => follower.on_lifecycle(&event),
            _ = flush.tick() => follower.publish(hub, None),
        }
    };
    let mut changes = account.changes();
    follower.gaps.on_state(&account.state());
    loop {
        tokio::select! {
            change = changes.next() => match change {
                Some(Ok(AccountChange::Trust(part))) => {
                    follower.gaps.on_trust(part.ws_key, part.part, &part.trust);
                    follower.publish(hub, Some(&account));
                }
                Some(Ok(_)) => follower.count(account.activity()),
                // The state has the changes that were missed.
                Some(Err(_)) => follower.gaps.on_state(&account.state()),
                None => return Err(ended(changes.end_reason())),
            },
            Some(event) = lifecycle.next() => {
                follower.on_lifecycle(&event);
                follower.publish(hub, Some(&account));
            }
            _ = flush.tick() => follower.publish(hub, Some(&account)),
        }
    }
}

/// What is known besides the state of the account.
#[derive(Default)]
struct Follower {
    sent: SentRows,
    gaps: PageGaps,
    lines: ChartLines,
    connections: BTreeMap<WsKey, PageConnection>,
    /// Second of the last values of the charts.
    second: i64,
}

/// A connection to KuCoin.
#[derive(Default)]
struct PageConnection {
    status: &'static str,
    detail: Option<String>,
    activity: Option<ConnectionActivity>,
    /// Latencies of this second.
    latencies: Vec<Duration>,
}

impl Follower {
    fn on_lifecycle(&mut self, lifecycle: &Lifecycle) {
        let (status, detail) = match &lifecycle.event {
            LifecycleEvent::Open | LifecycleEvent::Reconnected { .. } => ("connected", None),
            LifecycleEvent::Reconnect { cause, .. } => ("reconnecting", Some(cause.to_string())),
            LifecycleEvent::Close { reason } => ("closed", Some(reason.to_string())),
            _ => return,
        };
        let connection = self.connections.entry(lifecycle.ws_key).or_default();
        (connection.status, connection.detail) = (status, detail);
    }

    /// Notes what each connection has received.
    fn count(&mut self, activity: Vec<ConnectionActivity>) {
        for activity in activity {
            let connection = self.connections.entry(activity.ws_key).or_default();
            let last = connection.activity.as_ref();
            let is_new = last.is_none_or(|last| activity.events > last.events);
            let latency = activity.latency.filter(|_| is_new);
            if connection.latencies.len() < MAX_LATENCIES {
                connection.latencies.extend(latency);
            }
            connection.activity = Some(activity);
        }
    }

    fn publish(&mut self, hub: &Hub, account: Option<&Account>) {
        let now = Timestamp::now().as_millis();
        let state = account.map(Account::state).unwrap_or_default();
        self.count(account.map(Account::activity).unwrap_or_default());
        let mut tables: Tables = self.sent.changed(&state);
        tables.insert("gaps", self.gaps.rows());
        let connections = self.connections.iter();
        let rows = connections.map(|(key, of)| (key.to_string(), Some(of.row(*key))));
        tables.insert("connections", rows.collect());
        let is_measured = now / 1_000 != self.second;
        if is_measured {
            self.second = now / 1_000;
            self.lines.measure(&state);
            for (ws_key, connection) in &mut self.connections {
                connection.measure_latency(*ws_key, &mut self.lines);
            }
        }
        hub.publish(now, tables, is_measured.then_some(&self.lines.values));
    }
}

impl PageConnection {
    fn row(&self, ws_key: WsKey) -> Box<RawValue> {
        let activity = self.activity.as_ref();
        raw(&json!({
            "wsKey": ws_key.as_str(),
            "status": self.status,
            "detail": self.detail,
            "events": activity.map(|activity| activity.events),
            "recovered": activity.map(|activity| activity.recovered),
            "gaps": activity.map(|activity| activity.gaps),
            "latencyMs": activity.and_then(|activity| activity.latency).map(millis),
        }))
    }

    fn measure_latency(&mut self, ws_key: WsKey, lines: &mut ChartLines) {
        self.latencies.sort_unstable();
        let kind = ("latency", AccountPart::Orders, ws_key);
        let mut add =
            |what, latency| lines.add(kind, ws_key.as_str(), "ms", what, &millis(latency));
        if let Some(slowest) = self.latencies.last() {
            add(
                "median of each second",
                self.latencies[self.latencies.len() / 2],
            );
            add("slowest of each second", *slowest);
        }
        self.latencies.clear();
    }
}

fn millis(latency: Duration) -> String {
    format!("{:.3}", latency.as_secs_f64() * 1_000.0)
}
