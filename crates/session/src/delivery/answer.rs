//! Commands of the user that are not answered yet.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kucoin_streams_core::Request;

use super::{RotateError, SubscribeError};
use crate::Failure;
use crate::config::deadline_after;

/// Number of a command; its answer has the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

impl Ticket {
    pub(crate) fn new(number: u64) -> Self {
        Self(number)
    }
}

/// Answer to a command of the user.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// Answer to [`Streams::subscribe`](crate::Streams::subscribe).
    Subscribed(Result<Subscribed, SubscribeError>),
    /// Answer to [`Streams::wait_live`](crate::Streams::wait_live).
    Live(Result<(), SubscribeError>),
    /// Answer to [`Streams::rotate`](crate::Streams::rotate).
    Rotated(Result<(), RotateError>),
    /// Answer to [`Streams::wait_unsubscribed`](crate::Streams::wait_unsubscribed).
    Unsubscribed,
}

/// Outcome of a subscription that did not fail.
#[derive(Debug)]
#[non_exhaustive]
pub struct Subscribed {
    /// `true` if the subscription is open; `false` if all topics were refused.
    pub is_open: bool,
    /// Errors of the refused topics, which are left out.
    pub refused: Vec<SubscribeError>,
}

/// Policy if one of several topics of a subscription is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnRefusal {
    /// The subscription fails.
    Fail,
    /// The topic is left out, and the subscription continues with the others.
    LeaveOut,
}

/// Error code and message of a refusal.
#[derive(Clone, Debug)]
pub(crate) struct ServerReply {
    pub(crate) code: Option<i64>,
    pub(crate) message: String,
}

/// Pending answer to a subscription, until each of its requests is answered.
pub(crate) struct PendingAnswer<R> {
    ticket: Ticket,
    /// Requests that are not live yet, each with its refusal if it is postponed.
    missing: HashMap<R, Option<ServerReply>>,
    /// `true` if at least one request is acknowledged.
    any_live: bool,
    refused: Vec<SubscribeError>,
    on_refusal: OnRefusal,
    limit: Duration,
    deadline: Instant,
}

impl<R: Request> PendingAnswer<R> {
    /// Creates a pending answer for `requests` with the timeout `limit`.
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
            any_live: false,
            refused: Vec::new(),
            on_refusal,
            limit,
            deadline: deadline_after(now, limit),
        }
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Records that a request is live.
    pub(crate) fn live(&mut self, request: &R) {
        self.any_live |= self.missing.remove(request).is_some();
    }

    /// Records that a request is refused temporarily.
    pub(crate) fn postponed(&mut self, request: &R, reply: ServerReply) {
        if let Some(missing) = self.missing.get_mut(request) {
            *missing = Some(reply);
        }
    }

    /// Records that a request is refused. Returns the error if the whole subscription fails.
    pub(crate) fn refused(&mut self, request: &R, error: SubscribeError) -> Option<SubscribeError> {
        if self.on_refusal == OnRefusal::Fail {
            return Some(error);
        }
        self.missing.remove(request);
        self.refused.push(error);
        None
    }

    /// Returns `true` if the answer waits for no request.
    ///
    /// With [`OnRefusal::LeaveOut`], the answer does not wait for postponed requests once another request is live.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.is_empty()
            || (self.on_refusal == OnRefusal::LeaveOut
                && self.any_live
                && self.missing.values().all(Option::is_some))
    }

    /// Returns the answer, and the requests that are not live yet.
    pub(crate) fn succeed(self, is_open: bool) -> (Answer, HashMap<R, Option<ServerReply>>) {
        let refused = self.refused;
        let subscribed = Subscribed { is_open, refused };
        (Answer::Subscribed(Ok(subscribed)), self.missing)
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Restarts the timeout at the end of the last wait for the dial or message limit.
    pub(crate) fn extend_deadline(&mut self, rate_limited_until: Option<Instant>) {
        if let Some(at) = rate_limited_until {
            self.deadline = self.deadline.max(deadline_after(at, self.limit));
        }
    }

    /// Returns the error of a timeout; `None` if the subscription continues with its live topics.
    pub(crate) fn time_out(&self, last: Option<&Failure>) -> Option<SubscribeError> {
        if self.on_refusal == OnRefusal::LeaveOut && self.any_live {
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
