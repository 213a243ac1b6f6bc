//! Answers to the client's messages on a Pro V2 connection.

use std::time::Instant;

use serde_json::{Map, Value};

use super::channels::{self, ChannelRequest};
use super::frames::{self, Refusal};
use super::login;
use super::request::{self, Kind, Request};
use crate::fault::{Effect, take};
use crate::hub::{Delivery, Outgoing};
use crate::limits::PingRate;
use crate::session::Session;
use crate::sync::lock;

pub(crate) struct ProSession {
    base: Session,
    /// `true` after a token or a login was accepted.
    authenticated: bool,
    pings: PingRate,
}

impl ProSession {
    pub(crate) fn new(base: Session, authenticated: bool) -> Self {
        Self {
            base,
            authenticated,
            pings: PingRate::default(),
        }
    }

    /// Handles one message from the client.
    pub(crate) fn handle(&mut self, text: &str, now: Instant) {
        let request = request::parse(text);
        let loggable = request::without_secrets(text, request.as_ref());
        let (Some(within), Some(request)) = (self.base.admit(loggable, now), request) else {
            return;
        };
        let answer = match within {
            true => self.answer(&request, now),
            false => Err(Refusal::Message("exceed max permits per second".to_owned())),
        };
        if let Err(refusal) = answer {
            let frame = frames::refused(request.id.as_deref(), &refusal);
            self.base.reply(Outgoing::Error(frame));
        }
    }

    pub(crate) fn base(&self) -> &Session {
        &self.base
    }

    fn answer(&mut self, request: &Request, now: Instant) -> Result<(), Refusal> {
        let id = request.id.as_deref();
        let clock = self.base.shared.clock.clone();
        match &request.kind {
            Kind::TypedPing => self.ping(now, || frames::typed_pong(id, clock.now_ns())),
            Kind::OperationPing => self.ping(now, || frames::operation_pong(id, clock.now_ms())),
            Kind::Login(parts) => self.login(id.ok_or_else(Refusal::invalid)?, parts)?,
            Kind::Subscribe(parameters) => self.subscribe(id, parameters)?,
            Kind::Unsubscribe(parameters) => {
                let channel = self.read(parameters)?;
                let ack = Some(Outgoing::Ack(frames::ack(id)));
                self.base
                    .unsubscribe(&[channel.canonical], &[channel.requested], ack);
            }
            Kind::Invalid => return Err(Refusal::invalid()),
        }
        Ok(())
    }

    fn ping(&mut self, now: Instant, pong: impl FnOnce() -> String) {
        self.base.count_ping();
        if self.pings.admits(now) {
            self.base.reply(Outgoing::Pong(pong()));
        }
    }

    fn login(&mut self, id: &str, parts: &Map<String, Value>) -> Result<(), Refusal> {
        let (shared, link) = (&self.base.shared, &self.base.link);
        let refusal = take!(lock(&link.faults), Effect::RefuseLogin { text } => text.clone());
        if let Some(text) = refusal {
            return Err(Refusal::Message(text));
        }
        login::check(&shared.current_credentials(), parts, shared.clock.now_ms())?;
        self.authenticated = true;
        shared
            .board
            .connection(link.number, |report| report.authenticated = true);
        self.base.reply(Outgoing::Login(frames::ack(Some(id))));
        Ok(())
    }

    fn subscribe(&self, id: Option<&str>, parameters: &Map<String, Value>) -> Result<(), Refusal> {
        let channel = self.read(parameters)?;
        if !self.authenticated {
            return Err(Refusal::Message("login is required".to_owned()));
        }
        let refusal = lock(&self.base.link.faults).topic_refusal(&channel.requested);
        if let Some((_, text)) = refusal {
            return Err(Refusal::Reason(text));
        }
        let ack = Some(Outgoing::Ack(frames::ack(id)));
        self.base
            .subscribe(
                &[channel.canonical],
                &[channel.requested],
                Delivery::Live,
                ack,
            )
            .map_err(|refusal| Refusal::Reason(refusal.text))
    }

    /// Parses a request, unless a fault refuses every request.
    fn read(&self, parameters: &Map<String, Value>) -> Result<ChannelRequest, Refusal> {
        if let Some((_, text)) = lock(&self.base.link.faults).request_refusal() {
            return Err(Refusal::Message(text));
        }
        channels::parse(parameters, lock(&self.base.shared.limits).unknown_symbols)
    }
}
