//! Several accounts in one process.
//!
//! A [`Kucoin`](crate::Kucoin) is the client of one account. Create one for each API key, also of sub-accounts; clones
//! share the same connections. To merge the streams of several accounts, add the account to each item first, because
//! items do not contain it.
//!
//! This program needs [both crates](super) and `futures-util = "0.3"`:
//!
//! ```
//! use std::process::ExitCode;
//!
//! use futures_util::stream::{StreamExt, select_all};
//! use kucoin_streams::{Credentials, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Side};
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
//!     // A local exchange has one account, so this example starts two.
//!     let first = Exchange::builder().start().await?;
//!     let second = Exchange::builder().start().await?;
//!     let mut streams = Vec::new();
//!     let mut handles = Vec::new();
//!     for (label, exchange) in [("desk 1", &first), ("desk 2", &second)] {
//!         let mut orders = client(label, exchange)?.subscribe(v1::SpotOrders).await?;
//!         handles.push((label, orders.handle())); // before `map` consumes the subscription
//!         streams.push(orders.map(move |item| (label, item)));
//!     }
//!     let mut all = select_all(streams);
//!
//!     second.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//!     let bought = loop {
//!         let (label, item) = all.next().await.ok_or("every stream ended")?;
//!         match item {
//!             Ok(order) if order.fill().is_some() => break label,
//!             Ok(_) => {}
//!             Err(gap) => eprintln!("{label}: gap: {gap}"),
//!         }
//!     };
//!     assert_eq!(bought, "desk 2");
//!     for (label, handle) in &handles {
//!         println!("{label}: {:?}, ended: {:?}", handle.ledger(), handle.end_reason());
//!     }
//!     Ok(())
//! }
//!
//! fn client(label: &'static str, exchange: &Exchange) -> Result<Kucoin, Error> {
//!     let demo = exchange.credentials();
//!     let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
//!     let hosts = Hosts::local(&exchange.rest_url())?;
//!     Ok(Kucoin::builder().credentials(credentials).hosts(hosts).label(label).build()?)
//! }
//! ```
//!
//! - **Labels** name the account in [logs](super::testing#logs): the field `account` of the `tracing` span
//!   `connection`. The SDK never logs the API key. Each client has its own [`LifecycleStream`](crate::LifecycleStream),
//!   so add the account to its events in the same way.
//! - **Ends**: `select_all` drops a stream that has ended. To read its
//!   [`end_reason`](crate::SubscriptionHandle::end_reason) later, call [`handle`](crate::Subscription::handle) on each
//!   subscription before you merge it, as above. `handle` needs `let mut`.
//! - **Dials**: all clients of a process share one [`DialLimiter`](crate::DialLimiter) of 50 dials per second. It also
//!   keeps them below KuCoin's limit of 250 Pro V2 dials per 5 minutes and IP address. Each client keeps below KuCoin's
//!   limit of 30 V1 dials per minute and account, separately for spot and futures. Give a client its own limiter with
//!   [`Config::with_dials`](crate::Config::with_dials) only if it has its own IP address.
//! - **Failures**: each account has its own connections. If one is refused, down or slow, the others are not delayed.
