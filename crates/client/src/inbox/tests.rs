//! Inboxes alone: order, room, waking, and the memory that they take.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use tokio::sync::broadcast::{self, error::TryRecvError};

use super::*;

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn room<T>(reader: &Reader<T>) -> usize {
    lock(&reader.0.0).waiting.capacity()
}

#[test]
fn an_inbox_takes_memory_for_what_waits_and_gives_it_back() {
    let readers = Readers::new(4_096);
    let mut reader = readers.add();
    assert_eq!(room(&reader), 0, "nothing waits yet");
    readers.send(&1);
    assert!(room(&reader) <= MIN_CAPACITY);
    for number in 0..10_000 {
        readers.send(&number);
    }
    assert_eq!(room(&reader), 4_096);
    while reader.take().is_some() {}
    assert!(room(&reader) <= MIN_CAPACITY, "{}", room(&reader));
}

#[test]
fn a_reader_that_is_gone_is_forgotten() {
    let readers = Readers::new(4);
    let known = || lock(&readers.inboxes).len();
    for _ in 0..100 {
        drop(readers.add());
    }
    assert!(known() <= 1, "readers that come and go");
    let stays = readers.add();
    drop(readers.add());
    readers.send(&1);
    assert_eq!(known(), 1);
    drop(stays);
}

#[test]
fn who_waits_is_woken_once_for_an_event_and_once_for_the_end() {
    let readers = Readers::new(4);
    let mut reader = readers.add();
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut context = Context::from_waker(&waker);
    let woken = || count.0.load(Ordering::Relaxed);
    assert!(reader.poll(&mut context).is_pending());
    assert!(reader.poll(&mut context).is_pending());
    readers.send(&1);
    readers.send(&2);
    assert_eq!(woken(), 1);
    let next = |reader: &mut Reader<i32>| reader.poll(&mut Context::from_waker(&waker));
    assert_eq!(next(&mut reader), Poll::Ready(Some(Received::Event(1))));
    assert_eq!(next(&mut reader), Poll::Ready(Some(Received::Event(2))));
    assert!(next(&mut reader).is_pending());
    drop(readers);
    assert_eq!(woken(), 2);
    assert_eq!(next(&mut reader), Poll::Ready(None));
}

#[test]
fn a_waker_may_come_back_to_the_sender() {
    struct Nosy(Arc<Readers<i32>>);
    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {
            drop(self.0.add());
        }
    }
    let readers = Arc::new(Readers::new(4));
    let mut reader = readers.add();
    let waker = Waker::from(Arc::new(Nosy(readers.clone())));
    assert!(reader.poll(&mut Context::from_waker(&waker)).is_pending());
    readers.send(&1);
    assert_eq!(reader.take(), Some(Received::Event(1)));
}

/// Tokio's channel, which takes all of its memory at once, is the judge of everything else.
#[test]
fn readers_see_what_those_of_a_broadcast_channel_see() {
    const CAPACITY: usize = 8;
    let mut random = 1_u64;
    let mut below = |end: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005) + 1;
        (random >> 33) % end
    };
    for _ in 0..200 {
        let (readers, judge) = (Readers::new(CAPACITY), broadcast::Sender::new(CAPACITY));
        let mut pairs = Vec::new();
        for number in 0..200 {
            match below(8) {
                0 if pairs.len() < 4 => pairs.push((readers.add(), judge.subscribe())),
                1 if pairs.len() > 1 => drop(pairs.swap_remove(0)),
                0..5 => {
                    readers.send(&number);
                    let _ = judge.send(number);
                }
                _ => {
                    for (reader, judge) in &mut pairs {
                        for _ in 0..below(4) {
                            assert_eq!(reader.take(), expected(judge));
                        }
                    }
                }
            }
        }
        drop((readers, judge));
        for (mut reader, mut judge) in pairs {
            while let Some(expected) = expected(&mut judge) {
                assert_eq!(reader.take(), Some(expected));
            }
            let mut context = Context::from_waker(Waker::noop());
            assert_eq!(reader.poll(&mut context), Poll::Ready(None));
        }
    }
}

fn expected(judge: &mut broadcast::Receiver<i32>) -> Option<Received<i32>> {
    match judge.try_recv() {
        Ok(event) => Some(Received::Event(event)),
        Err(TryRecvError::Lagged(missed)) => Some(Received::Missed(missed)),
        Err(TryRecvError::Empty | TryRecvError::Closed) => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_readers_see_what_many_threads_send_in_one_order() {
    let readers = Arc::new(Readers::new(usize::MAX));
    let all = (0..3).map(|_| {
        let mut reader = readers.add();
        tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(received) = std::future::poll_fn(|context| reader.poll(context)).await {
                seen.push(received);
            }
            seen
        })
    });
    let all: Vec<_> = all.collect();
    for sender in 0..4 {
        let readers = readers.clone();
        tokio::task::spawn_blocking(move || {
            (0..2_000).for_each(|number| readers.send(&(sender, number)));
        });
    }
    drop(readers);
    let mut seen = Vec::new();
    for reader in all {
        seen.push(reader.await.unwrap());
    }
    assert_eq!(seen[0].len(), 8_000);
    assert!(seen.iter().all(|other| *other == seen[0]));
    for sender in 0..4 {
        let own = seen[0].iter().filter_map(|received| match received {
            Received::Event((of, number)) if *of == sender => Some(*number),
            _ => None,
        });
        assert!(own.eq(0..2_000));
    }
}
