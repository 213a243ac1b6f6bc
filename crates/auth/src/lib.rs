//! KuCoin credentials, request signing, and connection tokens over REST.
//!
//! - **Signing** needs no runtime, socket or clock: [`Credentials`], the [`Sign`] trait and its implementation
//!   [`HmacSigner`], [`sign_request`] for the signed headers of a REST call, and [`login`] for the login frame of Pro
//!   V2.
//! - **Tokens** (feature `rest`, on by default): [`rest::RestTokens`] fetches a new connection token for each dial of
//!   any [`WsKey`](kucoin_streams_core::WsKey). It implements
//!   [`ConnectionSource`](kucoin_streams_core::ConnectionSource). Its method `get` sends any other signed GET.
//!
//! This crate never prints a secret, passphrase, signature, token or the query of a WebSocket URL: not in `Debug` or
//! `Display` output, not in an error, not in a log. The API key is shown masked, as in `64f0…abcd`. In a text from a
//! server, everything that looks like one of these is redacted.
//!
//! ```
//! use kucoin_streams_auth::{Credentials, HmacSigner, sign_request};
//!
//! # async fn sign() -> Result<(), Box<dyn std::error::Error>> {
//! let signer = HmacSigner::new(&Credentials::new("my-api-key", "my-secret", "my-passphrase")?);
//! let signed = sign_request(&signer, 1_700_000_000_000, "GET", "/api/v1/accounts?type=trade", "").await?;
//! for (name, value) in signed.headers() {
//!     // pass them to your HTTP client, marked as sensitive if it supports that
//! #   let _ = (name, value);
//! }
//! # Ok(()) }
//! # let mut signing = std::pin::pin!(sign());
//! # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! # assert!(matches!(signing.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
//! # use std::future::Future;
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod credential_checks;
mod credentials;
mod hmac_signer;
mod login;
mod partner;
mod prehash;
mod sign;

#[cfg(feature = "rest")]
pub mod rest;

pub use credentials::{
    CredentialProblem, Credentials, CredentialsError, ENV_KEY, ENV_PASSPHRASE, ENV_SECRET,
    KeyVersion,
};
pub use hmac_signer::HmacSigner;
pub use login::login;
pub use partner::Partner;
pub use prehash::Prehash;
/// The TLS library, for [`RestTokensBuilder::tls_config`](rest::RestTokensBuilder::tls_config).
#[cfg(feature = "rest")]
#[doc(no_inline)]
pub use rustls;
pub use sign::{DynSign, Sign, SignError, Signed, SignedPartner, SignedRequest, sign_request};

/// Tests the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
