//! Recovery: events that a gap hides are fetched over REST and put into the stream.
//!
//! KuCoin never pushes an event again, but its REST API has the orders, fills, balances and positions.
//! [`Kucoin::recovered`](crate::Kucoin::recovered) reads the current state at the start and, after each gap, what was
//! missed. The subscription becomes a stream of these items:
//!
//! | [`RecoveredItem`](crate::RecoveredItem) | What it is | What to do |
//! |---|---|---|
//! | `Snapshot` | a row of the current state: an open order, a balance, a position | set your state; it is not an event |
//! | `Event` | an event, live or recovered: see [`Update::origin`](crate::Update::origin) | apply it |
//! | `Gap` | events may be missing from here on, for any [`GapReason`](crate::GapReason) but `Live` | treat your state of its topics as stale |
//! | `Vanished` | an order was open before the gap and is in no list any more | remove it; KuCoin does not say whether it was filled or canceled |
//! | `Live` | the gap is filled, except for what [`missing`](crate::LiveReport::missing) names | trust your state again, except for what is named |
//!
//! After a loss, the items come in this order:
//!
//! 1. `Gap`
//! 2. the recovered events, then `Vanished`
//! 3. `Snapshot` rows: balances, positions, settings, and orders that were reduced
//! 4. `Live`
//! 5. the live events that were held back, then new ones
//!
//! At the start come the rows, `Live`, and the live events. Recovered events are in order of exchange time; the events of
//! one order are in the order placed, matched, ended.
//!
//! A live event that was held back can be older than the rows. If it shows an older state of an order or a position than
//! the row, it is left out; fills and ends of orders never are. Balances, debts and settings are always yielded, because
//! KuCoin's rows can lag: they may step back after the row, and are right after the last live event that was held back.
//!
//! Your state is stale until the first `Live`. If the connection is lost before the first snapshot is complete, there is
//! only one `Live`, after the recovery. After `Gap` with the reason `Closed`, or `Refused` with `retrying: false`, no
//! `Live` follows for its topics.
//!
//! This program keeps the open orders and all fills of an account. It misses a fill and the end of an order, and gets
//! both:
//!
//! ```
//! use std::collections::{HashMap, HashSet};
//! use std::process::ExitCode;
//!
//! use kucoin_streams::rest::SpotOrderRow;
//! use kucoin_streams::v1::{self, SpotOrder};
//! use kucoin_streams::{
//!     Credentials, Fill, FillKey, Hosts, Kucoin, Origin, RecoveredItem, Text, Update,
//! };
//! use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults, Side};
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
//!     let faults: Faults = "token 2: token-slow by=1s".parse()?; // so that the outage is not too short
//!     let exchange = Exchange::builder().faults(faults).start().await?;
//!     let demo = exchange.credentials();
//!     let kucoin = Kucoin::builder()
//!         .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//!         .hosts(Hosts::local(&exchange.rest_url())?)
//!         .build()?;
//!     let order = exchange.account().place_limit("KCS-USDT", Side::Buy, 1.into(), 30.into())?;
//!
//!     let mut stream = kucoin.recovered(kucoin.subscribe(v1::SpotOrders).await?);
//!     let mut orders = Orders::default();
//!     while let Some(item) = stream.next().await {
//!         match item {
//!             RecoveredItem::Snapshot(row) => {
//!                 let row: SpotOrderRow = row.read()?;
//!                 println!("open: {} {} {:?}", row.symbol, row.side, row.price);
//!                 orders.open.insert(row.order_id);
//!             }
//!             RecoveredItem::Event(update) => orders.apply(&update),
//!             RecoveredItem::Vanished(order) => {
//!                 eprintln!("order {} ended for an unknown reason", order.order_id);
//!                 orders.open.remove(&order.order_id);
//!             }
//!             RecoveredItem::Gap(gap) => {
//!                 eprintln!("{gap}");
//!                 orders.is_live = false; // do not trade on the orders until the report
//!             }
//!             RecoveredItem::Live(report) => {
//!                 for part in &report.missing {
//!                     eprintln!("not recovered: {part}");
//!                 }
//!                 orders.is_live = true;
//!                 println!("{} open orders, {} fills", orders.open.len(), orders.fills.len());
//!                 if report.outage.is_some() {
//!                     break; // only to end the example
//!                 }
//!                 trade_in_an_outage(&exchange, &order).await?;
//!             }
//!             _ => {}
//!         }
//!     }
//!     assert!(orders.open.is_empty() && orders.is_live);
//!     assert_eq!(orders.fills.len(), 1);
//!     Ok(())
//! }
//!
//! #[derive(Default)]
//! struct Orders {
//!     open: HashSet<Text>,
//!     fills: HashMap<FillKey, Fill>,
//!     is_live: bool, // false until the first report
//! }
//!
//! impl Orders {
//!     fn apply(&mut self, order: &Update<SpotOrder>) {
//!         println!("{} {} of {}", order.symbol, order.kind, order.order_id);
//!         let is_late = matches!(order.origin(), Origin::Recovered { late: true, .. });
//!         let fill = order.fill();
//!         if order.is_done() {
//!             self.open.remove(&order.order_id);
//!         } else if !(is_late && fill.is_some()) {
//!             self.open.insert(order.order_id.clone()); // a late fill can follow the end of its order
//!         }
//!         self.fills.extend(fill.map(|fill| (fill.key(), fill)));
//!     }
//! }
//!
//! async fn trade_in_an_outage(
//!     exchange: &Exchange,
//!     order: &str,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     exchange.inject(Effect::Cut(Cut::Reset));
//!     exchange.wait_until(|stats| stats.open_connections().next().is_none()).await;
//!     exchange.account().fill(order, 12.into())?;
//!     exchange.account().cancel(order)?;
//!     Ok(())
//! }
//! ```
//!
//! An [`AnySubscription`](crate::AnySubscription) is recovered in the same way: each connection has its own gaps and
//! reports, and the topics of one connection share their queries. The example `handle_gaps` of the repository recovers
//! from a lost connection and from a corrupted frame. `kucoin-streams watch` recovers by default; `--no-recover` only
//! reports gaps.
//!
//! # What happens after a loss
//!
//! 1. The subscription yields the `Gap` at once and reconnects.
//! 2. When KuCoin acknowledges the topics again, their live events are held back.
//! 3. After 1 s, the history is queried: from 10 s before the last event (never before the subscription) until now. After
//!    another 3 s it is queried again, because KuCoin's rows can appear late; then the state is read.
//! 4. The records are compared: each trade in the ledger has its fill, the fills of an order add up to its filled size,
//!    the changes of a balance add up. If they do not, or if a query has failed, a third round follows after 10 s.
//! 5. What was found, the report and the events that were held back are yielded in the order above. If an event was both
//!    found and held back, the live one is yielded.
//!
//! So live events come about 4 s late after a loss, 14 s with a third round, and at most
//! [`max_hold`](crate::RecoverySettings::max_hold) late. If you cannot wait, also read a second subscription of the same
//! topic without recovery.
//!
//! If a query fails because of a rate limit, an overload or the network, it is repeated up to three times, the last time
//! 200 s after the report. What is found then has `late: true`, and another report with
//! [`late`](crate::LiveReport::late) follows. A second loss during a recovery starts it over for the union of both gaps.
//! The gaps of an overflow and of an undecodable frame are filled in the same way.
//!
//! A recovered event is made only of figures that KuCoin sent. A field that REST does not have is `None`; fields that
//! only REST has are in `extra`, as JSON text. So a recovered fill of a V1 order has `fee` and `feeCurrency` there, which
//! live ones lack. Nothing is computed, except the filled size of an order after each fill, if its fills add up.
//!
//! # What is recovered
//!
//! | Topic | Recovered as events | Snapshot | Never |
//! |---|---|---|---|
//! | [`SpotOrders`](crate::v1::SpotOrders), spot and margin | each fill; a new order as `open`; the end of an order | open orders, at the start | `received` and `update`; an order that was placed and canceled in the gap without a fill, if nothing names its symbol |
//! | [`FuturesOrders`](crate::v1::FuturesOrders) | the same | the same | `update` |
//! | [`SpotTradeFills`](crate::v1::SpotTradeFills), [`MarketMatches`](crate::v1::MarketMatches) | your fills | - | sequence numbers |
//! | [`SpotStopOrders`](crate::v1::SpotStopOrders), [`FuturesStopOrders`](crate::v1::FuturesStopOrders) | a new one as `open`; its end, if KuCoin still has it, otherwise `Vanished` | open stop orders, at the start | a stop order that was placed and ended in the gap |
//! | [`Balances`](crate::v1::Balances) | changes of a total balance: trades, transfers, deposits and others | balances of all accounts | holds; the available balance after each change |
//! | [`MarginPositions`](crate::v1::MarginPositions), [`IsolatedMarginPositions`](crate::v1::IsolatedMarginPositions) | - | debts and balances | changes of debt and status in the gap |
//! | [`FuturesWallet`](crate::v1::FuturesWallet) | - | USDT and XBT | changes in the gap |
//! | [`FuturesPositions`](crate::v1::FuturesPositions) | funding settlements | open positions, and those closed in the gap | states in the gap; results of risk limit changes |
//! | [`FuturesMarginModes`](crate::v1::FuturesMarginModes), [`FuturesCrossLeverages`](crate::v1::FuturesCrossLeverages) | - | contracts with a position or an earlier event | changes in the gap |
//! | [`pro::Orders`](crate::pro::Orders) | each fill, new and triggered orders, ends | open orders, also conditional ones, at the start | states in between; a conditional order that was placed and canceled in the gap |
//! | [`pro::Executions`](crate::pro::Executions), [`ExecutionsLite`](crate::pro::ExecutionsLite) | each fill | - | the closed profit of a fill |
//! | [`pro::Balances`](crate::pro::Balances) | balances after bookings | balances | holds; the available balance after each change |
//! | [`pro::Positions`](crate::pro::Positions) | - | open positions, and those closed in the gap | states in the gap |
//! | [`pro::Leverages`](crate::pro::Leverages), [`LiquidationWarnings`](crate::pro::LiquidationWarnings) | - | the current figures | changes and warnings in the gap |
//!
//! What is never recovered is not named in the reports. An order that was reduced in a gap comes as a row with its new size.
//!
//! Times of fills, new orders, bookings and funding settlements are exact. The end of an order has an exact time on Pro V2
//! only: on V1, [`Origin`](crate::Origin)`::Recovered` has `exact: false`, and
//! `engine_time` is `None`. Times of stop orders are not exact either.
//!
//! # Rows of a snapshot
//!
//! [`SnapshotRow::source`](crate::SnapshotRow) is the REST path. It decides the row type of [`rest`](crate::rest) for
//! [`SnapshotRow::read`](crate::SnapshotRow::read):
//!
//! | `source` | Row type | Topics |
//! |---|---|---|
//! | `/api/v1/hf/orders/active`, `/api/v3/hf/margin/orders/active` | [`SpotOrderRow`](crate::rest::SpotOrderRow) | orders of spot and margin |
//! | `/api/v1/orders` | [`FuturesOrderRow`](crate::rest::FuturesOrderRow) | orders of futures |
//! | `/api/v1/stop-order`, `/api/v3/hf/margin/stop-orders` | [`StopOrderRow`](crate::rest::StopOrderRow) | stop orders of spot and margin |
//! | `/api/v1/stopOrders` | [`FuturesOrderRow`](crate::rest::FuturesOrderRow) | stop orders of futures |
//! | `/api/v1/accounts` | [`AccountRow`](crate::rest::AccountRow) | `Balances` |
//! | `/api/v3/margin/accounts` | [`CrossMarginRow`](crate::rest::CrossMarginRow) | `Balances`, `MarginPositions` |
//! | `/api/v3/isolated/accounts` | [`IsolatedMarginRow`](crate::rest::IsolatedMarginRow) | `Balances`, `IsolatedMarginPositions` |
//! | `/api/v1/account-overview` | [`FuturesAccountRow`](crate::rest::FuturesAccountRow) | `FuturesWallet` |
//! | `/api/v1/positions` | [`FuturesPositionRow`](crate::rest::FuturesPositionRow) | positions, margin modes and leverages of futures |
//! | `/api/v1/history-positions` | [`ClosedPositionRow`](crate::rest::ClosedPositionRow) | positions of futures that were closed |
//! | `/api/v2/position/getMarginMode` | [`MarginModeRow`](crate::rest::MarginModeRow) | `FuturesMarginModes` |
//! | `/api/v2/getCrossUserLeverage` | [`CrossLeverageRow`](crate::rest::CrossLeverageRow) | `FuturesCrossLeverages` |
//! | `/api/ua/{v}/unified/order/open-list` | [`UnifiedOrderRow`](crate::rest::UnifiedOrderRow) | `pro::Orders` |
//! | `/api/ua/{v}/unified/position/open-list` | [`UnifiedPositionRow`](crate::rest::UnifiedPositionRow) | `pro::Positions` |
//! | `/api/ua/{v}/position/history` | [`UnifiedClosedPositionRow`](crate::rest::UnifiedClosedPositionRow) | `pro::Positions` that were closed |
//! | `/api/ua/{v}/unified/account/balance`, `/api/ua/{v}/account/balance` | [`UnifiedBalanceRow`](crate::rest::UnifiedBalanceRow) | `pro::Balances` |
//! | `/api/ua/{v}/unified/account/leverage` | [`UnifiedLeverageRow`](crate::rest::UnifiedLeverageRow) | `pro::Leverages` |
//! | `/api/ua/{v}/unified/account/overview` | [`UnifiedOverviewRow`](crate::rest::UnifiedOverviewRow) | `pro::LiquidationWarnings` |
//!
//! `{v}` is part of the text, whichever version was queried. Pro V2 topics of a classic account have the paths and rows of
//! V1, except balances. An order that was queried alone has the path of that query, such as `/api/v1/hf/orders/{orderId}`,
//! and the row type of its list.
//!
//! # Balances of V1
//!
//! A recovered [`Balance`](crate::v1::Balance) has no `account_id`, and names the account `trade_hf` or `marginV2`, while
//! live events and rows may have `trade` or `margin` for the same money. So use one name for both as the key, with the
//! currency:
//!
//! ```
//! use std::collections::HashMap;
//!
//! use kucoin_streams::core::DecodeError;
//! use kucoin_streams::rest::{AccountRow, CrossMarginRow, IsolatedMarginRow};
//! use kucoin_streams::v1::{AccountKind, Balance};
//! use kucoin_streams::{Decimal, SnapshotRow, Text};
//!
//! /// Total balances by account and currency.
//! #[derive(Default)]
//! struct Totals(HashMap<(String, Text), Decimal>);
//!
//! impl Totals {
//!     fn apply(&mut self, balance: &Balance) {
//!         let account = balance.relation_event.as_ref().and_then(|event| event.account.as_ref());
//!         self.set(account, &balance.currency, balance.total);
//!     }
//!
//!     fn read(&mut self, row: &SnapshotRow) -> Result<(), DecodeError> {
//!         match row.source {
//!             "/api/v1/accounts" => {
//!                 let row: AccountRow = row.read()?;
//!                 let account = AccountKind::from(&*row.account_type);
//!                 // An account with letters in its ID is that of the low-frequency orders.
//!                 let is_high_frequency = row.account_id.bytes().all(|byte| byte.is_ascii_digit());
//!                 if account != AccountKind::Trade || is_high_frequency {
//!                     self.set(Some(&account), &row.currency, Some(row.total));
//!                 }
//!             }
//!             "/api/v3/margin/accounts" => {
//!                 for row in row.read::<CrossMarginRow>()?.accounts {
//!                     self.set(Some(&AccountKind::Margin), &row.currency, row.total);
//!                 }
//!             }
//!             "/api/v3/isolated/accounts" => {
//!                 let row: IsolatedMarginRow = row.read()?;
//!                 let account = AccountKind::Isolated(row.symbol);
//!                 for row in row.base.into_iter().chain(row.quote) {
//!                     self.set(Some(&account), &row.currency, row.total);
//!                 }
//!             }
//!             _ => {}
//!         }
//!         Ok(())
//!     }
//!
//!     fn set(&mut self, account: Option<&AccountKind>, currency: &Text, total: Option<Decimal>) {
//!         let account = match account {
//!             Some(AccountKind::TradeHf) => "trade".to_owned(),
//!             Some(AccountKind::MarginV2) => "margin".to_owned(),
//!             Some(AccountKind::IsolatedV2(symbol)) => format!("isolated_{symbol}"),
//!             Some(other) => other.to_string(),
//!             None => return,
//!         };
//!         if let Some(total) = total {
//!             self.0.insert((account, currency.clone()), total);
//!         }
//!     }
//! }
//! #
//! # let mut totals = Totals::default();
//! # for account in ["trade_hf", "trade", "marginV2", "isolatedV2_KCS-USDT"] {
//! #     totals.set(Some(&AccountKind::from(account)), &"USDT".into(), Some(1.into()));
//! # }
//! # let mut names: Vec<_> = totals.0.keys().map(|(account, _)| account.as_str()).collect();
//! # names.sort_unstable();
//! # assert_eq!(names, ["isolated_KCS-USDT", "margin", "trade"]);
//! ```
//!
//! A recovered balance has only its `total`; the available balance and the hold follow with the rows.
//!
//! # Continue after a restart
//!
//! A program that stores what it receives continues where its earlier run has stopped: with
//! [`since`](crate::RecoverySettings::since), the stream starts as if the topics had been lost at that time, with the events
//! since then, the state, and a report.
//!
//! ```
//! # use kucoin_streams::{Kucoin, RecoverySettings, Timestamp, v1};
//! # async fn restart(kucoin: Kucoin, stored_until: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
//! let mut settings = RecoverySettings::default();
//! settings.since = Some(stored_until);
//! let orders = kucoin.subscribe(v1::SpotOrders).await?;
//! let mut orders = kucoin.recovered_with(orders, settings);
//! # Ok(()) }
//! ```
//!
//! The time of the last stored event is not enough: an event that is recovered late can be older. Store the time up to which
//! everything is complete, and do not move it while a gap is open. The examples `fills_sqlite` and `fills_postgres` of the
//! repository do so.
//!
//! # What a report names as missing
//!
//! | [`MissingReason`](crate::MissingReason) | Why | What to do |
//! |---|---|---|
//! | `RateLimited`, `Overloaded`, `Unreachable` | the query failed | wait for the late report |
//! | `Refused` | the API key lacks a [permission](#permissions), or the account has no such records | add the permission, which the text names, or ignore it if you do not need the part |
//! | `TooOld` | the gap is older than KuCoin's records: canceled orders of spot, margin and unified accounts 2 days; their fills, filled orders and bookings 7 days; futures fills 3 months | look it up in the account history on KuCoin's website |
//! | `Inconsistent` | the records contradict each other in all three rounds | query the order or the balance that is named |
//! | `NoSymbols` | a unified account traded symbols that are not known | add them to [`symbols`](#unified-accounts) |
//! | `NoHistory` | the topic is your own type, and no query is known for it | query what you need |
//!
//! [`is_complete`](crate::LiveReport::is_complete) returns `true` if nothing is named.
//!
//! # Permissions
//!
//! Each query type of [`rest`](crate::rest) names the permission that KuCoin's documentation requires. Most need only
//! `General`. KuCoin may refuse the others to a key that has only this; they are then not asked again.
//!
//! | Permission | For |
//! |---|---|
//! | `Margin` | the symbols with open margin orders, for `SpotOrders` |
//! | `Futures` | positions, funding, wallet, margin mode and leverage of futures; the list of recent fills, which is replaced by a list that is updated later, with a third round |
//! | `Unified` | the leverage of a unified account |
//! | `Spot` | the symbols with open spot orders, only if KuCoin refuses the list of all open orders |
//!
//! With these permissions, a key can also place orders. Decide whether the missing parts are worth it.
//!
//! # Unified accounts
//!
//! KuCoin lists the orders and fills of a unified account on spot and margin by symbol, and names the symbols nowhere.
//! Recovery asks for the symbols of the topics and of the last events, and for the currencies of the ledger with USDT.
//! Name those that you trade; without any spot symbol, every report names `NoSymbols`:
//!
//! ```
//! # use kucoin_streams::{Kucoin, RecoverySettings, pro};
//! # async fn unified(kucoin: Kucoin) -> Result<(), Box<dyn std::error::Error>> {
//! let mut settings = RecoverySettings::default();
//! settings.symbols = vec!["BTC-USDT".into(), "ETH-BTC".into()];
//! let orders = kucoin.subscribe(pro::Orders::all(pro::TradeType::Unified)).await?;
//! let mut orders = kucoin.recovered_with(orders, settings);
//! # Ok(()) }
//! ```
//!
//! # Cost and limits
//!
//! [`LiveReport`](crate::LiveReport) has the number of requests and the sum of their weights. If each list has one page,
//! and no margin is used (a margin account costs more, and so do the default topics of `kucoin-streams watch`):
//!
//! | Topics | At the start | After a gap |
//! |---|---|---|
//! | `SpotOrders`, with open orders on 10 symbols | 4 requests, weight 10 | 48 requests, weight 98 |
//! | the same with stop orders and balances | 13 requests, weight 93 | 55 requests, weight 139 |
//! | orders, stop orders, positions and wallet of futures | 6 requests, weight 20 | 12 requests, weight 44 |
//! | orders, executions, positions and balance of a unified account, with 10 `symbols` | 46 requests, weight 181 | 115 requests, weight 454 |
//!
//! Without a VIP level, KuCoin allows a weight of 4,000 in 30 s for spot and of 2,000 for futures. It documents between
//! 67 and 300 per second for unified accounts; at 67, the last recovery takes 27 s.
//!
//! Your orders are deducted from the same quota. So in each window of a rate limit, queries use at most a quarter of what
//! remained when it began, and at most four of a pool are sent at the same time.
//!
//! At most [`max_held_events`](crate::RecoverySettings::max_held_events) live events, 100,000 by default, are held back for
//! at most [`max_hold`](crate::RecoverySettings::max_hold), 30 s. When either is reached, what was found is yielded, and
//! the rest follows late. A reply has at most 8 MiB, a query 500 pages.
//!
//! [`RecoverySettings`](crate::RecoverySettings) has these limits and all delays; with shorter delays, rows that appear
//! late are missed. `snapshot: false` leaves out the state at the start.
//!
//! # REST queries without recovery
//!
//! [`Kucoin::rest`](crate::Kucoin::rest) returns the client for your own queries. It has the same limits, and no query
//! changes anything:
//!
//! ```
//! # use std::time::{Duration, SystemTime};
//! # use kucoin_streams::Kucoin;
//! # async fn alone(kucoin: Kucoin) -> Result<(), Box<dyn std::error::Error>> {
//! let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
//! let fills = kucoin.rest().spot().fills("BTC-USDT").from(an_hour_ago).to(SystemTime::now());
//! let mut fills = fills.rows();
//! while let Some(fill) = fills.next().await {
//!     let fill = fill?;
//!     println!("{} {} at {}, fee {:?}", fill.side, fill.size, fill.price, fill.fee);
//! }
//! # Ok(()) }
//! ```
//!
//! Fills of spot and margin are listed by symbol. [`SpotLedger`](crate::rest::SpotLedger) names the symbols that were
//! traded: see [`SpotLedgerRow::trade`](crate::rest::SpotLedgerRow::trade). KuCoin refuses fills of more than 7 days in one
//! query. As far as is known, the times of `from` and `to` are both included: if two periods meet, count a fill once, by
//! its [`key`](crate::Fill::key).
//!
//! If you set your own source of [`tokens`](crate::KucoinBuilder::tokens), the client has no credentials: every query
//! fails, and each report names everything as missing. Set a client too, with
//! [`KucoinBuilder::rest`](crate::KucoinBuilder::rest).
//!
//! Without tokio, use [`Recovery`](crate::recovery::Recovery), the same state machine without I/O, with the queries of
//! [`rest`](crate::rest).
