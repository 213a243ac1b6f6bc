//! Trades and a lost connection on the local exchange, so that there is something to see. Your own program does not need this.

use std::time::Duration;

use kucoin_streams_examples::Error;
use kucoin_streams_exchange::{Cut, Effect, Exchange};

/// Time between two actions of the account.
const STEP: Duration = Duration::from_millis(100);
/// Number of actions before the first loss: 12 s.
const FIRST_LOSS: u32 = 120;
/// Number of actions between two losses: a minute.
const LOSS_EVERY: u32 = 600;
/// Time for which the connections are away.
const AWAY_FOR: Duration = Duration::from_secs(3);

/// Trades until the program ends, and cuts all connections once a minute.
pub(crate) async fn run(exchange: &Exchange) -> Result<(), Error> {
    let mut steps = tokio::time::interval(STEP);
    for step in 0_u32.. {
        steps.tick().await;
        exchange.account().step(1);
        if step % LOSS_EVERY == FIRST_LOSS {
            for _ in exchange.stats().open_connections() {
                exchange.inject(Effect::DelayWelcome { by: AWAY_FOR });
            }
            exchange.inject(Effect::Cut(Cut::Reset));
        }
    }
    Ok(())
}
