//! The difference between the exchange's clock and the clock of this machine.

use std::time::Duration;

use serde::Serialize;

use crate::Timestamp;

/// Measured offset between the exchange's clock and this machine's, with its maximum error.
///
/// It is measured by one request for the exchange's time, and assumes nothing about the delays of the two directions:
/// the offset is exact if they are equal, and wrong by at most [`error_ns`](Self::error_ns) otherwise. The clocks drift
/// apart after [`measured_at`](Self::measured_at), by up to 0.2 s in an hour if nothing
/// synchronizes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClockOffset {
    /// Nanoseconds by which the exchange's clock is ahead of this machine's; negative if it is behind.
    pub offset_ns: i64,
    /// Maximum error of the offset in nanoseconds, at the time of the measurement.
    ///
    /// It is half the round trip of the request plus half the resolution of the exchange's time.
    pub error_ns: u64,
    /// Local time of the measurement.
    pub measured_at: Timestamp,
}

impl ClockOffset {
    /// Computes the offset from the reply to one request for the exchange's time.
    ///
    /// `server_time` is the time in the reply, cut off (not rounded) to `resolution`. The request was sent at the local
    /// time `sent_at`, and its reply arrived after `round_trip`, by a monotonic clock.
    pub fn from_reply(
        server_time: Timestamp,
        resolution: Duration,
        sent_at: Timestamp,
        round_trip: Duration,
    ) -> Self {
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let half = nanos(round_trip / 2);
        let half_resolution = nanos(resolution / 2);
        // In the middle of the round trip, the server's clock showed this time.
        let server = i128::from(server_time.as_nanos()) + i128::from(half_resolution);
        let local = i128::from(sent_at.as_nanos()) + i128::from(half);
        let offset = (server - local).clamp(i128::from(i64::MIN + 1), i128::from(i64::MAX));
        Self {
            offset_ns: offset as i64,
            error_ns: half.saturating_add(half_resolution).unsigned_abs(),
            measured_at: sent_at,
        }
    }

    /// Returns the offset in milliseconds, rounded down.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ns.div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(server: i64, sent: i64, round_trip: u64) -> (i64, u64) {
        let offset = ClockOffset::from_reply(
            Timestamp::from_nanos(server),
            Duration::from_millis(1),
            Timestamp::from_nanos(sent),
            Duration::from_nanos(round_trip),
        );
        (offset.offset_ns, offset.error_ns)
    }

    #[test]
    fn true_offset_is_within_the_error_for_any_pair_of_delays() {
        for (there, back) in [(0, 0), (40_000, 9_000_000), (80_000_000, 1_000_000)] {
            for skew in [-3_600_000_000_000, -1, 0, 7_300_123, 3_600_000_000_000] {
                let sent = 1_700_000_000_123_456_789_i64;
                // The server cuts its time off to milliseconds.
                let server = (sent + there + skew).div_euclid(1_000_000) * 1_000_000;
                let (measured, error) = offset(server, sent, (there + back) as u64);
                assert!(
                    measured.abs_diff(skew) <= error,
                    "{there} {back} {skew}: {measured} with {error}"
                );
                assert_eq!(error, (there + back) as u64 / 2 + 500_000);
            }
        }
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        assert_eq!(offset(i64::MAX, i64::MIN, u64::MAX).0, i64::MAX);
        assert_eq!(offset(i64::MIN, i64::MAX, 0).0, i64::MIN + 1);
    }
}
