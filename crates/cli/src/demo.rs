//! The exchange inside of this program, for `watch --demo`.

use std::convert::Infallible;
use std::time::Duration;

use kucoin_streams::Credentials;
use kucoin_streams_exchange::{Cut, Effect, Exchange};

use crate::exit::Failed;

/// Events a second: lively, and slow enough to be read.
const EVENTS_PER_SECOND: f64 = 10.0;

/// When the connection is cut, so that a loss is seen too.
const CUT_AFTER: Duration = Duration::from_secs(15);

/// An exchange with a made-up account.
pub(crate) struct Demo {
    exchange: Exchange,
}

impl Demo {
    pub(crate) async fn start() -> Result<Self, Failed> {
        let exchange = Exchange::builder()
            .event_rate(EVENTS_PER_SECOND)
            .start()
            .await
            .map_err(|error| Failed::because("the demo exchange cannot start", &error))?;
        Ok(Self { exchange })
    }

    pub(crate) fn rest_url(&self) -> String {
        self.exchange.rest_url()
    }

    pub(crate) fn credentials(&self) -> Result<Credentials, Failed> {
        let demo = self.exchange.credentials();
        Credentials::new(&demo.key, &demo.secret, &demo.passphrase)
            .map_err(|error| Failed::other(error.to_string()))
    }

    /// Cuts the connection once, after a while; then nothing more.
    pub(crate) async fn cut_once(&self) -> Infallible {
        tokio::time::sleep(CUT_AFTER).await;
        self.exchange.inject(Effect::Cut(Cut::Reset));
        std::future::pending().await
    }
}
