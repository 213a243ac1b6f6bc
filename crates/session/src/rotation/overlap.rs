//! Overlap of two connections in a rotation: removes duplicates, and compares the delivered events.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::time::{Duration, Instant};

/// Maximum number of keys remembered per connection; the oldest are removed first.
const MAX_REMEMBERED: usize = 65_536;

/// Limits of the buffered frames of the replacement: their number, and their size in bytes.
const MAX_BUFFERED: usize = 16_384;
const MAX_BUFFERED_BYTES: usize = 32 << 20;

type Hash = [u64; 2];

/// Merges the frames of two connections in a rotation, so that each event is delivered once.
///
/// The current connection delivers; frames of the replacement are buffered until it takes over. KuCoin's gateways may
/// push the same event seconds apart. So an event of the replacement stays buffered until the current connection
/// delivers it too. A topic is [in sync](Overlap::is_in_sync) once an event of the replacement has arrived on both:
/// then the current connection has delivered everything older.
#[derive(Debug)]
pub struct Overlap<F> {
    /// Seed of the hashes.
    seed: u64,
    phase: Phase,
    /// Frames of the replacement that the current connection has not delivered, in order.
    buffered: BTreeMap<u64, Buffered<F>>,
    buffered_bytes: usize,
    buffered_by_hash: HashMap<Hash, VecDeque<u64>>,
    next: u64,
    /// Keys that the current connection delivered and the replacement did not.
    seen: Seen,
    topics: HashMap<Box<str>, TopicOverlap>,
    /// Time of the last acknowledgement on the replacement.
    subscribed_at: Option<Instant>,
    /// Time after the subscription in which an event on only one connection does not count.
    grace: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// No rotation.
    #[default]
    None,
    /// Before the handover.
    BeforeHandover,
    /// After the handover; the new connection may repeat events of the old one.
    AfterHandover,
}

#[derive(Debug)]
struct Buffered<F> {
    topic: Option<Box<str>>,
    hash: Option<Hash>,
    bytes: usize,
    frame: F,
}

/// Events of one topic since it was subscribed on the replacement.
#[derive(Debug)]
struct TopicOverlap {
    since: Instant,
    /// `true` if the current connection delivered an event after the grace time.
    on_current: bool,
    /// `true` if the replacement delivered an event.
    on_replacement: bool,
    /// `true` if both connections delivered the same event at least once.
    matched: bool,
}

impl TopicOverlap {
    fn is_in_sync(&self) -> bool {
        self.matched || !(self.on_current || self.on_replacement)
    }
}

/// Multiset of keys, stored as 128-bit hashes.
///
/// An event that is pushed twice on one connection is delivered twice.
#[derive(Debug, Default)]
struct Seen {
    times: HashMap<Hash, u32>,
    order: VecDeque<Hash>,
}

impl Seen {
    fn add(&mut self, hash: Hash) {
        if self.order.len() >= MAX_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.take(oldest);
        }
        self.order.push_back(hash);
        *self.times.entry(hash).or_default() += 1;
    }

    /// Removes one occurrence of a key. Returns `false` if there is none.
    fn take(&mut self, hash: Hash) -> bool {
        let Some(times) = self.times.get_mut(&hash) else {
            return false;
        };
        *times -= 1;
        if *times == 0 {
            self.times.remove(&hash);
        }
        true
    }
}

impl<F> Overlap<F> {
    /// Creates an overlap without a rotation in progress.
    ///
    /// An event that only one connection delivers within `grace` after the subscription does not count. `seed` keys
    /// the hashes, so that a server cannot construct collisions.
    pub fn new(grace: Duration, seed: u64) -> Self {
        Self {
            seed,
            phase: Phase::None,
            buffered: BTreeMap::new(),
            buffered_bytes: 0,
            buffered_by_hash: HashMap::new(),
            next: 0,
            seen: Seen::default(),
            topics: HashMap::new(),
            subscribed_at: None,
            grace,
        }
    }

    /// Starts the overlap: an event may arrive on both connections.
    pub fn begin(&mut self) {
        self.clear();
        self.phase = Phase::BeforeHandover;
    }

    /// Returns `true` from [`Overlap::begin`] to [`Overlap::end`]. Dedup keys are needed in between.
    pub fn is_active(&self) -> bool {
        self.phase != Phase::None
    }

    /// Records that the replacement has acknowledged the requests whose topics match `is_of`.
    ///
    /// Discards its earlier frames of these topics: the current connection delivers them too, or they belong to an
    /// earlier subscription.
    pub fn replacement_live(&mut self, now: Instant, is_of: impl Fn(&str) -> bool) {
        self.subscribed_at = Some(now);
        self.topics.retain(|topic, _| !is_of(topic));
        let old: Vec<u64> = self
            .buffered
            .iter()
            .filter(|(_, buffered)| buffered.topic.as_deref().is_some_and(&is_of))
            .map(|(&at, _)| at)
            .collect();
        for at in old {
            self.drop_buffered(at);
        }
    }

    /// Handles an event of the current connection. Returns `false` if it is a duplicate.
    ///
    /// Without a `dedup_key` an event is never a duplicate. If the replacement has delivered the event already, its
    /// frame is passed to `duplicate`.
    pub fn from_current(
        &mut self,
        now: Instant,
        topic: Option<&str>,
        dedup_key: Option<&[u8]>,
        duplicate: impl FnOnce(F),
    ) -> bool {
        let Some(hash) = dedup_key.map(|dedup_key| self.hash(topic, dedup_key)) else {
            return true;
        };
        match self.phase {
            Phase::None => true,
            Phase::AfterHandover => {
                let is_repeated = self.seen.take(hash);
                if let Some(topic) = self.topic(now, topic).filter(|_| is_repeated) {
                    topic.matched = true;
                }
                !is_repeated
            }
            Phase::BeforeHandover => {
                let grace = self.grace;
                let buffered = self
                    .buffered_by_hash
                    .get_mut(&hash)
                    .and_then(VecDeque::pop_front);
                if let Some(topic) = self.topic(now, topic) {
                    topic.on_current |= now.saturating_duration_since(topic.since) >= grace;
                    topic.matched |= buffered.is_some();
                }
                match buffered.and_then(|at| self.drop_buffered(at)) {
                    Some(frame) => duplicate(frame),
                    None => self.seen.add(hash),
                }
                true
            }
        }
    }

    /// Buffers a frame of the replacement. `topic` is `None` if the frame is unreadable.
    ///
    /// # Errors
    /// Returns the frame if it is a duplicate of an event of the current connection.
    pub fn from_replacement(
        &mut self,
        now: Instant,
        topic: Option<&str>,
        dedup_key: Option<&[u8]>,
        bytes: usize,
        frame: F,
    ) -> Result<(), F> {
        let hash = dedup_key.map(|dedup_key| self.hash(topic, dedup_key));
        let is_repeated = hash.is_some_and(|hash| self.seen.take(hash));
        if hash.is_some()
            && let Some(topic) = self.topic(now, topic)
        {
            topic.on_replacement = true;
            topic.matched |= is_repeated;
        }
        if is_repeated {
            return Err(frame);
        }
        if let Some(hash) = hash {
            self.buffered_by_hash
                .entry(hash)
                .or_default()
                .push_back(self.next);
        }
        self.buffered_bytes += bytes;
        let topic = topic.map(Into::into);
        let buffered = Buffered {
            topic,
            hash,
            bytes,
            frame,
        };
        self.buffered.insert(self.next, buffered);
        self.next += 1;
        Ok(())
    }

    /// Returns `true` if no more frames of the replacement can be buffered.
    pub fn is_full(&self) -> bool {
        self.buffered.len() >= MAX_BUFFERED || self.buffered_bytes >= MAX_BUFFERED_BYTES
    }

    /// Returns `true` if, for each topic with events, an event has arrived on both connections.
    pub fn is_in_sync(&self) -> bool {
        self.topics.values().all(TopicOverlap::is_in_sync)
    }

    /// Returns the topics that are not [in sync](Overlap::is_in_sync).
    pub fn topics_out_of_sync(&self) -> Vec<Box<str>> {
        let uneven = self.topics.iter().filter(|(_, topic)| !topic.is_in_sync());
        uneven.map(|(topic, _)| topic.clone()).collect()
    }

    /// Returns the topics whose events the old connection delivered and the new one did not repeat.
    pub fn topics_not_repeated(&self) -> Vec<Box<str>> {
        let missing = |topic: &TopicOverlap| topic.on_current && !topic.matched;
        let missing = self.topics.iter().filter(|(_, topic)| missing(topic));
        missing.map(|(topic, _)| topic.clone()).collect()
    }

    /// Takes over: returns the buffered frames of the replacement with their topics.
    pub fn take_over(&mut self) -> impl Iterator<Item = (Option<Box<str>>, F)> + use<F> {
        self.phase = Phase::AfterHandover;
        self.buffered_bytes = 0;
        self.buffered_by_hash = HashMap::new();
        let buffered = std::mem::take(&mut self.buffered);
        buffered
            .into_values()
            .map(|buffered| (buffered.topic, buffered.frame))
    }

    /// Ends the overlap: no more duplicates are expected.
    pub fn end(&mut self) {
        self.clear();
    }

    /// Resets the overlap and frees its memory, because rotations are rare.
    fn clear(&mut self) {
        *self = Self::new(self.grace, self.seed);
    }

    fn topic(&mut self, now: Instant, topic: Option<&str>) -> Option<&mut TopicOverlap> {
        let topic = topic?;
        // Events before the first acknowledgement do not count.
        let since = self.subscribed_at?;
        if !self.topics.contains_key(topic) {
            let overlap = TopicOverlap {
                since: since.min(now),
                on_current: false,
                on_replacement: false,
                matched: false,
            };
            self.topics.insert(topic.into(), overlap);
        }
        self.topics.get_mut(topic)
    }

    fn drop_buffered(&mut self, at: u64) -> Option<F> {
        let buffered = self.buffered.remove(&at)?;
        self.buffered_bytes -= buffered.bytes;
        if let Some(hash) = buffered.hash
            && let Some(places) = self.buffered_by_hash.get_mut(&hash)
        {
            places.retain(|&place| place != at);
            if places.is_empty() {
                self.buffered_by_hash.remove(&hash);
            }
        }
        Some(buffered.frame)
    }

    /// Returns the hash of a dedup key and its topic.
    ///
    /// The topic is part of the hash, because two topics may push the changes of one order.
    fn hash(&self, topic: Option<&str>, dedup_key: &[u8]) -> Hash {
        [self.seed, !self.seed].map(|seed| {
            let mut hasher = DefaultHasher::new();
            (seed, topic, dedup_key).hash(&mut hasher);
            hasher.finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);
    const TOPIC: &str = "/a";

    /// An overlap with times in seconds; the text of a frame is its dedup key.
    struct Rig {
        overlap: Overlap<String>,
        start: Instant,
        delivered: Vec<String>,
        duplicates: Vec<String>,
    }

    impl Rig {
        fn started() -> Self {
            let mut overlap = Overlap::new(GRACE, 7);
            overlap.begin();
            Self {
                overlap,
                start: Instant::now(),
                delivered: Vec::new(),
                duplicates: Vec::new(),
            }
        }

        fn prepared(at: u64) -> Self {
            let mut rig = Self::started();
            rig.overlap
                .replacement_live(rig.at(at), |topic| topic == TOPIC);
            rig
        }

        fn at(&self, second: u64) -> Instant {
            self.start + Duration::from_secs(second)
        }

        fn current(&mut self, second: u64, event: &str) {
            self.current_of(TOPIC, second, event);
        }

        fn current_of(&mut self, topic: &str, second: u64, event: &str) {
            let now = self.at(second);
            let duplicates = &mut self.duplicates;
            let is_new =
                self.overlap
                    .from_current(now, Some(topic), Some(event.as_bytes()), |frame| {
                        duplicates.push(frame);
                    });
            match is_new {
                true => self.delivered.push(event.to_owned()),
                false => self.duplicates.push(event.to_owned()),
            }
        }

        fn replacement(&mut self, second: u64, event: &str) {
            self.replacement_of(TOPIC, second, event);
        }

        fn replacement_of(&mut self, topic: &str, second: u64, event: &str) {
            let now = self.at(second);
            let frame = event.to_owned();
            let dedup_key = Some(event.as_bytes());
            if let Err(frame) =
                self.overlap
                    .from_replacement(now, Some(topic), dedup_key, event.len(), frame)
            {
                self.duplicates.push(frame);
            }
        }

        fn take_over(&mut self) {
            let buffered = self.overlap.take_over();
            self.delivered.extend(buffered.map(|(_, frame)| frame));
        }
    }

    #[test]
    fn each_event_of_both_connections_is_delivered_once() {
        let mut rig = Rig::prepared(0);
        for (event, second) in [("1", 1), ("2", 2), ("3", 3)] {
            rig.replacement(second, event);
        }
        rig.current(4, "0");
        rig.current(5, "1");
        rig.current(6, "2");
        rig.take_over();
        rig.current(7, "4");
        assert_eq!(rig.delivered, ["0", "1", "2", "3", "4"]);
        assert_eq!(rig.duplicates, ["1", "2"]);
    }

    #[test]
    fn events_of_a_lagging_replacement_are_delivered_once() {
        let mut rig = Rig::prepared(0);
        rig.current(1, "1");
        rig.current(2, "2");
        rig.replacement(3, "1");
        rig.take_over();
        rig.current(4, "2");
        rig.current(5, "3");
        assert_eq!(rig.delivered, ["1", "2", "3"]);
        assert_eq!(rig.duplicates, ["1", "2"]);
    }

    #[test]
    fn events_of_two_topics_are_never_duplicates() {
        let mut rig = Rig::prepared(0);
        rig.replacement_of("/b", 1, "1");
        rig.replacement(1, "1");
        rig.current(2, "1");
        rig.current_of("/b", 3, "2");
        rig.replacement(4, "2");
        let buffered = rig.overlap.take_over();
        let topics: Vec<_> = buffered
            .map(|(topic, frame)| (topic.unwrap(), frame))
            .collect();
        assert_eq!(
            topics,
            [("/b".into(), "1".into()), (TOPIC.into(), "2".into())]
        );
    }

    #[test]
    fn event_pushed_twice_is_delivered_twice() {
        let mut rig = Rig::prepared(0);
        rig.current(1, "a");
        rig.current(1, "a");
        for _ in 0..3 {
            rig.replacement(2, "a");
        }
        rig.take_over();
        assert_eq!(rig.delivered, ["a", "a", "a"]);
    }

    #[test]
    fn topic_is_in_sync_after_an_event_on_both_connections() {
        let mut rig = Rig::prepared(0);
        assert!(rig.overlap.is_in_sync(), "a topic without events");
        rig.current(1, "old");
        assert!(rig.overlap.is_in_sync(), "pushed before the subscription");
        rig.replacement(2, "new");
        rig.current(3, "old too");
        assert!(!rig.overlap.is_in_sync());
        assert_eq!(rig.overlap.topics_out_of_sync(), [TOPIC.into()]);
        rig.current(4, "new");
        assert!(rig.overlap.is_in_sync());
    }

    #[test]
    fn topic_without_events_on_the_replacement_is_not_in_sync() {
        let mut rig = Rig::prepared(0);
        rig.current(11, "1");
        assert!(!rig.overlap.is_in_sync());
        rig.replacement(12, "1");
        assert!(rig.overlap.is_in_sync());
    }

    #[test]
    fn unrepeated_topics_are_known_at_the_end() {
        let mut rig = Rig::prepared(0);
        rig.current(11, "1");
        rig.take_over();
        assert_eq!(rig.overlap.topics_not_repeated(), [TOPIC.into()]);
        rig.current(12, "1");
        assert!(rig.overlap.topics_not_repeated().is_empty());
    }

    #[test]
    fn replacement_frames_before_the_acknowledgement_are_discarded() {
        let mut rig = Rig::started();
        rig.replacement(1, "early");
        rig.overlap
            .replacement_live(rig.at(2), |topic| topic == TOPIC);
        rig.replacement(3, "late");
        rig.take_over();
        assert_eq!(rig.delivered, ["late"]);
    }

    #[test]
    fn event_without_dedup_key_is_never_a_duplicate() {
        let mut overlap = Overlap::new(GRACE, 7);
        overlap.begin();
        let now = Instant::now();
        assert!(overlap.from_current(now, Some(TOPIC), None, |_| {}));
        assert_eq!(
            overlap.from_replacement(now, Some(TOPIC), None, 1, 1),
            Ok(())
        );
        assert_eq!(overlap.take_over().count(), 1);
        assert!(overlap.from_current(now, Some(TOPIC), None, |_| {}));
    }

    #[test]
    fn nothing_is_carried_from_one_rotation_to_the_next() {
        let mut rig = Rig::prepared(0);
        rig.current(1, "a");
        rig.overlap.begin();
        rig.replacement(2, "a");
        rig.take_over();
        rig.overlap.end();
        assert!(!rig.overlap.is_active());
        assert_eq!(rig.delivered, ["a", "a"]);
    }

    #[test]
    fn memory_is_bounded_and_oldest_keys_go_first() {
        let mut seen = Seen::default();
        for number in 0..MAX_REMEMBERED as u64 + 10 {
            seen.add([number, 0]);
        }
        assert_eq!(
            (seen.times.len(), seen.order.len()),
            (MAX_REMEMBERED, MAX_REMEMBERED)
        );
        assert!(!seen.take([9, 0]));
        assert!(seen.take([10, 0]));
    }
}
