//! Memory for payloads that is used again once they are gone.
//!
//! The codec reads into one buffer. A payload that is kept in it makes it take a new one, and who drops the last payload
//! of the old one, in most cases another thread, gives that back to the allocator: twice for every dozen events,
//! and dearly. So a payload moves out, which is a short copy, and both the codec's buffer and these chunks stay.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use fastwebsockets::Payload;

/// A dozen events; what a message that is kept keeps alive.
const CHUNK: usize = 8 << 10;
/// The first one is for greetings and acknowledgements: most connections are idle, and there may be a thousand.
const FIRST: usize = 2 << 10;
/// Longer payloads are left where they are.
const LONGEST: usize = FIRST;
/// So many chunks wait for their payloads to go. A consumer that is further behind costs allocations, not more memory
/// than its queue takes.
const WAITING: usize = 16;

/// The chunks of one connection; none before its first payload.
#[derive(Default)]
pub(super) struct Chunks {
    current: Option<BytesMut>,
    /// The present chunk is the first one, which is too small to be used again.
    is_first: bool,
    /// Those that are full, the oldest first.
    full: VecDeque<BytesMut>,
}

impl Chunks {
    /// Takes a payload over.
    pub(super) fn take(&mut self, payload: Payload<'_>) -> Bytes {
        match payload {
            Payload::Bytes(payload) if payload.len() > LONGEST => payload.freeze(),
            payload if payload.len() > LONGEST => Bytes::from(Vec::from(payload)),
            payload => self.copy(&payload),
        }
    }

    fn copy(&mut self, payload: &[u8]) -> Bytes {
        let chunk = match &mut self.current {
            Some(chunk) if chunk.capacity() >= payload.len() => chunk,
            _ => self.turn(),
        };
        chunk.extend_from_slice(payload);
        chunk.split().freeze()
    }

    /// Goes on with the oldest chunk where it is free, else with a new one.
    fn turn(&mut self) -> &mut BytesMut {
        let before = self.current.take();
        if before.is_none() {
            self.is_first = true;
            return self.current.insert(BytesMut::with_capacity(FIRST));
        }
        if !std::mem::take(&mut self.is_first) {
            self.full.extend(before);
        }
        let is_free = |oldest: &mut BytesMut| oldest.try_reclaim(CHUNK);
        let free = match self.full.front_mut().is_some_and(is_free) {
            true => self.full.pop_front(),
            false => None,
        };
        if self.full.len() > WAITING {
            self.full.pop_front();
        }
        let next = free.unwrap_or_else(|| BytesMut::with_capacity(CHUNK));
        self.current.insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_stays_as_it_was_while_chunks_are_used_again() {
        let mut chunks = Chunks::default();
        let mut kept = VecDeque::new();
        for number in 0..10_000_usize {
            let payload = vec![number as u8; number * 7 % 3000];
            let taken = chunks.take(Payload::Bytes(payload.as_slice().into()));
            kept.push_back((payload, taken));
            if kept.len() > number % 100 {
                let (payload, taken) = kept.pop_front().unwrap();
                assert_eq!(payload, taken);
            }
            assert!(chunks.full.len() <= WAITING);
        }
    }

    #[test]
    fn one_chunk_behind_the_first_is_enough_for_who_keeps_nothing() {
        let mut chunks = Chunks::default();
        for _ in 0..FIRST / 600 + 1 {
            chunks.copy(&[0; 600]);
        }
        let first = chunks.copy(&[1; 600]).as_ptr();
        let mut others = 0;
        for _ in 0..100 {
            others += usize::from(chunks.copy(&[2; 600]).as_ptr() == first);
        }
        assert!(others > 0, "the first place is taken again");
        assert!(chunks.full.is_empty());
    }
}
