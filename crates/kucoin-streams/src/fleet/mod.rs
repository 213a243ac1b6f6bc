//! Several accounts in one process: [`Fleet`].

mod builder;
mod changes;
mod member;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use kucoin_streams_auth::Credentials;
use kucoin_streams_client::SubscribeError;
use tokio::sync::watch;

pub use builder::FleetBuilder;
pub use changes::{FleetChanges, FleetEvent};
pub use member::{FleetStatus, StartFailure};

use crate::stats::FleetStats;
use crate::{Account, AccountBuilder, BuildError, KucoinBuilder, Lagged, ReplaceKeyError};
use builder::Settings;
use member::Member;

/// Several accounts in one process, each with a label.
///
/// Each account is started, followed, and started again if it fails, without delaying the others. All share one limit of
/// dials; starts are limited, and rotations are spread over time. Clones share the accounts, which are closed by
/// [`close`](Self::close), or when the last clone is dropped.
///
/// ```no_run
/// use kucoin_streams::{Credentials, Fleet, FleetEvent};
///
/// # async fn run(keys: Vec<(String, Credentials)>) -> Result<(), Box<dyn std::error::Error>> {
/// let fleet = Fleet::builder().build();
/// for (label, credentials) in keys {
///     fleet.add(label, credentials)?;
/// }
/// let mut changes = fleet.changes();
/// while let Some((label, event)) = changes.next().await {
///     match event {
///         FleetEvent::Started(account) => println!("{label}: {:?}", account.state().open_orders().count()),
///         FleetEvent::Change(change) => println!("{label}: {change:?}"),
///         FleetEvent::Lagged(lagged) => println!("{label}: {lagged}"),
///         FleetEvent::StartFailed(failure) => println!("{label}: {failure}"),
///         FleetEvent::Ended(reason) => println!("{label}: {reason}"),
///         _ => {}
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Fleet {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    /// Number of accounts that were ever added.
    added: AtomicU64,
    members: watch::Sender<Members>,
}

/// The accounts by label.
#[derive(Clone, Default)]
struct Members {
    by_label: BTreeMap<Arc<str>, Arc<Member>>,
    is_closed: bool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Readers of the changes keep the last value.
        self.members.send_replace(Members::closed());
    }
}

impl Members {
    fn closed() -> Self {
        Self {
            by_label: BTreeMap::new(),
            is_closed: true,
        }
    }

    /// Returns the numbers of the accounts.
    fn numbers(&self) -> BTreeSet<u64> {
        self.by_label.values().map(|member| member.number).collect()
    }

    /// Returns the status of the accounts that are not in `known`.
    fn new_since(&self, known: &BTreeSet<u64>) -> Vec<(Arc<str>, watch::Receiver<FleetStatus>)> {
        let members = self.by_label.iter();
        members
            .filter(|(_, member)| !known.contains(&member.number))
            .map(|(label, member)| (Arc::clone(label), member.watch()))
            .collect()
    }
}

/// Number of accounts of a [`Fleet`] by their condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetTotals {
    /// Accounts of which every kept part is live.
    pub live: usize,
    /// Accounts that are followed, with a part that is not live.
    pub not_live: usize,
    /// Accounts that are not followed: they are starting, could not start, or have ended.
    pub stopped: usize,
}

/// Error of a [`Fleet`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// No account has this label.
    #[error("no account has the label `{0}`; add it with `Fleet::add`")]
    UnknownLabel(String),
    /// Another account has this label.
    #[error(
        "another account has the label `{0}`; choose another label, or remove that account first"
    )]
    DuplicateLabel(String),
    /// The settings of the account are invalid.
    #[error(transparent)]
    Build(BuildError),
    /// The account could not be started.
    #[error(transparent)]
    Start(SubscribeError),
    /// The API key could not be replaced.
    #[error(transparent)]
    ReplaceKey(ReplaceKeyError),
    /// The fleet is closed, or the account was removed meanwhile.
    #[error(
        "the fleet is closed, or the account was removed; create another fleet, or add the account"
    )]
    Closed,
}

impl Fleet {
    /// Returns a builder with the default settings.
    pub fn builder() -> FleetBuilder {
        FleetBuilder::default()
    }

    /// Adds an account and starts it in the background, within a tokio runtime.
    ///
    /// The label is its name in this fleet, in the stream of [changes](Self::changes) and in logs.
    ///
    /// # Errors
    /// Returns an error if another account has the label, the settings are invalid, or the fleet is closed. What happens at
    /// the start is reported by the stream of changes and by [`status`](Self::status).
    pub fn add(
        &self,
        label: impl Into<Arc<str>>,
        credentials: Credentials,
    ) -> Result<(), FleetError> {
        let client = |client: KucoinBuilder| client.credentials(credentials);
        self.add_with(label, client, |account| account)
    }

    /// Adds an account with settings of its own, which are applied after those of the fleet.
    ///
    /// Set the credentials or a signer in `client`, and for example the symbols of the account in `account`. A transport or
    /// proxy of your own may need a limiter of its own: see [`Config::with_dials`](crate::Config::with_dials).
    ///
    /// ```no_run
    /// # use kucoin_streams::{Credentials, Fleet, Proxy};
    /// # fn add(fleet: &Fleet, credentials: Credentials, proxy: Proxy) -> Result<(), kucoin_streams::FleetError> {
    /// fleet.add_with(
    ///     "desk 7",
    ///     |client| client.credentials(credentials).proxy(proxy),
    ///     |account| account.symbols(["BTC-USDT", "ETH-USDT"]),
    /// )
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`add`](Self::add).
    pub fn add_with(
        &self,
        label: impl Into<Arc<str>>,
        client: impl FnOnce(KucoinBuilder) -> KucoinBuilder,
        account: impl FnOnce(AccountBuilder) -> AccountBuilder,
    ) -> Result<(), FleetError> {
        let label = label.into();
        let inner = &self.inner;
        let number = inner.added.fetch_add(1, Ordering::Relaxed);
        let kucoin = client(inner.settings.client(number)).label(Arc::clone(&label));
        let kucoin = kucoin.build().map_err(FleetError::Build)?;
        let account = account(inner.settings.account(&kucoin));
        let mut outcome = Ok(());
        inner.members.send_if_modified(|members| {
            outcome = match () {
                () if members.is_closed => Err(FleetError::Closed),
                () if members.by_label.contains_key(&label) => {
                    Err(FleetError::DuplicateLabel(label.to_string()))
                }
                () => Ok(()),
            };
            if outcome.is_ok() {
                let member = Member::spawn(number, kucoin, account, inner.settings.starts());
                members.by_label.insert(label, Arc::new(member));
            }
            outcome.is_ok()
        });
        outcome
    }

    /// Removes an account, and waits until its connections are closed, at most two seconds.
    ///
    /// # Errors
    /// Returns an error if no account has this label.
    pub async fn remove(&self, label: &str) -> Result<(), FleetError> {
        let mut removed = None;
        self.inner.members.send_if_modified(|members| {
            removed = members.by_label.remove(label);
            removed.is_some()
        });
        let member = removed.ok_or_else(|| FleetError::UnknownLabel(label.to_owned()))?;
        member.stop().await;
        Ok(())
    }

    /// Returns one stream of what happens to all accounts, also to those that are added later.
    ///
    /// It begins with the current status of each account: see [`FleetChanges`].
    pub fn changes(&self) -> FleetChanges {
        FleetChanges::new(self.inner.members.subscribe())
    }

    /// Returns an account that is followed now; `None` if it is unknown, starting, or could not start.
    pub fn get(&self, label: &str) -> Option<Account> {
        self.member(label).ok()?.account()
    }

    /// Returns the status of an account; `None` if it is unknown.
    pub fn status(&self, label: &str) -> Option<FleetStatus> {
        Some(self.member(label).ok()?.status())
    }

    /// Returns the labels of all accounts, sorted.
    pub fn labels(&self) -> Vec<Arc<str>> {
        self.inner
            .members
            .borrow()
            .by_label
            .keys()
            .cloned()
            .collect()
    }

    /// Returns the accounts that are followed now, by label.
    pub fn accounts(&self) -> Vec<(Arc<str>, Account)> {
        let members = self.inner.members.borrow();
        let accounts = members.by_label.iter();
        accounts
            .filter_map(|(label, member)| Some((Arc::clone(label), member.account()?)))
            .collect()
    }

    /// Returns `true` if there are accounts, and every kept part of each is live.
    pub fn is_all_live(&self) -> bool {
        let totals = self.totals();
        totals.live > 0 && totals.not_live + totals.stopped == 0
    }

    /// Returns the number of accounts that are live, not live, and stopped.
    pub fn totals(&self) -> FleetTotals {
        let members = self.inner.members.borrow();
        let mut totals = FleetTotals::default();
        for member in members.by_label.values() {
            let count = match member.account() {
                Some(account) if account.state().is_all_live() => &mut totals.live,
                Some(_) => &mut totals.not_live,
                None => &mut totals.stopped,
            };
            *count += 1;
        }
        totals
    }

    /// Returns the statistics of each account, and their [sums](FleetStats::total). Waits for nothing.
    pub fn stats(&self) -> FleetStats {
        let members = self.inner.members.borrow();
        let accounts = members.by_label.values();
        FleetStats {
            accounts: accounts.map(|member| member.kucoin().stats()).collect(),
        }
    }

    /// Closes the connections of an account, starts it at once, and returns it.
    ///
    /// Use it after you fixed the cause of a failure that is not retried.
    ///
    /// # Errors
    /// Returns an error if no account has this label, or the account cannot be started.
    pub async fn restart(&self, label: &str) -> Result<Account, FleetError> {
        let restarted = self.member(label)?.restart().await;
        let started = restarted.ok_or(FleetError::Closed)?;
        started.map_err(FleetError::Start)
    }

    /// Replaces the API key of an account without a gap.
    ///
    /// See [`Kucoin::replace_key`](crate::Kucoin::replace_key). An account that is not followed, or has a connection that failed for good, is restarted with the new key.
    ///
    /// # Errors
    /// Returns an error if no account has this label, or if the new key cannot be used. The old key is then used again, as
    /// `Kucoin::replace_key` says.
    pub async fn replace_key(
        &self,
        label: &str,
        credentials: &Credentials,
    ) -> Result<(), FleetError> {
        let member = self.member(label)?;
        let kucoin = member.kucoin();
        let replaced = kucoin.replace_signer(credentials).await;
        let old = replaced.map_err(FleetError::ReplaceKey)?;
        if member.account().is_some() && !kucoin.has_failed_connection() {
            return Ok(());
        }
        match self.restart(label).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let is_refused =
                    matches!(&error, FleetError::Start(error) if !error.is_retryable());
                if let (true, Some(tokens)) = (is_refused, kucoin.rest_tokens()) {
                    tokens.set_signer(old);
                }
                Err(error)
            }
        }
    }

    /// Closes all accounts, and waits until their connections are closed.
    ///
    /// It takes at most two seconds. Streams of changes yield what they have, then end. The fleet cannot be used again.
    pub async fn close(&self) {
        let members = self.inner.members.send_replace(Members::closed());
        join_all(members.by_label.values().map(|member| member.stop())).await;
    }

    fn member(&self, label: &str) -> Result<Arc<Member>, FleetError> {
        let members = self.inner.members.borrow();
        let member = members.by_label.get(label).cloned();
        member.ok_or_else(|| FleetError::UnknownLabel(label.to_owned()))
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.inner.members.borrow();
        let accounts = members.by_label.iter();
        f.debug_map()
            .entries(accounts.map(|(label, member)| (label, member.status())))
            .finish()
    }
}
