//! The account, the truth logs and the subscriptions under one lock, so that all clients see the same order.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::clock::ExchangeClock;
use crate::engine::{Engine, Event};
use crate::fault::{Effect, LiquidationLevel, MarginStatusType};
use crate::pro::{ProRenderer, Push};
use crate::rest::History;
use crate::truth::{TruthEntry, TruthLog};
use crate::v1::render;
use crate::v1::topics::Refusal;

/// Default limit of subscriptions per connection.
const MAX_TOPICS: usize = 400;
/// Number of messages in a queue that bursts of orders leave free, for answers.
const HEADROOM: usize = 64;
/// Maximum number of pushes that one order of a burst makes on one connection.
const PUSHES_PER_ORDER: usize = 8;

/// A message to a client.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    Welcome(String),
    Ack(String),
    Pong(String),
    Error(String),
    /// The answer to an accepted login.
    Login(String),
    Push(Arc<str>),
    /// The answer to a WebSocket ping frame.
    ProtocolPong(Vec<u8>),
}

/// A command to the task of a connection.
#[derive(Debug)]
pub(crate) enum Command {
    /// The queue of messages is full, so the connection must close.
    Overrun,
    Effect(Effect),
}

/// The receivers for the task of a connection.
pub(crate) struct Membership {
    pub(crate) queue: mpsc::Receiver<Outgoing>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
}

struct Member {
    number: u64,
    queue: mpsc::Sender<Outgoing>,
    commands: mpsc::UnboundedSender<Command>,
    topics: BTreeMap<String, Delivery>,
}

/// Whether, and for how long, a subscription receives pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Live,
    /// Acknowledged, but without pushes: a private topic without `privateChannel`, or a public topic.
    Silent,
    /// Unsubscribed, with this number of late pushes to come.
    Ending(u32),
}

pub(crate) struct Hub {
    pub(crate) engine: Engine,
    pub(crate) history: History,
    members: Vec<Member>,
    max_topics: usize,
    truth: TruthLog,
    user_id: String,
    pro_truth: TruthLog,
    /// `None` until Pro V2 is first used.
    pro: Option<ProRenderer>,
    /// The last push time of Pro V2; push times increase even if the wall clock does not.
    pro_pushed_ns: u64,
    clock: ExchangeClock,
}

impl Hub {
    pub(crate) fn new(
        (engine, history): (Engine, History),
        (truth, pro_truth): (TruthLog, TruthLog),
        user_id: String,
        clock: ExchangeClock,
    ) -> Self {
        Self {
            engine,
            history,
            members: Vec::new(),
            max_topics: MAX_TOPICS,
            truth,
            user_id,
            pro_truth,
            pro: None,
            pro_pushed_ns: 0,
            clock,
        }
    }

    /// Returns the user ID of the account, as pushes have it.
    pub(crate) fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Starts to render events for Pro V2 too.
    pub(crate) fn enable_pro(&mut self) {
        if self.pro.is_none() {
            self.pro = Some(ProRenderer::new(&self.engine));
        }
    }

    /// Writes new events of the engine to the logs, the subscribers and the history of REST; returns the number of V1 pushes.
    pub(crate) fn publish(&mut self, now_ms: u64) -> usize {
        let mut count = 0;
        let events = self.engine.take_events();
        for event in &events {
            for push in render::pushes(event, now_ms) {
                let (frame, data_at) = push.frame(&self.user_id);
                let frame: Arc<str> = Arc::from(frame);
                let entry =
                    TruthEntry::new(push.topic, push.subject, (Arc::clone(&frame), data_at));
                self.truth.append(entry);
                self.send_to_topic(push.topic, &frame);
                count += 1;
            }
        }
        self.publish_pro(&events);
        for event in events {
            self.history.record(event);
        }
        count
    }

    fn publish_pro(&mut self, events: &[Event]) {
        let Some(mut renderer) = self.pro.take() else {
            return;
        };
        let mut pushes: Vec<_> = events
            .iter()
            .flat_map(|event| renderer.render(event))
            .collect();
        pushes.extend(renderer.finish());
        self.pro = Some(renderer);
        self.send_pro(pushes);
    }

    /// Pushes a liquidation warning on Pro V2, if Pro V2 is in use.
    pub(crate) fn push_liquidation_warning(&mut self, level: LiquidationLevel, now_ms: u64) {
        if let Some(renderer) = &mut self.pro {
            let pushes = renderer.warn(level, now_ms);
            self.send_pro(pushes);
        }
    }

    /// Pushes a status of the cross-margin account.
    pub(crate) fn push_margin_status(&mut self, status: MarginStatusType, now_ms: u64) {
        self.engine.at(now_ms).report_margin_status(status);
        self.publish(now_ms);
    }

    fn send_pro(&mut self, pushes: Vec<Push>) {
        for push in pushes {
            self.pro_pushed_ns = self.clock.now_ns().max(self.pro_pushed_ns + 1);
            let (frame, data_at) = push.frame(self.pro_pushed_ns);
            let frame: Arc<str> = Arc::from(frame);
            let entry = TruthEntry::new(push.topic(), "", (Arc::clone(&frame), data_at));
            self.pro_truth.append(entry);
            self.send_to_topic(&push.request(), &frame);
        }
    }

    /// Sends a frame unchanged to the subscribers of a topic, and returns their number.
    pub(crate) fn send_to_topic(&mut self, topic: &str, frame: &Arc<str>) -> usize {
        let members = self.members.iter_mut();
        let subscribed = members.filter_map(|member| member.receives(topic).then_some(member));
        subscribed
            .map(|member| member.send(Outgoing::Push(Arc::clone(frame))))
            .count()
    }

    pub(crate) fn limit_topics(&mut self, count: usize) {
        self.max_topics = count;
    }

    pub(crate) fn join(&mut self, number: u64, capacity: usize) -> Membership {
        let (queue, queue_receiver) = mpsc::channel(capacity);
        let (commands, command_receiver) = mpsc::unbounded_channel();
        self.members.push(Member {
            number,
            queue,
            commands,
            topics: BTreeMap::new(),
        });
        Membership {
            queue: queue_receiver,
            commands: command_receiver,
        }
    }

    pub(crate) fn leave(&mut self, number: u64) {
        self.members.retain(|member| member.number != number);
    }

    /// Ends all subscriptions of a connection, which still counts as open.
    pub(crate) fn freeze(&mut self, number: u64) {
        if let Some(member) = self.member(number) {
            member.topics.clear();
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.members.len()
    }

    /// Subscribes and acknowledges in one step, so that no push precedes the acknowledgement.
    pub(crate) fn subscribe(
        &mut self,
        number: u64,
        topics: &[String],
        delivery: Delivery,
        ack: Option<Outgoing>,
    ) -> Result<(), Refusal> {
        let limit = self.max_topics;
        let Some(member) = self.member(number) else {
            return Ok(());
        };
        let is_ending = |delivery: &Delivery| matches!(delivery, Delivery::Ending(_));
        let subscribed = member
            .topics
            .values()
            .filter(|delivery| !is_ending(delivery));
        let subscribed = subscribed.count();
        let new = topics
            .iter()
            .filter(|topic| member.topics.get(*topic).is_none_or(is_ending))
            .count();
        if subscribed + new > limit {
            let text = format!("exceed max subscription count limitation of {limit} per session");
            return Err(Refusal::new(509, text));
        }
        if let Some(ack) = ack {
            member.send(ack);
        }
        member
            .topics
            .extend(topics.iter().map(|topic| (topic.clone(), delivery)));
        Ok(())
    }

    /// Ends subscriptions; each subscription that receives pushes still gets `late` pushes.
    pub(crate) fn unsubscribe(
        &mut self,
        number: u64,
        topics: &[String],
        late: u32,
        ack: Option<Outgoing>,
    ) {
        if let Some(member) = self.member(number) {
            member.topics.retain(|topic, delivery| {
                let ends = topics.contains(topic);
                let lingers = ends && late > 0 && *delivery == Delivery::Live;
                if lingers {
                    *delivery = Delivery::Ending(late);
                }
                lingers || !ends
            });
            if let Some(ack) = ack {
                member.send(ack);
            }
        }
    }

    pub(crate) fn reply(&mut self, number: u64, message: Outgoing) {
        if let Some(member) = self.member(number) {
            member.send(message);
        }
    }

    /// Applies an effect to every connection.
    pub(crate) fn broadcast(&self, effect: &Effect) {
        for member in &self.members {
            // Fails if the connection is closing, which needs no effect.
            let _ = member.commands.send(Command::Effect(effect.clone()));
        }
    }

    /// Returns `true` if the queue of every subscriber has room for the pushes of one more order.
    pub(crate) fn has_room(&self) -> bool {
        let subscribers = self
            .members
            .iter()
            .filter(|member| !member.topics.is_empty() && !member.queue.is_closed());
        // A queue smaller than the headroom must be empty.
        subscribers.map(|member| &member.queue).all(|queue| {
            queue.capacity() >= (HEADROOM + PUSHES_PER_ORDER).min(queue.max_capacity())
        })
    }

    fn member(&mut self, number: u64) -> Option<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| member.number == number)
    }
}

impl Member {
    /// Returns `true` if a push of this topic is due, and counts down late pushes.
    fn receives(&mut self, topic: &str) -> bool {
        match self.topics.get_mut(topic) {
            Some(Delivery::Live) => true,
            Some(Delivery::Ending(left)) => {
                *left -= 1;
                if *left == 0 {
                    self.topics.remove(topic);
                }
                true
            }
            Some(Delivery::Silent) | None => false,
        }
    }

    fn send(&self, message: Outgoing) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(message) {
            // Fails if the task has ended, which needs no command.
            let _ = self.commands.send(Command::Overrun);
        }
    }
}
