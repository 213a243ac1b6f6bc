//! Orders, conditional orders and executions: `order`, `orderAll`, `execution` and `execution.lite`.

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::engine::futures::{MarginMode, PositionSide};
use crate::engine::{CancelReason, Direction, Fill, Liquidity, Side, Terms, Trigger};
use crate::json::{Object, Raw};
use crate::pro::order::{CancelCause, Change, OrderStage, unified_id};
use crate::pro::streams::AccountType;

/// Text of a missing value.
const NONE: &str = "";
/// The `toi` of the classic futures form, and the order ID of a liquidation's execution.
const NO_ORDER: &str = "0";

/// Renders the unified form: every field, for every kind of order, and in hedge mode the position side.
pub(in crate::pro) fn unified(change: &Change) -> String {
    let (order, fill) = (&change.order, change.fill.as_ref());
    let condition = change.condition.as_ref();
    let origin = order.origin.as_deref().map(unified_id);
    Object::new()
        .field("O", order.created_ns)
        .field("S", side(order.side))
        .field("U", change.updated_ns)
        .field("f", order.fee)
        .field("p", or_none(order.price))
        .field("q", order.size)
        .field("s", order.symbol)
        .field("t", "0")
        .field("aP", change.average_price())
        .field("cR", change.reason.map_or(NONE, CancelCause::text))
        .field("cS", change.canceled())
        .field("ci", unified_client_oid(change))
        .field("eT", change.stage.event_type())
        .field("fC", order.fee_currency)
        .field("fS", order.filled)
        .field("lP", NONE)
        .field("lR", fill.map_or(NONE, liquidity))
        .field("lS", fill.map(|fill| fill.size).unwrap_or_default())
        .field("ls", fill.map(|fill| fill.price).unwrap_or_default())
        .field("oS", "USER")
        .field("oT", order_type(change))
        .field("oi", &*unified_id(&order.id))
        .field("os", status(change))
        .field("pO", false)
        .field("pP", NONE)
        .field("pS", order.terms.leg())
        .field("qU", change.unit())
        .field("rO", false)
        .field("rS", order.remain)
        .field("tD", condition.map_or(NONE, direction))
        .field("tP", or_none(condition.map(|known| known.price)))
        .field("tT", trade_type(change.account_type()))
        .field("ti", fill.map_or(NONE, |fill| &*fill.trade_id))
        .field("lPT", NONE)
        .field("pPT", NONE)
        .field("stp", NONE)
        .field("tIF", "GTC")
        .field("tPT", condition.map_or(NONE, price_type))
        .field("toi", origin.as_deref().unwrap_or(NONE))
        .field("bT", NONE)
        .end()
}

/// Renders the form of the order's classic account.
pub(in crate::pro) fn classic(change: &Change) -> String {
    match (change.order.terms, &change.condition) {
        (Terms::Spot(_), _) => classic_spot(change),
        (Terms::Futures { margin_mode, .. }, Some(condition)) => {
            classic_conditional(change, condition, margin_mode)
        }
        (
            Terms::Futures {
                margin_mode,
                leverage,
                ..
            },
            None,
        ) => classic_futures(change, margin_mode, leverage),
    }
}

/// Renders the classic spot and margin form.
///
/// Missing fields are omitted, and the cancel reason is a number.
fn classic_spot(change: &Change) -> String {
    let order = &change.order;
    let condition = change.condition.as_ref();
    Object::new()
        .field("O", order.created_ns)
        .field("S", side(order.side))
        .field("U", change.updated_ns)
        .field("f", order.fee)
        .field("p", order.price.unwrap_or_default())
        .field("q", order.size)
        .field("s", order.symbol)
        .field("t", "0")
        .field("aP", change.average_price())
        .field("cR", change.reason.map(CancelCause::number))
        .field("cS", change.canceled())
        .field("ci", order.client_oid.as_deref().unwrap_or(NONE))
        .field("eT", change.stage.event_type())
        .field("fC", order.fee_currency)
        .field("fS", order.filled)
        .field("oT", order_type(change))
        .field("oi", &*order.id)
        .field("os", status(change))
        .field("pO", false)
        .field("qU", change.unit())
        .field("rS", order.remain)
        .field("tD", condition.map(direction))
        .field("tP", condition.map(|known| known.price))
        .field("ti", change.fill.as_ref().map(|fill| &*fill.trade_id))
        .field("tIF", "GTC")
        .field("tPT", condition.map(price_type))
        .field("toi", order.origin.as_deref())
        .end()
}

/// Renders the classic futures form.
///
/// A triggered order keeps the ID of its conditional order, so no origin is reported.
fn classic_futures(change: &Change, margin_mode: MarginMode, leverage: Decimal) -> String {
    let (order, fill) = (&change.order, change.fill.as_ref());
    Object::new()
        .field("O", order.created_ns)
        .field("S", side(order.side))
        .field("U", change.updated_ns)
        .field("f", order.fee)
        .field("l", leverage)
        .field("p", order.price.unwrap_or_default())
        .field("q", order.size)
        .field("s", order.symbol)
        .field("t", "0")
        .field("aP", change.average_price())
        .field("cR", change.reason.map_or(NONE, CancelCause::text))
        .field("cS", change.canceled())
        .field("ci", order.client_oid.as_deref().unwrap_or(NONE))
        .field("eT", change.stage.event_type())
        .field("fC", order.fee_currency)
        .field("fS", order.filled)
        .field("lR", fill.map_or(NONE, liquidity))
        .field("mM", margin_mode.as_str())
        .field("oT", order_type(change))
        .field("oi", &**order.classic_id())
        .field("os", status(change))
        .field("pO", false)
        .field("pS", order.terms.position_side().map(PositionSide::as_str))
        .field("qU", change.unit())
        .field("rO", false)
        .field("rS", order.remain)
        .field("ti", fill.map_or(NONE, |fill| &*fill.trade_id))
        .field("stp", NONE)
        .field("tIF", "GTC")
        .field("toi", NO_ORDER)
        .end()
}

/// Renders an untriggered order of the classic futures form.
///
/// Its status is text, and amounts that it cannot have yet are empty.
fn classic_conditional(change: &Change, condition: &Trigger, margin_mode: MarginMode) -> String {
    let order = &change.order;
    let canceled = Some(order.canceled).filter(|canceled| !canceled.is_zero());
    Object::new()
        .field("O", order.created_ns)
        .field("S", side(order.side))
        .field("U", change.updated_ns)
        .field("f", NONE)
        .field("l", NO_ORDER)
        .field("p", or_none(order.price))
        .field("q", order.size)
        .field("s", order.symbol)
        .field("t", NONE)
        .field("aP", change.average_price())
        .field("cR", change.reason.map_or(NONE, CancelCause::text))
        .field("cS", or_none(canceled))
        .field("ci", NONE)
        .field("eT", change.stage.event_type())
        .field("fC", NONE)
        .field("fS", NONE)
        .field("lP", NONE)
        .field("lR", NONE)
        .field("mM", margin_mode.as_str())
        .field("oT", order_type(change))
        .field("oi", &*order.id)
        .field("os", status(change).to_string())
        .field("pO", false)
        .field("pP", NONE)
        .field("pS", order.terms.position_side().map(PositionSide::as_str))
        .field("qU", change.unit())
        .field("rO", false)
        .field("rS", order.remain)
        .field("tD", direction(condition))
        .field("tP", condition.price)
        .field("ti", NONE)
        .field("stp", NONE)
        .field("tIF", "GTC")
        .field("tPT", price_type(condition))
        .field("toi", NO_ORDER)
        .end()
}

/// Renders an execution in the unified form.
pub(in crate::pro) fn unified_execution(change: &Change, fill: &Fill) -> String {
    let fill_type = match change.is_liquidation() {
        true => "LIQUID",
        false => "NORMAL",
    };
    Object::new()
        .field("oi", &*unified_id(order_id(change)))
        .field("s", change.order.symbol)
        .field("S", side(change.order.side))
        .field("oT", execution_type(change))
        .field("p", fill.price)
        .field("q", fill.size)
        .field("ti", &*fill.trade_id)
        .field("E", change.updated_ns)
        .field("lR", liquidity(fill))
        .field("f", fill.fee)
        .field("fC", change.order.fee_currency)
        .field("fT", fill_type)
        .field("ci", unified_client_oid(change))
        .field("fP", or_none(fill.closed_pnl))
        .end()
}

/// Renders an execution in the classic form.
pub(in crate::pro) fn classic_execution(change: &Change, fill: &Fill) -> String {
    Object::new()
        .field("E", change.updated_ns)
        .field("S", side(change.order.side))
        .field("f", fill.fee)
        .field("p", fill.price)
        .field("q", fill.size)
        .field("s", change.order.symbol)
        .field("fC", change.order.fee_currency)
        .field("lR", liquidity(fill))
        .field("oT", execution_type(change))
        .field("oi", classic_order_id(change))
        .field("ti", &*fill.trade_id)
        .end()
}

/// Renders an execution in the lite form.
///
/// The unified and classic forms differ only in the IDs of triggered futures orders.
pub(in crate::pro) fn lite_execution(change: &Change, fill: &Fill, classic: bool) -> String {
    let id = match classic {
        true => Cow::Borrowed(classic_order_id(change)),
        false => unified_id(order_id(change)),
    };
    let data = Object::new()
        .field("E", change.updated_ns)
        .field("S", side(change.order.side))
        .field("p", fill.price)
        .field("q", fill.size)
        .field("s", change.order.symbol)
        .field("lR", liquidity(fill))
        .field("oT", execution_type(change))
        .field("oi", &*id);
    // A JSON number in spot and margin, with more digits than a double keeps.
    match change.is_futures() {
        true => data.field("ti", &*fill.trade_id),
        false => data.field("ti", Raw(&fill.trade_id)),
    }
    .end()
}

fn order_id(change: &Change) -> &str {
    match change.is_liquidation() {
        true => NO_ORDER,
        false => &change.order.id,
    }
}

/// Returns the order ID in the classic form.
///
/// A triggered futures order keeps the ID of its conditional order.
fn classic_order_id(change: &Change) -> &str {
    match change.is_liquidation() {
        true => NO_ORDER,
        false => change.order.classic_id(),
    }
}

/// Returns the client order ID in the unified form, in which a triggered order is a new order without one.
fn unified_client_oid(change: &Change) -> &str {
    let order = &change.order;
    let client_oid = order.client_oid.as_deref();
    client_oid
        .filter(|_| order.origin.is_none())
        .unwrap_or(NONE)
}

fn execution_type(change: &Change) -> &'static str {
    match change.is_liquidation() {
        true => NONE,
        false => order_type(change),
    }
}

/// Returns empty text for `None`.
pub(crate) fn or_none(amount: Option<Decimal>) -> String {
    amount.map_or_else(String::new, |amount| amount.normalize().to_string())
}

pub(crate) fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

pub(crate) fn order_type(change: &Change) -> &'static str {
    match change.order.price {
        Some(_) => "LIMIT",
        None => "MARKET",
    }
}

pub(crate) fn liquidity(fill: &Fill) -> &'static str {
    match fill.liquidity {
        Liquidity::Maker => "MAKER",
        Liquidity::Taker => "TAKER",
    }
}

pub(crate) fn direction(condition: &Trigger) -> &'static str {
    match condition.direction {
        Direction::Up => "UP",
        Direction::Down => "DOWN",
    }
}

pub(crate) fn price_type(condition: &Trigger) -> &'static str {
    condition.price_type.as_str()
}

/// Returns `tT`, which only the unified form has.
fn trade_type(account_type: AccountType) -> &'static str {
    match account_type {
        AccountType::Futures => "FUTURES",
        AccountType::Cross | AccountType::Isolated => "MARGIN",
        AccountType::Unified | AccountType::Spot | AccountType::Funding => "SPOT",
    }
}

/// Returns `os`, the order status.
pub(crate) fn status(change: &Change) -> u8 {
    let touched = !change.order.filled.is_zero();
    match change.stage {
        OrderStage::Waiting => 0,
        OrderStage::Triggered => 1,
        OrderStage::Reduced if touched => 4,
        OrderStage::Live | OrderStage::Reduced => 2,
        OrderStage::Filled => 3,
        OrderStage::PartlyFilled => 4,
        OrderStage::Canceled if touched => 6,
        OrderStage::Canceled => 5,
    }
}

impl OrderStage {
    fn event_type(self) -> &'static str {
        match self {
            Self::Waiting | Self::Live => "OPEN",
            Self::Triggered => "TRIGGER",
            Self::Reduced => "UPDATE",
            Self::PartlyFilled => "MATCH",
            Self::Filled => "FILL",
            Self::Canceled => "CANCEL",
        }
    }
}

impl CancelCause {
    pub(crate) fn text(self) -> &'static str {
        self.text_and_number().0
    }

    /// Returns the number of the reason in KuCoin's documented list, from 1.
    ///
    /// The classic margin accounts send this number.
    fn number(self) -> u8 {
        self.text_and_number().1
    }

    fn text_and_number(self) -> (&'static str, u8) {
        match self {
            Self::Canceled(CancelReason::User) => ("USER", 1),
            Self::Canceled(CancelReason::Market) => ("NO_MAKER", 11),
            Self::Exception => ("EXCEPTION_ORDER", 17),
            Self::Canceled(CancelReason::RiskLimit) => ("CHANGE_RISK_LIMIT", 30),
            Self::Canceled(CancelReason::Liquidation) => ("LIQUIDATION", 37),
        }
    }
}
