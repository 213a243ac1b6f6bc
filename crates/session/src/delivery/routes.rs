//! The table of subscriptions: which frames go to which of them.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kucoin_streams_core::{Protocol, RetryPolicy, Timestamp, TopicMatch};

use super::answer::ServerReply;
use super::buffer::PushOutcome;
use super::route_cache::{Destination, RouteCache};
use super::subscriber::{RefusalOutcome, Subscriber};
use super::{
    DedupKey, DedupKeyFn, DeliveryContext, Frame, FrameOutcome, Mailbox, PauseLimit, PendingAnswer,
    RouteId, TopicCounters,
};
use crate::streams::Output;
use crate::{CloseReason, Failure, FailureStage};

pub(crate) use super::subscriber::Loss;

/// A frame that was not delivered.
pub(crate) enum Undelivered {
    /// A buffer is full: the frame may wait for room for this long.
    NoRoom(Frame, Duration),
    /// There is no subscription to its topic.
    NoSubscriber(Frame),
}

/// What becomes of a frame if a subscription has no room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// It is delivered to none, and is to wait.
    Wait,
    /// The subscription misses it, and it is counted.
    Drop,
}

/// One wire request and the subscriptions that need it.
struct Route<R> {
    request: R,
    topic: Arc<str>,
    live: bool,
    /// Nothing is delivered until it is live: what comes is still of a subscription that was ended, and between its
    /// last event and the first of the new one events are missing.
    awaiting_ack: bool,
    /// What the server said if it refuses the request for now.
    postponed: Option<ServerReply>,
    last_event_at: Option<Timestamp>,
    /// An event came since the connection was lost last.
    heard: bool,
    subscribers: Vec<u64>,
}

/// The table.
pub(crate) struct Routes<P: Protocol, M: Mailbox> {
    routes: Vec<Route<P::Request>>,
    subscribers: HashMap<u64, Subscriber<P::Request, M>>,
    last_subscriber: u64,
    /// Forgotten whenever routes or subscribers change.
    cache: RouteCache<M>,
    backpressure_timeout: Duration,
    /// No caller has waited long enough before this moment.
    deadline: Option<Instant>,
    /// A subscription may have been cut off.
    sweep_due: bool,
}

impl<P: Protocol, M: Mailbox> Routes<P, M> {
    /// `backpressure_timeout`: for how long reading pauses at most.
    pub(crate) fn new(backpressure_timeout: Duration) -> Self {
        Self {
            routes: Vec::new(),
            subscribers: HashMap::new(),
            last_subscriber: 0,
            cache: RouteCache::default(),
            backpressure_timeout,
            deadline: None,
            sweep_due: false,
        }
    }

    /// Adds a subscription whose frames are those after `frames`. The caller then subscribes each request, and reports
    /// those that are live already.
    pub(crate) fn add(
        &mut self,
        requests: Vec<P::Request>,
        mailbox: M,
        dedup_key_fn: DedupKeyFn,
        mut pending: PendingAnswer<P::Request>,
        frames: u64,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        self.cache.clear();
        self.last_subscriber += 1;
        mailbox.with(cx.wakers, |buffer| buffer.begin(frames));
        for request in &requests {
            let at = self.find(request).unwrap_or_else(|| {
                self.routes.push(Route {
                    request: request.clone(),
                    topic: request.to_string().into(),
                    live: false,
                    awaiting_ack: false,
                    postponed: None,
                    last_event_at: None,
                    heard: false,
                    subscribers: Vec::new(),
                });
                self.routes.len() - 1
            });
            let route = &mut self.routes[at];
            route.subscribers.push(self.last_subscriber);
            if let Some(reply) = &route.postponed {
                pending.postponed(request, reply.clone());
            }
            mailbox.with(cx.wakers, |buffer| drop(buffer.counters_of(&route.topic)));
        }
        self.deadline = earlier(self.deadline, pending.deadline());
        let subscriber = Subscriber::new(requests, mailbox, dedup_key_fn, pending);
        self.subscribers.insert(self.last_subscriber, subscriber);
    }

    /// Forgets subscriptions whose reader is gone or cut off; gives the requests that no subscription needs any more.
    pub(crate) fn sweep(&mut self, wakers: &mut M::Wakers) -> Vec<P::Request> {
        let mut gone = Vec::new();
        for (&id, subscriber) in &self.subscribers {
            if subscriber
                .mailbox()
                .with(wakers, |buffer| buffer.is_closed())
            {
                gone.push(id);
            }
        }
        gone.into_iter().flat_map(|id| self.remove(id)).collect()
    }

    /// Nothing is to be delivered of a request until it is live.
    pub(crate) fn await_ack(&mut self, request: &P::Request) {
        if let Some(at) = self.find(request) {
            self.cache.clear();
            self.routes[at].awaiting_ack = true;
        }
    }

    /// A request is served from now on.
    pub(crate) fn live(&mut self, request: &P::Request, cx: &mut DeliveryContext<'_, M>) {
        let Some(at) = self.find(request) else { return };
        let route = &mut self.routes[at];
        route.live = true;
        route.postponed = None;
        if mem::take(&mut route.awaiting_ack) {
            self.cache.clear();
        }
        for id in &route.subscribers {
            if let Some(subscriber) = self.subscribers.get_mut(id) {
                subscriber.live(request, &route.topic, cx);
            }
        }
    }

    /// A request is refused for now.
    pub(crate) fn postponed(
        &mut self,
        request: &P::Request,
        code: Option<i64>,
        message: &str,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        let Some(at) = self.find(request) else { return };
        let reply = ServerReply {
            code,
            message: message.to_owned(),
        };
        let route = &mut self.routes[at];
        route.live = false;
        route.postponed = Some(reply.clone());
        for id in &route.subscribers {
            if let Some(subscriber) = self.subscribers.get_mut(id) {
                subscriber.postponed(request, reply.clone(), cx);
            }
        }
    }

    /// A request is refused and gone. Gives the requests that no subscription needs any more: those of subscriptions
    /// that fail by it.
    pub(crate) fn refused(
        &mut self,
        request: &P::Request,
        code: Option<i64>,
        message: &str,
        cx: &mut DeliveryContext<'_, M>,
    ) -> Vec<P::Request> {
        let Some(at) = self.find(request) else {
            return Vec::new();
        };
        self.cache.clear();
        let route = self.routes.remove(at);
        let reply = ServerReply {
            code,
            message: message.to_owned(),
        };
        let mut orphans = Vec::new();
        for id in route.subscribers {
            let Some(subscriber) = self.subscribers.get_mut(&id) else {
                continue;
            };
            match subscriber.refused(request, &route.topic, &reply, cx) {
                RefusalOutcome::Fails => orphans.extend(self.remove(id)),
                RefusalOutcome::GoesOn if subscriber.is_empty() => {
                    let failure =
                        Failure::new(FailureStage::Acknowledgement, RetryPolicy::Fatal, message);
                    subscriber.end_mailbox(CloseReason::Failed(failure), cx);
                    self.subscribers.remove(&id);
                }
                RefusalOutcome::GoesOn => {}
            }
        }
        orphans
    }

    /// The connection is lost: every topic that was served may miss events from now on.
    pub(crate) fn lost(&mut self, loss: Loss<'_>, cx: &mut DeliveryContext<'_, M>) {
        let mut lost: HashMap<u64, (Vec<_>, Option<Timestamp>)> = HashMap::new();
        for route in &mut self.routes {
            let was_live = mem::take(&mut route.live);
            route.postponed = None;
            if !(mem::take(&mut route.heard) || was_live) {
                continue;
            }
            for id in &route.subscribers {
                let (topics, last_event_at) = lost.entry(*id).or_default();
                topics.push((route.request.clone(), route.topic.clone()));
                *last_event_at = route.last_event_at.max(*last_event_at);
            }
        }
        for (id, subscriber) in &mut self.subscribers {
            let (topics, last_event_at) = lost.remove(id).unwrap_or_default();
            if !topics.is_empty() || subscriber.is_down() {
                subscriber.lost(topics, last_event_at, loss, cx);
            }
        }
    }

    /// Two connections did not bring the same events of these topics, as pushed, while one took over from the other:
    /// a loss that is over already.
    pub(crate) fn out_of_sync(
        &mut self,
        pushed: &[Box<str>],
        loss: Loss<'_>,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        let is_of = |request: &P::Request| {
            let mut pushed = pushed.iter();
            pushed.any(|pushed| P::match_topic(request, pushed) != TopicMatch::None)
        };
        for route in self.routes.iter().filter(|route| is_of(&route.request)) {
            for id in &route.subscribers {
                if let Some(subscriber) = self.subscribers.get_mut(id) {
                    let topics = vec![(route.request.clone(), route.topic.clone())];
                    subscriber.lost(topics, route.last_event_at, loss, cx);
                    subscriber.live(&route.request, &route.topic, cx);
                }
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
        last: Option<&Failure>,
        rate_limited_until: Option<Instant>,
        cx: &mut DeliveryContext<'_, M>,
    ) -> Vec<P::Request> {
        let now = cx.now.monotonic;
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return Vec::new();
        }
        self.deadline = None;
        let mut gone = Vec::new();
        for (&id, subscriber) in &mut self.subscribers {
            match subscriber.deadline(now, rate_limited_until) {
                Some(deadline) if deadline > now => {
                    self.deadline = earlier(self.deadline, deadline);
                }
                Some(_) if !subscriber.time_out(last, cx) => gone.push(id),
                _ => {}
            }
        }
        gone.into_iter().flat_map(|id| self.remove(id)).collect()
    }

    /// What tells a frame from others of its topic.
    pub(crate) fn dedup_key(&self, route: RouteId, frame: &str) -> DedupKey {
        let destination = self.cache.get(route);
        let dedup_key_fn = destination.map_or(&[][..], |destination| &destination.dedup_key_fn);
        dedup_key_fn
            .iter()
            .map(|dedup_key_fn| dedup_key_fn(frame))
            .find(|dedup_key| !matches!(dedup_key, DedupKey::OtherTopic))
            .unwrap_or(DedupKey::OtherTopic)
    }

    /// Counts a frame that repeats what was delivered.
    pub(crate) fn count_duplicate(&self, route: RouteId) {
        if let Some(destination) = self.cache.get(route) {
            for (counters, _) in &destination.mailboxes {
                counters.received();
                counters.count(FrameOutcome::Duplicate);
            }
        }
    }

    /// Reports a frame that cannot be read to every subscription: it may be of any of its topics that are live, or that
    /// bring events before their acknowledgement.
    pub(crate) fn deliver_unreadable(&mut self, frame: &Frame, cx: &mut DeliveryContext<'_, M>) {
        let Some(fault) = frame.fault() else { return };
        let mut topics: HashMap<u64, Vec<Arc<str>>> = HashMap::new();
        for route in self.routes.iter().filter(|route| route.live || route.heard) {
            for id in &route.subscribers {
                topics.entry(*id).or_default().push(route.topic.clone());
            }
        }
        for (id, topics) in topics {
            if let Some(subscriber) = self.subscribers.get(&id) {
                subscriber.unreadable(topics, frame, fault, cx);
            }
        }
    }

    /// Where the frames of a pushed topic go, until anything here changes.
    pub(crate) fn find_route(&mut self, pushed: &str, cx: &mut DeliveryContext<'_, M>) -> RouteId {
        match self.cache.find(pushed) {
            Some(route) => route,
            None => {
                let found = self.find_destination(pushed, cx.wakers);
                self.cache.remember(found)
            }
        }
    }

    /// The pushed topic of a route.
    pub(crate) fn topic_of(&self, route: RouteId) -> Option<&str> {
        self.cache.get(route).map(|known| &*known.topic)
    }

    /// Delivers a frame to each of its subscriptions. If one has no room for it, that one misses it, or it is delivered
    /// to none, as is asked for.
    pub(crate) fn deliver(
        &mut self,
        route: RouteId,
        frame: Frame,
        when_full: WhenFull,
        cx: &mut DeliveryContext<'_, M>,
    ) -> Result<(), Undelivered> {
        let now = cx.now.monotonic;
        let limit = PauseLimit {
            total: self.backpressure_timeout,
            shares: self.subscribers.len(),
        };
        let Some(destination) = self.cache.get(route) else {
            return Err(Undelivered::NoSubscriber(frame));
        };
        let Some(((counters, last), others)) = destination.mailboxes.split_last() else {
            return Err(Undelivered::NoSubscriber(frame));
        };
        let is_alone = others.is_empty();
        if when_full == WhenFull::Wait && !is_alone {
            let bytes = frame.text().len();
            for (_, mailbox) in &destination.mailboxes {
                let pause = mailbox.with(cx.wakers, |buffer| {
                    (!buffer.has_room(bytes)).then(|| buffer.pause(now, limit))
                });
                if let Some(pause) = pause {
                    return Err(Undelivered::NoRoom(frame, pause));
                }
            }
        }
        for &at in &destination.routes {
            let route = &mut self.routes[at];
            route.last_event_at = Some(frame.received_at());
            route.heard = true;
        }
        for (counters, mailbox) in others {
            let frame = frame.clone();
            let pushed = mailbox.with(cx.wakers, |buffer| buffer.push_frame(now, counters, frame));
            self.sweep_due |= is_overflowing(pushed, counters.topic(), cx);
        }
        // Whether there is room, and taking it, is one cx if no other subscription is asked.
        let pushed = last.with(cx.wakers, |buffer| {
            if when_full == WhenFull::Wait && is_alone && !buffer.has_room(frame.text().len()) {
                let pause = buffer.pause(now, limit);
                return Err(Undelivered::NoRoom(frame, pause));
            }
            Ok(buffer.push_frame(now, counters, frame))
        })?;
        self.sweep_due |= is_overflowing(pushed, counters.topic(), cx);
        Ok(())
    }

    /// True if a subscription may have been cut off since the last call.
    pub(crate) fn take_sweep_due(&mut self) -> bool {
        mem::take(&mut self.sweep_due)
    }

    /// The connection has ended: every subscription ends. One that misses events by it gets a gap first.
    pub(crate) fn end(&mut self, reason: &CloseReason, cx: &mut DeliveryContext<'_, M>) {
        self.cache.clear();
        let mut ended: HashMap<u64, (Vec<Arc<str>>, Option<Timestamp>)> = HashMap::new();
        for route in self.routes.drain(..) {
            for id in route.subscribers {
                // A close in order costs nothing but what is down already.
                let misses = |subscriber: &Subscriber<_, M>| subscriber.misses(&route.request);
                let is_down = self.subscribers.get(&id).is_some_and(misses);
                if *reason == CloseReason::Requested && !is_down {
                    continue;
                }
                let (topics, last_event_at) = ended.entry(id).or_default();
                topics.push(route.topic.clone());
                *last_event_at = route.last_event_at.max(*last_event_at);
            }
        }
        for (id, mut subscriber) in self.subscribers.drain() {
            let (topics, last_event_at) = ended.remove(&id).unwrap_or_default();
            subscriber.end(topics.into(), last_event_at, reason, cx);
        }
    }

    fn find(&self, request: &P::Request) -> Option<usize> {
        self.routes
            .iter()
            .position(|route| route.request == *request)
    }

    fn remove(&mut self, id: u64) -> Vec<P::Request> {
        self.cache.clear();
        self.subscribers.remove(&id);
        let mut orphans = Vec::new();
        self.routes.retain_mut(|route| {
            route.subscribers.retain(|&other| other != id);
            if route.subscribers.is_empty() {
                orphans.push(route.request.clone());
            }
            !route.subscribers.is_empty()
        });
        orphans
    }

    fn find_destination(&self, pushed: &str, wakers: &mut M::Wakers) -> Destination<M> {
        let current = |wanted: TopicMatch| -> Vec<usize> {
            let matches = |route: &Route<P::Request>| {
                !route.awaiting_ack && P::match_topic(&route.request, pushed) == wanted
            };
            let found = self.routes.iter().enumerate();
            found
                .filter(|(_, route)| matches(route))
                .map(|(at, _)| at)
                .collect()
        };
        let mut routes = current(TopicMatch::Exact);
        if routes.is_empty() {
            routes = current(TopicMatch::Fallback);
        }
        let mut seen = Vec::new();
        let (mut mailboxes, mut dedup_key_fn) = (Vec::new(), Vec::new());
        for &at in &routes {
            let route = &self.routes[at];
            for &id in &route.subscribers {
                if let Some(subscriber) = self.subscribers.get(&id).filter(|_| !seen.contains(&id))
                {
                    seen.push(id);
                    let mailbox = subscriber.mailbox();
                    let counters: Arc<TopicCounters> =
                        mailbox.with(wakers, |buffer| buffer.counters_of(&route.topic));
                    let same_name: Vec<Arc<str>> = routes
                        .iter()
                        .map(|&at| &self.routes[at])
                        .filter(|route| route.subscribers.contains(&id))
                        .map(|route| route.topic.clone())
                        .collect();
                    if same_name.len() > 1 {
                        counters.add_same_name(&same_name);
                    }
                    mailboxes.push((counters, mailbox.clone()));
                    dedup_key_fn.push(subscriber.dedup_key_fn().clone());
                }
            }
        }
        Destination {
            topic: pushed.into(),
            routes: routes.into(),
            dedup_key_fn: dedup_key_fn.into(),
            mailboxes: mailboxes.into(),
        }
    }
}

/// Reports a subscription that begins to miss events: it may have been cut off by it.
fn is_overflowing<M: Mailbox>(
    pushed: PushOutcome,
    topic: &Arc<str>,
    cx: &mut DeliveryContext<'_, M>,
) -> bool {
    let begins = pushed == PushOutcome::FirstDropped;
    if begins {
        cx.outputs.push_back(Output::Overflowing(topic.clone()));
    }
    begins
}

fn earlier(known: Option<Instant>, other: Instant) -> Option<Instant> {
    Some(known.map_or(other, |known| known.min(other)))
}
