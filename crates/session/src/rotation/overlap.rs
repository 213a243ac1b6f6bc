//! What two connections both bring while one takes over from the other: which events are repetitions, and whether both
//! bring the same.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::time::{Duration, Instant};

/// Identities that are remembered of each connection. The oldest go first.
const MAX_REMEMBERED: usize = 65_536;

/// The number of frames of the replacement that are buffered, and of their bytes.
const MAX_BUFFERED: usize = 16_384;
const MAX_BUFFERED_BYTES: usize = 32 << 20;

type Hash = [u64; 2];

/// The frames of a rotation: the current connection delivers, the frames of the replacement are buffered until it serves,
/// and what both bring is delivered once.
///
/// A gateway of the exchange may push the same event seconds later than another. So an event of the replacement stays
/// here until the current connection brings it too, and a topic is [even](Overlap::is_in_sync) once one event of the
/// replacement has come on both: the current connection has brought everything that is older then.
#[derive(Debug)]
pub struct Overlap<F> {
    /// Keys of the hashes.
    seed: u64,
    phase: Phase,
    /// Frames of the replacement that the current connection has not brought, in their order.
    buffered: BTreeMap<u64, Buffered<F>>,
    buffered_bytes: usize,
    buffered_by_hash: HashMap<Hash, VecDeque<u64>>,
    next: u64,
    /// What the current connection brought and the replacement did not.
    seen: Seen,
    topics: HashMap<Box<str>, TopicOverlap>,
    /// When the replacement had its last request acknowledged.
    subscribed_at: Option<Instant>,
    /// An event of one connection alone says nothing if it comes this soon after the subscription.
    grace: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// One connection alone.
    #[default]
    None,
    /// The current connection is to be replaced.
    BeforeHandover,
    /// The replacement serves, and may repeat what the connection before brought.
    AfterHandover,
}

#[derive(Debug)]
struct Buffered<F> {
    topic: Option<Box<str>>,
    hash: Option<Hash>,
    bytes: usize,
    frame: F,
}

/// What came of one topic since the replacement has it subscribed.
#[derive(Debug)]
struct TopicOverlap {
    since: Instant,
    /// The current connection brought an event after the grace time.
    on_current: bool,
    /// The replacement brought an event.
    on_replacement: bool,
    /// Both brought the same event of the replacement.
    matched: bool,
}

impl TopicOverlap {
    fn is_in_sync(&self) -> bool {
        self.matched || !(self.on_current || self.on_replacement)
    }
}

/// Identities, each as often as it came: what the exchange pushes twice on one connection is delivered twice. Buffered as
/// hashes of 128 bits, by keys of the seed.
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

    /// From here on an event may come on both connections.
    pub fn begin(&mut self) {
        self.clear();
        self.phase = Phase::BeforeHandover;
    }

    /// True from [`Overlap::begin`] to [`Overlap::end`]: the dedup_key of each event is asked for.
    pub fn is_active(&self) -> bool {
        self.phase != Phase::None
    }

    /// The replacement has requests acknowledged: those whose topics `is_of` names. What it brought of them before comes
    /// on the current connection too, or is of an earlier subscription: it is forgotten.
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

    /// Takes an event of the current connection; false if it repeats what was delivered. `dedup_key` tells the event from
    /// others of its topic; an event without one is never a repetition. `duplicate` gets the frame of the replacement that
    /// repeats this one, if it came first.
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

    /// Takes a frame of the replacement, which is buffered until it serves; gives it back if it repeats what the current
    /// connection has brought. `topic` is `None` if the frame cannot be read.
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

    /// True if nothing more of the replacement may be read until it serves.
    pub fn is_full(&self) -> bool {
        self.buffered.len() >= MAX_BUFFERED || self.buffered_bytes >= MAX_BUFFERED_BYTES
    }

    /// True if each topic that brought events brought one of them on both connections.
    pub fn is_in_sync(&self) -> bool {
        self.topics.values().all(TopicOverlap::is_in_sync)
    }

    /// The topics of which one connection brought events that the other did not.
    pub fn topics_out_of_sync(&self) -> Vec<Box<str>> {
        let uneven = self.topics.iter().filter(|(_, topic)| !topic.is_in_sync());
        uneven.map(|(topic, _)| topic.clone()).collect()
    }

    /// The topics of which the connection before brought events, and its replacement none of them.
    pub fn topics_not_repeated(&self) -> Vec<Box<str>> {
        let missing = |topic: &TopicOverlap| topic.on_current && !topic.matched;
        let missing = self.topics.iter().filter(|(_, topic)| missing(topic));
        missing.map(|(topic, _)| topic.clone()).collect()
    }

    /// The replacement serves from here on: gives its frames that were buffered, with their topics.
    pub fn take_over(&mut self) -> impl Iterator<Item = (Option<Box<str>>, F)> + use<F> {
        self.phase = Phase::AfterHandover;
        self.buffered_bytes = 0;
        self.buffered_by_hash = HashMap::new();
        let buffered = std::mem::take(&mut self.buffered);
        buffered
            .into_values()
            .map(|buffered| (buffered.topic, buffered.frame))
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

    /// Topics share identities: two of them push the changes of one order.
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

    /// A rotation by a clock of seconds; frames are named by their dedup_key.
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
    fn events_of_a_replacement_that_lags_are_delivered_once() {
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
    fn event_repeats_none_of_another_topic() {
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
    fn event_that_came_twice_is_delivered_twice() {
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
    fn topic_is_even_once_an_event_of_the_replacement_came_on_both() {
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
    fn topic_that_the_replacement_does_not_bring_is_uneven() {
        let mut rig = Rig::prepared(0);
        rig.current(11, "1");
        assert!(!rig.overlap.is_in_sync());
        rig.replacement(12, "1");
        assert!(rig.overlap.is_in_sync());
    }

    #[test]
    fn events_that_the_replacement_never_repeats_are_known_at_the_end() {
        let mut rig = Rig::prepared(0);
        rig.current(11, "1");
        rig.take_over();
        assert_eq!(rig.overlap.topics_not_repeated(), [TOPIC.into()]);
        rig.current(12, "1");
        assert!(rig.overlap.topics_not_repeated().is_empty());
    }

    #[test]
    fn what_the_replacement_brought_before_its_subscription_is_forgotten() {
        let mut rig = Rig::begun();
        rig.replacement(1, "early");
        rig.overlap
            .replacement_live(rig.at(2), |topic| topic == TOPIC);
        rig.replacement(3, "late");
        rig.take_over();
        assert_eq!(rig.delivered, ["late"]);
    }

    #[test]
    fn event_without_identity_is_never_a_repetition() {
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
    fn memory_is_bounded_and_the_oldest_is_forgotten_first() {
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
