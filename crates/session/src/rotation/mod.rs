//! Rotation: replacing a connection by a new one without missing an event.

mod handover;
mod overlap;
mod schedule;

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use kucoin_streams_core::{Protocol, RetryPolicy};

pub use self::overlap::Overlap;
use self::schedule::{Rotation, RotationPhase};
use crate::{
    Action, Failure, FailureStage, FrameKind, Input, RoundTrip, Session, SessionConfig,
    SessionEvent,
};

/// Role of a connection in a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionRole {
    /// The connection whose events are delivered.
    Current,
    /// The connection that will replace the current one.
    ///
    /// Buffer its data frames until [`Action::TakeOver`], and discard them at [`SessionEvent::RotationFailed`].
    Replacement,
}

/// A [`Session`] that replaces its connection by a new one without missing an event.
///
/// Rotations happen at intervals and on request, without [`SessionEvent::Lost`].
///
/// A rotation opens a replacement connection and subscribes all requests on it. When all are acknowledged on both
/// connections, both are read for at least [`SessionConfig::overlap`], and until they are in sync (see
/// [`RotatingSession::set_in_sync`]). Then the current connection is pinged: its answer shows that everything it pushed
/// before has been received, and the replacement takes over. If the answer does not arrive, the current connection is
/// lost; the loss is reported before the replacement takes over.
///
/// If the replacement fails, or a topic is refused on it, the current connection stays open, and
/// [`SessionEvent::RotationFailed`] reports the reason.
///
/// The methods are those of [`Session`], with the [`ConnectionRole`] of the connection.
pub struct RotatingSession<P: Protocol> {
    current: Session<P>,
    replacement: Option<Replacement<P>>,
    rotation: Rotation,
    actions: VecDeque<(ConnectionRole, Action<P::Request>)>,
}

struct Replacement<P: Protocol> {
    session: Session<P>,
    /// Requests to subscribe once their unsubscription is answered.
    ///
    /// The wait keeps frames of the old subscription apart from the new one.
    resubscribe: Vec<P::Request>,
}

impl<P: Protocol> fmt::Debug for RotatingSession<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replacement = self
            .replacement
            .as_ref()
            .map(|replacement| &replacement.session);
        f.debug_struct("RotatingSession")
            .field("current", &self.current)
            .field("replacement", &replacement)
            .field("stage", &self.rotation.phase)
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> RotatingSession<P> {
    /// Creates a session that does nothing until it is opened or a request is subscribed.
    ///
    /// `seed` feeds the jitter: use a different one for each session of a process.
    pub fn new(config: SessionConfig, seed: u64) -> Self {
        let config = config.bounded();
        Self {
            rotation: Rotation::new(&config, seed.rotate_left(32)),
            current: Session::new(config, seed),
            replacement: None,
            actions: VecDeque::new(),
        }
    }

    /// Returns the epoch of a connection: it grows by one with each reconnect and each rotation.
    ///
    /// Without a replacement it is the epoch of the current connection.
    pub fn epoch(&self, role: ConnectionRole) -> u64 {
        match (role, &self.replacement) {
            (ConnectionRole::Replacement, Some(replacement)) => replacement.session.epoch(),
            _ => self.current.epoch(),
        }
    }

    /// Like [`Session::is_live`], for the current connection.
    pub fn is_live(&self) -> bool {
        self.current.is_live()
    }

    /// Like [`Session::heartbeat`], for the current connection.
    pub fn heartbeat(&self) -> Option<RoundTrip> {
        self.current.heartbeat()
    }

    /// Like [`Session::stage`], for the current connection.
    pub fn stage(&self) -> Option<FailureStage> {
        self.current.stage()
    }

    /// Like [`Session::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.current.is_closed()
    }

    /// Like [`Session::is_subscribed`], for the current connection.
    pub fn is_subscribed(&self, request: &P::Request) -> bool {
        self.current.is_subscribed(request)
    }

    /// Like [`Session::is_rate_limited`], for the current connection.
    pub fn is_rate_limited(&self) -> bool {
        self.current.is_rate_limited()
    }

    /// Like [`Session::was_unsubscribed`], for the current connection.
    pub fn was_unsubscribed(&self, request: &P::Request) -> bool {
        self.current.was_unsubscribed(request)
    }

    /// Like [`Session::wanted`].
    pub fn wanted(&self) -> impl Iterator<Item = &P::Request> {
        self.current.wanted()
    }

    /// Like [`Session::open`].
    pub fn open(&mut self, now: Instant) {
        self.current.open(now);
        self.collect(now);
    }

    /// Like [`Session::subscribe`], on both connections.
    ///
    /// During a rotation the request is subscribed on the replacement once it is live on the current connection, so
    /// that the current connection delivers everything the replacement delivers. The handover waits for both
    /// acknowledgements.
    pub fn subscribe(&mut self, now: Instant, request: P::Request) {
        self.current.subscribe(now, request.clone());
        if self.current.is_subscribed(&request) {
            self.subscribe_replacement(now, request);
        }
        self.collect(now);
    }

    /// Like [`Session::unsubscribe`], on both connections.
    pub fn unsubscribe(&mut self, now: Instant, request: &P::Request) {
        self.current.unsubscribe(now, request);
        self.unsubscribe_replacement(now, request);
        self.collect(now);
    }

    /// Like [`Session::unsubscribing`].
    pub fn unsubscribing(&self) -> impl Iterator<Item = String> {
        self.current.unsubscribing()
    }

    /// Like [`Session::close`], for both connections.
    pub fn close(&mut self, now: Instant) {
        self.close_replacement();
        self.rotation.reset();
        self.current.close(now);
        self.collect(now);
    }

    /// Starts a rotation now. Returns `false`, and does nothing, if the connection is not live.
    ///
    /// After a loss, the connection counts as live once [`SessionEvent::Reconnected`] is emitted.
    /// [`SessionEvent::Rotated`] or [`SessionEvent::RotationFailed`] follows, also for a rotation that is in progress
    /// already.
    #[must_use]
    pub fn rotate(&mut self, now: Instant) -> bool {
        if !self.current.can_rotate() {
            return false;
        }
        match self.rotation.phase {
            RotationPhase::Idle => self.begin(now),
            _ if self.rotation.is_after_handover() => self.rotation.rotate_again = true,
            _ => {}
        }
        self.collect(now);
        true
    }

    /// Like [`Session::handle`], for one connection.
    pub fn handle(&mut self, now: Instant, role: ConnectionRole, input: Input) {
        if let Some(session) = self.session_of(role) {
            session.handle(now, input);
        }
        self.collect(now);
    }

    /// Like [`Session::fetch_started`], for one connection.
    pub fn fetch_started(&mut self, now: Instant, role: ConnectionRole) {
        if let Some(session) = self.session_of(role) {
            session.fetch_started(now);
        }
    }

    /// Like [`Session::frame`], for one connection.
    ///
    /// Buffer the data frames of the [replacement](ConnectionRole::Replacement).
    pub fn frame<'f>(
        &mut self,
        now: Instant,
        role: ConnectionRole,
        frame: &'f str,
    ) -> FrameKind<'f> {
        let Some(session) = self.session_of(role) else {
            return FrameKind::Consumed;
        };
        let kind = session.frame(now, frame);
        // Data frames cause no action, and most frames are data.
        if !matches!(kind, FrameKind::Message { .. }) {
            self.collect(now);
        }
        kind
    }

    /// Like [`Session::touch`], for one connection.
    pub fn touch(&mut self, role: ConnectionRole) {
        if let Some(session) = self.session_of(role) {
            session.touch();
        }
    }

    /// Records that the driver does not read this connection at present.
    ///
    /// Silence does not count as a timeout then.
    pub fn reading_paused(&mut self, now: Instant, role: ConnectionRole) {
        if role == ConnectionRole::Current {
            self.rotation.delay_until(now + self.current.pong_timeout());
        }
        self.touch(role);
    }

    /// Like [`Session::malformed`], for one connection.
    pub fn malformed(&mut self, now: Instant, role: ConnectionRole) {
        if let Some(session) = self.session_of(role) {
            session.malformed(now);
        }
        self.collect(now);
    }

    /// Records that the driver cannot buffer more frames of the replacement.
    ///
    /// The handover no longer waits for the overlap; a replacement that is not ready fails.
    pub fn buffer_full(&mut self, now: Instant) {
        self.rotation.limit = self.rotation.limit.map(|limit| limit.min(now));
        match &mut self.rotation.phase {
            RotationPhase::Comparing { until } => *until = now,
            RotationPhase::Preparing { .. } => {
                let message =
                    "the replacement connection delivered more events than can be buffered";
                self.fail(
                    now,
                    Failure::new(
                        FailureStage::Acknowledgement,
                        RetryPolicy::Transient,
                        message,
                    ),
                );
            }
            _ => {}
        }
        self.collect(now);
    }

    /// Sets whether both connections are in sync, as [`Overlap::is_in_sync`] returns.
    ///
    /// The handover waits up to [`SessionConfig::overlap_limit`] until they are in sync.
    pub fn set_in_sync(&mut self, now: Instant, is_in_sync: bool) {
        if std::mem::replace(&mut self.rotation.is_in_sync, is_in_sync) != is_in_sync {
            self.collect(now);
        }
    }

    /// Returns the time at which [`RotatingSession::tick`] must be called.
    pub fn deadline(&self) -> Option<Instant> {
        let replacement = self.replacement.as_ref();
        let deadlines = [
            self.current.deadline(),
            replacement.and_then(|replacement| replacement.session.deadline()),
            self.rotation.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Handles expired timers. May be called at any time.
    pub fn tick(&mut self, now: Instant) {
        self.current.tick(now);
        if let Some(replacement) = &mut self.replacement {
            replacement.session.tick(now);
        }
        self.collect(now);
    }

    /// Returns the next action and its connection; `None` if there is none.
    ///
    /// Events always come from the current connection.
    pub fn poll(&mut self) -> Option<(ConnectionRole, Action<P::Request>)> {
        self.actions.pop_front()
    }

    fn session_of(&mut self, role: ConnectionRole) -> Option<&mut Session<P>> {
        match role {
            ConnectionRole::Current => Some(&mut self.current),
            ConnectionRole::Replacement => self
                .replacement
                .as_mut()
                .map(|replacement| &mut replacement.session),
        }
    }

    pub(crate) fn emit(&mut self, event: SessionEvent<P::Request>) {
        self.actions
            .push_back((ConnectionRole::Current, Action::Emit(event)));
    }
}
