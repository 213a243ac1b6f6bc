//! Streams of changes, and waiting for a change.

use std::sync::Arc;

use kucoin_streams_account::{AccountChange, AccountOrder, AccountPart, OrderOutcome, OrderPhase};
use kucoin_streams_client::EndReason;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use super::Shared;

/// A stream of the changes of an account: see [`Account::changes`](crate::Account::changes).
#[derive(Debug)]
pub struct AccountChanges {
    receiver: broadcast::Receiver<AccountChange>,
    ended: watch::Receiver<Option<EndReason>>,
}

/// Changes were dropped, because the reader was too slow. The state has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{missed} changes were dropped, because the reader was too slow; read the state of the account"
)]
#[non_exhaustive]
pub struct Lagged {
    /// Number of dropped changes.
    pub missed: u64,
}

/// Error of `wait_for` and `wait_live` of an [`Account`](crate::Account).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The order is done, and does not satisfy the condition.
    #[error("order {} is done ({}) and can no longer satisfy the condition", .0.order_id, outcome_of(.0))]
    Done(Arc<AccountOrder>),
    /// The part is not kept, so it is never live.
    #[error(
        "the part `{0}` is not kept; name it with `AccountBuilder::parts`, and follow its connection"
    )]
    NotKept(AccountPart),
    /// The account is closed: nothing changes any more.
    #[error("the account is closed; call `Kucoin::account` again")]
    Closed,
}

fn outcome_of(order: &AccountOrder) -> &'static str {
    order.outcome.map_or("unknown", OrderOutcome::as_str)
}

impl AccountChanges {
    pub(super) fn new(
        receiver: broadcast::Receiver<AccountChange>,
        ended: watch::Receiver<Option<EndReason>>,
    ) -> Self {
        Self { receiver, ended }
    }

    /// Returns the next change, or how many were dropped; `None` if the account is closed.
    ///
    /// Cancel safe: no change is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<AccountChange, Lagged>> {
        match self.receiver.recv().await {
            Ok(change) => Some(Ok(change)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged { missed })),
            Err(RecvError::Closed) => None,
        }
    }

    /// Returns the reason why the account is closed; `None` if it is not.
    ///
    /// It is `None` too if all handles of the account were dropped.
    pub fn end_reason(&self) -> Option<EndReason> {
        self.ended.borrow().clone()
    }

    pub(super) async fn wait_for(
        mut self,
        shared: &Shared,
        order_id: &str,
        mut is_reached: impl FnMut(&AccountOrder) -> bool,
    ) -> Result<Arc<AccountOrder>, WaitError> {
        let mut look = |order: Arc<AccountOrder>| match () {
            () if is_reached(&order) => Some(Ok(order)),
            () if order.phase == OrderPhase::Done => Some(Err(WaitError::Done(order))),
            () => None,
        };
        let known = || {
            shared
                .state
                .load()
                .order(order_id)
                .map(|order| order.to_arc())
        };
        if let Some(found) = known().and_then(&mut look) {
            return found;
        }
        loop {
            let order = match self.next().await {
                Some(Ok(AccountChange::Order(order))) if order.order_id == order_id => Some(order),
                Some(Ok(_)) => None,
                Some(Err(_)) => known(),
                None => return Err(WaitError::Closed),
            };
            if let Some(found) = order.and_then(&mut look) {
                return found;
            }
        }
    }

    pub(super) async fn wait_live(
        mut self,
        shared: &Shared,
        parts: &[AccountPart],
    ) -> Result<(), WaitError> {
        let state = shared.state.load_full();
        if let Some(part) = parts.iter().find(|part| state.trust(**part).is_none()) {
            return Err(WaitError::NotKept(*part));
        }
        while !shared.state.load().is_live(parts) {
            match self.next().await {
                Some(_) => {}
                None => return Err(WaitError::Closed),
            }
        }
        Ok(())
    }
}
