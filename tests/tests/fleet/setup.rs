//! A fleet with short delays, and helpers that wait for its events.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::session::Backoff;
use kucoin_streams::{
    Account, AccountChange, Credentials, Fleet, FleetBuilder, FleetChanges, FleetEvent, Hosts,
    KucoinBuilder, RecoverySettings, StartFailure, WsKey,
};
use kucoin_streams_exchange::Exchange;
use kucoin_streams_tests::setup::{credentials, fast_retries, hosts_of};
use tokio::time::timeout;

/// Far longer than any step takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Returns a fleet whose accounts follow V1 on spot and are started again after at most 0.2 s.
pub(crate) fn fleet() -> Fleet {
    builder(Duration::from_secs(2)).build()
}

/// Returns a builder with this connect timeout.
pub(crate) fn builder(connect_timeout: Duration) -> FleetBuilder {
    let retry = Backoff {
        base: Duration::from_millis(100),
        cap: Duration::from_millis(200),
    };
    let mut config = fast_retries().with_connect_timeout(connect_timeout);
    config.session.overlap = Duration::from_millis(200);
    let mut recovery = RecoverySettings::default();
    recovery.row_delay = Duration::from_millis(100);
    recovery.sweep_delays = [Duration::from_millis(300), Duration::from_secs(1)];
    Fleet::builder()
        .client(move |client| client.config(config.clone()))
        .account(move |account| {
            let account = account.ws_keys([WsKey::SpotPrivateV1]);
            account.recovery(recovery.clone())
        })
        .retry(retry)
}

/// Adds the account of an exchange.
pub(crate) fn add(fleet: &Fleet, label: &str, exchange: &Exchange) {
    add_with(fleet, label, hosts_of(exchange), credentials(exchange));
}

pub(crate) fn add_with(fleet: &Fleet, label: &str, hosts: Hosts, credentials: Credentials) {
    let client = |client: KucoinBuilder| client.hosts(hosts).credentials(credentials);
    fleet.add_with(label, client, |account| account).unwrap();
}

/// Returns credentials that no exchange has.
pub(crate) fn wrong_credentials() -> Credentials {
    Credentials::new("wrong-key", "wrong-secret", "wrong-passphrase").unwrap()
}

/// Returns the next event.
pub(crate) async fn next(changes: &mut FleetChanges) -> (Arc<str>, FleetEvent) {
    let event = timeout(LONG, changes.next()).await;
    event
        .expect("an event comes in time")
        .expect("the fleet is open")
}

/// Waits until this number of accounts is live.
pub(crate) async fn until_live(fleet: &Fleet, accounts: usize) {
    let mut changes = fleet.changes();
    while fleet.totals().live < accounts {
        next(&mut changes).await;
    }
}

/// Returns the first value that `pick` finds in the events of an account.
pub(crate) async fn find<T>(
    changes: &mut FleetChanges,
    wanted: &str,
    mut pick: impl FnMut(FleetEvent) -> Option<T>,
) -> T {
    loop {
        let (label, event) = next(changes).await;
        if let Some(found) = (&*label == wanted).then(|| pick(event)).flatten() {
            return found;
        }
    }
}

pub(crate) fn started(event: FleetEvent) -> Option<Account> {
    match event {
        FleetEvent::Started(account) => Some(account),
        _ => None,
    }
}

pub(crate) fn failed(event: FleetEvent) -> Option<StartFailure> {
    match event {
        FleetEvent::StartFailed(failure) => Some(failure),
        _ => None,
    }
}

/// Returns the change of this order.
pub(crate) fn change_of(order_id: &str) -> impl Fn(FleetEvent) -> Option<AccountChange> {
    move |event| match event {
        FleetEvent::Change(change) => {
            let is_wanted =
                matches!(&change, AccountChange::Order(order) if order.order_id == order_id);
            is_wanted.then_some(change)
        }
        _ => None,
    }
}
