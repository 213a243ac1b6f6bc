//! One subscription of the routing table: its pending answer and its outage.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use kucoin_streams_core::{DecodeError, Request, Timestamp, WireError};

use super::answer::ServerReply;
use super::{
    Answer, ClosedError, DedupKeyFn, DeliveryContext, Frame, FrameOutcome, Gap, GapReason, Mailbox,
    PendingAnswer, SubscribeError,
};
use crate::streams::Output;
use crate::{CloseReason, Failure};

/// Cause and time of a connection loss.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss<'a> {
    pub(crate) cause: &'a Failure,
    pub(crate) last_heard_at: Timestamp,
}

/// One subscription.
pub(super) struct Subscriber<R, M> {
    mailbox: M,
    requests: Vec<R>,
    dedup_key_fn: DedupKeyFn,
    pending: Option<PendingAnswer<R>>,
    outage: Option<Outage<R>>,
}

/// Topics of a subscription that were lost or are postponed, and are not live again.
struct Outage<R> {
    /// Requests that were lost and are not live again.
    missing: HashSet<R>,
    /// Requests that are refused temporarily.
    postponed: HashSet<R>,
    /// Topics that are live again but not reported yet: one gap reports all that were lost together.
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

impl<R: Request, M: Mailbox> Subscriber<R, M> {
    pub(super) fn new(
        requests: Vec<R>,
        mailbox: M,
        dedup_key_fn: DedupKeyFn,
        pending: PendingAnswer<R>,
    ) -> Self {
        Self {
            mailbox,
            requests,
            dedup_key_fn,
            pending: Some(pending),
            outage: None,
        }
    }

    pub(super) fn mailbox(&self) -> &M {
        &self.mailbox
    }

    pub(super) fn dedup_key_fn(&self) -> &DedupKeyFn {
        &self.dedup_key_fn
    }

    /// Returns `true` if no request is left.
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Records that a request is live.
    pub(super) fn live(&mut self, request: &R, topic: &Arc<str>, cx: &mut DeliveryContext<'_, M>) {
        if let Some(outage) = &mut self.outage
            && (outage.missing.remove(request) || outage.postponed.remove(request))
        {
            outage.live.push(topic.clone());
            self.report_live(cx);
        }
        if let Some(pending) = &mut self.pending {
            pending.live(request);
        }
        self.answer_if_complete(cx);
    }

    /// Records that a request is refused temporarily.
    pub(super) fn postponed(
        &mut self,
        request: &R,
        reply: ServerReply,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        match &mut self.pending {
            Some(pending) => {
                pending.postponed(request, reply);
                self.answer_if_complete(cx);
            }
            None => {
                self.report_postponed(request, reply, cx);
                self.report_live(cx);
            }
        }
    }

    /// Records that a request is refused for good.
    pub(super) fn refused(
        &mut self,
        request: &R,
        topic: &Arc<str>,
        reply: &ServerReply,
        cx: &mut DeliveryContext<'_, M>,
    ) -> RefusalOutcome {
        self.requests.retain(|other| other != request);
        if let Some(outage) = &mut self.outage {
            outage.missing.remove(request);
            outage.postponed.remove(request);
        }
        let reason = GapReason::Refused {
            code: reply.code,
            message: reply.message.clone(),
            retrying: false,
        };
        let gap = Gap::of_topic(topic, reason);
        let Some(pending) = &mut self.pending else {
            self.push_gap(gap, cx);
            self.report_live(cx);
            return RefusalOutcome::Continues;
        };
        let error = SubscribeError::Refused {
            topic: topic.to_string(),
            code: reply.code,
            message: reply.message.clone(),
        };
        if let Some(error) = pending.refused(request, error) {
            self.fail(error, cx);
            return RefusalOutcome::Fails;
        }
        self.push_gap(gap, cx);
        self.answer_if_complete(cx);
        RefusalOutcome::Continues
    }

    /// Reports an unreadable frame that may belong to any of these topics; each topic counts it once.
    pub(super) fn unreadable(
        &self,
        topics: Vec<Arc<str>>,
        frame: &Frame,
        fault: &WireError,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        self.mailbox.with(cx.wakers, |buffer| {
            for topic in &topics {
                let counters = buffer.counters_of(topic);
                counters.received();
                counters.count(FrameOutcome::Undecodable);
            }
        });
        let error = DecodeError::Syntax {
            reason: fault.reason,
            offset: fault.offset,
        };
        let raw = frame.text().to_owned();
        let reason = GapReason::Undecodable { raw, error };
        self.push_gap(Gap::new(topics, reason), cx);
    }

    /// Reports the loss of these topics, which were live.
    pub(super) fn lost(
        &mut self,
        topics: Vec<(R, Arc<str>)>,
        last_event_at: Option<Timestamp>,
        loss: Loss<'_>,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        let begin = || Outage::new(last_event_at, loss.last_heard_at, cx.now.wall);
        let outage = self.outage.get_or_insert_with(begin);
        // The next connection subscribes these again like all others.
        outage.missing.extend(outage.postponed.drain());
        if topics.is_empty() {
            return;
        }
        outage
            .live
            .retain(|topic| topics.iter().all(|(_, lost)| lost != topic));
        let reason = GapReason::Lost {
            cause: loss.cause.clone(),
            last_event_at,
            last_heard_at: loss.last_heard_at,
            lost_at: cx.now.wall,
        };
        let names: Arc<[_]> = topics.iter().map(|(_, topic)| topic.clone()).collect();
        let gap = Gap::new(names, reason);
        outage
            .missing
            .extend(topics.into_iter().map(|(request, _)| request));
        self.push_gap(gap, cx);
    }

    /// Returns `true` if topics were lost or are postponed, and are not live again.
    pub(super) fn is_down(&self) -> bool {
        self.outage.is_some()
    }

    /// Returns `true` if this request was lost or is postponed, and is not live again.
    pub(super) fn misses(&self, request: &R) -> bool {
        let misses = |outage: &Outage<R>| {
            outage.missing.contains(request) || outage.postponed.contains(request)
        };
        self.outage.as_ref().is_some_and(misses)
    }

    /// Returns the time at which the caller times out.
    ///
    /// Time spent waiting for the dial or message limit does not count; the last wait ended at `rate_limited_until`.
    pub(super) fn deadline(
        &mut self,
        now: Instant,
        rate_limited_until: Option<Instant>,
    ) -> Option<Instant> {
        let pending = self.pending.as_mut()?;
        if pending.deadline() <= now {
            pending.extend_deadline(rate_limited_until);
        }
        Some(pending.deadline())
    }

    /// Answers the caller after its timeout. Returns `false` if the answer is an error.
    ///
    /// The answer contains the live topics if the policy allows it, else an error.
    pub(super) fn time_out(
        &mut self,
        last: Option<&Failure>,
        cx: &mut DeliveryContext<'_, M>,
    ) -> bool {
        let Some(pending) = &self.pending else {
            return true;
        };
        match pending.time_out(last) {
            None => {
                self.answer(cx);
                true
            }
            Some(error) => {
                self.fail(error, cx);
                false
            }
        }
    }

    /// Ends the subscription because the connection is closed. `topics` may miss events.
    pub(super) fn end(
        &mut self,
        topics: Arc<[Arc<str>]>,
        last_event_at: Option<Timestamp>,
        reason: &CloseReason,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        let closed = ClosedError {
            reason: reason.clone(),
        };
        self.fail(closed.into(), cx);
        if !topics.is_empty() {
            let reason = GapReason::Closed {
                reason: reason.clone(),
                last_event_at,
            };
            self.push_gap(Gap::new(topics, reason), cx);
        }
        self.end_mailbox(reason.clone(), cx);
    }

    /// Ends the stream after the delivered items.
    pub(super) fn end_mailbox(&self, reason: CloseReason, cx: &mut DeliveryContext<'_, M>) {
        self.mailbox.with(cx.wakers, |buffer| buffer.end(reason));
    }

    fn push_gap(&self, gap: Gap, cx: &mut DeliveryContext<'_, M>) {
        if !matches!(
            gap.reason,
            GapReason::Refused { .. } | GapReason::Closed { .. }
        ) {
            cx.outputs.push_back(Output::Gap(gap.clone()));
        }
        self.mailbox.with(cx.wakers, |buffer| buffer.push_gap(gap));
    }

    fn report_postponed(
        &mut self,
        request: &R,
        reply: ServerReply,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        let now = cx.now.wall;
        let outage = self
            .outage
            .get_or_insert_with(|| Outage::new(None, now, now));
        outage.missing.remove(request);
        // One gap until it is live; each attempt is a lifecycle event.
        if outage.postponed.insert(request.clone()) {
            let reason = GapReason::Refused {
                code: reply.code,
                message: reply.message,
                retrying: true,
            };
            let topic = Arc::from(request.to_string());
            self.push_gap(Gap::of_topic(&topic, reason), cx);
        }
    }

    /// Reports the topics that are live again, once all are live or postponed.
    fn report_live(&mut self, cx: &mut DeliveryContext<'_, M>) {
        let Some(outage) = &mut self.outage else {
            return;
        };
        if !outage.missing.is_empty() {
            return;
        }
        let topics = mem::take(&mut outage.live);
        let reason = GapReason::Live {
            last_event_at: outage.last_event_at,
            last_heard_at: outage.last_heard_at,
            lost_at: outage.lost_at,
            live_at: cx.now.wall,
            epoch: cx.epoch,
        };
        if outage.postponed.is_empty() {
            self.outage = None;
        }
        if !topics.is_empty() {
            self.push_gap(Gap::new(topics, reason), cx);
        }
    }

    fn answer_if_complete(&mut self, cx: &mut DeliveryContext<'_, M>) {
        if self
            .pending
            .as_ref()
            .is_some_and(PendingAnswer::is_complete)
        {
            self.answer(cx);
        }
    }

    fn answer(&mut self, cx: &mut DeliveryContext<'_, M>) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let ticket = pending.ticket();
        let (answer, missing) = pending.succeed(!self.requests.is_empty());
        cx.answer(ticket, answer);
        for (request, reply) in missing {
            let reply = reply.unwrap_or_else(|| ServerReply {
                code: None,
                message: "no answer from KuCoin".to_owned(),
            });
            self.report_postponed(&request, reply, cx);
        }
    }

    fn fail(&mut self, error: SubscribeError, cx: &mut DeliveryContext<'_, M>) {
        if let Some(pending) = self.pending.take() {
            let answer = Answer::Subscribed(Err(error));
            cx.answer(pending.ticket(), answer);
        }
    }
}

/// Effect of a refusal on a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusalOutcome {
    Continues,
    Fails,
}
