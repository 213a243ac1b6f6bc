//! Frames of recovered order events, for each topic that reports orders or fills.

use kucoin_streams_core::{Decimal, Text};
use kucoin_streams_rest::OrderEnd;

use super::rows::{FillRow, OrderRow, RowForm};
use super::rules;
use super::venue::Venue;
use crate::facts::OrderStage;
use crate::frame::{As, FrameData, RowFields};

/// A topic that reports orders or fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OrderTopic {
    /// `/spotMarket/tradeOrders` or `/spotMarket/tradeOrdersV2`.
    SpotOrders { topic: String },
    /// `/spot/tradeFills`.
    SpotFills,
    /// `/market/match`: own fills of these symbols.
    MarketMatches { topic: String, symbols: Vec<Text> },
    /// `/contractMarket/tradeOrders`, of one contract if it has a symbol.
    FuturesOrders { topic: String, symbol: Option<Text> },
    /// Pro V2 `orderAll` or `order`; `pushed` is the topic of its pushes.
    ProOrders {
        pushed: String,
        symbol: Option<Text>,
    },
    /// Pro V2 `execution` or `execution.lite`.
    ProExecutions { pushed: String },
}

impl OrderTopic {
    /// Returns `true` if the topic reports orders, and not only fills.
    pub(crate) fn reports_orders(&self) -> bool {
        matches!(
            self,
            Self::SpotOrders { .. } | Self::FuturesOrders { .. } | Self::ProOrders { .. }
        )
    }

    /// Returns the symbols of the topic; empty if it has all symbols.
    pub(crate) fn symbols(&self) -> &[Text] {
        match self {
            Self::MarketMatches { symbols, .. } => symbols,
            Self::FuturesOrders { symbol, .. } | Self::ProOrders { symbol, .. } => {
                symbol.as_slice()
            }
            _ => &[],
        }
    }

    /// Returns `true` if the topic reports orders or fills of this venue and symbol.
    pub(crate) fn serves(&self, venue: &Venue, symbol: &Text) -> bool {
        let is_spot_only = matches!(self, Self::SpotFills | Self::MarketMatches { .. });
        let symbols = self.symbols();
        (!is_spot_only || *venue == Venue::Spot) && (symbols.is_empty() || symbols.contains(symbol))
    }

    /// Returns the frame of a fill. `order` is the row of its order and `filled` the cumulative size after it, if known.
    pub(crate) fn fill(
        &self,
        fill: &FillRow,
        order: Option<&OrderRow>,
        filled: Option<Decimal>,
    ) -> String {
        let row = RowFields::read(&fill.raw);
        let order_row = order.map(|order| RowFields::read(&order.raw));
        let mut data = FrameData::new();
        match self {
            Self::SpotOrders { topic } | Self::FuturesOrders { topic, .. } => {
                let (fill_rules, order_rules) = match fill.form {
                    RowForm::Futures => (rules::FUTURES_MATCH, rules::FUTURES_ORDER),
                    _ => (rules::SPOT_MATCH, rules::SPOT_ORDER),
                };
                data.text("type", "match");
                data.map(&row, fill_rules);
                if let Some(order) = &order_row {
                    data.map(order, order_rules.order);
                }
                data.amount("filledSize", filled);
                if let Some(fee_type) = fee_type(&row) {
                    data.text("feeType", fee_type);
                }
                // The record ID and the amounts of the fill have other meanings in an event of the order.
                data.others(&row, fill_rules, &["id", "funds", "value", "createdAt"]);
                data.v1(topic, subject(topic))
            }
            Self::SpotFills => {
                data.map(&row, rules::TRADE_FILL);
                data.others(&row, rules::TRADE_FILL, &["id"]);
                data.v1("/spot/tradeFills", "/spot/tradeFills")
            }
            Self::MarketMatches { topic, .. } => {
                own_match(&mut data, &row);
                data.v1(topic, "trade.l3match")
            }
            Self::ProOrders { pushed, .. } => {
                data.map(&row, rules::order_fill(fill.form));
                if let (Some(order), Some(row)) = (order, &order_row) {
                    data.map(row, rules::pro_order(order.form).order);
                }
                data.amount("fS", filled);
                data.pro(pushed)
            }
            Self::ProExecutions { pushed } => {
                let fill_rules = rules::execution(fill.form);
                data.map(&row, fill_rules);
                if let (Some(order), Some(row)) = (order, &order_row) {
                    let client_oid = rules::pro_order(order.form).order.iter();
                    let client_oid: Vec<_> = client_oid
                        .filter(|(name, ..)| *name == "ci")
                        .copied()
                        .collect();
                    data.map(row, &client_oid);
                }
                if !pushed.starts_with("execution.lite") {
                    if let Some(kind) = fill_type(&row) {
                        data.text("fT", kind);
                    }
                    data.map(&row, rules::EXECUTION_FEE);
                }
                data.others(&row, &[fill_rules, rules::EXECUTION_FEE].concat(), &["id"]);
                data.pro(pushed)
            }
        }
    }

    /// Returns the frame of an order that is open or is over; `None` if the topic reports fills only.
    pub(crate) fn order(&self, order: &OrderRow) -> Option<String> {
        let row = RowFields::read(&order.raw);
        let mut data = FrameData::new();
        let rules = match self {
            Self::SpotOrders { .. } => rules::SPOT_ORDER,
            Self::FuturesOrders { .. } => rules::FUTURES_ORDER,
            Self::ProOrders { .. } => rules::pro_order(order.form),
            _ => return None,
        };
        // Matches that came before the row belong to other events.
        let has_amounts = order.is_over() || order.filled.is_none_or(|filled| filled.is_zero());
        let is_pro = matches!(self, Self::ProOrders { .. });
        if is_pro {
            write_status(&mut data, &row, order);
        } else {
            let (kind, status) = match order.end {
                None => ("open", "open"),
                Some(OrderEnd::Filled) => ("filled", "done"),
                Some(_) => ("canceled", "done"),
            };
            data.text("type", kind);
            data.text("status", status);
        }
        data.map(&row, rules.order);
        if has_amounts {
            data.map(&row, rules.amounts);
            // Futures rows do not say what was canceled.
            if let (RowForm::Futures, Some(size), Some(filled), true) =
                (order.form, order.size, order.filled, order.end.is_some())
            {
                let (remain, canceled) = match is_pro {
                    true => ("rS", "cS"),
                    false => ("remainSize", "canceledSize"),
                };
                data.amount(remain, Some(Decimal::ZERO));
                data.amount(canceled, Some(size - filled));
            }
        }
        if order.ended_at.is_some() {
            data.map(&row, &[("U", "updatedTime", As::Nanos)]);
        }
        // Names of the row that mean something else in the event, and times that are no times of the event.
        let mut not = vec![
            "type",
            "status",
            "createdAt",
            "lastUpdatedAt",
            "updatedAt",
            "updatedTime",
            "endAt",
            "tradeId",
        ];
        not.extend(rules.amounts.iter().map(|(_, from, _)| *from));
        data.others(&row, rules.order, &not);
        Some(match self {
            Self::ProOrders { pushed, .. } => data.pro(pushed),
            Self::SpotOrders { topic } | Self::FuturesOrders { topic, .. } => {
                data.v1(topic, subject(topic))
            }
            _ => return None,
        })
    }
}

/// Writes the status of an order as Pro V2 does: rows of classic accounts have none.
fn write_status(data: &mut FrameData, row: &RowFields<'_>, order: &OrderRow) {
    let is_filled = order.filled.is_some_and(|filled| !filled.is_zero());
    let status = match (order.form, order.end, order.stage) {
        (RowForm::Unified, ..) => row.text("status"),
        (_, Some(OrderEnd::Filled), _) => Some("3"),
        (_, Some(_), _) if is_filled => Some("6"),
        (_, Some(_), _) => Some("5"),
        (_, None, OrderStage::Open) if is_filled => Some("4"),
        (_, None, OrderStage::Open) => Some("2"),
        _ => None,
    };
    if let Some(status) = status {
        data.raw("os", status);
    }
}

/// Returns the subject of an order topic.
fn subject(topic: &str) -> &'static str {
    match topic.contains(':') {
        true => "symbolOrderChange",
        false => "orderChange",
    }
}

/// Returns the fee type of a fill; `None` if the row does not say which it is.
fn fee_type(row: &RowFields<'_>) -> Option<&'static str> {
    if row.text("forceTaker") == Some("true") {
        return Some("takerFee");
    }
    match row.text("liquidity")? {
        "taker" => Some("takerFee"),
        "maker" => Some("makerFee"),
        _ => None,
    }
}

/// Returns the execution type of a classic futures fill in the words of Pro V2.
fn fill_type(row: &RowFields<'_>) -> Option<&'static str> {
    match row.text("tradeType")? {
        "trade" => Some("NORMAL"),
        "liquid" => Some("LIQUID"),
        "adl" => Some("ADL"),
        "settlement" => Some("SETTLEMENT"),
        _ => None,
    }
}

/// Writes an own fill as `/market/match` pushes it: with the IDs of the taker's and the maker's order.
fn own_match(data: &mut FrameData, row: &RowFields<'_>) {
    let is_maker = row.text("liquidity") == Some("maker");
    let (own, other) = match is_maker {
        true => ("makerOrderId", "takerOrderId"),
        false => ("takerOrderId", "makerOrderId"),
    };
    let ids = [
        (own, "orderId", As::Same),
        (other, "counterOrderId", As::Same),
    ];
    data.map(row, &ids);
    // The side of a match is the taker's.
    let side = match (is_maker, row.text("side")) {
        (true, Some("buy")) => Some("sell"),
        (true, Some("sell")) => Some("buy"),
        (false, side) => side,
        _ => None,
    };
    if let Some(side) = side {
        data.text("side", side);
    }
    data.text("type", "match");
    data.map(row, rules::MARKET_MATCH);
}
