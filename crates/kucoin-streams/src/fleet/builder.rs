//! Settings of a fleet, and what is shared by the starts of its accounts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams_client::{Config, SubscribeError};
use kucoin_streams_session::Backoff;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::{Fleet, Inner, Members};
use crate::{Account, AccountBuilder, Kucoin, KucoinBuilder};

type ClientSettings = dyn Fn(KucoinBuilder) -> KucoinBuilder + Send + Sync;
type AccountSettings = dyn Fn(AccountBuilder) -> AccountBuilder + Send + Sync;

/// Time after which a start no longer counts: an exchange that does not answer delays no other account.
const TURN: Duration = Duration::from_secs(5);

/// Builder of a [`Fleet`]: see [`Fleet::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct FleetBuilder {
    client: Box<ClientSettings>,
    account: Box<AccountSettings>,
    max_starting: usize,
    retry: Backoff,
}

impl Default for FleetBuilder {
    fn default() -> Self {
        Self {
            client: Box::new(|client| client),
            account: Box::new(|account| account),
            max_starting: 16,
            retry: Backoff {
                base: Duration::from_secs(2),
                cap: Duration::from_secs(5 * 60),
            },
        }
    }
}

impl FleetBuilder {
    /// Sets what all clients have in common: hosts, proxy, transport, [`Config`].
    ///
    /// `settings` is called once for each account.
    /// Create a [`DialLimiter`](crate::DialLimiter) outside and clone it, so that the accounts share it. By default they
    /// share the one of the process. Unless you set
    /// [`first_rotation_after`](crate::Config::with_first_rotation_after), each account has another time for its first
    /// rotation, so that rotations are spread evenly.
    ///
    /// ```
    /// # use kucoin_streams::{Fleet, Hosts, Region};
    /// let fleet = Fleet::builder().client(|client| client.hosts(Hosts::of(Region::Europe))).build();
    /// ```
    pub fn client(
        mut self,
        settings: impl Fn(KucoinBuilder) -> KucoinBuilder + Send + Sync + 'static,
    ) -> Self {
        self.client = Box::new(settings);
        self
    }

    /// Sets what is followed of all accounts. It is called once for each account.
    pub fn account(
        mut self,
        settings: impl Fn(AccountBuilder) -> AccountBuilder + Send + Sync + 'static,
    ) -> Self {
        self.account = Box::new(settings);
        self
    }

    /// Sets the number of accounts that start at the same time (minimum 1). Default: 16.
    ///
    /// A start takes about two connections and 30 REST queries. An account that does not start within 5 s no longer counts,
    /// and accounts that are started again count separately.
    pub fn max_starting(mut self, accounts: usize) -> Self {
        self.max_starting = accounts;
        self
    }

    /// Sets the delays before an account is started again, with jitter.
    ///
    /// Default: up to 2 s, doubling to 5 min.
    pub fn retry(mut self, backoff: Backoff) -> Self {
        self.retry = backoff;
        self
    }

    /// Creates the fleet, without accounts.
    #[must_use]
    pub fn build(self) -> Fleet {
        let turns = || Semaphore::new(self.max_starting.clamp(1, Semaphore::MAX_PERMITS));
        let starts = Starts {
            first: turns(),
            again: turns(),
            retry: self.retry,
        };
        let settings = Settings {
            client: self.client,
            account: self.account,
            starts: Arc::new(starts),
        };
        Fleet {
            inner: Arc::new(Inner {
                settings,
                added: Default::default(),
                members: watch::Sender::new(Members::default()),
            }),
        }
    }
}

impl fmt::Debug for FleetBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetBuilder")
            .field("max_starting", &self.max_starting)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// Settings of the accounts of a fleet.
pub(super) struct Settings {
    client: Box<ClientSettings>,
    account: Box<AccountSettings>,
    starts: Arc<Starts>,
}

impl Settings {
    /// Returns the builder of the client of the account with this number.
    pub(super) fn client(&self, number: u64) -> KucoinBuilder {
        let builder = (self.client)(Kucoin::builder());
        builder.map_config(|config| with_spread_rotation(config, number))
    }

    pub(super) fn account(&self, kucoin: &Kucoin) -> AccountBuilder {
        (self.account)(kucoin.account())
    }

    pub(super) fn starts(&self) -> Arc<Starts> {
        Arc::clone(&self.starts)
    }
}

/// Sets the first rotation so that those of all accounts are spread evenly over the interval, however many there are.
///
/// Successive multiples of the golden ratio, without their integer part, do that.
fn with_spread_rotation(config: Config, number: u64) -> Config {
    let (Some(every), None) = (
        config.session.rotate_every,
        config.session.first_rotation_after,
    ) else {
        return config;
    };
    /// 2^64 divided by the golden ratio.
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let part = number.wrapping_add(1).wrapping_mul(STEP) >> 32;
    let seconds = u128::from(every.as_secs()) * u128::from(part);
    let after = Duration::from_secs(u64::try_from(seconds >> 32).unwrap_or(u64::MAX));
    config.with_first_rotation_after(after)
}

/// Whether an account is started for the first time or on request, or again after a failure.
#[derive(Clone, Copy, Debug)]
pub(super) enum StartTurn {
    First,
    Again,
}

/// Turns to start, shared by the accounts of a fleet.
pub(super) struct Starts {
    /// Accounts that start for the first time, or on request, never wait for those that have failed.
    first: Semaphore,
    again: Semaphore,
    retry: Backoff,
}

impl Starts {
    /// Waits for a turn, and starts an account.
    pub(super) async fn start(
        &self,
        turn: StartTurn,
        account: AccountBuilder,
    ) -> Result<Account, SubscribeError> {
        let turns = match turn {
            StartTurn::First => &self.first,
            StartTurn::Again => &self.again,
        };
        // Fails only if the semaphore is closed, which it never is.
        let turn = turns.acquire().await.ok();
        let mut start = Box::pin(account.start());
        if let Ok(started) = timeout(TURN, start.as_mut()).await {
            return started;
        }
        drop(turn);
        start.await
    }

    /// Returns the delay before the next start. It is at least a quarter of the longest, so that no account storms.
    pub(super) fn delay(&self, failures: u32) -> Duration {
        use std::hash::{BuildHasher, RandomState};
        let random = RandomState::new().hash_one("kucoin-streams");
        let least = self.retry.ceiling(failures) / 4;
        self.retry.delay(failures, random).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_rotations_are_spread_over_the_interval() {
        let every = Duration::from_secs(23 * 60 * 60);
        for accounts in [2_u32, 50, 500] {
            let first = |number| {
                let config = with_spread_rotation(Config::default(), number);
                config.session.first_rotation_after.unwrap_or(every)
            };
            let mut times: Vec<Duration> = (0..u64::from(accounts)).map(first).collect();
            times.sort_unstable();
            assert!(times.last() <= Some(&every));
            let fair = every / accounts;
            let nearest = times.windows(2).map(|pair| pair[1] - pair[0]).min();
            assert!(nearest >= Some(fair / 3), "{accounts}: {nearest:?}");
        }
    }

    #[test]
    fn settings_of_the_user_are_kept() {
        let own = Config::default().with_first_rotation_after(Duration::from_secs(70));
        assert_eq!(with_spread_rotation(own.clone(), 3), own);
        let none = Config::default().without_rotation();
        assert_eq!(with_spread_rotation(none.clone(), 3), none);
    }
}
