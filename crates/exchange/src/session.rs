//! Message handling that V1 and Pro V2 share.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::hub::{Delivery, Outgoing};
use crate::limits::MessageRate;
use crate::shared::Shared;
use crate::socket::Link;
use crate::sync::lock;
use crate::v1::topics::Refusal;

/// The server side of one connection.
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

    /// Records a message, and returns `true` if it is within the message rate.
    ///
    /// Returns `None` before the welcome: KuCoin's gateway ignores messages until then.
    pub(crate) fn admit(&mut self, text: String, now: Instant) -> Option<bool> {
        let early = !self.link.welcomed.load(Ordering::SeqCst);
        self.shared.board.connection(self.link.number, |report| {
            report.client_messages.push(text);
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

    /// Subscribes to topics and acknowledges the request.
    ///
    /// `written` has the topics as clients write them, for the stats.
    pub(crate) fn subscribe(
        &self,
        topics: &[String],
        written: &[String],
        delivery: Delivery,
        ack: Option<Outgoing>,
    ) -> Result<(), Refusal> {
        let number = self.link.number;
        lock(&self.shared.hub).subscribe(number, topics, delivery, ack)?;
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

    /// Answers a WebSocket ping frame, which does not count as a message.
    pub(crate) fn protocol_ping(&self, payload: Vec<u8>) {
        self.reply(Outgoing::ProtocolPong(payload));
    }

    pub(crate) fn reply(&self, message: Outgoing) {
        lock(&self.shared.hub).reply(self.link.number, message);
    }
}
