//! Test your own code without a network: a [`Subscription`](crate::Subscription) fed by the test.
//!
//! This module needs the feature `test-util`.
//!
//! Add the SDK to your dev-dependencies too, with `features = ["test-util"]`. [`subscription`] returns a subscription for
//! your code, and a [`Script`] that feeds it with frames as KuCoin pushes them, events, gaps and the end. To create an
//! event, deserialize it from JSON (with KuCoin's field names or those of the event's serialization) or modify another.
//!
//! ```toml
//! [dev-dependencies]
//! kucoin-streams = { path = "../kucoin-streams/crates/kucoin-streams", features = ["test-util"] }
//! serde_json = "1" # for this example
//! ```
//!
//! ```
//! use std::process::ExitCode;
//!
//! use kucoin_streams::{Decimal, EndReason, Gap, GapReason, Side, Update, test_util, v1};
//!
//! /// A bot that sums up what it buys, and does not trust the sum after a gap.
//! struct Bot {
//!     bought: Decimal,
//!     trusted: bool,
//! }
//!
//! impl Bot {
//!     fn handle(&mut self, item: Result<Update<v1::SpotOrder>, Gap>) {
//!         match item {
//!             Ok(order) => {
//!                 if let Some(fill) = order.fill().filter(|fill| fill.side == Side::Buy) {
//!                     self.bought += fill.size;
//!                 }
//!             }
//!             Err(_) => self.trusted = false,
//!         }
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     match run() {
//!         Ok(()) => ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("error: {error}");
//!             ExitCode::FAILURE
//!         }
//!     }
//! }
//!
//! fn run() -> Result<(), Box<dyn std::error::Error>> {
//!     let (mut script, mut orders) = test_util::subscription(v1::SpotOrders);
//!     let buy: v1::SpotOrder = serde_json::from_str(
//!         r#"{"symbol":"KCS-USDT","orderId":"1","side":"buy","type":"match",
//!             "tradeId":"7","matchPrice":"8","matchSize":"1.5"}"#,
//!     )?;
//!     let mut sell = buy.clone();
//!     sell.side = Side::Sell;
//!     script.event(buy);
//!     script.event(sell);
//!     script.gap(GapReason::Overflowed { missed: 2 });
//!     script.end(EndReason::SlowConsumer);
//!
//!     let mut bot = Bot { bought: Decimal::ZERO, trusted: true };
//!     while let Some(item) = orders.try_next() {
//!         bot.handle(item);
//!     }
//!     assert_eq!((bot.bought.to_string().as_str(), bot.trusted), ("1.5", false));
//!     Ok(())
//! }
//! ```

pub use kucoin_streams_client::test_util::{Script, subscription};
