//! Trades and faults on the local exchange, so that there is something to see. Your own program does not need this.

use std::time::Duration;

use kucoin_streams::Decimal;
use kucoin_streams::v1::SpotOrders;
use kucoin_streams_examples::Error;
use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};

/// Time in which the SDK reads the open orders at the start.
const STATE_READ_AFTER: Duration = Duration::from_secs(2);

/// Time in which the SDK fills a gap: it looks twice, because KuCoin's records can appear late.
const RECOVERED_AFTER: Duration = Duration::from_secs(6);

pub(crate) async fn run(exchange: &Exchange) -> Result<(), Error> {
    let account = exchange.account();
    let price = account.last_price("KCS-USDT")? - Decimal::ONE;
    let place_order = || account.place_limit("KCS-USDT", Side::Buy, price, 10.into());
    let (kept, filled, canceled) = (place_order()?, place_order()?, place_order()?);
    // The client reads the state at the start.
    tokio::time::sleep(STATE_READ_AFTER).await;

    // The connection is lost. Before the reconnect, one order is filled, one canceled and one placed.
    exchange.inject(Effect::TokenSlow {
        by: Duration::from_millis(300),
    });
    exchange.inject(Effect::Cut(Cut::Reset));
    exchange
        .wait_until(|seen| seen.connections.iter().any(|first| first.ended.is_some()))
        .await;
    account.fill(&filled, 10.into())?;
    account.cancel(&canceled)?;
    place_order()?;
    exchange.wait_subscribed(SpotOrders::PATH).await;
    tokio::time::sleep(RECOVERED_AFTER).await;

    // The frame of the next cancellation is corrupted.
    exchange.inject(Effect::GarbleFrame { count: Some(1) });
    account.cancel(&kept)?;
    tokio::time::sleep(RECOVERED_AFTER).await;
    Ok(())
}
