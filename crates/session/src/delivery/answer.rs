//! A request of the user on its way: what it waits for, for how long, and what is answered.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kucoin_streams_core::Request;

use super::{RotateError, SubscribeError};
use crate::Failure;
use crate::config::deadline_after;

/// The number of a command that is answered later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

impl Ticket {
    pub(crate) fn new(number: u64) -> Self {
        Self(number)
    }
}

/// What came of a command.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// Of [`Streams::subscribe`](crate::Streams::subscribe).
    Subscribed(Result<Subscribed, SubscribeError>),
    /// Of [`Streams::wait_live`](crate::Streams::wait_live).
    Live(Result<(), SubscribeError>),
    /// Of [`Streams::rotate`](crate::Streams::rotate).
    Rotated(Result<(), RotateError>),
    /// Of [`Streams::wait_unsubscribed`](crate::Streams::wait_unsubscribed).
    Unsubscribed,
}

/// What came of a subscription that did not fail.
#[derive(Debug)]
#[non_exhaustive]
pub struct Subscribed {
    /// False if each topic was refused.
    pub is_served: bool,
    /// The topics that were refused and are left out.
    pub refused: Vec<SubscribeError>,
}

/// What a refusal of one topic does to a subscription of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnRefusal {
    /// The subscription fails.
    Fail,
    /// It goes on with the others.
    LeaveOut,
}

/// The server's reply of refusal.
#[derive(Clone, Debug)]
pub(crate) struct ServerReply {
    pub(crate) code: Option<i64>,
    pub(crate) message: String,
}

/// The answer to a subscription, until each of its requests is answered.
pub(crate) struct PendingAnswer<R> {
    ticket: Ticket,
    /// The requests without an answer, and why those were postponed that are refused for now.
    missing: HashMap<R, Option<ServerReply>>,
    /// At least one request was acknowledged.
    is_served: bool,
    refused: Vec<SubscribeError>,
    on_refusal: OnRefusal,
    limit: Duration,
    deadline: Instant,
}

impl<R: Request> PendingAnswer<R> {
    /// RetryDelay for `requests` for as long as `limit`.
    pub(crate) fn new(
        ticket: Ticket,
        requests: &[R],
        on_refusal: OnRefusal,
        limit: Duration,
        now: Instant,
    ) -> Self {
        let missing = requests.iter().cloned().map(|request| (request, None));
        Self {
            ticket,
            missing: missing.collect(),
            is_served: false,
            refused: Vec::new(),
            on_refusal,
            limit,
            deadline: deadline_after(now, limit),
        }
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// This request is served.
    pub(crate) fn served(&mut self, request: &R) {
        self.is_served |= self.missing.remove(request).is_some();
    }

    /// This request is refused for now.
    pub(crate) fn postponed(&mut self, request: &R, reply: ServerReply) {
        if let Some(missing) = self.missing.get_mut(request) {
            *missing = Some(reply);
        }
    }

    /// This request is refused. Gives the error back if the whole subscription fails by it.
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
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.is_empty()
            || (self.on_refusal == OnRefusal::LeaveOut
                && self.is_served
                && self.missing.values().all(Option::is_some))
    }

    /// The answer, and the requests that are not live yet.
    pub(crate) fn succeed(self, is_served: bool) -> (Answer, HashMap<R, Option<ServerReply>>) {
        let refused = self.refused;
        let subscribed = Subscribed { is_served, refused };
        (Answer::Subscribed(Ok(subscribed)), self.missing)
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The time up to this moment does not count.
    pub(crate) fn extend_deadline(&mut self, rate_limited_until: Option<Instant>) {
        if let Some(at) = rate_limited_until {
            self.deadline = self.deadline.max(deadline_after(at, self.limit));
        }
    }

    /// The deadline has passed. `None` if the subscription goes on with what is served.
    pub(crate) fn time_out(&self, last: Option<&Failure>) -> Option<SubscribeError> {
        if self.on_refusal == OnRefusal::LeaveOut && self.is_served {
            return None;
        }
        let postponed = self
            .missing
            .iter()
            .find_map(|(request, reply)| reply.as_ref().map(|reply| (request, reply)));
        Some(match postponed {
            Some((request, ServerReply { code, message })) => SubscribeError::Refused {
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
