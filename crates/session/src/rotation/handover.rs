//! Steps of a rotation: handling the actions of both sessions, and the handover.

use std::time::Instant;

use kucoin_streams_core::{Protocol, RetryPolicy};

use crate::rotation::schedule::RotationPhase;
use crate::rotation::{ConnectionRole, Replacement, RotatingSession};
use crate::{Action, CloseReason, Failure, FailureStage, SessionEvent};

/// Maximum number of probes on a connection that still delivers events.
const MAX_PROBES: u32 = 3;

impl<P: Protocol> RotatingSession<P> {
    /// Handles the actions of both sessions, and advances the rotation.
    pub(crate) fn collect(&mut self, now: Instant) {
        loop {
            self.collect_current(now);
            self.collect_replacement(now);
            if !self.advance(now) {
                return;
            }
        }
    }

    fn collect_current(&mut self, now: Instant) {
        while let Some(action) = self.current.poll() {
            let mut lost = false;
            match &action {
                Action::Emit(SessionEvent::Open | SessionEvent::Reconnected { .. }) => {
                    self.rotation.schedule_first(now)
                }
                Action::Emit(SessionEvent::Lost { .. }) => lost = true,
                Action::Emit(SessionEvent::Live { request }) => {
                    self.subscribe_replacement(now, request.clone());
                }
                Action::Emit(SessionEvent::Refused { request, .. }) => {
                    self.unsubscribe_replacement(now, request)
                }
                _ => {}
            }
            self.actions.push_back((ConnectionRole::Current, action));
            if lost {
                self.current_lost(now);
            }
        }
    }

    fn collect_replacement(&mut self, now: Instant) {
        let Some(replacement) = &mut self.replacement else {
            return;
        };
        let mut failure = None;
        while let Some(action) = replacement.session.poll() {
            match action {
                Action::Emit(SessionEvent::Refused {
                    request,
                    code,
                    message,
                }) => {
                    // The current connection still has this topic, so it stays open.
                    let message =
                        format!("{request} was refused on the replacement connection: {message}");
                    let stage = FailureStage::Acknowledgement;
                    let mut refusal = Failure::new(stage, RetryPolicy::Transient, message);
                    refusal.code = code.map(|code| code.to_string().into());
                    failure.get_or_insert(refusal);
                }
                Action::Emit(SessionEvent::Closed(CloseReason::Failed(cause))) => {
                    failure = Some(cause)
                }
                Action::Emit(SessionEvent::Postponed {
                    request,
                    code,
                    message,
                    ..
                }) => {
                    let message = format!(
                        "{request} is refused temporarily on the replacement connection: {message}"
                    );
                    let event = SessionEvent::Exception { code, message };
                    self.actions
                        .push_back((ConnectionRole::Current, Action::Emit(event)));
                }
                Action::Emit(event @ SessionEvent::Exception { .. }) => {
                    self.actions
                        .push_back((ConnectionRole::Current, Action::Emit(event)));
                }
                Action::Emit(SessionEvent::Open) => {
                    let began = Action::Emit(SessionEvent::OverlapBegan);
                    self.actions.push_back((ConnectionRole::Current, began));
                }
                Action::Emit(SessionEvent::Live { request }) => {
                    let live = Action::Emit(SessionEvent::ReplacementLive { request });
                    self.actions.push_back((ConnectionRole::Current, live));
                }
                Action::Emit(SessionEvent::Ended { request }) => {
                    if let Some(at) = replacement
                        .resubscribe
                        .iter()
                        .position(|other| *other == request)
                    {
                        replacement.resubscribe.remove(at);
                        replacement.session.subscribe(now, request);
                    }
                }
                Action::Emit(_) => {}
                action => self
                    .actions
                    .push_back((ConnectionRole::Replacement, action)),
            }
        }
        if let Some(failure) = failure {
            self.fail(now, failure);
        }
    }

    /// Advances the rotation by one phase. Returns `false` if nothing is due.
    fn advance(&mut self, now: Instant) -> bool {
        let is_ready = |replacement: &Replacement<P>| {
            replacement.session.all_acknowledged() && replacement.resubscribe.is_empty()
        };
        let both_ready =
            self.current.all_acknowledged() && self.replacement.as_ref().is_some_and(is_ready);
        let overlap = self.current.config().overlap;
        match self.rotation.phase {
            RotationPhase::Idle if self.rotation.is_due(now) && self.current.can_rotate() => {
                self.begin(now);
            }
            RotationPhase::Preparing { .. } if both_ready => {
                let limit = self.current.config().overlap_limit.max(overlap);
                self.rotation.limit = Some(now + limit);
                self.rotation.phase = RotationPhase::Comparing {
                    until: now + overlap,
                };
            }
            RotationPhase::Preparing { until } if until <= now => {
                let message = "not every topic became live on the replacement connection in time";
                let stage = FailureStage::Acknowledgement;
                self.fail(now, Failure::new(stage, RetryPolicy::Transient, message));
            }
            // A request was subscribed meanwhile, so the comparison starts again.
            RotationPhase::Comparing { .. } | RotationPhase::Draining { .. } if !both_ready => {
                self.rotation.prepare(now);
            }
            RotationPhase::Comparing { until }
                if until <= now && self.rotation.may_take_over(now) =>
            {
                let probe_at = self.current.may_probe_at(now);
                self.rotation.phase = match probe_at > now {
                    true => RotationPhase::Comparing { until: probe_at },
                    false => {
                        self.rotation.probes = 1;
                        RotationPhase::Draining {
                            until: now + self.current.probe(now),
                        }
                    }
                };
            }
            RotationPhase::Draining { .. } if self.current.is_probe_answered() => {
                match self.rotation.may_take_over(now) {
                    true => self.take_over(now),
                    // Meanwhile one connection delivered an event that the other has not.
                    false => self.rotation.phase = RotationPhase::Comparing { until: now },
                }
            }
            // Events still arrive, so the answer may be lost but not the connection.
            RotationPhase::Draining { until } if until <= now && self.may_probe_again() => {
                self.rotation.probes += 1;
                self.rotation.phase = RotationPhase::Draining {
                    until: now + self.current.probe(now),
                };
            }
            RotationPhase::Draining { until } if until <= now => {
                let limit = self.current.pong_timeout();
                self.current
                    .overdue(now, FailureStage::Heartbeat, "pong", limit);
            }
            RotationPhase::Deduplicating { until } if until <= now => {
                let probe_at = self.current.may_probe_at(now);
                self.rotation.phase = match probe_at > now {
                    true => RotationPhase::Deduplicating { until: probe_at },
                    false => RotationPhase::Confirming {
                        until: now + self.current.probe(now),
                    },
                };
            }
            RotationPhase::Confirming { until }
                if self.current.is_probe_answered() || until <= now =>
            {
                self.rotation.phase = RotationPhase::Idle;
                self.emit(SessionEvent::OverlapEnded);
            }
            _ => return false,
        }
        true
    }

    fn may_probe_again(&self) -> bool {
        self.current.heard_since_ping() && self.rotation.probes < MAX_PROBES
    }

    pub(crate) fn begin(&mut self, now: Instant) {
        self.rotation.begin(now);
        let mut session = self.current.replacement();
        session.open(now);
        self.replacement = Some(Replacement {
            session,
            resubscribe: Vec::new(),
        });
    }

    /// Makes the replacement the current connection.
    fn take_over(&mut self, now: Instant) {
        let Some(Replacement { mut session, .. }) = self.replacement.take() else {
            return;
        };
        session.promote();
        let old = std::mem::replace(&mut self.current, session);
        let is_in_sync = self.rotation.is_in_sync;
        self.actions
            .push_back((ConnectionRole::Current, Action::TakeOver { is_in_sync }));
        let newly_live: Vec<P::Request> = self
            .current
            .wanted()
            .filter(|request| self.current.is_subscribed(request) && !old.is_subscribed(request))
            .cloned()
            .collect();
        for request in newly_live {
            self.emit(SessionEvent::Live { request });
        }
        let took = self.rotation.took(now);
        self.emit(SessionEvent::Rotated { took });
        self.rotation.schedule_next(now);
        self.rotation.phase = RotationPhase::Deduplicating {
            until: now + self.current.config().overlap,
        };
    }

    /// Handles the loss of the current connection, after it was reported.
    fn current_lost(&mut self, now: Instant) {
        // The replacement may be lost too.
        let ready = |replacement: &Replacement<P>| replacement.session.all_acknowledged();
        if self.rotation.is_handing_over() && self.replacement.as_ref().is_some_and(ready) {
            // Drop its retry: the replacement is ready.
            let cause =
                std::iter::from_fn(|| self.current.poll()).find_map(|action| match action {
                    Action::Emit(SessionEvent::Reconnect { cause, .. })
                    | Action::Emit(SessionEvent::Closed(CloseReason::Failed(cause))) => Some(cause),
                    _ => None,
                });
            if let Some(cause) = cause {
                let message =
                    format!("the current connection was lost during the handover: {cause}");
                let code = cause.code.and_then(|code| code.parse().ok());
                self.emit(SessionEvent::Exception { code, message });
            }
            return self.take_over(now);
        }
        if self.rotation.is_after_handover() {
            self.emit(SessionEvent::OverlapEnded);
        }
        if self.rotation.is_before_handover() || self.rotation.rotate_again {
            self.close_replacement();
            let message = "the current connection was lost before the replacement was ready";
            let failure = Failure::new(FailureStage::Live, RetryPolicy::Transient, message);
            self.emit(SessionEvent::RotationFailed(failure));
        }
        self.rotation.reset();
    }

    pub(crate) fn fail(&mut self, now: Instant, failure: Failure) {
        self.close_replacement();
        self.rotation.failed(now, &failure);
        self.emit(SessionEvent::RotationFailed(failure));
    }

    pub(crate) fn close_replacement(&mut self) {
        if self.replacement.take().is_some() {
            let hang_up = Action::HangUp { code: 1000 };
            self.actions
                .push_back((ConnectionRole::Replacement, hang_up));
        }
    }

    /// Subscribes a request on the replacement too.
    pub(crate) fn subscribe_replacement(&mut self, now: Instant, request: P::Request) {
        if let Some(replacement) = &mut self.replacement {
            if !replacement.session.is_ending(&request) {
                replacement.session.subscribe(now, request);
            } else if !replacement.resubscribe.contains(&request) {
                replacement.resubscribe.push(request);
            }
        }
    }

    /// Unsubscribes a request on the replacement.
    pub(crate) fn unsubscribe_replacement(&mut self, now: Instant, request: &P::Request) {
        if let Some(replacement) = &mut self.replacement {
            replacement.session.unsubscribe(now, request);
            replacement.resubscribe.retain(|other| other != request);
        }
    }
}
