//! Choosing topics: V1 or Pro V2, one symbol or all, types or strings.
//!
//! Choose V1 for a classic account: it has one connection for spot and margin, and one for futures. Choose Pro V2 for a
//! unified account: spot, margin and futures are on one connection, in one format, and fills have their fees. Do not
//! use both: they report the same account, so every change would arrive twice.
//!
//! | You want | V1 | Pro V2 |
//! |---|---|---|
//! | orders of spot and margin | [`SpotOrders`](crate::v1::SpotOrders) * | [`Orders::all`](crate::pro::Orders::all) * |
//! | orders of futures | [`FuturesOrders`](crate::v1::FuturesOrders) * | the same |
//! | stop orders | [`SpotStopOrders`](crate::v1::SpotStopOrders) *, [`FuturesStopOrders`](crate::v1::FuturesStopOrders) * | the same |
//! | fills | [`fill()`](crate::Event::fill) of an order event, without the fee; [`SpotTradeFills`](crate::v1::SpotTradeFills) of spot with the fee, but undocumented and silent for some accounts | [`Executions`](crate::pro::Executions) * with fees; [`ExecutionsLite`](crate::pro::ExecutionsLite) without fees, but earlier |
//! | balances | [`Balances`](crate::v1::Balances) * of all accounts except futures, [`FuturesWallet`](crate::v1::FuturesWallet) * | [`Balances`](crate::pro::Balances) of one account type: `UNIFIED` * and `FUNDING` * |
//! | positions | [`FuturesPositions`](crate::v1::FuturesPositions) * | [`Positions::all`](crate::pro::Positions::all) * |
//! | margin debts | [`MarginPositions`](crate::v1::MarginPositions) *, [`IsolatedMarginPositions`](crate::v1::IsolatedMarginPositions) by symbol | the `liability` of a balance |
//! | liquidation warnings | - | [`LiquidationWarnings`](crate::pro::LiquidationWarnings) * |
//! | leverage and margin mode | [`FuturesCrossLeverages`](crate::v1::FuturesCrossLeverages) *, [`FuturesMarginModes`](crate::v1::FuturesMarginModes) * | [`Leverages`](crate::pro::Leverages) * |
//!
//! [`AnyTopic::account_wide`](crate::AnyTopic::account_wide) returns those topics of a connection that have a *.
//! Together they cover the account, except topics that need a symbol. On Pro V2, a unified account uses
//! [`TradeType::Unified`](crate::pro::TradeType); the other trade types are for classic accounts. For all topics, see
//! [`v1`](crate::v1) and [`pro`](crate::pro).
//!
//! Several topics can report the same fill: on Pro V2 `orderAll`, `execution` and `execution.lite`, also among the
//! topics with a *; on V1 `SpotOrders` and `SpotTradeFills`. On Pro V2, several events of one order can also repeat its
//! last fill. So count each [`Fill::key`](crate::Fill::key) once, as below. Only `Executions` and `SpotTradeFills` have
//! the fee: if you need it, use the fills of that topic only.
//!
//! # Several topics in one subscription
//!
//! A `Vec` of topics of one type is one subscription, with events in order of arrival.
//! [`Kucoin::subscribe_any`](crate::Kucoin::subscribe_any) takes topics of any type and connection; they can be parsed
//! from strings. A misspelled topic is an error of `parse`, not a silent stream.
//!
//! ```
//! use std::collections::{HashMap, HashSet};
//! use std::process::ExitCode;
//!
//! use kucoin_streams::{AnyTopic, Credentials, Decimal, Hosts, Kucoin, Text, v1};
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
//!     let topics: Vec<AnyTopic> = vec![
//!         v1::SpotOrders.into(),
//!         v1::SpotTradeFills.into(), // reports the fills of `SpotOrders` again
//!         "/contractMarket/tradeOrders".parse()?,
//!     ];
//!     let mut events = kucoin.subscribe_any(topics).await?;
//!     exchange.account().place_market("BTC-USDT", Side::Buy, "0.001".parse()?)?;
//!     exchange.account().futures().place_market("XBTUSDTM", Side::Buy, 2)?;
//!
//!     let mut counted = HashSet::new();
//!     let mut bought: HashMap<Text, Decimal> = HashMap::new();
//!     while bought.values().sum::<Decimal>() < "2.001".parse()? {
//!         match events.next().await.ok_or("the stream ended")? {
//!             Ok(update) => {
//!                 if let Some(fill) = update.event().fill().filter(|fill| counted.insert(fill.key())) {
//!                     *bought.entry(fill.symbol).or_default() += fill.size;
//!                 }
//!             }
//!             Err(gap) => eprintln!("gap: {gap}"),
//!         }
//!     }
//!     assert_eq!(bought["BTC-USDT"], "0.001".parse()?);
//!     assert_eq!(bought["XBTUSDTM"], 2.into());
//!     Ok(())
//! }
//! ```
//!
//! [Recovery](super::recovery#what-is-recovered) fills the gaps of any topic; what it can fetch depends on the topic.
//!
//! If KuCoin refuses one topic, the whole `subscribe_any` fails, and no topic stays subscribed.
//! [`subscribe_any_available`](crate::Kucoin::subscribe_any_available) leaves out the refused topics.
//! [`AnySubscription::merge`](crate::AnySubscription::merge) joins two streams.
//!
//! # One symbol or all
//!
//! Subscribe to all symbols unless you need only one. Do not subscribe to both: the events of that symbol would arrive
//! twice. One exception: on `/contract/positionAll`, funding settlements and risk limit changes have no contract, so
//! subscribe to [`FuturesSymbolPosition`](crate::v1::FuturesSymbolPosition) of each contract if you need it.
//!
//! The SDK checks only the form of a symbol. KuCoin currently acknowledges symbols that do not exist, and pushes
//! nothing.
