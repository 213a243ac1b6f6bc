//! Requests on a live connection: sending them and handling their answers.

use std::time::{Duration, Instant};

use kucoin_streams_core::{Protocol, RefusalScope, RequestId, RetryPolicy};
use zeroize::Zeroizing;

use crate::connection::phase::Phase;
use crate::connection::topics::{Entry, InFlight, TopicAction, TopicId, TopicState};
use crate::{Backoff, CloseReason, Failure, FailureStage, Session, SessionEvent};

/// Delay before a temporarily refused request is sent again: 1 s, doubled each time, up to 30 s.
const POSTPONED_BACKOFF: Backoff = Backoff {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(30),
};

impl<P: Protocol> Session<P> {
    /// Subscribes the wanted requests and unsubscribes all others, as far as the message limit allows.
    pub(crate) fn reconcile(&mut self, now: Instant) {
        self.rate_limited_until = None;
        if !self.is_live() {
            return;
        }
        while let Some((at, step)) = self.topics.next_action() {
            if let Some(until) = self.pace.wait(now) {
                self.rate_limited_until = Some(until);
                return;
            }
            let id = self.next_id();
            self.send_request(now, at, step, id, false);
        }
    }

    /// Unsubscribes all live requests, as far as the message limit allows.
    ///
    /// The other subscriptions end with the connection.
    pub(crate) fn unsubscribe_all(&mut self, now: Instant) {
        self.topics.unwant_all();
        let live: Vec<TopicId> = self
            .topics
            .iter()
            .filter(|(_, entry)| entry.state == TopicState::Live)
            .map(|(at, _)| at)
            .collect();
        for at in live {
            if self.pace.wait(now).is_some() {
                return;
            }
            let id = self.next_id();
            self.send_request(now, at, TopicAction::Unsubscribe, id, false);
        }
    }

    /// Emits `Reconnected` once all requests are live or refused.
    ///
    /// Postponed requests delay the event up to `postponed_limit`.
    pub(crate) fn report_replayed(&mut self, now: Instant) {
        if !self.is_live() || !self.history.is_replaying() {
            return;
        }
        let (on_their_way, postponed) = self.topics.awaited();
        let unanswered = postponed + self.history.abandoned();
        let waits = self.replay_until.is_some_and(|until| now < until);
        if on_their_way > 0 || (unanswered > 0 && (waits || !self.topics.has_live())) {
            return;
        }
        self.replay_until = None;
        if let Some((down_for, refused)) = self.history.replayed(now) {
            let refused = refused + unanswered;
            self.emit(SessionEvent::Reconnected { down_for, refused });
        }
    }

    pub(crate) fn acknowledged(&mut self, now: Instant, id: &str) {
        if let Phase::LoggingIn { id: login, .. } = &self.phase {
            if login == id {
                self.pace.answered(now);
                self.emit(SessionEvent::Authenticated);
                self.go_live(now);
            }
            return;
        }
        let Some(at) = RequestId::parse(id).and_then(|id| self.topics.find_in_flight(id)) else {
            return;
        };
        self.pace.answered(now);
        match self.topics.get(at).map(|entry| entry.state) {
            Some(TopicState::Subscribing(_)) => {
                self.topics.set_state(at, TopicState::Live);
                if let Some(entry) = self.topics.get(at).filter(|entry| entry.wanted) {
                    let request = entry.request.clone();
                    // All frames of the old subscription arrived before this answer.
                    self.unsubscribed_here.remove(&request);
                    self.emit(SessionEvent::Live { request });
                }
            }
            Some(TopicState::Unsubscribing(_)) => self.ended(at),
            _ => {}
        }
        self.reconcile(now);
        self.report_replayed(now);
        self.finish_if_answered();
    }

    pub(crate) fn refused(
        &mut self,
        now: Instant,
        id: Option<&str>,
        code: Option<i64>,
        message: &str,
        scope: RefusalScope,
    ) {
        // Any other scope is a temporary problem of the server.
        if let Phase::LoggingIn { id: login, .. } = &self.phase
            && id == Some(login.as_str())
            && matches!(scope, RefusalScope::Request | RefusalScope::Token)
        {
            let words = match self.redactor.redact(message) {
                words if words.is_empty() => words,
                words => format!(": {words}"),
            };
            let message = format!("KuCoin refused the login{words}");
            let mut failure = Failure::new(FailureStage::Login, RetryPolicy::Refused, message)
                .with_remedy("check the API key, the API secret, and the API passphrase");
            failure.code = code.map(|code| code.to_string().into());
            return self.lose(now, failure);
        }
        let id = id
            .and_then(RequestId::parse)
            .filter(|&id| self.was_sent(id));
        let is_of_request = matches!(
            scope,
            RefusalScope::Request
                | RefusalScope::RateLimit
                | RefusalScope::Temporary
                | RefusalScope::Busy
        );
        let about = match id {
            Some(id) if is_of_request => {
                let Some(at) = self.topics.find_in_flight(id) else {
                    // The request was answered already: a second answer to a request that was sent twice, or a late
                    // refusal. Only report it.
                    let message = self.redactor.redact(message);
                    return self.emit(SessionEvent::Exception { code, message });
                };
                Some(at)
            }
            None if is_of_request => self.topics.find_by_message(message),
            _ => None,
        };
        let Some(at) = about else {
            return self.connection_refused(now, code, message, scope);
        };
        self.pace.answered(now);
        match scope {
            RefusalScope::Request => self.request_refused(now, at, code, message),
            _ => {
                if scope != RefusalScope::Temporary {
                    self.pace.slow_down(now);
                }
                self.postpone(now, at, code, message);
            }
        }
    }

    /// Sends overdue and postponed requests again.
    ///
    /// If a request was sent twice without an answer, the connection counts as lost.
    pub(crate) fn resend_overdue(&mut self, now: Instant) {
        while let Some(at) = self.topics.overdue(now) {
            let Some(entry) = self.topics.get(at) else {
                return;
            };
            let (step, in_flight) = match entry.state {
                TopicState::Subscribing(in_flight) => (TopicAction::Subscribe, in_flight),
                TopicState::Unsubscribing(in_flight) => (TopicAction::Unsubscribe, in_flight),
                TopicState::Postponed(_) => {
                    // `reconcile` sends it again.
                    self.topics.set_state(at, TopicState::Idle);
                    continue;
                }
                TopicState::Idle | TopicState::Live => return,
            };
            if !in_flight.resent {
                self.send_request(now, at, step, in_flight.id, true);
            } else if step == TopicAction::Unsubscribe && !entry.wanted {
                // Later frames of this topic match no subscription.
                self.ended(at);
            } else {
                let what = format!("acknowledgement of {}", entry.request);
                let limit = self.config.ack_timeout * 2;
                return self.overdue(now, FailureStage::Acknowledgement, &what, limit);
            }
        }
    }

    pub(crate) fn finish_if_answered(&mut self) {
        if matches!(self.phase, Phase::Closing { .. }) && self.topics.all_answered() {
            self.finish(CloseReason::Requested);
        }
    }

    fn send_request(
        &mut self,
        now: Instant,
        at: TopicId,
        step: TopicAction,
        id: RequestId,
        resent: bool,
    ) {
        let in_flight = InFlight {
            id,
            deadline: now + self.config.ack_timeout,
            resent,
        };
        let Some(entry) = self.topics.get(at) else {
            return;
        };
        let mut frame = String::with_capacity(128);
        let state = match step {
            TopicAction::Subscribe => {
                P::subscribe(id, &entry.request, &mut frame);
                TopicState::Subscribing(in_flight)
            }
            TopicAction::Unsubscribe => {
                P::unsubscribe(id, &entry.request, &mut frame);
                TopicState::Unsubscribing(in_flight)
            }
        };
        self.topics.set_state(at, state);
        self.send(now, Zeroizing::new(frame));
    }

    /// Handles the end of an unsubscription: removes the request, or subscribes it again if it is wanted.
    fn ended(&mut self, at: TopicId) {
        let Some(entry) = self.topics.get(at) else {
            return;
        };
        self.unsubscribed_here.insert(entry.request.clone());
        if entry.wanted {
            return self.topics.set_state(at, TopicState::Idle);
        }
        self.report_end(at);
    }

    fn report_end(&mut self, at: TopicId) {
        if let Some(Entry { request, .. }) = self.topics.remove(at) {
            self.emit(SessionEvent::Ended { request });
        }
    }

    /// Handles a temporary refusal: schedules the request again, with a growing delay.
    fn postpone(&mut self, now: Instant, at: TopicId, code: Option<i64>, message: &str) {
        let Some(entry) = self.topics.get(at) else {
            return;
        };
        let again = |in_flight: InFlight, delay: Duration| InFlight {
            resent: false,
            deadline: now + delay,
            ..in_flight
        };
        match entry.state {
            TopicState::Unsubscribing(flight) if !flight.resent => {
                let state = TopicState::Unsubscribing(again(flight, POSTPONED_BACKOFF.base));
                self.topics.set_state(at, state);
            }
            // Later frames of this topic match no subscription.
            TopicState::Unsubscribing(_) => self.ended(at),
            _ if !entry.wanted => self.ended(at),
            state => {
                let request = entry.request.clone();
                let delay = POSTPONED_BACKOFF.ceiling(entry.postponements.saturating_add(1));
                // The limit starts at the first refusal of the replay, once.
                let is_first = || self.topics.awaited().1 + self.history.abandoned() == 0;
                if entry.replaying && self.history.is_replaying() && is_first() {
                    let limit = now + self.config.postponed_limit;
                    self.replay_until.get_or_insert(limit);
                }
                let state = match state {
                    // Sent twice and refused once: the other answer may follow, so keep its ID.
                    TopicState::Subscribing(flight) if flight.resent => {
                        TopicState::Subscribing(again(flight, delay))
                    }
                    _ => TopicState::Postponed(now + delay),
                };
                self.topics.postpone(at, state);
                let message = self.redactor.redact(message);
                self.emit(SessionEvent::Postponed {
                    request,
                    code,
                    message,
                    delay,
                });
            }
        }
        self.reconcile(now);
        self.report_replayed(now);
        self.finish_if_answered();
    }

    fn request_refused(&mut self, now: Instant, at: TopicId, code: Option<i64>, message: &str) {
        let Some(entry) = self.topics.remove(at) else {
            return;
        };
        let request = entry.request;
        let message = self.redactor.redact(message);
        match entry.state {
            TopicState::Subscribing(_) if entry.wanted => {
                if entry.replaying {
                    self.history.refused_at_replay();
                }
                self.emit(SessionEvent::Refused {
                    request,
                    code,
                    message,
                });
            }
            TopicState::Unsubscribing(_) if entry.wanted => {
                // The server had no such subscription to end, so subscribe the wanted request again.
                self.emit(SessionEvent::Exception { code, message });
                self.topics.want(request);
            }
            _ => self.emit(SessionEvent::Ended { request }),
        }
        self.reconcile(now);
        self.report_replayed(now);
        self.finish_if_answered();
    }
}
