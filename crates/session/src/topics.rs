//! The table of requests: what is wanted against what the connection holds, in the order of subscription.

use std::time::Instant;

use kucoin_streams_wire::{Request, RequestId};

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
    Subscribing(InFlight),
    Live,
    Unsubscribing(InFlight),
}

impl Held {
    pub(crate) fn in_flight(&self) -> Option<&InFlight> {
        match self {
            Held::Subscribing(flight) | Held::Unsubscribing(flight) => Some(flight),
            Held::Nothing | Held::Live => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Entry<R> {
    pub(crate) request: R,
    pub(crate) wanted: bool,
    pub(crate) held: Held,
    /// It was wanted when the connection came back, so `Reconnected` waits for it.
    pub(crate) replaying: bool,
}

/// What brings the connection one step closer to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Subscribe,
    Unsubscribe,
}

/// Requests in the order in which they were first wanted.
#[derive(Debug)]
pub(crate) struct Topics<R> {
    entries: Vec<Entry<R>>,
}

impl<R: Request> Topics<R> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    pub(crate) fn wanted(&self) -> impl Iterator<Item = &R> {
        self.entries
            .iter()
            .filter(|entry| entry.wanted)
            .map(|entry| &entry.request)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry<R>> {
        self.entries.iter()
    }

    pub(crate) fn want(&mut self, request: R) {
        match self.find(&request) {
            Some(at) => self.entries[at].wanted = true,
            None => self.entries.push(Entry {
                request,
                wanted: true,
                held: Held::Nothing,
                replaying: false,
            }),
        }
    }

    /// Takes the want back. Gives the request where nothing of it was held, so that it is gone already.
    pub(crate) fn unwant(&mut self, request: &R) -> Option<R> {
        let at = self.find(request)?;
        let entry = &mut self.entries[at];
        entry.wanted = false;
        entry.replaying = false;
        (entry.held == Held::Nothing).then(|| self.entries.remove(at).request)
    }

    pub(crate) fn find(&self, request: &R) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.request == *request)
    }

    pub(crate) fn find_in_flight(&self, id: RequestId) -> Option<usize> {
        self.entries.iter().position(|entry| {
            entry
                .held
                .in_flight()
                .is_some_and(|in_flight| in_flight.id == id)
        })
    }

    pub(crate) fn entry(&mut self, at: usize) -> &mut Entry<R> {
        &mut self.entries[at]
    }

    pub(crate) fn remove(&mut self, at: usize) -> Entry<R> {
        self.entries.remove(at)
    }

    /// The connection is gone and with it all that it held. Gives the requests that end here, as nobody wants
    /// them on the next one.
    pub(crate) fn forget_held(&mut self) -> Vec<R> {
        let mut ended = Vec::new();
        self.entries.retain_mut(|entry| {
            entry.held = Held::Nothing;
            if !entry.wanted {
                ended.push(entry.request.clone());
            }
            entry.wanted
        });
        ended
    }

    /// Takes every want back: the session ends.
    pub(crate) fn unwant_all(&mut self) {
        for entry in &mut self.entries {
            entry.wanted = false;
        }
    }

    /// Marks what `Reconnected` has to wait for.
    pub(crate) fn begin_replay(&mut self) {
        for entry in &mut self.entries {
            entry.replaying = entry.wanted;
        }
    }

    /// True when nothing that was wanted at the replay's begin is still on its way.
    pub(crate) fn is_replayed(&self) -> bool {
        self.entries
            .iter()
            .all(|entry| !entry.replaying || entry.held == Held::Live)
    }

    /// The first step towards what is wanted, in the order of subscription.
    pub(crate) fn next_step(&self) -> Option<(usize, Step)> {
        self.entries
            .iter()
            .enumerate()
            .find_map(|(at, entry)| match (entry.wanted, entry.held) {
                (true, Held::Nothing) => Some((at, Step::Subscribe)),
                (false, Held::Live) => Some((at, Step::Unsubscribe)),
                _ => None,
            })
    }

    /// The first moment at which an answer is overdue.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.entries
            .iter()
            .filter_map(|entry| entry.held.in_flight())
            .map(|in_flight| in_flight.deadline)
            .min()
    }

    /// The first request whose answer is overdue.
    pub(crate) fn overdue(&self, now: Instant) -> Option<usize> {
        self.entries.iter().position(|entry| {
            entry
                .held
                .in_flight()
                .is_some_and(|in_flight| in_flight.deadline <= now)
        })
    }

    /// The one request that an answer without a usable id can be about: the one whose name it mentions, or the
    /// only one under way.
    pub(crate) fn guess_in_flight(&self, message: &str) -> Option<usize> {
        let flying = || {
            self.entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| matches!(entry.held, Held::Subscribing(_)))
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
        for (at, name) in ["/account/balance", "/account"].into_iter().enumerate() {
            topics.want(name);
            topics.entry(at).held = Held::Subscribing(in_flight(at as u64));
        }
        let message = "topic /account/balance is not found";
        assert_eq!(topics.guess_in_flight(message), Some(0));
        assert_eq!(topics.guess_in_flight("topic is not found"), None);
        topics.entry(0).held = Held::Live;
        assert_eq!(topics.guess_in_flight("topic is not found"), Some(1));
    }

    #[test]
    fn what_nobody_wants_ends_with_the_connection() {
        let mut topics = Topics::new();
        topics.want("/a");
        topics.want("/b");
        topics.entry(0).held = Held::Live;
        assert_eq!(topics.unwant(&"/a"), None);
        assert_eq!(topics.next_step(), Some((0, Step::Unsubscribe)));
        assert_eq!(topics.forget_held(), vec!["/a"]);
        assert_eq!(topics.next_step(), Some((0, Step::Subscribe)));
    }
}
