//! Watches what the client says of its connections: it is back only when its topics are, and it never gives up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use kucoin_streams::{CloseReason, LifecycleEvent, LifecycleStream, WsKey};
use kucoin_streams_exchange::{ConnectionReport, Exchange, StreamProtocol};

use crate::diary::Diary;
use crate::record::Wanted;

/// Listens to the lifecycle of a client for as long as it lives.
pub(crate) struct Replays(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    wrong: Option<String>,
    losses: u64,
    /// What the user holds on to.
    held: BTreeSet<String>,
    by_key: BTreeMap<WsKey, Connection>,
}

/// What was told of one connection.
#[derive(Default)]
struct Connection {
    /// Acknowledged since it was lost.
    active: BTreeSet<String>,
    /// Active when it was lost, and held since.
    due: BTreeSet<String>,
    /// How many connections the exchange had seen when it was lost.
    lost_at: u64,
}

impl Replays {
    pub(crate) fn watch(
        mut lifecycle: LifecycleStream,
        exchange: &Arc<Exchange>,
        diary: Diary,
    ) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let (watched, exchange) = (Arc::clone(&seen), Arc::clone(exchange));
        tokio::spawn(async move {
            while let Some(told) = lifecycle.next().await {
                diary.note(format!("{}: {:?}", told.ws_key, told.event));
                let mut seen = watched.lock().unwrap();
                seen.take(told.ws_key, &told.event, &exchange);
            }
        });
        Self(seen)
    }

    /// The user subscribes.
    pub(crate) fn hold(&self, wanted: &[Wanted]) {
        let mut seen = self.0.lock().unwrap();
        let asked = wanted.iter().map(|(asked, _)| (*asked).to_owned());
        seen.held.extend(asked);
    }

    /// The user lets go.
    pub(crate) fn let_go(&self, wanted: &[Wanted]) {
        let mut seen = self.0.lock().unwrap();
        for (asked, _) in wanted {
            seen.held.remove(*asked);
            for connection in seen.by_key.values_mut() {
                connection.due.remove(*asked);
                connection.active.remove(*asked);
            }
        }
    }

    /// How often a connection was lost by now.
    pub(crate) fn losses(&self) -> u64 {
        self.0.lock().unwrap().losses
    }

    /// What was wrong by now.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        match &self.0.lock().unwrap().wrong {
            None => Ok(()),
            Some(wrong) => Err(wrong.clone()),
        }
    }
}

impl Seen {
    fn take(&mut self, ws_key: WsKey, event: &LifecycleEvent, exchange: &Exchange) {
        let connection = self.by_key.entry(ws_key).or_default();
        match event {
            LifecycleEvent::Reconnect { attempt: 1, .. } => {
                self.losses += 1;
                connection.lost_at = exchange.stats().connections.len() as u64;
                let active = std::mem::take(&mut connection.active);
                let held = active.into_iter().filter(|topic| self.held.contains(topic));
                connection.due.extend(held);
            }
            LifecycleEvent::Response { topic, ok: true } => {
                connection.active.insert(topic.clone());
            }
            LifecycleEvent::Reconnected { .. } => self.reconnected(ws_key, exchange),
            LifecycleEvent::Close {
                reason: CloseReason::Failed(failure),
            } => self.wrong(format!("{ws_key} gave up: {failure}")),
            LifecycleEvent::Lagged { .. } => self.wrong("the watch is too slow".to_owned()),
            _ => {}
        }
    }

    /// Every topic that was there before must have been acknowledged, by what the client says and by what the
    /// exchange knows.
    fn reconnected(&mut self, ws_key: WsKey, exchange: &Exchange) {
        let connection = self.by_key.entry(ws_key).or_default();
        let due = std::mem::take(&mut connection.due);
        if !due.is_subset(&connection.active) {
            let what = format!("{ws_key} is back with {:?}, not {due:?}", connection.active);
            return self.wrong(what);
        }
        let stats = exchange.stats();
        let is_new = |report: &&ConnectionReport| {
            let is_pro = report.protocol == StreamProtocol::ProV2;
            report.number > connection.lost_at && is_pro == (ws_key == WsKey::PrivateProV2)
        };
        let new: Vec<&ConnectionReport> = stats.connections.iter().filter(is_new).collect();
        // One that ended meanwhile does not tell its topics any more.
        if due.is_empty() || new.iter().any(|report| report.ended.is_some()) {
            return;
        }
        let holds_all = |report: &&ConnectionReport| {
            let topics: BTreeSet<String> = report.topics.iter().cloned().collect();
            due.is_subset(&topics) && report.acks > 0
        };
        if !new.iter().any(holds_all) {
            self.wrong(format!("{ws_key} is back without {due:?}: {new:#?}"));
        }
    }

    fn wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }
}
