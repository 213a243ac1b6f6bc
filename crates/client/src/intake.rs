//! What becomes of what comes in: commands, results of attempts, messages, passed deadlines.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use bytestring::ByteString;
use kucoin_streams_session::{Disposition, Failure, Input, Severity, Side};
use kucoin_streams_transport::{Connect, Message, ReadError};
use kucoin_streams_wire::{ConnectionKind, ConnectionSource, Protocol, Timestamp, WireError};
use tokio::time::Instant;

use crate::destinations::Way;
use crate::driver::{Command, Driver, HeldUp, RequestOf, Woken, wall_clock};
use crate::feed::Identity;
use crate::handover::Pushed;
use crate::line::{self, Attempt};
use crate::link::Link;
use crate::queue::Frame;
use crate::routes::{Undelivered, WhenFull};
use crate::waiting::{Waiting, far};
use crate::{ConnectionState, LifecycleEvent, RotateError, SubscribeError, failure};

/// Frames that are taken in one go before the task looks at anything else, and lets their readers run: so many are
/// still in the fastest memory then, and none waits for long.
const BATCH: usize = 64;

impl<K: ConnectionKind, S: ConnectionSource, C: Connect> Driver<K, S, C> {
    pub(crate) fn take(&mut self, woken: Woken<K, C>) {
        let now = Instant::now().into_std();
        match woken {
            Woken::Command(Some(command)) => self.command(command),
            // Every handle and every subscription is gone.
            Woken::Command(None) => self.session.shut(now),
            Woken::Line(side, event) => self.line_event(now, side, event),
            Woken::Stirred => self.stirred(),
        }
    }

    fn line_event(&mut self, now: std::time::Instant, side: Side, event: line::Event<C>) {
        let input = match event {
            line::Event::Admitted => return self.fetch(now, side),
            line::Event::Fetched(fetched) => {
                let fetched = fetched.map_err(|error| failure::of_source(&error));
                Input::ConnectionInfo(fetched)
            }
            line::Event::Dialled(Ok((reader, writer))) => {
                self.line(side).link = Some(Link::new(reader, writer));
                Input::Dialled(Ok(()))
            }
            line::Event::Dialled(Err((error, server))) => {
                Input::Dialled(Err(failure::of_connect(&error, &server)))
            }
            line::Event::WriteFailed(error) => {
                self.line(side).link = None;
                Input::Lost(failure::of_write(&error))
            }
            line::Event::Read(message) => return self.read(side, message),
        };
        self.session.handle(now, side, input);
    }

    fn sweep(&mut self, now: std::time::Instant) {
        for request in self.routes.sweep() {
            self.session.unsubscribe(now, &request);
        }
    }

    fn fetch(&mut self, now: std::time::Instant, side: Side) {
        self.session.fetch_begins(now, side);
        let source = Arc::clone(&self.source);
        let fetch = async move { source.connection_info(K::WS_KEY).await };
        self.line(side).attempt = Attempt::Fetching(Box::pin(fetch));
    }

    fn command(&mut self, command: Command<RequestOf<K>>) {
        let now = Instant::now().into_std();
        match command {
            Command::WaitLive(reply) if *self.state.borrow() == ConnectionState::Live => {
                drop(reply.send(Ok(())));
            }
            Command::WaitLive(reply) => {
                let deadline = far(Instant::now(), self.connect_timeout);
                self.live_waiters.push((deadline, reply));
                self.session.open(now);
            }
            Command::Subscribe {
                requests,
                queue,
                identify,
                on_refusal,
                reply,
            } => {
                // What was let go meanwhile gives its place to what is asked for.
                self.sweep(now);
                queue.begin(self.frames);
                let waiting = Waiting::new(&requests, on_refusal, self.connect_timeout, reply);
                self.routes.add(requests.clone(), queue, identify, waiting);
                for request in requests {
                    self.session.subscribe(now, request.clone());
                    if self.session.is_ended(&request) {
                        self.routes.hold_back(&request);
                    }
                    if self.session.holds(&request) {
                        self.routes
                            .live(&request, wall_clock(), self.session.epoch(Side::Serving));
                    }
                }
            }
            Command::Rotate(reply) => match self.session.rotate(now) {
                true => self.hand_over.ask(reply),
                false => drop(reply.send(Err(RotateError::NotLive))),
            },
            Command::Close(done) => {
                self.closing.push(done);
                self.session.shut(now);
            }
        }
    }

    /// Does what is due: the session's deadlines, subscriptions that were dropped, a frame that was held up.
    fn stirred(&mut self) {
        let now = Instant::now();
        if self.serving.is_waiting() || self.session.is_pacing() {
            self.excused_at = Some(now);
        }
        for side in [Side::Serving, Side::Successor] {
            if self.line(side).is_waiting() {
                self.session.fetch_begins(now.into_std(), side);
            }
        }
        // Not the peer is silent: we do not listen.
        if self.held_up.is_some() || !self.hand_over.backlog.is_empty() {
            self.session.not_listening(now.into_std(), Side::Serving);
        }
        if self.hand_over.overlap.is_full() {
            self.session.not_listening(now.into_std(), Side::Successor);
        }
        self.session.tick(now.into_std());
        self.sweep(now.into_std());
        self.time_out(now);
        if let Some(held) = self.held_up.take() {
            let HeldUp {
                topic,
                frame,
                until,
            } = held;
            // Who unsubscribed while it waited does not miss it.
            let when_full = match now >= until {
                true => WhenFull::Miss,
                false => WhenFull::Wait,
            };
            let way = self.routes.way(&topic);
            if let Err(Undelivered::NoRoom(frame, _)) = self.routes.deliver(way, frame, when_full) {
                self.held_up = Some(HeldUp {
                    topic,
                    frame,
                    until,
                });
            }
        }
    }

    /// Answers the callers that have waited long enough. Neither the line of dials nor the pace of requests counts.
    fn time_out(&mut self, now: Instant) {
        let deadline = self.routes.deadline();
        if self.live_waiters.is_empty() && deadline.is_none_or(|deadline| deadline > now) {
            return;
        }
        let last = self.last_failure.clone().or_else(|| {
            let stage = self.session.stage()?;
            let message = format!("the exchange does not answer (stage: {stage})");
            Some(Failure::new(stage, Severity::Transient, message))
        });
        let orphans = self
            .routes
            .time_out(now, wall_clock(), last.as_ref(), self.excused_at);
        for request in orphans {
            self.session.unsubscribe(now.into_std(), &request);
        }
        let excused = self.excused_at.map(|at| far(at, self.connect_timeout));
        for (deadline, reply) in std::mem::take(&mut self.live_waiters) {
            let deadline = excused.map_or(deadline, |excused| deadline.max(excused));
            if deadline > now {
                self.live_waiters.push((deadline, reply));
            } else {
                let (limit, cause) = (self.connect_timeout, last.clone());
                drop(reply.send(Err(SubscribeError::TimedOut { limit, cause })));
            }
        }
    }

    /// Hands on what was kept of a connection before it served, as far as there is room.
    pub(crate) fn work_off(&mut self) {
        while self.held_up.is_none()
            && let Some(Pushed { topic, frame }) = self.hand_over.backlog.pop_front()
        {
            match topic {
                Some(topic) => {
                    let way = self.routes.way(&topic);
                    self.hand_on(way, frame);
                }
                None => self.routes.deliver_unread(&frame),
            }
        }
    }

    /// Takes a message, and those that are there already behind it.
    fn read(&mut self, side: Side, first: Result<Message, ReadError>) {
        let now = Instant::now().into_std();
        let mut next = first;
        let mut context = Context::from_waker(Waker::noop());
        for left in (0..BATCH).rev() {
            match next {
                Ok(Message::Text(payload) | Message::Binary(payload)) => {
                    self.frame(now, side, payload);
                }
                Ok(Message::Ping(payload)) => {
                    self.session.touch(side);
                    if let Some(link) = &mut self.line(side).link {
                        link.pong(payload);
                    }
                }
                Ok(Message::Close(frame)) => {
                    let failure = failure::of_close(frame.as_ref());
                    if let Some(link) = &mut self.line(side).link {
                        link.close_code = Some(frame.map_or(1000, |frame| frame.code));
                    }
                    return self.session.handle(now, side, Input::Lost(failure));
                }
                Ok(_) => self.session.touch(side),
                Err(error) => {
                    let line = self.line(side);
                    match (error.close_code(), &mut line.link) {
                        (Some(code), Some(link)) => link.close_code = Some(code),
                        _ => line.link = None,
                    }
                    let lost = Input::Lost(failure::of_read(&error));
                    return self.session.handle(now, side, lost);
                }
            }
            if side == Side::Successor && self.hand_over.overlap.is_full() {
                return self.session.hurry(now);
            }
            // What a hand-over changes is for the next look at everything.
            if self.carry_out() || self.held_up.is_some() {
                return;
            }
            if left == 0 {
                self.gives_way = true;
                return;
            }
            let Some(link) = &mut self.line(side).link else {
                return;
            };
            // A waker that does nothing is enough: what is pending is polled again before the task sleeps.
            match link.poll_read(&mut context) {
                Poll::Ready(message) => next = message,
                Poll::Pending => return,
            }
        }
    }

    fn frame(&mut self, now: std::time::Instant, side: Side, payload: Bytes) {
        self.frames += 1;
        let received_at = wall_clock();
        self.last_heard_at = received_at;
        let text = match text_of::<K::Protocol>(payload) {
            Ok(text) => text,
            Err((error, payload)) => {
                let text = String::from_utf8_lossy(&payload).into_owned().into();
                self.unread(now, side, error, text, received_at);
                return self.session.malformed(now, side);
            }
        };
        match self.session.frame(now, side, &text) {
            Disposition::Message { topic } => {
                let way = self.routes.way(&topic);
                if self.hand_over.overlap.is_active() {
                    let topic = topic.into_owned();
                    let frame = self.of_side(side, text, received_at);
                    self.overlapping(now, side, Some((way, &topic)), frame);
                } else if side == Side::Serving {
                    let frame = self.of_side(side, text, received_at);
                    self.hand_on(way, frame);
                }
            }
            Disposition::Malformed(error) => self.unread(now, side, error, text, received_at),
            Disposition::Unknown => match K::Protocol::check(&text) {
                Ok(()) => tracing::debug!("frame of an unknown kind"),
                Err(error) => {
                    self.unread(now, side, error, text, received_at);
                    self.session.malformed(now, side);
                }
            },
            _ => {}
        }
    }

    fn of_side(&self, side: Side, text: ByteString, received_at: Timestamp) -> Frame {
        Frame {
            text,
            received_at,
            epoch: self.session.epoch(side),
            number: self.frames,
            fault: None,
        }
    }

    /// Takes a frame while two connections bring the same: each event is delivered once. `topic` is `None` if it
    /// cannot be read.
    fn overlapping(
        &mut self,
        now: std::time::Instant,
        side: Side,
        topic: Option<(Way, &str)>,
        frame: Frame,
    ) {
        let identity = match topic {
            Some((way, _)) => self.routes.identity(way, &frame.text),
            None => Identity::Key(frame.text.as_bytes().to_vec()),
        };
        let key = match &identity {
            Identity::Key(key) => Some(&key[..]),
            Identity::None | Identity::Other => None,
        };
        let name = topic.map(|(_, topic)| topic);
        let overlap = &mut self.hand_over.overlap;
        let (is_delivered, is_duplicate) = match side {
            Side::Serving => {
                let mut duplicates = false;
                let is_new = overlap.serving(now, name, key, |_| duplicates = true);
                (is_new, duplicates || !is_new)
            }
            Side::Successor => {
                let bytes = frame.text.len();
                let kept = overlap.successor(now, name, key, bytes, frame.clone());
                (false, kept.is_err())
            }
        };
        let is_even = overlap.is_even();
        if let Some((way, _)) = topic.filter(|_| is_duplicate) {
            self.routes.count_duplicate(way);
        }
        if is_delivered {
            match topic {
                Some((way, _)) => self.hand_on(way, frame),
                None => self.routes.deliver_unread(&frame),
            }
        }
        self.session.overlap_is_even(now, is_even);
    }

    /// Hands a frame to its subscriptions, or keeps it for a moment where one of them has no room.
    fn hand_on(&mut self, way: Way, frame: Frame) {
        match self.routes.deliver(way, frame, WhenFull::Wait) {
            Ok(()) => {}
            Err(Undelivered::Nobody(frame)) => self.nobodys(frame),
            Err(Undelivered::NoRoom(frame, pause)) if pause.is_zero() => {
                drop(self.routes.deliver(way, frame, WhenFull::Miss));
            }
            Err(Undelivered::NoRoom(frame, pause)) => {
                self.held_up = Some(HeldUp {
                    topic: self.routes.topic_of(way).unwrap_or_default().to_owned(),
                    frame,
                    until: Instant::now() + pause,
                });
            }
        }
    }

    /// A frame of a topic that nobody is subscribed to: late after an unsubscription, or broken so that it shows
    /// another topic than its own.
    fn nobodys(&mut self, mut frame: Frame) {
        let Err(fault) = K::Protocol::check(&frame.text) else {
            self.unrouted += 1;
            tracing::trace!(total = self.unrouted, "event of no subscription");
            return;
        };
        self.tell_unread(&fault, frame.received_at);
        frame.fault = Some(Box::new(fault));
        self.routes.deliver_unread(&frame);
        self.session
            .malformed(Instant::now().into_std(), Side::Serving);
    }

    /// A frame that is not of the protocol may be an event of any topic: every stream reports it in its place, and the
    /// lifecycle stream once.
    fn unread(
        &mut self,
        now: std::time::Instant,
        side: Side,
        fault: WireError,
        text: ByteString,
        received_at: Timestamp,
    ) {
        self.tell_unread(&fault, received_at);
        let mut frame = self.of_side(side, text, received_at);
        frame.fault = Some(Box::new(fault));
        match self.hand_over.overlap.is_active() {
            true => self.overlapping(now, side, None, frame),
            false if side == Side::Serving => self.routes.deliver_unread(&frame),
            false => {}
        }
    }

    fn tell_unread(&self, fault: &WireError, received_at: Timestamp) {
        let event = LifecycleEvent::Exception {
            topic: None,
            code: None,
            message: format!("a frame is not of the protocol: {fault}"),
            fatal: false,
        };
        self.lifecycle.send(K::WS_KEY, received_at, event);
    }
}

/// The text of a payload, which is checked once; it goes along with the frame to where it is decoded.
fn text_of<P: Protocol>(payload: Bytes) -> Result<ByteString, (WireError, Bytes)> {
    if payload.first() == Some(&b'{')
        && let Ok(text) = ByteString::try_from(payload.clone())
    {
        return Ok(text);
    }
    match P::text(&payload) {
        Ok(text) => Ok(ByteString::from(text.into_owned())),
        Err(error) => Err((error, payload)),
    }
}
