//! Testing your bot without an account.
//!
//! | To test | Use |
//! |---|---|
//! | your handler of events and gaps, without a network | [`test_util`](crate::test_util): subscriptions [fed by the test](#without-a-network) |
//! | your bot with real connections, in `cargo test` | the crate `kucoin-streams-exchange` as a dev-dependency |
//! | a bot in any language | the command `kucoin-streams exchange` |
//!
//! # Dependencies
//!
//! Neither crate is on crates.io yet. In a clone of the repository beside your project, `kucoin-streams-exchange` is
//! the folder `crates/exchange`:
//!
//! ```toml
//! [dev-dependencies]
//! kucoin-streams-exchange = { path = "../kucoin-streams/crates/exchange" }
//! kucoin-streams = { path = "../kucoin-streams/crates/kucoin-streams", features = ["test-util"] }
//! ```
//!
//! The second line adds the feature `test-util` for tests only, beside the line of the SDK in `[dependencies]`. Add it
//! to test [without a network](#without-a-network). If the line in `[dependencies]` has `default-features = false`, add
//! that here too.
//!
//! # With a local exchange
//!
//! The local exchange issues tokens, checks signatures, and has one account with spot, margin and futures. It answers
//! the REST queries of [recovery](super::recovery) too. Your test places the orders, and a script injects faults. Here the connection ends after four pushes:
//!
//! ```
//! use std::process::ExitCode;
//!
//! use kucoin_streams::{Credentials, GapReason, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Faults, Side};
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
//! async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! #     if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//!     let faults: Faults = "after 4 frames: cut how=eof".parse()?;
//!     let exchange = Exchange::builder().faults(faults).start().await?;
//!     let demo = exchange.credentials();
//!     let kucoin = Kucoin::builder()
//!         .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//!         .hosts(Hosts::local(&exchange.rest_url())?)
//!         .build()?;
//!
//!     let mut orders = kucoin.subscribe(v1::SpotOrders).await?;
//!     for _ in 0..3 {
//!         exchange.account().place_market("BTC-USDT", Side::Buy, "0.001".parse()?)?;
//!     }
//!     let mut events = 0;
//!     let gap = loop {
//!         match orders.next().await.ok_or("the stream ended")? {
//!             Ok(_) => events += 1,
//!             Err(gap) => break gap,
//!         }
//!     };
//!     assert_eq!(events, 4);
//!     assert!(matches!(gap.reason, GapReason::Lost { .. }));
//!     Ok(())
//! }
//! ```
//!
//! Faults of REST are injected in the same way: rows that appear late, refused permissions, rate limits and broken
//! replies. [`Exchange::inject`] injects a fault at once, [`Exchange::truth`] returns the log of all V1 pushes, and
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
//! The command prints the credentials of its account, and the URLs to use instead of KuCoin's. `--help-script` lists
//! all faults.
//!
//! # Without a network
//!
//! A subscription fed by the test needs the feature `test-util`, in your dev-dependencies only; see
//! [`test_util`](crate::test_util).
//!
//! ```
//! use std::process::ExitCode;
//!
//! # #[cfg(not(feature = "test-util"))]
//! # fn run() -> Result<(), Box<dyn std::error::Error>> { Ok(()) }
//! # #[cfg(feature = "test-util")]
//! use kucoin_streams::{EndReason, GapReason, test_util, v1};
//!
//! fn main() -> ExitCode {
//!     match run() {
//!         Ok(()) => ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("error: {error}"); // the text names the cause and what to do
//!             ExitCode::FAILURE
//!         }
//!     }
//! }
//!
//! # #[cfg(feature = "test-util")]
//! fn run() -> Result<(), Box<dyn std::error::Error>> {
//!     let (mut script, mut orders) = test_util::subscription(v1::SpotOrders);
//!     script.frame(
//!         r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","subject":"orderChange",
//!             "data":{"symbol":"KCS-USDT","orderId":"1","side":"buy","type":"open"}}"#,
//!     );
//!     script.gap(GapReason::Overflowed { missed: 2 });
//!     script.end(EndReason::SlowConsumer);
//!
//!     let order = orders.try_next().ok_or("an event")??;
//!     assert_eq!(order.symbol, "KCS-USDT");
//!     assert!(orders.try_next().is_some_and(|item| item.is_err()));
//!     assert!(orders.try_next().is_none());
//!     assert_eq!(orders.end_reason(), Some(EndReason::SlowConsumer));
//!     Ok(())
//! }
//! ```
//!
//! # Logs
//!
//! The SDK logs with `tracing`: connections, losses, retries and refused topics, without secrets. To print the logs,
//! add `tracing-subscriber`, and call `init` at the start of `main`:
//!
//! ```toml
//! [dependencies]
//! tracing-subscriber = "0.3"
//! ```
//!
//! ```text
//! tracing_subscriber::fmt::init();
//! ```
//!
//! It prints the levels from `INFO` on. The environment variable `RUST_LOG` chooses other levels, for example
//! `RUST_LOG=warn,kucoin_streams_client=debug`.
