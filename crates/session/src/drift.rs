//! Schema drift: what in the pushes of each topic differs from the known format, listed once and counted.

use std::collections::BTreeMap;

use kucoin_streams_core::{Finding, FindingKind, Text, Timestamp};
use serde::Serialize;

/// What differs from the known format, by topic as subscribed. It contains no value of a frame.
///
/// It lists at most [`MAX_FINDINGS`](Self::MAX_FINDINGS) findings of a topic and counts the rest.
#[derive(Clone, Debug, Default)]
pub struct DriftLog {
    topics: BTreeMap<String, TopicDrift>,
}

/// What in the pushes of one topic differs from the known format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TopicDrift {
    /// Topic, as it was subscribed.
    pub topic: String,
    /// Findings in the order in which they were first seen.
    pub findings: Vec<DriftFinding>,
    /// Number of further findings by kind, in the order of [`FindingKind::ALL`], which are not listed.
    pub unlisted: [u64; FindingKind::ALL.len()],
}

/// One difference from the known format, and how often it occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DriftFinding {
    /// Kind of the difference.
    pub kind: FindingKind,
    /// Path of the field in the frame, in wire names, such as `data.orderType`.
    pub path: Text,
    /// Shape of the first value, such as `text(24)`, `number(7)` or `null`, or the unknown enum word.
    pub sample: Text,
    /// Topic of the first push with this difference, as pushed; `None` if the push could not be decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_topic: Option<Text>,
    /// Local receive time of the first push with this difference.
    pub first_seen: Timestamp,
    /// Number of occurrences.
    pub count: u64,
}

impl DriftLog {
    /// Maximum number of findings that are listed for one topic.
    pub const MAX_FINDINGS: usize = 32;

    /// Adds the findings of one push, and returns those that are new, to be reported.
    ///
    /// Topics of one channel, such as `/market/match:KCS-USDT` and `/market/match:BTC-USDT`, have one format: a finding is
    /// new only for the first of them.
    ///
    /// Finds one of a few entries by comparison, so a push costs well below a microsecond per finding.
    pub fn record(
        &mut self,
        topic: &str,
        pushed_topic: Option<&Text>,
        findings: &[Finding],
        received_at: Timestamp,
    ) -> Vec<DriftFinding> {
        if !self.topics.contains_key(topic) {
            let drift = TopicDrift {
                topic: topic.to_owned(),
                ..TopicDrift::default()
            };
            self.topics.insert(topic.to_owned(), drift);
        }
        let Some(drift) = self.topics.get_mut(topic) else {
            return Vec::new();
        };
        let before = drift.findings.len();
        for finding in findings {
            drift.add(finding, pushed_topic, received_at);
        }
        let mut new = drift.findings[before..].to_vec();
        new.retain(|finding| !self.has_other(topic, finding));
        new
    }

    /// Returns `true` if another topic of the channel has this finding.
    fn has_other(&self, topic: &str, finding: &DriftFinding) -> bool {
        let mut others = self
            .topics
            .values()
            .filter(|other| other.topic != topic && channel_of(&other.topic) == channel_of(topic));
        others.any(|other| {
            let (kind, path, sample) = (finding.kind, &finding.path, &finding.sample);
            let mut known = other.findings.iter();
            known.any(|known| known.is_of(kind, path, sample))
        })
    }

    /// Returns what differs from the known format, by topic; empty if nothing does.
    pub fn topics(&self) -> Vec<TopicDrift> {
        self.topics.values().cloned().collect()
    }
}

impl TopicDrift {
    /// Returns the number of occurrences of a kind, listed or not.
    pub fn count(&self, kind: FindingKind) -> u64 {
        let listed = self.findings.iter().filter(|finding| finding.kind == kind);
        let listed: u64 = listed.map(|finding| finding.count).sum();
        listed + self.unlisted[kind as usize]
    }

    fn add(&mut self, finding: &Finding, pushed_topic: Option<&Text>, received_at: Timestamp) {
        let (kind, path, sample) = (finding.kind(), finding.path(), finding.sample());
        let mut known = self.findings.iter_mut();
        if let Some(known) = known.find(|known| known.is_of(kind, path, sample)) {
            known.count += finding.count();
        } else if self.findings.len() < DriftLog::MAX_FINDINGS {
            self.findings.push(DriftFinding {
                kind: finding.kind(),
                path: finding.path().clone(),
                sample: finding.sample().clone(),
                pushed_topic: pushed_topic.cloned(),
                first_seen: received_at,
                count: finding.count(),
            });
        } else {
            self.unlisted[finding.kind() as usize] += finding.count();
        }
    }
}

impl DriftFinding {
    /// Returns `true` for the same kind and path, and the same word of an unknown word.
    fn is_of(&self, kind: FindingKind, path: &Text, sample: &Text) -> bool {
        let is_same_word = kind != FindingKind::UnknownWord || self.sample == *sample;
        self.kind == kind && self.path == *path && is_same_word
    }
}

/// Returns the topic without its symbols and parameters.
fn channel_of(topic: &str) -> &str {
    topic.split([':', '?']).next().unwrap_or(topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "/account/balance";

    fn unknown(name: &str) -> Finding {
        Finding::new(FindingKind::UnknownField, name, "\"canary\"")
    }

    #[test]
    fn finding_is_new_once_and_counted_afterwards() {
        let mut log = DriftLog::default();
        let pushed = Text::new("/account/balance");
        let mut record = |findings: &[Finding], at| {
            log.record(TOPIC, Some(&pushed), findings, Timestamp::from_nanos(at))
        };
        let new = record(&[unknown("a"), Finding::unknown_word("a", "PAUSED")], 1);
        assert_eq!(new.len(), 2);
        assert!(record(&[unknown("a")], 2).is_empty());
        // Another word is another finding, another value of an unknown field is not.
        let other = Finding::new(FindingKind::UnknownField, "a", "17");
        let new = record(&[other, Finding::unknown_word("a", "HALTED")], 3);
        assert_eq!(new.len(), 1);
        let drift = &log.topics()[0];
        let first = &drift.findings[0];
        assert_eq!((first.count, first.first_seen.as_nanos()), (3, 1));
        assert_eq!(first.sample, "text(6)");
        assert_eq!(drift.count(FindingKind::UnknownField), 3);
        assert_eq!(drift.count(FindingKind::UnknownWord), 2);
    }

    #[test]
    fn finding_of_a_channel_is_new_for_one_topic_only() {
        let mut log = DriftLog::default();
        let mut record = |topic: &str, name: &str| {
            let finding = unknown(name);
            log.record(topic, None, &[finding], Timestamp::from_nanos(1))
                .len()
        };
        assert_eq!(record("/market/match:KCS-USDT", "a"), 1);
        assert_eq!(record("/market/match:BTC-USDT", "a"), 0);
        assert_eq!(record("/market/match:BTC-USDT", "b"), 1);
        assert_eq!(record("/market/matches:BTC-USDT", "a"), 1);
        assert_eq!(record("order?tradeType=SPOT&symbol=KCS-USDT", "a"), 1);
        assert_eq!(record("order?tradeType=SPOT&symbol=BTC-USDT", "a"), 0);
        // Each topic lists and counts its own findings.
        assert_eq!(log.topics().len(), 5);
        assert_eq!(log.topics()[0].findings.len(), 2);
    }

    #[test]
    fn findings_over_the_limit_are_counted_by_kind() {
        let mut log = DriftLog::default();
        for at in 0..40 {
            let finding = unknown(&format!("f{at}"));
            log.record(TOPIC, None, &[finding], Timestamp::from_nanos(at));
        }
        let missing = [Finding::missing("size")];
        log.record(TOPIC, None, &missing, Timestamp::from_nanos(40));
        let topics = log.topics();
        assert_eq!(topics[0].findings.len(), DriftLog::MAX_FINDINGS);
        assert_eq!(topics[0].unlisted, [8, 0, 0, 1]);
        assert_eq!(topics[0].count(FindingKind::UnknownField), 40);
    }
}
