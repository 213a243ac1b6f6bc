//! The task of one connection: it moves bytes, sleeps and calls the session, which takes every decision.
//!
//! Here stands what the task owns and what it waits for; `intake` says what becomes of what comes in, `outcome`
//! how the session's actions are carried out.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use kucoin_streams_session::{
    CloseReason, Failure, Overlap, RotatingSession, Severity, Side, Stage,
};
use kucoin_streams_transport::Connect;
use kucoin_streams_wire::{ConnectionKind, ConnectionSource, Protocol, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, Sleep};

use crate::config::NEVER;
use crate::connection::ConnectionState;
use crate::dials::Gate;
use crate::feed::Identify;
use crate::handover::{HandOver, RotateReply};
use crate::line::{self, Line};
use crate::queue::Frame;
use crate::queue::Queue;
use crate::routes::Routes;
use crate::waiting::{OnRefusal, Reply};
use crate::{Config, LifecycleSender, SubscribeError};

/// The request type of a connection kind.
pub(crate) type RequestOf<K> = <<K as ConnectionKind>::Protocol as Protocol>::Request;

/// What a handle asks of the task.
pub(crate) enum Command<R> {
    /// Open the connection, and answer when it is live with every topic.
    WaitLive(LiveReply),
    /// Subscribe, and answer when each request is acknowledged, or refused.
    Subscribe {
        requests: Vec<R>,
        queue: Arc<Queue>,
        identify: Identify,
        on_refusal: OnRefusal,
        reply: Reply,
    },
    /// Replace the connection by a new one without a hole, and answer when it serves.
    Rotate(RotateReply),
    /// Unsubscribe, close, and answer when it is done.
    Close(oneshot::Sender<()>),
}

/// A frame that waits for room in a full queue.
pub(crate) struct HeldUp {
    pub(crate) topic: String,
    pub(crate) frame: Frame,
    pub(crate) until: Instant,
}

/// The answer to who waits until the connection is live.
pub(crate) type LiveReply = oneshot::Sender<Result<(), SubscribeError>>;

type Farewell = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Everything that one connection's task owns.
pub(crate) struct Driver<K: ConnectionKind, S, C: Connect> {
    pub(crate) session: RotatingSession<K::Protocol>,
    pub(crate) source: Arc<S>,
    pub(crate) connect: Arc<C>,
    /// Every dial goes through it.
    pub(crate) gate: Gate,
    /// How long a subscription may take to be live.
    pub(crate) connect_timeout: Duration,
    pub(crate) commands: mpsc::Receiver<Command<RequestOf<K>>>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) lifecycle: LifecycleSender,
    pub(crate) state: watch::Sender<ConnectionState>,
    /// Why the last attempt to connect failed, until the connection is live.
    pub(crate) last_failure: Option<Failure>,
    /// Up to this moment callers waited for the line of dials or the pace of requests, which does not count.
    pub(crate) excused_at: Option<Instant>,
    /// Who waits until it is live, and until when.
    pub(crate) live_waiters: Vec<(Instant, LiveReply)>,
    /// When the last frame came, of any kind and of whichever connection.
    pub(crate) last_heard_at: Timestamp,
    pub(crate) routes: Routes<K::Protocol>,
    /// The connection whose events are handed out.
    pub(crate) serving: Line<C>,
    /// The one that is to take its place, while a rotation is under way.
    pub(crate) successor: Line<C>,
    pub(crate) hand_over: HandOver,
    /// Connections that are being closed.
    pub(crate) farewells: Vec<Farewell>,
    pub(crate) held_up: Option<HeldUp>,
    pub(crate) closing: Vec<oneshot::Sender<()>>,
    pub(crate) unrouted: u64,
    /// Frames that were read so far, of whichever connection.
    pub(crate) frames: u64,
    /// Which connection is read first, so that a flood on one does not starve the other.
    turn: Side,
    /// The end was reported although the session did not close.
    pub(crate) is_reported: bool,
    /// There is more to read, and others run before that is done.
    pub(crate) gives_way: bool,
}

/// What woke the task.
pub(crate) enum Woken<K: ConnectionKind, C: Connect> {
    Command(Option<Command<RequestOf<K>>>),
    Line(Side, line::Event<C>),
    /// A deadline passed, or a subscription was dropped or made room.
    Stirred,
}

impl<K: ConnectionKind, S: ConnectionSource, C: Connect> Driver<K, S, C> {
    #[allow(
        clippy::too_many_arguments,
        reason = "called once, by the handle that makes each of them"
    )]
    pub(crate) fn new(
        session: RotatingSession<K::Protocol>,
        source: S,
        connect: C,
        gate: Gate,
        config: &Config,
        commands: mpsc::Receiver<Command<RequestOf<K>>>,
        wake: Arc<Notify>,
        lifecycle: LifecycleSender,
        state: watch::Sender<ConnectionState>,
    ) -> Self {
        Self {
            session,
            source: Arc::new(source),
            connect: Arc::new(connect),
            gate,
            connect_timeout: config.connect_timeout,
            commands,
            wake,
            lifecycle,
            state,
            routes: Routes::new(config.backpressure_timeout.min(NEVER)),
            serving: Line::default(),
            successor: Line::default(),
            last_failure: None,
            excused_at: None,
            live_waiters: Vec::new(),
            last_heard_at: wall_clock(),
            hand_over: HandOver::new(Overlap::new(config.session.overlap / 2)),
            farewells: Vec::new(),
            held_up: None,
            closing: Vec::new(),
            unrouted: 0,
            frames: 0,
            turn: Side::Serving,
            is_reported: false,
            gives_way: false,
        }
    }

    /// Runs until the session is over.
    pub(crate) async fn run(mut self) {
        let wake = self.wake.clone();
        let mut stirred = Box::pin(wake.notified());
        let mut sleep = Box::pin(tokio::time::sleep_until(Instant::now()));
        let mut handles_gone = false;
        loop {
            self.carry_out();
            self.routes.wake();
            if self.session.is_closed() {
                break;
            }
            let woken = poll_fn(|context| {
                self.poll(context, stirred.as_mut(), sleep.as_mut(), handles_gone)
            })
            .await;
            if matches!(woken, Woken::Stirred) {
                stirred.set(wake.notified());
            }
            handles_gone |= matches!(woken, Woken::Command(None));
            self.take(woken);
        }
        // Each is bounded by itself, and they are written at the same time.
        poll_fn(|context| {
            self.farewells
                .retain_mut(|farewell| farewell.as_mut().poll(context).is_pending());
            match self.farewells.is_empty() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        for done in self.closing.drain(..) {
            let _ = done.send(());
        }
    }

    /// Waits for the first of everything. Reading comes last, so that a flood of frames starves nothing else.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        stirred: Pin<&mut tokio::sync::futures::Notified<'_>>,
        mut sleep: Pin<&mut Sleep>,
        handles_gone: bool,
    ) -> Poll<Woken<K, C>> {
        if std::mem::take(&mut self.gives_way) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if !handles_gone && let Poll::Ready(command) = self.commands.poll_recv(context) {
            return Poll::Ready(Woken::Command(command));
        }
        if stirred.poll(context).is_ready() {
            return Poll::Ready(Woken::Stirred);
        }
        if let Some(deadline) = self.deadline() {
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            if sleep.poll(context).is_ready() {
                return Poll::Ready(Woken::Stirred);
            }
        }
        self.farewells
            .retain_mut(|farewell| farewell.as_mut().poll(context).is_pending());
        for side in [Side::Serving, Side::Successor] {
            if let Poll::Ready(event) = self.line(side).poll_work(context) {
                return Poll::Ready(Woken::Line(side, event));
            }
        }
        self.poll_read(context)
    }

    /// Reads the connections in turn, each only where there is a place for what it brings.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Woken<K, C>> {
        for side in [self.turn, other(self.turn)] {
            let has_place = match side {
                Side::Serving => self.held_up.is_none() && self.hand_over.backlog.is_empty(),
                Side::Successor => !self.hand_over.overlap.is_full(),
            };
            if has_place && let Poll::Ready(event) = self.line(side).poll_read(context) {
                self.turn = other(side);
                return Poll::Ready(Woken::Line(side, event));
            }
        }
        Poll::Pending
    }

    pub(crate) fn line(&mut self, side: Side) -> &mut Line<C> {
        match side {
            Side::Serving => &mut self.serving,
            Side::Successor => &mut self.successor,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let session = self.session.deadline().map(Instant::from_std);
        let held_up = self.held_up.as_ref().map(|held_up| held_up.until);
        let waiting = self.routes.deadline();
        let live = self
            .live_waiters
            .iter()
            .map(|(deadline, _)| *deadline)
            .min();
        [session, held_up, waiting, live]
            .into_iter()
            .flatten()
            .min()
    }
}

fn other(side: Side) -> Side {
    match side {
        Side::Serving => Side::Successor,
        Side::Successor => Side::Serving,
    }
}

/// A stream must not look alive when it is not: a task that is dropped before its end, by the shutdown of its runtime
/// or by a panic, tells everybody.
impl<K: ConnectionKind, S, C: Connect> Drop for Driver<K, S, C> {
    fn drop(&mut self) {
        if !self.session.is_closed() && !self.is_reported {
            let message =
                "the task of the connection is gone: its runtime was shut down, or it panicked";
            let failure = Failure::new(Stage::Live, Severity::Fatal, message);
            self.closed(CloseReason::Failed(failure));
        }
    }
}

/// The wall clock, for what users see; deadlines are judged by the monotonic one.
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
