//! Account events as V1 pushes: which fields each kind has, their JSON types, their order.
//!
//! Keys stand as in live captures: the envelope in the gateway's order, order data by the alphabet.

mod balances;
mod fills;
mod futures;
mod margin;
mod orders;
mod stops;

use crate::engine::{Event, OrderEvent};
use crate::json::Object;

/// One frame to every subscriber of one topic.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) topic: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) data: String,
    /// The envelope's `id`, on the topics that have one.
    id: Option<String>,
    /// Topics of the market have neither `userId` nor `channelType`, not even when they tell of
    /// nobody but the account itself.
    names_user: bool,
}

impl Push {
    /// A push on a private topic.
    pub(crate) fn private(topic: &'static str, subject: &'static str, data: String) -> Self {
        Self {
            topic,
            subject,
            data,
            id: None,
            names_user: true,
        }
    }

    /// A push on a topic of the market.
    pub(crate) fn market(topic: &'static str, subject: &'static str, data: String) -> Self {
        Self {
            names_user: false,
            ..Self::private(topic, subject, data)
        }
    }

    /// With the envelope's `id`.
    pub(crate) fn with_id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// The whole frame, and where its data starts.
    pub(crate) fn frame(&self, user_id: &str) -> (String, usize) {
        let mut envelope = Object::new()
            .word("topic", self.topic)
            .word("type", "message")
            .word("subject", self.subject)
            .maybe_string("id", self.id.as_deref());
        if self.names_user {
            envelope = envelope
                .string("userId", user_id)
                .word("channelType", "private");
        }
        let mut frame = envelope.json("data", &self.data).end();
        frame.shrink_to_fit();
        let data_at = frame.len() - 1 - self.data.len();
        (frame, data_at)
    }
}

/// The pushes that an event makes, in the order in which they go out.
pub(crate) fn pushes(event: &Event, push_time_ms: u64) -> Vec<Push> {
    match event {
        Event::Order(order) => orders::pushes(order, push_time_ms),
        Event::Balance(change) => balances::pushes(change),
        Event::Stop(stop) => vec![stops::push(stop)],
        Event::Futures(event) => futures::pushes(event),
        Event::Margin(event) => margin::push(event).into_iter().collect(),
    }
}

fn order_type(order: &OrderEvent) -> &'static str {
    if order.price.is_some() {
        "limit"
    } else {
        "market"
    }
}

/// The engine's clock ticks in milliseconds, so `ts` ends in six zeros, as most captures do.
fn nanoseconds(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests;
