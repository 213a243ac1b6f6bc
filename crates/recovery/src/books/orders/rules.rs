//! Which field of a row is which field of an event: one table for each topic and form of rows.

use super::rows::RowForm;
use crate::frame::As::{self, Amount, Nanos, Same, String as AsString, Upper};
use crate::frame::FieldRule;

/// The tables of a row of an order.
pub(super) struct OrderRules {
    /// Fields that do not change.
    pub(super) order: &'static [FieldRule],
    /// Amounts after the last change of the order.
    pub(super) amounts: &'static [FieldRule],
}

/// `/spotMarket/tradeOrders`.
pub(super) const SPOT_ORDER: OrderRules = OrderRules {
    order: &[
        ("symbol", "symbol", Same),
        ("orderId", "id", Same),
        ("clientOid", "clientOid", Same),
        ("side", "side", Same),
        ("orderType", "type", Same),
        ("price", "price", Amount),
        ("size", "size", Amount),
        ("funds", "funds", Same),
        ("orderTime", "createdAt", Same),
    ],
    amounts: &[
        ("filledSize", "dealSize", Same),
        ("remainSize", "remainSize", Same),
        ("remainFunds", "remainFunds", Same),
        ("canceledSize", "cancelledSize", Same),
        ("canceledFunds", "cancelledFunds", Same),
    ],
};

/// `/contractMarket/tradeOrders`.
pub(super) const FUTURES_ORDER: OrderRules = OrderRules {
    order: &[
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
    ],
    amounts: &[
        ("filledSize", "filledSize", Same),
        ("filledSize", "dealSize", Same),
    ],
};

/// Pro V2 `orderAll` and `order`.
pub(super) fn pro_order(form: RowForm) -> OrderRules {
    match form {
        RowForm::Spot => OrderRules {
            order: &[
                ("oi", "id", Same),
                ("ci", "clientOid", Same),
                ("s", "symbol", Same),
                ("S", "side", Upper),
                ("oT", "type", Upper),
                ("p", "price", Same),
                ("q", "size", Same),
                ("stp", "stp", Same),
                ("pO", "postOnly", Same),
                ("tIF", "timeInForce", Same),
                ("O", "createdAt", Nanos),
            ],
            amounts: &[
                ("fS", "dealSize", Same),
                ("rS", "remainSize", Same),
                ("cS", "cancelledSize", Same),
                ("f", "fee", Same),
                ("fC", "feeCurrency", Same),
                ("t", "tax", Same),
                ("cR", "cancelReason", AsString),
            ],
        },
        RowForm::Futures => OrderRules {
            order: &[
                ("oi", "id", Same),
                ("ci", "clientOid", Same),
                ("s", "symbol", Same),
                ("S", "side", Upper),
                ("pS", "positionSide", Same),
                ("oT", "type", Upper),
                ("p", "price", Same),
                ("l", "leverage", AsString),
                ("mM", "marginMode", Same),
                ("q", "size", AsString),
                ("tD", "stop", Upper),
                ("tP", "stopPrice", AsString),
                ("tPT", "stopPriceType", Same),
                ("stp", "stp", Same),
                ("rO", "reduceOnly", Same),
                ("pO", "postOnly", Same),
                ("tIF", "timeInForce", Same),
                ("O", "orderTime", Nanos),
            ],
            amounts: &[
                ("fS", "filledSize", AsString),
                ("fS", "dealSize", AsString),
                ("aP", "avgDealPrice", AsString),
            ],
        },
        RowForm::Unified => OrderRules {
            order: &[
                ("oi", "orderId", Same),
                ("ci", "clientOid", Same),
                ("s", "symbol", Same),
                ("S", "side", Same),
                ("pS", "positionSide", Same),
                ("oT", "orderType", Same),
                ("p", "price", Same),
                ("mM", "marginMode", Same),
                ("tT", "tradeType", Same),
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
            ],
            amounts: &[
                ("os", "status", Same),
                ("fS", "filledSize", Same),
                ("aP", "avgPrice", Same),
                ("f", "fee", Same),
                ("fC", "feeCurrency", Same),
                ("t", "tax", Same),
                ("cR", "cancelReason", AsString),
                ("cS", "cancelSize", Same),
            ],
        },
    }
}

/// `match` of `/spotMarket/tradeOrders`.
pub(super) const SPOT_MATCH: &[FieldRule] = &[
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

/// `match` of `/contractMarket/tradeOrders`.
pub(super) const FUTURES_MATCH: &[FieldRule] = &[
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

/// `/spot/tradeFills`.
pub(super) const TRADE_FILL: &[FieldRule] = &[
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

/// `/market/match`, without the order IDs and the side.
pub(super) const MARKET_MATCH: &[FieldRule] = &[
    ("symbol", "symbol", Same),
    ("price", "price", Same),
    ("size", "size", Same),
    ("tradeId", "tradeId", AsString),
    ("time", "createdAt", Nanos),
];

/// Fields of a fill on a Pro V2 channel: `price`, `size` and `time` are the names of the channel.
macro_rules! pro_fill {
    ($price:literal, $size:literal, $time:literal, $form:expr) => {
        match $form {
            RowForm::Spot => &[
                ("oi", "orderId", Same),
                ("s", "symbol", Same),
                ("S", "side", Upper),
                ("oT", "type", Upper),
                ($price, "price", Same),
                ($size, "size", Same),
                ("ti", "tradeId", AsString),
                ("lR", "liquidity", Upper),
                ($time, "createdAt", Nanos),
            ],
            RowForm::Futures => &[
                ("oi", "orderId", Same),
                ("s", "symbol", Same),
                ("S", "side", Upper),
                ("pS", "positionSide", Same),
                ("mM", "marginMode", Same),
                ("oT", "orderType", Upper),
                ($price, "price", Same),
                ($size, "size", AsString),
                ("ti", "tradeId", AsString),
                ("lR", "liquidity", Upper),
                ($time, "tradeTime", Nanos),
            ],
            RowForm::Unified => &[
                ("oi", "orderId", Same),
                ("s", "symbol", Same),
                ("S", "side", Same),
                ("pS", "positionSide", Same),
                ("mM", "marginMode", Same),
                ("oT", "orderType", Same),
                ($price, "price", Same),
                ($size, "size", Same),
                ("ti", "tradeId", AsString),
                ("lR", "liquidityRole", Same),
                ($time, "executionTime", Nanos),
            ],
        }
    };
}

/// A fill on `execution` and `execution.lite`.
pub(super) fn execution(form: RowForm) -> &'static [FieldRule] {
    pro_fill!("p", "q", "E", form)
}

/// A fill on `orderAll` and `order`, where price and size are those of the order.
pub(super) fn order_fill(form: RowForm) -> &'static [FieldRule] {
    pro_fill!("ls", "lS", "U", form)
}

/// The fee of a fill on `execution`; `execution.lite` has none.
pub(super) const EXECUTION_FEE: &[FieldRule] = &[
    ("f", "fee", Same),
    ("fC", "feeCurrency", Same),
    ("fT", "fillType", Same),
    ("t", "tax", As::Same),
];
