//! Table of requests: which are wanted, and their state on this connection.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use kucoin_streams_core::{Request, RequestId};

/// A request that was sent and is not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub(crate) id: RequestId,
    pub(crate) deadline: Instant,
    /// `true` if the request was sent twice; after another timeout the connection counts as lost.
    pub(crate) resent: bool,
}

/// State of a request on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TopicState {
    Idle,
    /// Refused temporarily; sent again at this time.
    Postponed(Instant),
    Subscribing(InFlight),
    Live,
    Unsubscribing(InFlight),
}

impl TopicState {
    pub(crate) fn in_flight(&self) -> Option<&InFlight> {
        match self {
            TopicState::Subscribing(flight) | TopicState::Unsubscribing(flight) => Some(flight),
            TopicState::Idle | TopicState::Postponed(_) | TopicState::Live => None,
        }
    }

    /// Returns the time at which the answer is overdue, or at which the request is sent again.
    fn deadline(&self) -> Option<Instant> {
        match self {
            TopicState::Postponed(until) => Some(*until),
            state => state.in_flight().map(|flight| flight.deadline),
        }
    }

    /// Returns `true` if the request is neither subscribed nor in flight.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self, TopicState::Idle | TopicState::Postponed(_))
    }
}

#[derive(Debug)]
pub(crate) struct Entry<R> {
    pub(crate) request: R,
    pub(crate) wanted: bool,
    pub(crate) state: TopicState,
    /// `true` if `Reconnected` waits for this request, because it was wanted when the connection came back.
    pub(crate) replaying: bool,
    /// Number of consecutive temporary refusals on this connection.
    pub(crate) postponements: u32,
}

/// The next message for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TopicAction {
    Subscribe,
    Unsubscribe,
}

/// Number of a request, in the order of subscription; never reused.
pub(crate) type TopicId = u64;

/// Requests in the order of subscription, with indexes.
///
/// With the indexes, each operation costs the same for a few requests and for thousands.
#[derive(Debug)]
pub(crate) struct Topics<R> {
    entries: BTreeMap<TopicId, Entry<R>>,
    last: TopicId,
    by_request: HashMap<R, TopicId>,
    by_id: HashMap<RequestId, TopicId>,
    /// Requests with a message to send.
    actions: BTreeSet<TopicId>,
    deadlines: BTreeSet<(Instant, TopicId)>,
    wanted: usize,
    /// Number of requests that `Reconnected` waits for.
    replaying: usize,
}

impl<R: Request> Topics<R> {
    pub(crate) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            last: 0,
            by_request: HashMap::new(),
            by_id: HashMap::new(),
            actions: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            wanted: 0,
            replaying: 0,
        }
    }

    pub(crate) fn wanted(&self) -> impl Iterator<Item = &R> {
        self.entries
            .values()
            .filter(|entry| entry.wanted)
            .map(|entry| &entry.request)
    }

    /// Returns `true` if at least one request is live.
    pub(crate) fn has_live(&self) -> bool {
        self.entries
            .values()
            .any(|entry| entry.state == TopicState::Live)
    }

    pub(crate) fn wanted_count(&self) -> usize {
        self.wanted
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (TopicId, &Entry<R>)> {
        self.entries.iter().map(|(&at, entry)| (at, entry))
    }

    pub(crate) fn want(&mut self, request: R) {
        if let Some(at) = self.find(&request) {
            return self.change(at, |entry| entry.wanted = true);
        }
        self.last += 1;
        self.by_request.insert(request.clone(), self.last);
        let entry = Entry {
            request,
            wanted: true,
            state: TopicState::Idle,
            replaying: false,
            postponements: 0,
        };
        self.add_to_indexes(self.last, &entry);
        self.entries.insert(self.last, entry);
    }

    /// Marks a request as unwanted. Returns the request if it was removed at once.
    ///
    /// It is removed at once if it was not subscribed.
    pub(crate) fn unwant(&mut self, request: &R) -> Option<R> {
        let at = self.find(request)?;
        self.change(at, |entry| {
            entry.wanted = false;
            entry.replaying = false;
        });
        let is_gone = self.get(at)?.state.is_idle();
        is_gone
            .then(|| self.remove(at))
            .flatten()
            .map(|entry| entry.request)
    }

    pub(crate) fn find(&self, request: &R) -> Option<TopicId> {
        self.by_request.get(request).copied()
    }

    pub(crate) fn find_in_flight(&self, id: RequestId) -> Option<TopicId> {
        self.by_id.get(&id).copied()
    }

    /// Returns `true` if no request is in flight.
    pub(crate) fn all_answered(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn get(&self, at: TopicId) -> Option<&Entry<R>> {
        self.entries.get(&at)
    }

    pub(crate) fn set_state(&mut self, at: TopicId, state: TopicState) {
        self.change(at, |entry| {
            entry.state = state;
            if state == TopicState::Live {
                entry.postponements = 0;
            }
        });
    }

    /// Counts a temporary refusal, and sets the state until the request is sent again.
    pub(crate) fn postpone(&mut self, at: TopicId, state: TopicState) {
        self.change(at, |entry| {
            entry.postponements = entry.postponements.saturating_add(1);
            entry.state = state;
        });
    }

    pub(crate) fn remove(&mut self, at: TopicId) -> Option<Entry<R>> {
        let entry = self.entries.remove(&at)?;
        self.remove_from_indexes(at, &entry);
        self.by_request.remove(&entry.request);
        Some(entry)
    }

    /// Resets all states because the connection is lost. Returns the removed requests that were not wanted.
    pub(crate) fn reset(&mut self) -> Vec<R> {
        let mut ended = Vec::new();
        for at in self.ids() {
            self.change(at, |entry| {
                entry.state = TopicState::Idle;
                entry.postponements = 0;
            });
            if self.get(at).is_some_and(|entry| !entry.wanted) {
                ended.extend(self.remove(at).map(|entry| entry.request));
            }
        }
        ended
    }

    /// Marks all requests as unwanted, because the session closes.
    pub(crate) fn unwant_all(&mut self) {
        for at in self.ids() {
            self.change(at, |entry| entry.wanted = false);
        }
    }

    /// Marks the requests that `Reconnected` waits for.
    pub(crate) fn begin_replay(&mut self) {
        for at in self.ids() {
            self.change(at, |entry| entry.replaying = entry.wanted);
        }
    }

    /// Returns the number of unanswered requests of the replay, and the number of postponed ones.
    pub(crate) fn awaited(&self) -> (usize, usize) {
        let postponed = |entry: &&Entry<R>| entry.is_awaited() && entry.postponements > 0;
        let postponed = match self.replaying {
            0 => 0,
            _ => self.entries.values().filter(postponed).count(),
        };
        (self.replaying - postponed, postponed)
    }

    /// Returns the next message to send, in the order of subscription.
    pub(crate) fn next_action(&self) -> Option<(TopicId, TopicAction)> {
        let at = *self.actions.first()?;
        Some((at, self.get(at)?.next_action()?))
    }

    /// Returns the earliest time at which an answer is overdue, or a request is sent again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Returns the first request whose answer is overdue, or that is due to be sent again.
    pub(crate) fn overdue(&self, now: Instant) -> Option<TopicId> {
        let (deadline, at) = *self.deadlines.first()?;
        (deadline <= now).then_some(at)
    }

    /// Returns the request to which an answer without a usable ID belongs.
    ///
    /// It is the request that the message names, or the only request in flight.
    pub(crate) fn find_by_message(&self, message: &str) -> Option<TopicId> {
        let in_flight = || {
            let entries = self.iter();
            entries.filter(|(_, entry)| matches!(entry.state, TopicState::Subscribing(_)))
        };
        let named = in_flight()
            .filter(|(_, entry)| message.contains(&entry.request.to_string()))
            .max_by_key(|(_, entry)| entry.request.to_string().len());
        if let Some((at, _)) = named {
            return Some(at);
        }
        let mut all = in_flight();
        match (all.next(), all.next()) {
            (Some((at, _)), None) => Some(at),
            _ => None,
        }
    }

    fn ids(&self) -> Vec<TopicId> {
        self.entries.keys().copied().collect()
    }

    /// Changes an entry and its indexes; all changes go through here.
    fn change(&mut self, at: TopicId, change: impl FnOnce(&mut Entry<R>)) {
        let Some(mut entry) = self.entries.remove(&at) else {
            return;
        };
        self.remove_from_indexes(at, &entry);
        change(&mut entry);
        self.add_to_indexes(at, &entry);
        self.entries.insert(at, entry);
    }

    fn add_to_indexes(&mut self, at: TopicId, entry: &Entry<R>) {
        if let Some(in_flight) = entry.state.in_flight() {
            self.by_id.insert(in_flight.id, at);
        }
        if let Some(deadline) = entry.state.deadline() {
            self.deadlines.insert((deadline, at));
        }
        if entry.next_action().is_some() {
            self.actions.insert(at);
        }
        self.wanted += usize::from(entry.wanted);
        self.replaying += usize::from(entry.is_awaited());
    }

    fn remove_from_indexes(&mut self, at: TopicId, entry: &Entry<R>) {
        if let Some(in_flight) = entry.state.in_flight() {
            self.by_id.remove(&in_flight.id);
        }
        if let Some(deadline) = entry.state.deadline() {
            self.deadlines.remove(&(deadline, at));
        }
        if entry.next_action().is_some() {
            self.actions.remove(&at);
        }
        self.wanted -= usize::from(entry.wanted);
        self.replaying -= usize::from(entry.is_awaited());
    }
}

impl<R> Entry<R> {
    fn next_action(&self) -> Option<TopicAction> {
        match (self.wanted, self.state) {
            (true, TopicState::Idle) => Some(TopicAction::Subscribe),
            (false, TopicState::Live) => Some(TopicAction::Unsubscribe),
            _ => None,
        }
    }

    /// Returns `true` if `Reconnected` waits for this request.
    pub(crate) fn is_awaited(&self) -> bool {
        self.replaying && self.state != TopicState::Live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_flight(id: u64) -> InFlight {
        InFlight {
            id: RequestId(id),
            deadline: Instant::now(),
            resent: false,
        }
    }

    #[test]
    fn request_wanted_twice_is_listed_once() {
        let mut topics = Topics::new();
        topics.want("/a");
        topics.want("/a");
        assert_eq!(topics.wanted().count(), 1);
    }

    #[test]
    fn answer_without_id_belongs_to_the_request_it_names() {
        let mut topics = Topics::new();
        for (id, name) in [(1, "/account/balance"), (2, "/account")] {
            topics.want(name);
            topics.set_state(id, TopicState::Subscribing(in_flight(id)));
        }
        let message = "topic /account/balance is not found";
        assert_eq!(topics.find_by_message(message), Some(1));
        assert_eq!(topics.find_by_message("topic is not found"), None);
        topics.set_state(1, TopicState::Live);
        assert_eq!(topics.find_by_message("topic is not found"), Some(2));
    }

    #[test]
    fn unwanted_request_is_removed_with_the_connection() {
        let mut topics = Topics::new();
        topics.want("/a");
        topics.want("/b");
        topics.set_state(1, TopicState::Live);
        assert_eq!(topics.unwant(&"/a"), None);
        assert_eq!(topics.next_action(), Some((1, TopicAction::Unsubscribe)));
        assert_eq!(topics.reset(), vec!["/a"]);
        assert_eq!(topics.next_action(), Some((2, TopicAction::Subscribe)));
    }
}
