//! Which topics are known to push, and since when: a push that is missing says nothing without it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp, WsKey};

use crate::FrameInfo;

/// What a topic reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reports {
    Orders,
    Fills,
    Balances,
    Positions,
}

/// A topic that has pushed: its name, and the receive time of its first push.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    pub(super) topic: Arc<str>,
    pub(super) since: Timestamp,
}

/// Account of the topic on Pro V2, or empty; and the symbol of the topic, if it is not of the whole account.
type Scope = (Text, Option<Text>);

#[derive(Debug, Default)]
pub(super) struct Coverage {
    topics: BTreeMap<(WsKey, Reports, Scope), Covered>,
    suspended: BTreeSet<WsKey>,
    all_suspended: bool,
    /// Events that were received earlier may be older than the state that was fetched.
    live_since: BTreeMap<WsKey, Timestamp>,
}

impl Coverage {
    /// Notes a push of the topic.
    pub(super) fn note(&mut self, info: &FrameInfo, reports: Reports, account: &Text) {
        if info.source.is_some() {
            return;
        }
        let scope = (account.clone(), symbol_of(&info.topic));
        let topics = self.topics.entry((info.ws_key, reports, scope));
        topics.or_insert_with(|| Covered {
            topic: Arc::clone(&info.topic),
            since: info.received_at,
        });
    }

    /// Returns the topic that reports this for the symbol; `None` if no topic has pushed.
    pub(super) fn of(
        &self,
        ws_key: WsKey,
        reports: Reports,
        account: &Text,
        symbol: Option<&Text>,
    ) -> Option<&Covered> {
        let find = |symbol: Option<Text>| {
            self.topics
                .get(&(ws_key, reports, (account.clone(), symbol)))
        };
        find(None).or_else(|| find(Some(symbol?.clone())))
    }

    pub(super) fn suspend(&mut self, ws_key: Option<WsKey>) {
        match ws_key {
            Some(ws_key) => {
                self.suspended.insert(ws_key);
                self.topics.retain(|(key, ..), _| *key != ws_key);
            }
            None => {
                self.all_suspended = true;
                self.live_since.clear();
                self.topics.clear();
            }
        }
    }

    pub(super) fn resume(&mut self, ws_key: WsKey, now: Timestamp) {
        self.suspended.remove(&ws_key);
        self.live_since.insert(ws_key, now);
    }

    /// Returns `true` if what was received on the connection at this time can be judged.
    pub(super) fn is_judged(&self, ws_key: WsKey, received_at: Timestamp) -> bool {
        if self.suspended.contains(&ws_key) {
            return false;
        }
        match self.live_since.get(&ws_key) {
            Some(since) => received_at > *since,
            None => !self.all_suspended,
        }
    }
}

/// Returns the account of a Pro V2 topic, such as `UNIFIED`: of the request, or of the push.
pub(super) fn account_of(topic: &str) -> Text {
    let parameter = topic
        .split(['?', '&'])
        .find_map(|part| part.split_once("Type=").map(|(_, account)| account));
    let suffix = topic.rsplit_once('.').map(|(_, account)| account);
    Text::new(parameter.or(suffix).unwrap_or_default())
}

fn symbol_of(topic: &str) -> Option<Text> {
    let parameter = topic.split_once("symbol=").map(|(_, symbol)| symbol);
    let symbol = parameter.or(topic.split_once(':').map(|(_, symbol)| symbol))?;
    Some(Text::new(symbol.split('&').next().unwrap_or(symbol)))
}
