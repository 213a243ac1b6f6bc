//! State shared by all tasks, and how triggered effects are applied.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;

use crate::activity::{Activity, Observer};
use crate::clock::{self, ExchangeClock};
use crate::credentials::{ApiError, DemoCredentials};
use crate::fault::{Effect, Limit, Plan, RestFault, Triggered};
use crate::hub::Hub;
use crate::limits::Limits;
use crate::rest::RestSettings;
use crate::stats::{Board, ServedMarket};
use crate::sync::lock;
use crate::tokens::TokenStore;

/// Settings that the tasks need.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) queue_capacity: usize,
    pub(crate) ports: Ports,
    pub(crate) tls: bool,
}

impl Settings {
    /// Returns the base URL of a port for `http` or `ws`, without a trailing slash.
    pub(crate) fn base(&self, scheme: &str, market: ServedMarket) -> String {
        let port = self.ports.of(market);
        match self.tls {
            false => format!("{scheme}://127.0.0.1:{port}"),
            // Certificates are usually for host names, not addresses.
            true => format!("{scheme}s://localhost:{port}"),
        }
    }
}

/// The ports on 127.0.0.1: one for each KuCoin host, and one for both.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ports {
    pub(crate) both: u16,
    pub(crate) spot: u16,
    pub(crate) futures: u16,
}

impl Ports {
    pub(crate) fn of(self, market: ServedMarket) -> u16 {
        match market {
            ServedMarket::Both => self.both,
            ServedMarket::Spot => self.spot,
            ServedMarket::Futures => self.futures,
        }
    }

    pub(crate) fn of_mut(&mut self, market: ServedMarket) -> &mut u16 {
        match market {
            ServedMarket::Both => &mut self.both,
            ServedMarket::Spot => &mut self.spot,
            ServedMarket::Futures => &mut self.futures,
        }
    }
}

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<tokio_rustls::TlsAcceptor>,
    /// Credentials at the start.
    pub(crate) credentials: DemoCredentials,
    /// Credentials that replaced them: see [`Exchange::replace_credentials`](crate::Exchange::replace_credentials).
    pub(crate) replaced_credentials: Mutex<Option<DemoCredentials>>,
    pub(crate) hub: Mutex<Hub>,
    pub(crate) tokens: Mutex<TokenStore>,
    pub(crate) plan: Mutex<Plan>,
    pub(crate) limits: Mutex<Limits>,
    pub(crate) rest: Mutex<RestSettings>,
    /// `true` if any fault is triggered by a number of pushes.
    pub(crate) counts_frames: bool,
    pub(crate) board: Board,
    pub(crate) observer: Option<Observer>,
    /// Notified when a queue may have room, because a connection has written messages or is closed.
    pub(crate) room: Notify,
    pub(crate) clock: ExchangeClock,
}

impl Shared {
    /// Returns the credentials that are accepted now.
    pub(crate) fn current_credentials(&self) -> DemoCredentials {
        let replaced = lock(&self.replaced_credentials).clone();
        replaced.unwrap_or_else(|| self.credentials.clone())
    }

    /// Applies the effects on the exchange and on all connections.
    ///
    /// Returns the effects that the caller must apply.
    pub(crate) fn apply(&self, triggered: Triggered) -> Vec<Effect> {
        for (fault, at) in triggered.faults {
            self.report(|| Activity::Fault { fault, at });
        }
        for effect in triggered.on_exchange {
            match effect {
                Effect::ExpireTokens => lock(&self.tokens).expire_all(clock::now_ms()),
                Effect::SingleUseTokens => lock(&self.tokens).require_single_use(),
                Effect::UnknownSymbols { answer } => lock(&self.limits).unknown_symbols = answer,
                Effect::LiquidationWarning { level } => {
                    lock(&self.hub).push_liquidation_warning(level, self.clock.now_ms());
                }
                Effect::MarginStatus { status } => {
                    lock(&self.hub).push_margin_status(status, self.clock.now_ms());
                }
                Effect::Limit(limit) => self.limit(limit),
                Effect::Rest(fault) => self.change_rest(fault),
                Effect::ClockSkew { by_ms } => self.clock.skew(by_ms),
                _ => {}
            }
        }
        for effect in triggered.on_all_connections {
            lock(&self.hub).broadcast(&effect);
        }
        triggered.on_source
    }

    /// Reports an activity to the observer, if there is one.
    pub(crate) fn report(&self, activity: impl FnOnce() -> Activity) {
        if let Some(observer) = &self.observer {
            (observer.0)(activity());
        }
    }

    fn limit(&self, limit: Limit) {
        let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        match limit {
            Limit::Messages { count } => lock(&self.limits).messages = number(count),
            Limit::Connections { count } => lock(&self.limits).connections = number(count),
            Limit::Dials { count, per } => lock(&self.limits).limit_dials(number(count), per),
            Limit::ConnectionLife { life } => lock(&self.limits).connection_life = life,
            Limit::Idle { after } => lock(&self.limits).idle_timeout = after,
            Limit::Topics { count } => lock(&self.hub).limit_topics(number(count)),
            Limit::TokenLife { life } => lock(&self.tokens).limit_life(life),
        }
    }

    fn change_rest(&self, fault: RestFault) {
        match fault {
            RestFault::Lag { from, to } => lock(&self.hub).history.delays.set_lag(from, to),
            RestFault::MissingOrders { gap } => lock(&self.hub).history.delays.set_move_gap(gap),
            RestFault::Quota { pool, weight } => lock(&self.rest).quotas.limit(pool, weight),
            RestFault::Permissions { permissions } => lock(&self.rest).permissions = permissions,
            RestFault::Account { mode } => lock(&self.rest).account_mode = mode,
            RestFault::SymbolRequired => lock(&self.rest).symbol_required = true,
            RestFault::KeyIpList { addresses } => lock(&self.rest).ip_list = addresses,
            RestFault::KeyVersion { version } => lock(&self.rest).key_version = Some(version),
            RestFault::RefuseAccount {
                status,
                code,
                message,
            } => lock(&self.rest).refusal = Some(ApiError::new(status, &code, &message)),
            RestFault::HtmlEverywhere { status } => lock(&self.rest).html_status = Some(status),
            _ => {}
        }
    }

    /// Removes a closed connection.
    pub(crate) fn leave(&self, number: u64) {
        lock(&self.hub).leave(number);
        self.room.notify_waiters();
    }
}
