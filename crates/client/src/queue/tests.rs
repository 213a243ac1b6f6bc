//! The queue alone: order, room, and what is counted.

use kucoin_streams_session::{Failure, Severity, Stage};

use super::*;

fn queue(capacity: usize) -> Queue {
    Queue::new(of(capacity), SlowConsumer::Gap, Arc::default())
}

fn of(frames: usize) -> Capacity {
    Capacity {
        frames,
        bytes: usize::MAX,
    }
}

fn frame(number: u8) -> Frame {
    Frame {
        text: number.to_string().into(),
        received_at: Timestamp::default(),
        epoch: 1,
        number: 1,
        fault: None,
    }
}

fn tally(queue: &Queue) -> (Arc<Tally>, Arc<str>) {
    let topic = Arc::from("/a");
    (queue.tally(&topic), topic)
}

fn take(queue: &Queue) -> Vec<String> {
    let mut items = VecDeque::new();
    let mut context = Context::from_waker(Waker::noop());
    match queue.poll_take(&mut context, &mut items, &mut Vec::new()) {
        Poll::Pending => vec!["pending".into()],
        Poll::Ready(None) => vec!["end".into()],
        Poll::Ready(Some(())) => items
            .into_iter()
            .map(|item| match item {
                Item::Frame { frame, .. } => frame.text.to_string(),
                Item::Gap(gap) => match gap.reason {
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
    let cause = Failure::new(Stage::Live, Severity::Transient, "cut");
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
    let queue = queue(8);
    let (tally, _) = tally(&queue);
    queue.push_frame(&tally, frame(1), &mut Wakers::default());
    queue.push_gap(live("/a", (1, 2), 2), &mut Wakers::default());
    queue.push_frame(&tally, frame(2), &mut Wakers::default());
    assert_eq!(take(&queue), ["1", "epoch 2", "2"]);
    assert_eq!(take(&queue), ["pending"]);
}

#[test]
fn an_overflow_is_counted_exactly_and_told_behind_what_was_kept() {
    let queue = queue(2);
    let (tally, _) = tally(&queue);
    for number in 0..7 {
        queue.push_frame(&tally, frame(number), &mut Wakers::default());
    }
    assert_eq!(take(&queue), ["0", "1"]);
    assert_eq!(take(&queue), ["missed 5"]);
    queue.push_frame(&tally, frame(9), &mut Wakers::default());
    assert_eq!(take(&queue), ["9"]);
}

#[test]
fn the_gap_comes_before_the_first_frame_that_is_kept_again() {
    let queue = queue(2);
    let (tally, _) = tally(&queue);
    for number in 0..3 {
        queue.push_frame(&tally, frame(number), &mut Wakers::default());
    }
    assert_eq!(take(&queue), ["0", "1"]);
    queue.push_frame(&tally, frame(3), &mut Wakers::default());
    assert_eq!(take(&queue), ["missed 1", "3"]);
}

#[test]
fn gaps_without_room_merge_and_stay_bounded() {
    let queue = queue(1);
    let (tally, _) = tally(&queue);
    queue.push_frame(&tally, frame(0), &mut Wakers::default());
    for epoch in 2..1_000 {
        queue.push_frame(&tally, frame(1), &mut Wakers::default());
        for topic in ["/a", "/b"] {
            queue.push_gap(lost(topic, epoch), &mut Wakers::default());
        }
        for topic in ["/a", "/b"] {
            let gap = live(topic, (epoch, epoch + 1), epoch.unsigned_abs());
            queue.push_gap(gap, &mut Wakers::default());
        }
    }
    let pending = queue.lock().pending.clone();
    assert_eq!(pending.len(), 3, "{pending:?}");
    assert_eq!(pending[1].topics.len(), 2);
    assert_eq!(pending[2].topics.len(), 2);
    assert_eq!(pending[2].window(), Some((at(2), at(1_000))), "all of them");
    assert_eq!(take(&queue), ["0"]);
    assert_eq!(take(&queue), ["missed 998", "lost", "epoch 999"]);
}

#[test]
fn loss_after_the_end_of_another_is_not_merged_into_it() {
    let queue = queue(1);
    let (tally, _) = tally(&queue);
    queue.push_frame(&tally, frame(0), &mut Wakers::default());
    queue.push_gap(live("/a", (1, 2), 2), &mut Wakers::default());
    queue.push_gap(lost("/a", 3), &mut Wakers::default());
    queue.push_gap(live("/a", (3, 4), 3), &mut Wakers::default());
    queue.push_gap(lost("/a", 5), &mut Wakers::default());
    assert_eq!(take(&queue), ["0"]);
    assert_eq!(take(&queue), ["epoch 2", "lost"], "it is still down");
}

#[test]
fn bytes_are_bounded_and_one_frame_always_fits() {
    let capacity = Capacity {
        frames: 1_000,
        bytes: 10,
    };
    let queue = Queue::new(capacity, SlowConsumer::Gap, Arc::default());
    let (tally, _) = tally(&queue);
    let long = |number: u8| Frame {
        text: "x".repeat(8).into(),
        ..frame(number)
    };
    assert!(queue.has_room(11), "nothing else is in the queue");
    queue.push_frame(&tally, long(0), &mut Wakers::default());
    assert!(queue.has_room(2) && !queue.has_room(3));
    queue.push_frame(&tally, long(1), &mut Wakers::default());
    queue.push_frame(&tally, frame(2), &mut Wakers::default());
    assert_eq!(take(&queue), ["xxxxxxxx"]);
    assert_eq!(take(&queue), ["missed 2"]);
    queue.push_frame(&tally, long(3), &mut Wakers::default());
    assert_eq!(
        take(&queue),
        ["xxxxxxxx"],
        "room is counted from nothing again"
    );
}

#[test]
fn the_end_comes_behind_everything() {
    let queue = queue(1);
    let (tally, _) = tally(&queue);
    queue.push_frame(&tally, frame(0), &mut Wakers::default());
    queue.push_frame(&tally, frame(1), &mut Wakers::default());
    queue.end(CloseReason::Requested, &mut Wakers::default());
    queue.push_frame(&tally, frame(2), &mut Wakers::default());
    assert_eq!(take(&queue), ["0"]);
    assert_eq!(take(&queue), ["missed 1"]);
    assert_eq!(take(&queue), ["end"]);
    assert_eq!(queue.end_reason(), Some(CloseReason::Requested));
}

#[test]
fn a_reader_that_lags_is_not_waited_for_twice() {
    let queue = queue(2);
    let (tally, _) = tally(&queue);
    queue.push_frame(&tally, frame(0), &mut Wakers::default());
    assert!(queue.has_room(1));
    queue.push_frame(&tally, frame(1), &mut Wakers::default());
    assert!(!queue.has_room(1));
    queue.push_frame(&tally, frame(2), &mut Wakers::default());
    assert!(
        queue.has_room(1),
        "its patience is used up: the frame is missed at once"
    );
}

#[test]
fn every_frame_is_accounted_for_at_every_moment() {
    let queue = queue(2);
    let (tally, _) = tally(&queue);
    let ledger = |taken: &VecDeque<Item>| {
        let ledger = queue.ledger(taken).remove(0);
        assert!(ledger.balances(), "{ledger:?}");
        (ledger.received, ledger.queued, ledger.overflowed)
    };
    let mut taken = VecDeque::new();
    assert_eq!(ledger(&taken), (0, 0, 0));
    for number in 0..5 {
        queue.push_frame(&tally, frame(number), &mut Wakers::default());
    }
    assert_eq!(ledger(&taken), (5, 2, 3));
    let mut context = Context::from_waker(Waker::noop());
    assert!(
        queue
            .poll_take(&mut context, &mut taken, &mut Vec::new())
            .is_ready()
    );
    assert_eq!(ledger(&taken), (5, 2, 3), "taken and not handed on");
    queue.close();
    queue.push_frame(&tally, frame(9), &mut Wakers::default());
    assert_eq!(ledger(&taken), (5, 2, 3), "nobody receives it");
}

#[test]
fn frames_that_were_read_before_the_subscription_are_not_its() {
    let queue = queue(2);
    let (tally, _) = tally(&queue);
    queue.begin(1);
    queue.push_frame(&tally, frame(1), &mut Wakers::default());
    let later = Frame {
        number: 2,
        ..frame(2)
    };
    queue.push_frame(&tally, later, &mut Wakers::default());
    assert_eq!(take(&queue), ["2"]);
}

#[test]
fn a_consumer_that_is_cut_off_gets_what_was_kept_and_is_told_what_was_not() {
    let queue = Queue::new(of(2), SlowConsumer::Disconnect, Arc::default());
    let (tally, _) = tally(&queue);
    for number in 0..5 {
        queue.push_frame(&tally, frame(number), &mut Wakers::default());
    }
    assert!(queue.is_over() && queue.has_room(1));
    assert_eq!(take(&queue), ["0", "1"]);
    assert_eq!(take(&queue), ["missed 1"]);
    assert_eq!(take(&queue), ["end"]);
    assert_eq!(queue.end_reason(), Some(CloseReason::SlowConsumer));
}
