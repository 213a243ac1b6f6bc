//! An unreadable frame may be an event of any topic with events: each of them gets a gap at this position.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kucoin_streams_core::{ConnectionInfo, SecretUrl, Timestamp};
use kucoin_streams_session::{
    Buffer, Capacity, ClockReading, ConnectionRole, DedupKey, Delivery, Input, Mailbox, OnRefusal,
    SessionConfig, SlowConsumer, Streams, Subscribe, Timeouts,
};

use crate::rig::Plain;

#[derive(Clone)]
struct Queue(Rc<RefCell<Buffer>>);

impl Mailbox for Queue {
    type Wakers = ();

    fn with<T>(&self, (): &mut (), act: impl FnOnce(&mut Buffer) -> T) -> T {
        act(&mut self.0.borrow_mut())
    }
}

impl Queue {
    fn take(&self, now: ClockReading) -> Vec<&'static str> {
        let mut taken = VecDeque::new();
        self.0.borrow_mut().take(|| now.monotonic, &mut taken);
        let kinds = taken.iter().map(|delivery| match delivery {
            Delivery::Frame { .. } => "event",
            Delivery::Gap(_) => "gap",
        });
        kinds.collect()
    }
}

fn subscribe(streams: &mut Streams<Plain, Queue>, now: ClockReading, topic: &str) -> Queue {
    let capacity = Capacity::new(16, 1_024);
    let mailbox = Queue(Rc::new(RefCell::new(Buffer::new(
        capacity,
        SlowConsumer::Gap,
    ))));
    let subscribe = Subscribe::new(
        vec![topic.to_owned()],
        mailbox.clone(),
        Arc::new(|_: &str| DedupKey::NotUnique),
        OnRefusal::Fail,
    );
    streams.subscribe(now, subscribe);
    mailbox
}

#[test]
fn unreadable_frame_before_the_acknowledgement_is_a_gap() {
    let now = ClockReading::new(Instant::now(), Timestamp::from_nanos(1));
    let second = Duration::from_secs(1);
    let mut streams = Streams::new(
        SessionConfig::default(),
        Timeouts::new(second, second),
        1,
        now,
    );
    let early = subscribe(&mut streams, now, "/early");
    let silent = subscribe(&mut streams, now, "/silent");
    let info = ConnectionInfo::new(SecretUrl::new("wss://host/"));
    streams.handle(
        now,
        ConnectionRole::Current,
        Input::ConnectionInfo(Ok(info)),
    );
    streams.handle(now, ConnectionRole::Current, Input::Dialled(Ok(())));
    for frame in [
        "welcome",
        "push /early",
        "garbled",
        "push /early",
        "push /silent",
        "ack 1",
        "garbled",
    ] {
        streams.message(now, ConnectionRole::Current, frame.into());
    }
    assert_eq!(early.take(now), ["event", "gap", "event", "gap"]);
    // This topic had no events before the first unreadable frame.
    assert_eq!(silent.take(now), ["event", "gap"]);
}
