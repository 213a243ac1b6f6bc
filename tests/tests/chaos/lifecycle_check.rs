//! Checks the client's lifecycle events: reconnected only when all topics are live, and never gives up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use kucoin_streams::{CloseReason, LifecycleEvent, LifecycleStream, WsKey};
use kucoin_streams_exchange::{ConnectionReport, Exchange, StreamProtocol};

use crate::event_log::EventLog;
use crate::record::Wanted;

/// Follows the lifecycle events of a client.
pub(crate) struct LifecycleCheck(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    wrong: Option<String>,
    losses: u64,
    /// Topics with a subscription.
    wanted_topics: BTreeSet<String>,
    by_key: BTreeMap<WsKey, Connection>,
}

/// State of one connection.
#[derive(Default)]
struct Connection {
    /// Topics acknowledged since the loss.
    active: BTreeSet<String>,
    /// Topics that were active at the loss and are still subscribed.
    due: BTreeSet<String>,
    /// Number of connections at the exchange at the loss.
    lost_at: u64,
}

impl LifecycleCheck {
    pub(crate) fn watch(
        mut lifecycle: LifecycleStream,
        exchange: &Arc<Exchange>,
        log: EventLog,
    ) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let (watched, exchange) = (Arc::clone(&state), Arc::clone(exchange));
        tokio::spawn(async move {
            while let Some(entry) = lifecycle.next().await {
                log.note(format!("{}: {:?}", entry.ws_key, entry.event));
                let mut state = watched.lock().unwrap();
                state.take(entry.ws_key, &entry.event, &exchange);
            }
        });
        Self(state)
    }

    /// Records a subscription.
    pub(crate) fn subscribe(&self, wanted: &[Wanted]) {
        let mut state = self.0.lock().unwrap();
        let topic = wanted.iter().map(|(topic, _)| (*topic).to_owned());
        state.wanted_topics.extend(topic);
    }

    /// Records an unsubscription.
    pub(crate) fn unsubscribe(&self, wanted: &[Wanted]) {
        let mut state = self.0.lock().unwrap();
        for (topic, _) in wanted {
            state.wanted_topics.remove(*topic);
            for connection in state.by_key.values_mut() {
                connection.due.remove(*topic);
                connection.active.remove(*topic);
            }
        }
    }

    /// Returns the number of losses so far.
    pub(crate) fn losses(&self) -> u64 {
        self.0.lock().unwrap().losses
    }

    /// Returns the first mismatch so far.
    pub(crate) fn result(&self) -> Result<(), String> {
        match &self.0.lock().unwrap().wrong {
            None => Ok(()),
            Some(wrong) => Err(wrong.clone()),
        }
    }
}

impl State {
    fn take(&mut self, ws_key: WsKey, event: &LifecycleEvent, exchange: &Exchange) {
        let connection = self.by_key.entry(ws_key).or_default();
        match event {
            LifecycleEvent::Reconnect { attempt: 1, .. } => {
                self.losses += 1;
                connection.lost_at = exchange.stats().connections.len() as u64;
                let active = std::mem::take(&mut connection.active);
                let wanted_topics = active
                    .into_iter()
                    .filter(|topic| self.wanted_topics.contains(topic));
                connection.due.extend(wanted_topics);
            }
            LifecycleEvent::Response { topic, ok: true } => {
                connection.active.insert(topic.clone());
            }
            LifecycleEvent::Reconnected { .. } => self.reconnected(ws_key, exchange),
            LifecycleEvent::Close {
                reason: CloseReason::Failed(failure),
            } => self.wrong(format!("{ws_key} gave up: {failure}")),
            LifecycleEvent::Lagged { .. } => {
                self.wrong("the lifecycle check is too slow".to_owned())
            }
            _ => {}
        }
    }

    /// Checks that every previous topic is acknowledged, according to the client and to the exchange.
    fn reconnected(&mut self, ws_key: WsKey, exchange: &Exchange) {
        let connection = self.by_key.entry(ws_key).or_default();
        let due = std::mem::take(&mut connection.due);
        if !due.is_subset(&connection.active) {
            let what = format!("{ws_key} is live with {:?}, not {due:?}", connection.active);
            return self.wrong(what);
        }
        let stats = exchange.stats();
        let is_new = |report: &&ConnectionReport| {
            let is_pro = report.protocol == StreamProtocol::ProV2;
            report.number > connection.lost_at && is_pro == (ws_key == WsKey::PrivateProV2)
        };
        let new: Vec<&ConnectionReport> = stats.connections.iter().filter(is_new).collect();
        // A connection that ended meanwhile reports no topics.
        if due.is_empty() || new.iter().any(|report| report.ended.is_some()) {
            return;
        }
        let holds_all = |report: &&ConnectionReport| {
            let topics: BTreeSet<String> = report.topics.iter().cloned().collect();
            due.is_subset(&topics) && report.acks > 0
        };
        if !new.iter().any(holds_all) {
            self.wrong(format!("{ws_key} is live without {due:?}: {new:#?}"));
        }
    }

    fn wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }
}
