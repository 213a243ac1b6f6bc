//! Testing your bot without an account.
//!
//! | To test | Use |
//! |---|---|
//! | your handler of events and gaps, without a network | [`test_util`](crate::test_util): subscriptions [fed by the test](#without-a-network) |
//! | your bot with real connections, in `cargo test` | the crate `kucoin-streams-exchange` as a dev-dependency |
//! | a bot in any language | the command `kucoin-streams exchange` |
//!
//! # With a local exchange
//!
//! The local exchange issues tokens, checks signatures, and has one account with spot, margin and futures. Your test
//! places the orders, and a script injects faults. Here the connection ends after four pushes:
//!
//! ```
//! use kucoin_streams::{Credentials, GapReason, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Faults, Side};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//! let faults: Faults = "after 4 frames: cut how=eof".parse()?;
//! let exchange = Exchange::builder().faults(faults).start().await?;
//! let demo = exchange.credentials();
//! let kucoin = Kucoin::builder()
//!     .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//!     .hosts(Hosts::local(&exchange.rest_url())?)
//!     .build()?;
//!
//! let mut orders = kucoin.subscribe(v1::SpotOrders).await?;
//! for _ in 0..3 {
//!     exchange.account().place_market("BTC-USDT", Side::Buy, "0.001".parse()?)?;
//! }
//! let mut events = 0;
//! let gap = loop {
//!     match orders.next().await.ok_or("the stream ended")? {
//!         Ok(_) => events += 1,
//!         Err(gap) => break gap,
//!     }
//! };
//! assert_eq!(events, 4);
//! assert!(matches!(gap.reason, GapReason::Lost { .. }));
//! # Ok(()) }
//! ```
//!
//! [`Exchange::inject`] injects a fault at once, [`Exchange::truth`] returns the log of all V1 pushes, and
//! [`Exchange::wait_until`] waits for a condition without sleeping.
//!
//! [`Exchange::inject`]: https://docs.rs/kucoin-streams-exchange/latest/kucoin_streams_exchange/struct.Exchange.html#method.inject
//! [`Exchange::truth`]: https://docs.rs/kucoin-streams-exchange/latest/kucoin_streams_exchange/struct.Exchange.html#method.truth
//! [`Exchange::wait_until`]: https://docs.rs/kucoin-streams-exchange/latest/kucoin_streams_exchange/struct.Exchange.html#method.wait_until
//!
//! # From the shell
//!
//! ```sh
//! echo 'after 10 frames: cut how=reset' > day.faults
//! kucoin-streams exchange --port 4000 --script day.faults
//! ```
//!
//! The command prints the credentials of its account, and the URLs to use instead of KuCoin's. `--help-script` lists all
//! faults.
//!
//! # Without a network
//!
//! Enable the feature `test-util` in your dev-dependencies only; see [`test_util`](crate::test_util).
//!
//! ```
//! # #[cfg(feature = "test-util")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use kucoin_streams::{EndReason, GapReason, test_util, v1};
//!
//! let (mut script, mut orders) = test_util::subscription(v1::SpotOrders);
//! script.frame(
//!     r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange",
//!         "data":{"symbol":"KCS-USDT","orderId":"1","side":"buy","type":"open"}}"#,
//! );
//! script.gap(GapReason::Overflowed { missed: 2 });
//! script.end(EndReason::SlowConsumer);
//!
//! let order = orders.try_next().ok_or("an event")??;
//! assert_eq!(order.symbol, "KCS-USDT");
//! assert!(orders.try_next().is_some_and(|item| item.is_err()));
//! assert!(orders.try_next().is_none());
//! assert_eq!(orders.end_reason(), Some(EndReason::SlowConsumer));
//! # Ok(()) }
//! # #[cfg(not(feature = "test-util"))]
//! # fn main() {}
//! ```
