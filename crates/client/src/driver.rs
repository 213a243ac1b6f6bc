//! The task of one connection: it moves bytes, sleeps and calls the session, which takes every decision.
//!
//! Here stands what the task owns and what it waits for; `intake` says what becomes of what comes in, `outcome`
//! how the session's actions are carried out.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use kucoin_streams_session::{CloseReason, Failure, Session, Severity, Stage};
use kucoin_streams_transport::{Connect, ConnectError, Message, ReadError};
use kucoin_streams_wire::{
    ConnectionInfo, ConnectionKind, ConnectionSource, Protocol, SourceError, Timestamp,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, Sleep};

use crate::LifecycleSender;
use crate::connection::ConnectionState;
use crate::link::Link;
use crate::queue::{Frame, Queue};
use crate::routes::Routes;
use crate::waiting::{OnRefusal, Reply};

/// The request type of a connection kind.
pub(crate) type RequestOf<K> = <<K as ConnectionKind>::Protocol as Protocol>::Request;

/// What a handle asks of the task.
pub(crate) enum Command<R> {
    /// Open the connection without a subscription.
    Open,
    /// Subscribe, and answer when each request is acknowledged, or refused.
    Subscribe {
        requests: Vec<R>,
        queue: Arc<Queue>,
        on_refusal: OnRefusal,
        reply: Reply,
    },
    /// Unsubscribe, close, and answer when it is done.
    Close(oneshot::Sender<()>),
}

type DialResult<C> = Result<(<C as Connect>::Reader, <C as Connect>::Writer), ConnectError>;

/// The step towards a connection that is under way.
pub(crate) enum Attempt<C: Connect> {
    None,
    Fetching(Pin<Box<dyn Future<Output = Result<ConnectionInfo, SourceError>> + Send>>),
    Dialling(Pin<Box<dyn Future<Output = DialResult<C>> + Send>>),
}

/// A frame that a full queue holds up.
pub(crate) struct HeldUp {
    pub(crate) topic: String,
    pub(crate) frame: Frame,
    pub(crate) until: Instant,
}

/// Everything that one connection's task owns.
pub(crate) struct Driver<K: ConnectionKind, S, C: Connect> {
    pub(crate) session: Session<K::Protocol>,
    pub(crate) source: Arc<S>,
    pub(crate) connect: Arc<C>,
    pub(crate) patience: Duration,
    pub(crate) commands: mpsc::Receiver<Command<RequestOf<K>>>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) lifecycle: LifecycleSender,
    pub(crate) state: watch::Sender<ConnectionState>,
    pub(crate) routes: Routes<K::Protocol>,
    pub(crate) attempt: Attempt<C>,
    pub(crate) link: Option<Link<C::Writer>>,
    pub(crate) farewell: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    pub(crate) held_up: Option<HeldUp>,
    pub(crate) closing: Vec<oneshot::Sender<()>>,
    pub(crate) unrouted: u64,
}

/// What woke the task.
pub(crate) enum Woken<K: ConnectionKind, C: Connect> {
    Command(Option<Command<RequestOf<K>>>),
    Fetched(Result<ConnectionInfo, SourceError>),
    Dialled(DialResult<C>),
    Read(Result<Message, ReadError>),
    WriteFailed(kucoin_streams_transport::WriteError),
    /// A deadline passed, or a subscription was dropped or made room.
    Stirred,
}

impl<K: ConnectionKind, S: ConnectionSource, C: Connect> Driver<K, S, C> {
    #[allow(
        clippy::too_many_arguments,
        reason = "called once, by the handle that makes each of them"
    )]
    pub(crate) fn new(
        session: Session<K::Protocol>,
        source: S,
        connect: C,
        patience: Duration,
        commands: mpsc::Receiver<Command<RequestOf<K>>>,
        wake: Arc<Notify>,
        lifecycle: LifecycleSender,
        state: watch::Sender<ConnectionState>,
    ) -> Self {
        Self {
            session,
            source: Arc::new(source),
            connect: Arc::new(connect),
            patience,
            commands,
            wake,
            lifecycle,
            state,
            routes: Routes::new(),
            attempt: Attempt::None,
            link: None,
            farewell: None,
            held_up: None,
            closing: Vec::new(),
            unrouted: 0,
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
        if let Some(farewell) = self.farewell.take() {
            farewell.await;
        }
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
        if let Some(farewell) = &mut self.farewell
            && farewell.as_mut().poll(context).is_ready()
        {
            self.farewell = None;
        }
        match &mut self.attempt {
            Attempt::None => {}
            Attempt::Fetching(fetch) => {
                if let Poll::Ready(fetched) = fetch.as_mut().poll(context) {
                    self.attempt = Attempt::None;
                    return Poll::Ready(Woken::Fetched(fetched));
                }
            }
            Attempt::Dialling(dial) => {
                if let Poll::Ready(dialled) = dial.as_mut().poll(context) {
                    self.attempt = Attempt::None;
                    return Poll::Ready(Woken::Dialled(dialled));
                }
            }
        }
        if let Some(link) = &mut self.link {
            if let Poll::Ready(error) = link.poll_write(context) {
                return Poll::Ready(Woken::WriteFailed(error));
            }
            if self.held_up.is_none() {
                return link.poll_read(context).map(Woken::Read);
            }
        }
        Poll::Pending
    }

    fn deadline(&self) -> Option<Instant> {
        let session = self.session.deadline().map(Instant::from_std);
        let held_up = self.held_up.as_ref().map(|held_up| held_up.until);
        session.into_iter().chain(held_up).min()
    }
}

/// A stream must not look alive when it is not: a task that is dropped before its end, by the shutdown of its runtime
/// or by a panic, tells everybody.
impl<K: ConnectionKind, S, C: Connect> Drop for Driver<K, S, C> {
    fn drop(&mut self) {
        if !self.session.is_closed() {
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
