//! The offset between the server's clock and this machine's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last measured offset of the server's clock. The clock of this machine is never changed.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    offset_ms: AtomicI64,
}

/// The measured offset of KuCoin's clock.
///
/// [`RestTokens::measure_clock_offset`](super::RestTokens::measure_clock_offset) returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockOffset {
    /// How many milliseconds KuCoin's clock is ahead of this machine's; negative if it is behind.
    pub offset_ms: i64,
    /// Time from the request to the reply. The offset is exact to half of it.
    pub round_trip: Duration,
}

impl ClockOffset {
    /// Returns the maximum error of the offset: half of the round trip.
    pub fn max_error(&self) -> Duration {
        self.round_trip / 2
    }
}

impl Clone for ServerClock {
    fn clone(&self) -> Self {
        Self {
            offset_ms: AtomicI64::new(self.offset_ms()),
        }
    }
}

impl ServerClock {
    /// Returns how many milliseconds the server's clock is ahead of this machine's; 0 until it is measured.
    pub(super) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Returns the estimated server time in milliseconds since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        local_ms().saturating_add_signed(self.offset_ms())
    }

    /// Stores and returns the clock offset, from one request for the server time.
    ///
    /// `server_ms` is the server time in the reply, `sent_ms` the local time of the request, both in milliseconds since
    /// 1970. Half of `round_trip` counts as the network delay to the server.
    pub(super) fn update(&self, server_ms: u64, sent_ms: u64, round_trip: Duration) -> i64 {
        let half = u64::try_from(round_trip.as_millis() / 2).unwrap_or(u64::MAX);
        let local_ms = sent_ms.saturating_add(half);
        let offset = i128::from(server_ms) - i128::from(local_ms);
        let offset = offset.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        self.offset_ms.store(offset, Ordering::Relaxed);
        offset
    }
}

/// Returns the local time in milliseconds since 1970; 0 if the clock is set to an earlier time.
///
/// KuCoin refuses a timestamp of 0, and the clock offset is then measured.
pub(super) fn local_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |time| {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_allows_for_half_the_round_trip() {
        let clock = ServerClock::default();
        assert_eq!(clock.offset_ms(), 0);
        let offset = clock.update(
            1_700_000_010_200,
            1_700_000_000_000,
            Duration::from_millis(400),
        );
        assert_eq!(offset, 10_000);
        assert_eq!(clock.offset_ms(), 10_000);
    }

    #[test]
    fn offset_is_negative_if_the_server_is_behind() {
        let clock = ServerClock::default();
        assert_eq!(clock.update(1_000, 61_000, Duration::ZERO), -60_000);
        assert!(clock.now_ms() < local_ms());
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let clock = ServerClock::default();
        assert_eq!(clock.update(u64::MAX, 0, Duration::ZERO), i64::MAX);
        assert!(clock.now_ms() >= i64::MAX as u64);
        assert_eq!(clock.update(0, u64::MAX, Duration::MAX), i64::MIN);
        assert_eq!(clock.now_ms(), 0);
    }
}
