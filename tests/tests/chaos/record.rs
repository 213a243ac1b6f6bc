//! What a subscription handed out, and the task that reads it as slowly and as long as a story wants.

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

/// A topic as it is asked for, and as the exchange tells it.
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

/// What a subscription handed out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Event {
        /// As the exchange tells it.
        topic: String,
        /// All that the event says.
        says: String,
        epoch: u64,
    },
    Gap {
        /// As it was asked for.
        topic: String,
        why: Why,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Why {
    Lost,
    /// The connections before and after a rotation brought different events.
    Uneven,
    Live {
        epoch: u64,
    },
    Closed,
    Overflowed {
        missed: u64,
    },
    Undecodable,
    /// Refused, and asked for again.
    Refused,
    Other(String),
}

/// All that there is to check of one subscription.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) wanted: Vec<Wanted>,
    /// By topic as told: how much had happened when the subscription was there.
    pub(crate) from: BTreeMap<&'static str, u64>,
    pub(crate) items: Vec<Item>,
    pub(crate) ledger: Vec<TopicLedger>,
    /// It was read until its connection was closed.
    pub(crate) to_the_end: bool,
}

impl Record {
    /// How many events it handed out.
    pub(crate) fn events(&self) -> u64 {
        let is_event = |item: &&Item| matches!(item, Item::Event { .. });
        self.items.iter().filter(is_event).count() as u64
    }
}

/// A task that subscribes and reads.
pub(crate) struct Reading {
    pub(crate) ws_key: WsKey,
    pub(crate) wanted: Vec<Wanted>,
    hold: Arc<Hold>,
    task: JoinHandle<Option<Record>>,
}

/// What the story and the task share.
struct Hold {
    let_go: Notify,
    nap_until: Mutex<Instant>,
    live: Mutex<bool>,
}

impl Reading {
    /// Subscribes to topics of one connection.
    pub(crate) fn of(
        kucoin: &Kucoin,
        exchange: &Arc<Exchange>,
        ws_key: WsKey,
        wanted: Vec<Wanted>,
    ) -> Self {
        let hold = Arc::new(Hold {
            let_go: Notify::new(),
            nap_until: Mutex::new(Instant::now()),
            live: Mutex::new(false),
        });
        let with = (kucoin.clone(), Arc::clone(exchange), Arc::clone(&hold));
        let asked = wanted.clone();
        let task = match ws_key {
            WsKey::SpotPrivateV1 => tokio::spawn(read::<AnySpotTopic>(with, asked)),
            WsKey::FuturesPrivateV1 => tokio::spawn(read::<AnyFuturesTopic>(with, asked)),
            _ => tokio::spawn(read::<AnyProTopic>(with, asked)),
        };
        Self {
            ws_key,
            wanted,
            hold,
            task,
        }
    }

    /// True once the subscription is there.
    pub(crate) fn is_live(&self) -> bool {
        *self.hold.live.lock().unwrap()
    }

    pub(crate) fn nap_until(&self, end: Instant) {
        *self.hold.nap_until.lock().unwrap() = end;
    }

    /// Drops the subscription, or the wish for it. What it handed out, where it was there.
    pub(crate) async fn let_go(self) -> Option<Record> {
        self.hold.let_go.notify_one();
        self.task.await.unwrap()
    }

    /// What it handed out until its connection was closed.
    pub(crate) async fn end(self) -> Option<Record> {
        self.nap_until(Instant::now());
        self.task.await.unwrap()
    }
}

type With = (Kucoin, Arc<Exchange>, Arc<Hold>);

async fn read<T>(with: With, wanted: Vec<Wanted>) -> Option<Record>
where
    T: Topic + Clone + std::str::FromStr + Unpin,
    T::Err: std::fmt::Debug,
    T::Event: Serialize,
{
    let (kucoin, exchange, hold) = with;
    let topics: Vec<T> = wanted
        .iter()
        .map(|(asked, _)| asked.parse().unwrap())
        .collect();
    let subscribing = kucoin.subscribe(topics);
    let mut subscription = tokio::select! {
        subscribed = subscribing => match subscribed {
            Ok(subscription) => subscription,
            // The client was closed meanwhile; whether it had to be is told by its lifecycle.
            Err(_) => return None,
        },
        () = hold.let_go.notified() => return None,
    };
    let total = |told: &'static str| match told.starts_with('/') {
        true => exchange.truth().total_of(told),
        false => exchange.pro_truth().total_of(told),
    };
    let from = wanted.iter().map(|(_, told)| (*told, total(told)));
    let mut record = Record {
        from: from.collect(),
        wanted,
        ..Record::default()
    };
    *hold.live.lock().unwrap() = true;
    record.to_the_end = keep_reading(&mut subscription, &hold, &mut record.items).await;
    record.ledger = subscription.ledger();
    Some(record)
}

/// True where it was read to its end.
async fn keep_reading<T: Topic>(
    subscription: &mut Subscription<Vec<T>>,
    hold: &Hold,
    items: &mut Vec<Item>,
) -> bool
where
    T::Event: Serialize,
{
    loop {
        let nap_until = *hold.nap_until.lock().unwrap();
        tokio::select! {
            biased;
            () = hold.let_go.notified() => return false,
            () = sleep_until(nap_until), if nap_until > Instant::now() => {}
            item = subscription.next(), if nap_until <= Instant::now() => match item {
                Some(Ok(update)) => items.push(of_update(&update)),
                Some(Err(gap)) => items.extend(of_gap(&gap)),
                None => return true,
            },
        }
    }
}

fn of_update<E: Serialize>(update: &Update<E>) -> Item {
    let topic = update.topic().as_str().to_owned();
    let says = match topic.starts_with('/') {
        true => truth::as_json(update.event()).to_string(),
        false => pro_truth::values(&truth::as_json(update.event())).join(" "),
    };
    let epoch = update.epoch();
    Item::Event { topic, says, epoch }
}

/// One item for each of its topics.
fn of_gap(gap: &Gap) -> Vec<Item> {
    let why = match &gap.reason {
        GapReason::Lost { cause, .. } if cause.message.contains("after a rotation") => Why::Uneven,
        GapReason::Lost { .. } => Why::Lost,
        GapReason::Live { epoch, .. } => Why::Live { epoch: *epoch },
        GapReason::Closed { .. } => Why::Closed,
        GapReason::Overflowed { missed } => Why::Overflowed { missed: *missed },
        GapReason::Undecodable { .. } => Why::Undecodable,
        GapReason::Refused { retrying: true, .. } => Why::Refused,
        other => Why::Other(format!("{other:?}")),
    };
    let of_topic = |topic: &Arc<str>| Item::Gap {
        topic: topic.to_string(),
        why: why.clone(),
    };
    gap.topics.iter().map(of_topic).collect()
}

/// The topics of a connection.
pub(crate) fn wanted_of(ws_key: WsKey) -> &'static [Wanted] {
    match ws_key {
        WsKey::SpotPrivateV1 => SPOT,
        WsKey::FuturesPrivateV1 => FUTURES,
        _ => PRO,
    }
}

/// Every topic of Pro V2 that is named here exists.
#[test]
fn the_topics_are_topics() {
    for (asked, _) in PRO {
        assert!(asked.parse::<pro::AnyProTopic>().is_ok(), "{asked}");
    }
}
