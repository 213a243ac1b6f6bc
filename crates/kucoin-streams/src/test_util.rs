//! Test your own code without a network: a [`Subscription`](crate::Subscription) fed by the test (feature `test-util`).
//!
//! Add the SDK to your dev-dependencies too, with `features = ["test-util"]`. [`subscription`] returns a subscription for
//! your code, and a [`Script`] that feeds it with frames as KuCoin pushes them, events, gaps and the end. To create an
//! event, deserialize it from JSON (with KuCoin's field names or those of the event's serialization) or modify another.
//!
//! ```
//! use kucoin_streams::{EndReason, Decimal, Gap, GapReason, Update, test_util, v1};
//!
//! /// A bot that sums up its fills, and does not trust the sum after a gap.
//! #[derive(Default)]
//! struct Bot {
//!     bought: Decimal,
//!     trusted: bool,
//! }
//!
//! impl Bot {
//!     fn handle(&mut self, item: Result<Update<v1::SpotOrder>, Gap>) {
//!         match item {
//!             Ok(order) => self.bought += order.fill().map_or(Decimal::ZERO, |fill| fill.size),
//!             Err(_) => self.trusted = false,
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (mut script, mut orders) = test_util::subscription(v1::SpotOrders);
//! let order: v1::SpotOrder = serde_json::from_str(
//!     r#"{"symbol":"KCS-USDT","orderId":"1","side":"buy","type":"match","tradeId":"7","matchPrice":"8","matchSize":"1.5"}"#,
//! )?;
//! script.event(order);
//! script.gap(GapReason::Overflowed { missed: 2 });
//! script.end(EndReason::SlowConsumer);
//!
//! let mut bot = Bot { trusted: true, ..Bot::default() };
//! while let Some(item) = orders.try_next() {
//!     bot.handle(item);
//! }
//! assert_eq!((bot.bought.to_string().as_str(), bot.trusted), ("1.5", false));
//! # Ok(()) }
//! ```

pub use kucoin_streams_client::test_util::{Script, subscription};
