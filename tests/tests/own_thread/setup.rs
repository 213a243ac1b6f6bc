//! An exchange on its own runtime, clients whose connections run on their own thread, and waits with a deadline.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use kucoin_streams::v1::Balances;
use kucoin_streams::{Config, ConnectionRuntime, Kucoin, Subscription};
use kucoin_streams_exchange::Exchange;
use kucoin_streams_testkit::wait::DEADLINE;
pub(crate) use kucoin_streams_testkit::wait::until;
use kucoin_streams_tests::setup::{credentials, hosts_of};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Mutex, MutexGuard};

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The exchange of one test, on threads that no consumer blocks.
pub(crate) struct TestExchange {
    pub(crate) exchange: Exchange,
    _servers: Runtime,
    _turn: MutexGuard<'static, ()>,
}

impl TestExchange {
    pub(crate) fn start() -> Self {
        let turn = ONE_AT_A_TIME.blocking_lock();
        until(|| connection_threads() == 0);
        let servers = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let settings = Exchange::builder().ping_interval(Duration::from_millis(100));
        Self {
            exchange: servers.block_on(settings.start()).unwrap(),
            _servers: servers,
            _turn: turn,
        }
    }

    pub(crate) fn client(&self) -> Kucoin {
        Kucoin::builder()
            .credentials(credentials(&self.exchange))
            .hosts(hosts_of(&self.exchange))
            .config(Config::default().with_runtime(ConnectionRuntime::Dedicated))
            .build()
            .unwrap()
    }

    pub(crate) fn deposit(&self) {
        self.exchange.account().deposit("USDT", 1.into()).unwrap();
    }

    /// Returns the number of pings that the exchange received on its first connection.
    pub(crate) fn pings(&self) -> u64 {
        self.exchange.stats().connections[0].pings
    }

    /// Returns `true` if the first connection is the only one and still open.
    pub(crate) fn is_first_connection_open(&self) -> bool {
        let stats = self.exchange.stats();
        stats.connections.len() == 1 && stats.open_connections().count() == 1
    }
}

/// Returns a runtime with one thread.
pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Waits for an event; fails at a gap.
pub(crate) async fn event(balances: &mut Subscription<Balances>) {
    let item = balances.next().await;
    item.expect("the subscription is open").expect("no gap");
}

/// Runs a future without any runtime.
pub(crate) fn without_runtime<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut future, began) = (pin!(future), Instant::now());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(began.elapsed() < DEADLINE, "must happen within a minute");
        std::thread::park_timeout(DEADLINE);
    }
}

/// Returns the number of connection threads, found by name; 0 if the system does not list threads.
pub(crate) fn connection_threads() -> usize {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    let names =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names
        .filter(|name| ["kucoin-streams", "kucoin-blocking"].contains(&name.trim_end()))
        .count()
}
