//! Reuses memory for payloads.
//!
//! A payload that stays in the codec's read buffer forces the codec to allocate a new buffer, which another thread
//! later frees. That is expensive, and happens twice per dozen events. So a short payload is copied into a chunk, and
//! chunks are reused.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use fastwebsockets::Payload;

/// The size of a chunk, in bytes: about a dozen events. A message in use keeps its chunk in memory.
const CHUNK_BYTES: usize = 8 << 10;
/// The size of the first chunk, in bytes: enough for welcome and acknowledgements.
///
/// Most connections receive little else.
const FIRST_CHUNK_BYTES: usize = 2 << 10;
/// The maximum length of a payload that is copied, in bytes.
const MAX_COPY: usize = FIRST_CHUNK_BYTES;
/// The maximum number of full chunks that are kept for reuse.
///
/// If the consumer is slower, new chunks are allocated instead.
const MAX_FULL_CHUNKS: usize = 16;

/// The chunks of one connection; none before its first payload.
#[derive(Default)]
pub(super) struct PayloadPool {
    current: Option<BytesMut>,
    /// `true` if `current` is the first chunk, which is too small to be reused.
    is_first: bool,
    /// Full chunks, oldest first.
    full: VecDeque<BytesMut>,
}

impl PayloadPool {
    /// Returns the payload as shared bytes; a short one is copied into a chunk.
    pub(super) fn share(&mut self, payload: Payload<'_>) -> Bytes {
        match payload {
            Payload::Bytes(payload) if payload.len() > MAX_COPY => payload.freeze(),
            payload if payload.len() > MAX_COPY => Bytes::from(Vec::from(payload)),
            payload => self.copy(&payload),
        }
    }

    fn copy(&mut self, payload: &[u8]) -> Bytes {
        let chunk = match &mut self.current {
            Some(chunk) if chunk.capacity() >= payload.len() => chunk,
            _ => self.next_chunk(),
        };
        chunk.extend_from_slice(payload);
        chunk.split().freeze()
    }

    /// Reuses the oldest full chunk if no payload uses it; otherwise allocates a new one.
    fn next_chunk(&mut self) -> &mut BytesMut {
        let previous = self.current.take();
        if previous.is_none() {
            self.is_first = true;
            return self
                .current
                .insert(BytesMut::with_capacity(FIRST_CHUNK_BYTES));
        }
        if !std::mem::take(&mut self.is_first) {
            self.full.extend(previous);
        }
        let is_free = |oldest: &mut BytesMut| oldest.try_reclaim(CHUNK_BYTES);
        let free = match self.full.front_mut().is_some_and(is_free) {
            true => self.full.pop_front(),
            false => None,
        };
        if self.full.len() > MAX_FULL_CHUNKS {
            self.full.pop_front();
        }
        let next = free.unwrap_or_else(|| BytesMut::with_capacity(CHUNK_BYTES));
        self.current.insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_does_not_change_while_chunks_are_reused() {
        let mut pool = PayloadPool::default();
        let mut kept = VecDeque::new();
        for number in 0..10_000_usize {
            let payload = vec![number as u8; number * 7 % 3000];
            let shared = pool.share(Payload::Bytes(payload.as_slice().into()));
            kept.push_back((payload, shared));
            if kept.len() > number % 100 {
                let (payload, shared) = kept.pop_front().unwrap();
                assert_eq!(payload, shared);
            }
            assert!(pool.full.len() <= MAX_FULL_CHUNKS);
        }
    }

    #[test]
    fn one_chunk_is_reused_if_no_payload_is_kept() {
        let mut pool = PayloadPool::default();
        for _ in 0..FIRST_CHUNK_BYTES / 600 + 1 {
            pool.copy(&[0; 600]);
        }
        let first = pool.copy(&[1; 600]).as_ptr();
        let mut reused = 0;
        for _ in 0..100 {
            reused += usize::from(pool.copy(&[2; 600]).as_ptr() == first);
        }
        assert!(reused > 0, "the memory is reused");
        assert!(pool.full.is_empty());
    }
}
