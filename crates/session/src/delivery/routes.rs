//! Routing table: which subscriptions receive which frames.

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

/// Reason why a frame was not delivered.
pub(crate) enum Undelivered {
    /// A queue is full; the frame may wait for room for up to this time.
    NoRoom(Frame, Duration),
    /// No subscription has this topic.
    NoSubscriber(Frame),
}

/// Policy for a frame if a queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// Deliver the frame to no subscription until all of them have room.
    Wait,
    /// Drop and count the frame for the subscription whose queue is full.
    Drop,
}

/// A wire request and its subscriptions.
struct Route<R> {
    request: R,
    topic: Arc<str>,
    live: bool,
    /// `true` if the frames before the acknowledgement must not be delivered.
    ///
    /// These frames belong to an earlier subscription, and events between that subscription and the new one are
    /// missing.
    awaiting_ack: bool,
    /// Refusal of the request if it is postponed; `None` otherwise.
    postponed: Option<ServerReply>,
    last_event_at: Option<Timestamp>,
    /// `true` if an event was received since the last connection loss.
    had_event: bool,
    subscribers: Vec<u64>,
}

/// Routing table of a connection.
pub(crate) struct Routes<P: Protocol, M: Mailbox> {
    routes: Vec<Route<P::Request>>,
    subscribers: HashMap<u64, Subscriber<P::Request, M>>,
    last_subscriber: u64,
    /// Cache of routes, cleared whenever routes or subscribers change.
    cache: RouteCache<M>,
    backpressure_timeout: Duration,
    /// No caller times out before this time.
    deadline: Option<Instant>,
    /// `true` if a subscription may have ended because its consumer is too slow.
    removal_due: bool,
}

impl<P: Protocol, M: Mailbox> Routes<P, M> {
    /// Creates an empty table.
    pub(crate) fn new(backpressure_timeout: Duration) -> Self {
        Self {
            routes: Vec::new(),
            subscribers: HashMap::new(),
            last_subscriber: 0,
            cache: RouteCache::default(),
            backpressure_timeout,
            deadline: None,
            removal_due: false,
        }
    }

    /// Adds a subscription that starts after the connection's first `frames` frames.
    ///
    /// The caller must then subscribe each request, and report those that are live already.
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
                    had_event: false,
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

    /// Removes closed subscriptions. Returns the requests without a subscription.
    pub(crate) fn remove_closed(&mut self, wakers: &mut M::Wakers) -> Vec<P::Request> {
        let mut ended = Vec::new();
        for (&id, subscriber) in &self.subscribers {
            if subscriber
                .mailbox()
                .with(wakers, |buffer| buffer.is_closed())
            {
                ended.push(id);
            }
        }
        ended.into_iter().flat_map(|id| self.remove(id)).collect()
    }

    /// Stops the delivery of a request's frames until the request is live.
    pub(crate) fn await_ack(&mut self, request: &P::Request) {
        if let Some(at) = self.find(request) {
            self.cache.clear();
            self.routes[at].awaiting_ack = true;
        }
    }

    /// Records that a request is live.
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

    /// Records that a request is refused temporarily.
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

    /// Removes a refused request. Returns the requests that no longer have a subscription.
    ///
    /// Their subscriptions failed because of the refusal.
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
        let mut unused = Vec::new();
        for id in route.subscribers {
            let Some(subscriber) = self.subscribers.get_mut(&id) else {
                continue;
            };
            match subscriber.refused(request, &route.topic, &reply, cx) {
                RefusalOutcome::Fails => unused.extend(self.remove(id)),
                RefusalOutcome::Continues if subscriber.is_empty() => {
                    let mut failure =
                        Failure::new(FailureStage::Acknowledgement, RetryPolicy::Fatal, message);
                    failure.code = code.map(|code| code.to_string().into());
                    subscriber.end_mailbox(CloseReason::Failed(failure), cx);
                    self.subscribers.remove(&id);
                }
                RefusalOutcome::Continues => {}
            }
        }
        unused
    }

    /// Reports a connection loss to all subscriptions with topics that were live.
    pub(crate) fn lost(&mut self, loss: Loss<'_>, cx: &mut DeliveryContext<'_, M>) {
        let mut lost: HashMap<u64, (Vec<_>, Option<Timestamp>)> = HashMap::new();
        for route in &mut self.routes {
            let was_live = mem::take(&mut route.live);
            route.postponed = None;
            if !(mem::take(&mut route.had_event) || was_live) {
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

    /// Reports a gap on topics whose events differed on the two connections of a rotation.
    ///
    /// The gap is a loss that has already ended.
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

    /// Returns the earliest time at which a caller may time out.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Answers the callers whose timeout has passed. Returns the requests without a subscription.
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
        let mut ended = Vec::new();
        for (&id, subscriber) in &mut self.subscribers {
            match subscriber.deadline(now, rate_limited_until) {
                Some(deadline) if deadline > now => {
                    self.deadline = earlier(self.deadline, deadline);
                }
                Some(_) if !subscriber.time_out(last, cx) => ended.push(id),
                _ => {}
            }
        }
        ended.into_iter().flat_map(|id| self.remove(id)).collect()
    }

    /// Returns the dedup key of a frame.
    pub(crate) fn dedup_key(&self, route: RouteId, frame: &str) -> DedupKey {
        let destination = self.cache.get(route);
        let dedup_key_fn = destination.map_or(&[][..], |destination| &destination.dedup_key_fns);
        dedup_key_fn
            .iter()
            .map(|dedup_key_fn| dedup_key_fn(frame))
            .find(|dedup_key| !matches!(dedup_key, DedupKey::OtherTopic))
            .unwrap_or(DedupKey::OtherTopic)
    }

    /// Counts a duplicate frame.
    pub(crate) fn count_duplicate(&self, route: RouteId) {
        if let Some(destination) = self.cache.get(route) {
            for (counters, _) in &destination.mailboxes {
                counters.received();
                counters.count(FrameOutcome::Duplicate);
            }
        }
    }

    /// Reports an unreadable frame to every subscription.
    ///
    /// The frame may belong to any topic that is live, or that had events before its acknowledgement.
    pub(crate) fn deliver_unreadable(&mut self, frame: &Frame, cx: &mut DeliveryContext<'_, M>) {
        let Some(fault) = frame.fault() else { return };
        let mut topics: HashMap<u64, Vec<Arc<str>>> = HashMap::new();
        for route in self
            .routes
            .iter()
            .filter(|route| route.live || route.had_event)
        {
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

    /// Returns the route of a pushed topic; valid until the table changes.
    pub(crate) fn find_route(&mut self, pushed: &str, cx: &mut DeliveryContext<'_, M>) -> RouteId {
        match self.cache.find(pushed) {
            Some(route) => route,
            None => {
                let found = self.find_destination(pushed, cx.wakers);
                self.cache.remember(found)
            }
        }
    }

    /// Returns the pushed topic of a route.
    pub(crate) fn topic_of(&self, route: RouteId) -> Option<&str> {
        self.cache.get(route).map(|known| &*known.topic)
    }

    /// Delivers a frame to all of its subscriptions. `when_full` is the policy if a queue is full.
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
            route.had_event = true;
        }
        for (counters, mailbox) in others {
            let frame = frame.clone();
            let outcome = mailbox.with(cx.wakers, |buffer| buffer.push_frame(now, counters, frame));
            self.removal_due |= is_overflowing(outcome, counters.topic(), cx);
        }
        // With one subscription, check for room and push under one lock.
        let outcome = last.with(cx.wakers, |buffer| {
            if when_full == WhenFull::Wait && is_alone && !buffer.has_room(frame.text().len()) {
                let pause = buffer.pause(now, limit);
                return Err(Undelivered::NoRoom(frame, pause));
            }
            Ok(buffer.push_frame(now, counters, frame))
        })?;
        self.removal_due |= is_overflowing(outcome, counters.topic(), cx);
        Ok(())
    }

    /// Returns `true` if a slow consumer may have ended a subscription since the last call.
    pub(crate) fn take_removal_due(&mut self) -> bool {
        mem::take(&mut self.removal_due)
    }

    /// Ends every subscription because the connection is closed. Those that miss events get a gap first.
    pub(crate) fn end(&mut self, reason: &CloseReason, cx: &mut DeliveryContext<'_, M>) {
        self.cache.clear();
        let mut ended: HashMap<u64, (Vec<Arc<str>>, Option<Timestamp>)> = HashMap::new();
        for route in self.routes.drain(..) {
            for id in route.subscribers {
                // After a requested close only topics that are down miss events.
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
        let mut unused = Vec::new();
        self.routes.retain_mut(|route| {
            route.subscribers.retain(|&other| other != id);
            if route.subscribers.is_empty() {
                unused.push(route.request.clone());
            }
            !route.subscribers.is_empty()
        });
        unused
    }

    fn find_destination(&self, pushed: &str, wakers: &mut M::Wakers) -> Destination<M> {
        let matching = |wanted: TopicMatch| -> Vec<usize> {
            let matches = |route: &Route<P::Request>| {
                !route.awaiting_ack && P::match_topic(&route.request, pushed) == wanted
            };
            let found = self.routes.iter().enumerate();
            found
                .filter(|(_, route)| matches(route))
                .map(|(at, _)| at)
                .collect()
        };
        let mut routes = matching(TopicMatch::Exact);
        if routes.is_empty() {
            routes = matching(TopicMatch::Fallback);
        }
        let mut seen = Vec::new();
        let (mut mailboxes, mut dedup_key_fns) = (Vec::new(), Vec::new());
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
                    dedup_key_fns.push(subscriber.dedup_key_fn().clone());
                }
            }
        }
        Destination {
            topic: pushed.into(),
            routes: routes.into(),
            dedup_key_fns: dedup_key_fns.into(),
            mailboxes: mailboxes.into(),
        }
    }
}

/// Reports a subscription whose queue has become full, and returns `true` for it.
fn is_overflowing<M: Mailbox>(
    outcome: PushOutcome,
    topic: &Arc<str>,
    cx: &mut DeliveryContext<'_, M>,
) -> bool {
    let begins = outcome == PushOutcome::FirstDropped;
    if begins {
        cx.outputs.push_back(Output::Overflowing(topic.clone()));
    }
    begins
}

fn earlier(known: Option<Instant>, other: Instant) -> Option<Instant> {
    Some(known.map_or(other, |known| known.min(other)))
}
