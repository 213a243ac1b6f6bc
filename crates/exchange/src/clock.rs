//! The wall clock, in the units that KuCoin sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of one exchange, which a fault can set wrong. Clones share the offset.
///
/// All times that the exchange sends are by this clock; its own timeouts are by the true one.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExchangeClock {
    /// Offset in milliseconds; positive is ahead.
    skew_ms: Arc<AtomicI64>,
}

impl ExchangeClock {
    /// Sets the offset in milliseconds; positive is ahead.
    pub(crate) fn skew(&self, by_ms: i64) {
        self.skew_ms.store(by_ms, Ordering::Relaxed);
    }

    /// Unix time in milliseconds.
    pub(crate) fn now_ms(&self) -> u64 {
        now_ms().saturating_add_signed(self.offset(1))
    }

    /// Unix time in microseconds, the unit of V1 pongs.
    pub(crate) fn now_us(&self) -> u64 {
        now_us().saturating_add_signed(self.offset(1_000))
    }

    /// Unix time in nanoseconds.
    pub(crate) fn now_ns(&self) -> u64 {
        now_ns().saturating_add_signed(self.offset(1_000_000))
    }

    fn offset(&self, per_ms: i64) -> i64 {
        self.skew_ms.load(Ordering::Relaxed).saturating_mul(per_ms)
    }
}

/// Unix time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Unix time in nanoseconds.
pub(crate) fn now_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Unix time in microseconds.
pub(crate) fn now_us() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
