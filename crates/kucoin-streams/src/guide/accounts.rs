//! Several accounts in one process.
//!
//! A [`Kucoin`](crate::Kucoin) is one account. Make one for each API key, sub-accounts included; clones are the same
//! client. Streams of several accounts merge as any streams do: name the account of each item first.
//!
//! ```
//! use futures_util::stream::{StreamExt, select_all};
//! use kucoin_streams::{Credentials, Event, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Side};
//!
//! type Error = Box<dyn std::error::Error>;
//!
//! fn client(label: &'static str, exchange: &Exchange) -> Result<Kucoin, Error> {
//!     let demo = exchange.credentials();
//!     let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
//!     let hosts = Hosts::local(&exchange.rest_url())?;
//!     Ok(Kucoin::builder().credentials(credentials).hosts(hosts).label(label).build()?)
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Error> {
//! # if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//! // A local exchange has one account, so this example starts two.
//! let first = Exchange::builder().start().await?;
//! let second = Exchange::builder().start().await?;
//! let mut streams = Vec::new();
//! for (label, exchange) in [("desk 1", &first), ("desk 2", &second)] {
//!     let orders = client(label, exchange)?.subscribe(v1::SpotOrders).await?;
//!     streams.push(orders.map(move |item| (label, item)));
//! }
//! let mut all = select_all(streams);
//!
//! second.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//! let bought = loop {
//!     let (label, item) = all.next().await.ok_or("every stream ended")?;
//!     match item {
//!         Ok(order) if order.fill().is_some() => break label,
//!         Ok(_) => {}
//!         Err(gap) => eprintln!("{label}: gap: {gap}"),
//!     }
//! };
//! assert_eq!(bought, "desk 2");
//! # Ok(()) }
//! ```
//!
//! - **Labels** name the account in logs: the field `account` of the `tracing` span `connection`. They never contain
//!   the API key. [`LifecycleStream`](crate::LifecycleStream) is per client, so map it to the account in the same way.
//! - **Ends**: `select_all` drops a stream that ends. Call [`handle`](crate::Subscription::handle) on each
//!   subscription before you merge it, and its [`end_reason`](crate::SubscriptionHandle::end_reason) stays readable.
//! - **Dials**: all clients of a process share one [`DialLimiter`](crate::DialLimiter), 50 dials per second. A client
//!   also keeps below KuCoin's limits for each kind of connection: 30 dials of V1 per minute and account, 250 dials of
//!   Pro V2 per 5 minutes and IP address. Give a client its own limiter with
//!   [`Config::with_dials`](crate::Config::with_dials) only if it has an IP address of its own.
//! - **Failures stay apart**: each account has its own connections. One that is refused, down or slow does not delay
//!   the others.
