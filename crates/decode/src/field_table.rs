//! The table of a record's wire names, and the function that reads an object's values with it.

use std::sync::atomic::{AtomicU8, Ordering};

use super::fields::concat;
use super::key_token::KeyToken;
use super::{DecodeError, Extra, Key, Raw, Scanner, Text, Value};

const BUCKETS: usize = 256;
/// Number of hash multipliers that are tried to find one without collisions.
const MAX_TRIALS: u64 = 64;
const VACANT: u8 = u8::MAX;

/// Hash table of a record's wire names, built at compile time.
///
/// A key is hashed by its first and last eight bytes.
#[derive(Debug)]
pub struct FieldTable<const N: usize> {
    names: [&'static str; N],
    ends: [KeyEnds; N],
    tokens: [KeyToken; N],
    buckets: [u8; BUCKETS],
    multiplier: u64,
    next: [NextFieldHint; N],
    first: NextFieldHint,
}

/// Hints for the next key: the two names that most recently followed a certain name.
///
/// KuCoin writes fields in the same order each time, so the next key is usually one of the hints and needs no lookup.
/// Two hints are enough, since the kinds of an event differ in few fields: after some frames the hints no longer
/// change, so threads do not contend. The hints only affect speed.
#[derive(Debug)]
struct NextFieldHint([AtomicU8; 2]);

/// Position in an object: the last key that was found in a [`FieldTable`].
#[derive(Clone, Copy, Debug, Default)]
pub struct FieldCursor<'n>(Option<&'n NextFieldHint>);

/// First and last eight bytes of a name, and its length. They identify a name of up to 16 bytes.
#[derive(Clone, Copy, Debug)]
struct KeyEnds {
    first: u64,
    last: u64,
    length: usize,
}

impl<const N: usize> FieldTable<N> {
    /// Creates the table of all names in `lists`, which must be `N` names in total.
    ///
    /// If two names are equal, a lookup finds the first one.
    pub const fn new(lists: &[&[&'static str]]) -> Self {
        assert!(N < BUCKETS / 2 - 1, "too many fields for one record");
        let names = concat::<N>(lists);
        let mut ends = [KeyEnds::of(b""); N];
        let mut tokens = [KeyToken::of(""); N];
        let mut at = 0;
        while at < N {
            ends[at] = KeyEnds::of(names[at].as_bytes());
            tokens[at] = KeyToken::of(names[at]);
            at += 1;
        }
        let mut trial = 0;
        loop {
            let step = 0x5851_F42D_4C95_7F2E_u64.wrapping_mul(trial);
            let multiplier = 0x9E37_79B9_7F4A_7C15_u64.wrapping_add(step);
            let (buckets, collided) = lay_out(&ends, multiplier);
            trial += 1;
            if !collided || trial == MAX_TRIALS {
                return Self {
                    names,
                    ends,
                    tokens,
                    buckets,
                    multiplier,
                    next: [const { NextFieldHint::none() }; N],
                    first: NextFieldHint::none(),
                };
            }
        }
    }

    /// Returns the name at an index.
    pub fn name(&self, index: usize) -> &'static str {
        self.names[index]
    }

    /// Returns the index of a hinted key and the position of its value; `None` if the key is another one.
    ///
    /// The key is at byte `start` of the text. The colon must be right after the key.
    #[inline(always)]
    pub(super) fn expected<'n>(
        &'n self,
        cursor: &mut FieldCursor<'n>,
        text: &[u8],
        start: usize,
    ) -> Option<(usize, usize)> {
        let NextFieldHint(hints) = cursor.0.unwrap_or(&self.first);
        for hint in hints {
            let at = usize::from(hint.load(Ordering::Relaxed));
            let token = self.tokens.get(at)?;
            if token.is_at(text, start, self.names[at]) {
                cursor.0 = Some(&self.next[at]);
                return Some((at, start + token.length));
            }
        }
        None
    }

    /// Returns the index of a key, and remembers the key as a hint; `None` if the key is unknown.
    pub(super) fn find<'n>(&'n self, cursor: &mut FieldCursor<'n>, key: &str) -> Option<usize> {
        let key = key.as_bytes();
        let ends = KeyEnds::of(key);
        let mut bucket = ends.bucket(self.multiplier);
        loop {
            let at = usize::from(self.buckets[bucket]);
            let known = self.ends.get(at)?;
            if known.equals(ends) && (ends.length <= 16 || self.names[at].as_bytes() == key) {
                cursor.0.unwrap_or(&self.first).learn(at);
                cursor.0 = Some(&self.next[at]);
                return Some(at);
            }
            bucket = (bucket + 1) % BUCKETS;
        }
    }

    /// Reads the next object: the values of known names into `slots`, and all other members into `extra`.
    ///
    /// If the frame repeats a name, the last value counts, and all values are kept in `extra`.
    ///
    /// # Errors
    /// Returns [`DecodeError::Syntax`] if the next value is not a JSON object.
    #[inline]
    pub fn read_fields<'f>(
        &self,
        scanner: &mut Scanner<'f>,
        slots: &mut [Option<Value<'f>>; N],
        extra: &mut Extra,
    ) -> Result<(), DecodeError> {
        let mut object = scanner.object()?;
        let mut cursor = FieldCursor::default();
        let mut repeated = false;
        loop {
            // Usually this loop reads the whole object.
            while let Some(at) = object.expected_key(self, &mut cursor) {
                match slots.get_mut(at) {
                    Some(slot @ None) => object.value_into(slot)?,
                    _ => {
                        self.replace_repeated(at, object.value()?, slots, extra);
                        repeated = true;
                    }
                }
            }
            match object.key_among(self, &mut cursor)? {
                None => break,
                Some(Key::Known(at)) => {
                    let value = object.value()?;
                    match slots[at] {
                        None => slots[at] = Some(value),
                        Some(_) => {
                            self.replace_repeated(at, value, slots, extra);
                            repeated = true;
                        }
                    }
                }
                Some(Key::Other(key)) => extra.push_unknown(&key, object.value()?),
            }
        }
        if repeated {
            self.keep_repeated(slots, extra);
        }
        Ok(())
    }

    /// Replaces the value of a repeated field, and keeps the earlier value in `extra`.
    #[cold]
    fn replace_repeated<'f>(
        &self,
        at: usize,
        value: Value<'f>,
        slots: &mut [Option<Value<'f>>; N],
        extra: &mut Extra,
    ) {
        // No search for duplicates: a frame can repeat a key a hundred thousand times.
        if let Some(earlier) = slots[at].replace(value) {
            extra.push(self.names[at], earlier);
        }
    }

    /// Groups the values of each repeated name in `extra`, after the unknown fields.
    ///
    /// Serialization writes the values in this order, so they deserialize to the same `extra`.
    #[cold]
    fn keep_repeated(&self, slots: &[Option<Value<'_>>; N], extra: &mut Extra) {
        let kept = extra.take_fields();
        let is_known = |(name, _): &&(Text, Raw)| self.names.contains(&name.as_str());
        for (name, raw) in kept.iter().filter(|field| !is_known(field)) {
            extra.push(name, raw.clone());
        }
        for (name, slot) in self.names.iter().zip(slots) {
            let mut earlier = kept.iter().filter(|(known, _)| known == name).peekable();
            if let (Some(last), true) = (slot, earlier.peek().is_some()) {
                for (_, raw) in earlier {
                    extra.push(name, raw.clone());
                }
                extra.push(name, *last);
            }
        }
    }

    /// Keeps in `extra` the values that no field has read, such as fields of another kind of event.
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

    /// Adds a hint as the newest one, and drops the oldest.
    #[cold]
    fn learn(&self, at: usize) {
        let [newest, older] = &self.0;
        let previous = newest.swap(at as u8, Ordering::Relaxed);
        older.store(previous, Ordering::Relaxed);
    }
}

impl KeyEnds {
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

    const fn equals(self, other: Self) -> bool {
        self.first == other.first && self.last == other.last && self.length == other.length
    }
}

/// Puts each name in the first free bucket, starting at its own. Returns `true` if names collided.
const fn lay_out<const N: usize>(ends: &[KeyEnds; N], multiplier: u64) -> ([u8; BUCKETS], bool) {
    let mut buckets = [VACANT; BUCKETS];
    let mut collided = false;
    let mut at = 0;
    while at < N {
        let mut bucket = ends[at].bucket(multiplier);
        while buckets[bucket] != VACANT {
            // Equal names do not count as a collision.
            if !ends[buckets[bucket] as usize].equals(ends[at]) {
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

    /// Finds a key by lookup and by hint, and checks that both agree.
    fn find(key: &str) -> Option<usize> {
        // A new table, since the static one is shared with other tests.
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
            let found = names.expected(&mut FieldCursor::default(), &key.as_bytes()[..cut], 0);
            assert_eq!(found, None, "{key}");
        }
        found
    }

    #[test]
    fn every_name_is_found() {
        for (at, name) in NAMES.names.iter().enumerate().take(10) {
            assert_eq!(find(name), Some(at), "{name}");
        }
        assert_eq!(find("side"), Some(2));
    }

    #[test]
    fn names_with_equal_ends_are_distinguished() {
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
        fn only_names_are_found(key in "[a-zA-Z]{0,30}|isolated[A-Z][a-z]{6}FeeMargin") {
            let expected = NAMES.names.iter().position(|name| *name == key);
            prop_assert_eq!(find(&key), expected);
        }
    }
}
