//! Tests of the buffer: order, capacity and counters.

use kucoin_streams_core::{RetryPolicy, Timestamp};

use super::*;
use crate::{Failure, FailureStage};

fn buffer(capacity: usize) -> Buffer {
    Buffer::new(of(capacity), SlowConsumer::Gap)
}

fn of(frames: usize) -> Capacity {
    Capacity {
        frames,
        bytes: usize::MAX,
    }
}

fn frame(number: u8) -> Frame {
    Frame::new(number.to_string().into(), Timestamp::default(), 1, 1)
}

/// Pushes a frame of one topic.
fn push(buffer: &mut Buffer, frame: Frame) {
    let counters = buffer.counters_of(&"/a".into());
    buffer.push_frame(Instant::now(), &counters, frame);
}

fn take(buffer: &mut Buffer) -> Vec<String> {
    let mut items = VecDeque::new();
    match buffer.take(Instant::now, &mut items) {
        TakeOutcome::Empty => vec!["nothing".into()],
        TakeOutcome::Ended => vec!["end".into()],
        TakeOutcome::Items { .. } => items
            .into_iter()
            .map(|item| match item {
                Delivery::Frame { frame, .. } => frame.text().to_owned(),
                Delivery::Gap(gap) => match gap.reason {
                    GapReason::Overflowed { missed } => format!("missed {missed}"),
                    GapReason::Lost { .. } => "lost".into(),
                    GapReason::Live { epoch, .. } => format!("epoch {epoch}"),
                    other => format!("{other:?}"),
                },
            })
            .collect(),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(seconds * 1_000_000_000)
}

fn lost(topic: &str, second: i64) -> Gap {
    let cause = Failure::new(FailureStage::Live, RetryPolicy::Transient, "cut");
    let reason = GapReason::Lost {
        cause,
        last_event_at: None,
        last_heard_at: at(second),
        lost_at: at(second),
    };
    Gap::of_topic(&topic.into(), reason)
}

fn live(topic: &str, (lost, second): (i64, i64), epoch: u64) -> Gap {
    let reason = GapReason::Live {
        last_event_at: None,
        last_heard_at: at(lost),
        lost_at: at(lost),
        live_at: at(second),
        epoch,
    };
    Gap::of_topic(&topic.into(), reason)
}

#[test]
fn frames_and_gaps_keep_their_order() {
    let mut buffer = buffer(8);
    push(&mut buffer, frame(1));
    buffer.push_gap(live("/a", (1, 2), 2));
    push(&mut buffer, frame(2));
    assert_eq!(take(&mut buffer), ["1", "epoch 2", "2"]);
    assert_eq!(take(&mut buffer), ["nothing"]);
}

#[test]
fn overflow_is_counted_and_reported_after_queued_frames() {
    let mut buffer = buffer(2);
    for number in 0..7 {
        push(&mut buffer, frame(number));
    }
    assert_eq!(take(&mut buffer), ["0", "1"]);
    assert_eq!(take(&mut buffer), ["missed 5"]);
    push(&mut buffer, frame(9));
    assert_eq!(take(&mut buffer), ["9"]);
}

#[test]
fn gap_precedes_the_next_queued_frame() {
    let mut buffer = buffer(2);
    for number in 0..3 {
        push(&mut buffer, frame(number));
    }
    assert_eq!(take(&mut buffer), ["0", "1"]);
    push(&mut buffer, frame(3));
    assert_eq!(take(&mut buffer), ["missed 1", "3"]);
}

#[test]
fn gaps_without_room_merge_and_stay_bounded() {
    let mut buffer = buffer(1);
    push(&mut buffer, frame(0));
    for epoch in 2..1_000 {
        push(&mut buffer, frame(1));
        for topic in ["/a", "/b"] {
            buffer.push_gap(lost(topic, epoch));
        }
        for topic in ["/a", "/b"] {
            let gap = live(topic, (epoch, epoch + 1), epoch.unsigned_abs());
            buffer.push_gap(gap);
        }
    }
    let pending = buffer.pending.clone();
    assert_eq!(pending.len(), 3, "{pending:?}");
    assert_eq!(pending[1].topics.len(), 2);
    assert_eq!(pending[2].topics.len(), 2);
    assert_eq!(
        pending[2].window(),
        Some((at(2), at(1_000))),
        "the longest window"
    );
    assert_eq!(take(&mut buffer), ["0"]);
    assert_eq!(take(&mut buffer), ["missed 998", "lost", "epoch 999"]);
}

#[test]
fn merged_gaps_end_with_a_loss_while_still_down() {
    let mut buffer = buffer(1);
    push(&mut buffer, frame(0));
    buffer.push_gap(live("/a", (1, 2), 2));
    buffer.push_gap(lost("/a", 3));
    buffer.push_gap(live("/a", (3, 4), 3));
    buffer.push_gap(lost("/a", 5));
    assert_eq!(take(&mut buffer), ["0"]);
    assert_eq!(take(&mut buffer), ["epoch 2", "lost"], "it is down again");
}

#[test]
fn bytes_are_bounded_and_one_frame_always_fits() {
    let capacity = Capacity {
        frames: 1_000,
        bytes: 10,
    };
    let mut buffer = Buffer::new(capacity, SlowConsumer::Gap);
    let long = |number: u8| {
        let mut frame = frame(number);
        frame.text = "x".repeat(8).into();
        frame
    };
    assert!(buffer.has_room(11), "the buffer is empty");
    push(&mut buffer, long(0));
    assert!(buffer.has_room(2) && !buffer.has_room(3));
    push(&mut buffer, long(1));
    push(&mut buffer, frame(2));
    assert_eq!(take(&mut buffer), ["xxxxxxxx"]);
    assert_eq!(take(&mut buffer), ["missed 2"]);
    push(&mut buffer, long(3));
    assert_eq!(
        take(&mut buffer),
        ["xxxxxxxx"],
        "the size is zero after a take"
    );
}

#[test]
fn end_follows_all_items() {
    let mut buffer = buffer(1);
    push(&mut buffer, frame(0));
    push(&mut buffer, frame(1));
    buffer.end(CloseReason::Requested);
    push(&mut buffer, frame(2));
    assert_eq!(take(&mut buffer), ["0"]);
    assert_eq!(take(&mut buffer), ["missed 1"]);
    assert_eq!(take(&mut buffer), ["end"]);
    assert_eq!(
        buffer.end_reason(),
        Some(&EndReason::Closed(CloseReason::Requested))
    );
}

#[test]
fn lagging_reader_is_not_waited_for_twice() {
    let mut buffer = buffer(2);
    push(&mut buffer, frame(0));
    assert!(buffer.has_room(1));
    push(&mut buffer, frame(1));
    assert!(!buffer.has_room(1));
    push(&mut buffer, frame(2));
    assert!(
        buffer.has_room(1),
        "it lags, so the frame is dropped at once"
    );
}

#[test]
fn ledger_is_always_consistent() {
    let mut buffer = buffer(2);
    buffer.counters_of(&"/a".into());
    let ledger = |buffer: &Buffer, taken: &VecDeque<Delivery>| {
        let ledger = buffer.ledger(taken).remove(0);
        assert!(ledger.is_consistent(), "{ledger:?}");
        (ledger.received, ledger.queued, ledger.overflowed)
    };
    let mut taken = VecDeque::new();
    assert_eq!(ledger(&buffer, &taken), (0, 0, 0));
    for number in 0..5 {
        push(&mut buffer, frame(number));
    }
    assert_eq!(ledger(&buffer, &taken), (5, 2, 3));
    buffer.take(Instant::now, &mut taken);
    assert_eq!(ledger(&buffer, &taken), (5, 2, 3), "taken but not returned");
    buffer.close(&taken);
    push(&mut buffer, frame(9));
    assert_eq!(ledger(&buffer, &taken), (5, 2, 3), "the buffer is closed");
}

#[test]
fn frames_before_the_subscription_are_not_delivered() {
    let mut buffer = buffer(2);
    buffer.begin(1);
    push(&mut buffer, frame(1));
    let mut later = frame(2);
    later.number = 2;
    push(&mut buffer, later);
    assert_eq!(take(&mut buffer), ["2"]);
}

#[test]
fn disconnected_consumer_gets_queued_frames_then_a_gap() {
    let mut buffer = Buffer::new(of(2), SlowConsumer::Disconnect);
    for number in 0..5 {
        push(&mut buffer, frame(number));
    }
    assert!(buffer.is_closed() && buffer.has_room(1));
    assert_eq!(take(&mut buffer), ["0", "1"]);
    assert_eq!(take(&mut buffer), ["missed 1"]);
    assert_eq!(take(&mut buffer), ["end"]);
    assert_eq!(buffer.end_reason(), Some(&EndReason::SlowConsumer));
}
