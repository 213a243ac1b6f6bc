//! The kept account: orders, fills, balances, positions and margin as they are at KuCoin.
//!
//! [`Kucoin::account`](crate::Kucoin::account) subscribes, reads the state over REST, applies each event, and fills gaps. You
//! read a value that is always complete, and know whether to trust it. This program places an order, waits for its end, loses
//! the connection, and waits until the account is live again:
//!
//! ```
//! use std::process::ExitCode;
//!
//! use kucoin_streams::{
//!     AccountChange, AccountPart, Credentials, Hosts, Kucoin, OrderOutcome, OrderPhase, WsKey,
//! };
//! use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};
//!
//! /// What this program needs to know before it places an order.
//! const NEEDED: [AccountPart; 2] = [AccountPart::Orders, AccountPart::Fills];
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
//!     let account = kucoin.account().ws_keys([WsKey::SpotPrivateV1]).await?;
//!     let mut changes = account.changes();
//!
//!     // Check the trust before each order. At KuCoin, place it with your own REST or WebSocket client.
//!     assert!(account.is_live(&NEEDED), "{:?}", account.trust(AccountPart::Orders));
//!     let trader = exchange.account();
//!     let order_id = trader.place_limit("KCS-USDT", Side::Buy, 1.into(), 30.into())?;
//!     account.wait_for(&order_id, |order| order.phase == OrderPhase::Open).await?;
//!
//!     // One value for one decision: it does not change while you look at it.
//!     let state = account.state();
//!     for order in state.open_orders() {
//!         println!("{} {} {:?}, live: {}", order.symbol, order.side, order.size, order.is_live());
//!     }
//!
//!     trader.fill(&order_id, 12.into())?;
//!     trader.cancel(&order_id)?;
//!     let order = account.wait_for(&order_id, |order| order.phase == OrderPhase::Done).await?;
//!     assert_eq!(order.outcome, Some(OrderOutcome::PartlyFilled));
//!     println!("filled {} at {:?}", order.filled_size, order.average_price());
//!
//!     // The connection is lost: nothing is live until what was missed is fetched.
//!     exchange.inject(Effect::Cut(Cut::Reset));
//!     while account.is_live(&NEEDED) {
//!         match changes.next().await.ok_or("the account is closed")? {
//!             Ok(AccountChange::Trust(part)) => println!("{}: {}", part.part, part.trust),
//!             Ok(_) => {}
//!             Err(lagged) => eprintln!("{lagged}"), // the state has what this stream missed
//!         }
//!     }
//!     account.wait_live(&NEEDED).await?;
//!     kucoin.close().await;
//!     Ok(())
//! }
//! ```
//!
//! The example `quote_while_live` of the repository is a bot that quotes only while the account is live.
//!
//! # What is kept
//!
//! | [`AccountPart`](crate::AccountPart) | In the [`AccountState`](crate::AccountState) | From the topics |
//! |---|---|---|
//! | `Orders` | open orders and stop orders; the last 1,000 done orders | orders and stop orders |
//! | `Fills` | the last 1,000 fills, with fees if KuCoin reports them | the same, and executions |
//! | `Balances` | each currency of each account | balances, the futures wallet |
//! | `Positions` | each contract, margin mode and leg; closed ones with size 0 | positions |
//! | `Margin` | debts, risk, leverages and margin modes | margin positions, leverages, margin modes |
//!
//! By default the [mode of the account](crate::rest::AccountModeInfo) decides what is followed: a unified account on Pro V2,
//! any other on the spot and the futures connection of V1, with all topics of the account. Topics of one symbol, such as those
//! of isolated margin, are added with [`AccountBuilder::topics`](crate::AccountBuilder::topics). Do not follow V1 and Pro V2 of
//! one account together: everything would be kept twice.
//!
//! **A unified account** needs the [symbols](crate::AccountBuilder::symbols) that you trade: without any, orders and fills stay
//! stale; an order that was open at the start in a symbol that you did not name is not seen until its next event. The local
//! exchange is unified by default, so the program above names the V1 connection; on Pro V2, its orders have other IDs:
//! `Account::unified_order_id` converts them.
//!
//! [`Account::state`](crate::Account::state) takes some nanoseconds and never waits. Its rows are shared between states, so
//! you may keep a state as long as you like.
//!
//! # When to trust it
//!
//! Each part has a [`Trust`](crate::Trust), the least over all topics and connections that have the part:
//!
//! | Trust | Meaning | What to do |
//! |---|---|---|
//! | `Live` | the numbers are those of KuCoin, as of the last event | trade |
//! | `Recovering` | connected, and what was missed is being fetched, for about 4 s | wait: [`wait_live`](crate::Account::wait_live) |
//! | `Stale` | the numbers are old: [`StaleReason`](crate::StaleReason) says why | stop; `Disconnected` ends by itself, the others need you |
//!
//! "As of the last event" means that an event may be on its way, a few milliseconds usually. No stream can tell you more. A
//! half-open connection is noticed when the heartbeat fails, after up to 28 s with KuCoin's settings.
//!
//! A [`Kept`](crate::Kept) row knows its own trust: it is that of its part on its connection, and `Stale` for an order that
//! events contradict. What cannot be fetched after a gap is named in `StaleReason::Missing`, with what to do, for example a
//! permission that the API key lacks.
//!
//! # The life of an order
//!
//! An [`AccountOrder`](crate::AccountOrder) is what all its events and REST rows say together. It does not depend on the
//! order in which they arrive, or on repeated ones.
//!
//! - The [`phase`](crate::OrderPhase) goes from `Waiting` (a stop order) or `Open` to `Done`, and never back, except for a
//!   vanished order of which an event comes later.
//! - The [`outcome`](crate::OrderOutcome) of a done order says how it ended. A market buy by funds is `Filled`, although KuCoin
//!   reports it as canceled. `Vanished` means that the order ended during a gap, and KuCoin does not say how.
//! - A stop order that triggers is `Triggered` and has the new order in `children`; the new one has its `parent`.
//! - [`average_price`](crate::AccountOrder::average_price) is exact: the sum of price times size of the fills, divided by the
//!   filled size. While a fill is unknown it is what KuCoin reports, and `None` if KuCoin reports none.
//! - `fees` has the fees by currency, and `has_all_fees` says whether every fill is in it. On V1 a pushed fill never has a fee;
//!   only fills that were fetched after a gap have one. If you need fees on V1, query `kucoin.rest().spot().fills(symbol)`.
//!
//! # Waiting
//!
//! [`Account::wait_for`](crate::Account::wait_for) returns when an order satisfies your condition. It checks the state first,
//! so it does not matter whether the event comes before or after the call, or before the reply to your order. It fails if
//! the order is done without satisfying the condition. It has no timeout: use `tokio::time::timeout`, and check the trust when
//! it expires.
//!
//! # Changes
//!
//! [`Account::changes`](crate::Account::changes) is a stream of each new value: orders, fills, balances, positions, margin, trust,
//! and what is found to be wrong. The state is published before its changes. A reader that is more than 4,096 changes behind
//! gets [`Lagged`](crate::Lagged) with the number that it missed; the state has them all. A fill comes again when its fee becomes
//! known: count each [`key`](crate::kept::AccountFill::key) once.
//!
//! # Contradictions and the audit
//!
//! An [`AccountViolation`](crate::AccountViolation) is two frames that cannot both be true, such as a filled size that falls. It
//! names both frames; the order is marked as stale, and no number is changed to fit. A [`Discrepancy`](crate::kept::Discrepancy) is what the audit finds:
//! fills, balances and positions that do not add up within 5 s, with the amount and what may explain it, such as a lost push.
//! Both are changes, and the last 100 are in the state. Neither makes a part stale:
//!
//! | You get | It means | What to do |
//! |---|---|---|
//! | a violation of an order | two frames disagree | do not use the order; query it over REST |
//! | a discrepancy, first suspect `LostPush` | a push is missing: a fill, balance or position may be wrong | stop trading the symbol, and follow the account again with `kucoin.account()` |
//! | `UnknownTrade` | a trade without its order event: a lost push, or a trade elsewhere | look for other devices, then the same |
//! | `WrongFee`, `Transfer` | an amount that no event explains | compare with the ledger over REST |
//!
//! [`AuditSettings`](crate::kept::AuditSettings) says what the audit does not check. Switch it off with
//! [`AccountSettings::audit`](crate::AccountSettings).
//!
//! # Several accounts
//!
//! A [`Fleet`](crate::Fleet) keeps hundreds of accounts in one process: see [Several accounts](super::accounts).
//!
//! # Cost and limits
//!
//! - **Requests**: about 30 REST queries at the start and after each loss, within a quarter of the account's rate limit: see
//!   [Recovery](super::recovery#cost-and-limits). Nothing is polled in between.
//! - **Connections**: one on Pro V2, two on V1, of the 800 that KuCoin allows for each account.
//! - **Memory**: about 3.5 KB for an order with its fill. Kept are the open orders, the last 1,000 done orders, 1,000 fills and 100
//!   violations and discrepancies ([`AccountSettings`](crate::AccountSettings)), and about 350 KB for the last 4,096 changes.
//! - **CPU**: 4 to 7 µs for an order event with its decoding and the audit, for 100 to 10,000 orders and any number of accounts.
//! - **Tasks**: one tokio task for each account, on the runtime in which it starts. It never waits for a reader.
//! - **Permission**: `General`. What a key may not read is reported as missing, and the part is stale.
//! - **End**: the account lives until the last clone is dropped, or [`Kucoin::close`](crate::Kucoin::close). Then every part is
//!   stale, and [`closed`](crate::Account::closed) returns the reason.
//!
//! To replace the API key without a gap, call [`Kucoin::replace_key`](crate::Kucoin::replace_key). Without tokio, use
//! [`AccountBook`](crate::kept::AccountBook), the same state machine without I/O.
