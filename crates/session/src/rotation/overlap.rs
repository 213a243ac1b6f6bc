//! What two connections both bring while one takes over from the other: which events are repetitions, and whether both
//! bring the same.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::time::{Duration, Instant};

/// Identities that are remembered of each connection. The oldest go first.
const REMEMBERED: usize = 65_536;

/// The number of frames of the successor that are kept, and of their bytes.
const KEPT: usize = 16_384;
const KEPT_BYTES: usize = 32 << 20;

type Hash = [u64; 2];

/// The frames of a rotation: the serving connection delivers, the frames of the successor are kept until it serves,
/// and what both bring is delivered once.
///
/// A gateway of the exchange may push the same event seconds later than another. So an event of the successor stays
/// here until the serving connection brings it too, and a topic is [even](Overlap::is_even) once one event of the
/// successor has come on both: the serving connection has brought everything that is older then.
#[derive(Debug)]
pub struct Overlap<F> {
    /// Keys of the hashes.
    seed: u64,
    phase: Phase,
    /// Frames of the successor that the serving connection has not brought, in their order.
    kept: BTreeMap<u64, Kept<F>>,
    kept_bytes: usize,
    kept_by: HashMap<Hash, VecDeque<u64>>,
    next: u64,
    /// What the serving connection brought and the successor did not.
    seen: Seen,
    topics: HashMap<Box<str>, TopicOverlap>,
    /// When the successor had its last request acknowledged.
    prepared_at: Option<Instant>,
    /// An event of one connection alone says nothing if it comes this soon after the subscription.
    grace: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// One connection alone.
    #[default]
    None,
    /// The serving connection is to be replaced.
    Before,
    /// The successor serves, and may repeat what the connection before brought.
    After,
}

#[derive(Debug)]
struct Kept<F> {
    topic: Option<Box<str>>,
    hash: Option<Hash>,
    bytes: usize,
    frame: F,
}

/// What came of one topic since the successor has it subscribed.
#[derive(Debug)]
struct TopicOverlap {
    since: Instant,
    /// The serving connection brought an event after the grace time.
    serving: bool,
    /// The successor brought an event.
    successor: bool,
    /// Both brought the same event of the successor.
    matched: bool,
}

impl TopicOverlap {
    fn is_even(&self) -> bool {
        self.matched || !(self.serving || self.successor)
    }
}

/// Identities, each as often as it came: what the exchange pushes twice on one connection is delivered twice. Kept as
/// hashes of 128 bits, by keys of the seed.
#[derive(Debug, Default)]
struct Seen {
    times: HashMap<Hash, u32>,
    order: VecDeque<Hash>,
}

impl Seen {
    fn add(&mut self, hash: Hash) {
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.take(oldest);
        }
        self.order.push_back(hash);
        *self.times.entry(hash).or_default() += 1;
    }

    /// Takes one occurrence; false if none is left.
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
    /// No rotation is under way. An event that one connection alone brings within `grace` after the subscription says
    /// nothing about the other. The seed keeps a server from finding identities with equal hashes.
    pub fn new(grace: Duration, seed: u64) -> Self {
        Self {
            seed,
            phase: Phase::None,
            kept: BTreeMap::new(),
            kept_bytes: 0,
            kept_by: HashMap::new(),
            next: 0,
            seen: Seen::default(),
            topics: HashMap::new(),
            prepared_at: None,
            grace,
        }
    }

    /// From here on an event may come on both connections.
    pub fn begin(&mut self) {
        self.clear();
        self.phase = Phase::Before;
    }

    /// True from [`Overlap::begin`] to [`Overlap::end`]: the identity of each event is asked for.
    pub fn is_active(&self) -> bool {
        self.phase != Phase::None
    }

    /// The successor has requests acknowledged: those whose topics `is_of` names. What it brought of them before comes
    /// on the serving connection too, or is of an earlier subscription: it is forgotten.
    pub fn prepared(&mut self, now: Instant, is_of: impl Fn(&str) -> bool) {
        self.prepared_at = Some(now);
        self.topics.retain(|topic, _| !is_of(topic));
        let old: Vec<u64> = self
            .kept
            .iter()
            .filter(|(_, kept)| kept.topic.as_deref().is_some_and(&is_of))
            .map(|(&at, _)| at)
            .collect();
        for at in old {
            self.drop_kept(at);
        }
    }

    /// Takes an event of the serving connection; false if it repeats what was delivered. `identity` tells the event from
    /// others of its topic; an event without one is never a repetition. `duplicate` gets the frame of the successor that
    /// repeats this one, if it came first.
    pub fn serving(
        &mut self,
        now: Instant,
        topic: Option<&str>,
        identity: Option<&[u8]>,
        duplicate: impl FnOnce(F),
    ) -> bool {
        let Some(hash) = identity.map(|identity| self.hash(topic, identity)) else {
            return true;
        };
        match self.phase {
            Phase::None => true,
            Phase::After => {
                let is_repeated = self.seen.take(hash);
                if let Some(topic) = self.topic(now, topic).filter(|_| is_repeated) {
                    topic.matched = true;
                }
                !is_repeated
            }
            Phase::Before => {
                let grace = self.grace;
                let kept = self.kept_by.get_mut(&hash).and_then(VecDeque::pop_front);
                if let Some(topic) = self.topic(now, topic) {
                    topic.serving |= now.saturating_duration_since(topic.since) >= grace;
                    topic.matched |= kept.is_some();
                }
                match kept.and_then(|at| self.drop_kept(at)) {
                    Some(frame) => duplicate(frame),
                    None => self.seen.add(hash),
                }
                true
            }
        }
    }

    /// Takes a frame of the successor, which is kept until it serves; gives it back if it repeats what the serving
    /// connection has brought. `topic` is `None` if the frame cannot be read.
    pub fn successor(
        &mut self,
        now: Instant,
        topic: Option<&str>,
        identity: Option<&[u8]>,
        bytes: usize,
        frame: F,
    ) -> Result<(), F> {
        let hash = identity.map(|identity| self.hash(topic, identity));
        let is_repeated = hash.is_some_and(|hash| self.seen.take(hash));
        if hash.is_some()
            && let Some(topic) = self.topic(now, topic)
        {
            topic.successor = true;
            topic.matched |= is_repeated;
        }
        if is_repeated {
            return Err(frame);
        }
        if let Some(hash) = hash {
            self.kept_by.entry(hash).or_default().push_back(self.next);
        }
        self.kept_bytes += bytes;
        let topic = topic.map(Into::into);
        let kept = Kept {
            topic,
            hash,
            bytes,
            frame,
        };
        self.kept.insert(self.next, kept);
        self.next += 1;
        Ok(())
    }

    /// True if nothing more of the successor may be read until it serves.
    pub fn is_full(&self) -> bool {
        self.kept.len() >= KEPT || self.kept_bytes >= KEPT_BYTES
    }

    /// True if each topic that brought events brought one of them on both connections.
    pub fn is_even(&self) -> bool {
        self.topics.values().all(TopicOverlap::is_even)
    }

    /// The topics of which one connection brought events that the other did not.
    pub fn uneven(&self) -> Vec<Box<str>> {
        let uneven = self.topics.iter().filter(|(_, topic)| !topic.is_even());
        uneven.map(|(topic, _)| topic.clone()).collect()
    }

    /// The topics of which the connection before brought events, and its successor none of them.
    pub fn not_repeated(&self) -> Vec<Box<str>> {
        let missing = |topic: &TopicOverlap| topic.serving && !topic.matched;
        let missing = self.topics.iter().filter(|(_, topic)| missing(topic));
        missing.map(|(topic, _)| topic.clone()).collect()
    }

    /// The successor serves from here on: gives its frames that were kept, with their topics.
    pub fn take_over(&mut self) -> impl Iterator<Item = (Option<Box<str>>, F)> + use<F> {
        self.phase = Phase::After;
        self.kept_bytes = 0;
        self.kept_by = HashMap::new();
        let kept = std::mem::take(&mut self.kept);
        kept.into_values().map(|kept| (kept.topic, kept.frame))
    }

    /// From here on nothing comes twice.
    pub fn end(&mut self) {
        self.clear();
    }

    /// A rotation is rare, and its frames need not hold memory for the next one.
    fn clear(&mut self) {
        *self = Self::new(self.grace, self.seed);
    }

    fn topic(&mut self, now: Instant, topic: Option<&str>) -> Option<&mut TopicOverlap> {
        let topic = topic?;
        // Before the first acknowledgement nothing is proved by what comes.
        let since = self.prepared_at?;
        if !self.topics.contains_key(topic) {
            let overlap = TopicOverlap {
                since: since.min(now),
                serving: false,
                successor: false,
                matched: false,
            };
            self.topics.insert(topic.into(), overlap);
        }
        self.topics.get_mut(topic)
    }

    fn drop_kept(&mut self, at: u64) -> Option<F> {
        let kept = self.kept.remove(&at)?;
        self.kept_bytes -= kept.bytes;
        if let Some(hash) = kept.hash
            && let Some(places) = self.kept_by.get_mut(&hash)
        {
            places.retain(|&place| place != at);
            if places.is_empty() {
                self.kept_by.remove(&hash);
            }
        }
        Some(kept.frame)
    }

    /// Topics share identities: two of them push the changes of one order.
    fn hash(&self, topic: Option<&str>, identity: &[u8]) -> Hash {
        [self.seed, !self.seed].map(|seed| {
            let mut hasher = DefaultHasher::new();
            (seed, topic, identity).hash(&mut hasher);
            hasher.finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);
    const TOPIC: &str = "/a";

    /// A rotation by a clock of seconds; frames are named by their identity.
    struct Rig {
        overlap: Overlap<String>,
        start: Instant,
        delivered: Vec<String>,
        duplicates: Vec<String>,
    }

    impl Rig {
        fn begun() -> Self {
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
            let mut rig = Self::begun();
            rig.overlap.prepared(rig.at(at), |topic| topic == TOPIC);
            rig
        }

        fn at(&self, second: u64) -> Instant {
            self.start + Duration::from_secs(second)
        }

        fn serving(&mut self, second: u64, event: &str) {
            self.serving_of(TOPIC, second, event);
        }

        fn serving_of(&mut self, topic: &str, second: u64, event: &str) {
            let now = self.at(second);
            let duplicates = &mut self.duplicates;
            let is_new = self
                .overlap
                .serving(now, Some(topic), Some(event.as_bytes()), |frame| {
                    duplicates.push(frame);
                });
            match is_new {
                true => self.delivered.push(event.to_owned()),
                false => self.duplicates.push(event.to_owned()),
            }
        }

        fn successor(&mut self, second: u64, event: &str) {
            self.successor_of(TOPIC, second, event);
        }

        fn successor_of(&mut self, topic: &str, second: u64, event: &str) {
            let now = self.at(second);
            let frame = event.to_owned();
            let identity = Some(event.as_bytes());
            if let Err(frame) =
                self.overlap
                    .successor(now, Some(topic), identity, event.len(), frame)
            {
                self.duplicates.push(frame);
            }
        }

        fn take_over(&mut self) {
            let kept = self.overlap.take_over();
            self.delivered.extend(kept.map(|(_, frame)| frame));
        }
    }

    #[test]
    fn each_event_of_both_connections_is_delivered_once() {
        let mut rig = Rig::prepared(0);
        for (event, second) in [("1", 1), ("2", 2), ("3", 3)] {
            rig.successor(second, event);
        }
        rig.serving(4, "0");
        rig.serving(5, "1");
        rig.serving(6, "2");
        rig.take_over();
        rig.serving(7, "4");
        assert_eq!(rig.delivered, ["0", "1", "2", "3", "4"]);
        assert_eq!(rig.duplicates, ["1", "2"]);
    }

    #[test]
    fn events_of_a_successor_that_lags_are_delivered_once() {
        let mut rig = Rig::prepared(0);
        rig.serving(1, "1");
        rig.serving(2, "2");
        rig.successor(3, "1");
        rig.take_over();
        rig.serving(4, "2");
        rig.serving(5, "3");
        assert_eq!(rig.delivered, ["1", "2", "3"]);
        assert_eq!(rig.duplicates, ["1", "2"]);
    }

    #[test]
    fn event_repeats_none_of_another_topic() {
        let mut rig = Rig::prepared(0);
        rig.successor_of("/b", 1, "1");
        rig.successor(1, "1");
        rig.serving(2, "1");
        rig.serving_of("/b", 3, "2");
        rig.successor(4, "2");
        let kept = rig.overlap.take_over();
        let topics: Vec<_> = kept.map(|(topic, frame)| (topic.unwrap(), frame)).collect();
        assert_eq!(
            topics,
            [("/b".into(), "1".into()), (TOPIC.into(), "2".into())]
        );
    }

    #[test]
    fn event_that_came_twice_is_delivered_twice() {
        let mut rig = Rig::prepared(0);
        rig.serving(1, "a");
        rig.serving(1, "a");
        for _ in 0..3 {
            rig.successor(2, "a");
        }
        rig.take_over();
        assert_eq!(rig.delivered, ["a", "a", "a"]);
    }

    #[test]
    fn topic_is_even_once_an_event_of_the_successor_came_on_both() {
        let mut rig = Rig::prepared(0);
        assert!(rig.overlap.is_even(), "a topic without events");
        rig.serving(1, "old");
        assert!(rig.overlap.is_even(), "pushed before the subscription");
        rig.successor(2, "new");
        rig.serving(3, "old too");
        assert!(!rig.overlap.is_even());
        assert_eq!(rig.overlap.uneven(), [TOPIC.into()]);
        rig.serving(4, "new");
        assert!(rig.overlap.is_even());
    }

    #[test]
    fn topic_that_the_successor_does_not_bring_is_uneven() {
        let mut rig = Rig::prepared(0);
        rig.serving(11, "1");
        assert!(!rig.overlap.is_even());
        rig.successor(12, "1");
        assert!(rig.overlap.is_even());
    }

    #[test]
    fn events_that_the_successor_never_repeats_are_known_at_the_end() {
        let mut rig = Rig::prepared(0);
        rig.serving(11, "1");
        rig.take_over();
        assert_eq!(rig.overlap.not_repeated(), [TOPIC.into()]);
        rig.serving(12, "1");
        assert!(rig.overlap.not_repeated().is_empty());
    }

    #[test]
    fn what_the_successor_brought_before_its_subscription_is_forgotten() {
        let mut rig = Rig::begun();
        rig.successor(1, "early");
        rig.overlap.prepared(rig.at(2), |topic| topic == TOPIC);
        rig.successor(3, "late");
        rig.take_over();
        assert_eq!(rig.delivered, ["late"]);
    }

    #[test]
    fn event_without_identity_is_never_a_repetition() {
        let mut overlap = Overlap::new(GRACE, 7);
        overlap.begin();
        let now = Instant::now();
        assert!(overlap.serving(now, Some(TOPIC), None, |_| {}));
        assert_eq!(overlap.successor(now, Some(TOPIC), None, 1, 1), Ok(()));
        assert_eq!(overlap.take_over().count(), 1);
        assert!(overlap.serving(now, Some(TOPIC), None, |_| {}));
    }

    #[test]
    fn nothing_is_carried_from_one_rotation_to_the_next() {
        let mut rig = Rig::prepared(0);
        rig.serving(1, "a");
        rig.overlap.begin();
        rig.successor(2, "a");
        rig.take_over();
        rig.overlap.end();
        assert!(!rig.overlap.is_active());
        assert_eq!(rig.delivered, ["a", "a"]);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten_first() {
        let mut seen = Seen::default();
        for number in 0..REMEMBERED as u64 + 10 {
            seen.add([number, 0]);
        }
        assert_eq!(
            (seen.times.len(), seen.order.len()),
            (REMEMBERED, REMEMBERED)
        );
        assert!(!seen.take([9, 0]));
        assert!(seen.take([10, 0]));
    }
}
