//! What both generations of the streams do with a message of their client.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::hub::{Audience, Outgoing};
use crate::limits::MessageRate;
use crate::shared::Shared;
use crate::socket::Link;
use crate::sync::lock;
use crate::v1::topics::Refusal;

/// The server's side of one connection.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) link: Arc<Link>,
    rate: MessageRate,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, link: Arc<Link>) -> Self {
        Self {
            shared,
            link,
            rate: MessageRate::default(),
        }
    }

    /// Reports a message, and says whether it comes within the rate; `None` before the welcome, when the real gateway
    /// loses what it is sent.
    pub(crate) fn admit(&mut self, kept: String, now: Instant) -> Option<bool> {
        let early = !self.link.welcomed.load(Ordering::SeqCst);
        self.shared.board.connection(self.link.number, |report| {
            report.client_messages.push(kept);
            report.early_messages += u64::from(early);
        });
        if early {
            return None;
        }
        let limit = lock(&self.shared.limits).messages;
        Some(self.rate.admits(now, limit))
    }

    pub(crate) fn count_ping(&self) {
        let number = self.link.number;
        self.shared
            .board
            .connection(number, |report| report.pings += 1);
    }

    /// Subscribes to topics, reported as users write them, and acknowledges.
    pub(crate) fn subscribe(
        &self,
        topics: &[String],
        written: &[String],
        audience: Audience,
        ack: Option<Outgoing>,
    ) -> Result<(), Refusal> {
        let number = self.link.number;
        lock(&self.shared.hub).subscribe(number, topics, audience, ack)?;
        self.shared.board.connection(number, |report| {
            for topic in written {
                if !report.topics.contains(topic) {
                    report.topics.push(topic.clone());
                }
            }
        });
        Ok(())
    }

    pub(crate) fn unsubscribe(&self, topics: &[String], written: &[String], ack: Option<Outgoing>) {
        let number = self.link.number;
        let late = lock(&self.link.faults).late_pushes();
        lock(&self.shared.hub).unsubscribe(number, topics, late, ack);
        self.shared.board.connection(number, |report| {
            report.topics.retain(|topic| !written.contains(topic));
        });
    }

    /// Answers a ping of the WebSocket protocol, which is no message in KuCoin's sense.
    pub(crate) fn protocol_ping(&self, payload: Vec<u8>) {
        self.reply(Outgoing::ProtocolPong(payload));
    }

    pub(crate) fn reply(&self, message: Outgoing) {
        lock(&self.shared.hub).reply(self.link.number, message);
    }
}
