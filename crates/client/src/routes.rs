//! Which frames go to which subscriptions, and where each topic's gaps are.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use kucoin_streams_session::{CloseReason, Failure, Severity, Stage};
use kucoin_streams_wire::{Protocol, Serves, Timestamp};

use crate::destinations::{Destination, Destinations, Way};
use crate::queue::{Frame, Queue, Wakers};
use crate::waiting::Waiting;
use crate::{ClosedError, Gap, GapReason, SubscribeError};

/// A frame that was not handed on.
pub(crate) enum Undelivered {
    /// To wait until there is room.
    NoRoom(Frame),
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

/// One subscription's part in the table.
struct Sink<R> {
    queue: Arc<Queue>,
    requests: Vec<R>,
    waiting: Option<Waiting<R>>,
}

impl<R: PartialEq> Sink<R> {
    fn answer_if_over(&mut self) {
        if let Some(waiting) = self.waiting.take_if(|waiting| waiting.is_over()) {
            waiting.succeed(!self.requests.is_empty());
        }
    }
}

/// One wire request and those who listen to it.
struct Route<R> {
    request: R,
    topic: Arc<str>,
    live: bool,
    /// Nothing is handed on until it is live: what comes still comes of a subscription that was ended, and between
    /// its last event and the first of the new one events are missing.
    held_back: bool,
    last_event_at: Option<Timestamp>,
    /// Set from a loss until the topic is served again.
    lost: Option<Loss>,
    sinks: Vec<u64>,
}

/// A loss that is not over yet.
struct Loss {
    at: Timestamp,
    last_event_at: Option<Timestamp>,
    /// Who may miss events by it: those who listened when it happened.
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
}

impl<P: Protocol> Routes<P> {
    pub(crate) fn new() -> Self {
        Self {
            routes: Vec::new(),
            sinks: HashMap::new(),
            last_sink: 0,
            destinations: Destinations::default(),
            wakers: Wakers::default(),
        }
    }

    /// Adds a subscription. The caller then subscribes each request, and reports those that are live already.
    pub(crate) fn add(
        &mut self,
        requests: Vec<P::Request>,
        queue: Arc<Queue>,
        waiting: Waiting<P::Request>,
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
                    last_event_at: None,
                    lost: None,
                    sinks: Vec::new(),
                });
                self.routes.len() - 1
            });
            self.routes[at].sinks.push(self.last_sink);
            queue.tally(&self.routes[at].topic);
        }
        let sink = Sink {
            queue,
            requests,
            waiting: Some(waiting),
        };
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
        if mem::take(&mut self.routes[at].held_back) {
            self.destinations.clear();
        }
        close_gap(
            &mut self.routes[at],
            &self.sinks,
            now,
            epoch,
            &mut self.wakers,
        );
        for id in &self.routes[at].sinks {
            let Some(sink) = self.sinks.get_mut(id) else {
                continue;
            };
            if let Some(waiting) = &mut sink.waiting {
                waiting.served(request);
            }
            sink.answer_if_over();
        }
    }

    /// A request is refused and gone. Gives the requests that nobody listens to any more: those of subscriptions
    /// that came to nothing by it.
    pub(crate) fn refused(
        &mut self,
        request: &P::Request,
        code: Option<i64>,
        message: &str,
    ) -> Vec<P::Request> {
        let Some(at) = self.find(request) else {
            return Vec::new();
        };
        self.destinations.clear();
        let route = self.routes.remove(at);
        let mut orphans = Vec::new();
        for id in route.sinks {
            let Some(sink) = self.sinks.get_mut(&id) else {
                continue;
            };
            sink.requests.retain(|other| other != request);
            if let Some(waiting) = &mut sink.waiting {
                let error = SubscribeError::Refused {
                    topic: route.topic.to_string(),
                    code,
                    message: message.to_owned(),
                };
                match waiting.refused(request, error) {
                    None => {
                        sink.answer_if_over();
                        if sink.requests.is_empty() {
                            self.sinks.remove(&id);
                        }
                    }
                    Some(error) => {
                        if let Some(waiting) = sink.waiting.take() {
                            waiting.fail(error);
                        }
                        orphans.extend(self.remove_sink(id));
                    }
                }
                continue;
            }
            let gap = Gap {
                topic: route.topic.clone(),
                reason: GapReason::Refused {
                    code,
                    message: message.to_owned(),
                },
            };
            sink.queue.push_gap(gap, &mut self.wakers);
            if sink.requests.is_empty() {
                let failure = Failure::new(Stage::Acknowledgement, Severity::Fatal, message);
                sink.queue
                    .end(CloseReason::Failed(failure), &mut self.wakers);
                self.sinks.remove(&id);
            }
        }
        orphans
    }

    /// The connection is lost: every topic that was served may miss events from now on.
    pub(crate) fn lost(&mut self, now: Timestamp) {
        for route in &mut self.routes {
            let served = mem::take(&mut route.live) || route.last_event_at.is_some();
            if served && route.lost.is_none() {
                route.lost = Some(Loss {
                    at: now,
                    last_event_at: route.last_event_at,
                    sinks: route.sinks.clone(),
                });
            }
        }
    }

    /// Hands a frame that cannot be read to every topic that is served: it may be of any. Whoever decodes it is told
    /// of it in its place.
    pub(crate) fn deliver_unread(&mut self, frame: &Frame) {
        for route in &self.routes {
            if !route.live || route.lost.is_some() {
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
            if !queues.all(|(_, queue)| queue.has_room()) {
                return Err(Undelivered::NoRoom(frame));
            }
        }
        for &at in &destination.routes {
            let route = &mut self.routes[at];
            // An event may come before the acknowledgement: the topic is served, so its gap ends before it.
            if destination.is_proof && route.lost.is_some() {
                let (at, epoch) = (frame.received_at, frame.epoch);
                close_gap(route, &self.sinks, at, epoch, &mut self.wakers);
            }
            route.last_event_at = Some(frame.received_at);
        }
        for (tally, queue) in others {
            queue.push_frame(tally, frame.clone(), &mut self.wakers);
        }
        // Whether there is room, and taking it, is one step where nobody else is asked.
        if when_full == WhenFull::Wait && is_alone {
            let pushed = last.push_frame_if_room(last_tally, frame, &mut self.wakers);
            return pushed.map_err(Undelivered::NoRoom);
        }
        last.push_frame(last_tally, frame, &mut self.wakers);
        Ok(())
    }

    /// The connection is over: everybody is told.
    pub(crate) fn end(&mut self, reason: &CloseReason) {
        self.destinations.clear();
        self.routes.clear();
        for (_, sink) in self.sinks.drain() {
            if let Some(waiting) = sink.waiting {
                let reason = reason.clone();
                waiting.fail(ClosedError { reason }.into());
            }
            sink.queue.end(reason.clone(), &mut self.wakers);
        }
    }

    /// Wakes everybody to whom something was handed since the last time. To be called before the task waits or ends.
    pub(crate) fn wake(&mut self) {
        self.wakers.wake_all();
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
            if let Some(loss) = &mut route.lost {
                loss.sinks.retain(|&sink| sink != id);
            }
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
        let is_proof = !routes.is_empty();
        if !is_proof {
            routes = serving(Serves::Loosely);
        }
        let mut seen = Vec::new();
        let mut queues = Vec::new();
        for &at in &routes {
            let route = &self.routes[at];
            for &id in &route.sinks {
                if let Some(sink) = self.sinks.get(&id).filter(|_| !seen.contains(&id)) {
                    seen.push(id);
                    queues.push((sink.queue.tally(&route.topic), sink.queue.clone()));
                }
            }
        }
        Destination {
            topic: pushed.into(),
            routes: routes.into(),
            is_proof,
            queues: queues.into(),
        }
    }
}

/// Tells those who listened when it was lost that a route is served again.
fn close_gap<R>(
    route: &mut Route<R>,
    sinks: &HashMap<u64, Sink<R>>,
    live_at: Timestamp,
    epoch: u64,
    wakers: &mut Wakers,
) {
    let Some(loss) = route.lost.take() else {
        return;
    };
    for id in loss.sinks {
        let Some(sink) = sinks.get(&id) else {
            continue;
        };
        let gap = Gap {
            topic: route.topic.clone(),
            reason: GapReason::Reconnected {
                last_event_at: loss.last_event_at,
                lost_at: loss.at,
                live_at,
                epoch,
            },
        };
        sink.queue.push_gap(gap, wakers);
    }
}
