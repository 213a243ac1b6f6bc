//! Blocking code and runtimes.
//!
//! Connections run on their own thread, `kucoin-streams`, which all clients of a process share. Your code may block for
//! any time: heartbeats continue, and events wait in the queue of the subscription until it is full (see
//! [slow consumers](super::gaps#slow-consumers)).
//!
//! | Your program | What to do |
//! |---|---|
//! | uses tokio, and some tasks block or compute | nothing: this is the default |
//! | uses tokio, and no task ever blocks | optionally [`ConnectionRuntime::Current`](crate::ConnectionRuntime): an event wakes one thread less, so its latency is about 5 to 20 us lower |
//! | uses tokio's paused clock in tests | `ConnectionRuntime::Current` with your own transport, or [`test_util`](super::testing#without-a-network) |
//! | has no async code, or another runtime | the default; wait with any `block_on`, such as that of `futures` or `pollster` |
//! | has its own event loop, or no threads | [`session::Streams`](crate::session::Streams): the state machine without I/O |
//!
//! # Without async code
//!
//! The futures and streams of a client work outside tokio. Here only the local exchange runs on tokio; the program
//! waits with `block_on`, and blocks its thread for each event:
//!
//! ```
//! use std::pin::pin;
//! use std::process::ExitCode;
//! use std::sync::Arc;
//! use std::task::{Context, Poll, Wake};
//! use std::thread::Thread;
//! use std::time::Duration;
//!
//! use kucoin_streams::{Credentials, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Side};
//!
//! fn main() -> ExitCode {
//!     match run() {
//!         Ok(()) => ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("error: {error}"); // the text names the cause and what to do
//!             ExitCode::FAILURE
//!         }
//!     }
//! }
//!
//! fn run() -> Result<(), Box<dyn std::error::Error>> {
//! #     if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//!     let runtime = tokio::runtime::Runtime::new()?; // for the local exchange only
//!     let exchange = runtime.block_on(Exchange::builder().start())?;
//!     let demo = exchange.credentials();
//!     let kucoin = Kucoin::builder()
//!         .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//!         .hosts(Hosts::local(&exchange.rest_url())?)
//!         .build()?;
//!
//!     let mut orders = block_on(kucoin.subscribe(v1::SpotOrders))?;
//!     exchange.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//!     for _ in 0..3 {
//!         let order = block_on(orders.next()).ok_or("the stream ended")??;
//!         std::thread::sleep(Duration::from_millis(50)); // a slow database, for example
//!         println!("{} {}", order.order_id, order.kind);
//!     }
//!     block_on(kucoin.close());
//!     Ok(())
//! }
//!
//! /// Like `futures::executor::block_on` or `pollster::block_on`: use one of them if you have it.
//! fn block_on<F: Future>(future: F) -> F::Output {
//!     struct Unpark(Thread);
//!     impl Wake for Unpark {
//!         fn wake(self: Arc<Self>) {
//!             self.0.unpark();
//!         }
//!     }
//!     let waker = Arc::new(Unpark(std::thread::current())).into();
//!     let mut future = pin!(future);
//!     loop {
//!         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
//!             Poll::Ready(output) => return output,
//!             Poll::Pending => std::thread::park(),
//!         }
//!     }
//! }
//! ```
//!
//! # Everything on one thread
//!
//! ```
//! use std::process::ExitCode;
//!
//! use kucoin_streams::{Config, ConnectionRuntime, Credentials, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::{Exchange, Side};
//!
//! #[tokio::main(flavor = "current_thread")]
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
//!         .config(Config::default().with_runtime(ConnectionRuntime::Current))
//!         .build()?;
//!     let mut balances = kucoin.subscribe(v1::Balances).await?;
//!     exchange.account().place_market("KCS-USDT", Side::Buy, 10.into())?;
//!     let balance = balances.next().await.ok_or("the stream ended")??;
//!     println!("{} {}", balance.currency, balance.available.unwrap_or_default());
//!     Ok(())
//! }
//! ```
//!
//! With `Current`, a task that blocks the thread also stops the heartbeats. KuCoin then closes the connection.
//!
//! # Without tokio
//!
//! [`session::Streams`](crate::session::Streams) takes frames and the time, and returns what to send and when to call
//! it again. It includes reconnects, gaps, rotation and the ledger. The example `blocking_driver` of the repository
//! drives it with blocking sockets of `std`.
