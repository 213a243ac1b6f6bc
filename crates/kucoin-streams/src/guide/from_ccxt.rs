//! Coming from `ccxt.pro`.
//!
//! | `ccxt.pro` | V1 here | Pro V2 here |
//! |---|---|---|
//! | `new ccxt.pro.kucoin({ apiKey, secret, password })` | [`Credentials::new`](crate::Credentials::new)`(key, secret, passphrase)` | the same |
//! | `watchOrders()` | [`v1::SpotOrders`](crate::v1::SpotOrders), [`v1::FuturesOrders`](crate::v1::FuturesOrders) | [`pro::Orders::all`](crate::pro::Orders::all) |
//! | `watchOrders(undefined, .., { trigger: true })` | [`v1::SpotStopOrders`](crate::v1::SpotStopOrders), [`v1::FuturesStopOrders`](crate::v1::FuturesStopOrders) | in `Orders` |
//! | `watchMyTrades()` | [`fill()`](crate::Event::fill) of an order event | [`pro::Executions`](crate::pro::Executions) |
//! | `watchBalance()` | [`v1::Balances`](crate::v1::Balances), [`v1::FuturesWallet`](crate::v1::FuturesWallet) | [`pro::Balances`](crate::pro::Balances) |
//! | `watchPositions()` | [`v1::FuturesPositions`](crate::v1::FuturesPositions) | [`pro::Positions::all`](crate::pro::Positions::all) |
//! | `watchPosition(symbol)` | [`v1::FuturesSymbolPosition`](crate::v1::FuturesSymbolPosition) | [`pro::Positions::symbol`](crate::pro::Positions::symbol) |
//! | `fetchOpenOrders()`, `fetchMyTrades()`, `fetchBalance()`, `fetchPositions()` | the queries of [`Kucoin::rest`](crate::Kucoin::rest) | the same |
//! | `options.uta` | the topics that you choose: [`v1`](crate::v1) or [`pro`](crate::pro) | |
//! | symbols such as `BTC/USDT`, `BTC/USDT:USDT` | KuCoin's: `BTC-USDT`, `XBTUSDTM` | the same |
//! | `exchange.close()` | [`Kucoin::close`](crate::Kucoin::close) | the same |
//!
//! `ccxt.pro` keeps caches and returns their state; here you receive events. If you need the state, keep it yourself.
//! An order event contains the current state of the order, so this is short. To start with the orders that are already
//! open, and to have gaps filled, use [recovery](super::recovery).
//!
//! ```
//! use std::collections::HashMap;
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
//!     let mut orders = kucoin.subscribe(v1::SpotOrders).await?;
//!
//!     let price = exchange.account().last_price("KCS-USDT")? - kucoin_streams::Decimal::ONE;
//!     let id = exchange.account().place_limit("KCS-USDT", Side::Buy, price, 10.into())?;
//!     exchange.account().fill(&id, 4.into())?;
//!     exchange.account().cancel(&id)?;
//!
//!     let mut open = HashMap::new();
//!     let mut bought = Vec::new(); // `watchMyTrades`
//!     while let Some(item) = orders.next().await {
//!         match item {
//!             Ok(order) => {
//!                 bought.extend(order.fill());
//!                 let done = order.is_done();
//!                 let order = order.into_event();
//!                 match done {
//!                     true => drop(open.remove(&order.order_id)),
//!                     false => drop(open.insert(order.order_id.clone(), order)),
//!                 }
//!                 if done {
//!                     break; // only to end the example
//!                 }
//!             }
//!             Err(gap) => eprintln!("{gap}"), // see the chapter on recovery
//!         }
//!     }
//!     assert!(open.is_empty());
//!     assert_eq!(bought[0].size.to_string(), "4");
//!     Ok(())
//! }
//! ```
//!
//! # Differences
//!
//! This describes `ccxt` 4.5.84 for JavaScript.
//!
//! - If an order changes several times between two calls of `watchOrders`, you see only the last state. Here every
//!   event is an item.
//! - If the connection is lost while no call is waiting, the next call reconnects without an error, and the events in
//!   between are missing. If a call is waiting, it throws a `NetworkError`. Here a [`Gap`](crate::Gap) is in the stream
//!   in both cases, and [recovery](super::recovery) fills it.
//! - `watchOrders` on V1 spot uses `/spotMarket/tradeOrders`, which has no `received` event. The same topic is
//!   [`v1::SpotOrdersV1`](crate::v1::SpotOrdersV1).
//! - `watchMyTrades` on a unified account uses `execution.lite`, which has no fees.
//! - Prices and sizes are floating-point numbers by default. Here they are exact decimals.
//! - `ccxt` merges each balance push into a table of all currencies. Here an event has one currency and, on V1 spot,
//!   the reason of the change.
//! - `ccxt` also has market data and places orders, for many exchanges. This SDK has KuCoin's private streams and
//!   read-only REST queries of the account.
