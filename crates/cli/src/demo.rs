//! The local exchange of `watch --demo`.

use std::convert::Infallible;
use std::time::Duration;

use kucoin_streams::Credentials;
use kucoin_streams_exchange::{Cut, Effect, Exchange};

use crate::exit::CommandError;

/// Events per second of the demo account, slow enough to read.
const EVENTS_PER_SECOND: f64 = 10.0;

/// Time after which the connections are cut, so that the demo shows a gap.
const CUT_AFTER: Duration = Duration::from_secs(15);

/// A local exchange with a demo account.
pub(crate) struct Demo {
    exchange: Exchange,
}

impl Demo {
    pub(crate) async fn start() -> Result<Self, CommandError> {
        let exchange = Exchange::builder()
            .event_rate(EVENTS_PER_SECOND)
            .start()
            .await
            .map_err(|error| {
                CommandError::because("cannot start the exchange of --demo", &error)
            })?;
        Ok(Self { exchange })
    }

    pub(crate) fn rest_url(&self) -> String {
        self.exchange.rest_url()
    }

    pub(crate) fn credentials(&self) -> Result<Credentials, CommandError> {
        let demo = self.exchange.credentials();
        Credentials::new(&demo.key, &demo.secret, &demo.passphrase)
            .map_err(|error| CommandError::other(error.to_string()))
    }

    /// Cuts every connection once after [`CUT_AFTER`], then waits forever.
    pub(crate) async fn cut_once(&self) -> Infallible {
        tokio::time::sleep(CUT_AFTER).await;
        self.exchange.inject(Effect::Cut(Cut::Reset));
        std::future::pending().await
    }
}
