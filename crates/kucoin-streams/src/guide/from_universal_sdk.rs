//! Coming from `kucoin-universal-sdk`, KuCoin's own SDK.
//!
//! The names are those of Python; the other languages have similar ones.
//!
//! | `kucoin-universal-sdk` | Here |
//! |---|---|
//! | `set_key`, `set_secret`, `set_passphrase` of `ClientOptionBuilder` | [`Kucoin::builder()`](crate::Kucoin::builder)`.credentials(Credentials::new(key, secret, passphrase)?)` |
//! | `new_spot_private_ws()`, `new_margin_private_ws()`, `new_futures_private_ws()`, `new_uta_private_ws()`, `start()` | one [`Kucoin`](crate::Kucoin); it connects at the first subscription |
//! | spot `order_v2`, `order_v1`, `stop_order`, `account` | [`v1::SpotOrders`](crate::v1::SpotOrders), [`SpotOrdersV1`](crate::v1::SpotOrdersV1), [`SpotStopOrders`](crate::v1::SpotStopOrders), [`Balances`](crate::v1::Balances) |
//! | margin `cross_margin_position`, `isolated_margin_position` | [`v1::MarginPositions`](crate::v1::MarginPositions), [`IsolatedMarginPositions`](crate::v1::IsolatedMarginPositions) |
//! | futures `all_order`, `order`, `stop_orders` | [`v1::FuturesOrders`](crate::v1::FuturesOrders), [`FuturesSymbolOrders`](crate::v1::FuturesSymbolOrders), [`FuturesStopOrders`](crate::v1::FuturesStopOrders) |
//! | futures `balance`, `all_position`, `position` | [`v1::FuturesWallet`](crate::v1::FuturesWallet), [`FuturesPositions`](crate::v1::FuturesPositions), [`FuturesSymbolPosition`](crate::v1::FuturesSymbolPosition) |
//! | futures `margin_mode`, `cross_leverage` | [`v1::FuturesMarginModes`](crate::v1::FuturesMarginModes), [`FuturesCrossLeverages`](crate::v1::FuturesCrossLeverages) |
//! | unified `order_all`, `execution`, `position_all`, `balance`, .. | [`pro::Orders::all`](crate::pro::Orders::all), [`Executions`](crate::pro::Executions), [`Positions::all`](crate::pro::Positions::all), [`Balances`](crate::pro::Balances), .. |
//! | a callback `(topic, subject, data)` | a loop over the subscription; [`Update`](crate::Update) has `topic()` and `subject()` |
//! | `unsubscribe(id)` | [`unsubscribe`](crate::Subscription::unsubscribe), or drop the subscription |
//! | `stop()` | [`Kucoin::close`](crate::Kucoin::close) |
//! | `rest_service()`: reading orders, fills, balances and positions | the queries of [`Kucoin::rest`](crate::Kucoin::rest) |
//! | `with_event_callback` | [`Kucoin::lifecycle`](crate::Kucoin::lifecycle) |
//! | `EVENT_READ_BUFFER_FULL` | [`GapReason::Overflowed`](crate::GapReason) in the stream, with the number of dropped frames |
//! | `EVENT_RE_SUBSCRIBE_OK` | `LifecycleEvent::Reconnected`, and `GapReason::Live` in each stream |
//! | `with_read_message_buffer(1024)` | [`Config::with_queue_capacity`](crate::Config::with_queue_capacity), 8,192 frames by default |
//!
//! A callback becomes a task with a loop:
//!
//! ```
//! use std::process::ExitCode;
//!
//! use kucoin_streams::{Credentials, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Side};
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
//!     let exchange = Exchange::builder().start().await?;
//!     let demo = exchange.credentials();
//!     let kucoin = Kucoin::builder()
//!         .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//!         .hosts(Hosts::local(&exchange.rest_url())?)
//!         .build()?;
//!
//!     let mut orders = kucoin.subscribe(v1::SpotOrders).await?;
//!     let on_order = tokio::spawn(async move {
//!         while let Some(item) = orders.next().await {
//!             match item {
//!                 Ok(order) => println!("{} {} {}", order.symbol, order.side, order.kind),
//!                 Err(gap) => eprintln!("gap: {gap}"),
//!             }
//!         }
//!         orders.end_reason()
//!     });
//!     let mut positions = kucoin.subscribe(v1::FuturesPositions).await?;
//!     let on_position = tokio::spawn(async move {
//!         while let Some(item) = positions.next().await {
//!             match item {
//!                 Ok(position) => println!("{:?}", position.symbol()),
//!                 Err(gap) => eprintln!("gap: {gap}"),
//!             }
//!         }
//!         positions.end_reason()
//!     });
//!
//!     exchange.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//!     exchange.account().futures().place_market("XBTUSDTM", Side::Buy, 1)?;
//!     kucoin.close().await; // both streams end after what they have received
//!     println!("{:?} {:?}", on_order.await?, on_position.await?);
//!     Ok(())
//! }
//! ```
//!
//! # Differences
//!
//! This describes version 1.3.2 for Python, with its defaults: `default_ws_client.py` and `default_ws_service.py` in
//! `internal/infra` (V1).
//!
//! - If the buffer of 1,024 messages is full, messages are dropped. `EVENT_READ_BUFFER_FULL` is passed to the event
//!   callback, not to the callback of the topic. Messages in the buffer at a reconnect are dropped without a report.
//! - Pings are sent, but a missing pong is not detected: a connection that is dead but not closed goes unnoticed.
//! - It reconnects 5 s after a loss and subscribes another 5 s later, with at most 3 attempts. After that, it emits
//!   `EVENT_RE_SUBSCRIBE_ERROR`, and the failed topics stay unsubscribed. Here the first attempt follows within 0.5 s,
//!   and a topic that is refused temporarily is retried until it is live.
//! - After a loss, it neither reports nor fetches what was missed. Here a [`Gap`](crate::Gap) is in the stream, and
//!   [recovery](super::recovery) fills it.
//! - A second callback for a subscribed topic is ignored. Here every subscription receives every event.
//! - It also has market data and places orders. This SDK has private streams and read-only REST queries of the account.
