//! What two connections both bring while one takes over from the other, and what of it was handed out already.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// Which part of an overlap a frame came in. The number tells one overlap from the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// One connection alone serves.
    #[default]
    Alone,
    /// The connection that is to be replaced.
    Before(u32),
    /// The connection that has replaced it, while it may repeat what the one before brought.
    After(u32),
}

/// Identities that are remembered of one overlap. The oldest go first: what came long before the new connection was
/// ready is not repeated by it. It is far more than what the driver keeps of a new connection.
const REMEMBERED: usize = 65_536;

/// The identities of what the connection before handed out in an overlap, each as often as it did: what the exchange
/// pushes twice on one connection is handed out twice. Kept as hashes of 128 bits, by keys of this process.
#[derive(Debug)]
pub(crate) struct Overlap {
    number: u32,
    seen: HashMap<[u64; 2], u32>,
    order: VecDeque<[u64; 2]>,
    hashers: [RandomState; 2],
}

impl Overlap {
    fn new(number: u32) -> Self {
        Self {
            number,
            seen: HashMap::new(),
            order: VecDeque::new(),
            hashers: [RandomState::new(), RandomState::new()],
        }
    }

    fn hash(&self, identity: &[u8]) -> [u64; 2] {
        [&self.hashers[0], &self.hashers[1]].map(|hasher| hasher.hash_one(identity))
    }

    fn remember(&mut self, identity: &[u8]) {
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.take(oldest);
        }
        let hash = self.hash(identity);
        self.order.push_back(hash);
        *self.seen.entry(hash).or_default() += 1;
    }

    /// Takes one occurrence; false where none is left.
    fn take(&mut self, hash: [u64; 2]) -> bool {
        let Some(times) = self.seen.get_mut(&hash) else {
            return false;
        };
        *times -= 1;
        if *times == 0 {
            self.seen.remove(&hash);
        }
        true
    }
}

/// True where a frame of this part brings what the connection before has handed out already. `memory` is kept from
/// frame to frame; it is empty while no connections overlap.
pub(crate) fn is_repeated(
    memory: &mut Option<Box<Overlap>>,
    part: Part,
    identity: impl FnOnce() -> Vec<u8>,
) -> bool {
    match part {
        Part::Alone => {
            *memory = None;
            false
        }
        Part::Before(number) => {
            if memory.as_ref().is_none_or(|known| known.number != number) {
                *memory = Some(Box::new(Overlap::new(number)));
            }
            if let Some(overlap) = memory {
                overlap.remember(&identity());
            }
            false
        }
        Part::After(number) => match memory {
            Some(overlap) if overlap.number == number => {
                let hash = overlap.hash(&identity());
                overlap.take(hash)
            }
            _ => {
                *memory = None;
                false
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(frames: &[(Part, &str)]) -> Vec<bool> {
        let mut memory = None;
        frames
            .iter()
            .map(|(part, identity)| {
                is_repeated(&mut memory, *part, || identity.as_bytes().to_vec())
            })
            .collect()
    }

    #[test]
    fn an_event_is_let_go_as_often_as_it_was_handed_out() {
        let (before, after) = (Part::Before(1), Part::After(1));
        let frames = [
            (before, "a"),
            (before, "a"),
            (before, "b"),
            (after, "a"),
            (after, "a"),
            (after, "a"),
            (after, "c"),
            (after, "b"),
        ];
        let expected = [false, false, false, true, true, false, false, true];
        assert_eq!(run(&frames), expected);
    }

    #[test]
    fn nothing_is_carried_from_one_overlap_to_the_next() {
        let frames = [
            (Part::Before(1), "a"),
            (Part::Before(2), "b"),
            (Part::After(2), "a"),
            (Part::After(2), "b"),
        ];
        assert_eq!(run(&frames), [false, false, false, true]);
    }

    #[test]
    fn nothing_is_let_go_once_the_overlap_has_ended() {
        let frames = [
            (Part::Before(1), "a"),
            (Part::Alone, "a"),
            (Part::After(1), "a"),
        ];
        assert_eq!(run(&frames), [false, false, false]);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten_first() {
        let mut memory = None;
        let name = |number: usize| number.to_string().into_bytes();
        for number in 0..REMEMBERED + 10 {
            is_repeated(&mut memory, Part::Before(1), || name(number));
        }
        let overlap = memory.as_ref().unwrap();
        assert_eq!(
            (overlap.seen.len(), overlap.order.len()),
            (REMEMBERED, REMEMBERED)
        );
        assert!(!is_repeated(&mut memory, Part::After(1), || name(9)));
        assert!(is_repeated(&mut memory, Part::After(1), || name(10)));
    }
}
