//! Account events as V1 pushes: fields, JSON types and key order.
//!
//! Keys are in the order of live captures: the envelope in the gateway's order, order data alphabetically.

mod futures;
mod loans;
mod spot;

use crate::engine::{Event, Host, StopChange};
use crate::json::{Object, Raw};

/// A push to all subscribers of one topic.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) topic: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) data: String,
    /// The envelope's `id`; `None` on topics without it.
    id: Option<String>,
    /// `true` if the push has `userId` and `channelType`. Market topics have neither, even for the account's own data.
    names_user: bool,
}

impl Push {
    /// Creates a push on a private topic.
    pub(crate) fn private(topic: &'static str, subject: &'static str, data: String) -> Self {
        Self {
            topic,
            subject,
            data,
            id: None,
            names_user: true,
        }
    }

    /// Creates a push on a market topic.
    fn market(topic: &'static str, subject: &'static str, data: String) -> Self {
        Self {
            names_user: false,
            ..Self::private(topic, subject, data)
        }
    }

    /// Sets the envelope's `id`.
    pub(crate) fn with_id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// Returns the frame, and the offset of its data.
    pub(crate) fn frame(&self, user_id: &str) -> (String, usize) {
        let user = self.names_user.then_some(user_id);
        let mut frame = Object::new()
            .field("topic", self.topic)
            .field("type", "message")
            .field("subject", self.subject)
            .field("id", self.id.as_deref())
            .field("userId", user)
            .field("channelType", user.map(|_| "private"))
            .field("data", Raw(&self.data))
            .end();
        frame.shrink_to_fit();
        let data_at = frame.len() - 1 - self.data.len();
        (frame, data_at)
    }
}

/// Returns the pushes of an event, in order.
pub(crate) fn pushes(event: &Event, push_time_ms: u64) -> Vec<Push> {
    match event {
        Event::Order(order) => match order.order.market.host {
            Host::Spot => spot::order(order, push_time_ms),
            Host::Futures => futures::order(order),
        },
        Event::Stop(stop) => match stop.stop.market.host {
            Host::Spot => vec![spot::stop(stop)],
            Host::Futures => vec![futures::stop(stop)],
        },
        Event::Balance(change) => spot::balance(change),
        Event::CrossMargin(_) | Event::CrossStatus(_) | Event::IsolatedLoan(_) => {
            loans::push(event).into_iter().collect()
        }
        _ => futures::account(event),
    }
}

/// Returns the `type` of a stop order change; for a trigger also its success and the error.
fn stop_change(change: &StopChange) -> (&'static str, Option<bool>, Option<&str>) {
    match change {
        StopChange::Open => ("open", None, None),
        StopChange::Cancel => ("cancel", None, None),
        StopChange::Triggered(Ok(())) => ("triggered", Some(true), None),
        StopChange::Triggered(Err(reason)) => ("triggered", Some(false), Some(reason)),
    }
}

/// Converts engine time to nanoseconds. Engine time is in milliseconds, so `ts` ends in six zeros, as in most captures.
fn nanoseconds(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests;
