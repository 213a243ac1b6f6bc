//! Futures orders and stop orders.

use rust_decimal::Decimal;

use super::{
    ANY_TIME, Answer, Filters, PAGES, RECENT, WEEK, contract, margin_terms, order_type, symbol,
};
use crate::credentials::ApiError;
use crate::engine::futures::{Contract, SettleCurrency};
use crate::engine::{Order, OrderChange, StopChange, Terms, Trigger};
use crate::json::{Object, OrNull, Plain, Raw};
use crate::rest::history::{OrderRow, State, StopRow};
use crate::rest::{Ask, NULL, list};

pub(super) fn orders(ask: &Ask<'_>) -> Answer {
    let filters = Filters::read(ask)?;
    let orders = &ask.history.futures.orders;
    let status = ask.query.one_of("status", &["active", "done"])?;
    let (window, mut rows): (_, Vec<&State<OrderRow>>) = match status {
        Some("active") => (ANY_TIME.read(ask)?, orders.open()),
        // Without a status, done orders are listed.
        _ => (WEEK.read(ask)?, orders.ended(ask.now_ms).collect()),
    };
    rows.retain(|state| {
        let order = &state.value.order;
        // An order placed before the window is not listed, even if it ended in the window.
        window.contains(&created_ms(order)) && filters.include(filtered(order))
    });
    rows.sort_by_key(|state| std::cmp::Reverse(state.value.order.created_ns));
    let page = PAGES.page(ask, rows)?;
    Ok(page.write("currentPage", |state| order(ask, &state.value)))
}

pub(super) fn recent_done(ask: &Ask<'_>) -> Answer {
    let symbol = symbol(ask)?;
    let since = ask.now_ms.saturating_sub(RECENT.0);
    let ended = ask.history.futures.orders.ended(ask.now_ms);
    let recent = ended.filter(|state| {
        let is_wanted = symbol.is_none_or(|wanted| wanted == state.value.order.symbol);
        is_wanted && state.time_ms >= since
    });
    let rows = recent.take(RECENT.1);
    Ok(list(rows.map(|state| order(ask, &state.value))))
}

pub(super) fn by_id(ask: &Ask<'_>) -> Answer {
    one(
        ask,
        |order| **order.classic_id() == *ask.segment,
        |stop| *stop.stop.id == *ask.segment,
    )
}

pub(super) fn by_client_oid(ask: &Ask<'_>) -> Answer {
    let wanted = Some(ask.query.required("clientOid")?);
    one(
        ask,
        |order| order.client_oid.as_deref() == wanted,
        |stop| stop.stop.client_oid.as_deref() == wanted,
    )
}

/// Writes the newest order that matches, otherwise the newest stop order.
fn one(
    ask: &Ask<'_>,
    is_order: impl Fn(&Order) -> bool,
    is_stop: impl Fn(&StopRow) -> bool,
) -> Answer {
    let history = &ask.history.futures;
    if let Some(found) = history.orders.find(ask.now_ms, |row| is_order(&row.order)) {
        return Ok(order(ask, &found.value));
    }
    let found = history.stops.find(ask.now_ms, is_stop);
    let unknown = || ApiError::new(200, "100001", "error.getOrder.orderNotExist");
    found.map(|state| stop(ask, state)).ok_or_else(unknown)
}

pub(super) fn stops(ask: &Ask<'_>) -> Answer {
    let filters = Filters::read(ask)?;
    let window = ANY_TIME.read(ask)?;
    let mut rows = ask.history.futures.stops.open();
    rows.retain(|state| {
        let stop = &state.value.stop;
        let at_market = stop.order_price.is_none();
        let filtered = (stop.symbol, stop.side.as_str(), at_market, false);
        window.contains(&stop.created_ms) && filters.include(filtered)
    });
    rows.sort_by_key(|state| {
        let stop = &state.value.stop;
        std::cmp::Reverse((stop.created_ms, stop.id.clone()))
    });
    let page = PAGES.page(ask, rows)?;
    Ok(page.write("currentPage", |state| stop(ask, state)))
}

fn created_ms(order: &Order) -> u64 {
    order.created_ns / 1_000_000
}

fn filtered(order: &Order) -> super::Filtered {
    let (at_market, stop) = (order.price.is_none(), order.trigger.is_some());
    (order.symbol, order.side.as_str(), at_market, stop)
}

/// The parts of an order in which orders and stop orders differ.
struct Written<'a> {
    id: &'a str,
    client_oid: Option<&'a str>,
    symbol: &'static str,
    side: &'static str,
    price: Option<Decimal>,
    size: Decimal,
    /// Number of filled contracts, and the value of all fills.
    filled: (Decimal, Decimal),
    trigger: Option<Trigger>,
    triggered: bool,
    terms: Terms,
    canceled: bool,
    created_ns: u64,
    updated_ms: u64,
    ended: bool,
}

fn order(ask: &Ask<'_>, row: &OrderRow) -> String {
    let order = &row.order;
    let written = Written {
        id: order.classic_id(),
        client_oid: order.client_oid.as_deref(),
        symbol: order.symbol,
        side: order.side.as_str(),
        price: order.price,
        size: order.size - order.reduced,
        filled: (order.filled, order.deal_value),
        trigger: order.trigger,
        triggered: order.trigger.is_some(),
        terms: order.terms,
        canceled: row.change == OrderChange::Canceled,
        created_ns: order.created_ns,
        updated_ms: row.updated_ms,
        ended: row.change.is_final(),
    };
    written.write(ask)
}

fn stop(ask: &Ask<'_>, state: &State<StopRow>) -> String {
    let StopRow { stop, change } = &state.value;
    // The order of a triggered stop order is not visible yet, or was rejected.
    let triggered = matches!(change, StopChange::Triggered(_));
    let canceled = matches!(change, StopChange::Cancel | StopChange::Triggered(Err(_)));
    let written = Written {
        id: &stop.id,
        client_oid: stop.client_oid.as_deref(),
        symbol: stop.symbol,
        side: stop.side.as_str(),
        price: stop.order_price,
        size: stop.size,
        filled: Default::default(),
        trigger: Some(stop.trigger),
        triggered,
        terms: stop.terms,
        canceled,
        created_ns: stop.created_ms.saturating_mul(1_000_000),
        updated_ms: state.time_ms,
        ended: canceled,
    };
    written.write(ask)
}

impl Written<'_> {
    fn write(&self, ask: &Ask<'_>) -> String {
        let contract = contract(ask, self.symbol).ok();
        let (filled, filled_value) = self.filled;
        let value = match (self.price, contract) {
            (Some(price), Some(contract)) => contract.value(self.size, price).abs(),
            // The price of a market order is known only from its fills.
            _ => filled_value,
        };
        let average = contract.and_then(|contract| average_price(contract, self.filled));
        let settle = contract.map(|contract| contract.settle.as_str());
        let margin = margin_terms(self.terms);
        let trigger = self.trigger.as_ref();
        Object::new()
            .field("id", self.id)
            .field("symbol", self.symbol)
            .field("type", order_type(self.price.is_none()))
            .field("side", self.side)
            .field("price", self.price.unwrap_or_default())
            .field("size", Plain(self.size))
            .field("value", value)
            .field("dealValue", filled_value)
            .field("dealSize", Plain(filled))
            .field("stp", "")
            .field("stop", trigger.map_or("", |it| it.direction.as_str()))
            .field(
                "stopPriceType",
                trigger.map_or("", |it| it.price_type.as_str()),
            )
            .field("stopTriggered", self.triggered)
            .field("stopPrice", OrNull(trigger.map(|it| it.price)))
            .field("timeInForce", "GTC")
            .field("postOnly", false)
            .field("hidden", false)
            .field("iceberg", false)
            .field("leverage", margin.map(|(_, leverage)| leverage))
            .field("forceHold", false)
            .field("closeOrder", false)
            .field("visibleSize", 0_u8)
            .field("clientOid", OrNull(self.client_oid))
            .field("remark", Raw(NULL))
            .field("tags", "")
            .field("isActive", !self.ended)
            .field("cancelExist", self.canceled)
            .field("createdAt", self.created_ns / 1_000_000)
            .field("updatedAt", self.updated_ms)
            .field("endAt", OrNull(self.ended.then_some(self.updated_ms)))
            .field("orderTime", self.created_ns)
            .field("settleCurrency", settle)
            .field("marginMode", margin.map(|(mode, _)| mode.as_str()))
            .field("positionSide", self.terms.leg())
            .field("avgDealPrice", average.unwrap_or_default())
            .field("filledSize", Plain(filled))
            .field("filledValue", filled_value)
            .field("status", if self.ended { "done" } else { "open" })
            .field("reduceOnly", false)
            .end()
    }
}

fn average_price(contract: &Contract, (size, value): (Decimal, Decimal)) -> Option<Decimal> {
    let value = match contract.settle {
        SettleCurrency::Usdt => value,
        SettleCurrency::Xbt => -value,
    };
    let scale = contract.market.tick.scale() + 3;
    contract
        .price_of(size, value)
        .map(|price| price.round_dp(scale).normalize())
}
