//! Exchanges, and clients whose account has a distinct label in each test.

use std::time::Duration;

use kucoin_streams::client::DialLimiter;
use kucoin_streams::v1::Balances;
use kucoin_streams::{Config, Credentials, Kucoin, Subscription, Topic};
use kucoin_streams_exchange::{Exchange, Faults};
pub(crate) use kucoin_streams_testkit::wait::soon;
use kucoin_streams_testkit::wait::until_some;
use kucoin_streams_tests::setup;
pub(crate) use kucoin_streams_tests::setup::BALANCE;
use tracing::Level;

use crate::capture::{self, Line};

pub(crate) async fn exchange(faults: Faults) -> Exchange {
    capture::start();
    setup::exchange(faults).await
}

pub(crate) fn fast_retries() -> Config {
    let mut config = setup::fast_retries();
    config.session.overlap = Duration::from_millis(50);
    config.with_dials(DialLimiter::new(100, Duration::from_secs(1)))
}

pub(crate) fn client(exchange: &Exchange, label: &str, config: Config) -> Kucoin {
    let demo = exchange.credentials();
    client_with(exchange, label, config, &demo.secret)
}

pub(crate) fn client_with(
    exchange: &Exchange,
    label: &str,
    config: Config,
    secret: &str,
) -> Kucoin {
    let demo = exchange.credentials();
    Kucoin::builder()
        .label(label)
        .credentials(Credentials::new(&demo.key, secret, &demo.passphrase).unwrap())
        .hosts(setup::hosts_of(exchange))
        .config(config)
        .build()
        .unwrap()
}

pub(crate) async fn balances(kucoin: &Kucoin) -> Subscription<Balances> {
    soon(kucoin.subscribe(Balances)).await.unwrap()
}

/// Reads items until a gap meets the condition.
pub(crate) async fn until_gap<T: Topic>(
    subscription: &mut Subscription<T>,
    is_wanted: impl Fn(&kucoin_streams::Gap) -> bool,
) {
    loop {
        let item = soon(subscription.next())
            .await
            .expect("the subscription is open");
        if item.is_err_and(|gap| is_wanted(&gap)) {
            return;
        }
    }
}

/// Waits for a line of the account at this level with this text, and returns it.
#[track_caller]
pub(crate) fn logged(label: &str, level: Level, words: &str) -> Line {
    until_some(|| {
        let lines = capture::lines_of(label);
        let is_wanted = |line: &Line| line.level == level && line.text.contains(words);
        lines.into_iter().find(is_wanted)
    })
}

/// Returns the number of lines of the account at this level or a more severe one.
pub(crate) fn count(label: &str, level: Level) -> usize {
    let lines = capture::lines_of(label);
    lines.iter().filter(|line| line.level <= level).count()
}
