//! How the session's actions are carried out and its reports reach those whom they concern.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_session::{Action, CloseReason, Failure, Report, Severity, Side, Stage};
use kucoin_streams_transport::Connect;
use kucoin_streams_wire::{ConnectionKind, ConnectionSource, Protocol, Rounded, Serves};
use tokio::time::Instant;

use crate::connection::ConnectionState;
use crate::driver::{Driver, HeldUp, RequestOf, wall_clock};
use crate::handover::Pushed;
use crate::line::{Attempt, Line};
use crate::outage::Loss;
use crate::routes::WhenFull;
use crate::{ClosedError, LifecycleEvent, RotateError};

impl<K: ConnectionKind, S: ConnectionSource, C: Connect> Driver<K, S, C> {
    /// Carries out all that the session asks for; true where one connection has taken over from another.
    pub(crate) fn carry_out(&mut self) -> bool {
        let mut took_over = false;
        while let Some((side, action)) = self.session.poll() {
            match action {
                Action::FetchConnectionInfo => {
                    let turn = Box::pin(self.gate.clone().pass());
                    self.line(side).attempt = Attempt::Waiting(turn);
                }
                Action::Dial(url) => {
                    let connect = Arc::clone(&self.connect);
                    let dial = async move {
                        let dialled = connect.connect(url.expose()).await;
                        dialled.map_err(|error| (error, url.authority().to_owned()))
                    };
                    self.line(side).attempt = Attempt::Dialling(Box::pin(dial));
                }
                Action::Send(frame) => {
                    if let Some(link) = &mut self.line(side).link {
                        link.send(frame);
                    }
                }
                Action::HangUp { code } => {
                    let line = std::mem::take(self.line(side));
                    self.hang_up(line, code);
                }
                Action::TakeOver { is_even } => {
                    took_over = true;
                    let successor = std::mem::take(&mut self.successor);
                    let before = std::mem::replace(&mut self.serving, successor);
                    self.hang_up(before, 1000);
                    if !is_even {
                        let uneven = self.hand_over.overlap.uneven();
                        self.report_uneven(&uneven);
                    }
                    let was_live = *self.state.borrow() == ConnectionState::Live;
                    self.hand_over.take_over(is_even && was_live);
                }
                Action::Report(report) => self.report(report),
                _ => {}
            }
        }
        // Behind the gaps that were just told, where there are any.
        self.work_off();
        took_over
    }

    fn hang_up(&mut self, line: Line<C>, code: u16) {
        if let Some(link) = line.link {
            self.farewells.push(Box::pin(link.close(code)));
        }
    }

    fn report(&mut self, report: Report<RequestOf<K>>) {
        match report {
            Report::Open => {
                self.is_live();
                self.tell(LifecycleEvent::Open);
            }
            Report::Authenticated => self.tell(LifecycleEvent::Authenticated),
            // Who waits for an answer finds it on the lifecycle stream already.
            Report::Live { request } => {
                self.tell(LifecycleEvent::Response {
                    topic: request.to_string(),
                    ok: true,
                });
                self.routes
                    .live(&request, wall_clock(), self.session.epoch(Side::Serving));
            }
            Report::Refused {
                request,
                code,
                message,
            } => self.refused(&request, code, message),
            Report::Ended { .. } => {}
            Report::Postponed {
                request,
                code,
                message,
                delay,
            } => self.postponed(&request, code, message, delay),
            Report::Lost { cause } => {
                // It came before the loss, so it must stand before the gap.
                self.deliver_rest();
                let last_heard_at = self.last_heard_at;
                self.routes.lost(Loss {
                    cause: &cause,
                    last_heard_at,
                    lost_at: wall_clock(),
                });
                self.state.send_replace(ConnectionState::Connecting);
                self.last_failure = Some(cause);
            }
            Report::Reconnect {
                cause,
                attempt,
                delay,
            } => {
                self.last_failure = Some(cause.clone());
                self.tell(LifecycleEvent::Reconnect {
                    cause,
                    attempt,
                    delay,
                });
            }
            Report::Reconnected { down_for, refused } => {
                self.is_live();
                self.tell(LifecycleEvent::Reconnected { down_for, refused });
            }
            Report::Rotated { took } => {
                self.is_live();
                self.tell(LifecycleEvent::Rotated { took });
                self.hand_over.answer(&Ok(()));
            }
            Report::OverlapBegan => self.hand_over.overlap.begin(),
            Report::Prepared { request } => {
                let is_of = |topic: &str| K::Protocol::serves(&request, topic) != Serves::No;
                let now = Instant::now().into_std();
                self.hand_over.overlap.prepared(now, is_of);
                let is_even = self.hand_over.overlap.is_even();
                self.session.overlap_is_even(now, is_even);
            }
            Report::OverlapEnded => {
                let missing = self.hand_over.overlap.not_repeated();
                if self.hand_over.was_even {
                    self.report_uneven(&missing);
                }
                self.hand_over.overlap.end();
            }
            Report::RotationFailed(failure) => {
                self.hand_over.overlap.end();
                self.tell(LifecycleEvent::Exception {
                    topic: None,
                    code: failure.code.clone(),
                    message: format!("no new connection to move to: {failure}"),
                    fatal: false,
                });
                self.hand_over.answer(&Err(RotateError::Failed(failure)));
            }
            Report::Exception { code, message } => self.tell(LifecycleEvent::Exception {
                topic: None,
                code: code.map(|code| code.to_string()),
                message,
                fatal: false,
            }),
            Report::Closed(reason) => self.closed(reason),
            _ => {}
        }
    }

    fn refused(&mut self, request: &RequestOf<K>, code: Option<i64>, message: String) {
        let topic = request.to_string();
        self.tell(LifecycleEvent::Response {
            topic: topic.clone(),
            ok: false,
        });
        let refusal = LifecycleEvent::Exception {
            topic: Some(topic),
            code: code.map(|code| code.to_string()),
            message: message.clone(),
            fatal: false,
        };
        self.lifecycle
            .send_refusal(K::WS_KEY, wall_clock(), refusal);
        let now = Instant::now().into_std();
        let when = (wall_clock(), self.session.epoch(Side::Serving));
        for orphan in self.routes.refused(request, code, &message, when) {
            self.session.unsubscribe(now, &orphan);
        }
    }

    fn postponed(
        &mut self,
        request: &RequestOf<K>,
        code: Option<i64>,
        message: String,
        delay: Duration,
    ) {
        let when = (wall_clock(), self.session.epoch(Side::Serving));
        self.routes.postponed(request, code, &message, when);
        self.tell(LifecycleEvent::Exception {
            topic: Some(request.to_string()),
            code: code.map(|code| code.to_string()),
            message: format!("{message}; asked for again in {}", Rounded(delay)),
            fatal: false,
        });
    }

    /// The topics of which one connection of a rotation brought events that the other did not may have a hole.
    fn report_uneven(&mut self, uneven: &[Box<str>]) {
        // A connection that was lost before has a gap on every topic already.
        if uneven.is_empty() || *self.state.borrow() != ConnectionState::Live {
            return;
        }
        let message = "the connections before and after a rotation brought different events";
        let cause = Failure::new(Stage::Live, Severity::Transient, message);
        let loss = Loss {
            cause: &cause,
            last_heard_at: self.last_heard_at,
            lost_at: wall_clock(),
        };
        let epoch = self.session.epoch(Side::Serving);
        self.routes.uneven(uneven, loss, epoch);
    }

    fn is_live(&mut self) {
        self.state.send_replace(ConnectionState::Live);
        self.last_failure = None;
        for (_, reply) in self.live_waiters.drain(..) {
            drop(reply.send(Ok(())));
        }
    }
}

impl<K: ConnectionKind, S, C: Connect> Driver<K, S, C> {
    /// Ends the connection because its task cannot run.
    pub(crate) fn cannot_start(mut self, error: &std::io::Error) {
        let message = format!("cannot start the thread of the connections: {error}");
        let failure = Failure::new(Stage::Dial, Severity::Fatal, message);
        let reason = match kucoin_streams_wire::remedy(error, None) {
            Some(remedy) => CloseReason::Failed(failure.with_remedy(remedy)),
            None => CloseReason::Failed(failure),
        };
        self.closed(reason);
        self.is_reported = true;
    }

    /// Tells everybody that the connection is over.
    pub(crate) fn closed(&mut self, reason: CloseReason) {
        if let CloseReason::Failed(failure) = &reason {
            self.tell(LifecycleEvent::Exception {
                topic: None,
                code: failure.code.clone(),
                message: failure.to_string(),
                fatal: true,
            });
        }
        self.tell(LifecycleEvent::Close {
            reason: reason.clone(),
        });
        // Before any answer: a caller on another thread may look at the state at once.
        self.state
            .send_replace(ConnectionState::Closed(reason.clone()));
        let over = ClosedError {
            reason: reason.clone(),
        };
        self.hand_over.answer(&Err(over.into()));
        self.deliver_rest();
        self.routes.end(&reason);
        self.routes.wake();
        for (_, reply) in self.live_waiters.drain(..) {
            let reason = reason.clone();
            drop(reply.send(Err(ClosedError { reason }.into())));
        }
    }

    /// Hands on what was received and waits here, whether there is room for it or not.
    fn deliver_rest(&mut self) {
        let held_up = self
            .held_up
            .take()
            .map(|HeldUp { topic, frame, .. }| Pushed {
                topic: Some(topic.into()),
                frame,
            });
        let backlog = self.hand_over.take_backlog();
        for pushed in held_up.into_iter().chain(backlog) {
            match pushed.topic {
                Some(topic) => {
                    let way = self.routes.way(&topic);
                    drop(self.routes.deliver(way, pushed.frame, WhenFull::Miss));
                }
                None => self.routes.deliver_unread(&pushed.frame),
            }
        }
    }

    fn tell(&self, event: LifecycleEvent) {
        self.lifecycle.send(K::WS_KEY, wall_clock(), event);
    }
}
