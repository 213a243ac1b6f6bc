//! The way of a frame with data: straight to its subscriptions, or through the overlap of two connections, or kept until
//! there is room.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use bytestring::ByteString;
use kucoin_streams_core::{Protocol, Timestamp, WireError};

use crate::delivery::{
    DedupKey, DeliveryContext, Frame, Mailbox, RouteId, Routes, Undelivered, WhenFull,
};
use crate::{ConnectionRole, Overlap};

/// A frame and the topic that it was pushed under; `None` if it cannot be read, and may be of any.
struct BufferedFrame {
    topic: Option<Box<str>>,
    frame: Frame,
}

/// A frame that waits for room in a full buffer.
struct StalledFrame {
    topic: Box<str>,
    frame: Frame,
    until: Instant,
}

/// Every frame with data passes here, from whichever connection.
pub(super) struct FrameRouter<P: Protocol, M: Mailbox> {
    routes: Routes<P, M>,
    /// What came on the next connection, to be delivered once it serves, and what both brought.
    overlap: Overlap<Frame>,
    /// Both connections brought the same when the last one took over, as far as events came.
    was_in_sync: bool,
    /// What is to be delivered before anything else is read.
    backlog: VecDeque<BufferedFrame>,
    stalled: Option<StalledFrame>,
    /// The number of frames that were read, of whichever connection.
    frames: u64,
    /// When the last of them came.
    last_heard_at: Timestamp,
    unrouted: u64,
}

impl<P: Protocol, M: Mailbox> FrameRouter<P, M> {
    pub(super) fn new(
        backpressure_timeout: Duration,
        overlap: Overlap<Frame>,
        now: Timestamp,
    ) -> Self {
        Self {
            routes: Routes::new(backpressure_timeout),
            overlap,
            was_in_sync: true,
            backlog: VecDeque::new(),
            stalled: None,
            frames: 0,
            last_heard_at: now,
            unrouted: 0,
        }
    }

    pub(super) fn routes(&mut self) -> &mut Routes<P, M> {
        &mut self.routes
    }

    pub(super) fn overlap(&mut self) -> &mut Overlap<Frame> {
        &mut self.overlap
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    pub(super) fn last_heard_at(&self) -> Timestamp {
        self.last_heard_at
    }

    /// True if there is a place for what this side brings.
    pub(super) fn can_accept(&self, side: ConnectionRole) -> bool {
        match side {
            ConnectionRole::Current => self.stalled.is_none() && self.backlog.is_empty(),
            ConnectionRole::Replacement => !self.overlap.is_full(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let stalled = self.stalled.as_ref().map(|stalled| stalled.until);
        stalled.into_iter().chain(self.routes.deadline()).min()
    }

    /// Counts a frame that was read.
    pub(super) fn heard(&mut self, at: Timestamp) {
        self.frames += 1;
        self.last_heard_at = at;
    }

    pub(super) fn count_unrouted(&mut self) {
        self.unrouted += 1;
    }

    /// The number of frames without a subscription so far.
    pub(super) fn unrouted_frames(&self) -> u64 {
        self.unrouted
    }

    /// The frame that was counted last.
    pub(super) fn frame(&self, text: ByteString, epoch: u64) -> Frame {
        Frame::new(text, self.last_heard_at, epoch, self.frames)
    }

    /// Takes a frame of the route; gives an error if the frame proves broken, so that it may be of any topic. `topic` is
    /// needed while two connections overlap.
    #[inline]
    pub(super) fn message(
        &mut self,
        side: ConnectionRole,
        (route, topic): (RouteId, Option<String>),
        frame: Frame,
        cx: &mut DeliveryContext<'_, M>,
    ) -> Result<(), WireError> {
        match topic {
            Some(topic) => self.overlapping(side, Some((route, &topic)), frame, cx),
            None if side == ConnectionRole::Current => self.deliver(route, frame, cx),
            None => Ok(()),
        }
    }

    /// Takes a frame that cannot be read.
    pub(super) fn unreadable(
        &mut self,
        side: ConnectionRole,
        text: ByteString,
        fault: WireError,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        let frame = self.frame(text, cx.epoch).with_fault(fault);
        match self.overlap.is_active() {
            // Nothing of it is decoded on its way.
            true => drop(self.overlapping(side, None, frame, cx)),
            false if side == ConnectionRole::Current => self.routes.deliver_unreadable(&frame, cx),
            false => {}
        }
    }

    /// Takes a frame while two connections bring the same: each event is delivered once. `topic` is `None` if it
    /// cannot be read.
    fn overlapping(
        &mut self,
        side: ConnectionRole,
        topic: Option<(RouteId, &str)>,
        frame: Frame,
        cx: &mut DeliveryContext<'_, M>,
    ) -> Result<(), WireError> {
        let dedup_key = match topic {
            Some((route, _)) => self.routes.dedup_key(route, frame.text()),
            None => DedupKey::Key(frame.text().as_bytes().to_vec()),
        };
        let key = match &dedup_key {
            DedupKey::Key(key) => Some(&key[..]),
            DedupKey::NotUnique | DedupKey::OtherTopic => None,
        };
        let (now, name) = (cx.now.monotonic, topic.map(|(_, topic)| topic));
        let (is_delivered, is_duplicate) = match side {
            ConnectionRole::Current => {
                let mut duplicates = false;
                let is_new = self
                    .overlap
                    .from_current(now, name, key, |_| duplicates = true);
                (is_new, duplicates || !is_new)
            }
            ConnectionRole::Replacement => {
                let bytes = frame.text().len();
                let kept = self
                    .overlap
                    .from_replacement(now, name, key, bytes, frame.clone());
                (false, kept.is_err())
            }
        };
        if let Some((route, _)) = topic.filter(|_| is_duplicate) {
            self.routes.count_duplicate(route);
        }
        match topic {
            _ if !is_delivered => Ok(()),
            Some((route, _)) => self.deliver(route, frame, cx),
            None => {
                self.routes.deliver_unreadable(&frame, cx);
                Ok(())
            }
        }
    }

    /// Delivers a frame to its subscriptions, or keeps it for a moment if one of them has no room.
    #[inline]
    fn deliver(
        &mut self,
        route: RouteId,
        frame: Frame,
        cx: &mut DeliveryContext<'_, M>,
    ) -> Result<(), WireError> {
        match self.routes.deliver(route, frame, WhenFull::Wait, cx) {
            Ok(()) => Ok(()),
            Err(Undelivered::NoSubscriber(frame)) => self.unrouted(frame, cx),
            Err(Undelivered::NoRoom(frame, pause)) => {
                if pause.is_zero() {
                    drop(self.routes.deliver(route, frame, WhenFull::Drop, cx));
                } else {
                    self.stalled = Some(StalledFrame {
                        topic: self.routes.topic_of(route).unwrap_or_default().into(),
                        frame,
                        until: cx.now.monotonic + pause,
                    });
                }
                Ok(())
            }
        }
    }

    /// A frame of a topic without a subscription: late after an unsubscription, or broken so that it shows another
    /// topic than its own.
    fn unrouted(&mut self, frame: Frame, cx: &mut DeliveryContext<'_, M>) -> Result<(), WireError> {
        if let Err(fault) = P::check(frame.text()) {
            self.routes
                .deliver_unreadable(&frame.with_fault(fault.clone()), cx);
            return Err(fault);
        }
        self.count_unrouted();
        Ok(())
    }

    /// Delivers the frame that waits for room, if there is room by now or it has waited long enough.
    pub(super) fn retry(&mut self, cx: &mut DeliveryContext<'_, M>) {
        let Some(stalled) = self.stalled.take() else {
            return;
        };
        let StalledFrame {
            topic,
            frame,
            until,
        } = stalled;
        // Who unsubscribed while it waited does not miss it.
        let when_full = match cx.now.monotonic >= until {
            true => WhenFull::Drop,
            false => WhenFull::Wait,
        };
        let route = self.routes.find_route(&topic, cx);
        let delivered = self.routes.deliver(route, frame, when_full, cx);
        if let Err(Undelivered::NoRoom(frame, _)) = delivered {
            self.stalled = Some(StalledFrame {
                topic,
                frame,
                until,
            });
        }
    }

    /// The next connection serves from here on: what was kept of it is delivered next.
    pub(super) fn take_over(&mut self, is_in_sync: bool) {
        self.was_in_sync = is_in_sync;
        let kept = self.overlap.take_over();
        self.backlog
            .extend(kept.map(|(topic, frame)| BufferedFrame { topic, frame }));
    }

    /// The overlap of two connections is over. Gives the topics of which the last one did not repeat what the one
    /// before brought.
    pub(super) fn end_overlap(&mut self) -> Vec<Box<str>> {
        let missing = self.overlap.topics_not_repeated();
        self.overlap.end();
        match self.was_in_sync {
            true => missing,
            // They have their gap already.
            false => Vec::new(),
        }
    }

    /// Delivers what was kept of a connection before it served, as far as there is room. Gives what is wrong with
    /// frames that proved broken.
    pub(super) fn drain_backlog(&mut self, cx: &mut DeliveryContext<'_, M>) -> Vec<WireError> {
        let mut faults = Vec::new();
        while self.stalled.is_none()
            && let Some(BufferedFrame { topic, frame }) = self.backlog.pop_front()
        {
            match topic {
                Some(topic) => {
                    let route = self.routes.find_route(&topic, cx);
                    faults.extend(self.deliver(route, frame, cx).err());
                }
                None => self.routes.deliver_unreadable(&frame, cx),
            }
        }
        faults
    }

    /// Delivers everything that was read and waits here, whether there is room for it or not.
    pub(super) fn deliver_rest(&mut self, cx: &mut DeliveryContext<'_, M>) {
        let stalled = self.stalled.take().map(|stalled| BufferedFrame {
            topic: Some(stalled.topic),
            frame: stalled.frame,
        });
        let backlog = std::mem::take(&mut self.backlog);
        for BufferedFrame { topic, frame } in stalled.into_iter().chain(backlog) {
            match topic {
                Some(topic) => {
                    let route = self.routes.find_route(&topic, cx);
                    drop(self.routes.deliver(route, frame, WhenFull::Drop, cx));
                }
                None => self.routes.deliver_unreadable(&frame, cx),
            }
        }
    }
}

/// The text of a payload, which is checked once; it goes along with the frame to where it is decoded.
pub(super) fn text_of<P: Protocol>(payload: Bytes) -> Result<ByteString, (WireError, Bytes)> {
    if payload.first() == Some(&b'{')
        && let Ok(text) = ByteString::try_from(payload.clone())
    {
        return Ok(text);
    }
    match P::text(&payload) {
        Ok(text) => Ok(ByteString::from(text.into_owned())),
        Err(error) => Err((error, payload)),
    }
}
