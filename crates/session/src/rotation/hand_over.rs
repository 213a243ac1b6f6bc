//! The course of a rotation: what each session asks for, what follows from it, and the hand-over.

use std::time::Instant;

use kucoin_streams_core::{Protocol, RetryPolicy};

use crate::rotation::schedule::FailureStage;
use crate::rotation::{ConnectionRole, RotatingSession, Successor};
use crate::{Action, CloseReason, Failure, SessionEvent};

/// So often a connection that brings events is asked to prove that nothing of it is on its way any more.
const PROBES: u32 = 3;

impl<P: Protocol> RotatingSession<P> {
    /// Takes what both sessions ask for, and what follows from it for the rotation.
    pub(crate) fn collect(&mut self, now: Instant) {
        loop {
            self.collect_serving(now);
            self.collect_successor(now);
            if !self.advance(now) {
                return;
            }
        }
    }

    fn collect_serving(&mut self, now: Instant) {
        while let Some(action) = self.serving.poll() {
            let mut lost = false;
            match &action {
                Action::Report(SessionEvent::Open | SessionEvent::Reconnected { .. }) => {
                    self.rotation.plan(now)
                }
                Action::Report(SessionEvent::Lost { .. }) => lost = true,
                Action::Report(SessionEvent::Live { request }) => {
                    self.subscribe_successor(now, request.clone());
                }
                Action::Report(SessionEvent::Refused { request, .. }) => self.forget(now, request),
                _ => {}
            }
            self.actions.push_back((ConnectionRole::Serving, action));
            if lost {
                self.serving_lost(now);
            }
        }
    }

    fn collect_successor(&mut self, now: Instant) {
        let Some(successor) = &mut self.successor else {
            return;
        };
        let mut failure = None;
        while let Some(action) = successor.session.poll() {
            match action {
                Action::Report(SessionEvent::Refused {
                    request,
                    code,
                    message,
                }) => {
                    // The serving connection still has it: it goes on.
                    let message =
                        format!("{request} was refused on the next connection: {message}");
                    let stage = crate::FailureStage::Acknowledgement;
                    let mut refusal = Failure::new(stage, RetryPolicy::Transient, message);
                    refusal.code = code.map(|code| code.to_string().into());
                    failure.get_or_insert(refusal);
                }
                Action::Report(SessionEvent::Closed(CloseReason::Failed(cause))) => {
                    failure = Some(cause)
                }
                Action::Report(SessionEvent::Postponed {
                    request,
                    code,
                    message,
                    ..
                }) => {
                    let message =
                        format!("{request} is refused for now on the next connection: {message}");
                    let report = SessionEvent::Exception { code, message };
                    self.actions
                        .push_back((ConnectionRole::Serving, Action::Report(report)));
                }
                Action::Report(report @ SessionEvent::Exception { .. }) => {
                    self.actions
                        .push_back((ConnectionRole::Serving, Action::Report(report)));
                }
                Action::Report(SessionEvent::Open) => {
                    let began = Action::Report(SessionEvent::OverlapBegan);
                    self.actions.push_back((ConnectionRole::Serving, began));
                }
                Action::Report(SessionEvent::Live { request }) => {
                    let prepared = Action::Report(SessionEvent::Prepared { request });
                    self.actions.push_back((ConnectionRole::Serving, prepared));
                }
                Action::Report(SessionEvent::Ended { request }) => {
                    if let Some(at) = successor.later.iter().position(|later| *later == request) {
                        successor.later.remove(at);
                        successor.session.subscribe(now, request);
                    }
                }
                Action::Report(_) => {}
                action => self.actions.push_back((ConnectionRole::Successor, action)),
            }
        }
        if let Some(failure) = failure {
            self.fail(now, failure);
        }
    }

    /// Takes the rotation one stage further; false where nothing is due.
    fn advance(&mut self, now: Instant) -> bool {
        let settled =
            |successor: &Successor<P>| successor.session.is_settled() && successor.later.is_empty();
        let settled = self.serving.is_settled() && self.successor.as_ref().is_some_and(settled);
        let overlap = self.serving.config().overlap;
        match self.rotation.stage {
            FailureStage::Steady
                if self.rotation.is_due(now) && self.serving.can_be_succeeded() =>
            {
                self.begin(now);
            }
            FailureStage::Preparing { .. } if settled => {
                let limit = self.serving.config().overlap_limit.max(overlap);
                self.rotation.limit = Some(now + limit);
                self.rotation.stage = FailureStage::Lingering {
                    until: now + overlap,
                };
            }
            FailureStage::Preparing { until } if until <= now => {
                let message = "not every topic became live on the next connection in time";
                let stage = crate::FailureStage::Acknowledgement;
                self.fail(now, Failure::new(stage, RetryPolicy::Transient, message));
            }
            // Something was subscribed meanwhile: what was proved before does not hold for it.
            FailureStage::Lingering { .. } | FailureStage::Draining { .. } if !settled => {
                self.rotation.prepare(now);
            }
            FailureStage::Lingering { until }
                if until <= now && self.rotation.may_hand_over(now) =>
            {
                let probe_at = self.serving.may_probe_at(now);
                self.rotation.stage = match probe_at > now {
                    true => FailureStage::Lingering { until: probe_at },
                    false => {
                        self.rotation.probes = 1;
                        FailureStage::Draining {
                            until: now + self.serving.probe(now),
                        }
                    }
                };
            }
            FailureStage::Draining { .. } if self.serving.is_proved() => {
                match self.rotation.may_hand_over(now) {
                    true => self.take_over(now),
                    // Meanwhile one of the connections brought what the other has not.
                    false => self.rotation.stage = FailureStage::Lingering { until: now },
                }
            }
            // The answer may have been lost, but not the connection: events still come.
            FailureStage::Draining { until } if until <= now && self.may_probe_again() => {
                self.rotation.probes += 1;
                self.rotation.stage = FailureStage::Draining {
                    until: now + self.serving.probe(now),
                };
            }
            FailureStage::Draining { until } if until <= now => {
                let limit = self.serving.pong_timeout();
                self.serving
                    .overdue(now, crate::FailureStage::Heartbeat, "pong", limit);
            }
            FailureStage::Trailing { until } if until <= now => {
                let probe_at = self.serving.may_probe_at(now);
                self.rotation.stage = match probe_at > now {
                    true => FailureStage::Trailing { until: probe_at },
                    false => FailureStage::Confirming {
                        until: now + self.serving.probe(now),
                    },
                };
            }
            FailureStage::Confirming { until } if self.serving.is_proved() || until <= now => {
                self.rotation.stage = FailureStage::Steady;
                self.report(SessionEvent::OverlapEnded);
            }
            _ => return false,
        }
        true
    }

    fn may_probe_again(&self) -> bool {
        self.serving.is_heard() && self.rotation.probes < PROBES
    }

    pub(crate) fn begin(&mut self, now: Instant) {
        self.rotation.begin(now);
        let mut session = self.serving.successor();
        session.open(now);
        self.successor = Some(Successor {
            session,
            later: Vec::new(),
        });
    }

    /// The successor serves from here on.
    fn take_over(&mut self, now: Instant) {
        let Some(Successor { mut session, .. }) = self.successor.take() else {
            return;
        };
        session.succeed();
        let before = std::mem::replace(&mut self.serving, session);
        let is_even = self.rotation.is_even;
        self.actions
            .push_back((ConnectionRole::Serving, Action::TakeOver { is_even }));
        let news: Vec<P::Request> = self
            .serving
            .wanted()
            .filter(|request| self.serving.holds(request) && !before.holds(request))
            .cloned()
            .collect();
        for request in news {
            self.report(SessionEvent::Live { request });
        }
        let took = self.rotation.took(now);
        self.report(SessionEvent::Rotated { took });
        self.rotation.plan(now);
        self.rotation.stage = FailureStage::Trailing {
            until: now + self.serving.config().overlap,
        };
    }

    /// The serving connection is lost, which was reported.
    fn serving_lost(&mut self, now: Instant) {
        // The same moment may have ended both.
        let ready = |successor: &Successor<P>| successor.session.is_settled();
        if self.rotation.is_handing_over() && self.successor.as_ref().is_some_and(ready) {
            // What its session has in mind to mend the loss is not needed: the successor is ready.
            let cause =
                std::iter::from_fn(|| self.serving.poll()).find_map(|action| match action {
                    Action::Report(SessionEvent::Reconnect { cause, .. })
                    | Action::Report(SessionEvent::Closed(CloseReason::Failed(cause))) => {
                        Some(cause)
                    }
                    _ => None,
                });
            if let Some(cause) = cause {
                let message = format!("the connection was lost before it had handed over: {cause}");
                let code = cause.code.and_then(|code| code.parse().ok());
                self.report(SessionEvent::Exception { code, message });
            }
            return self.take_over(now);
        }
        if self.rotation.is_after_hand_over() {
            self.report(SessionEvent::OverlapEnded);
        }
        if self.rotation.is_before_hand_over() || self.rotation.asked_again {
            self.give_up();
            let message = "the connection was lost before the next one was ready";
            let failure = Failure::new(crate::FailureStage::Live, RetryPolicy::Transient, message);
            self.report(SessionEvent::RotationFailed(failure));
        }
        self.rotation.forget();
    }

    pub(crate) fn fail(&mut self, now: Instant, failure: Failure) {
        self.give_up();
        self.rotation.failed(now, &failure);
        self.report(SessionEvent::RotationFailed(failure));
    }

    pub(crate) fn give_up(&mut self) {
        if self.successor.take().is_some() {
            let hang_up = Action::HangUp { code: 1000 };
            self.actions.push_back((ConnectionRole::Successor, hang_up));
        }
    }

    /// The successor is to serve this request too.
    pub(crate) fn subscribe_successor(&mut self, now: Instant, request: P::Request) {
        if let Some(successor) = &mut self.successor {
            if !successor.session.is_ending(&request) {
                successor.session.subscribe(now, request);
            } else if !successor.later.contains(&request) {
                successor.later.push(request);
            }
        }
    }

    /// The successor is not to serve this request.
    pub(crate) fn forget(&mut self, now: Instant, request: &P::Request) {
        if let Some(successor) = &mut self.successor {
            successor.session.unsubscribe(now, request);
            successor.later.retain(|later| later != request);
        }
    }
}
