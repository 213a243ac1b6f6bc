//! Follows the account and publishes what changes: trust at once, numbers four times a second, charts once a second.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use kucoin_streams::{
    Account, AccountBuilder, AccountChange, AccountPart, ConnectionActivity, Lifecycle,
    LifecycleEvent, Timestamp, WsKey,
};
use kucoin_streams_examples::{Error, ended};
use serde_json::json;
use tokio::time::MissedTickBehavior;

use crate::gaps::PageGaps;
use crate::hub::{Hub, Tables};
use crate::rows::{ChartLines, SentRows, raw};

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
    mut lifecycle: kucoin_streams::LifecycleStream,
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
                None => {
                    follower.publish(hub, Some(&account));
                    return Err(ended(changes.end_reason()));
                }
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
    connections: BTreeMap<WsKey, PageConnection>,
    /// Second of the last values of the charts.
    second: i64,
}

/// A connection to KuCoin.
#[derive(Default)]
struct PageConnection {
    status: &'static str,
    detail: String,
    activity: Option<ConnectionActivity>,
    /// Latencies of this second.
    latencies: Vec<Duration>,
}

impl Follower {
    fn on_lifecycle(&mut self, lifecycle: &Lifecycle) {
        let (status, detail) = match &lifecycle.event {
            LifecycleEvent::Open | LifecycleEvent::Reconnected { .. } => {
                ("connected", String::new())
            }
            LifecycleEvent::Reconnect { cause, attempt, .. } => {
                ("reconnecting", format!("attempt {attempt}: {cause}"))
            }
            LifecycleEvent::Close { reason } => ("closed", reason.to_string()),
            _ => return,
        };
        let connection = self.connections.entry(lifecycle.ws_key).or_default();
        (connection.status, connection.detail) = (status, detail);
    }

    /// Notes what each connection has received.
    fn count(&mut self, activity: Vec<ConnectionActivity>) {
        for activity in activity {
            let connection = self.connections.entry(activity.ws_key).or_default();
            let before = connection
                .activity
                .as_ref()
                .map_or(0, |before| before.events);
            let latency = activity.latency.filter(|_| activity.events > before);
            if connection.latencies.len() < MAX_LATENCIES {
                connection.latencies.extend(latency);
            }
            connection.activity = Some(activity);
        }
    }

    fn publish(&mut self, hub: &Hub, account: Option<&Account>) {
        let now = Timestamp::now().as_millis();
        let state = account.map(Account::state);
        self.count(account.map(Account::activity).unwrap_or_default());
        let mut tables = state
            .as_ref()
            .map_or_else(Tables::new, |state| self.sent.changed(state));
        tables.insert("gaps", self.gaps.rows());
        let connections = self.connections.iter();
        let rows = connections
            .map(|(ws_key, connection)| (ws_key.to_string(), Some(connection.row(*ws_key))));
        tables.insert("connections", rows.collect());
        let mut values = None;
        if now / 1_000 != self.second {
            self.second = now / 1_000;
            let mut lines = ChartLines::default();
            if let Some(state) = &state {
                (lines.values, lines.meta) = self.sent.values(state);
            }
            for (ws_key, connection) in &mut self.connections {
                connection.add_latency(*ws_key, &mut lines);
            }
            tables.insert("lines", lines.meta);
            values = Some(lines.values);
        }
        hub.publish(now, tables, values);
    }
}

impl PageConnection {
    fn row(&self, ws_key: WsKey) -> Box<serde_json::value::RawValue> {
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

    fn add_latency(&mut self, ws_key: WsKey, lines: &mut ChartLines) {
        self.latencies.sort_unstable();
        let median = self.latencies.get(self.latencies.len() / 2);
        for (what, latency) in [
            ("median of each second", median),
            ("slowest of each second", self.latencies.last()),
        ] {
            if let Some(latency) = latency {
                // Of any part: a latency is marked by each gap of its connection.
                let kind = ("latency", AccountPart::Orders, ws_key);
                lines.add(
                    format!("{what} {ws_key}"),
                    kind,
                    ws_key.as_str(),
                    "ms",
                    what,
                    &millis(*latency),
                );
            }
        }
        self.latencies.clear();
    }
}

fn millis(latency: Duration) -> String {
    format!("{:.3}", latency.as_secs_f64() * 1_000.0)
}
