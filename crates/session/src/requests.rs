//! Requests on a live connection: sending towards what is wanted, and what each answer means.

use std::time::Instant;

use kucoin_streams_wire::{Protocol, RefusalScope, RequestId};
use zeroize::Zeroizing;

use crate::phase::Phase;
use crate::topics::{Held, InFlight, Step};
use crate::{CloseReason, Failure, Report, Session, Severity, Stage};

impl<P: Protocol> Session<P> {
    /// Sends what is missing between what is wanted and what is held, as far as the pace allows.
    pub(crate) fn reconcile(&mut self, now: Instant) {
        self.paced_until = None;
        if !self.is_live() {
            return;
        }
        while let Some((at, step)) = self.topics.next_step() {
            if let Some(until) = self.pace.wait(now) {
                self.paced_until = Some(until);
                return;
            }
            let id = self.next_id();
            self.send_step(now, at, step, id, false);
        }
    }

    /// Asks for the end of all that is live, as far as the pace allows: what is left ends with the connection.
    pub(crate) fn unsubscribe_all(&mut self, now: Instant) {
        self.topics.unwant_all();
        let live: Vec<usize> = self
            .topics
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.held == Held::Live)
            .map(|(at, _)| at)
            .collect();
        for at in live {
            if self.pace.wait(now).is_some() {
                return;
            }
            let id = self.next_id();
            self.send_step(now, at, Step::Unsubscribe, id, false);
        }
    }

    /// Reports the reconnection once everything that it waits for is live.
    pub(crate) fn report_replayed(&mut self, now: Instant) {
        if !self.is_live() || !self.topics.is_replayed() {
            return;
        }
        if let Some((down_for, refused)) = self.history.replayed(now) {
            self.report(Report::Reconnected { down_for, refused });
        }
    }

    pub(crate) fn acknowledged(&mut self, now: Instant, id: &str) {
        if let Phase::LoggingIn { id: login, .. } = &self.phase {
            if login == id {
                self.report(Report::Authenticated);
                self.go_live(now);
            }
            return;
        }
        let Some(at) = RequestId::parse(id).and_then(|id| self.topics.find_in_flight(id)) else {
            return;
        };
        let entry = self.topics.entry(at);
        match entry.held {
            Held::Subscribing(_) => {
                entry.held = Held::Live;
                if entry.wanted {
                    let request = entry.request.clone();
                    // All that the old subscription pushed came before this answer.
                    self.unanswered_ends.retain(|ended| *ended != request);
                    self.report(Report::Live { request });
                }
            }
            Held::Unsubscribing(_) => self.ended(at),
            Held::Nothing | Held::Live => {}
        }
        self.reconcile(now);
        self.report_replayed(now);
        self.finish_if_quiet();
    }

    pub(crate) fn refused(
        &mut self,
        now: Instant,
        id: Option<&str>,
        code: Option<i64>,
        message: &str,
        scope: RefusalScope,
    ) {
        if let Phase::LoggingIn { id: login, .. } = &self.phase
            && id == Some(login.as_str())
        {
            let mut failure = Failure::new(Stage::Login, Severity::Refused, message);
            failure.code = code.map(|code| code.to_string());
            return self.lose(now, failure);
        }
        let id = id
            .and_then(RequestId::parse)
            .filter(|&id| self.was_sent(id));
        let about = match (id, scope) {
            (Some(id), RefusalScope::Request | RefusalScope::Pace) => {
                let Some(at) = self.topics.find_in_flight(id) else {
                    // The second answer to a request that was sent twice.
                    return;
                };
                Some(at)
            }
            (None, RefusalScope::Request) => self.topics.guess_in_flight(message),
            _ => None,
        };
        match about {
            Some(at) if scope == RefusalScope::Pace => self.try_again_later(now, at),
            Some(at) => self.request_refused(now, at, code, message),
            None => self.connection_refused(now, code, message, scope),
        }
    }

    /// Sends a request again whose answer is overdue, or gives the connection up where it was sent twice.
    pub(crate) fn resend_overdue(&mut self, now: Instant) {
        while let Some(at) = self.topics.overdue(now) {
            let entry = self.topics.entry(at);
            let (step, in_flight) = match entry.held {
                Held::Subscribing(in_flight) => (Step::Subscribe, in_flight),
                Held::Unsubscribing(in_flight) => (Step::Unsubscribe, in_flight),
                Held::Nothing | Held::Live => return,
            };
            if !in_flight.resent {
                self.send_step(now, at, step, in_flight.id, true);
            } else if step == Step::Unsubscribe && !entry.wanted {
                // Pushes that still come for it find no subscription: nobody is misled.
                let request = entry.request.clone();
                self.unanswered_ends.push(request);
                self.ended(at);
            } else {
                let what = format!("acknowledgement of {}", entry.request);
                let limit = self.config.ack_timeout * 2;
                return self.overdue(now, Stage::Acknowledgement, &what, limit);
            }
        }
    }

    pub(crate) fn finish_if_quiet(&mut self) {
        let quiet = || {
            self.topics
                .iter()
                .all(|entry| entry.held.in_flight().is_none())
        };
        if matches!(self.phase, Phase::Closing { .. }) && quiet() {
            self.finish(CloseReason::Requested);
        }
    }

    fn send_step(&mut self, now: Instant, at: usize, step: Step, id: RequestId, resent: bool) {
        let in_flight = InFlight {
            id,
            deadline: now + self.config.ack_timeout,
            resent,
        };
        let entry = self.topics.entry(at);
        let mut frame = String::with_capacity(128);
        match step {
            Step::Subscribe => {
                P::subscribe(id, &entry.request, &mut frame);
                entry.held = Held::Subscribing(in_flight);
            }
            Step::Unsubscribe => {
                P::unsubscribe(id, &entry.request, &mut frame);
                entry.held = Held::Unsubscribing(in_flight);
            }
        }
        self.send(now, Zeroizing::new(frame));
    }

    /// The unsubscription is done: the request is gone, or begins anew where it is wanted again meanwhile.
    fn ended(&mut self, at: usize) {
        let entry = self.topics.entry(at);
        if entry.wanted {
            entry.held = Held::Nothing;
            return;
        }
        let request = self.topics.remove(at).request;
        self.report(Report::Ended { request });
    }

    fn try_again_later(&mut self, now: Instant, at: usize) {
        let deadline = now + self.config.ack_timeout;
        let entry = self.topics.entry(at);
        match &mut entry.held {
            // It was sent twice and refused once: the answer to the other one decides.
            Held::Subscribing(in_flight) | Held::Unsubscribing(in_flight) if in_flight.resent => {
                in_flight.resent = false;
                in_flight.deadline = deadline;
            }
            Held::Unsubscribing(_) => entry.held = Held::Live,
            _ => entry.held = Held::Nothing,
        }
        if !entry.wanted && entry.held == Held::Nothing {
            let request = self.topics.remove(at).request;
            self.report(Report::Ended { request });
        }
        self.pace.slow_down(now);
        self.reconcile(now);
        self.finish_if_quiet();
    }

    fn request_refused(&mut self, now: Instant, at: usize, code: Option<i64>, message: &str) {
        let entry = self.topics.remove(at);
        let request = entry.request;
        let message = message.to_owned();
        match entry.held {
            Held::Subscribing(_) if entry.wanted => {
                if entry.replaying {
                    self.history.refused_at_replay();
                }
                self.report(Report::Refused {
                    request,
                    code,
                    message,
                });
            }
            Held::Unsubscribing(_) if entry.wanted => {
                // The server holds nothing that could be ended; what is wanted is subscribed anew.
                self.report(Report::Exception { code, message });
                self.topics.want(request);
            }
            _ => self.report(Report::Ended { request }),
        }
        self.reconcile(now);
        self.report_replayed(now);
        self.finish_if_quiet();
    }
}
