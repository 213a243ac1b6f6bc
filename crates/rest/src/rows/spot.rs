//! Rows of spot orders, fills and ledgers; high-frequency margin orders and fills have the same rows.

use kucoin_streams_core::{Decimal, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{event, open_enum};

use super::{OrderEnd, OrderType, TradeType};
use crate::RowList;

event! {
    /// The symbols that have open orders: `data` of `/orders/active/symbols`.
    pub struct ActiveSymbolsRow {
        /// Symbols, such as `BTC-USDT`: `symbols`.
        pub symbols: RowList<Text> = "symbols",
    }
}

event! {
    /// One spot or margin order, open or done.
    ///
    /// Sizes are in the base currency, funds and prices in the quote currency. All sizes are cumulative.
    pub struct SpotOrderRow {
        /// Order ID: `id`.
        pub order_id: Text = "id",
        /// Client order ID: `clientOid`; `None` if the order was placed without one.
        pub client_oid: Option<Text> = "clientOid",
        /// Symbol, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `type`.
        pub order_type: OrderType = "type",
        /// Account that the order trades from: `tradeType`.
        pub trade_type: TradeType = "tradeType",
        /// Limit price: `price`; `0` for market orders.
        pub price: Option<Decimal> = "price",
        /// Order size, after reductions: `size`; `0` for market orders by funds.
        pub size: Option<Decimal> = "size",
        /// Order funds: `funds`.
        pub funds: Option<Decimal> = "funds",
        /// Filled size: `dealSize`.
        pub filled_size: Option<Decimal> = "dealSize",
        /// Filled funds: `dealFunds`.
        pub filled_funds: Option<Decimal> = "dealFunds",
        /// Remaining size: `remainSize`.
        pub remain_size: Option<Decimal> = "remainSize",
        /// Remaining funds: `remainFunds`.
        pub remain_funds: Option<Decimal> = "remainFunds",
        /// Canceled size: `cancelledSize`.
        pub canceled_size: Option<Decimal> = "cancelledSize",
        /// Canceled funds: `cancelledFunds`.
        pub canceled_funds: Option<Decimal> = "cancelledFunds",
        /// Fee of all fills, in [`fee_currency`](Self::fee_currency): `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Currency of the fee: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// Tax of all fills: `tax`.
        pub tax: Option<Decimal> = "tax",
        /// Time in force, such as `GTC`: `timeInForce`.
        pub time_in_force: Option<Text> = "timeInForce",
        /// Post only: `postOnly`.
        pub post_only: Option<bool> = "postOnly",
        /// Hidden order: `hidden`.
        pub hidden: Option<bool> = "hidden",
        /// Iceberg order: `iceberg`.
        pub iceberg: Option<bool> = "iceberg",
        /// Visible size of an iceberg order: `visibleSize`.
        pub visible_size: Option<Decimal> = "visibleSize",
        /// Seconds until an order with time in force `GTT` is canceled: `cancelAfter`.
        ///
        /// `0` or `-1` for other orders.
        pub cancel_after: Option<i64> = "cancelAfter",
        /// Self-trade prevention: `stp`.
        pub self_trade_prevention: Option<Text> = "stp",
        /// Operation type, always `DEAL`: `opType`.
        pub operation_type: Option<Text> = "opType",
        /// Channel that the order came from, such as `API`: `channel`.
        pub channel: Option<Text> = "channel",
        /// Remark of the user: `remark`.
        pub remark: Option<Text> = "remark",
        /// Tags: `tags`.
        pub tags: Option<Text> = "tags",
        /// Stop type of a margin order that a stop order placed: `stop`.
        pub stop: Option<Text> = "stop",
        /// Whether the stop was triggered: `stopTriggered`; sent for margin orders only.
        pub stop_triggered: Option<bool> = "stopTriggered",
        /// Stop price: `stopPrice`; sent for margin orders only.
        pub stop_price: Option<Decimal> = "stopPrice",
        /// Whether the order is open: `active`.
        pub is_active: Option<bool> = "active",
        /// Whether the order is in the order book: `inOrderBook`.
        pub is_in_order_book: Option<bool> = "inOrderBook",
        /// Whether a part was canceled: `cancelExist`.
        pub has_cancel: Option<bool> = "cancelExist",
        /// Cancel reason, a number: `cancelReason`.
        pub cancel_reason: Option<Text> = "cancelReason",
        /// Order placement time: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// Time of the last change of the row, not of the order: `lastUpdatedAt`, sent in milliseconds.
        ///
        /// It can be seconds or days after the last change of the order, so do not use it as the time of an event.
        pub row_updated_at: Option<Timestamp> = "lastUpdatedAt",
    }
}

impl SpotOrderRow {
    /// Returns how the order ended; `None` if it is open, or if KuCoin does not say.
    pub fn end(&self) -> Option<OrderEnd> {
        match (self.is_active, self.has_cancel) {
            (Some(false), Some(false)) => Some(OrderEnd::Filled),
            (Some(false), Some(true)) => Some(OrderEnd::Canceled),
            _ => None,
        }
    }
}

event! {
    /// One fill of a spot or margin order.
    ///
    /// The size is in the base currency, price and funds in the quote currency.
    pub struct SpotFillRow {
        /// Record ID: `id`, sent as a number; `None` in old lists.
        pub record_id: Option<Text> = "id",
        /// Symbol, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// Trade ID: `tradeId`, sent as a number above 2^53; the streams send the same digits as text.
        pub trade_id: Text = "tradeId",
        /// Order ID: `orderId`.
        pub order_id: Text = "orderId",
        /// Order ID of the counterparty: `counterOrderId`.
        pub counter_order_id: Option<Text> = "counterOrderId",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `type`.
        pub order_type: OrderType = "type",
        /// Account that the order trades from: `tradeType`.
        pub trade_type: TradeType = "tradeType",
        /// Liquidity, taker or maker: `liquidity`.
        pub liquidity: Option<Liquidity> = "liquidity",
        /// Whether the taker fee is charged for a maker: `forceTaker`.
        pub is_forced_taker: Option<bool> = "forceTaker",
        /// Fill price: `price`.
        pub price: Decimal = "price",
        /// Fill size: `size`.
        pub size: Decimal = "size",
        /// Fill funds: `funds`.
        pub funds: Option<Decimal> = "funds",
        /// Fee, in [`fee_currency`](Self::fee_currency): `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Fee rate: `feeRate`.
        pub fee_rate: Option<Decimal> = "feeRate",
        /// Currency of the fee: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// Tax: `tax`.
        pub tax: Option<Decimal> = "tax",
        /// Tax rate: `taxRate`.
        pub tax_rate: Option<Decimal> = "taxRate",
        /// Stop type of the order: `stop`.
        pub stop: Option<Text> = "stop",
        /// Match time: `createdAt`, sent in milliseconds; the streams send the same time in nanoseconds.
        pub matched_at: Option<Timestamp> = "createdAt",
    }
}

impl SpotFillRow {
    /// Returns the fill, with its fee.
    pub fn fill(&self) -> Fill {
        let (symbol, trade_id) = (self.symbol.clone(), self.trade_id.clone());
        let mut fill = Fill::new(symbol, trade_id, self.side.clone(), self.price, self.size);
        fill.order_id = Some(self.order_id.clone());
        fill.fee = self.fee;
        fill.fee_currency = self.fee_currency.clone();
        fill.liquidity = self.liquidity.clone();
        fill.time = self.matched_at;
        fill
    }
}

event! {
    /// One booking of a spot or margin account: one currency and one reason.
    pub struct SpotLedgerRow {
        /// Ledger ID: `id`, sent as text for spot and as a number for margin.
        pub ledger_id: Text = "id",
        /// Currency: `currency`.
        pub currency: Text = "currency",
        /// Amount without sign, fee excluded: `amount`. See [`change`](Self::change).
        pub amount: Option<Decimal> = "amount",
        /// Fee: `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Tax: `tax`.
        pub tax: Option<Decimal> = "tax",
        /// Total balance after the booking: `balance`.
        pub balance: Option<Decimal> = "balance",
        /// Account, such as `TRADE_HF`: `accountType`.
        pub account_type: Option<Text> = "accountType",
        /// Reason of the booking, such as `TRADE_EXCHANGE`: `bizType`.
        pub reason: Option<Text> = "bizType",
        /// Direction, in or out: `direction`.
        pub direction: LedgerDirection = "direction",
        /// Time of the booking: `createdAt`, sent in milliseconds, as text for spot and as a number for margin.
        pub created_at: Option<Timestamp> = "createdAt",
        /// Context, JSON as text: `context`. See [`trade`](Self::trade).
        pub context: Option<Text> = "context",
    }
}

open_enum! {
    /// Direction of a booking: `direction`.
    pub enum LedgerDirection ignoring case {
        /// `in`: the balance increased.
        In = "in",
        /// `out`: the balance decreased.
        Out = "out",
    }
}

event! {
    /// The order or trade of a booking, from its context.
    pub struct LedgerTrade {
        /// Symbol: `symbol`.
        pub symbol: Option<Text> = "symbol",
        /// Order ID: `orderId`.
        pub order_id: Option<Text> = "orderId",
        /// Trade ID: `tradeId`.
        pub trade_id: Option<Text> = "tradeId",
    }
}

impl SpotLedgerRow {
    /// Returns the amount with its sign; `None` if the amount or its direction is unknown.
    pub fn change(&self) -> Option<Decimal> {
        super::signed(self.amount, &self.direction)
    }

    /// Returns the order or trade that caused the booking; `None` if the context names none.
    ///
    /// Contexts of 2022 have single quotes instead of double quotes; they are read too.
    pub fn trade(&self) -> Option<LedgerTrade> {
        super::ledger_trade(self.context.as_deref()?)
    }
}
