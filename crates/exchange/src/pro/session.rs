//! What a Pro V2 connection answers to each message of its client; the bytes are the socket's.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::{Map, Value};

use super::channels;
use super::frames::{self, Refusal};
use super::login;
use super::request::{self, Kind, Request};
use crate::clock;
use crate::fault::{Effect, take};
use crate::rate::{MessageRate, PingRate};
use crate::shared::Shared;
use crate::socket::Link;
use crate::sync::lock;
use crate::world::{Audience, Outgoing};

pub(crate) struct Session {
    shared: Arc<Shared>,
    link: Arc<Link>,
    /// By its token, or by a login.
    authenticated: bool,
    rate: MessageRate,
    pings: PingRate,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, link: Arc<Link>, authenticated: bool) -> Self {
        Self {
            shared,
            link,
            authenticated,
            rate: MessageRate::default(),
            pings: PingRate::default(),
        }
    }

    /// Takes one message from the client.
    pub(crate) fn handle(&mut self, text: &str, now: Instant) {
        let early = !self.link.welcomed.load(Ordering::SeqCst);
        let request = request::parse(text);
        self.shared.board.connection(self.link.number, |report| {
            let kept = request::without_secrets(text, request.as_ref());
            report.client_messages.push(kept);
            report.early_messages += u64::from(early);
        });
        // Before the welcome the real gateway loses what it is sent.
        if early {
            return;
        }
        let limit = lock(&self.shared.limits).messages;
        let within = self.rate.admits(now, limit);
        let Some(request) = request else {
            return;
        };
        let answer = if within {
            self.answer(&request, now)
        } else {
            let text = "exceed max permits per second".to_owned();
            Err(Refusal::Message(text))
        };
        if let Err(refusal) = answer {
            let frame = frames::refused(request.id.as_deref(), &refusal);
            self.reply(Outgoing::Error(frame));
        }
    }

    /// Answers a ping of the WebSocket protocol, which is no message in KuCoin's sense.
    pub(crate) fn protocol_ping(&self, payload: Vec<u8>) {
        self.reply(Outgoing::ProtocolPong(payload));
    }

    fn answer(&mut self, request: &Request, now: Instant) -> Result<(), Refusal> {
        let id = request.id.as_deref();
        match &request.kind {
            Kind::TypedPing => self.ping(now, || frames::typed_pong(id, clock::now_ns())),
            Kind::OperationPing => self.ping(now, || frames::operation_pong(id, clock::now_ms())),
            Kind::Login(parts) => {
                let id = Some(id.ok_or_else(Refusal::invalid)?);
                let refusal =
                    take!(lock(&self.link.faults), Effect::RefuseLogin { text } => text.clone());
                if let Some(text) = refusal {
                    return Err(Refusal::Message(text));
                }
                let now_ms = self.shared.skewed_now_ms();
                login::check(&self.shared.credentials, parts, now_ms)?;
                self.authenticated = true;
                self.shared
                    .board
                    .connection(self.link.number, |report| report.authenticated = true);
                self.reply(Outgoing::Login(frames::ack(id)));
            }
            Kind::Subscribe(parameters) => self.subscribe(id, parameters)?,
            Kind::Unsubscribe(parameters) => self.unsubscribe(id, parameters)?,
            Kind::Invalid => return Err(Refusal::invalid()),
        }
        Ok(())
    }

    fn ping(&mut self, now: Instant, pong: impl FnOnce() -> String) {
        self.shared
            .board
            .connection(self.link.number, |report| report.pings += 1);
        if self.pings.admits(now) {
            self.reply(Outgoing::Pong(pong()));
        }
    }

    fn subscribe(&self, id: Option<&str>, asked: &Map<String, Value>) -> Result<(), Refusal> {
        self.unless_refused()?;
        let asked = channels::parse(asked, lock(&self.shared.limits).unknown_symbols)?;
        if !self.authenticated {
            return Err(Refusal::Message("login is required".to_owned()));
        }
        if let Some((_, text)) = lock(&self.link.faults).topic_refusal(&asked.written) {
            return Err(Refusal::Reason(text));
        }
        let ack = Some(Outgoing::Ack(frames::ack(id)));
        let topics = [asked.served];
        lock(&self.shared.world)
            .subscribe(self.link.number, &topics, Audience::Live, ack)
            .map_err(|refusal| Refusal::Reason(refusal.text))?;
        self.shared.board.connection(self.link.number, |report| {
            if !report.topics.contains(&asked.written) {
                report.topics.push(asked.written);
            }
        });
        Ok(())
    }

    fn unsubscribe(&self, id: Option<&str>, asked: &Map<String, Value>) -> Result<(), Refusal> {
        self.unless_refused()?;
        let asked = channels::parse(asked, lock(&self.shared.limits).unknown_symbols)?;
        let ack = Some(Outgoing::Ack(frames::ack(id)));
        let late = lock(&self.link.faults).late_pushes();
        let topics = [asked.served];
        lock(&self.shared.world).unsubscribe(self.link.number, &topics, late, ack);
        self.shared.board.connection(self.link.number, |report| {
            report.topics.retain(|topic| *topic != asked.written);
        });
        Ok(())
    }

    /// A fault may refuse a request whatever it asks for.
    fn unless_refused(&self) -> Result<(), Refusal> {
        match lock(&self.link.faults).request_refusal() {
            Some((_, text)) => Err(Refusal::Message(text)),
            None => Ok(()),
        }
    }

    fn reply(&self, message: Outgoing) {
        lock(&self.shared.world).reply(self.link.number, message);
    }
}
