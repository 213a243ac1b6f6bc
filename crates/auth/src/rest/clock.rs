//! The offset between the server's clock and this machine's.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kucoin_streams_core::{ClockOffset, Timestamp};

/// The resolution of KuCoin's server time.
const RESOLUTION: Duration = Duration::from_millis(1);

/// Age from which a measurement is repeated.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The last measured offset of the server's clock. The clock of this machine is never changed.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    measured: Mutex<Option<(ClockOffset, Instant)>>,
}

impl Clone for ServerClock {
    fn clone(&self) -> Self {
        Self {
            measured: Mutex::new(*self.lock()),
        }
    }
}

impl ServerClock {
    /// Returns the last measurement; `None` before the first.
    pub(super) fn offset(&self) -> Option<ClockOffset> {
        self.lock().map(|(offset, _)| offset)
    }

    /// Returns the last measurement if it is new enough to be used again.
    pub(super) fn recent_offset(&self) -> Option<ClockOffset> {
        let recent = self.lock().filter(|(_, at)| at.elapsed() < MAX_AGE);
        recent.map(|(offset, _)| offset)
    }

    /// Returns how many milliseconds the server's clock is ahead of this machine's; 0 until it is measured.
    pub(super) fn offset_ms(&self) -> i64 {
        self.offset().map_or(0, |offset| offset.offset_ms())
    }

    /// Returns the estimated server time in milliseconds since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        local_ms().saturating_add_signed(self.offset_ms())
    }

    /// Replaces the offset.
    pub(super) fn set(&self, offset: ClockOffset) {
        *self.lock() = Some((offset, Instant::now()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<(ClockOffset, Instant)>> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the clock offset from one request for the server time.
///
/// `server_ms` is the server time in the reply, in milliseconds since 1970, and `sent_at` the local time of the request.
/// Half of `round_trip` counts as the network delay to the server.
pub(super) fn offset_of(server_ms: u64, sent_at: Timestamp, round_trip: Duration) -> ClockOffset {
    let server_ms = i64::try_from(server_ms).unwrap_or(i64::MAX);
    let server_time = Timestamp::from_nanos(server_ms.saturating_mul(1_000_000));
    ClockOffset::from_reply(server_time, RESOLUTION, sent_at, round_trip)
}

/// Returns the local time in milliseconds since 1970; 0 if the clock is set to an earlier time.
///
/// KuCoin refuses a timestamp of 0, and the clock offset is then measured.
fn local_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |time| {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(clock: &ServerClock, server_ms: u64, sent_ms: i64, round_trip_ms: u64) -> i64 {
        let sent_at = Timestamp::from_nanos(sent_ms.saturating_mul(1_000_000));
        let round_trip = Duration::from_millis(round_trip_ms);
        clock.set(offset_of(server_ms, sent_at, round_trip));
        clock.offset_ms()
    }

    #[test]
    fn offset_allows_for_half_the_round_trip() {
        let clock = ServerClock::default();
        assert_eq!((clock.offset_ms(), clock.offset()), (0, None));
        let offset = update(&clock, 1_700_000_010_200, 1_700_000_000_000, 400);
        assert_eq!(offset, 10_000);
        assert_eq!(clock.offset_ms(), 10_000);
        let measured = clock.recent_offset().unwrap();
        // The server's time is cut off to milliseconds: in the mean, it is half a millisecond later.
        assert_eq!(measured.offset_ns, 10_000_500_000);
        assert_eq!(measured.error_ns, 200_500_000);
    }

    #[test]
    fn offset_is_negative_if_the_server_is_behind() {
        let clock = ServerClock::default();
        assert_eq!(update(&clock, 1_000, 61_000, 0), -60_000);
        assert!(clock.now_ms() < local_ms());
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let clock = ServerClock::default();
        update(&clock, u64::MAX, 0, 0);
        assert!(clock.now_ms() > local_ms());
        update(&clock, 0, i64::MAX, u64::MAX);
        assert_eq!(clock.now_ms(), 0);
    }
}
