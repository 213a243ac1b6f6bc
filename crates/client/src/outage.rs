//! One subscription in the table of routes: what it waits for, and which of its topics are not served at present.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;

use kucoin_streams_session::{CloseReason, Failure};
use kucoin_streams_wire::{Request, Timestamp};

use crate::feed::Identify;
use crate::queue::{Queue, Wakers};
use crate::waiting::{Waiting, Words};
use crate::{Gap, GapReason};

/// A loss of the connection, as it was noticed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss<'a> {
    pub(crate) cause: &'a Failure,
    pub(crate) last_heard_at: Timestamp,
    pub(crate) lost_at: Timestamp,
}

/// One subscription.
pub(crate) struct Sink<R> {
    pub(crate) queue: Arc<Queue>,
    pub(crate) requests: Vec<R>,
    pub(crate) identify: Identify,
    waiting: Option<Waiting<R>>,
    outage: Option<Outage<R>>,
}

/// The topics of a subscription that were lost, or are refused for now, and are not live again.
struct Outage<R> {
    /// Lost and not live again.
    missing: HashSet<R>,
    /// Refused for now.
    postponed: HashSet<R>,
    /// Live again, and not reported yet: one item reports all that were lost together.
    live: Vec<Arc<str>>,
    last_event_at: Option<Timestamp>,
    last_heard_at: Timestamp,
    lost_at: Timestamp,
}

impl<R> Outage<R> {
    fn new(last_event_at: Option<Timestamp>, last_heard_at: Timestamp, lost_at: Timestamp) -> Self {
        Self {
            missing: HashSet::new(),
            postponed: HashSet::new(),
            live: Vec::new(),
            last_event_at,
            last_heard_at,
            lost_at,
        }
    }
}

impl<R: Request> Sink<R> {
    pub(crate) fn new(
        requests: Vec<R>,
        queue: Arc<Queue>,
        identify: Identify,
        waiting: Waiting<R>,
    ) -> Self {
        Self {
            queue,
            requests,
            identify,
            waiting: Some(waiting),
            outage: None,
        }
    }

    /// A request is served from now on.
    pub(crate) fn live(
        &mut self,
        request: &R,
        topic: &Arc<str>,
        now: Timestamp,
        epoch: u64,
        wakers: &mut Wakers,
    ) {
        if let Some(outage) = &mut self.outage
            && (outage.missing.remove(request) || outage.postponed.remove(request))
        {
            outage.live.push(topic.clone());
            self.report_live(now, epoch, wakers);
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.served(request);
        }
        self.answer_if_over(now, wakers);
    }

    /// A request is refused for now.
    pub(crate) fn postponed(
        &mut self,
        request: &R,
        words: Words,
        (now, epoch): (Timestamp, u64),
        wakers: &mut Wakers,
    ) {
        match &mut self.waiting {
            Some(waiting) => {
                waiting.postponed(request, words);
                self.answer_if_over(now, wakers);
            }
            None => {
                self.report_postponed(request, words, now, wakers);
                self.report_live(now, epoch, wakers);
            }
        }
    }

    /// A request is refused for good. Gives the answer to a caller that waits, if the whole subscription comes to
    /// nothing by it.
    pub(crate) fn refused(
        &mut self,
        request: &R,
        topic: &Arc<str>,
        words: &Words,
        (now, epoch): (Timestamp, u64),
        wakers: &mut Wakers,
    ) -> RefusalOutcome {
        self.requests.retain(|other| other != request);
        if let Some(outage) = &mut self.outage {
            outage.missing.remove(request);
            outage.postponed.remove(request);
        }
        let reason = GapReason::Refused {
            code: words.code,
            message: words.message.clone(),
            retrying: false,
        };
        let gap = Gap::of_topic(topic, reason);
        let Some(waiting) = &mut self.waiting else {
            self.queue.push_gap(gap, wakers);
            self.report_live(now, epoch, wakers);
            return RefusalOutcome::GoesOn;
        };
        let error = crate::SubscribeError::Refused {
            topic: topic.to_string(),
            code: words.code,
            message: words.message.clone(),
        };
        match waiting.refused(request, error) {
            Some(error) => {
                if let Some(waiting) = self.waiting.take() {
                    waiting.fail(error);
                }
                RefusalOutcome::Fails
            }
            None => {
                self.queue.push_gap(gap, wakers);
                self.answer_if_over(now, wakers);
                RefusalOutcome::GoesOn
            }
        }
    }

    /// The connection is lost, and with it these topics that were served.
    pub(crate) fn lost(
        &mut self,
        topics: Vec<(R, Arc<str>)>,
        last_event_at: Option<Timestamp>,
        loss: Loss<'_>,
        wakers: &mut Wakers,
    ) {
        let begin = || Outage::new(last_event_at, loss.last_heard_at, loss.lost_at);
        let outage = self.outage.get_or_insert_with(begin);
        // The next connection is asked for these as if nothing had been said.
        outage.missing.extend(outage.postponed.drain());
        if topics.is_empty() {
            return;
        }
        outage
            .live
            .retain(|topic| topics.iter().all(|(_, lost)| lost != topic));
        let gap = Gap {
            topics: topics.iter().map(|(_, topic)| topic.clone()).collect(),
            reason: GapReason::Lost {
                cause: loss.cause.clone(),
                last_event_at,
                last_heard_at: loss.last_heard_at,
                lost_at: loss.lost_at,
            },
        };
        outage
            .missing
            .extend(topics.into_iter().map(|(request, _)| request));
        self.queue.push_gap(gap, wakers);
    }

    /// True if some of its topics were lost and are not live again.
    pub(crate) fn is_down(&self) -> bool {
        self.outage.is_some()
    }

    /// True if this request was lost, or is refused for now, and is not live again.
    pub(crate) fn misses(&self, request: &R) -> bool {
        let misses = |outage: &Outage<R>| {
            outage.missing.contains(request) || outage.postponed.contains(request)
        };
        self.outage.as_ref().is_some_and(misses)
    }

    pub(crate) fn waiting(&self) -> Option<&Waiting<R>> {
        self.waiting.as_ref()
    }

    pub(crate) fn waiting_mut(&mut self) -> Option<&mut Waiting<R>> {
        self.waiting.as_mut()
    }

    /// Answers the caller now, with the topics that are live; returns false, after an error, if none is.
    pub(crate) fn time_out(
        &mut self,
        last: Option<&Failure>,
        now: Timestamp,
        wakers: &mut Wakers,
    ) -> bool {
        let Some(waiting) = self.waiting.take() else {
            return true;
        };
        match waiting.time_out(last) {
            None => {
                self.answer(waiting, now, wakers);
                true
            }
            Some(error) => {
                waiting.fail(error);
                false
            }
        }
    }

    /// The connection has ended: `topics` may miss events from now on, if they are not empty.
    pub(crate) fn end(
        &mut self,
        topics: Arc<[Arc<str>]>,
        last_event_at: Option<Timestamp>,
        reason: &CloseReason,
        wakers: &mut Wakers,
    ) {
        if let Some(waiting) = self.waiting.take() {
            let reason = reason.clone();
            waiting.fail(crate::ClosedError { reason }.into());
        }
        if !topics.is_empty() {
            let reason = GapReason::Closed {
                reason: reason.clone(),
                last_event_at,
            };
            self.queue.push_gap(Gap { topics, reason }, wakers);
        }
        self.queue.end(reason.clone(), wakers);
    }

    fn report_postponed(&mut self, request: &R, words: Words, now: Timestamp, wakers: &mut Wakers) {
        let outage = self
            .outage
            .get_or_insert_with(|| Outage::new(None, now, now));
        outage.missing.remove(request);
        // Said once until it is live; each attempt is on the lifecycle stream.
        if outage.postponed.insert(request.clone()) {
            let reason = GapReason::Refused {
                code: words.code,
                message: words.message,
                retrying: true,
            };
            let topic = Arc::from(request.to_string());
            self.queue.push_gap(Gap::of_topic(&topic, reason), wakers);
        }
    }

    /// Reports the topics that are live again, once all are that are not refused.
    fn report_live(&mut self, now: Timestamp, epoch: u64, wakers: &mut Wakers) {
        let Some(outage) = &mut self.outage else {
            return;
        };
        if !outage.missing.is_empty() {
            return;
        }
        if !outage.live.is_empty() {
            let reason = GapReason::Live {
                last_event_at: outage.last_event_at,
                last_heard_at: outage.last_heard_at,
                lost_at: outage.lost_at,
                live_at: now,
                epoch,
            };
            let topics = mem::take(&mut outage.live).into();
            self.queue.push_gap(Gap { topics, reason }, wakers);
        }
        if outage.postponed.is_empty() {
            self.outage = None;
        }
    }

    fn answer_if_over(&mut self, now: Timestamp, wakers: &mut Wakers) {
        if let Some(waiting) = self.waiting.take_if(|waiting| waiting.is_over()) {
            self.answer(waiting, now, wakers);
        }
    }

    fn answer(&mut self, waiting: Waiting<R>, now: Timestamp, wakers: &mut Wakers) {
        for (request, words) in waiting.succeed(!self.requests.is_empty()) {
            let words = words.unwrap_or_else(|| Words {
                code: None,
                message: "no answer from the server".to_owned(),
            });
            self.report_postponed(&request, words, now, wakers);
        }
    }
}

/// What a refusal means for a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalOutcome {
    GoesOn,
    Fails,
}
