//! The task of one account of a fleet: starts it, and starts it again if it fails.

use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use kucoin_streams_client::{EndReason, SubscribeError};
use kucoin_streams_session::CloseReason;
use tokio::sync::{mpsc, oneshot, watch};

use super::builder::{StartTurn, Starts};
use crate::account::TaskGuard;
use crate::{Account, AccountBuilder, Kucoin};

/// Status of an account of a fleet: see [`Fleet::status`](crate::Fleet::status).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FleetStatus {
    /// The account is starting, or waits for its turn.
    Starting,
    /// The account is followed.
    Running(Account),
    /// The account could not start.
    Failed(StartFailure),
    /// The account has ended. Unless you closed its client, it is started again soon.
    Ended(EndReason),
    /// The account was removed, or the fleet is closed.
    Removed,
}

/// A failed start of an account.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StartFailure {
    /// Why the account could not start, and what to do.
    pub error: SubscribeError,
    /// Number of failed starts since the account was followed, added or restarted.
    pub failures: u32,
    /// Time until the next start; `None` if retrying is useless, as with refused credentials.
    ///
    /// Then fix the cause, and call [`Fleet::replace_key`](crate::Fleet::replace_key) or
    /// [`Fleet::restart`](crate::Fleet::restart).
    pub retry_in: Option<Duration>,
}

impl fmt::Display for StartFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "start {} failed: {}; ", self.failures, self.error)?;
        match self.retry_in {
            Some(delay) => write!(f, "next start in {delay:.1?}"),
            None => {
                f.write_str("fix the cause, then call `Fleet::replace_key` or `Fleet::restart`")
            }
        }
    }
}

/// An account of a fleet. Dropping it ends its task.
pub(super) struct Member {
    /// No other account of the fleet ever has this number.
    pub(super) number: u64,
    kucoin: Kucoin,
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<FleetStatus>,
    _task: TaskGuard,
}

type Started = Result<Account, SubscribeError>;

enum Command {
    Restart(oneshot::Sender<Started>),
    Stop,
}

impl Member {
    /// Starts the task, within a tokio runtime.
    pub(super) fn spawn(
        number: u64,
        kucoin: Kucoin,
        account: AccountBuilder,
        starts: Arc<Starts>,
    ) -> Self {
        let (commands, received) = mpsc::channel(1);
        let (sender, status) = watch::channel(FleetStatus::Starting);
        let task = Task {
            kucoin: kucoin.clone(),
            commands: received,
            follower: Follower {
                account,
                starts,
                status: sender,
                replies: Vec::new(),
            },
        };
        Self {
            number,
            kucoin,
            commands,
            status,
            _task: TaskGuard(tokio::spawn(task.run()).abort_handle()),
        }
    }

    pub(super) fn kucoin(&self) -> &Kucoin {
        &self.kucoin
    }

    pub(super) fn status(&self) -> FleetStatus {
        self.status.borrow().clone()
    }

    /// Returns a receiver for which the current status is new.
    pub(super) fn watch(&self) -> watch::Receiver<FleetStatus> {
        let mut status = self.status.clone();
        status.mark_changed();
        status
    }

    pub(super) fn account(&self) -> Option<Account> {
        match &*self.status.borrow() {
            FleetStatus::Running(account) => Some(account.clone()),
            _ => None,
        }
    }

    /// Closes the connections, starts the account, and returns the outcome; `None` if it was removed.
    pub(super) async fn restart(&self) -> Option<Started> {
        let (reply, started) = oneshot::channel();
        let sent = self.commands.send(Command::Restart(reply)).await;
        sent.ok()?;
        started.await.ok()
    }

    /// Closes the connections, and waits until the task has ended.
    pub(super) async fn stop(&self) {
        // Fails if the task has ended.
        let _ = self.commands.send(Command::Stop).await;
        let mut status = self.status.clone();
        let _ = status
            .wait_for(|status| matches!(status, FleetStatus::Removed))
            .await;
    }
}

struct Task {
    kucoin: Kucoin,
    commands: mpsc::Receiver<Command>,
    follower: Follower,
}

impl Task {
    async fn run(mut self) {
        loop {
            let command = {
                let following = pin!(self.follower.follow());
                match select(following, pin!(self.commands.recv())).await {
                    Either::Left((never, _)) => match never {},
                    Either::Right((command, _)) => command,
                }
            };
            self.kucoin.close().await;
            match command {
                Some(Command::Restart(reply)) => self.follower.replies.push(reply),
                Some(Command::Stop) | None => return,
            }
        }
    }
}

struct Follower {
    account: AccountBuilder,
    starts: Arc<Starts>,
    status: watch::Sender<FleetStatus>,
    /// Callers that wait for the outcome of a start.
    replies: Vec<oneshot::Sender<Started>>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Receivers keep the last value, which must not be an account.
        self.status.send_replace(FleetStatus::Removed);
    }
}

impl Follower {
    /// Starts the account, and again whenever it has failed or ended.
    async fn follow(&mut self) -> Infallible {
        let (mut turn, mut failures) = (StartTurn::First, 0_u32);
        loop {
            self.status.send_replace(FleetStatus::Starting);
            let retry_in = match self.starts.start(turn, self.account.clone()).await {
                Ok(account) => {
                    failures = 0;
                    self.report(FleetStatus::Running(account.clone()), Ok(account.clone()));
                    self.until_ended(account).await
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    let retry_in = error.is_retryable().then(|| self.starts.delay(failures));
                    let failure = StartFailure {
                        error: error.clone(),
                        failures,
                        retry_in,
                    };
                    self.report(FleetStatus::Failed(failure), Err(error));
                    retry_in
                }
            };
            match retry_in {
                Some(delay) => tokio::time::sleep(delay).await,
                None => std::future::pending().await,
            }
            turn = StartTurn::Again;
        }
    }

    /// Sets the status, then replies, so that a caller finds its account.
    fn report(&mut self, status: FleetStatus, started: Started) {
        self.status.send_replace(status);
        for reply in self.replies.drain(..) {
            // Fails if the caller does not wait any more.
            let _ = reply.send(started.clone());
        }
    }

    /// Waits until an account has ended; returns the delay before it is started again.
    async fn until_ended(&self, account: Account) -> Option<Duration> {
        let reason = account.closed().await;
        let is_requested = reason == EndReason::Closed(CloseReason::Requested);
        self.status.send_replace(FleetStatus::Ended(reason));
        (!is_requested).then(|| self.starts.delay(1))
    }
}
