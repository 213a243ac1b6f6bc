//! Shared code of the examples: it chooses between KuCoin and a local exchange, and prints errors.
#![allow(clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Duration;

use kucoin_streams::core::explain;
use kucoin_streams::{Credentials, EndReason, Hosts};
use kucoin_streams_exchange::{Exchange, ExchangeBuilder};

/// Any error that ends an example.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Prints the error of an example with its causes, and returns the exit code of `main`.
pub fn report(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", explain(&*error, None));
            ExitCode::FAILURE
        }
    }
}

/// Returns the error for a subscription that ended, although the example did not close it.
pub fn ended(reason: Option<EndReason>) -> Error {
    match reason {
        Some(reason) => format!("the subscription ended: {reason}").into(),
        None => "the subscription ended".into(),
    }
}

/// The server of an example: KuCoin, or a local exchange.
#[derive(Debug)]
pub struct Setup {
    exchange: Option<Exchange>,
}

impl Setup {
    /// Uses KuCoin if credentials are set, and otherwise starts a local exchange.
    ///
    /// With `KUCOIN_REST_URL` and credentials, it uses a local exchange that runs already. Credentials are set if `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and `KUCOIN_API_PASSPHRASE` are.
    ///
    /// # Errors
    /// Returns an error if only some of the three variables are set, if one is invalid, or if the local exchange cannot
    /// start.
    pub async fn from_env() -> Result<Self, Error> {
        Self::with(Exchange::builder()).await
    }

    /// Like [`from_env`](Self::from_env), with these settings of the local exchange.
    ///
    /// # Errors
    /// Returns the errors of `from_env`.
    pub async fn with(exchange: ExchangeBuilder) -> Result<Self, Error> {
        let exchange = match Credentials::from_env() {
            Ok(_) => None,
            Err(error) if error.nothing_is_set() => Some(exchange.start().await?),
            Err(error) => return Err(error.into()),
        };
        match (&exchange, rest_url()) {
            (Some(_), _) => {
                eprintln!("connecting to a local exchange, since no credentials are set")
            }
            (None, Some(url)) => eprintln!("connecting to {url}; press Ctrl-C to stop"),
            (None, None) => eprintln!("connecting to KuCoin; press Ctrl-C to stop"),
        }
        Ok(Self { exchange })
    }

    /// Returns the credentials. Your own program calls `Credentials::from_env()?` instead.
    ///
    /// # Errors
    /// Returns an error if a variable is missing or invalid.
    pub fn credentials(&self) -> Result<Credentials, Error> {
        Ok(match &self.exchange {
            None => Credentials::from_env()?,
            Some(exchange) => {
                let demo = exchange.credentials();
                Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?
            }
        })
    }

    /// Returns the hosts. Your own program omits them, or uses `Hosts::of(Region::Europe)`.
    ///
    /// # Errors
    /// Returns an error if the URL of the local exchange is invalid.
    pub fn hosts(&self) -> Result<Hosts, Error> {
        Ok(match &self.exchange {
            None => match rest_url() {
                Some(url) => Hosts::local(&url)?,
                None => Hosts::default(),
            },
            Some(exchange) => Hosts::local(&exchange.rest_url())?,
        })
    }

    /// Returns the local exchange; `None` if the example uses KuCoin.
    pub fn local_exchange(&self) -> Option<&Exchange> {
        self.exchange.as_ref()
    }

    /// Waits until the example is done.
    ///
    /// With KuCoin it waits for Ctrl-C. With a local exchange it runs `simulation` there, and waits one more second.
    ///
    /// # Errors
    /// Returns the error of `simulation`, or an error if the process cannot listen for Ctrl-C.
    pub async fn until_done(
        &self,
        simulation: impl AsyncFnOnce(&Exchange) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match &self.exchange {
            None => tokio::signal::ctrl_c().await?,
            Some(exchange) => {
                simulation(exchange).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Ok(())
    }
}

/// Returns the URL of a local exchange that runs already, such as `kucoin-streams exchange --port 4000`.
fn rest_url() -> Option<String> {
    std::env::var("KUCOIN_REST_URL").ok()
}

/// Waits between two steps of a simulation, so that a person can follow the output.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}
