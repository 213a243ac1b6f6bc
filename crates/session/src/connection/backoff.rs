//! Backoff of reconnect attempts.

use std::time::Duration;

/// Exponential backoff with full jitter.
///
/// Each delay is random between zero and a ceiling, and the ceiling doubles with each attempt. So clients that are
/// disconnected at the same time do not reconnect at the same time. The connections of one process also share a dial
/// limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Ceiling of the first delay. Default: 0.5 s.
    pub base: Duration,
    /// Maximum ceiling. Default: 30 s.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
        }
    }
}

impl Backoff {
    /// Returns the longest delay before `attempt`; the first attempt is 1.
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// Returns the delay before `attempt`; the first attempt is 1. `random` must be uniform over `u64`.
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        scale(self.ceiling(attempt), random)
    }
}

/// Returns `span * random / 2^64`.
pub(crate) fn scale(span: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    let part = (u128::from(nanos) * u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(part).unwrap_or(nanos))
}

/// SplitMix64: good enough for jitter, and reproducible from the seed.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceiling_doubles_up_to_the_cap() {
        let backoff = Backoff::default();
        for (attempt, millis) in [
            (1, 500),
            (2, 1_000),
            (3, 2_000),
            (4, 4_000),
            (5, 8_000),
            (6, 16_000),
            (7, 30_000),
            (8, 30_000),
            (u32::MAX, 30_000),
        ] {
            assert_eq!(
                backoff.ceiling(attempt),
                Duration::from_millis(millis),
                "attempt {attempt}"
            );
        }
    }

    #[test]
    fn jitter_ranges_from_zero_to_the_ceiling() {
        let backoff = Backoff::default();
        assert_eq!(backoff.delay(20, 0), Duration::ZERO);
        assert_eq!(backoff.delay(20, u64::MAX / 2 + 1), Duration::from_secs(15));
        assert!(backoff.delay(20, u64::MAX) < Duration::from_secs(30));
        assert!(backoff.delay(20, u64::MAX) > Duration::from_secs(29));
    }

    #[test]
    fn thousand_clients_disconnected_at_once_spread_their_attempts() {
        let backoff = Backoff::default();
        let mut per_tenth = [0u32; 10];
        for seed in 0..1_000u64 {
            // The fourth attempt: its ceiling is 4 s, so a tenth of it is 0.4 s.
            let delay = backoff.delay(4, Random::new(seed.wrapping_mul(0x9E37)).next());
            per_tenth[(delay.as_millis() / 400).min(9) as usize] += 1;
        }
        assert!(
            per_tenth.iter().all(|&n| (50..=150).contains(&n)),
            "{per_tenth:?}"
        );
    }
}
