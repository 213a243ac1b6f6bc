//! TLS: features, root certificates, and other crates with their own crypto provider.
//!
//! | Feature | Cryptography |
//! |---|---|
//! | `tls-aws-lc`, the default | aws-lc, which is also the default of rustls and reqwest |
//! | `tls-ring` | ring (wins if both are on) |
//! | neither | none: `build()` fails, unless you set a source of tokens and a transport with their own TLS |
//!
//! The verifier of the platform checks certificates, with the root certificates of the system. On Linux,
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` replace them. If none is found, `build()` fails, and the error says what to
//! install.
//!
//! # Two providers in one program
//!
//! The SDK sets its provider in every TLS configuration that it creates. It neither installs nor needs a process
//! default, so it works with any other crate. But another crate may use whichever provider is compiled in, and panic if
//! there are two. With rustls 0.23 and reqwest 0.13:
//!
//! | Your program | What happens | What to do |
//! |---|---|---|
//! | the SDK, reqwest and rustls, each with its defaults | all use aws-lc | nothing |
//! | the SDK with its defaults, and a crate that enables `rustls/ring` | `rustls::ClientConfig::builder()` panics in that crate: `Could not automatically determine the process-level CryptoProvider` | install a provider (see below), or let the SDK use ring: `default-features = false, features = ["tls-ring"]` |
//! | the SDK with `tls-ring`, and reqwest with its defaults | the same panic in code that calls `ClientConfig::builder()`; reqwest works | install a provider, or use the defaults of the SDK |
//! | the SDK with `tls-ring`, and reqwest with `rustls-no-provider` | `reqwest::Client::new()` panics: `No rustls crypto provider is configured` | install ring |
//!
//! `cargo tree -e features -i rustls` shows which crate enables which provider. Install a provider at the start of
//! `main`:
//!
//! ```
//! use std::process::ExitCode;
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
//! # #[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
//! # fn run() -> Result<(), Box<dyn std::error::Error>> { Ok(()) }
//! # #[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
//! fn run() -> Result<(), Box<dyn std::error::Error>> {
//!     // With the feature `tls-ring`: kucoin_streams::rustls::crypto::ring::default_provider()
//! #     #[cfg(feature = "tls-aws-lc")]
//!     let provider = kucoin_streams::rustls::crypto::aws_lc_rs::default_provider();
//! #     #[cfg(not(feature = "tls-aws-lc"))]
//! #     let provider = kucoin_streams::rustls::crypto::ring::default_provider();
//!     provider.install_default().map_err(|_| "another provider is already installed")?;
//!     // Now `ClientConfig::builder()` works in every crate.
//! #     kucoin_streams::rustls::ClientConfig::builder();
//!     Ok(())
//! }
//! ```
//!
//! `rustls::crypto` has only the modules of the enabled features: `aws_lc_rs` with `tls-aws-lc`, `ring` with
//! `tls-ring`. With `default-features = false, features = ["tls-ring"]`, replace the line of the provider, also below,
//! with:
//!
//! ```
//! # #[cfg(feature = "tls-ring")]
//! let provider = kucoin_streams::rustls::crypto::ring::default_provider();
//! ```
//!
//! # Your own root certificates
//!
//! Set the same configuration for token requests and for WebSockets:
//!
//! ```
//! use std::process::ExitCode;
//! use std::sync::Arc;
//!
//! use kucoin_streams::auth::HmacSigner;
//! use kucoin_streams::rustls::{ClientConfig, RootCertStore};
//! use kucoin_streams::{Credentials, Hosts, Kucoin, RestTokens, WebSocketConnector, v1};
//! use kucoin_streams_exchange::Exchange;
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
//! # #[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> { Ok(()) }
//! # #[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
//! async fn run() -> Result<(), Box<dyn std::error::Error>> {
//!     let exchange = Exchange::builder().start().await?;
//!     let demo = exchange.credentials();
//!     let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
//!
//!     // With the feature `tls-ring`: kucoin_streams::rustls::crypto::ring::default_provider()
//! #     #[cfg(feature = "tls-aws-lc")]
//!     let provider = kucoin_streams::rustls::crypto::aws_lc_rs::default_provider();
//! #     #[cfg(not(feature = "tls-aws-lc"))]
//! #     let provider = kucoin_streams::rustls::crypto::ring::default_provider();
//!     let roots = RootCertStore::empty(); // add your certificates here
//!     let tls = ClientConfig::builder_with_provider(Arc::new(provider))
//!         .with_safe_default_protocol_versions()?
//!         .with_root_certificates(roots)
//!         .with_no_client_auth();
//!     let tls = Arc::new(tls);
//!     let tokens = RestTokens::builder(HmacSigner::new(&credentials))
//!         .hosts(Hosts::local(&exchange.rest_url())?)
//!         .tls_config(tls.clone())
//!         .build()?;
//!     let kucoin = Kucoin::builder()
//!         .tokens(tokens)
//!         .transport(WebSocketConnector::new().with_tls_config(tls))
//!         .build()?;
//!     kucoin.subscribe(v1::SpotOrders).await?;
//!     Ok(())
//! }
//! ```
