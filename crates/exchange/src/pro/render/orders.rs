//! Changes of orders and conditional orders: `order` and `orderAll`.

use super::{NONE, liquidity, order_type, side};
use crate::engine::futures::Direction;
use crate::json::Object;
use crate::pro::order::{Condition, FuturesTerms, Order, Reason, Stage, unified_id};
use crate::pro::streams::Part;

/// The `toi` of the classic futures form.
const NO_ORIGIN: &str = "0";

/// In the form of the unified account: every field, whatever kind of order it is.
pub(in crate::pro) fn unified(order: &Order) -> String {
    let fill = order.fill.as_ref();
    let condition = order.condition.as_ref();
    let limit = order.price.map(|price| price.normalize().to_string());
    let trigger = condition.map(|condition| condition.price.normalize().to_string());
    Object::new()
        .bare("O", order.created_ns)
        .word("S", side(order.side))
        .bare("U", order.updated_ns)
        .decimal("f", order.fee)
        .text("p", limit.as_deref())
        .decimal("q", order.size)
        .word("s", order.symbol)
        .word("t", "0")
        .decimal("aP", order.average_price)
        .word("cR", order.reason.map_or(NONE, Reason::word))
        .decimal("cS", order.canceled)
        .text("ci", order.client_oid.as_deref())
        .word("eT", order.stage.event_type())
        .word("fC", order.fee_currency)
        .decimal("fS", order.filled)
        .word("lP", NONE)
        .word("lR", fill.map_or(NONE, |fill| liquidity(fill.liquidity)))
        .decimal("lS", fill.map(|fill| fill.size).unwrap_or_default())
        .decimal("ls", fill.map(|fill| fill.price).unwrap_or_default())
        .word("oS", "USER")
        .word("oT", order_type(order))
        .string("oi", &unified_id(&order.id))
        .bare("os", order.status())
        .bare("pO", false)
        .word("pP", NONE)
        .word("qU", order.unit)
        .bare("rO", false)
        .decimal("rS", order.remain)
        .word(
            "tD",
            condition.map_or(NONE, |known| direction(known.direction)),
        )
        .text("tP", trigger.as_deref())
        .word("tT", trade_type(order.part))
        .text("ti", fill.map(|fill| &*fill.trade_id))
        .word("lPT", NONE)
        .word("pPT", NONE)
        .word("stp", NONE)
        .word("tIF", "GTC")
        .word(
            "tPT",
            condition.map_or(NONE, |known| known.price_type.as_str()),
        )
        .text("toi", order.origin.as_deref().map(unified_id).as_deref())
        .word("bT", NONE)
        .end()
}

/// In the form of the classic account that it belongs to.
pub(in crate::pro) fn classic(order: &Order) -> String {
    match &order.futures {
        Some(terms) => classic_futures(order, terms),
        None => classic_spot(order),
    }
}

/// Spot and margin: what tells nothing is left out, and a reason is a number.
fn classic_spot(order: &Order) -> String {
    let fill = order.fill.as_ref();
    let mut data = Object::new()
        .bare("O", order.created_ns)
        .word("S", side(order.side))
        .bare("U", order.updated_ns)
        .decimal("f", order.fee)
        .decimal("p", order.price.unwrap_or_default())
        .decimal("q", order.size)
        .word("s", order.symbol)
        .word("t", "0")
        .decimal("aP", order.average_price);
    if let Some(reason) = order.reason {
        data = data.bare("cR", reason.number());
    }
    data = data
        .decimal("cS", order.canceled)
        .text("ci", order.client_oid.as_deref())
        .word("eT", order.stage.event_type())
        .word("fC", order.fee_currency)
        .decimal("fS", order.filled)
        .word("oT", order_type(order))
        .string("oi", &order.id)
        .bare("os", order.status())
        .bare("pO", false)
        .word("qU", order.unit)
        .decimal("rS", order.remain);
    if let Some(condition) = &order.condition {
        data = data
            .word("tD", direction(condition.direction))
            .decimal("tP", condition.price);
    }
    data = data
        .maybe_string("ti", fill.map(|fill| &*fill.trade_id))
        .word("tIF", "GTC");
    if let Some(condition) = &order.condition {
        data = data.word("tPT", condition.price_type.as_str());
    }
    data.maybe_string("toi", order.origin.as_deref()).end()
}

/// Futures: a triggered order goes on under the id of its conditional order, so that no origin is
/// ever told.
fn classic_futures(order: &Order, terms: &FuturesTerms) -> String {
    if let Some(condition) = &order.condition {
        return classic_conditional(order, condition, terms);
    }
    let fill = order.fill.as_ref();
    Object::new()
        .bare("O", order.created_ns)
        .word("S", side(order.side))
        .bare("U", order.updated_ns)
        .decimal("f", order.fee)
        .decimal("l", terms.leverage)
        .decimal("p", order.price.unwrap_or_default())
        .decimal("q", order.size)
        .word("s", order.symbol)
        .word("t", "0")
        .decimal("aP", order.average_price)
        .word("cR", order.reason.map_or(NONE, Reason::word))
        .decimal("cS", order.canceled)
        .text("ci", order.client_oid.as_deref())
        .word("eT", order.stage.event_type())
        .word("fC", order.fee_currency)
        .decimal("fS", order.filled)
        .word("lR", fill.map_or(NONE, |fill| liquidity(fill.liquidity)))
        .word("mM", terms.margin_mode.as_str())
        .word("oT", order_type(order))
        .string("oi", order.origin.as_deref().unwrap_or(&order.id))
        .bare("os", order.status())
        .bare("pO", false)
        .word("pS", "BOTH")
        .word("qU", order.unit)
        .bare("rO", false)
        .decimal("rS", order.remain)
        .text("ti", fill.map(|fill| &*fill.trade_id))
        .word("stp", NONE)
        .word("tIF", "GTC")
        .word("toi", NO_ORIGIN)
        .end()
}

/// A futures order that waits: its status is text, and amounts that it cannot have yet are empty.
fn classic_conditional(order: &Order, condition: &Condition, terms: &FuturesTerms) -> String {
    let limit = order.price.map(|price| price.normalize().to_string());
    let canceled = Some(order.canceled).filter(|canceled| !canceled.is_zero());
    let canceled = canceled.map(|canceled| canceled.normalize().to_string());
    Object::new()
        .bare("O", order.created_ns)
        .word("S", side(order.side))
        .bare("U", order.updated_ns)
        .word("f", NONE)
        .decimal("l", terms.leverage)
        .text("p", limit.as_deref())
        .decimal("q", order.size)
        .word("s", order.symbol)
        .word("t", NONE)
        .decimal("aP", order.average_price)
        .word("cR", order.reason.map_or(NONE, Reason::word))
        .text("cS", canceled.as_deref())
        .text("ci", order.client_oid.as_deref())
        .word("eT", order.stage.event_type())
        .word("fC", NONE)
        .word("fS", NONE)
        .word("lP", NONE)
        .word("lR", NONE)
        .word("mM", terms.margin_mode.as_str())
        .word("oT", order_type(order))
        .string("oi", &order.id)
        .string("os", &order.status().to_string())
        .bare("pO", false)
        .word("pP", NONE)
        .word("pS", "BOTH")
        .word("qU", order.unit)
        .bare("rO", false)
        .decimal("rS", order.remain)
        .word("tD", direction(condition.direction))
        .decimal("tP", condition.price)
        .word("ti", NONE)
        .word("stp", NONE)
        .word("tIF", "GTC")
        .word("tPT", condition.price_type.as_str())
        .word("toi", NO_ORIGIN)
        .end()
}

impl Stage {
    fn event_type(self) -> &'static str {
        match self {
            Self::Waiting | Self::Live => "OPEN",
            Self::Triggered => "TRIGGER",
            Self::Cut => "UPDATE",
            Self::PartlyFilled => "MATCH",
            Self::Filled => "FILL",
            Self::Canceled => "CANCEL",
        }
    }
}

impl Order {
    /// `os`.
    fn status(&self) -> u8 {
        let touched = !self.filled.is_zero();
        match self.stage {
            Stage::Waiting => 0,
            Stage::Triggered => 1,
            Stage::Cut if touched => 4,
            Stage::Live | Stage::Cut => 2,
            Stage::Filled => 3,
            Stage::PartlyFilled => 4,
            Stage::Canceled if touched => 6,
            Stage::Canceled => 5,
        }
    }
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::NoMaker => "NO_MAKER",
            Self::RiskLimit => "CHANGE_RISK_LIMIT",
            Self::Liquidation => "LIQUIDATION",
            Self::Exception => "EXCEPTION_ORDER",
        }
    }

    /// Its place in the documented list of reasons, from 1, as the classic margin accounts write it.
    fn number(self) -> u8 {
        match self {
            Self::User => 1,
            Self::NoMaker => 11,
            Self::Exception => 17,
            Self::RiskLimit => 30,
            Self::Liquidation => 37,
        }
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "UP",
        Direction::Down => "DOWN",
    }
}

/// `tT`, which only the unified form has.
fn trade_type(part: Part) -> &'static str {
    match part {
        Part::Futures => "FUTURES",
        Part::Cross | Part::Isolated => "MARGIN",
        Part::Unified | Part::Spot | Part::Funding => "SPOT",
    }
}
