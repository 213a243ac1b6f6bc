//! Task of one connection: does the I/O and the timers for [`Streams`], which makes all decisions.

mod clock;
mod slot;
mod socket;

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use kucoin_streams_core::{ConnectionKind, DynConnectionSource, Protocol, RetryPolicy, Timestamp};
use kucoin_streams_session::{
    Answer, ClockReading, ConnectionRole, ConnectionState, Failure, FailureStage, GapReason, Input,
    Output, RotateError, Streams, Subscribe, SubscribeError, Subscribed, Ticket,
};
use kucoin_streams_transport::{DynConnect, Message, ReadError};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, Sleep};

use self::clock::ClockTimer;
use self::slot::{Attempt, Slot, SlotEvent, ended};
use crate::LifecycleSender;
use crate::dial_limiter::ConnectionDialLimiter;
use crate::queue::QueueMailbox;
use crate::stats::{ConnectionMeter, PublishedStats};

/// Maximum number of frames handled before other work and readers run: few enough for the CPU cache.
const BATCH: usize = 64;

/// The request type of a connection kind.
pub(crate) type RequestOf<K> = <<K as ConnectionKind>::Protocol as Protocol>::Request;

/// Channel for the answer to a command.
pub(crate) type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// Command that a handle sends to the task.
pub(crate) enum Command<R> {
    Subscribe(
        Subscribe<R, QueueMailbox>,
        Reply<Subscribed, SubscribeError>,
    ),
    WaitLive(Reply<(), SubscribeError>),
    Rotate(Reply<(), RotateError>),
    /// Answered when the server has answered the unsubscriptions of these topics.
    WaitUnsubscribed(Vec<Arc<str>>, oneshot::Sender<()>),
    /// Answered when the connection is closed.
    Close(oneshot::Sender<()>),
}

/// Caller that waits for the answer with a ticket.
enum Caller {
    Subscribe(Reply<Subscribed, SubscribeError>),
    WaitLive(Reply<(), SubscribeError>),
    Rotate(Reply<(), RotateError>),
    WaitUnsubscribed(oneshot::Sender<()>),
}

/// Channels that report events and the state of the connection to the user.
pub(crate) struct Observers {
    pub(crate) lifecycle: LifecycleSender,
    pub(crate) state: watch::Sender<ConnectionState>,
    pub(crate) meter: Arc<ConnectionMeter>,
}

/// Everything needed to dial: the source of connection information, the transport, and the dial limits.
#[derive(Clone)]
pub(crate) struct Dialler {
    pub(crate) source: Arc<dyn DynConnectionSource>,
    pub(crate) connect: Arc<dyn DynConnect>,
    /// Limits on all dials of the connection.
    pub(crate) dial_limiter: ConnectionDialLimiter,
}

/// State of the task of one connection.
pub(crate) struct Driver<K: ConnectionKind> {
    streams: Streams<K::Protocol, QueueMailbox>,
    dialler: Dialler,
    observers: Observers,
    commands: mpsc::Receiver<Command<RequestOf<K>>>,
    wake: Arc<Notify>,
    callers: HashMap<Ticket, Caller>,
    closers: Vec<oneshot::Sender<()>>,
    /// Socket of the current connection.
    current: Slot,
    /// Socket of the replacement connection in a rotation.
    replacement: Slot,
    /// Connections being closed.
    closing: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Number of frames without a subscription that were logged.
    unrouted: u64,
    /// Connection to read first, so that a flood on one does not starve the other.
    read_first: ConnectionRole,
    /// `true` if there is more to read, but other tasks run first.
    yield_next: bool,
    published: PublishedStats,
    clock: ClockTimer,
}

/// Reason why the task woke.
enum Wake<R> {
    Command(Option<Command<R>>),
    Slot(ConnectionRole, SlotEvent),
    /// A deadline passed, or a reader made room or was dropped.
    Timer,
}

impl<K: ConnectionKind> Driver<K> {
    pub(crate) fn new(
        streams: Streams<K::Protocol, QueueMailbox>,
        dialler: Dialler,
        observers: Observers,
        commands: mpsc::Receiver<Command<RequestOf<K>>>,
        wake: Arc<Notify>,
    ) -> Self {
        Self {
            streams,
            dialler,
            observers,
            commands,
            wake,
            callers: HashMap::new(),
            closers: Vec::new(),
            current: Slot::default(),
            replacement: Slot::default(),
            closing: Vec::new(),
            unrouted: 0,
            read_first: ConnectionRole::Current,
            yield_next: false,
            published: PublishedStats::default(),
            clock: ClockTimer::default(),
        }
    }

    /// Runs until the connection is closed.
    pub(crate) async fn run(mut self) {
        let wake = self.wake.clone();
        let mut notified = Box::pin(wake.notified());
        let mut sleep = Box::pin(tokio::time::sleep_until(Instant::now()));
        let mut handles_gone = false;
        loop {
            self.carry_out();
            if self.streams.is_closed() {
                break;
            }
            let woken = poll_fn(|context| {
                self.poll(context, notified.as_mut(), sleep.as_mut(), handles_gone)
            });
            match woken.await {
                Wake::Command(Some(command)) => self.command(command),
                // All handles and subscriptions are dropped.
                Wake::Command(None) => {
                    handles_gone = true;
                    self.streams.close(now());
                }
                Wake::Slot(role, event) => self.event(role, event),
                Wake::Timer => {
                    notified.set(wake.notified());
                    self.tick();
                }
            }
        }
        // Each has a timeout of its own, and all run concurrently.
        poll_fn(|context| match self.poll_closing(context) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        for done in self.closers.drain(..) {
            let _ = done.send(());
        }
    }

    /// Polls all sources of work. Reading comes last, so that a flood of frames starves nothing else.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        notified: Pin<&mut tokio::sync::futures::Notified<'_>>,
        mut sleep: Pin<&mut Sleep>,
        handles_gone: bool,
    ) -> Poll<Wake<RequestOf<K>>> {
        if std::mem::take(&mut self.yield_next) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if !handles_gone && let Poll::Ready(command) = self.commands.poll_recv(context) {
            return Poll::Ready(Wake::Command(command));
        }
        if notified.poll(context).is_ready() {
            return Poll::Ready(Wake::Timer);
        }
        let deadlines = [self.streams.deadline(), self.clock.deadline()];
        if let Some(deadline) = deadlines.into_iter().flatten().min().map(Instant::from_std) {
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            if sleep.poll(context).is_ready() {
                return Poll::Ready(Wake::Timer);
            }
        }
        self.poll_closing(context);
        if let Some(clock) = self.clock.poll(context) {
            self.observers.meter.set_clock(clock);
        }
        for role in [ConnectionRole::Current, ConnectionRole::Replacement] {
            if let Poll::Ready(event) = self.slot(role).poll_work(context) {
                return Poll::Ready(Wake::Slot(role, event));
            }
        }
        for role in [self.read_first, other(self.read_first)] {
            if self.streams.may_read(role)
                && let Poll::Ready(message) = self.slot(role).poll_read(context)
            {
                self.read_first = other(role);
                return Poll::Ready(Wake::Slot(role, SlotEvent::Read(message)));
            }
        }
        Poll::Pending
    }

    /// Polls the connections being closed. Returns `true` if all are closed.
    fn poll_closing(&mut self, context: &mut Context<'_>) -> bool {
        self.closing
            .retain_mut(|close| close.as_mut().poll(context).is_pending());
        self.closing.is_empty()
    }

    fn command(&mut self, command: Command<RequestOf<K>>) {
        let (ticket, caller) = match command {
            Command::Subscribe(subscribe, reply) => {
                let ticket = self.streams.subscribe(now(), subscribe);
                (ticket, Caller::Subscribe(reply))
            }
            Command::WaitLive(reply) => (self.streams.wait_live(now()), Caller::WaitLive(reply)),
            Command::Rotate(reply) => (self.streams.rotate(now()), Caller::Rotate(reply)),
            Command::WaitUnsubscribed(topics, done) => (
                self.streams.wait_unsubscribed(now(), topics),
                Caller::WaitUnsubscribed(done),
            ),
            Command::Close(done) => {
                self.closers.push(done);
                return self.streams.close(now());
            }
        };
        self.callers.insert(ticket, caller);
    }

    fn event(&mut self, role: ConnectionRole, event: SlotEvent) {
        match event {
            SlotEvent::DialAllowed => {
                self.streams.fetch_started(now(), role);
                let source = Arc::clone(&self.dialler.source);
                let fetch = async move { source.connection_info_boxed(K::WS_KEY).await };
                self.slot(role).attempt(Attempt::Fetching(Box::pin(fetch)));
            }
            SlotEvent::Outcome(input) => self.streams.handle(now(), role, input),
            SlotEvent::Read(message) => self.read(role, message),
        }
    }

    /// Handles a message, then all further messages that are ready.
    fn read(&mut self, role: ConnectionRole, first: Result<Message, ReadError>) {
        let ClockReading { monotonic, .. } = now();
        let mut next = first;
        let mut context = Context::from_waker(Waker::noop());
        let mut left = BATCH;
        loop {
            match next {
                Ok(Message::Text(payload) | Message::Binary(payload)) => {
                    self.published.bytes_received += payload.len() as u64;
                    let now = ClockReading::new(monotonic, wall_clock());
                    self.streams.message(now, role, payload);
                }
                Ok(Message::Ping(payload)) => {
                    self.published.bytes_sent += payload.len() as u64;
                    self.streams.touch(role);
                    self.slot(role).pong(payload);
                }
                end @ (Ok(Message::Close(_)) | Err(_)) => {
                    let (failure, close_code) = ended(end);
                    self.slot(role).end(close_code);
                    return self.streams.handle(now(), role, Input::Lost(failure));
                }
                Ok(_) => self.streams.touch(role),
            }
            if self.streams.has_output() || !self.streams.may_read(role) {
                return;
            }
            left -= 1;
            if left == 0 {
                self.yield_next = true;
                return;
            }
            // A no-op waker suffices: the reader is polled again before the task sleeps.
            match self.slot(role).poll_read(&mut context) {
                Poll::Ready(message) => next = message,
                Poll::Pending => return,
            }
        }
    }

    fn tick(&mut self) {
        for role in [ConnectionRole::Current, ConnectionRole::Replacement] {
            if self.slot(role).is_waiting() {
                self.streams.dial_queued(now(), role);
            }
        }
        let now = now();
        self.streams.tick(now);
        if *self.streams.state() == ConnectionState::Live && self.observers.meter.needs_clock() {
            self.clock.start(now.monotonic);
        }
        let source = &self.dialler.source;
        self.clock.on_timer(now.monotonic, source, K::WS_KEY);
    }

    /// Carries out all outputs, then wakes the readers.
    fn carry_out(&mut self) {
        while let Some(output) = self.streams.poll() {
            match output {
                Output::FetchConnectionInfo(role) => {
                    let turn = Box::pin(self.dialler.dial_limiter.clone().acquire());
                    self.slot(role).attempt(Attempt::Waiting(turn));
                }
                Output::Dial(role, url) => {
                    let connect = Arc::clone(&self.dialler.connect);
                    let dial = async move {
                        let dialled = connect.connect_boxed(url.expose()).await;
                        dialled.map_err(|error| (error, url.authority().to_owned()))
                    };
                    self.slot(role).attempt(Attempt::Dialling(Box::pin(dial)));
                }
                Output::Send(role, frame) => {
                    self.published.bytes_sent += frame.len() as u64;
                    self.slot(role).send(frame);
                }
                Output::HangUp(role, code) => {
                    let slot = std::mem::take(self.slot(role));
                    self.hang_up(slot, code);
                }
                Output::TakeOver => {
                    let replacement = std::mem::take(&mut self.replacement);
                    let before = std::mem::replace(&mut self.current, replacement);
                    self.hang_up(before, 1000);
                }
                report => self.report(report),
            }
        }
        let unrouted = self.streams.unrouted_frames();
        if std::mem::replace(&mut self.unrouted, unrouted) < unrouted {
            tracing::debug!(total = unrouted, "frames without a subscription");
        }
        // Before readers are woken, so that what they read is counted.
        let stats = self.streams.stats();
        self.observers.meter.publish(&stats, &mut self.published);
        self.streams.wakers().wake_all();
    }

    fn hang_up(&mut self, slot: Slot, code: u16) {
        if let Some(close) = slot.hang_up(code) {
            self.closing.push(Box::pin(close));
        }
    }

    fn slot(&mut self, role: ConnectionRole) -> &mut Slot {
        match role {
            ConnectionRole::Current => &mut self.current,
            ConnectionRole::Replacement => &mut self.replacement,
        }
    }
}

impl<K: ConnectionKind> Driver<K> {
    /// Closes the connection because its task cannot run.
    pub(crate) fn cannot_start(mut self, error: &std::io::Error) {
        let message = format!("cannot start the connection thread: {error}");
        let failure = Failure::new(FailureStage::Dial, RetryPolicy::Fatal, message);
        self.abort(match kucoin_streams_core::remedy(error, None) {
            Some(remedy) => failure.with_remedy(remedy),
            None => failure,
        });
    }

    /// Closes the connection at once, unless it is closed already.
    fn abort(&mut self, failure: Failure) {
        self.streams.abort(now(), failure);
        while let Some(output) = self.streams.poll() {
            self.report(output);
        }
        self.streams.wakers().wake_all();
    }

    /// Sends an output to the user or the caller; a caller that no longer waits is ignored.
    fn report(&mut self, output: Output) {
        match output {
            Output::State(state) => {
                if state == ConnectionState::Live && self.observers.meter.needs_clock() {
                    self.clock.start(Instant::now().into_std());
                }
                self.observers.state.send_replace(state);
            }
            Output::Event(event) => self
                .observers
                .lifecycle
                .send(K::WS_KEY, wall_clock(), event),
            Output::Refusal(event) => {
                let lifecycle = &self.observers.lifecycle;
                lifecycle.send_refusal(K::WS_KEY, wall_clock(), event);
            }
            Output::Overflowing(topic) => {
                tracing::warn!(%topic, "slow consumer: its queue is full, events are dropped");
            }
            Output::Gap(gap) => match gap.reason {
                GapReason::Live { .. } => tracing::info!("{gap}"),
                _ => tracing::warn!("{gap}"),
            },
            Output::Answer(ticket, answer) => match (self.callers.remove(&ticket), answer) {
                (Some(Caller::Subscribe(reply)), Answer::Subscribed(outcome)) => {
                    drop(reply.send(outcome));
                }
                (Some(Caller::WaitLive(reply)), Answer::Live(outcome)) => {
                    drop(reply.send(outcome));
                }
                (Some(Caller::Rotate(reply)), Answer::Rotated(outcome)) => {
                    drop(reply.send(outcome));
                }
                (Some(Caller::WaitUnsubscribed(done)), Answer::Unsubscribed) => drop(done.send(())),
                _ => {}
            },
            _ => {}
        }
    }
}

/// If the task is dropped early, by a runtime shutdown or a panic, every stream must end.
impl<K: ConnectionKind> Drop for Driver<K> {
    fn drop(&mut self) {
        let message = "the connection task was dropped: its runtime was shut down, or it panicked";
        self.abort(Failure::new(
            FailureStage::Live,
            RetryPolicy::Fatal,
            message,
        ));
    }
}

fn other(role: ConnectionRole) -> ConnectionRole {
    match role {
        ConnectionRole::Current => ConnectionRole::Replacement,
        ConnectionRole::Replacement => ConnectionRole::Current,
    }
}

/// Reads both clocks.
pub(crate) fn now() -> ClockReading {
    ClockReading::new(Instant::now().into_std(), wall_clock())
}

fn wall_clock() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
