//! Histogram of latencies in logarithmic buckets; any number of threads may record.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use serde::Serialize;

/// Number of buckets per doubling of the latency, as a power of two: a bucket is at most 6.25 % wide.
const PRECISION: u32 = 4;

/// Bits of the smallest unit: 1,024 ns.
const UNIT: u32 = 10;

/// Number of buckets: enough for latencies below 137 s; longer ones are in the last bucket.
const BUCKETS: usize = 24 << PRECISION;

/// Latencies of one hop. An unused histogram has no buckets.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: OnceLock<Box<[AtomicU64; BUCKETS]>>,
    min: AtomicI64,
    max: AtomicI64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: OnceLock::new(),
            min: AtomicI64::new(i64::MAX),
            max: AtomicI64::new(i64::MIN),
        }
    }
}

/// Distribution of a latency since the start, in nanoseconds.
///
/// Count, minimum and maximum are exact. A quantile is that of a histogram: it is off by at most 3 %, or 1 µs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LatencySummary {
    /// Number of measured events.
    pub count: u64,
    /// Minimum. It is negative if the difference of two clocks is smaller than its error.
    pub min_ns: i64,
    /// Median.
    pub p50_ns: i64,
    /// 90th percentile: 90 % of the latencies are not longer.
    pub p90_ns: i64,
    /// 99th percentile.
    pub p99_ns: i64,
    /// Maximum.
    pub max_ns: i64,
}

impl Histogram {
    /// Records a latency in nanoseconds.
    #[inline]
    pub(crate) fn record(&self, nanos: i64) {
        let buckets = self
            .buckets
            .get_or_init(|| Box::new([const { AtomicU64::new(0) }; BUCKETS]));
        buckets[bucket_of(nanos)].fetch_add(1, Relaxed);
        if nanos < self.min.load(Relaxed) {
            self.min.fetch_min(nanos, Relaxed);
        }
        if nanos > self.max.load(Relaxed) {
            self.max.fetch_max(nanos, Relaxed);
        }
    }

    /// Returns the distribution of all latencies so far; `None` if there is none.
    pub(crate) fn summary(&self) -> Option<LatencySummary> {
        let counts = self
            .buckets
            .get()?
            .each_ref()
            .map(|count| count.load(Relaxed));
        let (min_ns, max_ns) = (self.min.load(Relaxed), self.max.load(Relaxed));
        let count = counts.iter().sum();
        // Another thread may be recording the first latency.
        if count == 0 || min_ns > max_ns {
            return None;
        }
        let quantile = |percent: u64| quantile(&counts, count, percent).clamp(min_ns, max_ns);
        Some(LatencySummary {
            count,
            min_ns,
            p50_ns: quantile(50),
            p90_ns: quantile(90),
            p99_ns: quantile(99),
            max_ns,
        })
    }
}

/// Returns the bucket of a latency: below 16 units one bucket per unit, then 16 buckets per doubling.
#[inline]
fn bucket_of(nanos: i64) -> usize {
    let units = (nanos.max(0) >> UNIT).unsigned_abs();
    let octave = (u64::BITS - (units >> PRECISION).leading_zeros()).saturating_sub(1);
    let index = (u64::from(octave) << PRECISION) + (units >> octave);
    usize::try_from(index).map_or(BUCKETS - 1, |index| index.min(BUCKETS - 1))
}

/// Returns the smallest latency of a bucket, in nanoseconds.
fn start_of(bucket: usize) -> i64 {
    let octave = (bucket >> PRECISION).saturating_sub(1);
    let units = (bucket - (octave << PRECISION)) as i64;
    units << octave << UNIT
}

/// Returns the latency at a percentile: its bucket, and its place in it by its rank.
fn quantile(counts: &[u64; BUCKETS], count: u64, percent: u64) -> i64 {
    let rank = (u128::from(count) * u128::from(percent))
        .div_ceil(100)
        .max(1) as u64;
    let mut before = 0;
    for (bucket, &within) in counts.iter().enumerate() {
        if before + within >= rank {
            let (start, end) = (start_of(bucket), start_of(bucket + 1));
            let width = i128::from(end - start);
            let part = width * i128::from(2 * (rank - before) - 1) / i128::from(2 * within);
            return start + part as i64;
        }
        before += within;
    }
    i64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_all_latencies_without_a_hole() {
        for bucket in 0..BUCKETS - 1 {
            let (start, end) = (start_of(bucket), start_of(bucket + 1));
            assert!(start < end, "{bucket}");
            assert_eq!((bucket_of(start), bucket_of(end - 1)), (bucket, bucket));
            // The width is at most a sixteenth, or one unit.
            assert!(
                end - start <= (start >> PRECISION).max(1 << UNIT),
                "{bucket}"
            );
        }
        assert!(start_of(BUCKETS - 1) > 120_000_000_000);
        for extreme in [i64::MIN, -1, 0] {
            assert_eq!(bucket_of(extreme), 0);
        }
        assert_eq!(bucket_of(i64::MAX), BUCKETS - 1);
    }

    /// The quantiles of any latencies are within a bucket of the exact ones.
    #[test]
    fn quantiles_are_within_three_percent() {
        let histogram = Histogram::default();
        assert_eq!(histogram.summary(), None);
        // 20 µs to 20 s, in a scattered order.
        let latency = |n: i64| 20_000 + (n * 7_919 % 10_007) * (n * 104_729 % 1_999) * 1_000;
        let mut exact: Vec<i64> = (0..20_000).map(latency).collect();
        exact.iter().for_each(|&nanos| histogram.record(nanos));
        exact.sort_unstable();
        let summary = histogram.summary().unwrap();
        assert_eq!(summary.count, 20_000);
        assert_eq!((summary.min_ns, summary.max_ns), (exact[0], exact[19_999]));
        for (quantile, rank) in [
            (summary.p50_ns, 10_000),
            (summary.p90_ns, 18_000),
            (summary.p99_ns, 19_800),
        ] {
            let expected = exact[rank - 1];
            assert!(
                quantile.abs_diff(expected) <= expected.unsigned_abs() / 16,
                "{quantile} for {expected}"
            );
        }
    }

    #[test]
    fn equal_latencies_are_exact() {
        for nanos in [-250_000, 0, 150_000_123, 3_600_000_000_000] {
            let histogram = Histogram::default();
            histogram.record(nanos);
            histogram.record(nanos);
            let all = LatencySummary {
                count: 2,
                min_ns: nanos,
                p50_ns: nanos,
                p90_ns: nanos,
                p99_ns: nanos,
                max_ns: nanos,
            };
            assert_eq!(histogram.summary(), Some(all));
        }
    }
}
