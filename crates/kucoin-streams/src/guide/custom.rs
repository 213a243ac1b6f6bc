//! Your own transport, proxy, signer or source of tokens.
//!
//! | Part | Trait | Trait object, for a choice at run time | Builder method |
//! |---|---|---|---|
//! | the WebSocket | [`Connect`](crate::Connect) | `Box<dyn` [`DynConnect`](crate::DynConnect)`>` | [`transport`](crate::KucoinBuilder::transport) |
//! | the source of connection tokens | [`ConnectionSource`](crate::ConnectionSource) | `Box<dyn` [`DynConnectionSource`](crate::DynConnectionSource)`>` | [`tokens`](crate::KucoinBuilder::tokens) |
//! | the signer | [`Sign`](crate::auth::Sign) | `Box<dyn` [`DynSign`](crate::DynSign)`>` | [`signer`](crate::KucoinBuilder::signer) |
//!
//! `build()` returns an error if a setting would have no effect, for example `credentials` together with `tokens`. Pass
//! an `Arc` to keep a handle to your type. Your code runs on the thread of the connections, so it must not block.
//!
//! A source of tokens returns a new token for each dial. The [`RetryPolicy`](crate::RetryPolicy) of its error decides
//! whether the client retries, after which delay, or stops. For a complete program, see the example `own_token_source`
//! of the repository.
//!
//! # A transport around the default one
//!
//! ```
//! use std::process::ExitCode;
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! use kucoin_streams::transport::ConnectError;
//! use kucoin_streams::{Connect, Credentials, Hosts, Kucoin, WebSocketConnector, v1};
//! use kucoin_streams_exchange::Exchange;
//!
//! #[derive(Default)]
//! struct CountsDials {
//!     inner: WebSocketConnector,
//!     dials: AtomicU32,
//! }
//!
//! impl Connect for CountsDials {
//!     type Reader = <WebSocketConnector as Connect>::Reader;
//!     type Writer = <WebSocketConnector as Connect>::Writer;
//!
//!     async fn connect(
//!         &self,
//!         url: &str,
//!     ) -> Result<(Self::Reader, Self::Writer), ConnectError> {
//!         // Do not log the URL: it contains the connection token.
//!         self.dials.fetch_add(1, Ordering::Relaxed);
//!         self.inner.connect(url).await
//!     }
//! }
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
//!     let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
//!     let hosts = Hosts::local(&exchange.rest_url())?;
//!
//!     let transport = Arc::new(CountsDials::default());
//!     let kucoin = Kucoin::builder()
//!         .credentials(credentials)
//!         .hosts(hosts)
//!         .transport(transport.clone())
//!         .build()?;
//!     let _orders = kucoin.subscribe(v1::SpotOrders).await?;
//!     assert_eq!(transport.dials.load(Ordering::Relaxed), 1);
//!     Ok(())
//! }
//! ```
//!
//! # A signer chosen at run time
//!
//! The secret can stay in another process: a signer gets the bytes to sign and returns the signature. This snippet
//! continues from `credentials` and `hosts` of the program above; `remote` is a setting of yours, a `bool`:
//!
//! ```
//! use kucoin_streams::DynSign;
//! use kucoin_streams::auth::{HmacSigner, Prehash, Sign, SignError, Signed};
//! # use kucoin_streams::{Credentials, Hosts, Kucoin, v1};
//! # use kucoin_streams_exchange::Exchange;
//!
//! /// A client of a signing service; here it signs by itself.
//! struct Service(HmacSigner);
//!
//! impl Sign for Service {
//!     async fn sign(&self, prehash: &Prehash) -> Result<Signed, SignError> {
//!         self.0.sign(prehash).await // a real one: a network request of at most a few seconds
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !cfg!(any(feature = "tls-ring", feature = "tls-aws-lc")) { return Ok(()) }
//! # let exchange = Exchange::builder().start().await?;
//! # let demo = exchange.credentials();
//! # let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
//! # let hosts = Hosts::local(&exchange.rest_url())?;
//! # let remote = true;
//! let own = HmacSigner::new(&credentials);
//! let signer: Box<dyn DynSign> = match remote {
//!     true => Box::new(Service(own)),
//!     false => Box::new(own),
//! };
//! let kucoin = Kucoin::builder().signer(signer).hosts(hosts).build()?;
//! kucoin.subscribe(v1::Balances).await?;
//! # Ok(()) }
//! ```
//!
//! # A proxy
//!
//! [`KucoinBuilder::proxy`](crate::KucoinBuilder::proxy) sends token requests and WebSockets through an HTTP, HTTPS or
//! SOCKS5 proxy. If the proxy fails, the connection fails: only the hosts that you set with
//! [`Proxy::with_no_proxy`](crate::Proxy::with_no_proxy) are reached without it. The environment is read only by
//! [`Proxy::from_env`](crate::Proxy::from_env), including `NO_PROXY`. This snippet continues from `credentials`:
//!
//! ```no_run
//! use kucoin_streams::Proxy;
//! # use kucoin_streams::{Credentials, Kucoin};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let credentials = Credentials::from_env()?;
//! let proxy = Proxy::new("socks5h://user:password@proxy.example:1080")?;
//! let kucoin = Kucoin::builder()
//!     .credentials(credentials)
//!     .proxy(proxy)
//!     .build()?;
//! # Ok(()) }
//! ```
