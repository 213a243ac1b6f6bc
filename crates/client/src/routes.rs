//! Which frames go to which subscriptions.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use kucoin_streams_session::{CloseReason, Failure, Severity, Stage};
use kucoin_streams_wire::{Protocol, Serves, Timestamp};
use tokio::time::{Duration, Instant};

use crate::backpressure::PauseLimit;
use crate::destinations::{Destination, Destinations, Way};
use crate::feed::{Identify, Identity};
use crate::ledger::Fate;
use crate::outage::{Loss, RefusalOutcome, Sink};
use crate::queue::{Frame, Queue, Wakers};
use crate::waiting::{Waiting, Words};

/// A frame that was not handed on.
pub(crate) enum Undelivered {
    /// A queue is full: the frame may wait for room for this long.
    NoRoom(Frame, Duration),
    /// Nobody is subscribed to its topic.
    Nobody(Frame),
}

/// What becomes of a frame that somebody has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// Nobody gets it: it is to wait.
    Wait,
    /// Who has no room misses it, and it is counted.
    Miss,
}

/// One wire request and those who listen to it.
struct Route<R> {
    request: R,
    topic: Arc<str>,
    live: bool,
    /// Nothing is delivered until it is live: what comes is still of a subscription that was ended, and between its
    /// last event and the first of the new one events are missing.
    held_back: bool,
    /// What the server said if it refuses the request for now.
    postponed: Option<Words>,
    last_event_at: Option<Timestamp>,
    /// An event came since the connection was lost last.
    heard: bool,
    sinks: Vec<u64>,
}

/// The table.
pub(crate) struct Routes<P: Protocol> {
    routes: Vec<Route<P::Request>>,
    sinks: HashMap<u64, Sink<P::Request>>,
    last_sink: u64,
    /// Forgotten whenever routes or sinks change.
    destinations: Destinations,
    wakers: Wakers,
    backpressure_timeout: Duration,
    /// No caller has waited long enough before this moment.
    deadline: Option<Instant>,
}

impl<P: Protocol> Routes<P> {
    /// `backpressure_timeout`: for how long reading pauses at most.
    pub(crate) fn new(backpressure_timeout: Duration) -> Self {
        Self {
            backpressure_timeout,
            routes: Vec::new(),
            sinks: HashMap::new(),
            last_sink: 0,
            destinations: Destinations::default(),
            wakers: Wakers::default(),
            deadline: None,
        }
    }

    /// Adds a subscription. The caller then subscribes each request, and reports those that are live already.
    pub(crate) fn add(
        &mut self,
        requests: Vec<P::Request>,
        queue: Arc<Queue>,
        identify: Identify,
        mut waiting: Waiting<P::Request>,
    ) {
        self.destinations.clear();
        self.last_sink += 1;
        for request in &requests {
            let at = self.find(request).unwrap_or_else(|| {
                self.routes.push(Route {
                    request: request.clone(),
                    topic: request.to_string().into(),
                    live: false,
                    held_back: false,
                    postponed: None,
                    last_event_at: None,
                    heard: false,
                    sinks: Vec::new(),
                });
                self.routes.len() - 1
            });
            self.routes[at].sinks.push(self.last_sink);
            if let Some(words) = &self.routes[at].postponed {
                waiting.postponed(request, words.clone());
            }
            queue.tally(&self.routes[at].topic);
        }
        self.deadline = earlier(self.deadline, waiting.deadline());
        let sink = Sink::new(requests, queue, identify, waiting);
        self.sinks.insert(self.last_sink, sink);
    }

    /// Forgets subscriptions whose reader is gone or cut off; gives the requests that nobody listens to any more.
    pub(crate) fn sweep(&mut self) -> Vec<P::Request> {
        let gone: Vec<u64> = self
            .sinks
            .iter()
            .filter(|(_, sink)| sink.queue.is_over())
            .map(|(&id, _)| id)
            .collect();
        gone.into_iter()
            .flat_map(|id| self.remove_sink(id))
            .collect()
    }

    /// Nothing is to be handed on of a request until it is live.
    pub(crate) fn hold_back(&mut self, request: &P::Request) {
        if let Some(at) = self.find(request) {
            self.destinations.clear();
            self.routes[at].held_back = true;
        }
    }

    /// A request is served from now on.
    pub(crate) fn live(&mut self, request: &P::Request, now: Timestamp, epoch: u64) {
        let Some(at) = self.find(request) else { return };
        self.routes[at].live = true;
        self.routes[at].postponed = None;
        if mem::take(&mut self.routes[at].held_back) {
            self.destinations.clear();
        }
        let route = &self.routes[at];
        for id in &route.sinks {
            if let Some(sink) = self.sinks.get_mut(id) {
                sink.live(request, &route.topic, now, epoch, &mut self.wakers);
            }
        }
    }

    /// A request is refused for now.
    pub(crate) fn postponed(
        &mut self,
        request: &P::Request,
        code: Option<i64>,
        message: &str,
        when: (Timestamp, u64),
    ) {
        let Some(at) = self.find(request) else { return };
        let words = Words {
            code,
            message: message.to_owned(),
        };
        let route = &mut self.routes[at];
        route.live = false;
        route.postponed = Some(words.clone());
        for id in &route.sinks {
            if let Some(sink) = self.sinks.get_mut(id) {
                sink.postponed(request, words.clone(), when, &mut self.wakers);
            }
        }
    }

    /// A request is refused and gone. Gives the requests that nobody listens to any more: those of subscriptions
    /// that came to nothing by it.
    pub(crate) fn refused(
        &mut self,
        request: &P::Request,
        code: Option<i64>,
        message: &str,
        when: (Timestamp, u64),
    ) -> Vec<P::Request> {
        let Some(at) = self.find(request) else {
            return Vec::new();
        };
        self.destinations.clear();
        let route = self.routes.remove(at);
        let words = Words {
            code,
            message: message.to_owned(),
        };
        let mut orphans = Vec::new();
        for id in route.sinks {
            let Some(sink) = self.sinks.get_mut(&id) else {
                continue;
            };
            match sink.refused(request, &route.topic, &words, when, &mut self.wakers) {
                RefusalOutcome::Fails => orphans.extend(self.remove_sink(id)),
                RefusalOutcome::GoesOn if sink.requests.is_empty() => {
                    let failure = Failure::new(Stage::Acknowledgement, Severity::Fatal, message);
                    let reason = CloseReason::Failed(failure);
                    sink.queue.end(reason, &mut self.wakers);
                    self.sinks.remove(&id);
                }
                RefusalOutcome::GoesOn => {}
            }
        }
        orphans
    }

    /// The connection is lost: every topic that was served may miss events from now on.
    pub(crate) fn lost(&mut self, loss: Loss<'_>) {
        let mut lost: HashMap<u64, (Vec<_>, Option<Timestamp>)> = HashMap::new();
        for route in &mut self.routes {
            let was_live = mem::take(&mut route.live);
            route.postponed = None;
            if !(mem::take(&mut route.heard) || was_live) {
                continue;
            }
            for id in &route.sinks {
                let (topics, last_event_at) = lost.entry(*id).or_default();
                topics.push((route.request.clone(), route.topic.clone()));
                *last_event_at = route.last_event_at.max(*last_event_at);
            }
        }
        for (id, sink) in &mut self.sinks {
            let (topics, last_event_at) = lost.remove(id).unwrap_or_default();
            if !topics.is_empty() || sink.is_down() {
                sink.lost(topics, last_event_at, loss, &mut self.wakers);
            }
        }
    }

    /// Two connections did not bring the same events of these topics, as pushed, while one took over from the other:
    /// a loss that is over already.
    pub(crate) fn uneven(&mut self, pushed: &[Box<str>], loss: Loss<'_>, epoch: u64) {
        let is_of = |request: &P::Request| {
            let mut pushed = pushed.iter();
            pushed.any(|pushed| P::serves(request, pushed) != Serves::No)
        };
        for route in self.routes.iter().filter(|route| is_of(&route.request)) {
            for id in &route.sinks {
                let Some(sink) = self.sinks.get_mut(id) else {
                    continue;
                };
                let topics = vec![(route.request.clone(), route.topic.clone())];
                sink.lost(topics, route.last_event_at, loss, &mut self.wakers);
                sink.live(
                    &route.request,
                    &route.topic,
                    loss.lost_at,
                    epoch,
                    &mut self.wakers,
                );
            }
        }
    }

    /// The next moment at which a caller may have waited long enough for its subscription.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Answers the callers whose deadline has passed. Returns the requests that no subscription needs any more.
    pub(crate) fn time_out(
        &mut self,
        now: Instant,
        wall: Timestamp,
        last: Option<&Failure>,
        excused_at: Option<Instant>,
    ) -> Vec<P::Request> {
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return Vec::new();
        }
        self.deadline = None;
        let mut gone = Vec::new();
        for (&id, sink) in &mut self.sinks {
            let is_due = |waiting: &Waiting<_>| waiting.deadline() <= now;
            if let Some(waiting) = sink.waiting_mut().filter(|waiting| is_due(waiting)) {
                waiting.excuse(excused_at);
            }
            let is_due = sink.waiting().is_some_and(is_due);
            if is_due && !sink.time_out(last, wall, &mut self.wakers) {
                gone.push(id);
            } else if let Some(waiting) = sink.waiting() {
                self.deadline = earlier(self.deadline, waiting.deadline());
            }
        }
        gone.into_iter()
            .flat_map(|id| self.remove_sink(id))
            .collect()
    }

    /// What tells a frame from others of its topic.
    pub(crate) fn identity(&self, way: Way, frame: &str) -> Identity {
        let destination = self.destinations.get(way);
        let identify = destination.map_or(&[][..], |destination| &destination.identify);
        identify
            .iter()
            .map(|identify| identify(frame))
            .find(|identity| !matches!(identity, Identity::Other))
            .unwrap_or(Identity::Other)
    }

    /// Counts a frame that repeats what was delivered.
    pub(crate) fn count_duplicate(&self, way: Way) {
        let Some(destination) = self.destinations.get(way) else {
            return;
        };
        for (tally, _) in &destination.queues {
            tally.received();
            tally.count(Fate::Duplicate);
        }
    }

    /// Hands a frame that cannot be read to every topic that is served: it may be of any. Whoever decodes it is told
    /// of it in its place.
    pub(crate) fn deliver_unread(&mut self, frame: &Frame) {
        for route in &self.routes {
            if !route.live {
                continue;
            }
            for sink in route.sinks.iter().filter_map(|id| self.sinks.get(id)) {
                let tally = sink.queue.tally(&route.topic);
                sink.queue
                    .push_frame(&tally, frame.clone(), &mut self.wakers);
            }
        }
    }

    /// Where the frames of a pushed topic go, until anything here changes.
    pub(crate) fn way(&mut self, pushed: &str) -> Way {
        match self.destinations.find(pushed) {
            Some(way) => way,
            None => {
                let found = self.find_destination(pushed);
                self.destinations.remember(found)
            }
        }
    }

    /// The pushed topic that a way is of.
    pub(crate) fn topic_of(&self, way: Way) -> Option<&str> {
        self.destinations.get(way).map(|known| &*known.topic)
    }

    /// Hands a frame to everyone whom it concerns. Where one of them has no room for it, that one misses it, or nobody
    /// gets it, as is asked for.
    pub(crate) fn deliver(
        &mut self,
        way: Way,
        frame: Frame,
        when_full: WhenFull,
    ) -> Result<(), Undelivered> {
        let Some(destination) = self.destinations.get(way) else {
            return Err(Undelivered::Nobody(frame));
        };
        let Some(((last_tally, last), others)) = destination.queues.split_last() else {
            return Err(Undelivered::Nobody(frame));
        };
        let is_alone = others.is_empty();
        if when_full == WhenFull::Wait && !is_alone {
            let mut queues = destination.queues.iter();
            let is_full = |(_, queue): &&(_, Arc<Queue>)| !queue.has_room(frame.text.len());
            if let Some((_, queue)) = queues.find(is_full) {
                let pause = queue.pause(self.pause_limit());
                return Err(Undelivered::NoRoom(frame, pause));
            }
        }
        for &at in &destination.routes {
            let route = &mut self.routes[at];
            route.last_event_at = Some(frame.received_at);
            route.heard = true;
        }
        for (tally, queue) in others {
            queue.push_frame(tally, frame.clone(), &mut self.wakers);
        }
        // Whether there is room, and taking it, is one step where nobody else is asked.
        if when_full == WhenFull::Wait && is_alone {
            let pushed = last.push_frame_if_room(last_tally, frame, &mut self.wakers);
            return pushed
                .map_err(|frame| Undelivered::NoRoom(frame, last.pause(self.pause_limit())));
        }
        last.push_frame(last_tally, frame, &mut self.wakers);
        Ok(())
    }

    /// The connection has ended: every subscription ends. One that misses events by it gets a gap first.
    pub(crate) fn end(&mut self, reason: &CloseReason) {
        self.destinations.clear();
        let mut ended: HashMap<u64, (Vec<Arc<str>>, Option<Timestamp>)> = HashMap::new();
        for route in self.routes.drain(..) {
            for id in route.sinks {
                // A close in order costs nothing but what is down already.
                let misses = |sink: &Sink<_>| sink.misses(&route.request);
                let is_down = self.sinks.get(&id).is_some_and(misses);
                if *reason == CloseReason::Requested && !is_down {
                    continue;
                }
                let (topics, last_event_at) = ended.entry(id).or_default();
                topics.push(route.topic.clone());
                *last_event_at = route.last_event_at.max(*last_event_at);
            }
        }
        for (id, mut sink) in self.sinks.drain() {
            let (topics, last_event_at) = ended.remove(&id).unwrap_or_default();
            sink.end(topics.into(), last_event_at, reason, &mut self.wakers);
        }
    }

    /// Wakes everybody to whom something was handed since the last time. To be called before the task waits or ends.
    pub(crate) fn wake(&mut self) {
        self.wakers.wake_all();
    }

    fn pause_limit(&self) -> PauseLimit {
        PauseLimit {
            total: self.backpressure_timeout,
            shares: self.sinks.len(),
        }
    }

    fn find(&self, request: &P::Request) -> Option<usize> {
        self.routes
            .iter()
            .position(|route| route.request == *request)
    }

    fn remove_sink(&mut self, id: u64) -> Vec<P::Request> {
        self.destinations.clear();
        self.sinks.remove(&id);
        let mut orphans = Vec::new();
        self.routes.retain_mut(|route| {
            route.sinks.retain(|&sink| sink != id);
            if route.sinks.is_empty() {
                orphans.push(route.request.clone());
            }
            !route.sinks.is_empty()
        });
        orphans
    }

    fn find_destination(&self, pushed: &str) -> Destination {
        let serving = |wanted: Serves| -> Vec<usize> {
            let serves = |route: &Route<P::Request>| {
                !route.held_back && P::serves(&route.request, pushed) == wanted
            };
            let found = self
                .routes
                .iter()
                .enumerate()
                .filter(|(_, route)| serves(route));
            found.map(|(at, _)| at).collect()
        };
        let mut routes = serving(Serves::Exactly);
        if routes.is_empty() {
            routes = serving(Serves::Loosely);
        }
        let mut seen = Vec::new();
        let (mut queues, mut identify) = (Vec::new(), Vec::new());
        for &at in &routes {
            let route = &self.routes[at];
            for &id in &route.sinks {
                if let Some(sink) = self.sinks.get(&id).filter(|_| !seen.contains(&id)) {
                    seen.push(id);
                    queues.push((sink.queue.tally(&route.topic), sink.queue.clone()));
                    identify.push(sink.identify.clone());
                }
            }
        }
        Destination {
            topic: pushed.into(),
            routes: routes.into(),
            identify: identify.into(),
            queues: queues.into(),
        }
    }
}

fn earlier(known: Option<Instant>, other: Instant) -> Option<Instant> {
    Some(known.map_or(other, |known| known.min(other)))
}
