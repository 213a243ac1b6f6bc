//! Orders and fills of the unified account.

use std::cmp::Reverse;

use super::super::history::{FillRow, HostHistory, OrderRow, Row, State, States, StopRow};
use super::super::query::{Query, invalid};
use super::super::{Ask, NULL, spot};
use super::{Answer, PAGES, ROWS, WEEK, contract, page};
use crate::credentials::ApiError;
use crate::engine::{Side, StopEvent, Terms, Wallet};
use crate::json::{Object, Raw};
use crate::pro::order::{CancelCause, Change, OrderStage, nanoseconds, unified_id};
use crate::pro::render::orders as words;

/// The orders of a query: `tradeType` and `symbol`.
struct Target<'q> {
    trade_type: &'q str,
    /// Only futures orders can be listed without a symbol.
    symbol: Option<&'q str>,
}

impl<'q> Target<'q> {
    fn read(query: &'q Query) -> Result<Self, ApiError> {
        query.required("tradeType")?;
        let valid = ["SPOT", "FUTURES", "MARGIN", "CROSS", "ISOLATED"];
        let trade_type = query.one_of("tradeType", &valid)?.unwrap_or_default();
        let symbol = match trade_type {
            "FUTURES" => contract(query)?,
            _ => Some(spot::required_symbol(query)?),
        };
        Ok(Self { trade_type, symbol })
    }

    fn history<'a>(&self, ask: &Ask<'a>) -> &'a HostHistory {
        match self.trade_type {
            "FUTURES" => &ask.history.futures,
            _ => &ask.history.spot,
        }
    }

    fn includes(&self, symbol: &str, terms: Terms) -> bool {
        let of_type = match terms {
            Terms::Futures { .. } => self.trade_type == "FUTURES",
            Terms::Spot(Wallet::Margin) => matches!(self.trade_type, "MARGIN" | "CROSS"),
            Terms::Spot(Wallet::Isolated(_)) => matches!(self.trade_type, "MARGIN" | "ISOLATED"),
            Terms::Spot(_) => self.trade_type == "SPOT",
        };
        of_type && self.symbol.is_none_or(|wanted| wanted == symbol)
    }
}

/// An order or a conditional order, as lists select and show it.
trait Listed: Sized {
    /// Returns the symbol and the terms; `None` for the order of a liquidation, which is in no list.
    fn place(&self) -> Option<(&str, Terms)>;
    fn id(&self) -> &str;
    fn client_oid(&self) -> Option<&str>;
    fn side(&self) -> Side;
    fn created_ns(&self) -> u64;
    fn change(state: &State<Self>) -> Change;
    /// Returns the time of the last change of the row.
    fn updated_ns(state: &State<Self>) -> u64;
    /// Returns the trade ID of the last fill.
    fn trade_id(&self) -> Option<&str>;

    fn is_in(&self, target: &Target<'_>) -> bool {
        let place = self.place();
        place.is_some_and(|(symbol, terms)| target.includes(symbol, terms))
    }
}

impl Listed for OrderRow {
    fn place(&self) -> Option<(&str, Terms)> {
        match self.order.terms {
            Terms::Futures {
                liquidation: true, ..
            } => None,
            terms => Some((self.order.symbol, terms)),
        }
    }

    fn id(&self) -> &str {
        &self.order.id
    }

    fn client_oid(&self) -> Option<&str> {
        self.order.client_oid.as_deref()
    }

    fn side(&self) -> Side {
        self.order.side
    }

    fn created_ns(&self) -> u64 {
        self.order.created_ns
    }

    fn change(state: &State<Self>) -> Change {
        let row = &state.value;
        Change::of_state(&row.order, row.change, state.time_ms)
    }

    /// An ended order has the time of its end; KuCoin writes the row of a live order later.
    fn updated_ns(state: &State<Self>) -> u64 {
        match state.end {
            Some(_) => nanoseconds(state.time_ms),
            None => nanoseconds(state.value.updated_ms),
        }
    }

    fn trade_id(&self) -> Option<&str> {
        self.trade_id.as_deref()
    }
}

impl Listed for StopRow {
    fn place(&self) -> Option<(&str, Terms)> {
        Some((self.stop.symbol, self.stop.terms))
    }

    fn id(&self) -> &str {
        &self.stop.id
    }

    fn client_oid(&self) -> Option<&str> {
        None
    }

    fn side(&self) -> Side {
        self.stop.side
    }

    fn created_ns(&self) -> u64 {
        nanoseconds(self.stop.created_ms)
    }

    fn change(state: &State<Self>) -> Change {
        Change::of_stop(&StopEvent {
            change: state.value.change.clone(),
            stop: state.value.stop.clone(),
            event_id: None,
            time_ms: state.time_ms,
        })
    }

    fn updated_ns(state: &State<Self>) -> u64 {
        nanoseconds(state.time_ms)
    }

    fn trade_id(&self) -> Option<&str> {
        None
    }
}

pub(super) fn open_list(ask: &Ask<'_>) -> Answer {
    let target = Target::read(ask.query)?;
    let host = target.history(ask);
    match conditional(ask.query)? {
        false => open(ask, &target, &host.orders),
        true => open(ask, &target, &host.stops),
    }
}

/// Writes a page of open orders, the newest first.
fn open<T: Listed>(ask: &Ask<'_>, target: &Target<'_>, states: &States<T>) -> Answer {
    let mut rows = states.open();
    // A filled order is open until the row of its end is visible.
    rows.retain(|state| state.value.is_in(target) && T::change(state).stage != OrderStage::Filled);
    rows.sort_by_key(|state| Reverse((state.value.created_ns(), state.value.id().to_owned())));
    let page = PAGES.page(ask, rows)?;
    let page = page.fields("pageNumber", |state| order(state).end());
    Ok(page.field("tradeType", target.trade_type).end())
}

pub(super) fn history(ask: &Ask<'_>) -> Answer {
    let target = Target::read(ask.query)?;
    let host = target.history(ask);
    match conditional(ask.query)? {
        false => ended(ask, &target, &host.orders),
        true => ended(ask, &target, &host.stops),
    }
}

/// Writes a page of ended orders, the latest change first.
fn ended<T: Listed>(ask: &Ask<'_>, target: &Target<'_>, states: &States<T>) -> Answer {
    let (window, side) = (WEEK.read(ask)?, side(ask.query)?);
    let rows = states.ended(ask.now_ms).filter(|state| {
        let row = &state.value;
        // As in the spot list, an order placed before the window is not listed.
        row.is_in(target)
            && side.is_none_or(|side| side == words::side(row.side()))
            && window.contains(&(row.created_ns() / 1_000_000))
    });
    let rows = ROWS.page(ask.query, rows, |state| state.id)?;
    Ok(page(Some(target.trade_type), &rows, |state| {
        order(state).end()
    }))
}

/// Returns one order or conditional order; `null` if it is unknown.
pub(super) fn detail(ask: &Ask<'_>) -> Answer {
    let (target, query) = (Target::read(ask.query)?, ask.query);
    query.required("symbol")?;
    let (order_id, client_oid) = (query.get("orderId"), query.get("clientOid"));
    if order_id.or(client_oid).is_none() {
        return Err(invalid("orderId", "or clientOid is required"));
    }
    let host = target.history(ask);
    let found = find(ask, &target, &host.orders, (order_id, client_oid));
    let found = found.or_else(|| find(ask, &target, &host.stops, (order_id, client_oid)));
    Ok(found.unwrap_or_else(|| NULL.to_owned()))
}

fn find<T: Listed>(
    ask: &Ask<'_>,
    target: &Target<'_>,
    states: &States<T>,
    (order_id, client_oid): (Option<&str>, Option<&str>),
) -> Option<String> {
    let found = states.find(ask.now_ms, |row| {
        row.is_in(target)
            && order_id.is_none_or(|id| unified_id(row.id()) == id)
            && client_oid.is_none_or(|client_oid| row.client_oid() == Some(client_oid))
    })?;
    Some(order(found).field("tradeType", target.trade_type).end())
}

pub(super) fn executions(ask: &Ask<'_>) -> Answer {
    let (target, query) = (Target::read(ask.query)?, ask.query);
    let (window, side) = (WEEK.read(ask)?, side(query)?);
    let types = ["NORMAL", "LIQUID", "SETTLEMENT", "ADL", "RECONCILIATION"];
    let wanted_type = query.one_of("fillType", &types)?;
    let order_id = query.get("orderId");
    let rows = target.history(ask).fills.newest(ask.now_ms);
    let rows = rows.filter(|row| {
        let fill = &row.value;
        target.includes(fill.symbol, fill.terms)
            && window.contains(&row.time_ms)
            && side.is_none_or(|side| side == words::side(fill.side))
            && wanted_type.is_none_or(|wanted| wanted == fill_type(fill))
            && order_id.is_none_or(|id| id == fill_order(fill))
    });
    let rows = ROWS.page(query, rows, |row| row.id)?;
    Ok(page(Some(target.trade_type), &rows, |row| execution(row)))
}

/// Reads `orderFilter`; `true` for conditional orders.
fn conditional(query: &Query) -> Result<bool, ApiError> {
    let filter = query.one_of("orderFilter", &["NORMAL", "ADVANCED", "CONDITION"])?;
    Ok(filter.is_some_and(|filter| filter != "NORMAL"))
}

fn side(query: &Query) -> Result<Option<&str>, ApiError> {
    query.one_of("side", &["BUY", "SELL"])
}

/// Writes an order, without the end of the object; `tradeId` only if it is filled.
fn order<T: Listed>(state: &State<T>) -> Object {
    let change = T::change(state);
    let (order, condition) = (&change.order, change.condition.as_ref());
    let filled = change.stage == OrderStage::Filled;
    let origin = order.origin.as_deref().map(unified_id);
    Object::new()
        .field("orderId", &*unified_id(&order.id))
        .field("symbol", order.symbol)
        .field("orderType", words::order_type(&change))
        .field("side", words::side(order.side))
        .field("positionSide", order.terms.leg())
        .field("size", order.size)
        .field("price", words::or_none(order.price))
        .field("timeInForce", "GTC")
        .field("tags", "")
        .field("orderTime", order.created_ns)
        .field("stp", "")
        .field("cancelAfter", Raw(NULL))
        .field("postOnly", false)
        .field("reduceOnly", false)
        .field("triggerDirection", condition.map_or("", words::direction))
        .field(
            "triggerPrice",
            words::or_none(condition.map(|known| known.price)),
        )
        .field("triggerPriceType", condition.map_or("", words::price_type))
        .field("tpTriggerPrice", "")
        .field("tpTriggerPriceType", "")
        .field("slTriggerPrice", "")
        .field("slTriggerPriceType", "")
        .field("filledSize", order.filled)
        .field("avgPrice", change.average_price())
        .field("fee", order.fee)
        .field("feeCurrency", order.fee_currency)
        .field("tax", "0")
        .field("updatedTime", T::updated_ns(state))
        .field("triggerOrderId", origin.as_deref().unwrap_or(""))
        .field("cancelReason", change.reason.map_or("", CancelCause::text))
        .field("cancelSize", change.canceled())
        .field("clientOid", order.client_oid.as_deref().unwrap_or(""))
        .field("sizeUnit", change.unit())
        .field("status", words::status(&change))
        .field("tradeId", state.value.trade_id().filter(|_| filled))
}

fn is_liquidation(fill: &FillRow) -> bool {
    matches!(
        fill.terms,
        Terms::Futures {
            liquidation: true,
            ..
        }
    )
}

fn fill_type(fill: &FillRow) -> &'static str {
    match is_liquidation(fill) {
        true => "LIQUID",
        false => "NORMAL",
    }
}

/// Returns the order ID of a fill; `0` for a liquidation, which has no order.
fn fill_order(fill: &FillRow) -> String {
    match is_liquidation(fill) {
        true => "0".to_owned(),
        false => unified_id(&fill.order_id).into_owned(),
    }
}

fn execution(row: &Row<FillRow>) -> String {
    let FillRow { fill, symbol, .. } = &row.value;
    let order_type = match (is_liquidation(&row.value), row.value.at_market) {
        (true, _) => "",
        (false, true) => "MARKET",
        (false, false) => "LIMIT",
    };
    Object::new()
        .field("orderId", fill_order(&row.value))
        .field("symbol", *symbol)
        .field("orderType", order_type)
        .field("side", words::side(row.value.side))
        .field("positionSide", row.value.terms.leg())
        .field("tradeId", &*fill.trade_id)
        .field("size", fill.size)
        .field("price", fill.price)
        .field("value", fill.value)
        .field("executionTime", nanoseconds(row.time_ms))
        .field("fee", fill.fee)
        .field("feeCurrency", row.value.fee_currency)
        .field("tax", "")
        .field("liquidityRole", words::liquidity(fill))
        .field("fillType", fill_type(&row.value))
        .end()
}
