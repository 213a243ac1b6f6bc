//! Frames of recovered order events, for each topic that reports orders or fills.

use kucoin_streams_core::{Decimal, Text};
use kucoin_streams_rest::OrderEnd;

use super::venue::{FillRow, OrderRow, Venue};
use crate::frame::{As, FieldRule, FrameData, RowFields};

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

use As::{Nanos, Same, String as AsString};

/// Order fields of `/spotMarket/tradeOrders`, from a row of an order.
const SPOT_ORDER: &[FieldRule] = &[
    ("symbol", "symbol", Same),
    ("orderId", "id", Same),
    ("clientOid", "clientOid", Same),
    ("side", "side", Same),
    ("orderType", "type", Same),
    ("price", "price", Same),
    ("size", "size", Same),
    ("funds", "funds", Same),
    ("orderTime", "createdAt", Same),
];
/// Amounts after the last change of the order.
const SPOT_ORDER_AMOUNTS: &[FieldRule] = &[
    ("filledSize", "dealSize", Same),
    ("remainSize", "remainSize", Same),
    ("remainFunds", "remainFunds", Same),
    ("canceledSize", "cancelledSize", Same),
    ("canceledFunds", "cancelledFunds", Same),
];
const SPOT_FILL: &[FieldRule] = &[
    ("symbol", "symbol", Same),
    ("orderId", "orderId", Same),
    ("side", "side", Same),
    ("orderType", "type", Same),
    ("matchPrice", "price", Same),
    ("matchSize", "size", Same),
    ("tradeId", "tradeId", AsString),
    ("liquidity", "liquidity", Same),
    ("ts", "createdAt", Nanos),
];
const TRADE_FILL: &[FieldRule] = &[
    ("symbol", "symbol", Same),
    ("orderId", "orderId", Same),
    ("tradeId", "tradeId", AsString),
    ("side", "side", Same),
    ("orderType", "type", Same),
    ("price", "price", Same),
    ("size", "size", Same),
    ("fee", "fee", Same),
    ("feeCurrency", "feeCurrency", Same),
    ("feeRate", "feeRate", Same),
    ("time", "createdAt", Nanos),
];
const FUTURES_ORDER: &[FieldRule] = &[
    ("symbol", "symbol", Same),
    ("orderId", "id", Same),
    ("clientOid", "clientOid", Same),
    ("side", "side", Same),
    ("orderType", "type", Same),
    ("price", "price", Same),
    ("size", "size", Same),
    ("marginMode", "marginMode", Same),
    ("positionSide", "positionSide", Same),
    ("orderTime", "orderTime", Nanos),
];
const FUTURES_FILL: &[FieldRule] = &[
    ("symbol", "symbol", Same),
    ("orderId", "orderId", Same),
    ("side", "side", Same),
    ("orderType", "orderType", Same),
    ("matchPrice", "price", Same),
    ("matchSize", "size", Same),
    ("tradeId", "tradeId", AsString),
    ("liquidity", "liquidity", Same),
    ("tradeType", "tradeType", Same),
    ("marginMode", "marginMode", Same),
    ("positionSide", "positionSide", Same),
    ("ts", "tradeTime", Nanos),
];
const PRO_ORDER: &[FieldRule] = &[
    ("oi", "orderId", Same),
    ("ci", "clientOid", Same),
    ("s", "symbol", Same),
    ("S", "side", Same),
    ("pS", "positionSide", Same),
    ("oT", "orderType", Same),
    ("p", "price", Same),
    ("mM", "marginMode", Same),
    ("q", "size", Same),
    ("qU", "sizeUnit", Same),
    ("tD", "triggerDirection", Same),
    ("tP", "triggerPrice", Same),
    ("tPT", "triggerPriceType", Same),
    ("pP", "tpTriggerPrice", Same),
    ("pPT", "tpTriggerPriceType", Same),
    ("pOP", "tpOrderPrice", Same),
    ("lP", "slTriggerPrice", Same),
    ("lPT", "slTriggerPriceType", Same),
    ("lOP", "slOrderPrice", Same),
    ("toi", "triggerOrderId", Same),
    ("stp", "stp", Same),
    ("rO", "reduceOnly", Same),
    ("pO", "postOnly", Same),
    ("tIF", "timeInForce", Same),
    ("O", "orderTime", Nanos),
];
const PRO_ORDER_AMOUNTS: &[FieldRule] = &[
    ("os", "status", AsString),
    ("fS", "filledSize", Same),
    ("aP", "avgPrice", Same),
    ("f", "fee", Same),
    ("fC", "feeCurrency", Same),
    ("t", "tax", Same),
    ("cR", "cancelReason", AsString),
    ("cS", "cancelSize", Same),
];
const PRO_FILL: &[FieldRule] = &[
    ("oi", "orderId", Same),
    ("s", "symbol", Same),
    ("S", "side", Same),
    ("pS", "positionSide", Same),
    ("mM", "marginMode", Same),
    ("oT", "orderType", Same),
    ("p", "price", Same),
    ("q", "size", Same),
    ("ti", "tradeId", AsString),
    ("lR", "liquidityRole", Same),
    ("f", "fee", Same),
    ("fC", "feeCurrency", Same),
    ("fT", "fillType", Same),
    ("t", "tax", Same),
    ("E", "executionTime", Nanos),
];
/// A fill in an order event, where price and size are those of the order.
const PRO_ORDER_FILL: &[FieldRule] = &[
    ("oi", "orderId", Same),
    ("s", "symbol", Same),
    ("S", "side", Same),
    ("pS", "positionSide", Same),
    ("mM", "marginMode", Same),
    ("oT", "orderType", Same),
    ("ti", "tradeId", AsString),
    ("lR", "liquidityRole", Same),
    ("ls", "price", Same),
    ("lS", "size", Same),
    ("U", "executionTime", Nanos),
];

/// The event of an order that a frame reports.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OrderEvent {
    Open,
    End(OrderEnd),
}

impl OrderTopic {
    /// Returns `true` if the topic reports orders, and not only fills.
    pub(crate) fn reports_orders(&self) -> bool {
        matches!(
            self,
            Self::SpotOrders { .. } | Self::FuturesOrders { .. } | Self::ProOrders { .. }
        )
    }

    /// Returns `true` if the topic reports orders of this venue and symbol.
    pub(crate) fn serves(&self, venue: &Venue, symbol: &Text) -> bool {
        let is_of = |wanted: &Option<Text>| wanted.as_ref().is_none_or(|wanted| wanted == symbol);
        match self {
            Self::SpotOrders { .. } => matches!(venue, Venue::Spot | Venue::Margin(_)),
            Self::SpotFills => *venue == Venue::Spot,
            Self::MarketMatches { symbols, .. } => {
                *venue == Venue::Spot && symbols.contains(symbol)
            }
            Self::FuturesOrders { symbol, .. } => *venue == Venue::Futures && is_of(symbol),
            Self::ProOrders { symbol, .. } => is_of(symbol),
            Self::ProExecutions { .. } => true,
        }
    }

    /// Returns the frame of a fill. `order` is the row of its order and `filled` the cumulative size after it, if known.
    pub(crate) fn fill(
        &self,
        fill: &FillRow,
        order: Option<&OrderRow>,
        filled: Option<Decimal>,
    ) -> String {
        let row = RowFields::read(&fill.raw);
        let order = order.map(|order| RowFields::read(&order.raw));
        let mut data = FrameData::new();
        // The record ID and the amounts of the fill have other meanings in an event of the order.
        let not = [
            "id",
            "funds",
            "value",
            "orderId",
            "size",
            "price",
            "createdAt",
        ];
        match self {
            Self::SpotOrders { topic } => {
                data.text("type", "match");
                data.map(&row, SPOT_FILL);
                if let Some(order) = &order {
                    data.map(order, SPOT_ORDER);
                }
                write_amount(&mut data, "filledSize", filled);
                if let Some(fee_type) = fee_type(&row) {
                    data.text("feeType", fee_type);
                }
                data.others(&row, SPOT_FILL, &not);
                data.v1(topic, "orderChange")
            }
            Self::FuturesOrders { topic, .. } => {
                data.text("type", "match");
                data.map(&row, FUTURES_FILL);
                if let Some(order) = &order {
                    data.map(order, FUTURES_ORDER);
                }
                write_amount(&mut data, "filledSize", filled);
                if let Some(fee_type) = fee_type(&row) {
                    data.text("feeType", fee_type);
                }
                data.others(&row, FUTURES_FILL, &not);
                data.v1(topic, subject(topic))
            }
            Self::SpotFills => {
                data.map(&row, TRADE_FILL);
                data.others(&row, TRADE_FILL, &["id"]);
                data.v1("/spot/tradeFills", "/spot/tradeFills")
            }
            Self::MarketMatches { topic, .. } => {
                own_match(&mut data, &row);
                data.v1(topic, "trade.l3match")
            }
            Self::ProOrders { pushed, .. } => {
                data.map(&row, PRO_ORDER_FILL);
                if let Some(order) = &order {
                    data.map(order, PRO_ORDER);
                }
                write_amount(&mut data, "fS", filled);
                data.pro(pushed)
            }
            Self::ProExecutions { pushed } => {
                data.map(&row, PRO_FILL);
                if let Some(order) = &order {
                    data.map(order, &[("ci", "clientOid", Same)]);
                }
                data.others(&row, PRO_FILL, &[]);
                data.pro(pushed)
            }
        }
    }

    /// Returns the frame of an order that is open or has ended; `None` if the topic reports fills only.
    pub(crate) fn order(&self, order: &OrderRow, event: OrderEvent) -> Option<String> {
        let row = RowFields::read(&order.raw);
        let mut data = FrameData::new();
        // Matches that came before the row belong to other events.
        let has_amounts = match event {
            OrderEvent::Open => order.filled.is_some_and(|filled| filled.is_zero()),
            OrderEvent::End(_) => true,
        };
        let (kind, status) = match event {
            OrderEvent::Open => ("open", "open"),
            OrderEvent::End(OrderEnd::Filled) => ("filled", "done"),
            OrderEvent::End(_) => ("canceled", "done"),
        };
        let amounts: &[FieldRule] = match self {
            Self::SpotOrders { .. } => SPOT_ORDER_AMOUNTS,
            Self::FuturesOrders { .. } => &[
                ("filledSize", "filledSize", Same),
                ("filledSize", "dealSize", Same),
            ],
            _ => PRO_ORDER_AMOUNTS,
        };
        let rules = match self {
            Self::SpotOrders { .. } => SPOT_ORDER,
            Self::FuturesOrders { .. } => FUTURES_ORDER,
            Self::ProOrders { .. } => PRO_ORDER,
            _ => return None,
        };
        let is_v1 = !matches!(self, Self::ProOrders { .. });
        if is_v1 {
            data.text("type", kind);
            data.text("status", status);
        } else if !has_amounts {
            data.map(&row, &PRO_ORDER_AMOUNTS[..1]);
        }
        data.map(&row, rules);
        if has_amounts {
            data.map(&row, amounts);
        }
        // Names of the row that mean something else in the event, and times that are no times of the event.
        let mut not = vec![
            "type",
            "status",
            "createdAt",
            "lastUpdatedAt",
            "updatedAt",
            "endAt",
        ];
        not.extend(amounts.iter().map(|(_, from, _)| *from));
        match self {
            Self::ProOrders { pushed, .. } => {
                not.extend(["updatedTime", "tradeId"]);
                if order.ended_at.is_some() {
                    data.map(&row, &[("U", "updatedTime", Nanos)]);
                }
                data.others(&row, rules, &not);
                Some(data.pro(pushed))
            }
            Self::FuturesOrders { topic, .. } => {
                if let (OrderEvent::End(_), Some(filled), Some(size)) =
                    (event, order.filled, number(&row, "size"))
                {
                    write_amount(&mut data, "remainSize", Some(Decimal::ZERO));
                    write_amount(&mut data, "canceledSize", Some(size - filled));
                }
                data.others(&row, rules, &not);
                Some(data.v1(topic, subject(topic)))
            }
            Self::SpotOrders { topic } => {
                data.others(&row, rules, &not);
                Some(data.v1(topic, "orderChange"))
            }
            _ => None,
        }
    }
}

/// Returns the subject of a futures order topic.
fn subject(topic: &str) -> &'static str {
    match topic.contains(':') {
        true => "symbolOrderChange",
        false => "orderChange",
    }
}

/// Returns the fee type of a fill; `None` if the row does not say which it is.
fn fee_type(row: &RowFields<'_>) -> Option<&'static str> {
    if row.get("forceTaker") == Some("true") {
        return Some("takerFee");
    }
    match row.get("liquidity")? {
        "\"taker\"" => Some("takerFee"),
        "\"maker\"" => Some("makerFee"),
        _ => None,
    }
}

/// Writes an own fill as `/market/match` pushes it: with the IDs of the taker's and the maker's order.
fn own_match(data: &mut FrameData, row: &RowFields<'_>) {
    let is_maker = row.get("liquidity") == Some("\"maker\"");
    let (own, other) = match is_maker {
        true => ("makerOrderId", "takerOrderId"),
        false => ("takerOrderId", "makerOrderId"),
    };
    data.map(
        row,
        &[(own, "orderId", Same), (other, "counterOrderId", Same)],
    );
    // The side of a match is the taker's.
    let side = match (is_maker, row.get("side")) {
        (true, Some("\"buy\"")) => Some("sell"),
        (true, Some("\"sell\"")) => Some("buy"),
        (false, Some("\"buy\"")) => Some("buy"),
        (false, Some("\"sell\"")) => Some("sell"),
        _ => None,
    };
    if let Some(side) = side {
        data.text("side", side);
    }
    let rules: &[FieldRule] = &[
        ("symbol", "symbol", Same),
        ("price", "price", Same),
        ("size", "size", Same),
        ("tradeId", "tradeId", AsString),
        ("time", "createdAt", Nanos),
    ];
    data.map(row, rules);
}

fn number(row: &RowFields<'_>, name: &str) -> Option<Decimal> {
    row.get(name)?.trim_matches('"').parse().ok()
}

fn write_amount(data: &mut FrameData, name: &'static str, amount: Option<Decimal>) {
    if let Some(amount) = amount {
        data.text(name, &amount.to_string());
    }
}
