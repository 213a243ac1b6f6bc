//! The kept state of an account: [`Kucoin::account`](crate::Kucoin::account).

mod builder;
mod changes;
mod driver;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use kucoin_streams_account::{AccountChange, AccountOrder, AccountPart, AccountState, Trust};
use kucoin_streams_client::{EndReason, SubscriptionHandle, TopicLedger};
use kucoin_streams_core::{Timestamp, WsKey};
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

pub use builder::AccountBuilder;
pub use changes::{AccountChanges, Lagged, WaitError};

use crate::Kucoin;

/// The kept state of one account: orders, fills, balances, positions and margin.
///
/// Each part has a trust: whether it is what KuCoin has. Get it from [`Kucoin::account`]. Clones share the state; a task keeps it up to date until the last clone is dropped.
/// Readers never wait: [`state`](Self::state) returns a value that does not change.
#[derive(Clone)]
pub struct Account {
    kucoin: Kucoin,
    shared: Arc<Shared>,
    task: Arc<TaskGuard>,
}

/// What the task and the handles share.
struct Shared {
    state: ArcSwap<AccountState>,
    /// The task has the sender, so that the streams of changes end with the task.
    changes: broadcast::WeakSender<AccountChange>,
    /// Becomes `true` when each topic has had its first report.
    started: watch::Sender<bool>,
    ended: watch::Sender<Option<EndReason>>,
    activity: Mutex<Vec<ConnectionActivity>>,
    handles: Mutex<Vec<SubscriptionHandle>>,
}

/// Ends the task when the last handle is dropped.
pub(crate) struct TaskGuard(pub(crate) AbortHandle);

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What one connection of an account has received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionActivity {
    /// Key of the connection.
    pub ws_key: WsKey,
    /// Number of events that were pushed.
    pub events: u64,
    /// Number of events that were missed and fetched.
    pub recovered: u64,
    /// Number of gaps.
    pub gaps: u64,
    /// Local receive time of the last event; `None` if there was none.
    pub last_event_at: Option<Timestamp>,
    /// Time from KuCoin's push to the receipt of the last event, by two clocks.
    ///
    /// `None` if KuCoin sends no push time.
    pub latency: Option<Duration>,
}

impl Account {
    /// Returns the kept state as of now. This takes some nanoseconds and never waits.
    pub fn state(&self) -> Arc<AccountState> {
        self.shared.state.load_full()
    }

    /// Returns `true` if these parts are live on every connection.
    ///
    /// Then [`state`](Self::state) shows what KuCoin has. Ask before each order. A part that is not kept is not live.
    pub fn is_live(&self, parts: &[AccountPart]) -> bool {
        self.shared.state.load().is_live(parts)
    }

    /// Returns the trust in a part; `None` if the part is not kept.
    pub fn trust(&self, part: AccountPart) -> Option<Trust> {
        self.shared.state.load().trust(part).cloned()
    }

    /// Returns a stream of the changes from now on.
    ///
    /// It holds the last 4,096 changes. A reader that is slower gets [`Lagged`] with the number of the changes that it has
    /// missed; the state has them all.
    pub fn changes(&self) -> AccountChanges {
        // If the account is closed, the stream ends at once.
        let sender = self.shared.changes.upgrade();
        let sender = sender.unwrap_or_else(|| broadcast::Sender::new(1));
        AccountChanges::new(sender.subscribe(), self.shared.ended.subscribe())
    }

    /// Waits until an order satisfies a condition, and returns the order.
    ///
    /// Returns at once if it already does. The order need not be known yet. Cancel safe.
    ///
    /// ```no_run
    /// # use kucoin_streams::{Account, OrderPhase};
    /// # async fn run(account: Account, order_id: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let order = account.wait_for(order_id, |order| order.phase == OrderPhase::Done).await?;
    /// println!("filled {} at {:?}", order.filled_size, order.average_price());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns [`WaitError::Done`] if the order is done and does not satisfy the condition, and [`WaitError::Closed`] if the
    /// account is closed.
    pub async fn wait_for(
        &self,
        order_id: &str,
        is_reached: impl FnMut(&AccountOrder) -> bool,
    ) -> Result<Arc<AccountOrder>, WaitError> {
        let changes = self.changes();
        changes.wait_for(&self.shared, order_id, is_reached).await
    }

    /// Waits until these parts are live on every connection. Cancel safe.
    ///
    /// Returns at once if they are.
    ///
    /// # Errors
    /// Returns [`WaitError::NotKept`] if a part is not kept, and [`WaitError::Closed`] if the account is closed.
    pub async fn wait_live(&self, parts: &[AccountPart]) -> Result<(), WaitError> {
        let changes = self.changes();
        changes.wait_live(&self.shared, parts).await
    }

    /// Returns what each connection has received.
    pub fn activity(&self) -> Vec<ConnectionActivity> {
        locked(&self.shared.activity).clone()
    }

    /// Returns the frame counters of each topic: see [`Subscription::ledger`](crate::Subscription::ledger).
    pub fn ledger(&self) -> Vec<TopicLedger> {
        let handles = locked(&self.shared.handles);
        handles
            .iter()
            .flat_map(SubscriptionHandle::ledger)
            .collect()
    }

    /// Returns the client, for queries, lifecycle events and connections.
    pub fn client(&self) -> &Kucoin {
        &self.kucoin
    }

    /// Returns `true` if the account is closed: the state does not change any more, and no part is live.
    pub fn is_closed(&self) -> bool {
        self.task.0.is_finished()
    }

    /// Waits until the account is closed, and returns the reason. Cancel safe.
    ///
    /// An account is closed by [`Kucoin::close`](crate::Kucoin::close) of its [`client`](Self::client), or if every
    /// connection failed for good, for example because the API key was deleted.
    pub async fn closed(&self) -> EndReason {
        let mut ended = self.shared.ended.subscribe();
        let reason = ended.wait_for(Option::is_some).await;
        // Cannot fail: the sender is in `shared`.
        reason
            .ok()
            .and_then(|reason| reason.clone())
            .unwrap_or(EndReason::Unsubscribed)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state.load();
        f.debug_struct("Account")
            .field("applied", &state.applied())
            .field("is_all_live", &state.is_all_live())
            .finish_non_exhaustive()
    }
}
