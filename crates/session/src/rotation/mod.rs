//! A session that moves to a new connection while the one before it still serves: two sessions at times, and the
//! hand-over between them.

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
    Action, Failure, FailureStage, FrameKind, Input, Session, SessionConfig, SessionEvent,
};

/// Which of the two connections something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionRole {
    /// The connection whose events are handed out.
    Current,
    /// The connection that is being made ready in its place. Its frames with data are to be kept until
    /// [`Action::TakeOver`], and forgotten at [`SessionEvent::RotationFailed`].
    Replacement,
}

/// A [`Session`] that is rotated: from time to time, or when it is asked to, it makes a second connection, subscribes
/// everything there too, and hands over when nothing of the first is on its way any more. So no event is missed, and
/// [`SessionEvent::Lost`] is not reported.
///
/// The hand-over waits until each wanted request is acknowledged on both connections, listens on for
/// [`SessionConfig::overlap`] and until both bring the same (see [`RotatingSession::set_in_sync`]), then pings the current
/// connection: with the answer everything is here that its socket holds. If the answer does not come the current
/// connection is lost, which is reported as such before the replacement takes over.
///
/// A replacement that fails, or that is refused a topic, costs nothing: the current connection goes on, and
/// [`SessionEvent::RotationFailed`] says why. It is called as a [`Session`] is, with the [`ConnectionRole`] that an outcome or a frame
/// came from.
pub struct RotatingSession<P: Protocol> {
    current: Session<P>,
    replacement: Option<Replacement<P>>,
    rotation: Rotation,
    actions: VecDeque<(ConnectionRole, Action<P::Request>)>,
}

struct Replacement<P: Protocol> {
    session: Session<P>,
    /// What is to be subscribed when its last subscription has ended: a new one of the current connection is not to be
    /// mixed with an old one of the replacement.
    later: Vec<P::Request>,
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
    /// A session that does nothing until it is opened or something is subscribed. The seed feeds its jitter: give each
    /// session of a process another one.
    pub fn new(config: SessionConfig, seed: u64) -> Self {
        let config = config.bounded();
        Self {
            rotation: Rotation::new(&config, seed.rotate_left(32)),
            current: Session::new(config, seed),
            replacement: None,
            actions: VecDeque::new(),
        }
    }

    /// The number of this role's connection: it grows by one with each reconnection and each rotation. The current
    /// role's, where there is no replacement.
    pub fn epoch(&self, role: ConnectionRole) -> u64 {
        match (role, &self.replacement) {
            (ConnectionRole::Replacement, Some(replacement)) => replacement.session.epoch(),
            _ => self.current.epoch(),
        }
    }

    /// As [`Session::is_live`], of the current connection.
    pub fn is_live(&self) -> bool {
        self.current.is_live()
    }

    /// As [`Session::stage`], of the current connection.
    pub fn stage(&self) -> Option<FailureStage> {
        self.current.stage()
    }

    /// As [`Session::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.current.is_closed()
    }

    /// As [`Session::is_subscribed`], of the current connection.
    pub fn is_subscribed(&self, request: &P::Request) -> bool {
        self.current.is_subscribed(request)
    }

    /// As [`Session::is_rate_limited`], of the current connection.
    pub fn is_rate_limited(&self) -> bool {
        self.current.is_rate_limited()
    }

    /// As [`Session::was_unsubscribed`], of the current connection.
    pub fn was_unsubscribed(&self, request: &P::Request) -> bool {
        self.current.was_unsubscribed(request)
    }

    /// As [`Session::wanted`].
    pub fn wanted(&self) -> impl Iterator<Item = &P::Request> {
        self.current.wanted()
    }

    /// As [`Session::open`].
    pub fn open(&mut self, now: Instant) {
        self.current.open(now);
        self.collect(now);
    }

    /// As [`Session::subscribe`], on the replacement too, once the current connection has it: what the replacement brings
    /// of it comes on the current connection as well then, in its order. A hand-over that is under way waits for both.
    pub fn subscribe(&mut self, now: Instant, request: P::Request) {
        self.current.subscribe(now, request.clone());
        if self.current.is_subscribed(&request) {
            self.subscribe_replacement(now, request);
        }
        self.collect(now);
    }

    /// As [`Session::unsubscribe`], on the replacement too.
    pub fn unsubscribe(&mut self, now: Instant, request: &P::Request) {
        self.current.unsubscribe(now, request);
        self.forget(now, request);
        self.collect(now);
    }

    /// As [`Session::unsubscribing`].
    pub fn unsubscribing(&self) -> impl Iterator<Item = String> {
        self.current.unsubscribing()
    }

    /// As [`Session::close`]; a replacement is given up.
    pub fn close(&mut self, now: Instant) {
        self.give_up();
        self.rotation.forget();
        self.current.close(now);
        self.collect(now);
    }

    /// Rotates now. [`SessionEvent::Rotated`] or [`SessionEvent::RotationFailed`] tells the outcome, also of a rotation that is
    /// under way already. False, and nothing is done or reported, where the connection is not live: the next one is
    /// new by itself.
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

    /// As [`Session::handle`], of one role.
    pub fn handle(&mut self, now: Instant, role: ConnectionRole, input: Input) {
        if let Some(session) = self.session_of(role) {
            session.handle(now, input);
        }
        self.collect(now);
    }

    /// As [`Session::fetch_started`], of one role.
    pub fn fetch_started(&mut self, now: Instant, role: ConnectionRole) {
        if let Some(session) = self.session_of(role) {
            session.fetch_started(now);
        }
    }

    /// As [`Session::frame`], of one role. What comes of the replacement's data stands at [`ConnectionRole::Replacement`].
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
        // Data asks for nothing, and most frames are data.
        if !matches!(kind, FrameKind::Message { .. }) {
            self.collect(now);
        }
        kind
    }

    /// As [`Session::touch`], of one role, for a sign of life that is no frame.
    pub fn touch(&mut self, role: ConnectionRole) {
        if let Some(session) = self.session_of(role) {
            session.touch();
        }
    }

    /// The driver itself is the reason why nothing is read of this role: no silence is held against the server.
    pub fn reading_paused(&mut self, now: Instant, role: ConnectionRole) {
        if role == ConnectionRole::Current {
            self.rotation.delay_until(now + self.current.pong_timeout());
        }
        self.touch(role);
    }

    /// As [`Session::malformed`], of one role.
    pub fn malformed(&mut self, now: Instant, role: ConnectionRole) {
        if let Some(session) = self.session_of(role) {
            session.malformed(now);
        }
        self.collect(now);
    }

    /// The driver has no room for more frames of the replacement. The hand-over waits no longer than it must; a
    /// replacement that is not ready yet is given up.
    pub fn buffer_full(&mut self, now: Instant) {
        self.rotation.limit = self.rotation.limit.map(|limit| limit.min(now));
        match &mut self.rotation.phase {
            RotationPhase::Comparing { until } => *until = now,
            RotationPhase::Preparing { .. } => {
                let message =
                    "more events came than can be kept while the next connection was made ready";
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

    /// Tells whether both connections bring the same, as an [`Overlap`](crate::Overlap) finds out: a hand-over waits for
    /// it up to [`SessionConfig::overlap_limit`].
    pub fn set_in_sync(&mut self, now: Instant, is_in_sync: bool) {
        if std::mem::replace(&mut self.rotation.is_in_sync, is_in_sync) != is_in_sync {
            self.collect(now);
        }
    }

    /// The next moment at which [`RotatingSession::tick`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let replacement = self.replacement.as_ref();
        let deadlines = [
            self.current.deadline(),
            replacement.and_then(|replacement| replacement.session.deadline()),
            self.rotation.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Does what is due. May be called at any time.
    pub fn tick(&mut self, now: Instant) {
        self.current.tick(now);
        if let Some(replacement) = &mut self.replacement {
            replacement.session.tick(now);
        }
        self.collect(now);
    }

    /// The next thing to do and the role to do it on, until there is none. Reports are of the current role.
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
