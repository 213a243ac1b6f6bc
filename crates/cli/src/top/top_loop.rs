//! The loop of `top`: collects facts, handles keys, and draws at most ten times a second.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::{
    Account, AccountChange, AccountChanges, AccountState, Kucoin, Lagged, Lifecycle,
    LifecycleStream, SubscribeError, Timestamp,
};
use ratatui_core::layout::Size;
use tokio::time::{Instant, MissedTickBehavior, timeout_at};

use super::connections::ConnectionFacts;
use super::draw;
use super::gaps::GapLog;
use super::keys::{Key, Keys};
use super::log::{EventLog, LogEntry};
use super::screen::Screen;
use super::view::{Choice, View};
use crate::access;
use crate::args::ConnectionArgs;
use crate::demo::Demo;
use crate::exit::{CommandError, Stderr};
use crate::output::is_coloured;
use crate::signals::Signals;

/// Interval between two frames, at least.
const FRAME: Duration = Duration::from_millis(100);

/// Time limit for closing the connections at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(1_200);

type Starting<'a> = Pin<&'a mut (dyn Future<Output = Result<Account, SubscribeError>> + Send)>;

/// State of the loop.
pub(super) struct TopLoop {
    kucoin: Kucoin,
    screen: Screen,
    keys: Keys,
    stderr: Stderr,
    title: String,
    account: Option<(Account, AccountChanges)>,
    connections: ConnectionFacts,
    gaps: GapLog,
    log: EventLog,
    choice: Choice,
    /// Error of the last connection that failed after it was live.
    failure: Option<String>,
    /// `true` if the next frame must be written completely.
    is_redraw: bool,
    /// What was drawn last; `None` if something has changed since.
    drawn: Option<Drawn>,
}

/// What the last frame depends on besides the account.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Drawn {
    size: Size,
    second: i64,
}

/// The next event of the loop.
enum TopLoopEvent {
    Key(Key),
    Change(Option<Result<AccountChange, Lagged>>),
    Lifecycle(Lifecycle),
    Started(Result<Account, SubscribeError>),
    Tick,
    End(Result<(), CommandError>),
}

impl TopLoop {
    pub(super) fn new(kucoin: Kucoin, screen: Screen, keys: Keys, stderr: Stderr) -> Self {
        Self {
            kucoin,
            screen,
            keys,
            stderr,
            title: String::new(),
            account: None,
            connections: ConnectionFacts::default(),
            gaps: GapLog::default(),
            log: EventLog::default(),
            choice: Choice::default(),
            failure: None,
            is_redraw: false,
            drawn: None,
        }
    }

    pub(super) async fn run(
        mut self,
        args: &ConnectionArgs,
        demo: Option<&Demo>,
        signals: Signals,
    ) -> Result<(), CommandError> {
        self.title = match demo {
            Some(_) => "demo account".to_owned(),
            None => args.hosts.region.to_string(),
        };
        self.connections.expect(access::ws_keys(args));
        let mut lifecycle = self.kucoin.lifecycle();
        let mut starting = pin!(access::account(&self.kucoin, args).start());
        let end = pin!(wait_for_end(demo, signals));
        let outcome = self.follow(&mut lifecycle, starting.as_mut(), end).await;
        let began = Instant::now();
        self.screen.close().await;
        let _ = timeout_at(began + CLOSE_TIMEOUT, self.kucoin.close()).await;
        match (outcome, self.failure) {
            (Ok(()), Some(failure)) => Err(CommandError::other(failure)),
            (outcome, _) => outcome,
        }
    }

    async fn follow(
        &mut self,
        lifecycle: &mut LifecycleStream,
        mut starting: Starting<'_>,
        mut end: Pin<&mut (impl Future<Output = Result<(), CommandError>> + Send)>,
    ) -> Result<(), CommandError> {
        let mut frames = tokio::time::interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                biased;
                outcome = end.as_mut() => TopLoopEvent::End(outcome),
                error = self.screen.failed() => TopLoopEvent::End(Err(CommandError::because("cannot draw the screen", &error))),
                key = self.keys.next() => match key {
                    Ok(key) => TopLoopEvent::Key(key),
                    Err(error) => TopLoopEvent::End(Err(CommandError::because("cannot read the keys", &error))),
                },
                _ = frames.tick() => TopLoopEvent::Tick,
                Some(event) = lifecycle.next() => TopLoopEvent::Lifecycle(event),
                change = next_change(&mut self.account) => TopLoopEvent::Change(change),
                account = starting.as_mut(), if self.account.is_none() => TopLoopEvent::Started(account),
            };
            match event {
                TopLoopEvent::Key(Key::Quit) => return Ok(()),
                TopLoopEvent::End(outcome) => return outcome,
                TopLoopEvent::Started(account) => {
                    let account = account.map_err(|error| access::cannot_start(&error))?;
                    self.on_start(account);
                }
                TopLoopEvent::Key(key) => self.on_key(key),
                TopLoopEvent::Change(change) => self.on_change(change),
                TopLoopEvent::Lifecycle(event) => self.on_lifecycle(&event),
                TopLoopEvent::Tick => self.draw(),
            }
        }
    }

    fn on_start(&mut self, account: Account) {
        let changes = account.changes();
        let state = account.state();
        self.gaps.on_state(&state);
        let keys = state.trusts().map(|(ws_key, ..)| ws_key);
        self.connections.expect(keys);
        self.account = Some((account, changes));
        self.drawn = None;
    }

    fn on_key(&mut self, key: Key) {
        match key {
            Key::Help => self.choice.is_help_shown = !self.choice.is_help_shown,
            Key::Show(pane) => self.choice.show(pane),
            Key::NextPane => self.choice.next_pane(),
            Key::PreviousPane => self.choice.previous_pane(),
            Key::Scroll(scroll) => {
                let view = self.view(Timestamp::now());
                let last = draw::last_first_row(&view, super::backend::size());
                self.choice.scroll(scroll, last);
            }
            Key::Redraw => self.is_redraw = true,
            Key::Quit => {}
        }
        self.drawn = None;
    }

    fn on_change(&mut self, change: Option<Result<AccountChange, Lagged>>) {
        match change {
            Some(Ok(AccountChange::Trust(part))) => {
                self.gaps.on_trust(part.ws_key, part.part, &part.trust);
            }
            // The state has everything that was missed.
            Some(Err(_)) => {
                if let Some((account, _)) = &self.account {
                    self.gaps.on_state(&account.state());
                }
            }
            _ => {}
        }
        self.count_activity();
        self.drawn = None;
    }

    fn on_lifecycle(&mut self, event: &Lifecycle) {
        if self.connections.is_failure(event) {
            self.failure = Some(format!("{}: {}", event.ws_key, close_text(event)));
        }
        self.connections.on_lifecycle(event);
        self.log.on_lifecycle(event);
        self.drawn = None;
    }

    fn count_activity(&mut self) {
        if let Some((account, _)) = &self.account {
            self.connections
                .on_activity(account.activity(), Timestamp::now());
            self.connections.on_stats(&account.client().stats());
        }
    }

    /// Draws if anything has changed, the clock included.
    fn draw(&mut self) {
        self.count_activity();
        for text in self.stderr.take_held() {
            self.log.add(LogEntry {
                at: Timestamp::now(),
                ws_key: None,
                is_warning: false,
                text,
            });
            self.drawn = None;
        }
        let now = Timestamp::now();
        let current = Drawn {
            size: super::backend::size(),
            second: now.as_millis() / 1_000,
        };
        if self.drawn != Some(current) && self.screen.draw(Box::new(self.view(now))) {
            self.drawn = Some(current);
            self.is_redraw = false;
        }
    }

    fn view(&self, now: Timestamp) -> View {
        let state: Option<Arc<AccountState>> =
            self.account.as_ref().map(|(account, _)| account.state());
        View {
            title: self.title.clone(),
            now,
            state,
            connections: self.connections.views(),
            gaps: self.gaps.entries().cloned().collect(),
            log: self.log.entries().cloned().collect(),
            choice: self.choice,
            is_redraw: self.is_redraw,
            is_coloured: is_coloured(),
        }
    }
}

fn close_text(event: &Lifecycle) -> String {
    match &event.event {
        kucoin_streams::LifecycleEvent::Close { reason } => reason.to_string(),
        _ => String::new(),
    }
}

/// Waits for the next change; forever until the account is started. Cancel safe.
async fn next_change(
    account: &mut Option<(Account, AccountChanges)>,
) -> Option<Result<AccountChange, Lagged>> {
    match account {
        Some((_, changes)) => changes.next().await,
        None => std::future::pending().await,
    }
}

/// Waits for a signal. In a demo, also cuts the connections once.
async fn wait_for_end(demo: Option<&Demo>, signals: Signals) -> Result<(), CommandError> {
    let cut = async {
        match demo {
            Some(demo) => demo.cut_once().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        signal = signals.received() => match signal {
            Ok(_) => Ok(()),
            Err(error) => Err(CommandError::because("cannot listen for signals", &error)),
        },
        never = cut => match never {},
    }
}
