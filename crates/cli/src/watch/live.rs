//! The loop of `watch`: from the first dial to the orderly end.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::time::Duration;

use kucoin_streams::v1::AnySpotTopic;
use kucoin_streams::{
    Gap, GapReason, Kucoin, LifecycleStream, SubscribeError, Subscription, Text, WsKey,
};

use super::{ended, keep_on};
use crate::demo::Demo;
use crate::exit::{Failed, Status};
use crate::output::{Arrived, Printer};
use crate::signals::Signals;

/// All that the loop needs.
pub(crate) struct Watch {
    pub(crate) kucoin: Kucoin,
    pub(crate) topics: Vec<AnySpotTopic>,
    /// The topic as it was asked for, by the topic as it is pushed.
    pub(crate) asked: HashMap<Text, String>,
    pub(crate) printer: Printer,
    pub(crate) count: Option<u64>,
    pub(crate) for_time: Option<Duration>,
    pub(crate) connect_timeout: Duration,
}

/// So many events are shown before anything else is looked at.
const AT_ONCE: u64 = 1_024;

type Spot = Subscription<Vec<AnySpotTopic>>;

/// Why the loop is left.
enum Left {
    /// Enough: the count or the time is reached, or the user asks to end.
    Enough,
    /// Nobody reads what is written.
    PipeClosed,
    /// The connection is over.
    Over(Result<(), Failed>),
}

impl Watch {
    pub(crate) async fn run(mut self, demo: Option<&Demo>, signals: Signals) -> Result<(), Failed> {
        let mut lifecycle = self.kucoin.lifecycle();
        let for_time = self.for_time;
        let stop = async move {
            tokio::select! {
                ended = signals.asked_to_end() => {
                    ended.map_err(|error| Failed::other(format!("cannot listen for signals: {error}")))
                }
                () = after(for_time) => Ok(()),
            }
        };
        let cut = async {
            match demo {
                Some(demo) => demo.cut_once().await,
                None => pending().await,
            }
        };
        tokio::pin!(stop);
        tokio::pin!(cut);
        let left = tokio::select! {
            left = self.connect_and_follow(&mut lifecycle, &mut stop) => {
                left.unwrap_or_else(|failed| Left::Over(Err(failed)))
            }
            () = &mut cut => Left::Enough,
        };
        let outcome = match left {
            Left::PipeClosed => {
                self.kucoin.close().await;
                return Ok(());
            }
            Left::Enough => Ok(()),
            Left::Over(outcome) => outcome,
        };
        self.kucoin.close().await;
        while let Some(event) = lifecycle.try_next() {
            keep_on(self.printer.lifecycle(&event))?;
        }
        keep_on(self.printer.flush())?;
        outcome
    }

    async fn connect_and_follow(
        &mut self,
        lifecycle: &mut LifecycleStream,
        stop: &mut (impl Future<Output = Result<(), Failed>> + Unpin),
    ) -> Result<Left, Failed> {
        match self.connect(lifecycle, stop).await? {
            Ok(subscription) => self.follow(subscription, lifecycle, stop).await,
            Err(left) => Ok(left),
        }
    }

    /// Subscribes, and shows what happens meanwhile. Topics that are refused are left out, unless all are.
    async fn connect(
        &mut self,
        lifecycle: &mut LifecycleStream,
        stop: &mut (impl Future<Output = Result<(), Failed>> + Unpin),
    ) -> Result<Result<Spot, Left>, Failed> {
        let timeout = tokio::time::sleep(self.connect_timeout);
        tokio::pin!(timeout);
        let kucoin = self.kucoin.clone();
        let subscribing = kucoin.subscribe_available(self.topics.clone());
        tokio::pin!(subscribing);
        loop {
            tokio::select! {
                biased;
                ended = &mut *stop => return ended.map(|()| Err(Left::Enough)),
                event = lifecycle.next() => {
                    let Some(event) = event else { continue };
                    if !(keep_on(self.printer.lifecycle(&event))? && keep_on(self.printer.flush())?) {
                        return Ok(Err(Left::PipeClosed));
                    }
                }
                // What was told before the answer has been shown above; refusals are among it.
                subscribed = &mut subscribing => return Ok(match subscribed {
                    Ok((subscription, _)) => Ok(subscription),
                    Err(SubscribeError::Closed(closed)) => Err(Left::Over(ended(&closed.reason))),
                    Err(other) => Err(Left::Over(Err(Failed::other(other.to_string())))),
                }),
                () = &mut timeout => return Err(self.not_connected()),
            }
        }
    }

    /// Shows events, gaps and what happens to the connection.
    ///
    /// Events come before lifecycle events that are there at the same time: a gap is queued before the
    /// reconnection that ends it is told, and so it is shown.
    async fn follow(
        &mut self,
        mut spot: Spot,
        lifecycle: &mut LifecycleStream,
        stop: &mut (impl Future<Output = Result<(), Failed>> + Unpin),
    ) -> Result<Left, Failed> {
        let mut shown = 0;
        let mut seen: u64 = 0;
        loop {
            seen += 1;
            if seen.is_multiple_of(AT_ONCE) {
                // In a flood nothing is ever awaited below, and the wish to end must be heard all the same.
                tokio::select! {
                    biased;
                    ended = &mut *stop => return ended.map(|()| Left::Enough),
                    () = tokio::task::yield_now() => {}
                }
            }
            let item = match spot.try_next() {
                Some(item) => Some(item),
                None => {
                    // Nothing more is there at once: let the reader see what there was.
                    if !keep_on(self.printer.flush())? {
                        return Ok(Left::PipeClosed);
                    }
                    tokio::select! {
                        biased;
                        ended = &mut *stop => return ended.map(|()| Left::Enough),
                        item = spot.next() => match item {
                            Some(item) => Some(item),
                            None => return Ok(Left::Over(self.over(&spot))),
                        },
                        event = lifecycle.next() => {
                            if let Some(event) = event
                                && !keep_on(self.printer.lifecycle(&event))?
                            {
                                return Ok(Left::PipeClosed);
                            }
                            None
                        }
                    }
                }
            };
            let Some(item) = item else { continue };
            let is_update = item.is_ok();
            if !keep_on(self.show(item))? {
                return Ok(Left::PipeClosed);
            }
            shown += u64::from(is_update);
            if self.count.is_some_and(|count| shown >= count) {
                return Ok(Left::Enough);
            }
        }
    }

    fn show(&mut self, item: Result<Arrived, Gap>) -> std::io::Result<()> {
        let ws_key = WsKey::SpotPrivateV1;
        match item {
            Ok(update) => {
                let Self {
                    topics,
                    asked,
                    printer,
                    ..
                } = self;
                let asked = asked
                    .entry(update.topic().clone())
                    .or_insert_with_key(|pushed| asked_for(topics, pushed));
                printer.update(ws_key, asked, &update)
            }
            // The refusal itself was told by the lifecycle.
            Err(Gap {
                reason: GapReason::Refused { .. },
                ..
            }) => Ok(()),
            Err(gap) => self.printer.gap(ws_key, &gap),
        }
    }

    fn over(&self, spot: &Spot) -> Result<(), Failed> {
        spot.end_reason().map_or(Ok(()), |reason| ended(&reason))
    }

    fn not_connected(&self) -> Failed {
        Failed {
            status: Status::NotConnected,
            message: format!("not connected within {:?}", self.connect_timeout),
        }
    }
}

/// The topic as it was asked for, of one that was pushed.
fn asked_for(topics: &[AnySpotTopic], pushed: &str) -> String {
    use kucoin_streams::wire::{Serves, Topic};
    let serves = |wanted: Serves| {
        topics.iter().find(|topic| {
            topic
                .requests()
                .iter()
                .any(|request| request.serves(pushed) == wanted)
        })
    };
    serves(Serves::Exactly)
        .or_else(|| serves(Serves::Loosely))
        .map_or_else(|| pushed.to_owned(), AnySpotTopic::to_string)
}

/// Resolves after a time, or never.
async fn after(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => pending().await,
    }
}
