//! Answers to the client's messages on a V1 connection.

use std::time::Instant;

use super::frames;
use super::request::{self, Kind, Request, Subscription};
use super::topics::{self, Refusal, RequestedTopic};
use crate::hub::{Delivery, Outgoing};
use crate::session::Session;
use crate::sync::lock;
use crate::tokens::{Grant, Scope};

pub(crate) struct V1Session {
    base: Session,
    grant: Grant,
}

impl V1Session {
    pub(crate) fn new(base: Session, grant: Grant) -> Self {
        Self { base, grant }
    }

    /// Handles one message from the client.
    pub(crate) fn handle(&mut self, text: &str, now: Instant) {
        let Some(within) = self.base.admit(text.to_owned(), now) else {
            return;
        };
        let request = request::parse(text);
        let answer = match within {
            true => self.answer(&request),
            false => Err(Refusal::new(509, "exceed max permits per second")),
        };
        if let Err(refusal) = answer {
            let frame = frames::error(request.id.as_deref(), refusal.code, &refusal.text);
            self.base.reply(Outgoing::Error(frame));
        }
    }

    pub(crate) fn base(&self) -> &Session {
        &self.base
    }

    fn answer(&self, request: &Request) -> Result<(), Refusal> {
        match &request.kind {
            Kind::Ping => {
                self.base.count_ping();
                let pong = frames::pong(request.id.as_deref(), self.base.shared.clock.now_us());
                self.base.reply(Outgoing::Pong(pong));
                Ok(())
            }
            Kind::Subscribe(subscription) => self.subscribe(request, subscription),
            Kind::Unsubscribe(subscription) => self.unsubscribe(request, subscription),
            Kind::Unknown => Err(Refusal::new(415, "type is not supported")),
            Kind::Malformed => Err(Refusal::new(400, "message is invalid")),
        }
    }

    fn subscribe(&self, request: &Request, subscription: &Subscription) -> Result<(), Refusal> {
        let is_public = self.grant.scope == Scope::Public;
        let (topics, audience) = match self.read(subscription)? {
            RequestedTopic::Private(_) | RequestedTopic::Unknown(_)
                if is_public && subscription.private_channel =>
            {
                return Err(Refusal::new(403, "login is required"));
            }
            // KuCoin acknowledges a private topic without `privateChannel` and then never pushes anything.
            RequestedTopic::Private(topic) if !subscription.private_channel => {
                (vec![topic.to_owned()], Delivery::Silent)
            }
            RequestedTopic::Private(topic) => (vec![topic.to_owned()], Delivery::Live),
            RequestedTopic::Unknown(topic) => (vec![topic], Delivery::Silent),
            RequestedTopic::Matches(topics) if !is_public && subscription.private_channel => {
                (topics, Delivery::Live)
            }
            RequestedTopic::Matches(topics) | RequestedTopic::Public(topics) => {
                (topics, Delivery::Silent)
            }
        };
        for topic in &topics {
            if let Some((code, text)) = lock(&self.base.link.faults).topic_refusal(topic) {
                return Err(Refusal { code, text });
            }
        }
        let ack = ack(request, subscription);
        self.base.subscribe(&topics, &topics, audience, ack)
    }

    fn unsubscribe(&self, request: &Request, subscription: &Subscription) -> Result<(), Refusal> {
        let topics = match self.read(subscription)? {
            RequestedTopic::Private(topic) => vec![topic.to_owned()],
            RequestedTopic::Unknown(topic) => vec![topic],
            RequestedTopic::Matches(topics) | RequestedTopic::Public(topics) => topics,
        };
        self.base
            .unsubscribe(&topics, &topics, ack(request, subscription));
        Ok(())
    }

    /// Parses a request, unless a fault refuses every request.
    fn read(&self, subscription: &Subscription) -> Result<RequestedTopic, Refusal> {
        if let Some((code, text)) = lock(&self.base.link.faults).request_refusal() {
            return Err(Refusal { code, text });
        }
        let unknown_symbols = lock(&self.base.shared.limits).unknown_symbols;
        topics::parse(
            subscription.topic.as_deref(),
            self.grant.market,
            unknown_symbols,
        )
    }
}

fn ack(request: &Request, subscription: &Subscription) -> Option<Outgoing> {
    let id = request.id.as_deref();
    subscription
        .response
        .then(|| Outgoing::Ack(frames::ack(id)))
}
