//! `watch --account`: prints the kept state of an account, and each change of it.

use std::future::ready;
use std::pin::{Pin, pin};
use std::time::Duration;

use kucoin_streams::{
    Account, AccountBuilder, AccountChange, AccountChanges, CloseReason, Kucoin, Lagged, Lifecycle,
    LifecycleEvent, LifecycleStream, SubscribeError, WsKey,
};
use tokio::time::{Instant, timeout_at};

use super::by_connection;
use super::ending::{CLOSE_TIMEOUT, outcome, report_unwritten, write_out};
use super::stop_reason::{StopFuture, StopReason, wait_for_stop};
use super::{ended, whose_account};
use crate::access;
use crate::args::{Format, WatchArgs};
use crate::demo::Demo;
use crate::exit::{CommandError, ExitStatus, Stderr};
use crate::metrics_server;
use crate::output::{AccountLines, Printer, TopicAliases};
use crate::signals::Signals;

/// Interval at which the end of the account is noticed.
const END_CHECK: Duration = Duration::from_millis(200);

pub(super) async fn run(args: &WatchArgs, stderr: Stderr) -> Result<(), CommandError> {
    let ws_keys = args.connection.ws_key.iter().copied();
    let (kucoin, demo) = access::connect(&args.connection, ws_keys).await?;
    metrics_server::start(args.connection.metrics_addr, &kucoin, &stderr).await?;
    let signals = Signals::listen()
        .map_err(|error| CommandError::because("cannot listen for signals", &error))?;
    let format = Format::or_by_terminal(args.format);
    let mut printer = Printer::new(format, args.times.into(), TopicAliases::default(), true)
        .map_err(CommandError::cannot_write)?;
    let heading = format!("the kept state of {}", whose_account(demo.is_some()));
    printer.heading(
        &heading,
        "Times are in UTC. = state at the start. Stop with Ctrl-C.",
    );
    let account_loop = AccountLoop {
        kucoin,
        printer,
        stderr,
        lines: AccountLines::default(),
        live: Vec::new(),
        live_failure: None,
        printed: 0,
        count: args.count,
        stats: args.stats,
    };
    account_loop.run(args, demo.as_ref(), signals).await
}

struct AccountLoop {
    kucoin: Kucoin,
    printer: Printer,
    stderr: Stderr,
    lines: AccountLines,
    /// Connections that have or had a live topic.
    live: Vec<WsKey>,
    /// Error of the last connection that failed after it was live; it is already on stderr.
    live_failure: Option<ExitStatus>,
    /// Number of printed changes, without the state at the start.
    printed: u64,
    count: Option<u64>,
    stats: bool,
}

/// The next event of the loop.
enum AccountLoopEvent {
    Change(Result<AccountChange, Lagged>),
    Lifecycle(Lifecycle),
    Room,
    Nothing,
    Stop(StopReason),
}

impl AccountLoop {
    async fn run(
        mut self,
        args: &WatchArgs,
        demo: Option<&Demo>,
        signals: Signals,
    ) -> Result<(), CommandError> {
        let mut lifecycle = self.kucoin.lifecycle();
        let writer = self.printer.writer().clone();
        let mut stop = pin!(wait_for_stop(demo, signals, args.for_time, writer));
        let builder = access::account(&self.kucoin, &args.connection);
        let started = self.start(builder, &mut lifecycle, stop.as_mut()).await;
        let (account, reason) = match started {
            Ok(Started::Account(account)) => {
                let reason = self.follow(&account, &mut lifecycle, stop.as_mut()).await;
                let reason = reason.unwrap_or_else(|failed| StopReason::Finished(Err(failed)));
                (Some(*account), reason)
            }
            Ok(Started::Stopped(reason)) => (None, reason),
            Err(failed) => (None, StopReason::Finished(Err(failed))),
        };
        let reason = self
            .finish(account.as_ref(), reason, &mut lifecycle, stop)
            .await?;
        let unwritten = report_unwritten(self.printer.writer(), 0, &self.stderr);
        let has_failed = unwritten > 0 || self.live_failure.is_some();
        outcome(reason, self.printer.writer(), has_failed)
    }

    /// Waits until the account is started, and prints lifecycle events meanwhile.
    async fn start(
        &mut self,
        builder: AccountBuilder,
        lifecycle: &mut LifecycleStream,
        mut stop: Pin<&mut impl StopFuture>,
    ) -> Result<Started, CommandError> {
        let mut starting = pin!(builder.start());
        loop {
            self.printer.flush();
            tokio::select! {
                biased;
                reason = stop.as_mut() => return Ok(Started::Stopped(reason)),
                Some(event) = lifecycle.next() => self.print_lifecycle(&event)?,
                account = &mut starting => {
                    let account = account.map_err(|error: SubscribeError| access::cannot_start(&error))?;
                    return Ok(Started::Account(Box::new(account)));
                }
            }
        }
    }

    /// Prints the state and its changes until there is a reason to stop.
    async fn follow(
        &mut self,
        account: &Account,
        lifecycle: &mut LifecycleStream,
        mut stop: Pin<&mut impl StopFuture>,
    ) -> Result<StopReason, CommandError> {
        let mut changes = account.changes();
        self.print_state(account)?;
        loop {
            match self.next(&mut changes, lifecycle, stop.as_mut()).await {
                AccountLoopEvent::Change(Ok(change)) => {
                    let line = self.lines.line(&account.state(), change);
                    self.printer.account(&line, false)?;
                    self.printed += 1;
                    if self.count.is_some_and(|count| self.printed >= count) {
                        return Ok(StopReason::CountReached);
                    }
                }
                AccountLoopEvent::Change(Err(lagged)) => {
                    self.printer.lagged(lagged.missed)?;
                    // The changes that are still queued are older than the state.
                    changes = account.changes();
                    self.print_state(account)?;
                }
                AccountLoopEvent::Lifecycle(event) => self.print_lifecycle(&event)?,
                AccountLoopEvent::Room => {}
                AccountLoopEvent::Nothing if account.is_closed() => return Ok(self.closed()),
                AccountLoopEvent::Nothing => {}
                AccountLoopEvent::Stop(reason) => return Ok(reason),
            }
        }
    }

    /// Returns the next event; queues all lines for stdout before it waits.
    async fn next(
        &mut self,
        changes: &mut AccountChanges,
        lifecycle: &mut LifecycleStream,
        mut stop: Pin<&mut impl StopFuture>,
    ) -> AccountLoopEvent {
        if self.printer.is_full() {
            return tokio::select! {
                biased;
                reason = stop => AccountLoopEvent::Stop(reason),
                () = self.printer.room() => AccountLoopEvent::Room,
            };
        }
        tokio::select! {
            biased;
            reason = stop.as_mut() => return AccountLoopEvent::Stop(reason),
            Some(event) = lifecycle.next() => return AccountLoopEvent::Lifecycle(event),
            Some(change) = changes.next() => return AccountLoopEvent::Change(change),
            () = ready(()) => {}
        }
        self.printer.flush();
        tokio::select! {
            biased;
            reason = stop => AccountLoopEvent::Stop(reason),
            Some(event) = lifecycle.next() => AccountLoopEvent::Lifecycle(event),
            Some(change) = changes.next() => AccountLoopEvent::Change(change),
            () = tokio::time::sleep(END_CHECK) => AccountLoopEvent::Nothing,
        }
    }

    fn print_state(&mut self, account: &Account) -> Result<(), CommandError> {
        for line in self.lines.state(&account.state()) {
            self.printer.account(&line, true)?;
        }
        Ok(())
    }

    fn print_lifecycle(&mut self, event: &Lifecycle) -> Result<(), CommandError> {
        match &event.event {
            LifecycleEvent::Response { ok: true, .. } if !self.live.contains(&event.ws_key) => {
                self.live.push(event.ws_key);
            }
            LifecycleEvent::Close { reason } if self.live.contains(&event.ws_key) => {
                self.note_failure(event.ws_key, reason);
            }
            _ => {}
        }
        self.printer.lifecycle(event)
    }

    /// Prints the error of a connection that was live and has failed for good.
    fn note_failure(&mut self, ws_key: WsKey, reason: &CloseReason) {
        if let Err(failed) = ended(ws_key, reason) {
            self.stderr.line(&failed.message);
            self.live_failure = Some(ExitStatus::Other);
        }
    }

    fn closed(&self) -> StopReason {
        StopReason::Finished(match self.live_failure {
            Some(status) => Err(CommandError::reported(status)),
            None => Ok(()),
        })
    }

    /// Closes the connections and writes what is printed; returns why the loop ended.
    async fn finish(
        &mut self,
        account: Option<&Account>,
        reason: StopReason,
        lifecycle: &mut LifecycleStream,
        stop: Pin<&mut impl StopFuture>,
    ) -> Result<StopReason, CommandError> {
        let began = Instant::now();
        self.printer.set_close_reason(reason.close_reason());
        let _ = timeout_at(began + CLOSE_TIMEOUT, self.kucoin.close()).await;
        while let Some(event) = lifecycle.try_next() {
            self.print_lifecycle(&event)?;
        }
        if let Some(account) = account.filter(|_| self.stats) {
            let drift = by_connection(self.kucoin.drift(), |drift| &drift.topic);
            self.printer.drift(&drift)?;
            let ledgers = by_connection(account.ledger(), |ledger| &ledger.topic);
            self.printer.stats(&ledgers)?;
        }
        self.printer.flush();
        Ok(write_out(self.printer.writer(), reason, began, stop).await)
    }
}

/// What waiting for the account has led to.
enum Started {
    Account(Box<Account>),
    Stopped(StopReason),
}
