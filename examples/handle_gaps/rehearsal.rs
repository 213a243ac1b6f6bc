//! What happens at the local exchange meanwhile; no part of a program of yours.

use std::time::Duration;

use kucoin_streams::Decimal;
use kucoin_streams::v1::SpotOrders;
use kucoin_streams_examples::{Error, pause};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};

pub(crate) async fn play(exchange: &Exchange) -> Result<(), Error> {
    let account = exchange.account();
    let price = account.last_price("KCS-USDT")? - Decimal::ONE;
    let place_order = || account.place_limit("KCS-USDT", Side::Buy, price, 10.into());
    let (kept, filled, cancelled) = (place_order()?, place_order()?, place_order()?);
    pause().await;

    // The connection is lost, and before it is back one order is filled, one cancelled, one opened.
    exchange.inject(Effect::TokenSlow {
        by: Duration::from_millis(300),
    });
    exchange.inject(Effect::Cut(Cut::Reset));
    exchange
        .wait_until(|seen| seen.connections.iter().any(|first| first.ended.is_some()))
        .await;
    account.fill(&filled, 10.into())?;
    account.cancel(&cancelled)?;
    place_order()?;
    exchange.wait_subscribed(SpotOrders::PATH).await;
    pause().await;

    // One frame arrives spoilt: the one that tells of a cancel.
    exchange.inject(Effect::GarbleFrame { count: Some(1) });
    account.cancel(&kept)?;
    Ok(())
}
