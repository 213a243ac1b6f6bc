//! The account, the truth logs and the subscribers under one lock, so that everything happens in one order.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::clock;
use crate::engine::{Engine, Event};
use crate::fault::{Effect, LiquidationLevel, MarginStatusType};
use crate::pro::{ProRenderer, Push};
use crate::truth::{TruthEntry, TruthLog};
use crate::v1::render;
use crate::v1::topics::Refusal;

/// Subscriptions that one connection may have at first.
const MAX_TOPICS: usize = 400;
/// Room in a queue that bursts leave for answers.
const HEADROOM: usize = 64;
/// Pushes that one burst order makes at most on one connection.
const PUSHES_PER_ORDER: usize = 8;

/// A message on its way to a client.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    Welcome(String),
    Ack(String),
    Pong(String),
    Error(String),
    /// The answer to a login that was taken.
    Login(String),
    Push(Arc<str>),
    /// The answer to a ping of the WebSocket protocol.
    ProtocolPong(Vec<u8>),
}

/// What a connection receives besides its messages.
#[derive(Debug)]
pub(crate) enum Command {
    /// Its queue ran full.
    Overrun,
    Effect(Effect),
}

/// The ends of a connection's queues that its task holds.
pub(crate) struct Membership {
    pub(crate) queue: mpsc::Receiver<Outgoing>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
}

struct Member {
    number: u64,
    queue: mpsc::Sender<Outgoing>,
    commands: mpsc::UnboundedSender<Command>,
    topics: BTreeMap<String, Audience>,
}

/// Whether a subscription is sent anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Live,
    /// Acknowledged and never served: a private topic without `privateChannel`, or public data.
    Silent,
    /// It has ended, and is pushed this number of times more.
    Ending(u32),
}

pub(crate) struct Hub {
    pub(crate) engine: Engine,
    members: Vec<Member>,
    max_topics: usize,
    truth: TruthLog,
    user_id: String,
    pro_truth: TruthLog,
    /// Renders the events as Pro V2 too, once a client or a test asks for that.
    pro: Option<ProRenderer>,
    /// Push times of Pro V2 rise, whatever the wall clock does.
    pro_pushed_ns: u64,
}

impl Hub {
    pub(crate) fn new(
        engine: Engine,
        (truth, pro_truth): (TruthLog, TruthLog),
        user_id: String,
    ) -> Self {
        Self {
            engine,
            members: Vec::new(),
            max_topics: MAX_TOPICS,
            truth,
            user_id,
            pro_truth,
            pro: None,
            pro_pushed_ns: 0,
        }
    }

    /// From now on everything is rendered as Pro V2 too.
    pub(crate) fn tell_pro(&mut self) {
        if self.pro.is_none() {
            self.pro = Some(ProRenderer::new(&self.engine));
        }
    }

    /// Writes what the engine left, at this time, to the logs and to the subscribers. Returns how
    /// many V1 pushes that made.
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

    /// Warns the subscribers of Pro V2 of liquidation, if there are any.
    pub(crate) fn warn(&mut self, level: LiquidationLevel, now_ms: u64) {
        if let Some(renderer) = &mut self.pro {
            let pushes = renderer.warn(level, now_ms);
            self.send_pro(pushes);
        }
    }

    /// Lets the cross-margin account say a status.
    pub(crate) fn say_status(&mut self, status: MarginStatusType, now_ms: u64) {
        self.engine.at(now_ms).report_margin_status(status);
        self.publish(now_ms);
    }

    fn send_pro(&mut self, pushes: Vec<Push>) {
        for push in pushes {
            self.pro_pushed_ns = clock::now_ns().max(self.pro_pushed_ns + 1);
            let (frame, data_at) = push.frame(self.pro_pushed_ns);
            let frame: Arc<str> = Arc::from(frame);
            let entry = TruthEntry::new(push.topic(), "", (Arc::clone(&frame), data_at));
            self.pro_truth.append(entry);
            self.send_to_topic(&push.request(), &frame);
        }
    }

    /// Sends a frame as it is; returns to how many.
    pub(crate) fn send_to_topic(&mut self, topic: &str, frame: &Arc<str>) -> usize {
        let members = self.members.iter_mut();
        let subscribed = members.filter_map(|member| member.hears(topic).then_some(member));
        subscribed
            .map(|member| member.send(Outgoing::Push(Arc::clone(frame))))
            .count()
    }

    pub(crate) fn limit_topics(&mut self, count: usize) {
        self.max_topics = count;
    }

    pub(crate) fn join(&mut self, number: u64, capacity: usize) -> Membership {
        let (queue, queue_end) = mpsc::channel(capacity);
        let (commands, commands_end) = mpsc::unbounded_channel();
        self.members.push(Member {
            number,
            queue,
            commands,
            topics: BTreeMap::new(),
        });
        Membership {
            queue: queue_end,
            commands: commands_end,
        }
    }

    pub(crate) fn leave(&mut self, number: u64) {
        self.members.retain(|member| member.number != number);
    }

    /// Ends all subscriptions of a connection that stays, but neither reads nor writes any more.
    pub(crate) fn freeze(&mut self, number: u64) {
        if let Some(member) = self.member(number) {
            member.topics.clear();
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.members.len()
    }

    /// Subscribes and acknowledges in one step, so that no push comes before the acknowledgement.
    pub(crate) fn subscribe(
        &mut self,
        number: u64,
        topics: &[String],
        audience: Audience,
        ack: Option<Outgoing>,
    ) -> Result<(), Refusal> {
        let most = self.max_topics;
        let Some(member) = self.member(number) else {
            return Ok(());
        };
        let is_ending = |audience: &Audience| matches!(audience, Audience::Ending(_));
        let held = member
            .topics
            .values()
            .filter(|audience| !is_ending(audience));
        let held = held.count();
        let new = topics
            .iter()
            .filter(|topic| member.topics.get(*topic).is_none_or(is_ending))
            .count();
        if held + new > most {
            let text = format!("exceed max subscription count limitation of {most} per session");
            return Err(Refusal::new(509, text));
        }
        if let Some(ack) = ack {
            member.send(ack);
        }
        member
            .topics
            .extend(topics.iter().map(|topic| (topic.clone(), audience)));
        Ok(())
    }

    /// Ends subscriptions, after which each live one is pushed `late` times more.
    pub(crate) fn unsubscribe(
        &mut self,
        number: u64,
        topics: &[String],
        late: u32,
        ack: Option<Outgoing>,
    ) {
        if let Some(member) = self.member(number) {
            member.topics.retain(|topic, audience| {
                let ends = topics.contains(topic);
                let lingers = ends && late > 0 && *audience == Audience::Live;
                if lingers {
                    *audience = Audience::Ending(late);
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

    /// Lets an effect happen on every connection.
    pub(crate) fn broadcast(&self, effect: &Effect) {
        for member in &self.members {
            // A connection that is ending takes no more commands.
            let _ = member.commands.send(Command::Effect(effect.clone()));
        }
    }

    /// Whether every subscriber has room for the pushes of one more order.
    pub(crate) fn has_room(&self) -> bool {
        let serving = self
            .members
            .iter()
            .filter(|member| !member.topics.is_empty() && !member.queue.is_closed());
        // A queue that is smaller than the headroom counts as having room when it is empty.
        serving.map(|member| &member.queue).all(|queue| {
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
    /// Whether it receives a push of this topic; counts those that come late.
    fn hears(&mut self, topic: &str) -> bool {
        match self.topics.get_mut(topic) {
            Some(Audience::Live) => true,
            Some(Audience::Ending(left)) => {
                *left -= 1;
                if *left == 0 {
                    self.topics.remove(topic);
                }
                true
            }
            Some(Audience::Silent) | None => false,
        }
    }

    fn send(&self, message: Outgoing) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(message) {
            // The task may have ended already.
            let _ = self.commands.send(Command::Overrun);
        }
    }
}
