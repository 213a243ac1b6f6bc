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
pub(crate) enum Held {
    Nothing,
    /// Refused for now: it is asked for again at this moment.
    Postponed(Instant),
    Subscribing(InFlight),
    Live,
    Unsubscribing(InFlight),
}

impl Held {
    pub(crate) fn in_flight(&self) -> Option<&InFlight> {
        match self {
            Held::Subscribing(flight) | Held::Unsubscribing(flight) => Some(flight),
            Held::Nothing | Held::Postponed(_) | Held::Live => None,
        }
    }

    /// When it is overdue, or is to be asked for again.
    fn deadline(&self) -> Option<Instant> {
        match self {
            Held::Postponed(until) => Some(*until),
            held => held.in_flight().map(|flight| flight.deadline),
        }
    }

    /// True if nothing of it is subscribed and no answer is awaited.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Held::Nothing | Held::Postponed(_))
    }
}

#[derive(Debug)]
pub(crate) struct Entry<R> {
    pub(crate) request: R,
    pub(crate) wanted: bool,
    pub(crate) held: Held,
    /// It was wanted when the connection came back, so `Reconnected` waits for it.
    pub(crate) replaying: bool,
    /// How often in a row it was refused for now on this connection.
    pub(crate) postponements: u32,
}

/// What brings the connection one step closer to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Subscribe,
    Unsubscribe,
}

/// The place of a request in the order in which requests were first wanted. It is never given twice.
pub(crate) type Place = u64;

/// Requests in the order in which they were first wanted. Beside them stand indexes, so that an answer, a step or a
/// deadline costs the same whether few requests are under way or thousands.
#[derive(Debug)]
pub(crate) struct Topics<R> {
    entries: BTreeMap<Place, Entry<R>>,
    last: Place,
    by_request: HashMap<R, Place>,
    by_id: HashMap<RequestId, Place>,
    /// What is to be sent.
    steps: BTreeSet<Place>,
    deadlines: BTreeSet<(Instant, Place)>,
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
            steps: BTreeSet::new(),
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
        self.entries.values().any(|entry| entry.held == Held::Live)
    }

    pub(crate) fn wanted_count(&self) -> usize {
        self.wanted
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Place, &Entry<R>)> {
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
            held: Held::Nothing,
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
        let is_gone = self.get(at)?.held.is_nothing();
        is_gone
            .then(|| self.remove(at))
            .flatten()
            .map(|entry| entry.request)
    }

    pub(crate) fn find(&self, request: &R) -> Option<Place> {
        self.by_request.get(request).copied()
    }

    pub(crate) fn find_in_flight(&self, id: RequestId) -> Option<Place> {
        self.by_id.get(&id).copied()
    }

    /// True where every request that was sent is answered.
    pub(crate) fn is_quiet(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn get(&self, at: Place) -> Option<&Entry<R>> {
        self.entries.get(&at)
    }

    pub(crate) fn hold(&mut self, at: Place, held: Held) {
        self.change(at, |entry| {
            entry.held = held;
            if held == Held::Live {
                entry.postponements = 0;
            }
        });
    }

    /// Refused for now: counts it, and notes what is held until the request is sent again.
    pub(crate) fn postpone(&mut self, at: Place, held: Held) {
        self.change(at, |entry| {
            entry.postponements = entry.postponements.saturating_add(1);
            entry.held = held;
        });
    }

    pub(crate) fn remove(&mut self, at: Place) -> Option<Entry<R>> {
        let entry = self.entries.remove(&at)?;
        self.leave(at, &entry);
        self.by_request.remove(&entry.request);
        Some(entry)
    }

    /// The connection is gone and with it all that it held. Gives the requests that end here, as nobody wants
    /// them on the next one.
    pub(crate) fn forget_held(&mut self) -> Vec<R> {
        let mut ended = Vec::new();
        for at in self.places() {
            self.change(at, |entry| {
                entry.held = Held::Nothing;
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
        for at in self.places() {
            self.change(at, |entry| entry.wanted = false);
        }
    }

    /// Marks what `Reconnected` has to wait for.
    pub(crate) fn begin_replay(&mut self) {
        for at in self.places() {
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
    pub(crate) fn next_step(&self) -> Option<(Place, Step)> {
        let at = *self.steps.first()?;
        Some((at, self.get(at)?.step()?))
    }

    /// The first moment at which an answer is overdue, or a request is to be sent again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// The first request whose answer is overdue, or that is to be sent again.
    pub(crate) fn overdue(&self, now: Instant) -> Option<Place> {
        let (deadline, at) = *self.deadlines.first()?;
        (deadline <= now).then_some(at)
    }

    /// The one request that an answer without a usable id can be about: the one whose name it mentions, or the
    /// only one under way.
    pub(crate) fn guess_in_flight(&self, message: &str) -> Option<Place> {
        let flying = || {
            let entries = self.iter();
            entries.filter(|(_, entry)| matches!(entry.held, Held::Subscribing(_)))
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

    fn places(&self) -> Vec<Place> {
        self.entries.keys().copied().collect()
    }

    /// The one way to change an entry, so that the indexes follow.
    fn change(&mut self, at: Place, change: impl FnOnce(&mut Entry<R>)) {
        let Some(mut entry) = self.entries.remove(&at) else {
            return;
        };
        self.leave(at, &entry);
        change(&mut entry);
        self.enter(at, &entry);
        self.entries.insert(at, entry);
    }

    fn enter(&mut self, at: Place, entry: &Entry<R>) {
        if let Some(in_flight) = entry.held.in_flight() {
            self.by_id.insert(in_flight.id, at);
        }
        if let Some(deadline) = entry.held.deadline() {
            self.deadlines.insert((deadline, at));
        }
        if entry.step().is_some() {
            self.steps.insert(at);
        }
        self.wanted += usize::from(entry.wanted);
        self.replaying += usize::from(entry.is_awaited());
    }

    fn leave(&mut self, at: Place, entry: &Entry<R>) {
        if let Some(in_flight) = entry.held.in_flight() {
            self.by_id.remove(&in_flight.id);
        }
        if let Some(deadline) = entry.held.deadline() {
            self.deadlines.remove(&(deadline, at));
        }
        if entry.step().is_some() {
            self.steps.remove(&at);
        }
        self.wanted -= usize::from(entry.wanted);
        self.replaying -= usize::from(entry.is_awaited());
    }
}

impl<R> Entry<R> {
    fn step(&self) -> Option<Step> {
        match (self.wanted, self.held) {
            (true, Held::Nothing) => Some(Step::Subscribe),
            (false, Held::Live) => Some(Step::Unsubscribe),
            _ => None,
        }
    }

    /// Whether `Reconnected` waits for it.
    pub(crate) fn is_awaited(&self) -> bool {
        self.replaying && self.held != Held::Live
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
            topics.hold(id, Held::Subscribing(in_flight(id)));
        }
        let message = "topic /account/balance is not found";
        assert_eq!(topics.guess_in_flight(message), Some(1));
        assert_eq!(topics.guess_in_flight("topic is not found"), None);
        topics.hold(1, Held::Live);
        assert_eq!(topics.guess_in_flight("topic is not found"), Some(2));
    }

    #[test]
    fn what_nobody_wants_ends_with_the_connection() {
        let mut topics = Topics::new();
        topics.want("/a");
        topics.want("/b");
        topics.hold(1, Held::Live);
        assert_eq!(topics.unwant(&"/a"), None);
        assert_eq!(topics.next_step(), Some((1, Step::Unsubscribe)));
        assert_eq!(topics.forget_held(), vec!["/a"]);
        assert_eq!(topics.next_step(), Some((2, Step::Subscribe)));
    }
}
