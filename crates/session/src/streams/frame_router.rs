//! Routing of data frames.
//!
//! Frames go to subscriptions, through the overlap of a rotation, or into a buffer until there is room.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use bytestring::ByteString;
use kucoin_streams_core::{Protocol, Timestamp, WireError};

use crate::delivery::{
    DedupKey, DeliveryContext, Frame, Mailbox, RouteId, Routes, Undelivered, WhenFull,
};
use crate::{ConnectionRole, Overlap};

/// A buffered frame and its pushed topic.
///
/// The topic is `None` if the frame is unreadable and may belong to any topic.
struct BufferedFrame {
    topic: Option<Box<str>>,
    frame: Frame,
}

/// A frame that waits for room in a full queue.
struct StalledFrame {
    topic: Box<str>,
    frame: Frame,
    until: Instant,
}

/// Routes the data frames of both connections.
pub(super) struct FrameRouter<P: Protocol, M: Mailbox> {
    routes: Routes<P, M>,
    /// Frames of the replacement connection, and the dedup keys of both connections.
    overlap: Overlap<Frame>,
    /// `true` if both connections were in sync at the last handover.
    was_in_sync: bool,
    /// Frames to deliver before more frames are read.
    backlog: VecDeque<BufferedFrame>,
    stalled: Option<StalledFrame>,
    /// Number of received frames, of both connections.
    frames: u64,
    /// Receive time of the last frame.
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

    pub(super) fn frame_count(&self) -> u64 {
        self.frames
    }

    pub(super) fn last_heard_at(&self) -> Timestamp {
        self.last_heard_at
    }

    /// Returns `true` if there is room for frames of this connection.
    pub(super) fn can_accept(&self, role: ConnectionRole) -> bool {
        match role {
            ConnectionRole::Current => self.stalled.is_none() && self.backlog.is_empty(),
            ConnectionRole::Replacement => !self.overlap.is_full(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let stalled = self.stalled.as_ref().map(|stalled| stalled.until);
        stalled.into_iter().chain(self.routes.deadline()).min()
    }

    /// Counts a received frame.
    pub(super) fn count_frame(&mut self, at: Timestamp) {
        self.frames += 1;
        self.last_heard_at = at;
    }

    pub(super) fn count_unrouted(&mut self) {
        self.unrouted += 1;
    }

    /// Returns the number of frames without a subscription.
    pub(super) fn unrouted_frames(&self) -> u64 {
        self.unrouted
    }

    /// Creates a frame with the number and receive time of the last counted frame.
    pub(super) fn frame(&self, text: ByteString, epoch: u64) -> Frame {
        Frame::new(text, self.last_heard_at, epoch, self.frames)
    }

    /// Handles a frame of a route. `topic` is required while two connections overlap.
    ///
    /// # Errors
    /// Returns an error if the frame is malformed, so that it may belong to any topic.
    #[inline]
    pub(super) fn message(
        &mut self,
        role: ConnectionRole,
        (route, topic): (RouteId, Option<String>),
        frame: Frame,
        cx: &mut DeliveryContext<'_, M>,
    ) -> Result<(), WireError> {
        match topic {
            Some(topic) => self.overlapping(role, Some((route, &topic)), frame, cx),
            None if role == ConnectionRole::Current => self.deliver(route, frame, cx),
            None => Ok(()),
        }
    }

    /// Handles an unreadable frame.
    pub(super) fn unreadable(
        &mut self,
        role: ConnectionRole,
        text: ByteString,
        fault: WireError,
        cx: &mut DeliveryContext<'_, M>,
    ) {
        let frame = self.frame(text, cx.epoch).with_fault(fault);
        match self.overlap.is_active() {
            // The frame is not decoded, so this cannot fail.
            true => drop(self.overlapping(role, None, frame, cx)),
            false if role == ConnectionRole::Current => self.routes.deliver_unreadable(&frame, cx),
            false => {}
        }
    }

    /// Handles a frame while two connections overlap, so that each event is delivered once.
    ///
    /// `topic` is `None` if the frame is unreadable.
    fn overlapping(
        &mut self,
        role: ConnectionRole,
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
        let (is_delivered, is_duplicate) = match role {
            ConnectionRole::Current => {
                let mut duplicates = false;
                let is_new = self
                    .overlap
                    .from_current(now, name, key, |_| duplicates = true);
                (is_new, duplicates || !is_new)
            }
            ConnectionRole::Replacement => {
                let bytes = frame.text().len();
                let buffered = self
                    .overlap
                    .from_replacement(now, name, key, bytes, frame.clone());
                (false, buffered.is_err())
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

    /// Delivers a frame to its subscriptions, or stalls it if one of them has no room.
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

    /// Handles a frame without a subscription.
    ///
    /// Such a frame arrived late after an unsubscription, or it is malformed and shows a wrong topic.
    fn unrouted(&mut self, frame: Frame, cx: &mut DeliveryContext<'_, M>) -> Result<(), WireError> {
        if let Err(fault) = P::check(frame.text()) {
            self.routes
                .deliver_unreadable(&frame.with_fault(fault.clone()), cx);
            return Err(fault);
        }
        self.count_unrouted();
        Ok(())
    }

    /// Delivers the stalled frame if there is room now or its time is up.
    pub(super) fn retry(&mut self, cx: &mut DeliveryContext<'_, M>) {
        let Some(stalled) = self.stalled.take() else {
            return;
        };
        let StalledFrame {
            topic,
            frame,
            until,
        } = stalled;
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

    /// Takes over: the buffered frames of the replacement connection are delivered next.
    pub(super) fn take_over(&mut self, is_in_sync: bool) {
        self.was_in_sync = is_in_sync;
        let buffered = self.overlap.take_over();
        self.backlog
            .extend(buffered.map(|(topic, frame)| BufferedFrame { topic, frame }));
    }

    /// Ends the overlap. Returns the topics whose events the new connection did not repeat.
    pub(super) fn end_overlap(&mut self) -> Vec<Box<str>> {
        let missing = self.overlap.topics_not_repeated();
        self.overlap.end();
        match self.was_in_sync {
            true => missing,
            // These topics have a gap already.
            false => Vec::new(),
        }
    }

    /// Delivers the buffered frames of the replacement connection as far as there is room.
    ///
    /// Returns the errors of malformed frames.
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

    /// Delivers all stalled and buffered frames; those that do not fit are dropped and counted.
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

/// Returns a payload as text; UTF-8 is checked here only.
pub(super) fn decode_text<P: Protocol>(payload: Bytes) -> Result<ByteString, (WireError, Bytes)> {
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
