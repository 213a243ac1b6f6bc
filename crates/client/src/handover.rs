//! What a rotation needs of the driver: the frames that both connections bring, and those who wait for the outcome.

use std::collections::VecDeque;

use kucoin_streams_session::Overlap;
use tokio::sync::oneshot;

use crate::RotateError;
use crate::queue::Frame;

/// The answer to who asked for a rotation.
pub(crate) type RotateReply = oneshot::Sender<Result<(), RotateError>>;

/// A frame and the topic that it was pushed under; `None` if it cannot be read, and may be of any.
pub(crate) struct Pushed {
    pub(crate) topic: Option<Box<str>>,
    pub(crate) frame: Frame,
}

pub(crate) struct HandOver {
    /// What came on the next connection, to be delivered once it serves, and what both brought.
    pub(crate) overlap: Overlap<Frame>,
    /// What is to be delivered before anything else is read.
    pub(crate) backlog: VecDeque<Pushed>,
    /// Both connections brought the same when the last one took over, as far as events came.
    pub(crate) was_even: bool,
    asked: Vec<RotateReply>,
}

impl HandOver {
    pub(crate) fn new(overlap: Overlap<Frame>) -> Self {
        Self {
            overlap,
            backlog: VecDeque::new(),
            was_even: true,
            asked: Vec::new(),
        }
    }

    /// The next connection serves from here on.
    pub(crate) fn take_over(&mut self, is_even: bool) {
        self.was_even = is_even;
        let kept = self.overlap.take_over();
        let kept = kept.map(|(topic, frame)| Pushed { topic, frame });
        self.backlog.extend(kept);
    }

    pub(crate) fn take_backlog(&mut self) -> VecDeque<Pushed> {
        std::mem::take(&mut self.backlog)
    }

    pub(crate) fn ask(&mut self, reply: RotateReply) {
        self.asked.push(reply);
    }

    /// Answers every caller who asked.
    pub(crate) fn answer(&mut self, outcome: &Result<(), RotateError>) {
        for reply in self.asked.drain(..) {
            // A caller that does not wait any more needs no answer.
            let _ = reply.send(outcome.clone());
        }
    }
}
