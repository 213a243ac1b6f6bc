//! Several accounts in one process, up to hundreds.
//!
//! A [`Kucoin`](crate::Kucoin) is the client of one account. A [`Fleet`](crate::Fleet) has a client and the [kept
//! account](super::account) for each of several API keys, also of sub-accounts, and merges their changes into one stream.
//!
//! This program follows two accounts. The key of a third one is wrong, which does not disturb the others:
//!
//! ```
//! use std::process::ExitCode;
//!
//! use kucoin_streams::{AccountChange, Credentials, Fleet, FleetEvent, Hosts, WsKey};
//! use kucoin_streams_exchange::{DemoCredentials, Exchange, Side};
//!
//! type Error = Box<dyn std::error::Error>;
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     match run().await {
//!         Ok(()) => ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("error: {error}"); // the text names the cause and what to do
//!             ExitCode::FAILURE
//!         }
//!     }
//! }
//!
//! async fn run() -> Result<(), Error> {
//! #     if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//!     // A local exchange has one account, so this example starts two, and sets the hosts of each account.
//!     let (first, second) = (Exchange::builder().start().await?, Exchange::builder().start().await?);
//!     let wrong = DemoCredentials::new("wrong-key", "wrong-secret", "wrong-passphrase");
//!     let fleet = Fleet::builder()
//!         .account(|account| account.ws_keys([WsKey::SpotPrivateV1])) // for all accounts
//!         .build();
//!     for (label, exchange, demo) in [
//!         ("desk 1", &first, first.credentials()),
//!         ("desk 2", &second, second.credentials()),
//!         ("desk 3", &second, &wrong),
//!     ] {
//!         let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
//!         let hosts = Hosts::local(&exchange.rest_url())?;
//!         // At KuCoin: `fleet.add(label, credentials)?`.
//!         let client = |client: kucoin_streams::KucoinBuilder| client.credentials(credentials).hosts(hosts);
//!         fleet.add_with(label, client, |account| account)?;
//!     }
//!
//!     let mut changes = fleet.changes();
//!     let mut waits = 3; // accounts that have neither started nor failed
//!     while let Some((label, event)) = changes.next().await {
//!         match event {
//!             FleetEvent::Started(account) => {
//!                 println!("{label}: {} open orders", account.state().open_orders().count());
//!                 waits -= 1;
//!             }
//!             FleetEvent::Change(AccountChange::Fill(fill)) => {
//!                 println!("{label}: {} {} at {}", fill.fill.side, fill.fill.size, fill.fill.price);
//!                 assert_eq!(&*label, "desk 2");
//!                 break; // only to end the example
//!             }
//!             FleetEvent::Change(_) => {}
//!             FleetEvent::Lagged(lagged) => eprintln!("{label}: {lagged}"),
//!             FleetEvent::StartFailed(failure) => {
//!                 eprintln!("{label}: {failure}");
//!                 waits -= 1;
//!             }
//!             FleetEvent::Ended(reason) => eprintln!("{label}: {reason}"),
//!             _ => {}
//!         }
//!         if waits == 0 {
//!             waits = -1;
//!             println!("{:?}", fleet.totals());
//!             second.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//!         }
//!     }
//!
//!     // The cause of the failure is fixed.
//!     let demo = second.credentials();
//!     let right = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
//!     fleet.replace_key("desk 3", &right).await?;
//!     assert!(fleet.is_all_live());
//!     fleet.close().await;
//!     Ok(())
//! }
//! ```
//!
//! - **Labels** are unique. They name the account in the merged stream and in [logs](super::testing#logs): the field
//!   `account` of the `tracing` span `connection`. The SDK never logs the API key.
//! - **Reading**: [`get`](crate::Fleet::get) and [`accounts`](crate::Fleet::accounts) return the accounts that are followed,
//!   [`totals`](crate::Fleet::totals) and [`is_all_live`](crate::Fleet::is_all_live) summarise the trust in them,
//!   [`status`](crate::Fleet::status) says why an account is not followed.
//! - **Changes**: a new stream begins with the accounts that are followed. Events of one account are in order. A slow reader
//!   gets `Lagged` with the number of missed changes for each account; the others are not affected.
//! - **Starts**: 16 accounts start at the same time ([`max_starting`](crate::FleetBuilder::max_starting)), so their REST
//!   queries do not storm. An account takes about 2 s, so 500 accounts take a minute.
//! - **Failures**: an account that could not start, or has ended, is started again with growing delays. A refusal, such as
//!   a wrong key, is not retried: fix the cause, then call [`replace_key`](crate::Fleet::replace_key) or
//!   [`restart`](crate::Fleet::restart). An account that is refused, down or slow never delays the others.
//! - **New keys**: [`replace_key`](crate::Fleet::replace_key) checks the new key, and replaces each connection by one that uses
//!   it, without a gap. This takes about 20 s, in which both connections are read. If KuCoin refuses the key, the error is returned and nothing changes.
//! - **Rotations**: KuCoin closes a connection after 24 h, so each is replaced before. Accounts that start together are
//!   replaced at different times, spread evenly over the 23 h.
//! - **Dials**: all clients of a process share one [`DialLimiter`](crate::DialLimiter) of 50 dials per second, each with its
//!   token request. It also keeps them below KuCoin's limit of 250 Pro V2 dials per 5 minutes and IP address. Each client keeps
//!   below KuCoin's limit of 30 V1 dials per minute and account, separately for spot and futures. Give a client its own
//!   limiter with [`Config::with_dials`](crate::Config::with_dials) only if it has its own IP address.
//! - **Rate limits** of REST belong to each account, except that a master account and its sub-accounts share those of the
//!   unified account. Then lower the share of each client with
//!   [`RestBuilder::quota_percent`](crate::rest::RestBuilder::quota_percent).
//! - **Threads**: the connections of all accounts share one thread, whatever their number, and the state of each account is
//!   kept by a task of your runtime. An account takes about 0.5 MB at rest.
//!
//! # Without the kept account
//!
//! To merge subscriptions of several clients, add the account to each item first, because items do not contain it. This needs
//! `futures-util = "0.3"`:
//!
//! ```no_run
//! use futures_util::stream::{StreamExt, select_all};
//! use kucoin_streams::{Kucoin, v1};
//!
//! # async fn run(clients: Vec<(&'static str, Kucoin)>) -> Result<(), Box<dyn std::error::Error>> {
//! let (mut streams, mut handles) = (Vec::new(), Vec::new());
//! for (label, kucoin) in clients {
//!     let mut orders = kucoin.subscribe(v1::SpotOrders).await?;
//!     handles.push((label, orders.handle())); // before `map` consumes the subscription
//!     streams.push(orders.map(move |item| (label, item)));
//! }
//! let mut all = select_all(streams);
//! while let Some((label, item)) = all.next().await {
//!     match item {
//!         Ok(order) => println!("{label}: {} {}", order.order_id, order.kind),
//!         Err(gap) => eprintln!("{label}: gap: {gap}"),
//!     }
//! }
//! for (label, handle) in &handles {
//!     println!("{label}: {:?}, ended: {:?}", handle.ledger(), handle.end_reason());
//! }
//! # Ok(()) }
//! ```
//!
//! `select_all` drops a stream that has ended. To read its [`end_reason`](crate::SubscriptionHandle::end_reason) later, call
//! [`handle`](crate::Subscription::handle) on each subscription before you merge it. Each client has its own
//! [`LifecycleStream`](crate::LifecycleStream), so add the account to its events in the same way.
