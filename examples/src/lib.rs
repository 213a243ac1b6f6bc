//! Where an example connects: KuCoin when credentials are set, else an exchange inside of the example.
#![allow(clippy::print_stderr)]

use std::fmt;
use std::time::Duration;

use kucoin_streams::{Credentials, EndReason, Hosts};
use kucoin_streams_exchange::Exchange;

/// Whatever ends an example, told to people when `main` returns it: the error and its causes.
pub struct Error(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// The error for a stream that ended although nobody closed it.
pub fn over(reason: Option<EndReason>) -> Error {
    match reason {
        Some(reason) => format!("the stream is over: {reason}").into(),
        None => "the stream is over".into(),
    }
}

/// Where an example connects.
#[derive(Debug)]
pub struct Place {
    exchange: Option<Exchange>,
}

impl Place {
    /// KuCoin when `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` are set; with none of them, a
    /// local exchange that is started here.
    ///
    /// # Errors
    /// Where some of the three are missing or wrong, and where the local exchange cannot start.
    pub async fn choose() -> Result<Self, Error> {
        let exchange = match Credentials::from_env() {
            Ok(_) => None,
            Err(error) if error.nothing_is_set() => Some(Exchange::builder().start().await?),
            Err(error) => return Err(error.into()),
        };
        eprintln!(
            "connecting to {}",
            match &exchange {
                None => "KuCoin; stop with Ctrl-C",
                Some(_) => "a local exchange, since no credentials are set",
            }
        );
        Ok(Self { exchange })
    }

    /// The credentials. A program of yours has `Credentials::from_env()?` in this place.
    ///
    /// # Errors
    /// As [`Place::choose`].
    pub fn credentials(&self) -> Result<Credentials, Error> {
        Ok(match &self.exchange {
            None => Credentials::from_env()?,
            Some(exchange) => {
                let demo = exchange.credentials();
                Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?
            }
        })
    }

    /// The hosts. A program of yours leaves them out, or has `Hosts::of(Region::Europe)` in this place.
    ///
    /// # Errors
    /// None with a local exchange that runs.
    pub fn hosts(&self) -> Result<Hosts, Error> {
        Ok(match &self.exchange {
            None => Hosts::default(),
            Some(exchange) => Hosts::local(&exchange.rest_url())?,
        })
    }

    /// The local exchange, where that is the place.
    pub fn local_exchange(&self) -> Option<&Exchange> {
        self.exchange.as_ref()
    }

    /// Resolves when the example has shown enough: with KuCoin at Ctrl-C; with a local exchange a second after the
    /// end of `rehearsal`, which makes something happen there.
    ///
    /// # Errors
    /// The error of `rehearsal`, or Ctrl-C cannot be listened for.
    pub async fn until_end(
        &self,
        rehearsal: impl AsyncFnOnce(&Exchange) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match &self.exchange {
            None => tokio::signal::ctrl_c().await?,
            Some(exchange) => {
                rehearsal(exchange).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Ok(())
    }
}

/// The pause between two acts of a rehearsal, so that a person can follow it.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}
