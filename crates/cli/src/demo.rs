//! The local exchange of `watch --demo`.

use std::convert::Infallible;
use std::time::Duration;

use kucoin_streams::Credentials;
use kucoin_streams_exchange::{Cut, Decimal, Effect, Exchange, Rejected, Side};

use crate::exit::CommandError;

/// Events per second of the demo account, slow enough to read.
const EVENTS_PER_SECOND: f64 = 10.0;

/// Time after which the connections are cut, so that the demo shows a gap.
const CUT_AFTER: Duration = Duration::from_secs(15);

/// Time for which the connections are away, so that events are missed.
const AWAY_FOR: Duration = Duration::from_secs(3);

/// What is traded meanwhile.
const SYMBOL: &str = "KCS-USDT";
const CONTRACT: &str = "XBTUSDTM";

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

    /// Cuts every connection once after [`CUT_AFTER`] and trades until they are back, then waits forever.
    pub(crate) async fn cut_once(&self) -> Infallible {
        tokio::time::sleep(CUT_AFTER).await;
        if let Err(rejected) = self.trade_while_away().await {
            tracing::debug!(%rejected, "an order of the demo was rejected");
        }
        std::future::pending().await
    }

    /// Places an order, cuts the connections, and fills the order while they are away.
    async fn trade_while_away(&self) -> Result<(), Rejected> {
        let account = self.exchange.account();
        let price = account.last_price(SYMBOL)? - Decimal::ONE;
        let order = account.place_limit(SYMBOL, Side::Buy, price, 30.into())?;
        // The events of the placed order are pushed before the cut.
        tokio::time::sleep(AWAY_FOR / 10).await;
        for _ in self.exchange.stats().open_connections() {
            self.exchange.inject(Effect::DelayWelcome { by: AWAY_FOR });
        }
        self.exchange.inject(Effect::Cut(Cut::Reset));
        for size in [12, 18] {
            tokio::time::sleep(AWAY_FOR / 3).await;
            account.fill(&order, size.into())?;
            account.futures().place_market(CONTRACT, Side::Buy, 2)?;
        }
        Ok(())
    }
}
