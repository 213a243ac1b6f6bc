//! What an event or a row says about an order, in one form for all of them.

mod pro;
mod rows;
mod v1;

use kucoin_streams_core::{Decimal, Extra, Fill, Raw, Side, Text, Timestamp};
use kucoin_streams_rest::{MarginMode, OrderType, PositionSide};

use super::ForcedTrade;

pub(crate) use pro::of_pro;
pub(crate) use rows::of_row;
pub(crate) use v1::of_v1;

/// What an event or a row says about one order.
#[derive(Clone, Debug)]
pub(crate) struct OrderFacts {
    pub(crate) symbol: Text,
    /// `None` for a forced trade without an order.
    pub(crate) order_id: Option<Text>,
    pub(crate) side: Side,
    /// What the event reports, such as `match`.
    pub(crate) event: Text,
    /// Exchange time of the event; of a row, the time of its request.
    pub(crate) time: Option<Timestamp>,
    /// Source of the facts.
    pub(crate) form: FactForm,
    /// `None` if the event reports a fill and nothing else.
    pub(crate) stage: Option<OrderStage>,
    pub(crate) details: OrderDetails,
    pub(crate) amounts: OrderAmounts,
    pub(crate) fill: Option<Fill>,
    pub(crate) forced: Option<ForcedTrade>,
}

/// Source of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FactForm {
    /// An event, live or recovered.
    Event,
    /// A row of the open orders.
    Row,
}

/// How far an order is, in the order in which it gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OrderStage {
    /// A stop order or conditional order that waits for its trigger.
    Waiting,
    /// Triggered: another order follows, or the order goes on as an open one.
    Triggered,
    Open,
    Ended(EndKind),
}

/// How an event says that an order ended; of two reports, the greater one is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EndKind {
    /// Canceled, perhaps after fills.
    Canceled,
    /// Triggered, but no order was placed.
    Failed,
    Filled,
}

/// What describes an order; a field is `None` if the event lacks it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderDetails {
    pub(crate) client_oid: Option<Text>,
    pub(crate) order_type: Option<OrderType>,
    pub(crate) price: Option<Decimal>,
    pub(crate) stop_price: Option<Decimal>,
    pub(crate) size: Option<Decimal>,
    pub(crate) funds: Option<Decimal>,
    pub(crate) cancel_reason: Option<Text>,
    pub(crate) parent: Option<Text>,
    pub(crate) margin_mode: Option<MarginMode>,
    pub(crate) position_side: Option<PositionSide>,
    pub(crate) reduce_only: Option<bool>,
    pub(crate) placed_at: Option<Timestamp>,
}

/// Cumulative amounts of an order after the event.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderAmounts {
    /// Filled size.
    pub(crate) filled: Option<Decimal>,
    /// `true` if the sizes are in the quote currency.
    pub(crate) is_in_quote: bool,
    /// Sum of price times size over the fills, if the row has it exactly.
    pub(crate) value: Option<Decimal>,
    pub(crate) average: Option<Decimal>,
    /// Fee and its currency.
    pub(crate) fee: Option<(Text, Decimal)>,
}

/// Returns the amount; `None` if it is 0, as KuCoin writes it if there is none.
fn positive(amount: Option<Decimal>) -> Option<Decimal> {
    amount.filter(|amount| !amount.is_zero())
}

/// Returns the text; `None` if it is empty.
fn non_empty(text: Option<Text>) -> Option<Text> {
    text.filter(|text| !text.is_empty())
}

/// Returns an enum of V1 or Pro V2 as the enum of the same words in `kucoin-streams-rest`.
fn converted<A, B: for<'t> From<&'t str>>(
    value: &Option<A>,
    text: impl Fn(&A) -> &str,
) -> Option<B> {
    value.as_ref().map(|value| B::from(text(value)))
}

/// Returns a decimal of the unknown fields, such as the fee of a recovered event.
fn extra_decimal(extra: &Extra, name: &str) -> Option<Decimal> {
    let text = extra.get(name)?.as_str().trim_matches('"');
    Decimal::from_str_exact(text)
        .or_else(|_| Decimal::from_scientific(text))
        .ok()
}

fn extra_text(extra: &Extra, name: &str) -> Option<Text> {
    let text = extra.get(name).map(Raw::as_str)?;
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    (!text.is_empty()).then(|| text.into())
}

/// Returns the fee of a recovered event: KuCoin pushes none on V1, but its REST rows have it.
fn extra_fee(extra: &Extra) -> Option<(Text, Decimal)> {
    let fee = extra_decimal(extra, "fee")?;
    Some((extra_text(extra, "feeCurrency")?, fee))
}

/// Returns the size after reductions: what is filled and what can still fill.
///
/// On V1 futures and on Pro V2, the reported size is the size before reductions. A canceled order has no remaining size.
fn size_of(filled: Option<Decimal>, remain: Option<Decimal>, stage: OrderStage) -> Option<Decimal> {
    let is_canceled = stage == OrderStage::Ended(EndKind::Canceled);
    filled
        .zip(remain)
        .filter(|_| !is_canceled)
        .and_then(|(filled, remain)| filled.checked_add(remain))
        .filter(|size| !size.is_zero())
}
