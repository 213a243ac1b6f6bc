//! The wire names of a record as a table, and the gathering of an object's fields by it.

use std::sync::atomic::{AtomicU8, Ordering};

use super::fields::concat;
use super::key_token::KeyToken;
use super::{DecodeError, Extra, Key, Scanner, Value};

const BUCKETS: usize = 256;
/// So many multipliers are tried for one that gives every name a bucket of its own.
const MULTIPLIERS: u64 = 64;
const VACANT: u8 = u8::MAX;

/// The wire names of a record, laid out at compile time so that a key is found by its first and last eight bytes
/// in one step, or a few where no layout without collisions was found.
#[derive(Debug)]
pub struct FieldTable<const N: usize> {
    names: [&'static str; N],
    ends: [Ends; N],
    tokens: [KeyToken; N],
    buckets: [u8; BUCKETS],
    multiplier: u64,
    followers: [NextFieldHint; N],
    first: NextFieldHint,
}

/// The names that were last seen to follow another one: the exchange writes its fields in the same order each time,
/// and a key that is expected need not be searched for. Two of them, since kinds of an event differ in some fields;
/// so in the long run nothing is written here, and threads do not contend. Only speed depends on them.
#[derive(Debug)]
struct NextFieldHint([AtomicU8; 2]);

/// Which key of an object was the last.
#[derive(Clone, Copy, Debug, Default)]
pub struct FieldCursor<'n>(Option<&'n NextFieldHint>);

/// The first and the last eight bytes of a name and its length: of up to sixteen bytes that is all of it.
#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u64,
    last: u64,
    length: usize,
}

impl<const N: usize> FieldTable<N> {
    /// Lays out the concatenation of `lists`, which must be `N` names together. Of equal names the first counts.
    pub const fn new(lists: &[&[&'static str]]) -> Self {
        assert!(N < BUCKETS / 2 - 1, "too many fields for one record");
        let names = concat::<N>(lists);
        let mut ends = [Ends::of(b""); N];
        let mut tokens = [KeyToken::of(""); N];
        let mut at = 0;
        while at < N {
            ends[at] = Ends::of(names[at].as_bytes());
            tokens[at] = KeyToken::of(names[at]);
            at += 1;
        }
        let mut trial = 0;
        loop {
            let step = 0x5851_F42D_4C95_7F2E_u64.wrapping_mul(trial);
            let multiplier = 0x9E37_79B9_7F4A_7C15_u64.wrapping_add(step);
            let (buckets, collided) = lay_out(&ends, multiplier);
            trial += 1;
            if !collided || trial == MULTIPLIERS {
                return Self {
                    names,
                    ends,
                    tokens,
                    buckets,
                    multiplier,
                    followers: [const { NextFieldHint::none() }; N],
                    first: NextFieldHint::none(),
                };
            }
        }
    }

    /// The name at a place among them.
    pub fn name(&self, at: usize) -> &'static str {
        self.names[at]
    }

    /// The name of the key whose quote stands at `start` of the text, and where its value begins, where it is one that
    /// was seen to follow before and its colon comes at once.
    #[inline(always)]
    pub(super) fn expected<'n>(
        &'n self,
        place: &mut FieldCursor<'n>,
        text: &[u8],
        start: usize,
    ) -> Option<(usize, usize)> {
        let NextFieldHint(followers) = place.0.unwrap_or(&self.first);
        for follower in followers {
            let at = usize::from(follower.load(Ordering::Relaxed));
            let token = self.tokens.get(at)?;
            if token.stands_at(text, start, self.names[at]) {
                place.0 = Some(&self.followers[at]);
                return Some((at, start + token.length));
            }
        }
        None
    }

    /// The place of this key among the names. It is expected the next time.
    pub(super) fn find<'n>(&'n self, place: &mut FieldCursor<'n>, key: &str) -> Option<usize> {
        let key = key.as_bytes();
        let ends = Ends::of(key);
        let mut bucket = ends.bucket(self.multiplier);
        loop {
            let at = usize::from(self.buckets[bucket]);
            let known = self.ends.get(at)?;
            if known.is(ends) && (ends.length <= 16 || self.names[at].as_bytes() == key) {
                place.0.unwrap_or(&self.first).learn(at);
                place.0 = Some(&self.followers[at]);
                return Some(at);
            }
            bucket = (bucket + 1) % BUCKETS;
        }
    }

    /// Takes the object that the scanner stands before: the fields of these names into `slots`, all others into
    /// `extra`.
    ///
    /// Where the frame repeats a name the last value counts, and all of them are kept in `extra`.
    ///
    /// # Errors
    /// [`DecodeError::Syntax`] where it is no JSON object.
    #[inline]
    pub fn read_fields<'f>(
        &self,
        scanner: &mut Scanner<'f>,
        slots: &mut [Option<Value<'f>>; N],
        extra: &mut Extra,
    ) -> Result<(), DecodeError> {
        let mut object = scanner.object()?;
        let mut place = FieldCursor::default();
        let mut repeated = false;
        loop {
            // Nearly always this goes on to the end.
            while let Some(at) = object.expected_key(self, &mut place) {
                match slots.get_mut(at) {
                    Some(slot @ None) => object.value_into(slot)?,
                    _ => repeated |= self.repeat(at, object.value()?, slots, extra),
                }
            }
            match object.key_among(self, &mut place)? {
                None => break,
                Some(Key::Known(at)) => {
                    let value = object.value()?;
                    match slots[at] {
                        None => slots[at] = Some(value),
                        Some(_) => repeated |= self.repeat(at, value, slots, extra),
                    }
                }
                Some(Key::Other(key)) => extra.push(&key, object.value()?),
            }
        }
        if repeated {
            self.keep_repeated(slots, extra);
        }
        Ok(())
    }

    /// A field that was there before: the last value counts. True, for the caller to remember.
    #[cold]
    fn repeat<'f>(
        &self,
        at: usize,
        value: Value<'f>,
        slots: &mut [Option<Value<'f>>; N],
        extra: &mut Extra,
    ) -> bool {
        // Without a look at those that stand there: a frame may repeat a key a hundred thousand times.
        if let Some(earlier) = slots[at].replace(value) {
            extra.push(self.names[at], earlier);
        }
        true
    }

    /// Keeps all values of each repeated name together, after the fields of other names: in that order they are written,
    /// and read back the same.
    #[cold]
    fn keep_repeated(&self, slots: &[Option<Value<'_>>; N], extra: &mut Extra) {
        let kept = std::mem::take(extra);
        for (name, raw) in kept.iter().filter(|(name, _)| !self.names.contains(name)) {
            extra.push(name, raw.clone());
        }
        for (name, slot) in self.names.iter().zip(slots) {
            if let (Some(last), true) = (slot, kept.get(name).is_some()) {
                for (_, raw) in kept.iter().filter(|(known, _)| known == name) {
                    extra.push(name, raw.clone());
                }
                extra.push(name, *last);
            }
        }
    }

    /// Keeps what no field took: the frame has it though this kind of event should not.
    #[inline]
    pub fn keep_unused(&self, slots: &[Option<Value<'_>>; N], extra: &mut Extra) {
        if slots.iter().all(Option::is_none) {
            return;
        }
        for (name, slot) in self.names.iter().zip(slots) {
            if let Some(value) = slot {
                extra.push_if_new(name, value.as_str());
            }
        }
    }
}

impl NextFieldHint {
    const fn none() -> Self {
        Self([const { AtomicU8::new(VACANT) }; 2])
    }

    /// The newest comes first.
    #[cold]
    fn learn(&self, at: usize) {
        let [likely, other] = &self.0;
        let before = likely.swap(at as u8, Ordering::Relaxed);
        other.store(before, Ordering::Relaxed);
    }
}

impl Ends {
    const fn of(name: &[u8]) -> Self {
        let length = name.len();
        let mut first = 0;
        let mut at = 0;
        while at < length && at < 8 {
            first |= (name[at] as u64) << (8 * at);
            at += 1;
        }
        let mut last = 0;
        if length > 8 {
            at = 0;
            while at < 8 {
                last |= (name[length - 8 + at] as u64) << (8 * at);
                at += 1;
            }
        }
        Self {
            first,
            last,
            length,
        }
    }

    #[inline]
    const fn bucket(self, multiplier: u64) -> usize {
        let mixed =
            (self.first ^ self.last.rotate_left(29) ^ self.length as u64).wrapping_mul(multiplier);
        (mixed >> 56) as usize % BUCKETS
    }

    const fn is(self, other: Self) -> bool {
        self.first == other.first && self.last == other.last && self.length == other.length
    }
}

/// Gives every name the first free bucket from its own on; true where one was taken already by another name.
const fn lay_out<const N: usize>(ends: &[Ends; N], multiplier: u64) -> ([u8; BUCKETS], bool) {
    let mut buckets = [VACANT; BUCKETS];
    let mut collided = false;
    let mut at = 0;
    while at < N {
        let mut bucket = ends[at].bucket(multiplier);
        while buckets[bucket] != VACANT {
            // Equal names, of which the first counts, share their way through the buckets.
            if !ends[buckets[bucket] as usize].is(ends[at]) {
                collided = true;
            }
            bucket = (bucket + 1) % BUCKETS;
        }
        buckets[bucket] = at as u8;
        at += 1;
    }
    (buckets, collided)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LISTS: &[&[&str]] = &[
        &[
            "",
            "a",
            "side",
            "symbol",
            "orderType",
            "canceledSize",
            "availableBalance",
        ],
        &[
            "isolatedFundingFeeMargin",
            "isolatedPendingFeeMargin",
            "isolatedFundingFeesMargin",
            "side",
        ],
    ];
    static NAMES: FieldTable<11> = FieldTable::new(LISTS);

    /// Searched for, then expected, alone and in a text that goes on.
    fn find(key: &str) -> Option<usize> {
        // Of its own, as others learn from what is found in the static one.
        let names = FieldTable::<11>::new(LISTS);
        let found = names.find(&mut FieldCursor::default(), key);
        let text = format!("\"{key}\":\"a value that goes on\"");
        let expected = names.expected(&mut FieldCursor::default(), text.as_bytes(), 0);
        let expected = expected.map(|(at, value)| {
            assert_eq!(value, key.len() + 3);
            at
        });
        assert_eq!(expected, found, "{key}");
        for cut in 0..=key.len() {
            let nowhere = names.expected(&mut FieldCursor::default(), &key.as_bytes()[..cut], 0);
            assert_eq!(nowhere, None, "{key}");
        }
        found
    }

    #[test]
    fn every_name_is_found_and_of_equal_names_the_first() {
        for (at, name) in NAMES.names.iter().enumerate().take(10) {
            assert_eq!(find(name), Some(at), "{name}");
        }
        assert_eq!(find("side"), Some(2));
    }

    #[test]
    fn names_that_share_both_ends_are_told_apart() {
        assert_ne!(
            find("isolatedFundingFeeMargin"),
            find("isolatedPendingFeeMargin")
        );
        assert_eq!(find("isolatedXundingFeeMargin"), None);
        assert_eq!(find("sid"), None);
        assert_eq!(find("side "), None);
    }

    proptest! {
        #[test]
        fn no_other_key_is_taken_for_a_name(key in "[a-zA-Z]{0,30}|isolated[A-Z][a-z]{6}FeeMargin") {
            let expected = NAMES.names.iter().position(|name| *name == key);
            prop_assert_eq!(find(&key), expected);
        }
    }
}
