//! The queue alone: order, room, and what is counted.

use super::*;

fn queue(capacity: usize) -> Queue {
    Queue::new(capacity, SlowConsumer::Gap, Arc::default())
}

fn frame(number: u8) -> Frame {
    Frame {
        text: number.to_string().into(),
        received_at: Timestamp::default(),
        epoch: 1,
        number: 1,
        part: Part::Alone,
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
                    GapReason::Reconnected { epoch, .. } => format!("epoch {epoch}"),
                    other => format!("{other:?}"),
                },
            })
            .collect(),
    }
}

fn reconnected(topic: &Arc<str>, epoch: u64) -> Gap {
    let now = Timestamp::default();
    let reason = GapReason::Reconnected {
        last_event_at: None,
        lost_at: now,
        live_at: now,
        epoch,
    };
    Gap {
        topic: topic.clone(),
        reason,
    }
}

#[test]
fn frames_and_gaps_keep_their_order() {
    let queue = queue(8);
    let (tally, topic) = tally(&queue);
    queue.push_frame(&tally, frame(1), &mut Wakers::default());
    queue.push_gap(reconnected(&topic, 2), &mut Wakers::default());
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
    let (tally, topic) = tally(&queue);
    queue.push_frame(&tally, frame(0), &mut Wakers::default());
    for epoch in 2..1_000 {
        queue.push_frame(&tally, frame(1), &mut Wakers::default());
        queue.push_gap(reconnected(&topic, epoch), &mut Wakers::default());
    }
    assert_eq!(queue.lock().pending.len(), 2);
    assert_eq!(take(&queue), ["0"]);
    assert_eq!(take(&queue), ["missed 998", "epoch 999"]);
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
    assert!(queue.has_room());
    queue.push_frame(&tally, frame(1), &mut Wakers::default());
    assert!(!queue.has_room());
    queue.push_frame(&tally, frame(2), &mut Wakers::default());
    assert!(
        queue.has_room(),
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
    let queue = Queue::new(2, SlowConsumer::Disconnect, Arc::default());
    let (tally, _) = tally(&queue);
    for number in 0..5 {
        queue.push_frame(&tally, frame(number), &mut Wakers::default());
    }
    assert!(queue.is_over() && queue.has_room());
    assert_eq!(take(&queue), ["0", "1"]);
    assert_eq!(take(&queue), ["missed 1"]);
    assert_eq!(take(&queue), ["end"]);
    assert_eq!(queue.end_reason(), Some(CloseReason::SlowConsumer));
}
