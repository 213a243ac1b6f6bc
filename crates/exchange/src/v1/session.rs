//! What a V1 connection answers to each message of its client; the bytes are the socket's.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::frames;
use super::request::{self, Kind, Request, Subscription};
use super::topics::{self, Asked, Refusal};
use crate::clock;
use crate::rate::MessageRate;
use crate::shared::Shared;
use crate::socket::Link;
use crate::sync::lock;
use crate::tokens::{Grant, Scope};
use crate::world::{Audience, Outgoing};

pub(crate) struct Session {
    shared: Arc<Shared>,
    link: Arc<Link>,
    grant: Grant,
    rate: MessageRate,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, link: Arc<Link>, grant: Grant) -> Self {
        Self {
            shared,
            link,
            grant,
            rate: MessageRate::default(),
        }
    }

    /// Takes one message from the client.
    pub(crate) fn handle(&mut self, text: &str, now: Instant) {
        let early = !self.link.welcomed.load(Ordering::SeqCst);
        self.shared.board.connection(self.link.number, |report| {
            report.client_messages.push(text.to_owned());
            report.early_messages += u64::from(early);
        });
        // Before the welcome the real gateway loses what it is sent.
        if early {
            return;
        }
        let request = request::parse(text);
        let limit = lock(&self.shared.limits).messages;
        if !self.rate.admits(now, limit) {
            self.refuse(
                &request,
                &Refusal::new(509, "exceed max permits per second"),
            );
            return;
        }
        if let Err(refusal) = self.answer(&request) {
            self.refuse(&request, &refusal);
        }
    }

    /// Answers a ping of the WebSocket protocol, which is no message in KuCoin's sense.
    pub(crate) fn protocol_ping(&self, payload: Vec<u8>) {
        self.reply(Outgoing::ProtocolPong(payload));
    }

    fn answer(&self, request: &Request) -> Result<(), Refusal> {
        match &request.kind {
            Kind::Ping => {
                self.shared
                    .board
                    .connection(self.link.number, |report| report.pings += 1);
                self.reply(Outgoing::Pong(frames::pong(
                    request.id.as_deref(),
                    clock::now_us(),
                )));
                Ok(())
            }
            Kind::Subscribe(asked) => self.subscribe(request, asked),
            Kind::Unsubscribe(asked) => self.unsubscribe(request, asked),
            Kind::Unknown => Err(Refusal::new(415, "type is not supported")),
            Kind::Malformed => Err(Refusal::new(400, "message is invalid")),
        }
    }

    fn subscribe(&self, request: &Request, asked: &Subscription) -> Result<(), Refusal> {
        self.unless_refused()?;
        let is_public = self.grant.scope == Scope::Public;
        let (topics, audience) = match self.read(asked)? {
            Asked::Private(_) | Asked::Unknown(_) if is_public && asked.private_channel => {
                return Err(Refusal::new(403, "login is required"));
            }
            // The real server acknowledges a private topic that is asked for without
            // `privateChannel`, and then never pushes anything.
            Asked::Private(topic) if !asked.private_channel => {
                (vec![topic.to_owned()], Audience::Silent)
            }
            Asked::Private(topic) => (vec![topic.to_owned()], Audience::Live),
            Asked::Unknown(topic) => (vec![topic], Audience::Silent),
            Asked::Matches(topics) if !is_public && asked.private_channel => {
                (topics, Audience::Live)
            }
            Asked::Matches(topics) | Asked::Public(topics) => (topics, Audience::Silent),
        };
        for topic in &topics {
            if let Some((code, text)) = lock(&self.link.faults).topic_refusal(topic) {
                return Err(Refusal { code, text });
            }
        }
        let ack = Self::ack(request, asked);
        lock(&self.shared.world).subscribe(self.link.number, &topics, audience, ack)?;
        self.shared.board.connection(self.link.number, |report| {
            for topic in topics {
                if !report.topics.contains(&topic) {
                    report.topics.push(topic);
                }
            }
        });
        Ok(())
    }

    fn unsubscribe(&self, request: &Request, asked: &Subscription) -> Result<(), Refusal> {
        self.unless_refused()?;
        let topics = match self.read(asked)? {
            Asked::Private(topic) => vec![topic.to_owned()],
            Asked::Unknown(topic) => vec![topic],
            Asked::Matches(topics) | Asked::Public(topics) => topics,
        };
        let late = lock(&self.link.faults).late_pushes();
        let ack = Self::ack(request, asked);
        lock(&self.shared.world).unsubscribe(self.link.number, &topics, late, ack);
        self.shared.board.connection(self.link.number, |report| {
            report.topics.retain(|topic| !topics.contains(topic));
        });
        Ok(())
    }

    fn read(&self, asked: &Subscription) -> Result<Asked, Refusal> {
        let unknown_symbols = lock(&self.shared.limits).unknown_symbols;
        topics::parse(asked.topic.as_deref(), self.grant.market, unknown_symbols)
    }

    /// A fault may refuse a request whatever it asks for.
    fn unless_refused(&self) -> Result<(), Refusal> {
        match lock(&self.link.faults).request_refusal() {
            Some((code, text)) => Err(Refusal { code, text }),
            None => Ok(()),
        }
    }

    fn ack(request: &Request, asked: &Subscription) -> Option<Outgoing> {
        asked
            .response
            .then(|| Outgoing::Ack(frames::ack(request.id.as_deref())))
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) {
        let frame = frames::error(request.id.as_deref(), refusal.code, &refusal.text);
        self.reply(Outgoing::Error(frame));
    }

    fn reply(&self, message: Outgoing) {
        lock(&self.shared.world).reply(self.link.number, message);
    }
}
