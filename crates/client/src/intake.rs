//! What becomes of what comes in: commands, results of attempts, messages, passed deadlines.

use std::borrow::Cow;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use kucoin_streams_session::{Disposition, Input};
use kucoin_streams_transport::{Connect, Message, ReadError};
use kucoin_streams_wire::{ConnectionKind, ConnectionSource, Protocol};
use tokio::time::Instant;

use crate::driver::{Command, Driver, HeldUp, RequestOf, Woken, wall_clock};
use crate::link::Link;
use crate::queue::Frame;
use crate::waiting::Waiting;
use crate::{LifecycleEvent, failure};

/// Frames that are taken in one go before the task looks at anything else.
const BATCH: usize = 64;

impl<K: ConnectionKind, S: ConnectionSource, C: Connect> Driver<K, S, C> {
    pub(crate) fn take(&mut self, woken: Woken<K, C>) {
        let now = Instant::now().into_std();
        match woken {
            Woken::Command(Some(command)) => self.command(command),
            // Every handle and every subscription is gone.
            Woken::Command(None) => self.session.shut(now),
            Woken::Fetched(fetched) => {
                let fetched = fetched.map_err(|error| failure::of_source(&error));
                self.session.handle(now, Input::ConnectionInfo(fetched));
            }
            Woken::Dialled(Ok((reader, writer))) => {
                self.link = Some(Link::new(reader, writer));
                self.session.handle(now, Input::Dialled(Ok(())));
            }
            Woken::Dialled(Err(error)) => {
                let failure = failure::of_connect(&error);
                self.session.handle(now, Input::Dialled(Err(failure)));
            }
            Woken::WriteFailed(error) => {
                self.link = None;
                self.session
                    .handle(now, Input::Lost(failure::of_write(&error)));
            }
            Woken::Read(message) => self.read(message),
            Woken::Stirred => self.stirred(),
        }
    }

    fn command(&mut self, command: Command<RequestOf<K>>) {
        let now = Instant::now().into_std();
        match command {
            Command::Open => self.session.open(now),
            Command::Subscribe {
                requests,
                queue,
                on_refusal,
                reply,
            } => {
                let waiting = Waiting::new(requests.clone(), on_refusal, reply);
                self.routes.add(requests.clone(), queue, waiting);
                for request in requests {
                    self.session.subscribe(now, request.clone());
                    if self.session.holds(&request) {
                        self.routes
                            .live(&request, wall_clock(), self.session.epoch());
                    }
                }
            }
            Command::Close(done) => {
                self.closing.push(done);
                self.session.shut(now);
            }
        }
    }

    /// Does what is due: the session's deadlines, subscriptions that were dropped, a frame that was held up.
    fn stirred(&mut self) {
        let now = Instant::now();
        if self.held_up.is_some() {
            // Not the peer is silent: we do not listen.
            self.session.touch();
        }
        self.session.tick(now.into_std());
        for request in self.routes.sweep() {
            self.session.unsubscribe(now.into_std(), &request);
        }
        if let Some(HeldUp {
            topic,
            frame,
            until,
        }) = self.held_up.take()
        {
            if now >= until {
                self.routes.deliver(&topic, frame);
            } else if let Err(frame) = self.routes.deliver_if_room(&topic, frame) {
                self.held_up = Some(HeldUp {
                    topic,
                    frame,
                    until,
                });
            }
        }
    }

    /// Takes a message, and those that are there already behind it.
    fn read(&mut self, first: Result<Message, ReadError>) {
        let now = Instant::now().into_std();
        let mut next = first;
        let mut context = Context::from_waker(Waker::noop());
        for left in (0..BATCH).rev() {
            match next {
                Ok(Message::Text(payload) | Message::Binary(payload)) => self.frame(now, payload),
                Ok(Message::Ping(payload)) => {
                    self.session.touch();
                    if let Some(link) = &mut self.link {
                        link.pong(payload);
                    }
                }
                Ok(Message::Close(frame)) => {
                    let failure = failure::of_close(frame.as_ref());
                    if let Some(link) = &mut self.link {
                        link.close_code = Some(frame.map_or(1000, |frame| frame.code));
                    }
                    return self.session.handle(now, Input::Lost(failure));
                }
                Ok(_) => self.session.touch(),
                Err(error) => {
                    match (error.close_code(), &mut self.link) {
                        (Some(code), Some(link)) => link.close_code = Some(code),
                        _ => self.link = None,
                    }
                    return self
                        .session
                        .handle(now, Input::Lost(failure::of_read(&error)));
                }
            }
            self.carry_out();
            if left == 0 || self.held_up.is_some() {
                return;
            }
            let Some(link) = &mut self.link else { return };
            // A waker that does nothing is enough: what is pending is polled again before the task sleeps.
            match link.poll_read(&mut context) {
                Poll::Ready(message) => next = message,
                Poll::Pending => return,
            }
        }
    }

    fn frame(&mut self, now: std::time::Instant, payload: Bytes) {
        let received_at = wall_clock();
        let text = match K::Protocol::text(&payload) {
            Ok(text) => text,
            Err(error) => {
                self.undecodable(&error.to_string());
                return self.session.malformed(now);
            }
        };
        match self.session.frame(now, &text) {
            Disposition::Message { topic } => {
                let payload = match &text {
                    Cow::Borrowed(_) => payload.clone(),
                    Cow::Owned(text) => Bytes::copy_from_slice(text.as_bytes()),
                };
                let frame = Frame {
                    payload,
                    received_at,
                    epoch: self.session.epoch(),
                };
                let delivered = match self.patience.is_zero() {
                    true => Ok(self.routes.deliver(&topic, frame)),
                    false => self.routes.deliver_if_room(&topic, frame),
                };
                match delivered {
                    Ok(true) => {}
                    Ok(false) => {
                        self.unrouted += 1;
                        tracing::trace!(ws_key = %K::WS_KEY, total = self.unrouted, "event of no subscription");
                    }
                    Err(frame) => {
                        self.held_up = Some(HeldUp {
                            topic: topic.into_owned(),
                            frame,
                            until: Instant::now() + self.patience,
                        });
                    }
                }
            }
            Disposition::Malformed(error) => self.undecodable(&error.to_string()),
            Disposition::Unknown => {
                tracing::debug!(ws_key = %K::WS_KEY, "frame of an unknown kind");
            }
            _ => {}
        }
    }

    /// A frame that is not of the protocol belongs to no topic: it is told on the lifecycle stream.
    fn undecodable(&mut self, reason: &str) {
        let event = LifecycleEvent::Exception {
            topic: None,
            code: None,
            message: format!("a frame is not of the protocol: {reason}"),
            fatal: false,
        };
        self.lifecycle.send(K::WS_KEY, wall_clock(), event);
    }
}
