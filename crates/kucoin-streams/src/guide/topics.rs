//! Choosing topics: V1 or Pro V2, one symbol or all, types or strings.
//!
//! Choose V1 for a classic account: one connection for spot and margin, one for futures. Choose Pro V2 for a unified
//! account: spot, margin and futures on one connection, in one format, and fills with their fees. Choose one of them,
//! not both: they report the same account, so every change arrives twice.
//!
//! | You want | V1 | Pro V2 |
//! |---|---|---|
//! | orders of spot and margin | [`SpotOrders`](crate::v1::SpotOrders) * | [`Orders::all`](crate::pro::Orders::all) * |
//! | orders of futures | [`FuturesOrders`](crate::v1::FuturesOrders) * | the same |
//! | stop orders | [`SpotStopOrders`](crate::v1::SpotStopOrders) *, [`FuturesStopOrders`](crate::v1::FuturesStopOrders) * | the same |
//! | fills | the orders topics: `fill()` of an event, without the fee | [`Executions`](crate::pro::Executions) * with fees, [`ExecutionsLite`](crate::pro::ExecutionsLite) sooner and without |
//! | balances | [`Balances`](crate::v1::Balances) * of all accounts but futures, [`FuturesWallet`](crate::v1::FuturesWallet) * | [`Balances`](crate::pro::Balances) * of one account type |
//! | positions | [`FuturesPositions`](crate::v1::FuturesPositions) * | [`Positions::all`](crate::pro::Positions::all) * |
//! | margin debts | [`MarginPositions`](crate::v1::MarginPositions) *, [`IsolatedMarginPositions`](crate::v1::IsolatedMarginPositions) by symbol | the `liability` of a balance |
//! | liquidation warnings | | [`LiquidationWarnings`](crate::pro::LiquidationWarnings) * |
//! | leverage and margin mode | [`FuturesCrossLeverages`](crate::v1::FuturesCrossLeverages) *, [`FuturesMarginModes`](crate::v1::FuturesMarginModes) * | [`Leverages`](crate::pro::Leverages) * |
//!
//! Topics with a * are those that [`AnyTopic::account_wide`](crate::AnyTopic::account_wide) returns for a connection:
//! everything about the account, each event once. On Pro V2 a unified account uses
//! [`TradeType::Unified`](crate::pro::TradeType); the other trade types are for classic accounts. All topics:
//! [`v1`](crate::v1), [`pro`](crate::pro).
//!
//! # Several topics in one subscription
//!
//! A `Vec` of topics of one type is one subscription, with events in the order of arrival.
//! [`Kucoin::subscribe_any`](crate::Kucoin::subscribe_any) takes topics of any type and connection, also parsed from
//! strings. A typo is an error of `parse`, not a stream that stays silent.
//!
//! ```
//! use std::collections::HashSet;
//!
//! use kucoin_streams::{AnyTopic, Credentials, Event, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Side};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//! let exchange = Exchange::builder().start().await?;
//! let demo = exchange.credentials();
//! let kucoin = Kucoin::builder()
//!     .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//!     .hosts(Hosts::local(&exchange.rest_url())?)
//!     .build()?;
//!
//! let topics: Vec<AnyTopic> =
//!     vec![v1::SpotOrders.into(), "/contractMarket/tradeOrders".parse()?];
//! let mut events = kucoin.subscribe_any(topics).await?;
//! exchange.account().place_market("BTC-USDT", Side::Buy, "0.001".parse()?)?;
//! exchange.account().futures().place_market("XBTUSDTM", Side::Sell, 2)?;
//!
//! let mut traded = HashSet::new();
//! while traded.len() < 2 {
//!     match events.next().await.ok_or("the stream ended")? {
//!         Ok(update) => traded.extend(update.event().fill().map(|fill| fill.symbol)),
//!         Err(gap) => eprintln!("gap: {gap}"),
//!     }
//! }
//! assert!(traded.contains("BTC-USDT") && traded.contains("XBTUSDTM"));
//! # Ok(()) }
//! ```
//!
//! # One symbol or all
//!
//! Subscribe to all symbols unless you need one only: a topic for all and a topic for one symbol together deliver that
//! symbol's events twice. One exception: on `/contract/positionAll` a funding settlement and a change of the risk limit
//! name no contract, so subscribe to [`FuturesSymbolPosition`](crate::v1::FuturesSymbolPosition) if you need them.
//!
//! A topic for one symbol checks its form only. KuCoin today acknowledges symbols that it does not trade, and pushes
//! nothing.
