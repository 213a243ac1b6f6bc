//! The table of requests: what is wanted against what the connection holds, in the order of subscription.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use kucoin_streams_core::{Request, RequestId};

/// A request that was sent and awaits its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub(crate) id: RequestId,
    pub(crate) deadline: Instant,
    /// An unanswered request is sent once more before the connection is given up.
    pub(crate) resent: bool,
}

/// What the present connection holds of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TopicState {
    Idle,
    /// Refused for now: it is asked for again at this moment.
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

    /// When it is overdue, or is to be asked for again.
    fn deadline(&self) -> Option<Instant> {
        match self {
            TopicState::Postponed(until) => Some(*until),
            state => state.in_flight().map(|flight| flight.deadline),
        }
    }

    /// True if nothing of it is subscribed and no answer is awaited.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self, TopicState::Idle | TopicState::Postponed(_))
    }
}

#[derive(Debug)]
pub(crate) struct Entry<R> {
    pub(crate) request: R,
    pub(crate) wanted: bool,
    pub(crate) state: TopicState,
    /// It was wanted when the connection came back, so `Reconnected` waits for it.
    pub(crate) replaying: bool,
    /// How often in a row it was refused for now on this connection.
    pub(crate) postponements: u32,
}

/// What brings the connection one step closer to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TopicAction {
    Subscribe,
    Unsubscribe,
}

/// The place of a request in the order in which requests were first wanted. It is never given twice.
pub(crate) type TopicId = u64;

/// Requests in the order in which they were first wanted. Beside them stand indexes, so that an answer, a step or a
/// deadline costs the same whether few requests are under way or thousands.
#[derive(Debug)]
pub(crate) struct Topics<R> {
    entries: BTreeMap<TopicId, Entry<R>>,
    last: TopicId,
    by_request: HashMap<R, TopicId>,
    by_id: HashMap<RequestId, TopicId>,
    /// What is to be sent.
    actions: BTreeSet<TopicId>,
    deadlines: BTreeSet<(Instant, TopicId)>,
    wanted: usize,
    /// Those that `Reconnected` waits for and that are not live.
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

    /// True if at least one request is live.
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
        self.enter(self.last, &entry);
        self.entries.insert(self.last, entry);
    }

    /// Takes the want back. Gives the request where nothing of it was held, so that it is gone already.
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

    /// True where every request that was sent is answered.
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

    /// Refused for now: counts it, and notes what is held until the request is sent again.
    pub(crate) fn postpone(&mut self, at: TopicId, state: TopicState) {
        self.change(at, |entry| {
            entry.postponements = entry.postponements.saturating_add(1);
            entry.state = state;
        });
    }

    pub(crate) fn remove(&mut self, at: TopicId) -> Option<Entry<R>> {
        let entry = self.entries.remove(&at)?;
        self.leave(at, &entry);
        self.by_request.remove(&entry.request);
        Some(entry)
    }

    /// The connection is gone and with it all that it held. Gives the requests that end here, as nobody wants
    /// them on the next one.
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

    /// Takes every want back: the session ends.
    pub(crate) fn unwant_all(&mut self) {
        for at in self.ids() {
            self.change(at, |entry| entry.wanted = false);
        }
    }

    /// Marks what `Reconnected` has to wait for.
    pub(crate) fn begin_replay(&mut self) {
        for at in self.ids() {
            self.change(at, |entry| entry.replaying = entry.wanted);
        }
    }

    /// Those that were wanted when the replay began and are not live: how many are on their way, and how many are
    /// refused for now.
    pub(crate) fn awaited(&self) -> (usize, usize) {
        let postponed = |entry: &&Entry<R>| entry.is_awaited() && entry.postponements > 0;
        let postponed = match self.replaying {
            0 => 0,
            _ => self.entries.values().filter(postponed).count(),
        };
        (self.replaying - postponed, postponed)
    }

    /// The first step towards what is wanted, in the order of subscription.
    pub(crate) fn next_action(&self) -> Option<(TopicId, TopicAction)> {
        let at = *self.actions.first()?;
        Some((at, self.get(at)?.next_action()?))
    }

    /// The first moment at which an answer is overdue, or a request is to be sent again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// The first request whose answer is overdue, or that is to be sent again.
    pub(crate) fn overdue(&self, now: Instant) -> Option<TopicId> {
        let (deadline, at) = *self.deadlines.first()?;
        (deadline <= now).then_some(at)
    }

    /// The one request that an answer without a usable id can be about: the one whose name it mentions, or the
    /// only one under way.
    pub(crate) fn guess_in_flight(&self, message: &str) -> Option<TopicId> {
        let flying = || {
            let entries = self.iter();
            entries.filter(|(_, entry)| matches!(entry.state, TopicState::Subscribing(_)))
        };
        let named = flying()
            .filter(|(_, entry)| message.contains(&entry.request.to_string()))
            .max_by_key(|(_, entry)| entry.request.to_string().len());
        if let Some((at, _)) = named {
            return Some(at);
        }
        let mut all = flying();
        match (all.next(), all.next()) {
            (Some((at, _)), None) => Some(at),
            _ => None,
        }
    }

    fn ids(&self) -> Vec<TopicId> {
        self.entries.keys().copied().collect()
    }

    /// The one way to change an entry, so that the indexes follow.
    fn change(&mut self, at: TopicId, change: impl FnOnce(&mut Entry<R>)) {
        let Some(mut entry) = self.entries.remove(&at) else {
            return;
        };
        self.leave(at, &entry);
        change(&mut entry);
        self.enter(at, &entry);
        self.entries.insert(at, entry);
    }

    fn enter(&mut self, at: TopicId, entry: &Entry<R>) {
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

    fn leave(&mut self, at: TopicId, entry: &Entry<R>) {
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

    /// Whether `Reconnected` waits for it.
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
    fn wanted_twice_is_held_once() {
        let mut topics = Topics::new();
        topics.want("/a");
        topics.want("/a");
        assert_eq!(topics.wanted().count(), 1);
    }

    #[test]
    fn an_answer_without_id_goes_to_the_request_that_it_names() {
        let mut topics = Topics::new();
        for (id, name) in [(1, "/account/balance"), (2, "/account")] {
            topics.want(name);
            topics.set_state(id, TopicState::Subscribing(in_flight(id)));
        }
        let message = "topic /account/balance is not found";
        assert_eq!(topics.guess_in_flight(message), Some(1));
        assert_eq!(topics.guess_in_flight("topic is not found"), None);
        topics.set_state(1, TopicState::Live);
        assert_eq!(topics.guess_in_flight("topic is not found"), Some(2));
    }

    #[test]
    fn what_nobody_wants_ends_with_the_connection() {
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
