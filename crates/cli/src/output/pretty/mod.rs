//! The pretty form: aligned columns, a line a happening, read at a glance.

mod balances;
mod columns;
pub(super) mod ledger;
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
use kucoin_streams::{Gap, Lifecycle, Timestamp, WsKey};
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
    /// Whether there are several connections, and each line is marked with its own.
    marked: bool,
}

impl Pretty {
    pub(super) fn for_stdout(marked: bool) -> Self {
        Self {
            paint: Paint::for_stdout(),
            marked,
        }
    }

    pub(super) fn heading(&self, what: &str) -> String {
        let title = self.paint.ink(Ink::Bold, "kucoin-streams watch");
        let note = self.paint.ink(Ink::Dim, "Times are UTC. Stop with Ctrl-C.");
        format!("{title}: {what}\n{note}\n")
    }

    pub(super) fn update(&self, arrived: &Arrived) -> String {
        let told = event(self.paint, &arrived.event);
        self.line(arrived.received_at, arrived.ws_key, told)
    }

    pub(super) fn gap(&self, ws_key: WsKey, gap: &Gap) -> String {
        let now = Timestamp::from(std::time::SystemTime::now());
        self.line(now, ws_key, trouble::gap(self.paint, gap))
    }

    /// `None` for what people need not see.
    pub(super) fn lifecycle(&self, lifecycle: &Lifecycle) -> Option<String> {
        let told = trouble::lifecycle(self.paint, lifecycle)?;
        Some(self.line(lifecycle.at, lifecycle.ws_key, told))
    }

    fn line(&self, at: Timestamp, ws_key: WsKey, (ink, sort, text): Told) -> String {
        let mut at = time_of_day(at);
        if self.marked {
            at.push_str(&format!("  {:<7}", mark(ws_key)));
        }
        let at = self.paint.ink(Ink::Dim, &at);
        let sort = self.paint.ink(ink, &format!("{sort:<SORT$}"));
        format!("{at}  {sort} {}", text.trim_end())
    }
}

/// A connection in a word.
fn mark(ws_key: WsKey) -> &'static str {
    match ws_key {
        WsKey::SpotPrivateV1 => "spot",
        WsKey::FuturesPrivateV1 => "futures",
        WsKey::PrivateProV2 => "pro",
        other => other.as_str(),
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
