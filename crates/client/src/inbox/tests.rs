//! Tests of inboxes: order, capacity, waking and memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use tokio::sync::broadcast::{self, error::TryRecvError};

use super::*;

/// Counts wake-ups.
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
fn inbox_grows_on_demand_and_shrinks_when_empty() {
    let readers = Readers::new(4_096);
    let mut reader = readers.add();
    assert_eq!(room(&reader), 0, "nothing is queued yet");
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
fn dropped_reader_is_removed() {
    let readers = Readers::new(4);
    let known = || lock(&readers.inboxes).len();
    for _ in 0..100 {
        drop(readers.add());
    }
    assert!(known() <= 1, "dropped readers");
    let stays = readers.add();
    drop(readers.add());
    readers.send(&1);
    assert_eq!(known(), 1);
    drop(stays);
}

#[test]
fn waiting_reader_is_woken_once_per_event_and_at_the_end() {
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
fn waker_may_call_the_sender() {
    struct Reentrant(Arc<Readers<i32>>);
    impl Wake for Reentrant {
        fn wake(self: Arc<Self>) {
            drop(self.0.add());
        }
    }
    let readers = Arc::new(Readers::new(4));
    let mut reader = readers.add();
    let waker = Waker::from(Arc::new(Reentrant(readers.clone())));
    assert!(reader.poll(&mut Context::from_waker(&waker)).is_pending());
    readers.send(&1);
    assert_eq!(reader.take(), Some(Received::Event(1)));
}

/// Compares with tokio's broadcast channel.
#[test]
fn readers_match_tokio_broadcast_receivers() {
    const CAPACITY: usize = 8;
    let mut random = 1_u64;
    let mut below = |end: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005) + 1;
        (random >> 33) % end
    };
    for _ in 0..200 {
        let (readers, tokio_receiver) = (Readers::new(CAPACITY), broadcast::Sender::new(CAPACITY));
        let mut pairs = Vec::new();
        for number in 0..200 {
            match below(8) {
                0 if pairs.len() < 4 => pairs.push((readers.add(), tokio_receiver.subscribe())),
                1 if pairs.len() > 1 => drop(pairs.swap_remove(0)),
                0..5 => {
                    readers.send(&number);
                    let _ = tokio_receiver.send(number);
                }
                _ => {
                    for (reader, tokio_receiver) in &mut pairs {
                        for _ in 0..below(4) {
                            assert_eq!(reader.take(), expected(tokio_receiver));
                        }
                    }
                }
            }
        }
        drop((readers, tokio_receiver));
        for (mut reader, mut tokio_receiver) in pairs {
            while let Some(expected) = expected(&mut tokio_receiver) {
                assert_eq!(reader.take(), Some(expected));
            }
            let mut context = Context::from_waker(Waker::noop());
            assert_eq!(reader.poll(&mut context), Poll::Ready(None));
        }
    }
}

fn expected(tokio_receiver: &mut broadcast::Receiver<i32>) -> Option<Received<i32>> {
    match tokio_receiver.try_recv() {
        Ok(event) => Some(Received::Event(event)),
        Err(TryRecvError::Lagged(missed)) => Some(Received::Missed(missed)),
        Err(TryRecvError::Empty | TryRecvError::Closed) => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_readers_see_the_same_order_from_many_threads() {
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
