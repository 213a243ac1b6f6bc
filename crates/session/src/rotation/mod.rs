//! A session that moves to a new connection while the one before it still serves: two sessions at times, and the
//! hand-over between them.

mod hand_over;
mod overlap;
mod schedule;

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use kucoin_streams_core::{Protocol, RetryPolicy};

pub use self::overlap::Overlap;
use self::schedule::{FailureStage, Rotation};
use crate::{Action, Failure, FrameKind, Input, Session, SessionConfig, SessionEvent};

/// Which of the two connections something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionRole {
    /// The connection whose events are handed out.
    Serving,
    /// The connection that is being made ready in its place. Its frames with data are to be kept until
    /// [`Action::TakeOver`], and forgotten at [`SessionEvent::RotationFailed`].
    Successor,
}

/// A [`Session`] that is rotated: from time to time, or when it is asked to, it makes a second connection, subscribes
/// everything there too, and hands over when nothing of the first is on its way any more. So no event is missed, and
/// [`SessionEvent::Lost`] is not reported.
///
/// The hand-over waits until each wanted request is acknowledged on both connections, listens on for
/// [`SessionConfig::overlap`] and until both bring the same (see [`RotatingSession::overlap_is_even`]), then pings the serving
/// connection: with the answer everything is here that its socket holds. If the answer does not come the serving
/// connection is lost, which is reported as such before the successor takes over.
///
/// A successor that fails, or that is refused a topic, costs nothing: the serving connection goes on, and
/// [`SessionEvent::RotationFailed`] says why. It is called as a [`Session`] is, with the [`ConnectionRole`] that an outcome or a frame
/// came from.
pub struct RotatingSession<P: Protocol> {
    serving: Session<P>,
    successor: Option<Successor<P>>,
    rotation: Rotation,
    actions: VecDeque<(ConnectionRole, Action<P::Request>)>,
}

struct Successor<P: Protocol> {
    session: Session<P>,
    /// What is to be subscribed when its last subscription has ended: a new one of the serving connection is not to be
    /// mixed with an old one of the successor.
    later: Vec<P::Request>,
}

impl<P: Protocol> fmt::Debug for RotatingSession<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let successor = self.successor.as_ref().map(|successor| &successor.session);
        f.debug_struct("RotatingSession")
            .field("serving", &self.serving)
            .field("successor", &successor)
            .field("stage", &self.rotation.stage)
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
            serving: Session::new(config, seed),
            successor: None,
            actions: VecDeque::new(),
        }
    }

    /// The number of this side's connection: it grows by one with each reconnection and each rotation. The serving
    /// side's, where there is no successor.
    pub fn epoch(&self, side: ConnectionRole) -> u64 {
        match (side, &self.successor) {
            (ConnectionRole::Successor, Some(successor)) => successor.session.epoch(),
            _ => self.serving.epoch(),
        }
    }

    /// As [`Session::is_live`], of the serving connection.
    pub fn is_live(&self) -> bool {
        self.serving.is_live()
    }

    /// As [`Session::stage`], of the serving connection.
    pub fn stage(&self) -> Option<crate::FailureStage> {
        self.serving.stage()
    }

    /// As [`Session::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.serving.is_closed()
    }

    /// As [`Session::holds`], of the serving connection.
    pub fn holds(&self, request: &P::Request) -> bool {
        self.serving.holds(request)
    }

    /// As [`Session::is_pacing`], of the serving connection.
    pub fn is_pacing(&self) -> bool {
        self.serving.is_pacing()
    }

    /// As [`Session::is_ended`], of the serving connection.
    pub fn is_ended(&self, request: &P::Request) -> bool {
        self.serving.is_ended(request)
    }

    /// As [`Session::wanted`].
    pub fn wanted(&self) -> impl Iterator<Item = &P::Request> {
        self.serving.wanted()
    }

    /// As [`Session::open`].
    pub fn open(&mut self, now: Instant) {
        self.serving.open(now);
        self.collect(now);
    }

    /// As [`Session::subscribe`], on the successor too, once the serving connection has it: what the successor brings
    /// of it comes on the serving connection as well then, in its order. A hand-over that is under way waits for both.
    pub fn subscribe(&mut self, now: Instant, request: P::Request) {
        self.serving.subscribe(now, request.clone());
        if self.serving.holds(&request) {
            self.subscribe_successor(now, request);
        }
        self.collect(now);
    }

    /// As [`Session::unsubscribe`], on the successor too.
    pub fn unsubscribe(&mut self, now: Instant, request: &P::Request) {
        self.serving.unsubscribe(now, request);
        self.forget(now, request);
        self.collect(now);
    }

    /// As [`Session::unsubscribing`].
    pub fn unsubscribing(&self) -> impl Iterator<Item = String> {
        self.serving.unsubscribing()
    }

    /// As [`Session::shut`]; a successor is given up.
    pub fn shut(&mut self, now: Instant) {
        self.give_up();
        self.rotation.forget();
        self.serving.shut(now);
        self.collect(now);
    }

    /// Rotates now. [`SessionEvent::Rotated`] or [`SessionEvent::RotationFailed`] tells the outcome, also of a rotation that is
    /// under way already. False, and nothing is done or reported, where the connection is not live: the next one is
    /// new by itself.
    #[must_use]
    pub fn rotate(&mut self, now: Instant) -> bool {
        if !self.serving.can_be_succeeded() {
            return false;
        }
        match self.rotation.stage {
            FailureStage::Steady => self.begin(now),
            _ if self.rotation.is_after_hand_over() => self.rotation.asked_again = true,
            _ => {}
        }
        self.collect(now);
        true
    }

    /// As [`Session::handle`], of one side.
    pub fn handle(&mut self, now: Instant, side: ConnectionRole, input: Input) {
        if let Some(session) = self.side(side) {
            session.handle(now, input);
        }
        self.collect(now);
    }

    /// As [`Session::fetch_begins`], of one side.
    pub fn fetch_begins(&mut self, now: Instant, side: ConnectionRole) {
        if let Some(session) = self.side(side) {
            session.fetch_begins(now);
        }
    }

    /// As [`Session::frame`], of one side. What comes of the successor's data stands at [`ConnectionRole::Successor`].
    pub fn frame<'f>(
        &mut self,
        now: Instant,
        side: ConnectionRole,
        frame: &'f str,
    ) -> FrameKind<'f> {
        let Some(session) = self.side(side) else {
            return FrameKind::Consumed;
        };
        let disposition = session.frame(now, frame);
        // Data asks for nothing, and most frames are data.
        if !matches!(disposition, FrameKind::Message { .. }) {
            self.collect(now);
        }
        disposition
    }

    /// As [`Session::touch`], of one side, for a sign of life that is no frame.
    pub fn touch(&mut self, side: ConnectionRole) {
        if let Some(session) = self.side(side) {
            session.touch();
        }
    }

    /// The driver itself is the reason why nothing is read of this side: no silence is held against the server.
    pub fn not_listening(&mut self, now: Instant, side: ConnectionRole) {
        if side == ConnectionRole::Serving {
            self.rotation.put_off(now + self.serving.pong_timeout());
        }
        self.touch(side);
    }

    /// As [`Session::malformed`], of one side.
    pub fn malformed(&mut self, now: Instant, side: ConnectionRole) {
        if let Some(session) = self.side(side) {
            session.malformed(now);
        }
        self.collect(now);
    }

    /// The driver has no room for more frames of the successor. The hand-over waits no longer than it must; a
    /// successor that is not ready yet is given up.
    pub fn hurry(&mut self, now: Instant) {
        self.rotation.limit = self.rotation.limit.map(|limit| limit.min(now));
        match &mut self.rotation.stage {
            FailureStage::Lingering { until } => *until = now,
            FailureStage::Preparing { .. } => {
                let message =
                    "more events came than can be kept while the next connection was made ready";
                self.fail(
                    now,
                    Failure::new(
                        crate::FailureStage::Acknowledgement,
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
    pub fn overlap_is_even(&mut self, now: Instant, is_even: bool) {
        if std::mem::replace(&mut self.rotation.is_even, is_even) != is_even {
            self.collect(now);
        }
    }

    /// The next moment at which [`RotatingSession::tick`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let successor = self.successor.as_ref();
        let deadlines = [
            self.serving.deadline(),
            successor.and_then(|successor| successor.session.deadline()),
            self.rotation.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Does what is due. May be called at any time.
    pub fn tick(&mut self, now: Instant) {
        self.serving.tick(now);
        if let Some(successor) = &mut self.successor {
            successor.session.tick(now);
        }
        self.collect(now);
    }

    /// The next thing to do and the side to do it on, until there is none. Reports are of the serving side.
    pub fn poll(&mut self) -> Option<(ConnectionRole, Action<P::Request>)> {
        self.actions.pop_front()
    }

    fn side(&mut self, side: ConnectionRole) -> Option<&mut Session<P>> {
        match side {
            ConnectionRole::Serving => Some(&mut self.serving),
            ConnectionRole::Successor => self
                .successor
                .as_mut()
                .map(|successor| &mut successor.session),
        }
    }

    pub(crate) fn report(&mut self, report: SessionEvent<P::Request>) {
        self.actions
            .push_back((ConnectionRole::Serving, Action::Report(report)));
    }
}
