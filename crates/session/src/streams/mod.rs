//! The streams of one connection: its session, its subscriptions, and everything between them.

mod frame_router;
mod output;
mod waiters;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use kucoin_streams_core::{Protocol, RetryPolicy, Rounded, TopicMatch, WireError};

use self::frame_router::{FrameRouter, text_of};
pub use self::output::{ConnectionState, Output, Subscribe, Timeouts};
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

/// The streams of one connection, without IO: a driver feeds them with bytes, outcomes and time, and carries out what
/// they [ask for](Output). Every decision is taken here, from the token to the place of a gap.
///
/// After each call that takes a [`ClockReading`], call [`Streams::poll`] until it gives `None`, then wake the
/// [readers](Streams::wakers).
pub struct Streams<P: Protocol, M: Mailbox> {
    session: RotatingSession<P>,
    router: FrameRouter<P, M>,
    wakers: M::Wakers,
    state: ConnectionState,
    /// Why the last attempt to connect failed, until the connection is live.
    last_failure: Option<Failure>,
    waiters: Waiters,
    outputs: VecDeque<Output>,
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
    /// Streams that do nothing until something is subscribed. The seed feeds the jitter: give each connection of a
    /// process another one.
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
        }
    }

    /// Current state of the connection.
    pub fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// True once everything is over: after the outputs nothing more comes.
    pub fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// Subscribes. [`Answer::Subscribed`] follows.
    pub fn subscribe(&mut self, now: ClockReading, subscribe: Subscribe<P::Request, M>) -> Ticket {
        // What was dropped meanwhile gives its place to what is asked for.
        self.sweep(now);
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
        let frames = router.frames();
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
        self.follow(now);
        ticket
    }

    /// Opens the connection if it is not open, and waits until it is live. [`Answer::Live`] follows.
    pub fn wait_live(&mut self, now: ClockReading) -> Ticket {
        let ticket = self.waiters.ticket();
        if self.state == ConnectionState::Live {
            self.answer(ticket, Answer::Live(Ok(())));
        } else {
            self.waiters.wait_live(now.monotonic, ticket);
            self.session.open(now.monotonic);
            self.follow(now);
        }
        ticket
    }

    /// Replaces the connection by a new one without a gap. [`Answer::Rotated`] follows.
    pub fn rotate(&mut self, now: ClockReading) -> Ticket {
        let ticket = self.waiters.ticket();
        if self.session.rotate(now.monotonic) {
            self.waiters.wait_rotated(ticket);
            self.follow(now);
        } else {
            self.answer(ticket, Answer::Rotated(Err(RotateError::NotLive)));
        }
        ticket
    }

    /// Unsubscribes what no subscription needs any more, and waits until the server has answered the unsubscriptions of
    /// these topics, or the connection is gone. [`Answer::Unsubscribed`] follows.
    pub fn wait_unsubscribed(&mut self, now: ClockReading, topics: Vec<Arc<str>>) -> Ticket {
        let ticket = self.waiters.ticket();
        self.waiters.wait_unsubscribed(ticket, topics);
        self.sweep(now);
        self.follow(now);
        self.answer_unsubscribed();
        ticket
    }

    /// Ends the connection in order: unsubscribes, awaits the answers for a moment, and hangs up.
    pub fn close(&mut self, now: ClockReading) {
        self.session.close(now.monotonic);
        self.follow(now);
    }

    /// Ends everything at once because the driver cannot go on. Nothing is hung up.
    pub fn abort(&mut self, now: ClockReading, failure: Failure) {
        if !matches!(self.state, ConnectionState::Closed(_)) {
            self.closed(now, CloseReason::Failed(failure));
        }
    }

    /// Takes the outcome of an output.
    pub fn handle(&mut self, now: ClockReading, side: ConnectionRole, input: Input) {
        self.session.handle(now.monotonic, side, input);
        self.follow(now);
    }

    /// This side's dial waits for its turn among others, which is held against no one. To be called before each
    /// [`Streams::tick`] while it does.
    pub fn dial_queued(&mut self, now: ClockReading, side: ConnectionRole) {
        if side == ConnectionRole::Current {
            self.waiters.rate_limited(now.monotonic);
        }
        self.session.fetch_started(now.monotonic, side);
    }

    /// The source is being asked from now on.
    pub fn fetch_started(&mut self, now: ClockReading, side: ConnectionRole) {
        self.session.fetch_started(now.monotonic, side);
    }

    /// Notes a sign of life that is no text, such as a WebSocket ping.
    pub fn touch(&mut self, side: ConnectionRole) {
        self.session.touch(side);
    }

    /// True if this side may be read: there is a place for what it brings.
    pub fn may_read(&self, side: ConnectionRole) -> bool {
        self.router.can_accept(side)
    }

    /// The number of frames so far that are no event of a subscription: of an unknown kind, or late after an
    /// unsubscription.
    pub fn unrouted_frames(&self) -> u64 {
        self.router.unrouted_frames()
    }

    /// Takes a text or binary message of this side.
    pub fn message(&mut self, now: ClockReading, side: ConnectionRole, payload: Bytes) {
        self.router.heard(now.wall);
        let text = match text_of::<P>(payload) {
            Ok(text) => text,
            Err((fault, payload)) => {
                let text = String::from_utf8_lossy(&payload).into_owned().into();
                self.unreadable(now, side, fault, text);
                self.session.malformed(now.monotonic, side);
                return self.follow(now);
            }
        };
        match self.session.frame(now.monotonic, side, &text) {
            FrameKind::Message { topic } => {
                let epoch = self.session.epoch(side);
                let (router, mut cx) = self.context(now);
                let route = router.routes().find_route(&topic, &mut cx);
                let overlaps = router.overlap().is_active();
                let topic = overlaps.then(|| topic.into_owned());
                let frame = router.frame(text, epoch);
                let outcome = router.message(side, (route, topic), frame, &mut cx);
                return self.delivered(now, side, outcome);
            }
            FrameKind::Malformed(fault) => self.unreadable(now, side, fault, text),
            // A frame of an unknown kind means nothing, if it is one.
            FrameKind::Unknown => match P::check(&text) {
                Ok(()) => self.router.count_unrouted(),
                Err(fault) => {
                    self.unreadable(now, side, fault, text);
                    self.session.malformed(now.monotonic, side);
                }
            },
            _ => {}
        }
        self.follow(now);
    }

    /// The next moment at which [`Streams::tick`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let deadlines = [
            self.session.deadline(),
            self.router.deadline(),
            self.waiters.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Does what is due: deadlines, subscriptions whose reader is gone, a frame that waits for room. To be called when
    /// the deadline has passed, and when a reader closed its buffer or [made room](crate::TakeOutcome).
    pub fn tick(&mut self, now: ClockReading) {
        if self.session.is_rate_limited() {
            self.waiters.rate_limited(now.monotonic);
        }
        // Not the peer is silent: nothing is read.
        for side in [ConnectionRole::Current, ConnectionRole::Replacement] {
            if !self.may_read(side) {
                self.session.reading_paused(now.monotonic, side);
            }
        }
        self.session.tick(now.monotonic);
        self.sweep(now);
        self.time_out(now);
        let (router, mut cx) = self.context(now);
        router.retry(&mut cx);
        self.follow(now);
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// True if there is something to do.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// The readers to wake.
    pub fn wakers(&mut self) -> &mut M::Wakers {
        &mut self.wakers
    }

    /// Takes everything that the session asks for, and what follows from it.
    fn follow(&mut self, now: ClockReading) {
        loop {
            while let Some((side, action)) = self.session.poll() {
                self.act(now, side, action);
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

    fn act(&mut self, now: ClockReading, side: ConnectionRole, action: Action<P::Request>) {
        let output = match action {
            Action::FetchConnectionInfo => Output::FetchConnectionInfo(side),
            Action::Dial(url) => Output::Dial(side, url),
            Action::Send(frame) => Output::Send(side, frame),
            Action::HangUp { code } => Output::HangUp(side, code),
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
                let orphans = router.routes().refused(&request, code, &message, &mut cx);
                self.unsubscribe(now, orphans);
            }
            SessionEvent::Postponed {
                request,
                code,
                message,
                delay,
            } => {
                let (router, mut cx) = self.context(now);
                router.routes().postponed(&request, code, &message, &mut cx);
                let message = format!("{message}; retrying in {}", Rounded(delay));
                self.exception(Some(request.to_string()), code, message);
            }
            SessionEvent::Lost { cause } => {
                let last_heard_at = self.router.last_heard_at();
                let (router, mut cx) = self.context(now);
                // It came before the loss, so it is delivered before the gap.
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
                self.router.overlap().end();
                let message = format!("no new connection to move to: {failure}");
                self.exception(None, failure.code.as_deref(), message);
                self.answer_rotations(&Err(RotateError::Failed(failure)));
            }
            SessionEvent::Exception { code, message } => self.exception(None, code, message),
            SessionEvent::Ended { .. } => self.answer_unsubscribed(),
            SessionEvent::Closed(reason) => self.closed(now, reason),
        }
    }

    fn live(&mut self) {
        self.set_state(ConnectionState::Live);
        self.last_failure = None;
        for ticket in self.waiters.take_live() {
            self.answer(ticket, Answer::Live(Ok(())));
        }
    }

    /// The topics of which one connection of a rotation brought events that the other did not may miss some.
    fn report_out_of_sync(&mut self, now: ClockReading, topics: &[Box<str>]) {
        // A connection that was lost before has a gap on every topic already.
        if topics.is_empty() || self.state != ConnectionState::Live {
            return;
        }
        let message = "the connections before and after a rotation brought different events";
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
        // Before any answer: a caller on another thread may look at the state at once.
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

    /// After a frame with data: most ask for nothing more.
    fn delivered(
        &mut self,
        now: ClockReading,
        side: ConnectionRole,
        outcome: Result<(), WireError>,
    ) {
        if self.router.overlap().is_active() {
            self.compare(now);
            if side == ConnectionRole::Replacement && !self.may_read(side) {
                self.session.buffer_full(now.monotonic);
            }
            self.follow(now);
        }
        if let Err(fault) = outcome {
            self.on_malformed(now, side, &fault);
            self.follow(now);
        }
        if self.router.routes().take_sweep_due() {
            self.sweep(now);
            self.follow(now);
        }
    }

    /// Tells the session whether both connections of a rotation bring the same.
    fn compare(&mut self, now: ClockReading) {
        let is_in_sync = self.router.overlap().is_in_sync();
        self.session.set_in_sync(now.monotonic, is_in_sync);
    }

    /// A frame that is not of the protocol may be an event of any topic: every stream has a gap in its place, and it is
    /// one lifecycle event.
    fn unreadable(
        &mut self,
        now: ClockReading,
        side: ConnectionRole,
        fault: WireError,
        text: ByteString,
    ) {
        self.report_malformed(&fault);
        let (router, mut cx) = self.context(now);
        router.unreadable(side, text, fault, &mut cx);
        self.delivered(now, side, Ok(()));
    }

    /// A frame that looked like data proved broken.
    fn on_malformed(&mut self, now: ClockReading, side: ConnectionRole, fault: &WireError) {
        self.report_malformed(fault);
        self.session.malformed(now.monotonic, side);
    }

    fn report_malformed(&mut self, fault: &WireError) {
        let message = format!("a frame is not of the protocol: {fault}");
        self.exception(None, None::<i64>, message);
    }

    /// Unsubscribes what no subscription needs any more.
    fn sweep(&mut self, now: ClockReading) {
        let orphans = self.router.routes().sweep(&mut self.wakers);
        self.unsubscribe(now, orphans);
    }

    fn unsubscribe(&mut self, now: ClockReading, requests: Vec<P::Request>) {
        for request in requests {
            self.session.unsubscribe(now.monotonic, &request);
        }
    }

    /// Answers the callers that have waited long enough. Neither the line of dials nor the pace of requests counts.
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
        let orphans = router
            .routes()
            .time_out(last.as_ref(), rate_limited_until, &mut cx);
        self.unsubscribe(now, orphans);
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

    /// Answers those that wait for unsubscriptions of which none is pending any more.
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

    /// The frames and their subscriptions, and what one cx of delivery works with.
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
