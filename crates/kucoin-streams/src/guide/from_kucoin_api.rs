//! Coming from `kucoin-api`, the JavaScript SDK by Tiago Siebler.
//!
//! | `kucoin-api` | Here |
//! |---|---|
//! | `new WebsocketClient({ apiKey, apiSecret, apiPassphrase })` | [`Kucoin::builder()`](crate::Kucoin::builder)`.credentials(Credentials::new(key, secret, passphrase)?).build()?` |
//! | `subscribe('/spotMarket/tradeOrdersV2', 'spotPrivateV1')` | [`subscribe`](crate::Kucoin::subscribe)`(v1::SpotOrders).await?`; the topic determines its connection |
//! | `subscribe([..], wsKey)` with strings | [`subscribe_any`](crate::Kucoin::subscribe_any)`(vec!["/account/balance".parse()?]).await?` |
//! | `{ topic: 'orderAll', payload: { tradeType: 'UNIFIED' } }` | `"orderAll?tradeType=UNIFIED".parse()?` or [`pro::Orders::all`](crate::pro::Orders::all) |
//! | `spotPrivateV1`, `futuresPrivateV1`, `privateProV2` | [`WsKey`](crate::WsKey), with the same names |
//! | `on('update')` | `Ok(update)` of the subscription, with typed events |
//! | `on('response')` | the result of `subscribe`; also [`LifecycleEvent::Response`](crate::LifecycleEvent) |
//! | `on('open')`, `'reconnect'`, `'reconnected'`, `'close'`, `'authenticated'` | [`Kucoin::lifecycle`](crate::Kucoin::lifecycle): `Open`, `Reconnect`, `Reconnected`, `Close`, `Authenticated` |
//! | `on('exception')` | the error of `subscribe`, `Err(gap)` of the subscription, and `LifecycleEvent::Exception` |
//! | `authPrivateConnectionsOnConnect` | nothing to set; [`pro_authentication`](crate::KucoinBuilder::pro_authentication) chooses token or login for Pro V2 |
//! | `unsubscribe(topics, wsKey)` | [`unsubscribe`](crate::Subscription::unsubscribe), or drop the subscription: see [below](#later-topics) |
//! | `connectAll()` | [`wait_live`](crate::Kucoin::wait_live)`(ws_key)`, if you want to connect before the first subscription |
//! | `close(wsKey)`, `closeAll()` | [`close_connections`](crate::Kucoin::close_connections)`(ws_key)`, [`close`](crate::Kucoin::close)`()` |
//! | `reconnectTimeout`, `pingInterval`, `pongTimeout` | [`Config::session`](crate::Config): `backoff`; `heartbeat` applies only if KuCoin sends no intervals |
//! | `customSignMessageFn` | [`KucoinBuilder::signer`](crate::KucoinBuilder::signer) |
//! | the methods of `SpotClient`, `FuturesClient` and `UnifiedAPIClient` that read orders, fills, balances and positions | the queries of [`Kucoin::rest`](crate::Kucoin::rest) |
//! | `apiRegion` | `.hosts(Hosts::of(Region::Europe))`, see [`Region`](crate::Region) |
//! | `restOptions.baseUrl`, `wsUrl` | `.hosts(Hosts::default().with_spot_rest(url)?)`, `with_futures_rest`, `with_pro_ws` of [`Hosts`](crate::Hosts); V1 sockets have the URL of the token response |
//! | the second argument of `new WebsocketClient(options, logger)` | a `tracing` subscriber, see [logs](super::testing#logs) |
//! | `wsOptions.agent` | [`KucoinBuilder::proxy`](crate::KucoinBuilder::proxy) |
//!
//! ```
//! use std::process::ExitCode;
//!
//! use kucoin_streams::v1::{SpotEvent, V1Event};
//! use kucoin_streams::{AnyEvent, AnyTopic, Credentials, Hosts, Kucoin};
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
//!     let mut lifecycle = kucoin.lifecycle(); // before `subscribe`, to see `open`
//!     let topics = ["/spotMarket/tradeOrdersV2", "/account/balance"];
//!     let topics: Result<Vec<AnyTopic>, _> = topics.iter().map(|text| text.parse()).collect();
//!     let mut updates = kucoin.subscribe_any(topics?).await?;
//!     exchange.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//!
//!     for _ in 0..6 {
//!         tokio::select! {
//!             Some(event) = lifecycle.next() => println!("{}: {}", event.ws_key, event.event),
//!             item = updates.next() => match item {
//!                 Some(Ok(update)) => on_update(update.event()),
//!                 Some(Err(gap)) => println!("gap: {gap}"),
//!                 None => break,
//!             },
//!         }
//!     }
//!     kucoin.close().await;
//!     Ok(())
//! }
//!
//! fn on_update(event: &AnyEvent) {
//!     match event {
//!         AnyEvent::V1(V1Event::Spot(SpotEvent::Order(order))) => {
//!             println!("{} {} at {:?}", order.order_id, order.kind, order.engine_time);
//!             if let Some(fill) = order.fill() {
//!                 println!("{} at {}, trade {}", fill.size, fill.price, fill.trade_id);
//!             }
//!         }
//!         other => println!("{other:?}"),
//!     }
//! }
//! ```
//!
//! # Fields
//!
//! Fields have KuCoin's names in snake case, for example `orderId` is `order_id`. A field that KuCoin does not send is
//! `None`. These differ on [`SpotOrder`](crate::v1::SpotOrder):
//!
//! | `update.data` | Here |
//! |---|---|
//! | `type` | `kind`, an [`OrderKind`](crate::v1::OrderKind), printed as KuCoin's text such as `match` |
//! | `matchPrice`, `matchSize`, `tradeId`, `liquidity` | `price`, `size`, `trade_id`, `liquidity` of [`fill()`](crate::v1::SpotOrder::fill) |
//! | `feeType`, `oldSize` | in `OrderKind::Match` and `OrderKind::Update` |
//! | `ts` | `engine_time` |
//! | `pt` | `pushed_at` |
//! | a field that this version does not know | `extra` |
//!
//! # Later topics
//!
//! Each call of `subscribe` and `subscribe_any` returns a new stream; it adds nothing to an earlier one.
//! [`AnySubscription::merge`](crate::AnySubscription::merge) joins two streams. One topic of an `AnySubscription`
//! cannot be unsubscribed alone: keep a topic that you want to unsubscribe in a subscription of its own. This snippet
//! continues from `kucoin` and `updates`:
//!
//! ```
//! # use kucoin_streams::{AnySubscription, Kucoin};
//! # async fn later(kucoin: Kucoin, mut updates: AnySubscription) -> Result<(), Box<dyn std::error::Error>> {
//! let stop_orders = kucoin.subscribe_any(vec!["/spotMarket/advancedOrders".parse()?]).await?;
//! updates.merge(stop_orders); // `updates` has the events of all three topics
//!
//! let futures = kucoin.subscribe_any(vec!["/contractMarket/tradeOrders".parse()?]).await?;
//! futures.unsubscribe().await; // `updates` continues
//! # Ok(()) }
//! ```
//!
//! If KuCoin refuses one topic, the whole `subscribe_any` fails, and no topic stays subscribed.
//! [`subscribe_any_available`](crate::Kucoin::subscribe_any_available) leaves out the refused topics, and returns an
//! error for each.
//!
//! # Differences
//!
//! This describes `kucoin-api` with `WebsocketClient.ts` of commit `bb88e01` and `BaseWSClient.ts` of `48af93f`; later
//! versions may differ.
//!
//! - After a loss, `kucoin-api` does not report which events may be missing, and emits `reconnected` when the socket
//!   opens, before the topics are subscribed again. Here a [`Gap`](crate::Gap) is in the stream,
//!   [recovery](super::recovery) fills it, and `Reconnected` means that every topic is acknowledged or refused.
//! - `subscribe` returns before the answer, and the V1 frame that refuses a topic (`"type":"error"`) is emitted as an
//!   `update`. Here `subscribe` returns the error, with KuCoin's code and message.
//! - A frame that contains the text `pong` anywhere, for example in a `clientOid`, is treated as a heartbeat and
//!   dropped.
//! - `JSON.parse` rounds integers above 2^53, such as times in nanoseconds. Here times and decimals are exact.
//! - It reconnects every 500 ms, each time with a new token request. Here the delay grows up to 30 s, with jitter.
//! - `kucoin-api` also has market data and places orders. This SDK has private streams and read-only REST queries of the
//!   account.
