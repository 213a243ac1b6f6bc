//! A subscription on its way: what it waits for, for how long, and how it is answered.

use std::collections::HashMap;
use std::hash::Hash;

use kucoin_streams_session::Failure;
use tokio::sync::oneshot;
use tokio::time::{Duration, Instant};

use crate::SubscribeError;

/// The answer to a subscription, or why nothing came of it.
pub(crate) type Reply = oneshot::Sender<Result<Answer, SubscribeError>>;

/// What came of a subscription.
pub(crate) struct Answer {
    /// False if each request was refused.
    pub(crate) served: bool,
    pub(crate) refused: Vec<SubscribeError>,
}

/// What a refusal of one request does to a subscription of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnRefusal {
    /// The subscription comes to nothing.
    Fail,
    /// It goes on with the others.
    LeaveOut,
}

/// The server's words of refusal.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) code: Option<i64>,
    pub(crate) message: String,
}

/// Present until each request was answered.
pub(crate) struct Waiting<R> {
    /// The requests without an answer, and why those were postponed that are refused for now.
    missing: HashMap<R, Option<Words>>,
    /// At least one request was acknowledged.
    served: bool,
    refused: Vec<SubscribeError>,
    on_refusal: OnRefusal,
    limit: Duration,
    deadline: Instant,
    reply: Reply,
}

impl<R: Clone + Eq + Hash + ToString> Waiting<R> {
    /// Waits for `requests` for as long as `limit`.
    pub(crate) fn new(
        requests: &[R],
        on_refusal: OnRefusal,
        limit: Duration,
        reply: Reply,
    ) -> Self {
        Self {
            missing: requests
                .iter()
                .cloned()
                .map(|request| (request, None))
                .collect(),
            served: false,
            refused: Vec::new(),
            on_refusal,
            limit,
            deadline: far(Instant::now(), limit),
            reply,
        }
    }

    /// This request is served.
    pub(crate) fn served(&mut self, request: &R) {
        self.served |= self.missing.remove(request).is_some();
    }

    /// This request is refused for now.
    pub(crate) fn postponed(&mut self, request: &R, words: Words) {
        if let Some(missing) = self.missing.get_mut(request) {
            *missing = Some(words);
        }
    }

    /// This request is refused. Gives the error back if the whole comes to nothing by it.
    pub(crate) fn refused(&mut self, request: &R, error: SubscribeError) -> Option<SubscribeError> {
        if self.on_refusal == OnRefusal::Fail {
            return Some(error);
        }
        self.missing.remove(request);
        self.refused.push(error);
        None
    }

    /// True once nothing is waited for any more. Topics that are refused for now are not, if the subscription goes on
    /// without some and another one is served.
    pub(crate) fn is_over(&self) -> bool {
        self.missing.is_empty()
            || (self.on_refusal == OnRefusal::LeaveOut
                && self.served
                && self.missing.values().all(Option::is_some))
    }

    /// Answers that the subscription is there, or that there is nothing left of it. Gives the requests that are not
    /// live yet. A caller that went away has dropped its subscription too, which the next sweep finds.
    pub(crate) fn succeed(self, served: bool) -> HashMap<R, Option<Words>> {
        let refused = self.refused;
        let _ = self.reply.send(Ok(Answer { served, refused }));
        self.missing
    }

    pub(crate) fn fail(self, error: SubscribeError) {
        let _ = self.reply.send(Err(error));
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The time up to this moment does not count.
    pub(crate) fn excuse(&mut self, excused_at: Option<Instant>) {
        if let Some(at) = excused_at {
            self.deadline = self.deadline.max(far(at, self.limit));
        }
    }

    /// The deadline has passed. `None` if the subscription goes on with what is served.
    pub(crate) fn time_out(&self, last: Option<&Failure>) -> Option<SubscribeError> {
        if self.on_refusal == OnRefusal::LeaveOut && self.served {
            return None;
        }
        let postponed = self
            .missing
            .iter()
            .find_map(|(request, words)| words.as_ref().map(|words| (request, words)));
        Some(match postponed {
            Some((request, Words { code, message })) => SubscribeError::Refused {
                topic: request.to_string(),
                code: *code,
                message: message.clone(),
            },
            None => SubscribeError::TimedOut {
                limit: self.limit,
                cause: last.cloned(),
            },
        })
    }
}

/// A moment so far ahead, or a century where that is too far for the clock.
pub(crate) fn far(now: Instant, ahead: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now + ahead.min(CENTURY)
}
