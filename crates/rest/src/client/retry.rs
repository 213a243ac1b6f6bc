//! Which failed queries are sent again, and after which delay. All queries are GETs, so a repetition is safe.

use std::time::Duration;

use kucoin_streams_core::RetryPolicy;

use crate::QueryError;

/// The delay before the first retry; it doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// Retries while KuCoin is overloaded.
const OVERLOAD_RETRIES: u32 = 5;
/// Retries after a network failure or a fault of the server.
const NETWORK_RETRIES: u32 = 2;

/// Counts the retries of one query.
#[derive(Debug, Default)]
pub(super) struct Retries {
    overloads: u32,
    failures: u32,
}

impl Retries {
    /// Returns the delay before the next attempt; `None` if the query is not sent again.
    pub(super) fn delay_after(&mut self, error: &QueryError) -> Option<Duration> {
        let (retries, most) = match error {
            QueryError::Overloaded { .. } => (&mut self.overloads, OVERLOAD_RETRIES),
            QueryError::Unreachable { source, .. }
                if source.retry_policy() == RetryPolicy::Transient =>
            {
                (&mut self.failures, NETWORK_RETRIES)
            }
            _ => return None,
        };
        if *retries == most {
            return None;
        }
        let delay = FIRST_DELAY * 2_u32.pow(*retries);
        *retries += 1;
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kucoin_streams_core::SourceError;

    use super::*;
    use crate::{FailedQuery, QueryOf, SpotFills, UnifiedVersion};

    fn query() -> FailedQuery {
        FailedQuery::new(SpotFills::ENDPOINT, UnifiedVersion::V1, "host")
    }

    fn unreachable(policy: RetryPolicy) -> QueryError {
        QueryError::Unreachable {
            query: query(),
            source: Arc::new(SourceError::new(policy, "broken")),
        }
    }

    /// Returns the delays in milliseconds if every attempt fails with this error.
    fn delays(error: &QueryError) -> Vec<u128> {
        let mut retries = Retries::default();
        let delays = std::iter::from_fn(|| retries.delay_after(error));
        delays.map(|delay| delay.as_millis()).collect()
    }

    #[test]
    fn overload_is_retried_five_times() {
        let overloaded = QueryError::Overloaded {
            query: query(),
            status: 429,
        };
        assert_eq!(delays(&overloaded), [500, 1_000, 2_000, 4_000, 8_000]);
    }

    #[test]
    fn network_failure_is_retried_twice() {
        assert_eq!(delays(&unreachable(RetryPolicy::Transient)), [500, 1_000]);
    }

    #[test]
    fn other_errors_are_not_retried() {
        let reset = Duration::from_secs(1);
        let limited = QueryError::RateLimited {
            query: query(),
            reset,
        };
        let others = [
            limited,
            unreachable(RetryPolicy::Certificate),
            unreachable(RetryPolicy::Blocked),
        ];
        assert!(others.iter().all(|error| delays(error).is_empty()));
    }
}
