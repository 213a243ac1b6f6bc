//! The pretty form: aligned columns, a line a happening, read at a glance.

mod balances;
mod columns;
mod margin;
mod orders;
mod paint;
mod positions;
mod settings;
mod trades;
mod trouble;
mod unified;

use kucoin_streams::v1::{
    self, FuturesEvent, FuturesPosition, FuturesWalletChange, MarginPosition, SpotEvent,
};
use kucoin_streams::{Gap, Lifecycle, Timestamp};
use serde::Serialize;

use super::{Arrived, Event};
use paint::{Ink, Paint, safe};

/// How wide the column with the sort of happening is.
const SORT: usize = 11;

/// The ink of the sort, the sort, and the rest of the line.
type Told = (Ink, &'static str, String);

/// Lays out lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pretty {
    paint: Paint,
}

impl Pretty {
    pub(super) fn for_stdout() -> Self {
        Self {
            paint: Paint::for_stdout(),
        }
    }

    pub(super) fn heading(&self, what: &str) -> String {
        let title = self.paint.ink(Ink::Bold, "kucoin-streams watch");
        let note = self.paint.ink(Ink::Dim, "Times are UTC. Stop with Ctrl-C.");
        format!("{title}: {what}\n{note}\n")
    }

    pub(super) fn update(&self, arrived: &Arrived) -> String {
        self.line(arrived.received_at, event(self.paint, &arrived.event))
    }

    pub(super) fn gap(&self, gap: &Gap) -> String {
        let now = Timestamp::from(std::time::SystemTime::now());
        self.line(now, trouble::gap(self.paint, gap))
    }

    /// `None` for what people need not see.
    pub(super) fn lifecycle(&self, lifecycle: &Lifecycle) -> Option<String> {
        let told = trouble::lifecycle(self.paint, lifecycle)?;
        Some(self.line(lifecycle.at, told))
    }

    fn line(&self, at: Timestamp, (ink, sort, text): Told) -> String {
        let at = self.paint.ink(Ink::Dim, &time_of_day(at));
        let sort = self.paint.ink(ink, &format!("{sort:<SORT$}"));
        format!("{at}  {sort} {}", text.trim_end())
    }
}

fn event(paint: Paint, event: &Event) -> Told {
    match event {
        Event::V1(v1::Event::Spot(event)) => spot(paint, event),
        Event::V1(v1::Event::Futures(event)) => futures(paint, event),
        Event::Pro(event) => unified::event(paint, event),
        other => unknown(other),
    }
}

fn spot(paint: Paint, event: &SpotEvent) -> Told {
    match event {
        SpotEvent::Order(order) => orders::spot(paint, order),
        SpotEvent::StopOrder(stop) => orders::spot_stop(paint, stop),
        SpotEvent::Balance(balance) => balances::spot(paint, balance),
        SpotEvent::MarketMatch(trade) => trades::market_match(paint, trade),
        SpotEvent::TradeFill(fill) => trades::spot_fill(paint, fill),
        SpotEvent::MarginPosition(MarginPosition::DebtRatio(ratio)) => {
            margin::debt_ratio(paint, ratio)
        }
        SpotEvent::MarginPosition(MarginPosition::Status(change)) => margin::status(change),
        SpotEvent::IsolatedMarginPosition(position) => margin::isolated(paint, position),
        other => unknown(other),
    }
}

fn futures(paint: Paint, event: &FuturesEvent) -> Told {
    match event {
        FuturesEvent::Order(order) => orders::futures(paint, order),
        FuturesEvent::StopOrder(stop) => orders::futures_stop(paint, stop),
        FuturesEvent::Wallet(FuturesWalletChange::Other(other)) => unknown(other),
        FuturesEvent::Wallet(change) => balances::futures(paint, change),
        FuturesEvent::Position(FuturesPosition::Change(change)) => positions::change(paint, change),
        FuturesEvent::Position(FuturesPosition::MarkPrice(patch)) => {
            positions::mark_price(paint, patch)
        }
        FuturesEvent::Position(FuturesPosition::Settlement(settlement)) => {
            positions::funding(paint, settlement)
        }
        FuturesEvent::Position(FuturesPosition::RiskLimit(adjustment)) => {
            settings::risk_limit(paint, adjustment)
        }
        FuturesEvent::MarginMode(change) => settings::margin_modes(paint, change),
        FuturesEvent::CrossLeverage(change) => settings::leverages(paint, change),
        other => unknown(other),
    }
}

/// What has no line of its own: all that it says.
fn unknown(event: &impl Serialize) -> Told {
    let text = serde_json::to_string(event).unwrap_or_default();
    (Ink::Plain, "event", safe(&text))
}

/// The time of day in UTC, to the millisecond.
fn time_of_day(at: Timestamp) -> String {
    let millis = at.as_millis().rem_euclid(24 * 60 * 60 * 1_000);
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!(
        "{:02}:{:02}:{seconds:02}.{millis:03}",
        minutes / 60,
        minutes % 60
    )
}

#[cfg(test)]
mod tests;
