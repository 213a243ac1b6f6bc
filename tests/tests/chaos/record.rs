//! Records the items of a subscription, with a task that reads as slowly and as long as the scenario requires.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kucoin_streams::pro::{self, AnyProTopic};
use kucoin_streams::v1::{AnyFuturesTopic, AnySpotTopic};
use kucoin_streams::{Gap, GapReason, Kucoin, Subscription, Topic, TopicLedger, Update, WsKey};
use kucoin_streams_exchange::Exchange;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::{pro_truth, truth};

/// A topic as requested, and as named in the pushes.
pub(crate) type Wanted = (&'static str, &'static str);

pub(crate) const SPOT: &[Wanted] = &[
    ("/spotMarket/tradeOrders", "/spotMarket/tradeOrders"),
    ("/spotMarket/tradeOrdersV2", "/spotMarket/tradeOrdersV2"),
    ("/account/balance", "/account/balance"),
    ("/spotMarket/advancedOrders", "/spotMarket/advancedOrders"),
    ("/market/match:BTC-USDT", "/market/match:BTC-USDT"),
];

pub(crate) const FUTURES: &[Wanted] = &[
    ("/contractMarket/tradeOrders", "/contractMarket/tradeOrders"),
    (
        "/contractMarket/advancedOrders",
        "/contractMarket/advancedOrders",
    ),
    ("/contractAccount/wallet", "/contractAccount/wallet"),
    ("/contract/positionAll", "/contract/positionAll"),
];

pub(crate) const PRO: &[Wanted] = &[
    ("orderAll?tradeType=UNIFIED", "orderAll.UNIFIED"),
    ("execution?tradeType=UNIFIED", "execution.UNIFIED"),
    ("execution.lite?tradeType=SPOT", "execution.lite.SPOT"),
    ("balance?accountType=UNIFIED", "balance.UNIFIED"),
    ("positionAll?tradeType=FUTURES", "positionAll.FUTURES"),
];

/// An item of a subscription.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Event {
        /// Topic as named in the push.
        topic: String,
        /// All values of the event.
        content: String,
        epoch: u64,
    },
    Gap {
        /// Topic as requested.
        topic: String,
        kind: GapKind,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GapKind {
    Lost,
    /// The current and the replacement connection of a rotation delivered different events.
    Uneven,
    Live {
        epoch: u64,
    },
    Closed,
    Overflowed {
        missed: u64,
    },
    Undecodable,
    /// Temporarily refused.
    Refused,
    Other(String),
}

/// Everything to check of one subscription.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) wanted: Vec<Wanted>,
    /// By pushed topic: number of events before the subscription was live.
    pub(crate) from: BTreeMap<&'static str, u64>,
    pub(crate) items: Vec<Item>,
    pub(crate) ledger: Vec<TopicLedger>,
    /// `true` if it was read until its connection was closed.
    pub(crate) read_to_end: bool,
}

impl Record {
    /// Returns the number of delivered events.
    pub(crate) fn events(&self) -> u64 {
        let is_event = |item: &&Item| matches!(item, Item::Event { .. });
        self.items.iter().filter(is_event).count() as u64
    }
}

/// A task that subscribes and reads.
pub(crate) struct ReaderTask {
    pub(crate) ws_key: WsKey,
    pub(crate) wanted: Vec<Wanted>,
    control: Arc<ReaderControl>,
    task: JoinHandle<Option<Record>>,
}

/// State shared by the scenario and the task.
struct ReaderControl {
    unsubscribe: Notify,
    pause_until: Mutex<Instant>,
    live: Mutex<bool>,
}

impl ReaderTask {
    /// Subscribes to topics of one connection.
    pub(crate) fn of(
        kucoin: &Kucoin,
        exchange: &Arc<Exchange>,
        ws_key: WsKey,
        wanted: Vec<Wanted>,
    ) -> Self {
        let control = Arc::new(ReaderControl {
            unsubscribe: Notify::new(),
            pause_until: Mutex::new(Instant::now()),
            live: Mutex::new(false),
        });
        let with = (kucoin.clone(), Arc::clone(exchange), Arc::clone(&control));
        let topic = wanted.clone();
        let task = match ws_key {
            WsKey::SpotPrivateV1 => tokio::spawn(read::<AnySpotTopic>(with, topic)),
            WsKey::FuturesPrivateV1 => tokio::spawn(read::<AnyFuturesTopic>(with, topic)),
            _ => tokio::spawn(read::<AnyProTopic>(with, topic)),
        };
        Self {
            ws_key,
            wanted,
            control,
            task,
        }
    }

    /// Returns `true` once the subscription is live.
    pub(crate) fn is_live(&self) -> bool {
        *self.control.live.lock().unwrap()
    }

    pub(crate) fn pause_until(&self, end: Instant) {
        *self.control.pause_until.lock().unwrap() = end;
    }

    /// Drops the subscription or the pending request; returns its record, if it was live.
    pub(crate) async fn unsubscribe(self) -> Option<Record> {
        self.control.unsubscribe.notify_one();
        self.task.await.unwrap()
    }

    /// Waits for the end of the connection and returns the record.
    pub(crate) async fn end(self) -> Option<Record> {
        self.pause_until(Instant::now());
        self.task.await.unwrap()
    }
}

type With = (Kucoin, Arc<Exchange>, Arc<ReaderControl>);

async fn read<T>(with: With, wanted: Vec<Wanted>) -> Option<Record>
where
    T: Topic + Clone + std::str::FromStr + Unpin,
    T::Err: std::fmt::Debug,
    T::Event: Serialize,
{
    let (kucoin, exchange, control) = with;
    let topics: Vec<T> = wanted
        .iter()
        .map(|(topic, _)| topic.parse().unwrap())
        .collect();
    let subscribing = kucoin.subscribe(topics);
    let mut subscription = tokio::select! {
        subscribed = subscribing => match subscribed {
            Ok(subscription) => subscription,
            // The client was closed meanwhile; its lifecycle events show whether that was expected.
            Err(_) => return None,
        },
        () = control.unsubscribe.notified() => return None,
    };
    let total = |wire_topic: &'static str| match wire_topic.starts_with('/') {
        true => exchange.truth().total_of(wire_topic),
        false => exchange.pro_truth().total_of(wire_topic),
    };
    let from = wanted
        .iter()
        .map(|(_, wire_topic)| (*wire_topic, total(wire_topic)));
    let mut record = Record {
        from: from.collect(),
        wanted,
        ..Record::default()
    };
    *control.live.lock().unwrap() = true;
    record.read_to_end = read_items(&mut subscription, &control, &mut record.items).await;
    record.ledger = subscription.ledger();
    Some(record)
}

/// Reads items; returns `true` if the subscription ended.
async fn read_items<T: Topic>(
    subscription: &mut Subscription<Vec<T>>,
    control: &ReaderControl,
    items: &mut Vec<Item>,
) -> bool
where
    T::Event: Serialize,
{
    loop {
        let pause_until = *control.pause_until.lock().unwrap();
        tokio::select! {
            biased;
            () = control.unsubscribe.notified() => return false,
            () = sleep_until(pause_until), if pause_until > Instant::now() => {}
            item = subscription.next(), if pause_until <= Instant::now() => match item {
                Some(Ok(update)) => items.push(item_of_update(&update)),
                Some(Err(gap)) => items.extend(items_of_gap(&gap)),
                None => return true,
            },
        }
    }
}

fn item_of_update<E: Serialize>(update: &Update<E>) -> Item {
    let topic = update.topic().as_str().to_owned();
    let content = match topic.starts_with('/') {
        true => truth::as_json(update.event()).to_string(),
        false => pro_truth::values(&truth::as_json(update.event())).join(" "),
    };
    let epoch = update.epoch();
    Item::Event {
        topic,
        content,
        epoch,
    }
}

/// Returns one item per topic.
fn items_of_gap(gap: &Gap) -> Vec<Item> {
    let kind = match &gap.reason {
        GapReason::Lost { cause, .. } if cause.message.contains("after a rotation") => {
            GapKind::Uneven
        }
        GapReason::Lost { .. } => GapKind::Lost,
        GapReason::Live { epoch, .. } => GapKind::Live { epoch: *epoch },
        GapReason::Closed { .. } => GapKind::Closed,
        GapReason::Overflowed { missed } => GapKind::Overflowed { missed: *missed },
        GapReason::Undecodable { .. } => GapKind::Undecodable,
        GapReason::Refused { retrying: true, .. } => GapKind::Refused,
        other => GapKind::Other(format!("{other:?}")),
    };
    let of_topic = |topic: &Arc<str>| Item::Gap {
        topic: topic.to_string(),
        kind: kind.clone(),
    };
    gap.topics.iter().map(of_topic).collect()
}

/// Returns the topics of a connection.
pub(crate) fn wanted_of(ws_key: WsKey) -> &'static [Wanted] {
    match ws_key {
        WsKey::SpotPrivateV1 => SPOT,
        WsKey::FuturesPrivateV1 => FUTURES,
        _ => PRO,
    }
}

/// Every Pro V2 topic used here exists.
#[test]
fn pro_topics_are_valid() {
    for (topic, _) in PRO {
        assert!(topic.parse::<pro::AnyProTopic>().is_ok(), "{topic}");
    }
}
