//! What a rotation needs of the driver: the frames that are kept of the next connection until it serves, and those who
//! wait for the outcome.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::RotateError;
use crate::overlap::Part;
use crate::queue::Frame;

/// So many frames are kept of the next connection. A connection that brings more before it is ready is not waited
/// for; one that is ready is not read further until it serves.
const KEPT: usize = 16_384;

/// And so many bytes of them; orders and balances have some hundred each.
const KEPT_BYTES: usize = 32 << 20;

/// The answer to who asked for a rotation.
pub(crate) type RotateReply = oneshot::Sender<Result<(), RotateError>>;

/// A frame and the topic that it was pushed under; `None` where it cannot be read, and may be of any.
pub(crate) struct Pushed {
    pub(crate) topic: Option<String>,
    pub(crate) frame: Frame,
}

#[derive(Default)]
pub(crate) struct HandOver {
    /// Which part of an overlap frames of the serving connection are in.
    pub(crate) part: Part,
    number: u32,
    /// What came on the next connection, to be handed on once it serves.
    kept: VecDeque<Pushed>,
    kept_bytes: usize,
    /// What is to be handed on before anything else is read.
    pub(crate) backlog: VecDeque<Pushed>,
    asked: Vec<RotateReply>,
}

impl HandOver {
    /// From here on an event may come on both connections. What came before is not to be taken for a repetition: some
    /// events of KuCoin look alike.
    pub(crate) fn begin_overlap(&mut self) {
        self.number = self.number.wrapping_add(1);
        self.part = Part::Before(self.number);
    }

    /// The part that frames of the next connection are in.
    pub(crate) fn part_of_successor(&self) -> Part {
        Part::After(self.number)
    }

    pub(crate) fn keep(&mut self, pushed: Pushed) {
        self.kept_bytes += pushed.frame.text.len();
        self.kept.push_back(pushed);
    }

    /// Forgets what was kept of the topics that are as asked.
    pub(crate) fn forget(&mut self, topics: impl Fn(&str) -> bool) {
        let is_of = |pushed: &Pushed| pushed.topic.as_deref().is_some_and(&topics);
        self.kept.retain(|pushed| !is_of(pushed));
        let bytes = self.kept.iter().map(|pushed| pushed.frame.text.len());
        self.kept_bytes = bytes.sum();
    }

    /// True where nothing more of the next connection may be read yet.
    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= KEPT || self.kept_bytes >= KEPT_BYTES
    }

    /// The next connection serves from here on.
    pub(crate) fn take_over(&mut self) {
        self.part = self.part_of_successor();
        self.backlog.append(&mut self.kept);
        self.kept_bytes = 0;
    }

    pub(crate) fn take_backlog(&mut self) -> VecDeque<Pushed> {
        std::mem::take(&mut self.backlog)
    }

    /// From here on nothing comes twice.
    pub(crate) fn end_overlap(&mut self) {
        self.part = Part::Alone;
    }

    /// The next connection came to nothing.
    pub(crate) fn give_up(&mut self) {
        self.part = Part::Alone;
        // A rotation is rare, and its frames need not hold memory for the next one.
        self.kept = VecDeque::new();
        self.kept_bytes = 0;
    }

    pub(crate) fn ask(&mut self, reply: RotateReply) {
        self.asked.push(reply);
    }

    /// Tells everybody who asked what became of it.
    pub(crate) fn answer(&mut self, outcome: &Result<(), RotateError>) {
        for reply in self.asked.drain(..) {
            // Who does not wait any more need not be told.
            let _ = reply.send(outcome.clone());
        }
    }
}
