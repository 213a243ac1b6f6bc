//! Times on the wire: milliseconds, microseconds or nanoseconds, told apart by magnitude.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in nanoseconds since the Unix epoch, exact to the digit that the exchange sent.
///
/// KuCoin writes some fields in milliseconds, some in nanoseconds, and has changed single fields from one to the
/// other; the unit is decided by magnitude.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From nanoseconds since the Unix epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From a number of the wire, its unit decided by magnitude: below 10^14 milliseconds, below 10^17
    /// microseconds, else nanoseconds. `None` where the time in nanoseconds does not fit.
    pub const fn from_wire(number: i64) -> Option<Self> {
        let factor = match number.unsigned_abs() {
            0..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        match number.checked_mul(factor) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// How much later this is than `earlier`; nothing where it is not later.
    pub const fn duration_since(self, earlier: Self) -> Duration {
        let nanos = self.0.saturating_sub(earlier.0);
        Duration::from_nanos(if nanos > 0 { nanos.unsigned_abs() } else { 0 })
    }

    /// Whole milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
        };
        Self(nanos)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let distance = Duration::from_nanos(timestamp.0.unsigned_abs());
        if timestamp.0 < 0 {
            UNIX_EPOCH - distance
        } else {
            UNIX_EPOCH + distance
        }
    }
}

impl fmt::Display for Timestamp {
    /// Nanoseconds since the Unix epoch.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_told_by_magnitude() {
        let ns = 1_730_848_317_836_000_000;
        assert_eq!(Timestamp::from_wire(1_730_848_317_836), Some(Timestamp(ns)));
        assert_eq!(
            Timestamp::from_wire(1_730_848_317_836_000),
            Some(Timestamp(ns))
        );
        assert_eq!(Timestamp::from_wire(ns), Some(Timestamp(ns)));
        assert_eq!(Timestamp::from_wire(0), Some(Timestamp(0)));
    }

    #[test]
    fn a_number_that_is_no_time_is_refused() {
        assert_eq!(Timestamp::from_wire(54_856_530_678_500), None);
    }

    #[test]
    fn a_time_that_is_not_later_is_no_time_later() {
        let (early, late) = (Timestamp(5), Timestamp(12));
        assert_eq!(late.duration_since(early), Duration::from_nanos(7));
        assert_eq!(early.duration_since(late), Duration::ZERO);
    }

    #[test]
    fn system_time_there_and_back_keeps_the_nanosecond() {
        let stamp = Timestamp(1_730_848_317_836_123_456);
        assert_eq!(Timestamp::from(SystemTime::from(stamp)), stamp);
    }
}
