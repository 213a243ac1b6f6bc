//! Which topics an account needs, and its start.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use futures_util::future::{BoxFuture, join_all};
use kucoin_streams_account::{AccountBook, AccountPart, AccountSettings, AccountState, parts_of};
use kucoin_streams_client::SubscribeError;
use kucoin_streams_core::{Text, Timestamp, WsKey};
use kucoin_streams_recovery::RecoverySettings;
use kucoin_streams_rest::{AccountModeInfo, AccountModeKind, AccountModeRow};
use tokio::sync::{broadcast, watch};

use super::driver::{Driver, Unsubscribed, note_refused, note_unsubscribed};
use super::{Account, Shared, TaskGuard};
use crate::{AnySubscription, AnyTopic, Kucoin};

/// Number of changes that a reader can be behind.
const CHANGES: usize = 4_096;

/// Builder of an [`Account`]: see [`Kucoin::account`].
#[derive(Clone, Debug)]
#[must_use = "an account is not followed until it is awaited"]
pub struct AccountBuilder {
    kucoin: Kucoin,
    ws_keys: Option<Vec<WsKey>>,
    topics: Option<Vec<AnyTopic>>,
    parts: Vec<AccountPart>,
    settings: AccountSettings,
    recovery: RecoverySettings,
}

impl Kucoin {
    /// Keeps the state of the account: orders, fills, balances, positions and margin.
    ///
    /// Each part has a [trust](crate::Trust): whether it is what KuCoin has.
    ///
    /// Await it within a tokio runtime. It subscribes, reads the state over REST, and returns once every part has been read or
    /// is known to be unreadable, usually after 2 s; then a task keeps the state up to date. After a gap, what was missed is
    /// fetched, and the parts are live again once they are complete.
    ///
    /// The account is asked for its mode: a unified account is followed on Pro V2, another one on the spot and the futures
    /// connection of V1. Choose yourself with [`AccountBuilder::ws_keys`] or [`AccountBuilder::topics`].
    ///
    /// ```no_run
    /// # use kucoin_streams::{AccountPart, Kucoin};
    /// # async fn run(kucoin: Kucoin) -> Result<(), Box<dyn std::error::Error>> {
    /// let account = kucoin.account().await?;
    /// for order in account.state().open_orders() {
    ///     println!("{} {} {} of {:?}", order.symbol, order.side, order.filled_size, order.size);
    /// }
    /// if account.is_live(&[AccountPart::Orders, AccountPart::Balances]) {
    ///     // The numbers are those of KuCoin: place an order.
    /// }
    /// # Ok(()) }
    /// ```
    pub fn account(&self) -> AccountBuilder {
        AccountBuilder {
            kucoin: self.clone(),
            ws_keys: None,
            topics: None,
            parts: AccountPart::ALL.to_vec(),
            settings: AccountSettings::default(),
            recovery: RecoverySettings::default(),
        }
    }
}

impl AccountBuilder {
    /// Sets the connections to follow, with all their topics. Default: by the mode of the account.
    ///
    /// Do not mix V1 and Pro V2: they report the same account, so everything would be kept twice.
    pub fn ws_keys(mut self, ws_keys: impl IntoIterator<Item = WsKey>) -> Self {
        self.ws_keys = Some(ws_keys.into_iter().collect());
        self
    }

    /// Sets the topics to follow, instead of all topics of the connections.
    ///
    /// Use it for topics that need a symbol, or for the classic accounts of Pro V2.
    pub fn topics(mut self, topics: impl IntoIterator<Item = AnyTopic>) -> Self {
        self.topics = Some(topics.into_iter().collect());
        self
    }

    /// Sets the parts to keep. Default: all.
    pub fn parts(mut self, parts: impl IntoIterator<Item = AccountPart>) -> Self {
        self.parts = parts.into_iter().collect();
        self
    }

    /// Sets the symbols that you trade: see [`RecoverySettings::symbols`]. Only unified accounts need it.
    ///
    /// KuCoin lists spot and margin orders of a unified account by symbol only. Name every spot symbol in which the account may
    /// have an open order: an order in another symbol is not seen until its next event, although the part is live.
    ///
    /// Unified accounts need them for spot orders.
    pub fn symbols<T: Into<Text>>(mut self, symbols: impl IntoIterator<Item = T>) -> Self {
        self.recovery.symbols = symbols.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how much is kept, and the audit.
    pub fn settings(mut self, settings: AccountSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets how gaps are filled. It replaces [`symbols`](Self::symbols) too; `since` has no effect.
    pub fn recovery(mut self, recovery: RecoverySettings) -> Self {
        self.recovery = recovery;
        self
    }

    /// Subscribes, reads the state, and starts the task: see [`Kucoin::account`].
    ///
    /// # Errors
    /// Returns an error if no topic can be subscribed: the first error of a connection. A connection or topic that is refused
    /// while others are not is a stale part. A connection that is not live in time is tried again.
    pub async fn start(mut self) -> Result<Account, SubscribeError> {
        // The kept state begins with it.
        self.recovery.snapshot = true;
        let groups = self.topics_by_connection().await;
        let subscribing = groups.iter().map(|(_, topics)| {
            let kucoin = &self.kucoin;
            kucoin.subscribe_any_available(topics.clone())
        });
        let (mut subscriptions, mut failed, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (group, outcome) in groups.iter().zip(join_all(subscribing).await) {
            match outcome {
                Ok((subscription, errors)) => {
                    subscriptions.push(subscription);
                    refused.push((group.0, errors));
                }
                Err(error) => failed.push((group.clone(), error)),
            }
        }
        if subscriptions.is_empty() {
            let first = failed.into_iter().next().map(|(_, error)| error);
            return Err(first.unwrap_or(SubscribeError::Nothing));
        }
        let mut book = self.book(&groups);
        let now = Timestamp::now();
        for (group, error) in &failed {
            note_unsubscribed(&mut book, group, error, now);
        }
        for (ws_key, errors) in &refused {
            note_refused(&mut book, *ws_key, errors, now);
        }
        failed.retain(|(_, error)| error.is_retryable());
        let retries = failed.into_iter().map(|(group, _)| group).collect();
        Ok(self.spawn(book, subscriptions, retries).await)
    }

    fn book(&self, groups: &[Unsubscribed]) -> AccountBook {
        let names: Vec<(WsKey, String)> = groups
            .iter()
            .flat_map(|(key, topics)| topics.iter().map(|topic| (*key, topic.to_string())))
            .collect();
        let topics = names.iter().map(|(key, name)| (*key, &**name));
        AccountBook::new(self.settings.clone(), topics, Timestamp::now())
    }

    async fn spawn(
        self,
        book: AccountBook,
        subscriptions: Vec<AnySubscription>,
        retries: Vec<Unsubscribed>,
    ) -> Account {
        let changes = broadcast::Sender::new(CHANGES);
        let shared = Arc::new(Shared {
            state: ArcSwap::from_pointee(AccountState::default()),
            changes: changes.downgrade(),
            started: watch::Sender::new(false),
            ended: watch::Sender::new(None),
            activity: Mutex::default(),
            handles: Mutex::default(),
        });
        let mut started = shared.started.subscribe();
        let driven = Arc::clone(&shared);
        let recovery = &self.recovery;
        let mut driver = Driver::new(&self.kucoin, book, subscriptions, recovery, changes, driven);
        for group in retries {
            driver.retry(group);
        }
        let task = tokio::spawn(driver.run());
        let account = Account {
            kucoin: self.kucoin,
            shared,
            task: Arc::new(TaskGuard(task.abort_handle())),
        };
        // Cannot fail: the sender is in `shared`.
        let _ = started.wait_for(|is_started| *is_started).await;
        account
    }

    /// Returns the topics that keep a wanted part, by connection.
    async fn topics_by_connection(&self) -> Vec<Unsubscribed> {
        let topics = match &self.topics {
            Some(topics) => topics.clone(),
            None => {
                let ws_keys = match &self.ws_keys {
                    Some(ws_keys) => ws_keys.clone(),
                    None => self.detect().await,
                };
                let topics = ws_keys.into_iter().flat_map(AnyTopic::account_wide);
                topics.collect()
            }
        };
        let mut groups: Vec<Unsubscribed> = Vec::new();
        for topic in topics {
            let parts = parts_of(&topic.to_string());
            if !parts.iter().any(|part| self.parts.contains(part)) {
                continue;
            }
            match groups.iter_mut().find(|(key, _)| *key == topic.ws_key()) {
                Some((_, topics)) => topics.push(topic),
                None => groups.push((topic.ws_key(), vec![topic])),
            }
        }
        groups
    }

    /// Asks for the mode of the account. V1 is followed if KuCoin does not say.
    async fn detect(&self) -> Vec<WsKey> {
        let query = AccountModeInfo::new().into();
        let page = self.kucoin.rest().execute(&query).await;
        let rows = page
            .ok()
            .and_then(|page| page.rows::<AccountModeRow>().ok());
        let is_unified = rows.is_some_and(|rows| {
            let mut modes = rows.iter().map(|row| &row.mode);
            modes.any(|mode| *mode == AccountModeKind::Unified)
        });
        match is_unified {
            true => vec![WsKey::PrivateProV2],
            false => vec![WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1],
        }
    }
}

impl IntoFuture for AccountBuilder {
    type Output = Result<Account, SubscribeError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}
