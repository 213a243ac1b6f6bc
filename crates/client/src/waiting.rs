//! A subscription on its way: what it waits for, and how it is answered.

use tokio::sync::oneshot;

use crate::SubscribeError;

/// The answer to a subscription, or why nothing came of it.
pub(crate) type Reply = oneshot::Sender<Result<Answer, SubscribeError>>;

/// What came of a subscription.
pub(crate) struct Answer {
    /// False where each request was refused.
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

/// Present until each request was answered.
pub(crate) struct Waiting<R> {
    missing: Vec<R>,
    refused: Vec<SubscribeError>,
    on_refusal: OnRefusal,
    reply: Reply,
}

impl<R: PartialEq> Waiting<R> {
    pub(crate) fn new(missing: Vec<R>, on_refusal: OnRefusal, reply: Reply) -> Self {
        Self {
            missing,
            refused: Vec::new(),
            on_refusal,
            reply,
        }
    }

    /// This request is served.
    pub(crate) fn served(&mut self, request: &R) {
        self.missing.retain(|other| other != request);
    }

    /// This request is refused. Gives the error back where the whole comes to nothing by it.
    pub(crate) fn refused(&mut self, request: &R, error: SubscribeError) -> Option<SubscribeError> {
        if self.on_refusal == OnRefusal::Fail {
            return Some(error);
        }
        self.served(request);
        self.refused.push(error);
        None
    }

    pub(crate) fn is_over(&self) -> bool {
        self.missing.is_empty()
    }

    /// Answers that the subscription stands, or that there is nothing left of it. A caller that went away has dropped
    /// its subscription too, which the next sweep finds.
    pub(crate) fn succeed(self, served: bool) {
        let refused = self.refused;
        let _ = self.reply.send(Ok(Answer { served, refused }));
    }

    pub(crate) fn fail(self, error: SubscribeError) {
        let _ = self.reply.send(Err(error));
    }
}
