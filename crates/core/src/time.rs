//! Timestamps, their serialization formats, and how durations are displayed.

use std::cell::Cell;
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Point in time, in nanoseconds since the Unix epoch, with all digits that KuCoin sent.
///
/// KuCoin sends some fields in milliseconds and some in nanoseconds, and has changed the unit of some. The unit (s, ms,
/// µs or ns) is detected by magnitude, and the time is converted to nanoseconds.
///
/// It is serialized as a string of nanoseconds, such as `"1765000000000000001"`, since a JSON integer above 2^53 loses
/// digits in JavaScript and in jq before 1.7. [`TimeFormat`] can change the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Creates a timestamp from nanoseconds since the Unix epoch.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Creates a timestamp from a number in s, ms, µs or ns; `None` if it is out of range.
    ///
    /// The unit is detected by magnitude: a number below 10^11 is seconds, below 10^14 milliseconds, below 10^17
    /// microseconds, and any other nanoseconds.
    #[inline]
    pub const fn from_wire(number: i64) -> Option<Self> {
        let factor = match number.unsigned_abs() {
            0..100_000_000_000 => 1_000_000_000,
            100_000_000_000..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        match number.checked_mul(factor) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// Returns the nanoseconds since the Unix epoch.
    #[inline]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Returns the current time of the system clock.
    #[allow(clippy::disallowed_methods)] // For users only: the sans-IO crates must not read the clock.
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// Adds a duration; `None` if the result is out of range.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let nanos = i64::try_from(duration.as_nanos()).ok()?;
        self.0.checked_add(nanos).map(Self)
    }

    /// Subtracts a duration; `None` if the result is out of range.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let nanos = i64::try_from(duration.as_nanos()).ok()?;
        self.0.checked_sub(nanos).map(Self)
    }

    /// Returns the time elapsed since `earlier`; zero if `earlier` is later.
    pub const fn duration_since(self, earlier: Self) -> Duration {
        let nanos = self.0.saturating_sub(earlier.0);
        Duration::from_nanos(if nanos > 0 { nanos.unsigned_abs() } else { 0 })
    }

    /// Displays the time as RFC 3339 in UTC with nanoseconds, such as `2025-12-06T05:46:40.000000001Z`.
    pub fn rfc3339(self) -> impl fmt::Display {
        Rfc3339(self)
    }

    /// Returns the whole milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

struct Rfc3339(Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let (seconds, nanos) = (
            nanos.div_euclid(1_000_000_000),
            nanos.rem_euclid(1_000_000_000),
        );
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let second = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z"
        )
    }
}

/// Converts days since the Unix epoch to year, month and day.
///
/// Years begin in March internally, so that a leap day is the last day of its year.
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (year_of_era + era * 400 + (month <= 2) as i64, month, day)
}

/// Converts a date to days since the Unix epoch: the inverse of [`civil`].
const fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - (month <= 2) as i64;
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Error of parsing text that is not an RFC 3339 time or is out of the range of [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid time; expected RFC 3339 such as 2025-12-06T05:46:40.5Z, from 1677 to 2262, with at most nanoseconds"
)]
#[non_exhaustive]
pub struct ParseTimestampError;

/// Parses an RFC 3339 time with any UTC offset.
///
/// ```
/// use kucoin_streams_core::Timestamp;
///
/// let time: Timestamp = "2025-12-06T06:46:40.000000001+01:00".parse()?;
/// assert_eq!(time, Timestamp::from_nanos(1_765_000_000_000_000_001));
/// # Ok::<(), kucoin_streams_core::ParseTimestampError>(())
/// ```
impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_rfc3339(text).ok_or(ParseTimestampError)
    }
}

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<i64>().ok())?
    };
    let (date, rest) = text.split_at_checked(10)?;
    let ((year, month), day) = (date.split_at_checked(4)?, date.get(8..)?);
    let month = month
        .strip_prefix('-')?
        .strip_suffix(day)?
        .strip_suffix('-')?;
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    // An invalid date does not convert back to itself.
    let days = days_of(year, month, day);
    if !(1..=12).contains(&month) || civil(days) != (year, month, day) {
        return None;
    }
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let clock = |text: &str, limits: &[i64]| {
        let parts: Option<Vec<i64>> = text
            .split(':')
            .zip(limits)
            .map(|(part, limit)| number(part).filter(|value| part.len() == 2 && value < limit))
            .collect();
        let is_whole = text.split(':').count() == limits.len();
        parts.filter(|_| is_whole)
    };
    let offset = match zone.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign, zone) => {
            let zone = clock(zone, &[24, 60])?;
            let seconds = zone[0] * 3_600 + zone[1] * 60;
            if sign == "-" { -seconds } else { seconds }
        }
    };
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let time = clock(time, &[24, 60, 60])?;
    let nanos = match fraction {
        Some(digits) if digits.len() <= 9 => number(digits)? * 10_i64.pow(9 - digits.len() as u32),
        Some(_) => return None,
        None => 0,
    };
    let seconds = days * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2] - offset;
    let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    i64::try_from(nanos).ok().map(Timestamp)
}

/// Adds a duration, saturating at the range of [`Timestamp`].
impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self(i64::MAX))
    }
}

/// Subtracts a duration, saturating at the range of [`Timestamp`].
impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).unwrap_or(Self(i64::MIN))
    }
}

/// Error of converting a time that is out of the range of [`Timestamp`]: before 1677 or after 2262.
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time out of range: before 1677 or after 2262")]
#[non_exhaustive]
pub struct TimestampRangeError;

#[cfg(feature = "chrono")]
mod chrono_times {
    use chrono::{DateTime, TimeZone, Utc};

    use super::{Timestamp, TimestampRangeError};

    impl From<Timestamp> for DateTime<Utc> {
        fn from(time: Timestamp) -> Self {
            Self::from_timestamp_nanos(time.as_nanos())
        }
    }

    impl<Z: TimeZone> TryFrom<DateTime<Z>> for Timestamp {
        type Error = TimestampRangeError;

        fn try_from(time: DateTime<Z>) -> Result<Self, Self::Error> {
            let nanos = time.timestamp_nanos_opt();
            nanos.map(Self::from_nanos).ok_or(TimestampRangeError)
        }
    }
}

#[cfg(feature = "jiff")]
mod jiff_times {
    use super::{Timestamp, TimestampRangeError};

    impl From<Timestamp> for jiff::Timestamp {
        fn from(time: Timestamp) -> Self {
            // The range of the library is larger.
            Self::from_nanosecond(time.as_nanos().into()).unwrap_or_default()
        }
    }

    impl TryFrom<jiff::Timestamp> for Timestamp {
        type Error = TimestampRangeError;

        fn try_from(time: jiff::Timestamp) -> Result<Self, Self::Error> {
            let nanos = i64::try_from(time.as_nanosecond());
            nanos.map(Self::from_nanos).map_err(|_| TimestampRangeError)
        }
    }
}

#[cfg(feature = "time")]
mod time_times {
    use time::OffsetDateTime;

    use super::{Timestamp, TimestampRangeError};

    impl From<Timestamp> for OffsetDateTime {
        fn from(time: Timestamp) -> Self {
            // The range of the library is larger.
            let converted = Self::from_unix_timestamp_nanos(time.as_nanos().into());
            converted.unwrap_or(Self::UNIX_EPOCH)
        }
    }

    impl TryFrom<OffsetDateTime> for Timestamp {
        type Error = TimestampRangeError;

        fn try_from(time: OffsetDateTime) -> Result<Self, Self::Error> {
            let nanos = i64::try_from(time.unix_timestamp_nanos());
            nanos.map(Self::from_nanos).map_err(|_| TimestampRangeError)
        }
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
        match TimeFormat::current() {
            TimeFormat::Nanoseconds => serializer.collect_str(&self.0),
            TimeFormat::Rfc3339 => serializer.collect_str(&self.rfc3339()),
        }
    }
}

/// Deserializes a string of nanoseconds, the format of [`TimeFormat::Nanoseconds`].
impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nanos = String::deserialize(deserializer)?;
        nanos.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// Serialization format of [`Timestamp`]. Both formats are strings and exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeFormat {
    /// Nanoseconds since the Unix epoch: `"1765000000000000001"`.
    #[default]
    Nanoseconds,
    /// RFC 3339 in UTC, always with nanoseconds: `"2025-12-06T05:46:40.000000001Z"`.
    ///
    /// It is meant for people: an event deserialized from this format has its times in `extra` only.
    Rfc3339,
}

thread_local! {
    static FORMAT: Cell<TimeFormat> = const { Cell::new(TimeFormat::Nanoseconds) };
}

impl TimeFormat {
    /// Runs `serialize` with this format for all timestamps that it writes, also inside events.
    ///
    /// The format applies to this thread only.
    ///
    /// ```
    /// use kucoin_streams_core::{TimeFormat, Timestamp};
    ///
    /// let time = Timestamp::from_nanos(1_765_000_000_000_000_001);
    /// assert_eq!(serde_json::to_string(&time)?, r#""1765000000000000001""#);
    /// let rfc3339 = TimeFormat::Rfc3339.scope(|| serde_json::to_string(&time));
    /// assert_eq!(rfc3339?, r#""2025-12-06T05:46:40.000000001Z""#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn scope<R>(self, serialize: impl FnOnce() -> R) -> R {
        /// Restores the format, even if `serialize` panics.
        struct Restore(TimeFormat);

        impl Drop for Restore {
            fn drop(&mut self) {
                FORMAT.set(self.0);
            }
        }

        let _restore = Restore(FORMAT.replace(self));
        serialize()
    }

    fn current() -> Self {
        FORMAT.get()
    }
}

/// Displays a duration for people, rounded: `279 ms`, `1.2 s`, `4 min 5 s`, `3 h 12 min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HumanDuration(pub Duration);

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let rounded = |unit: u128| (nanos + unit / 2) / unit;
        let text = match (
            rounded(1_000_000),
            rounded(100_000_000),
            rounded(1_000_000_000),
        ) {
            (0, ..) if nanos > 0 => "<1 ms".to_owned(),
            (millis @ 0..1_000, ..) => format!("{millis} ms"),
            (_, tenths @ 0..600, _) => match tenths % 10 {
                0 => format!("{} s", tenths / 10),
                tenth => format!("{}.{tenth} s", tenths / 10),
            },
            (.., seconds @ 0..3_600) => match seconds % 60 {
                0 => format!("{} min", seconds / 60),
                rest => format!("{} min {rest} s", seconds / 60),
            },
            _ => match rounded(60_000_000_000) {
                minutes if minutes % 60 == 0 => format!("{} h", minutes / 60),
                minutes => format!("{} h {} min", minutes / 60, minutes % 60),
            },
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_is_detected_by_magnitude() {
        let ns = 1_730_848_317_836_000_000;
        assert_eq!(Timestamp::from_wire(1_730_848_317_836), Some(Timestamp(ns)));
        assert_eq!(
            Timestamp::from_wire(1_730_848_317_836_000),
            Some(Timestamp(ns))
        );
        assert_eq!(Timestamp::from_wire(ns), Some(Timestamp(ns)));
        assert_eq!(
            Timestamp::from_wire(1_730_848_317),
            Some(Timestamp(1_730_848_317_000_000_000))
        );
        assert_eq!(Timestamp::from_wire(0), Some(Timestamp(0)));
    }

    #[test]
    fn number_out_of_range_is_none() {
        assert_eq!(Timestamp::from_wire(54_856_530_678_500), None);
        assert_eq!(Timestamp::from_wire(10_000_000_000), None);
    }

    #[test]
    fn duration_since_a_later_time_is_zero() {
        let (early, late) = (Timestamp(5), Timestamp(12));
        assert_eq!(late.duration_since(early), Duration::from_nanos(7));
        assert_eq!(early.duration_since(late), Duration::ZERO);
    }

    #[test]
    fn rfc3339_is_parsed_to_the_nanosecond() {
        for nanos in [
            i64::MIN,
            -1,
            0,
            1,
            951_782_400_000_000_000,
            1_765_000_000_000_000_001,
            i64::MAX,
        ] {
            let text = Timestamp(nanos).rfc3339().to_string();
            assert_eq!(text.parse(), Ok(Timestamp(nanos)), "{text}");
        }
        for (text, nanos) in [
            ("1970-01-01T00:00:01Z", 1_000_000_000),
            ("1970-01-01t01:00:00.5+01:00", 500_000_000),
            ("1969-12-31 22:59:59-01:00", -1_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp(nanos)), "{text}");
        }
    }

    #[test]
    fn invalid_text_is_an_error() {
        for text in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-02-30T00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00Z",
            "1970-1-01T00:00:00Z",
            "1970-01-01T00:00:00+1:00",
            "9999-01-01T00:00:00Z",
            "1970-01-01T00:00:00Zx",
            "197０-01-01T00:00:00Z",
            "+970-01-01T00:00:00Z",
        ] {
            assert_eq!(
                text.parse::<Timestamp>(),
                Err(ParseTimestampError),
                "{text}"
            );
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let second = Duration::from_secs(1);
        assert_eq!(Timestamp(5) + second, Timestamp(1_000_000_005));
        assert_eq!(Timestamp(5) - second, Timestamp(-999_999_995));
        assert_eq!(Timestamp(i64::MAX) + second, Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MIN).checked_sub(second), None);
        assert_eq!(Timestamp(0).checked_add(Duration::MAX), None);
    }

    #[test]
    #[cfg(all(feature = "chrono", feature = "jiff", feature = "time"))]
    fn conversions_keep_the_nanosecond() {
        for nanos in [i64::MIN, 0, 1_765_000_000_000_000_001, i64::MAX] {
            let time = Timestamp(nanos);
            assert_eq!(
                Timestamp::try_from(chrono::DateTime::<chrono::Utc>::from(time)),
                Ok(time)
            );
            assert_eq!(Timestamp::try_from(jiff::Timestamp::from(time)), Ok(time));
            assert_eq!(
                Timestamp::try_from(::time::OffsetDateTime::from(time)),
                Ok(time)
            );
        }
        assert_eq!(
            Timestamp::try_from(jiff::Timestamp::MAX),
            Err(TimestampRangeError)
        );
    }

    #[test]
    fn system_time_round_trip_keeps_the_nanosecond() {
        let stamp = Timestamp(1_730_848_317_836_123_456);
        assert_eq!(Timestamp::from(SystemTime::from(stamp)), stamp);
    }

    #[test]
    fn time_is_displayed_as_rfc3339() {
        for (nanos, text) in [
            (1_765_000_000_000_000_001, "2025-12-06T05:46:40.000000001Z"),
            (0, "1970-01-01T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        ] {
            assert_eq!(Timestamp(nanos).rfc3339().to_string(), text);
        }
    }

    #[test]
    fn format_applies_inside_its_scope_only() {
        let write = || serde_json::to_string(&Timestamp(1)).unwrap();
        let within = TimeFormat::Rfc3339.scope(|| {
            let nested = TimeFormat::Nanoseconds.scope(write);
            (write(), nested)
        });
        assert_eq!(within.0, "\"1970-01-01T00:00:00.000000001Z\"");
        assert_eq!(
            (within.1, write()),
            ("\"1\"".to_owned(), "\"1\"".to_owned())
        );
    }

    #[test]
    fn duration_is_rounded() {
        for (nanos, text) in [
            (0, "0 ms"),
            (300, "<1 ms"),
            (279_145_185, "279 ms"),
            (999_600_000, "1 s"),
            (1_234_000_000, "1.2 s"),
            (59_970_000_000, "1 min"),
            (245_000_000_000, "4 min 5 s"),
            (3_599_600_000_000, "1 h"),
            (11_520_000_000_000, "3 h 12 min"),
        ] {
            assert_eq!(HumanDuration(Duration::from_nanos(nanos)).to_string(), text);
        }
        assert!(HumanDuration(Duration::MAX).to_string().contains(" h"));
    }
}
