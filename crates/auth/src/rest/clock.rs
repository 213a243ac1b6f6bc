//! The exchange's clock: how far it is from the clock of this machine.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last measured distance between the two clocks. The clock of the machine is never changed.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    offset_ms: AtomicI64,
}

impl ServerClock {
    /// Milliseconds that the exchange is ahead of this machine; 0 until it was measured.
    pub(super) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// The exchange's time in milliseconds since 1970, as well as it is known.
    pub(super) fn now_ms(&self) -> u64 {
        local_ms().saturating_add_signed(self.offset_ms())
    }

    /// Takes one reading: the exchange's time, asked for at `asked_ms` by the local clock and answered after
    /// `round_trip`. Half of the round trip is taken for the way there.
    pub(super) fn measured(&self, server_ms: u64, asked_ms: u64, round_trip: Duration) -> i64 {
        let half = u64::try_from(round_trip.as_millis() / 2).unwrap_or(u64::MAX);
        let local_ms = asked_ms.saturating_add(half);
        let offset = i128::from(server_ms) - i128::from(local_ms);
        let offset = offset.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        self.offset_ms.store(offset, Ordering::Relaxed);
        offset
    }
}

/// The local time in milliseconds since 1970; 0 where the clock stands before that, which the exchange refuses
/// and the measurement then repairs.
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
    fn half_of_the_round_trip_is_the_way_there() {
        let clock = ServerClock::default();
        assert_eq!(clock.offset_ms(), 0);
        let offset = clock.measured(
            1_700_000_010_200,
            1_700_000_000_000,
            Duration::from_millis(400),
        );
        assert_eq!(offset, 10_000);
        assert_eq!(clock.offset_ms(), 10_000);
    }

    #[test]
    fn a_clock_that_is_behind_gives_a_negative_offset() {
        let clock = ServerClock::default();
        assert_eq!(clock.measured(1_000, 61_000, Duration::ZERO), -60_000);
        assert!(clock.now_ms() < local_ms());
    }

    #[test]
    fn no_reading_overflows() {
        let clock = ServerClock::default();
        assert_eq!(clock.measured(u64::MAX, 0, Duration::ZERO), i64::MAX);
        assert!(clock.now_ms() >= i64::MAX as u64);
        assert_eq!(clock.measured(0, u64::MAX, Duration::MAX), i64::MIN);
        assert_eq!(clock.now_ms(), 0);
    }
}
