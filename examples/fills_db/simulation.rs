//! Fills and a lost connection on the local exchange. Your own program does not need this.

use std::time::Duration;

use kucoin_streams::v1::{FuturesOrders, SpotOrders};
use kucoin_streams_examples::{Error, pause};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};

/// Time in which the SDK fills a gap.
const RECOVERED_AFTER: Duration = Duration::from_secs(6);

pub(crate) async fn run(exchange: &Exchange) -> Result<(), Error> {
    let account = exchange.account();
    exchange.wait_subscribed(SpotOrders::PATH).await;
    exchange.wait_subscribed(FuturesOrders::PATH).await;
    account.place_market("KCS-USDT", Side::Buy, "12.5".parse()?)?;
    account
        .futures()
        .place_market("XBTUSDTM", Side::Buy, 2.into())?;
    tokio::time::sleep(RECOVERED_AFTER).await;
    // These two are missed, and fetched over REST.
    exchange.inject(Effect::TokenSlow {
        by: Duration::from_secs(1),
    });
    exchange.inject(Effect::Cut(Cut::Reset));
    pause().await;
    account.place_market("KCS-USDT", Side::Sell, "0.5".parse()?)?;
    account.place_market("BTC-USDT", Side::Buy, "0.00123".parse()?)?;
    tokio::time::sleep(RECOVERED_AFTER).await;
    Ok(())
}
