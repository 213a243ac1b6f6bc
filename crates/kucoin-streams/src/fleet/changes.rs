//! One stream of what happens to all accounts of a fleet.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use kucoin_streams_account::AccountChange;
use kucoin_streams_client::EndReason;
use tokio::sync::watch;

use super::{FleetStatus, Lagged, Members, StartFailure};
use crate::{Account, AccountChanges};

/// What happens to an account of a fleet: see [`Fleet::changes`](crate::Fleet::changes).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FleetEvent {
    /// The account is followed. Its changes follow; what changed before is in its [state](Account::state).
    Started(Account),
    /// The state of the account has changed.
    Change(AccountChange),
    /// Changes of this account were dropped, because the reader was too slow. Read its state.
    Lagged(Lagged),
    /// The account could not start.
    ///
    /// A slow reader gets only the last of several failures; [`StartFailure::failures`] is their number.
    StartFailed(StartFailure),
    /// The account has ended: [`Started`](Self::Started) or [`StartFailed`](Self::StartFailed) follows if it is started again.
    Ended(EndReason),
}

/// A stream of what happens to all accounts of a fleet, with the label of each.
///
/// Events of one account are in order, and no account delays another. For each account it holds the last 4,096 changes, as
/// [`Account::changes`]. A reader that is slower gets [`FleetEvent::Lagged`] with the number of changes of that account that it
/// has missed.
///
/// It implements `Stream`, for use with `futures_util` or `tokio_stream`.
pub struct FleetChanges {
    merged: BoxStream<'static, (Arc<str>, FleetEvent)>,
}

impl FleetChanges {
    pub(super) fn new(members: watch::Receiver<Members>) -> Self {
        let merged = added(members)
            .map(|(label, status)| events(status).map(move |event| (label.clone(), event)))
            .flatten_unordered(None);
        Self {
            merged: merged.boxed(),
        }
    }

    /// Returns the next event with the label of its account; `None` if the fleet is closed or dropped.
    ///
    /// Cancel safe: no event is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<(Arc<str>, FleetEvent)> {
        self.merged.next().await
    }
}

impl Stream for FleetChanges {
    type Item = (Arc<str>, FleetEvent);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.merged.as_mut().poll_next(context)
    }
}

impl fmt::Debug for FleetChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetChanges").finish_non_exhaustive()
    }
}

/// Returns the status of each account, then of those that are added. It keeps no account alive.
fn added(
    mut members: watch::Receiver<Members>,
) -> BoxStream<'static, (Arc<str>, watch::Receiver<FleetStatus>)> {
    members.mark_changed();
    let known = BTreeSet::new();
    let steps = stream::unfold((members, known), async |(mut members, known)| {
        members.changed().await.ok()?;
        let current = members.borrow_and_update();
        let (new, numbers) = (current.new_since(&known), current.numbers());
        let is_closed = current.is_closed;
        drop(current);
        (!is_closed).then(|| (stream::iter(new), (members, numbers)))
    });
    steps.flatten().boxed()
}

/// Returns the events of one account until it is removed.
fn events(status: watch::Receiver<FleetStatus>) -> BoxStream<'static, FleetEvent> {
    let reader = Reader {
        status,
        changes: None,
        has_ended: false,
    };
    let events = stream::unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((event, reader))
    });
    events.boxed()
}

struct Reader {
    status: watch::Receiver<FleetStatus>,
    changes: Option<AccountChanges>,
    /// The end of the last account was returned.
    has_ended: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<FleetEvent> {
        if let Some(changes) = &mut self.changes {
            return Some(match changes.next().await {
                Some(Ok(change)) => FleetEvent::Change(change),
                Some(Err(lagged)) => FleetEvent::Lagged(lagged),
                None => {
                    let reason = changes.end_reason().unwrap_or(EndReason::Unsubscribed);
                    self.changes = None;
                    self.has_ended = true;
                    FleetEvent::Ended(reason)
                }
            });
        }
        loop {
            self.status.changed().await.ok()?;
            let status = self.status.borrow_and_update().clone();
            match status {
                FleetStatus::Starting => {}
                FleetStatus::Running(account) => {
                    self.changes = Some(account.changes());
                    self.has_ended = false;
                    return Some(FleetEvent::Started(account));
                }
                FleetStatus::Failed(failure) => return Some(FleetEvent::StartFailed(failure)),
                // The account has started and ended before this reader looked.
                FleetStatus::Ended(reason) if !self.has_ended => {
                    self.has_ended = true;
                    return Some(FleetEvent::Ended(reason));
                }
                FleetStatus::Ended(_) => {}
                FleetStatus::Removed => return None,
            }
        }
    }
}
