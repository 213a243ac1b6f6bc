//! TLS: features, root certificates, and other crates with their own crypto provider.
//!
//! | Feature | Cryptography |
//! |---|---|
//! | `tls-aws-lc`, the default | aws-lc, which is also the default of rustls and reqwest |
//! | `tls-ring` | ring; also if both features are on |
//! | neither | none: `build()` fails, unless you set a source of tokens and a transport with their own TLS |
//!
//! The verifier of the platform checks certificates, with the root certificates of the system. On Linux, `SSL_CERT_FILE`
//! and `SSL_CERT_DIR` replace them. If none is found, `build()` fails, and the error says what to install.
//!
//! # Two providers in one program
//!
//! The SDK sets its provider in every TLS configuration that it creates. It neither installs nor needs a process default,
//! so it works with any other crate. But another crate may use whichever provider is compiled in, and panic if there are
//! two. With rustls 0.23 and reqwest 0.13:
//!
//! | Your program | What happens | What to do |
//! |---|---|---|
//! | the SDK, reqwest and rustls, each with its defaults | all use aws-lc | nothing |
//! | the SDK with its defaults, and a crate that enables `rustls/ring` | `rustls::ClientConfig::builder()` panics in that crate: `Could not automatically determine the process-level CryptoProvider` | install a provider (see below), or let the SDK use ring: `default-features = false, features = ["tls-ring"]` |
//! | the SDK with `tls-ring`, and reqwest with its defaults | the same panic in code that calls `ClientConfig::builder()`; reqwest works | install a provider, or use the defaults of the SDK |
//! | the SDK with `tls-ring`, and reqwest with `rustls-no-provider` | `reqwest::Client::new()` panics: `No rustls crypto provider is configured` | install ring |
//!
//! `cargo tree -e features -i rustls` shows which crate enables which provider. Install a provider at the start of `main`:
//!
//! ```
//! # #[cfg(feature = "tls-aws-lc")]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let provider = kucoin_streams::rustls::crypto::aws_lc_rs::default_provider();
//!     provider.install_default().map_err(|_| "another provider is already installed")?;
//!     // Now `ClientConfig::builder()` works in every crate.
//! #   kucoin_streams::rustls::ClientConfig::builder();
//!     Ok(())
//! }
//! # #[cfg(not(feature = "tls-aws-lc"))]
//! # fn main() {}
//! ```
//!
//! # Your own root certificates
//!
//! Set the same configuration for token requests and for WebSockets:
//!
//! ```
//! # #[cfg(feature = "tls-aws-lc")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use kucoin_streams::auth::HmacSigner;
//! use kucoin_streams::rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
//! use kucoin_streams::{Credentials, Hosts, Kucoin, RestTokens, WebSocketConnector, v1};
//! # use kucoin_streams_exchange::Exchange;
//!
//! # let exchange = Exchange::builder().start().await?;
//! # let demo = exchange.credentials();
//! # let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?;
//! # let hosts = Hosts::local(&exchange.rest_url())?;
//! let roots = RootCertStore::empty(); // add your certificates here
//! let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
//!     .with_safe_default_protocol_versions()?
//!     .with_root_certificates(roots)
//!     .with_no_client_auth();
//! let tls = Arc::new(tls);
//! let tokens = RestTokens::builder(HmacSigner::new(&credentials))
//!     .hosts(hosts)
//!     .tls_config(tls.clone())
//!     .build()?;
//! let kucoin = Kucoin::builder()
//!     .tokens(tokens)
//!     .transport(WebSocketConnector::new().with_tls_config(tls))
//!     .build()?;
//! kucoin.subscribe(v1::SpotOrders).await?;
//! # Ok(()) }
//! # #[cfg(not(feature = "tls-aws-lc"))]
//! # fn main() {}
//! ```
