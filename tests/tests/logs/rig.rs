//! An exchange, and clients on it whose account has a label of its own in each test.

use std::time::{Duration, Instant};

use kucoin_streams::client::DialBudget;
use kucoin_streams::session::Backoff;
use kucoin_streams::v1::Balances;
use kucoin_streams::{Config, Credentials, Hosts, Kucoin, Subscription, Topic};
use kucoin_streams_exchange::{Exchange, Faults};
use tracing::Level;

use crate::capture::{self, Line};

const LIMIT: Duration = Duration::from_secs(30);

pub(crate) const BALANCE: &str = "/account/balance";

pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    let outcome = tokio::time::timeout(LIMIT, future).await;
    outcome.expect("it happens within half a minute")
}

pub(crate) async fn exchange(faults: Faults) -> Exchange {
    capture::start();
    let builder = Exchange::builder().seed(7).faults(faults);
    builder.start().await.unwrap()
}

/// The defaults, but for retries that a test need not wait for.
pub(crate) fn quick() -> Config {
    let mut session = kucoin_streams::session::Config::default();
    session.backoff = Backoff {
        base: Duration::from_millis(50),
        cap: Duration::from_millis(200),
    };
    session.overlap = Duration::from_millis(50);
    let dials = DialBudget::new(100, Duration::from_secs(1));
    let config = Config::default().with_session(session).with_seed(7);
    config.with_dials(dials)
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
    let rest = exchange.rest_url();
    let hosts = Hosts::default().with_rest(&rest).unwrap();
    Kucoin::builder()
        .label(label)
        .credentials(Credentials::new(&demo.key, secret, &demo.passphrase).unwrap())
        .hosts(hosts)
        .config(config)
        .build()
        .unwrap()
}

pub(crate) async fn balances(kucoin: &Kucoin) -> Subscription<Balances> {
    soon(kucoin.subscribe(Balances)).await.unwrap()
}

/// Takes items until one is a gap that meets the condition.
pub(crate) async fn until_gap<T: Topic>(
    subscription: &mut Subscription<T>,
    is_wanted: impl Fn(&kucoin_streams::Gap) -> bool,
) {
    loop {
        let item = soon(subscription.next()).await.expect("it goes on");
        if item.is_err_and(|gap| is_wanted(&gap)) {
            return;
        }
    }
}

/// Waits for a line of the account at this level with these words.
#[track_caller]
pub(crate) fn logged(label: &str, level: Level, words: &str) -> Line {
    let began = Instant::now();
    loop {
        let lines = capture::lines_of(label);
        let is_wanted = |line: &&Line| line.level == level && line.text.contains(words);
        if let Some(line) = lines.iter().find(is_wanted) {
            return line.clone();
        }
        assert!(
            began.elapsed() < LIMIT,
            "no {level} {words:?} in {lines:#?}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The lines of the account at this level or a worse one.
pub(crate) fn count(label: &str, level: Level) -> usize {
    let lines = capture::lines_of(label);
    lines.iter().filter(|line| line.level <= level).count()
}
