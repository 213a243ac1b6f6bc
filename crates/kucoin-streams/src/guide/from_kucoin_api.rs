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
//! | `unsubscribe(topics, wsKey)` | [`unsubscribe`](crate::Subscription::unsubscribe), or drop the subscription |
//! | `connectAll()` | [`wait_live`](crate::Kucoin::wait_live)`(ws_key)`, if you want to connect before the first subscription |
//! | `close(wsKey)`, `closeAll()` | [`close_connections`](crate::Kucoin::close_connections)`(ws_key)`, [`close`](crate::Kucoin::close)`()` |
//! | `reconnectTimeout`, `pingInterval`, `pongTimeout` | [`Config::session`](crate::Config): `backoff`; `heartbeat` applies only if KuCoin sends no intervals |
//! | `customSignMessageFn` | [`KucoinBuilder::signer`](crate::KucoinBuilder::signer) |
//! | `wsOptions.agent` | [`KucoinBuilder::proxy`](crate::KucoinBuilder::proxy) |
//!
//! ```
//! use kucoin_streams::{AnyTopic, Credentials, Hosts, Kucoin};
//! use kucoin_streams_exchange::{Exchange, Side};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
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
//!                 Some(Ok(update)) => {
//!                     println!("{}: {:?}", update.subscribed_topic(), update.event());
//!                 }
//!                 Some(Err(gap)) => println!("gap: {gap}"),
//!                 None => break,
//!             },
//!         }
//!     }
//!     kucoin.close().await;
//!     Ok(())
//! }
//! ```
//!
//! # Differences
//!
//! This describes `kucoin-api` with `WebsocketClient.ts` of commit `bb88e01` and `BaseWSClient.ts` of `48af93f`; later
//! versions may differ.
//!
//! - After a loss, `kucoin-api` does not report which events may be missing, and emits `reconnected` when the socket
//!   opens, before the topics are subscribed again. Here a [`Gap`](crate::Gap) is in the stream, and `Reconnected` means
//!   that every topic is acknowledged or refused.
//! - `subscribe` returns before the answer, and the V1 frame that refuses a topic (`"type":"error"`) is emitted as an
//!   `update`. Here `subscribe` returns the error, with KuCoin's code and message.
//! - A frame that contains the text `pong` anywhere, for example in a `clientOid`, is treated as a heartbeat and dropped.
//! - `JSON.parse` rounds integers above 2^53, such as times in nanoseconds. Here times and decimals are exact.
//! - It reconnects every 500 ms, each time with a new token request. Here the delay grows up to 30 s, with jitter.
//! - `kucoin-api` also has market data, REST and orders. This SDK has private streams only.
