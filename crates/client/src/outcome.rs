//! How the session's actions are carried out and its reports reach those whom they concern.

use std::sync::Arc;

use kucoin_streams_session::{Action, CloseReason, Report};
use kucoin_streams_transport::Connect;
use kucoin_streams_wire::{ConnectionKind, ConnectionSource};
use tokio::time::Instant;

use crate::LifecycleEvent;
use crate::connection::ConnectionState;
use crate::driver::{Attempt, Driver, RequestOf, wall_clock};

impl<K: ConnectionKind, S: ConnectionSource, C: Connect> Driver<K, S, C> {
    /// Carries out all that the session asks for.
    pub(crate) fn carry_out(&mut self) {
        while let Some(action) = self.session.poll() {
            match action {
                Action::FetchConnectionInfo => {
                    let source = Arc::clone(&self.source);
                    let fetch = async move { source.connection_info(K::WS_KEY).await };
                    self.attempt = Attempt::Fetching(Box::pin(fetch));
                }
                Action::Dial(url) => {
                    let connect = Arc::clone(&self.connect);
                    let dial = async move { connect.connect(url.expose()).await };
                    self.attempt = Attempt::Dialling(Box::pin(dial));
                }
                Action::Send(frame) => {
                    if let Some(link) = &mut self.link {
                        link.send(frame);
                    }
                }
                Action::HangUp { code } => {
                    self.attempt = Attempt::None;
                    if let Some(link) = self.link.take() {
                        self.farewell = Some(Box::pin(link.close(code)));
                    }
                }
                Action::Report(report) => self.report(report),
                _ => {}
            }
        }
    }

    fn report(&mut self, report: Report<RequestOf<K>>) {
        match report {
            Report::Open => {
                self.state.send_replace(ConnectionState::Live);
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
                    .live(&request, wall_clock(), self.session.epoch());
            }
            Report::Refused {
                request,
                code,
                message,
            } => self.refused(&request, code, message),
            Report::Ended { .. } => {}
            Report::Lost => {
                // It came before the loss, so it must stand before the gap.
                if let Some(held_up) = self.held_up.take() {
                    self.routes.deliver(&held_up.topic, held_up.frame);
                }
                self.routes.lost(wall_clock());
                self.state.send_replace(ConnectionState::Connecting);
            }
            Report::Reconnect {
                cause,
                attempt,
                delay,
            } => self.tell(LifecycleEvent::Reconnect {
                cause,
                attempt,
                delay,
            }),
            Report::Reconnected { down_for, refused } => {
                self.state.send_replace(ConnectionState::Live);
                self.tell(LifecycleEvent::Reconnected { down_for, refused });
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
        self.tell(LifecycleEvent::Exception {
            topic: Some(topic),
            code: code.map(|code| code.to_string()),
            message: message.clone(),
            fatal: false,
        });
        let now = Instant::now().into_std();
        for orphan in self.routes.refused(request, code, &message) {
            self.session.unsubscribe(now, &orphan);
        }
    }
}

impl<K: ConnectionKind, S, C: Connect> Driver<K, S, C> {
    /// Tells everybody that the connection is over.
    pub(crate) fn closed(&mut self, reason: CloseReason) {
        if let CloseReason::Failed(failure) = &reason {
            self.tell(LifecycleEvent::Exception {
                topic: None,
                code: failure.code.clone(),
                message: failure.message.clone(),
                fatal: true,
            });
        }
        self.tell(LifecycleEvent::Close {
            reason: reason.clone(),
        });
        self.routes.end(&reason);
        self.state.send_replace(ConnectionState::Closed(reason));
    }

    fn tell(&self, event: LifecycleEvent) {
        self.lifecycle.send(K::WS_KEY, wall_clock(), event);
    }
}
