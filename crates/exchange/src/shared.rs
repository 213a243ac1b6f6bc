//! What all tasks of one exchange share, and how a fault that fired reaches its place.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock;
use crate::credentials::DemoCredentials;
use crate::fault::{Effect, Fired, Limit, Plan};
use crate::limits::Limits;
use crate::stats::Board;
use crate::sync::lock;
use crate::tokens::TokenStore;
use crate::world::World;

/// The settings that tasks need after the start.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) queue_capacity: usize,
    pub(crate) port: u16,
    /// The port speaks TLS.
    pub(crate) tls: bool,
}

impl Settings {
    /// The URL of the port for `http` or `ws`, without a slash at its end. Certificates name hosts and seldom addresses.
    pub(crate) fn base(&self, scheme: &str) -> String {
        match self.tls {
            false => format!("{scheme}://127.0.0.1:{}", self.port),
            true => format!("{scheme}s://localhost:{}", self.port),
        }
    }
}

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<tokio_rustls::TlsAcceptor>,
    pub(crate) credentials: DemoCredentials,
    pub(crate) world: Mutex<World>,
    pub(crate) tokens: Mutex<TokenStore>,
    pub(crate) plan: Mutex<Plan>,
    pub(crate) limits: Mutex<Limits>,
    /// Whether pushes have to be counted for the plan.
    pub(crate) counts_frames: bool,
    pub(crate) board: Board,
    /// A connection wrote something, or ended: there may be room in its queue.
    pub(crate) room: Notify,
    /// How far the exchange's clock is off.
    pub(crate) skew_ms: AtomicI64,
}

impl Shared {
    /// The time as the exchange believes it to be, for all that it checks and tells over REST.
    pub(crate) fn skewed_now_ms(&self) -> u64 {
        clock::now_ms().saturating_add_signed(self.skew_ms.load(Ordering::Relaxed))
    }

    /// Lets happen what does not happen on the spot; returns what does.
    pub(crate) fn apply(&self, fired: Fired) -> Vec<Effect> {
        for effect in fired.exchange {
            match effect {
                Effect::ExpireTokens => lock(&self.tokens).expire_all(clock::now_ms()),
                Effect::Limit(limit) => self.limit(limit),
                Effect::ClockSkew { by_ms } => self.skew_ms.store(by_ms, Ordering::Relaxed),
                _ => {}
            }
        }
        for effect in fired.everywhere {
            lock(&self.world).broadcast(&effect);
        }
        fired.here
    }

    fn limit(&self, limit: Limit) {
        let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        match limit {
            Limit::Messages { count } => lock(&self.limits).messages = number(count),
            Limit::Connections { count } => lock(&self.limits).connections = number(count),
            Limit::Dials { count, per } => lock(&self.limits).limit_dials(number(count), per),
            Limit::ConnectionLife { life } => lock(&self.limits).connection_life = life,
            Limit::Topics { count } => lock(&self.world).limit_topics(number(count)),
            Limit::TokenLife { life } => lock(&self.tokens).limit_life(life),
        }
    }

    /// Takes a connection out of everything.
    pub(crate) fn leave(&self, number: u64) {
        lock(&self.world).leave(number);
        self.room.notify_waiters();
    }
}
