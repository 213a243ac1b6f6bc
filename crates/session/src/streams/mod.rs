//! Streams: one connection with its subscriptions.

mod frame_router;
mod output;
mod stats;
mod waiters;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use kucoin_streams_core::{HumanDuration, Protocol, RetryPolicy, TopicMatch, WireError};

use self::frame_router::{FrameRouter, decode_text};
pub use self::output::{ConnectionState, Output, Subscribe, Timeouts};
pub use self::stats::{ConnectionCounts, StreamsStats};
use self::waiters::Waiters;
use crate::config::NEVER;
use crate::delivery::{
    Answer, ClockReading, ClosedError, DeliveryContext, Loss, Mailbox, PendingAnswer, RotateError,
    SubscribeError, Ticket,
};
use crate::{
    Action, CloseReason, ConnectionRole, Failure, FailureStage, FrameKind, Input, LifecycleEvent,
    Overlap, RotatingSession, SessionConfig, SessionEvent,
};

/// Sans-IO state machine of one connection and its subscriptions.
///
/// A driver passes in bytes, results and the current time, and carries out the [outputs](Output). All decisions are
/// made here, from the token request to the position of a gap.
///
/// After each call that takes a [`ClockReading`], call [`Streams::poll`] until it returns `None`, then wake the
/// [readers](Streams::wakers).
pub struct Streams<P: Protocol, M: Mailbox> {
    session: RotatingSession<P>,
    router: FrameRouter<P, M>,
    wakers: M::Wakers,
    state: ConnectionState,
    /// Failure of the last attempt to connect; cleared when the connection is live.
    last_failure: Option<Failure>,
    waiters: Waiters,
    outputs: VecDeque<Output>,
    counts: ConnectionCounts,
}

impl<P: Protocol, M: Mailbox> fmt::Debug for Streams<P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams")
            .field("session", &self.session)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<P: Protocol, M: Mailbox> Streams<P, M> {
    /// Creates streams that do nothing until the first subscription.
    ///
    /// `seed` feeds the jitter: use a different one for each connection of a process.
    pub fn new(config: SessionConfig, limits: Timeouts, seed: u64, now: ClockReading) -> Self {
        let pause = limits.backpressure_timeout.min(NEVER);
        let overlap = Overlap::new(config.overlap / 2, seed.rotate_left(16));
        let router = FrameRouter::new(pause, overlap, now.wall);
        Self {
            session: RotatingSession::new(config, seed),
            router,
            wakers: M::Wakers::default(),
            state: ConnectionState::Connecting,
            last_failure: None,
            waiters: Waiters::new(limits.connect_timeout),
            outputs: VecDeque::new(),
            counts: ConnectionCounts::default(),
        }
    }

    /// Returns the current state of the connection.
    pub fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// Returns `true` if the connection is closed. Nothing follows the remaining outputs.
    pub fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// Creates a subscription. [`Answer::Subscribed`] follows.
    pub fn subscribe(&mut self, now: ClockReading, subscribe: Subscribe<P::Request, M>) -> Ticket {
        // Dropped subscriptions must free their topics first, because of the topic limit.
        self.remove_closed(now);
        let ticket = self.waiters.ticket();
        let Subscribe {
            mut requests,
            mailbox,
            dedup_key_fn,
            on_refusal,
        } = subscribe;
        let mut seen = HashSet::new();
        requests.retain(|request| seen.insert(request.clone()));
        let limit = self.waiters.limit();
        let pending = PendingAnswer::new(ticket, &requests, on_refusal, limit, now.monotonic);
        let (router, mut cx) = self.context(now);
        let frames = router.frame_count();
        let routes = router.routes();
        routes.add(
            requests.clone(),
            mailbox,
            dedup_key_fn,
            pending,
            frames,
            &mut cx,
        );
        for request in requests {
            self.session.subscribe(now.monotonic, request.clone());
            if self.session.was_unsubscribed(&request) {
                self.router.routes().await_ack(&request);
            }
            if self.session.is_subscribed(&request) {
                let (router, mut cx) = self.context(now);
                router.routes().live(&request, &mut cx);
            }
        }
        self.process_actions(now);
        ticket
    }

    /// Opens the connection if it is not open.
    ///
    /// [`Answer::Live`] follows when it is live or closed, or after the connect timeout. After a loss it is live again
    /// once every topic is acknowledged or refused.
    pub fn wait_live(&mut self, now: ClockReading) -> Ticket {
        let ticket = self.waiters.ticket();
        if self.state == ConnectionState::Live {
            self.answer(ticket, Answer::Live(Ok(())));
        } else {
            self.waiters.wait_live(now.monotonic, ticket);
            self.session.open(now.monotonic);
            self.process_actions(now);
        }
        ticket
    }

    /// Starts a rotation: replaces the connection by a new one without a gap.
    ///
    /// [`Answer::Rotated`] follows.
    pub fn rotate(&mut self, now: ClockReading) -> Ticket {
        let ticket = self.waiters.ticket();
        if self.session.rotate(now.monotonic) {
            self.waiters.wait_rotated(ticket);
            self.process_actions(now);
        } else {
            self.answer(ticket, Answer::Rotated(Err(RotateError::NotLive)));
        }
        ticket
    }

    /// Unsubscribes topics that have no subscription left.
    ///
    /// [`Answer::Unsubscribed`] follows when the unsubscriptions of `topics` are answered or have timed out, or the
    /// connection is lost.
    pub fn wait_unsubscribed(&mut self, now: ClockReading, topics: Vec<Arc<str>>) -> Ticket {
        let ticket = self.waiters.ticket();
        self.waiters.wait_unsubscribed(ticket, topics);
        self.remove_closed(now);
        self.process_actions(now);
        self.answer_unsubscribed();
        ticket
    }

    /// Unsubscribes all topics and closes the connection.
    ///
    /// It waits for the answers for at most [`SessionConfig::close_timeout`].
    pub fn close(&mut self, now: ClockReading) {
        self.session.close(now.monotonic);
        self.process_actions(now);
    }

    /// Closes the connection at once, because the driver cannot continue.
    ///
    /// No [`Output::HangUp`] follows.
    pub fn abort(&mut self, now: ClockReading, failure: Failure) {
        if !matches!(self.state, ConnectionState::Closed(_)) {
            self.closed(now, CloseReason::Failed(failure));
        }
    }

    /// Handles the result of an output, or the loss of a connection.
    pub fn handle(&mut self, now: ClockReading, role: ConnectionRole, input: Input) {
        self.session.handle(now.monotonic, role, input);
        self.process_actions(now);
    }

    /// Records that a dial still waits for the driver's dial limit.
    ///
    /// The waiting time does not count for timeouts. Call this method before each [`Streams::tick`] while the dial
    /// waits.
    pub fn dial_queued(&mut self, now: ClockReading, role: ConnectionRole) {
        if role == ConnectionRole::Current {
            self.waiters.rate_limited(now.monotonic);
        }
        self.session.fetch_started(now.monotonic, role);
    }

    /// Records that the driver asks the connection source now: the token timeout starts.
    pub fn fetch_started(&mut self, now: ClockReading, role: ConnectionRole) {
        self.session.fetch_started(now.monotonic, role);
    }

    /// Records inbound traffic that is not a text message, such as a WebSocket ping.
    pub fn touch(&mut self, role: ConnectionRole) {
        self.session.touch(role);
    }

    /// Returns `true` if the connection with this role may be read: there is room for more frames.
    ///
    /// Do not read it otherwise.
    pub fn may_read(&self, role: ConnectionRole) -> bool {
        self.router.can_accept(role)
    }

    /// Returns the number of frames so far that belong to no subscription.
    ///
    /// They are of an unknown kind, or arrived late after an unsubscription.
    pub fn unrouted_frames(&self) -> u64 {
        self.router.unrouted_frames()
    }

    /// Handles a text or binary message received on the connection with this role.
    pub fn message(&mut self, now: ClockReading, role: ConnectionRole, payload: Bytes) {
        self.router.count_frame(now.wall);
        let text = match decode_text::<P>(payload) {
            Ok(text) => text,
            Err((fault, payload)) => {
                let text = String::from_utf8_lossy(&payload).into_owned().into();
                self.unreadable(now, role, fault, text);
                self.session.malformed(now.monotonic, role);
                return self.process_actions(now);
            }
        };
        match self.session.frame(now.monotonic, role, &text) {
            FrameKind::Message { topic } => {
                let epoch = self.session.epoch(role);
                let (router, mut cx) = self.context(now);
                let route = router.routes().find_route(&topic, &mut cx);
                let overlaps = router.overlap().is_active();
                let topic = overlaps.then(|| topic.into_owned());
                let frame = router.frame(text, epoch);
                let outcome = router.message(role, (route, topic), frame, &mut cx);
                return self.delivered(now, role, outcome);
            }
            FrameKind::Malformed(fault) => self.unreadable(now, role, fault, text),
            // A frame of an unknown kind is ignored if it is well-formed.
            FrameKind::Unknown => match P::check(&text) {
                Ok(()) => self.router.count_unrouted(),
                Err(fault) => {
                    self.unreadable(now, role, fault, text);
                    self.session.malformed(now.monotonic, role);
                }
            },
            _ => {}
        }
        self.process_actions(now);
    }

    /// Returns the time at which [`Streams::tick`] must be called.
    pub fn deadline(&self) -> Option<Instant> {
        let deadlines = [
            self.session.deadline(),
            self.router.deadline(),
            self.waiters.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Handles timeouts, dropped subscriptions, and the frame that waits for room.
    ///
    /// Call it when the deadline has passed, and when a reader has closed its buffer or [made
    /// room](crate::TakeOutcome).
    pub fn tick(&mut self, now: ClockReading) {
        if self.session.is_rate_limited() {
            self.waiters.rate_limited(now.monotonic);
        }
        // While nothing is read, silence does not mean that the peer is gone.
        for role in [ConnectionRole::Current, ConnectionRole::Replacement] {
            if !self.may_read(role) {
                self.session.reading_paused(now.monotonic, role);
            }
        }
        self.session.tick(now.monotonic);
        self.remove_closed(now);
        self.time_out(now);
        let (router, mut cx) = self.context(now);
        router.retry(&mut cx);
        self.process_actions(now);
    }

    /// Returns the next output; `None` if there is none.
    pub fn poll(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front()?;
        self.counts.count(&output);
        Some(output)
    }

    /// Returns the counters of the connection so far.
    pub fn stats(&self) -> StreamsStats {
        let frames = self.router.frame_count();
        StreamsStats {
            epoch: self.session.epoch(ConnectionRole::Current),
            frames,
            last_frame_at: (frames > 0).then(|| self.router.last_heard_at()),
            heartbeat: self.session.heartbeat(),
            counts: self.counts,
        }
    }

    /// Returns `true` if [`Streams::poll`] would return an output.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Returns the readers to wake.
    pub fn wakers(&mut self) -> &mut M::Wakers {
        &mut self.wakers
    }

    /// Handles all pending actions of the session, and delivers buffered frames.
    fn process_actions(&mut self, now: ClockReading) {
        loop {
            while let Some((role, action)) = self.session.poll() {
                self.process_action(now, role, action);
            }
            let (router, mut cx) = self.context(now);
            let faults = router.drain_backlog(&mut cx);
            if faults.is_empty() {
                return;
            }
            for fault in faults {
                self.on_malformed(now, ConnectionRole::Current, &fault);
            }
        }
    }

    fn process_action(
        &mut self,
        now: ClockReading,
        role: ConnectionRole,
        action: Action<P::Request>,
    ) {
        let output = match action {
            Action::FetchConnectionInfo => Output::FetchConnectionInfo(role),
            Action::Dial(url) => Output::Dial(role, url),
            Action::Send(frame) => Output::Send(role, frame),
            Action::HangUp { code } => Output::HangUp(role, code),
            Action::TakeOver { is_in_sync } => {
                if !is_in_sync {
                    let topics = self.router.overlap().topics_out_of_sync();
                    self.report_out_of_sync(now, &topics);
                }
                let is_live = self.state == ConnectionState::Live;
                self.router.take_over(is_in_sync && is_live);
                Output::TakeOver
            }
            Action::Emit(event) => return self.on_session_event(now, event),
        };
        self.outputs.push_back(output);
    }

    fn on_session_event(&mut self, now: ClockReading, event: SessionEvent<P::Request>) {
        match event {
            SessionEvent::Open => {
                self.live();
                self.event(LifecycleEvent::Open);
            }
            SessionEvent::Authenticated => self.event(LifecycleEvent::Authenticated),
            SessionEvent::Live { request } => {
                let topic = request.to_string();
                self.event(LifecycleEvent::Response { topic, ok: true });
                let (router, mut cx) = self.context(now);
                router.routes().live(&request, &mut cx);
            }
            SessionEvent::Refused {
                request,
                code,
                message,
            } => {
                let topic = request.to_string();
                self.event(LifecycleEvent::Response {
                    topic: topic.clone(),
                    ok: false,
                });
                let refusal = LifecycleEvent::exception(Some(topic), code, message.clone(), false);
                self.outputs.push_back(Output::Refusal(refusal));
                let (router, mut cx) = self.context(now);
                let unused = router.routes().refused(&request, code, &message, &mut cx);
                self.unsubscribe(now, unused);
            }
            SessionEvent::Postponed {
                request,
                code,
                message,
                delay,
            } => {
                let (router, mut cx) = self.context(now);
                router.routes().postponed(&request, code, &message, &mut cx);
                let message = format!("{message}; retrying in {}", HumanDuration(delay));
                self.exception(Some(request.to_string()), code, message);
            }
            SessionEvent::Lost { cause } => {
                let last_heard_at = self.router.last_heard_at();
                let (router, mut cx) = self.context(now);
                // These frames arrived before the loss, so deliver them before the gap.
                router.deliver_rest(&mut cx);
                let loss = Loss {
                    cause: &cause,
                    last_heard_at,
                };
                router.routes().lost(loss, &mut cx);
                self.set_state(ConnectionState::Connecting);
                self.last_failure = Some(cause);
            }
            SessionEvent::Reconnect {
                cause,
                attempt,
                delay,
            } => {
                self.counts.count_failure(&cause);
                self.last_failure = Some(cause.clone());
                self.event(LifecycleEvent::Reconnect {
                    cause,
                    attempt,
                    delay,
                });
            }
            SessionEvent::Reconnected { down_for, refused } => {
                self.live();
                self.event(LifecycleEvent::Reconnected { down_for, refused });
            }
            SessionEvent::Rotated { took } => {
                self.live();
                self.event(LifecycleEvent::Rotated { took });
                self.answer_rotations(&Ok(()));
            }
            SessionEvent::OverlapBegan => self.router.overlap().begin(),
            SessionEvent::ReplacementLive { request } => {
                let is_of = |topic: &str| P::match_topic(&request, topic) != TopicMatch::None;
                self.router.overlap().replacement_live(now.monotonic, is_of);
                self.compare(now);
            }
            SessionEvent::OverlapEnded => {
                let missing = self.router.end_overlap();
                self.report_out_of_sync(now, &missing);
            }
            SessionEvent::RotationFailed(failure) => {
                self.counts.count_failure(&failure);
                self.router.overlap().end();
                let message = format!("rotation failed: {failure}");
                self.exception(None, failure.code.as_deref(), message);
                self.answer_rotations(&Err(RotateError::Failed(failure)));
            }
            SessionEvent::Exception { code, message } => self.exception(None, code, message),
            SessionEvent::Ended { .. } => self.answer_unsubscribed(),
            SessionEvent::Closed(reason) => {
                if let CloseReason::Failed(failure) = &reason {
                    self.counts.count_failure(failure);
                }
                self.closed(now, reason);
            }
        }
    }

    fn live(&mut self) {
        self.set_state(ConnectionState::Live);
        self.last_failure = None;
        for ticket in self.waiters.take_live() {
            self.answer(ticket, Answer::Live(Ok(())));
        }
    }

    /// Reports a gap on topics whose events differed on the two connections of a rotation.
    fn report_out_of_sync(&mut self, now: ClockReading, topics: &[Box<str>]) {
        // If the connection was lost, every topic has a gap already.
        if topics.is_empty() || self.state != ConnectionState::Live {
            return;
        }
        let message = "both connections of a rotation delivered different events";
        let cause = &Failure::new(FailureStage::Live, RetryPolicy::Transient, message);
        let last_heard_at = self.router.last_heard_at();
        let loss = Loss {
            cause,
            last_heard_at,
        };
        let (router, mut cx) = self.context(now);
        router.routes().out_of_sync(topics, loss, &mut cx);
    }

    fn closed(&mut self, now: ClockReading, reason: CloseReason) {
        if let CloseReason::Failed(failure) = &reason {
            let code = failure.code.as_deref();
            let message = failure.to_string();
            self.event(LifecycleEvent::exception(None, code, message, true));
        }
        self.event(LifecycleEvent::Close {
            reason: reason.clone(),
        });
        // Set the state before answering: a caller on another thread may read it at once.
        self.set_state(ConnectionState::Closed(reason.clone()));
        let closed = || ClosedError {
            reason: reason.clone(),
        };
        self.answer_rotations(&Err(closed().into()));
        let (router, mut cx) = self.context(now);
        router.deliver_rest(&mut cx);
        router.routes().end(&reason, &mut cx);
        for ticket in self.waiters.take_live() {
            self.answer(ticket, Answer::Live(Err(closed().into())));
        }
        self.answer_unsubscribed();
    }

    /// Does the follow-up work after a frame was delivered.
    fn delivered(
        &mut self,
        now: ClockReading,
        role: ConnectionRole,
        outcome: Result<(), WireError>,
    ) {
        if self.router.overlap().is_active() {
            self.compare(now);
            if role == ConnectionRole::Replacement && !self.may_read(role) {
                self.session.buffer_full(now.monotonic);
            }
            self.process_actions(now);
        }
        if let Err(fault) = outcome {
            self.on_malformed(now, role, &fault);
            self.process_actions(now);
        }
        if self.router.routes().take_removal_due() {
            self.remove_closed(now);
            self.process_actions(now);
        }
    }

    /// Reports to the session whether both connections of a rotation are in sync.
    fn compare(&mut self, now: ClockReading) {
        let is_in_sync = self.router.overlap().is_in_sync();
        self.session.set_in_sync(now.monotonic, is_in_sync);
    }

    /// Reports an unreadable frame by a lifecycle event, and by a gap on every stream.
    ///
    /// Every stream gets the gap because the frame may belong to any topic.
    fn unreadable(
        &mut self,
        now: ClockReading,
        role: ConnectionRole,
        fault: WireError,
        text: ByteString,
    ) {
        self.report_malformed(&fault);
        let (router, mut cx) = self.context(now);
        router.unreadable(role, text, fault, &mut cx);
        self.delivered(now, role, Ok(()));
    }

    /// Handles a data frame that turned out to be malformed.
    fn on_malformed(&mut self, now: ClockReading, role: ConnectionRole, fault: &WireError) {
        self.report_malformed(fault);
        self.session.malformed(now.monotonic, role);
    }

    fn report_malformed(&mut self, fault: &WireError) {
        let message = format!("malformed frame: {fault}");
        self.exception(None, None::<i64>, message);
    }

    /// Unsubscribes topics that have no subscription left.
    fn remove_closed(&mut self, now: ClockReading) {
        let unused = self.router.routes().remove_closed(&mut self.wakers);
        self.unsubscribe(now, unused);
    }

    fn unsubscribe(&mut self, now: ClockReading, requests: Vec<P::Request>) {
        for request in requests {
            self.session.unsubscribe(now.monotonic, &request);
        }
    }

    /// Answers the callers whose timeout has passed. Waiting for dial and message limits does not count.
    fn time_out(&mut self, now: ClockReading) {
        let deadlines = [self.router.routes().deadline(), self.waiters.deadline()];
        if deadlines
            .into_iter()
            .flatten()
            .all(|deadline| deadline > now.monotonic)
        {
            return;
        }
        let last = self.last_failure.clone().or_else(|| {
            let stage = self.session.stage()?;
            let message = format!("the exchange does not answer (stage: {stage})");
            Some(Failure::new(stage, RetryPolicy::Transient, message))
        });
        let rate_limited_until = self.waiters.rate_limited_until();
        let (router, mut cx) = self.context(now);
        let unused = router
            .routes()
            .time_out(last.as_ref(), rate_limited_until, &mut cx);
        self.unsubscribe(now, unused);
        let limit = self.waiters.limit();
        for ticket in self.waiters.take_overdue(now.monotonic) {
            let cause = last.clone();
            let error = SubscribeError::TimedOut { limit, cause };
            self.answer(ticket, Answer::Live(Err(error)));
        }
    }

    fn answer_rotations(&mut self, outcome: &Result<(), RotateError>) {
        for ticket in self.waiters.take_rotated() {
            self.answer(ticket, Answer::Rotated(outcome.clone()));
        }
    }

    /// Answers callers whose unsubscriptions are all answered.
    fn answer_unsubscribed(&mut self) {
        if !self.waiters.has_unsubscribe_waiters() {
            return;
        }
        let is_open = !matches!(self.state, ConnectionState::Closed(_));
        let pending: HashSet<String> = self.session.unsubscribing().collect();
        let is_pending = |topic: &str| is_open && pending.contains(topic);
        for ticket in self.waiters.take_unsubscribed(is_pending) {
            self.answer(ticket, Answer::Unsubscribed);
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.outputs.push_back(Output::Answer(ticket, answer));
    }

    fn exception(&mut self, topic: Option<String>, code: Option<impl ToString>, message: String) {
        self.event(LifecycleEvent::exception(topic, code, message, false));
    }

    fn event(&mut self, event: LifecycleEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn set_state(&mut self, state: ConnectionState) {
        if self.state != state {
            self.state = state.clone();
            self.outputs.push_back(Output::State(state));
        }
    }

    /// Returns the frame router and the context of one delivery.
    #[inline]
    fn context(&mut self, now: ClockReading) -> (&mut FrameRouter<P, M>, DeliveryContext<'_, M>) {
        let cx = DeliveryContext {
            now,
            epoch: self.session.epoch(ConnectionRole::Current),
            wakers: &mut self.wakers,
            outputs: &mut self.outputs,
        };
        (&mut self.router, cx)
    }
}
