//! Rows of a unified account: orders, fills, positions, balances, bookings and settings.
//!
//! KuCoin writes words in upper case here, such as `BUY`. Times are in nanoseconds unless said.

use kucoin_streams_core::{Decimal, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{CasedEnum, Uppercase, event, open_enum};

use super::spot::LedgerDirection;
use super::{MarginMode, OrderEnd, OrderType, PositionSide};
use crate::RowList;

/// Upper case for an enum that other endpoints write in lower case.
macro_rules! uppercase {
    ($name:ident { $($variant:ident = $upper:literal),+ }) => {
        impl CasedEnum for $name {
            fn as_uppercase_str(&self) -> &str {
                match self {
                    $(Self::$variant => $upper,)+
                    Self::Unknown(text) => text,
                }
            }

            fn is_known_word(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }

            fn is_lowercase(&self, text: &str) -> bool {
                self.as_str() == text
            }

            fn is_uppercase(&self, text: &str) -> bool {
                self.as_uppercase_str() == text
            }
        }
    };
}

uppercase!(OrderType { Limit = "LIMIT", Market = "MARKET" });
uppercase!(LedgerDirection { In = "IN", Out = "OUT" });

open_enum! {
    /// Status of an order of a unified account: `status`, a number.
    pub enum UnifiedOrderStatus {
        /// `0`: a conditional order that waits for its trigger.
        NotTriggered = "0",
        /// `1`: a conditional order that was triggered; a child order replaces it.
        Triggered = "1",
        /// `2`: live in the order book, with no fill yet.
        Live = "2",
        /// `3`: completely filled.
        Filled = "3",
        /// `4`: partially filled; the rest is live.
        PartiallyFilled = "4",
        /// `5`: canceled without a fill.
        Canceled = "5",
        /// `6`: partially filled; the rest was canceled.
        PartiallyCanceled = "6",
    }
}

event! {
    /// One order of a unified account, open or done.
    ///
    /// Sizes are cumulative, in [`size_unit`](Self::size_unit); prices are in the quote currency.
    pub struct UnifiedOrderRow {
        /// Order ID: `orderId`.
        pub order_id: Text = "orderId",
        /// Client order ID: `clientOid`; `None` if the order has none, such as a child order.
        pub client_oid: Option<Text> = "clientOid",
        /// Trade type, such as `SPOT` or `FUTURES`: `tradeType` of the row or of its list.
        pub trade_type: Option<Text> = "tradeType",
        /// Symbol, such as `BTC-USDT` or `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Order status: `status`, a number. See [`end`](Self::end).
        pub status: UnifiedOrderStatus = "status",
        /// Side, buy or sell: `side`.
        pub side: Side = "side" with Uppercase,
        /// Position side of a futures order: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Order type, limit or market: `orderType`.
        pub order_type: OrderType = "orderType" with Uppercase,
        /// Limit price: `price`; `None` for market orders.
        pub price: Option<Decimal> = "price",
        /// Margin mode: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Order size: `size`.
        pub size: Option<Decimal> = "size",
        /// Unit of the sizes: `sizeUnit`, which is `BASECCY`, `QUOTECCY` or `UNIT` (contracts).
        pub size_unit: Option<Text> = "sizeUnit",
        /// Filled size: `filledSize`.
        pub filled_size: Option<Decimal> = "filledSize",
        /// Average fill price: `avgPrice`; `0` before the first fill.
        pub avg_price: Option<Decimal> = "avgPrice",
        /// Fee of all fills, in [`fee_currency`](Self::fee_currency): `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Currency of the fee: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// Tax of all fills: `tax`.
        pub tax: Option<Decimal> = "tax",
        /// Cancel reason, such as `USER`, or a number: `cancelReason`.
        pub cancel_reason: Option<Text> = "cancelReason",
        /// Canceled size: `cancelSize`.
        pub canceled_size: Option<Decimal> = "cancelSize",
        /// Trigger direction of a conditional order, `UP` or `DOWN`: `triggerDirection`.
        pub trigger_direction: Option<Text> = "triggerDirection",
        /// Trigger price of a conditional order: `triggerPrice`.
        pub trigger_price: Option<Decimal> = "triggerPrice",
        /// Price that triggers: `triggerPriceType`, which is `TP` (last trade), `IP` (index) or `MP` (mark).
        pub trigger_price_type: Option<Text> = "triggerPriceType",
        /// Trigger price of the attached take-profit: `tpTriggerPrice`.
        pub tp_trigger_price: Option<Decimal> = "tpTriggerPrice",
        /// Price that triggers the attached take-profit: `tpTriggerPriceType`.
        pub tp_trigger_price_type: Option<Text> = "tpTriggerPriceType",
        /// Trigger price of the attached stop-loss: `slTriggerPrice`.
        pub sl_trigger_price: Option<Decimal> = "slTriggerPrice",
        /// Price that triggers the attached stop-loss: `slTriggerPriceType`.
        pub sl_trigger_price_type: Option<Text> = "slTriggerPriceType",
        /// ID of the originating order, as sent: `triggerOrderId`; `0` or `None` if the order has none.
        pub origin_order_id: Option<Text> = "triggerOrderId",
        /// Self-trade prevention: `stp`.
        pub self_trade_prevention: Option<Text> = "stp",
        /// Time in force, such as `GTC`: `timeInForce`.
        pub time_in_force: Option<Text> = "timeInForce",
        /// Seconds until an order with time in force `GTT` is canceled: `cancelAfter`.
        pub cancel_after: Option<i64> = "cancelAfter",
        /// Reduce only: `reduceOnly`.
        pub reduce_only: Option<bool> = "reduceOnly",
        /// Post only: `postOnly`.
        pub post_only: Option<bool> = "postOnly",
        /// Trade ID of the last fill: `tradeId`; sent for filled orders.
        pub trade_id: Option<Text> = "tradeId",
        /// Tags: `tags`.
        pub tags: Option<Text> = "tags",
        /// Order placement time: `orderTime`.
        pub created_at: Option<Timestamp> = "orderTime",
        /// Time of the last change of the row: `updatedTime`.
        ///
        /// For a done order it is the time of its end, in milliseconds. For a live order it can be days after the last
        /// change of the order, so do not use it as the time of an event.
        pub row_updated_at: Option<Timestamp> = "updatedTime",
    }
}

impl UnifiedOrderRow {
    /// Returns how the order ended; `None` if it is open or waits, was triggered, or has an unknown status.
    pub fn end(&self) -> Option<OrderEnd> {
        match self.status {
            UnifiedOrderStatus::Filled => Some(OrderEnd::Filled),
            UnifiedOrderStatus::Canceled | UnifiedOrderStatus::PartiallyCanceled => {
                Some(OrderEnd::Canceled)
            }
            _ => None,
        }
    }
}

open_enum! {
    /// Type of a fill of a unified account, normal or forced: `fillType`.
    pub enum UnifiedFillType ignoring case {
        /// `NORMAL`: a trade of an order.
        Normal = "NORMAL",
        /// `LIQUID`: a liquidation of the position.
        Liquidation = "LIQUID",
        /// `SETTLEMENT`: the settlement of the contract.
        Settlement = "SETTLEMENT",
        /// `ADL`: auto-deleveraging (ADL).
        AutoDeleveraging = "ADL",
        /// `RECONCILIATION`: a correction by KuCoin.
        Reconciliation = "RECONCILIATION",
    }
}

event! {
    /// One fill of a unified account.
    ///
    /// The size is in the base currency or in contracts (futures), the price in the quote currency.
    pub struct UnifiedFillRow {
        /// Trade ID: `tradeId`.
        pub trade_id: Text = "tradeId",
        /// Order ID, as sent: `orderId`; `0` or `None` for a forced trade, such as a liquidation.
        pub order_id: Option<Text> = "orderId",
        /// Trade type, such as `SPOT` or `FUTURES`: `tradeType` of the row or of its list.
        pub trade_type: Option<Text> = "tradeType",
        /// Symbol, such as `BTC-USDT` or `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Side, buy or sell: `side`.
        pub side: Side = "side" with Uppercase,
        /// Position side of a futures order: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Margin mode: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Order type, limit or market: `orderType`; `None` for a forced trade.
        pub order_type: Option<OrderType> = "orderType" with Uppercase,
        /// Fill price: `price`.
        pub price: Decimal = "price",
        /// Fill size: `size`.
        pub size: Decimal = "size",
        /// Fill value: `value`.
        pub value: Option<Decimal> = "value",
        /// Liquidity, maker or taker: `liquidityRole`.
        pub liquidity: Option<Liquidity> = "liquidityRole" with Uppercase,
        /// Fee, in [`fee_currency`](Self::fee_currency): `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Currency of the fee: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// Tax: `tax`.
        pub tax: Option<Decimal> = "tax",
        /// Fill type, normal or forced: `fillType`.
        pub fill_type: Option<UnifiedFillType> = "fillType",
        /// Match time: `executionTime`, with millisecond precision; the streams send the same time.
        pub matched_at: Option<Timestamp> = "executionTime",
    }
}

impl UnifiedFillRow {
    /// Returns the fill, with its fee. A forced trade has no order ID.
    pub fn fill(&self) -> Fill {
        let (symbol, trade_id) = (self.symbol.clone(), self.trade_id.clone());
        let mut fill = Fill::new(symbol, trade_id, self.side.clone(), self.price, self.size);
        fill.order_id = self.order_id.clone().filter(|id| *id != "0");
        fill.fee = self.fee;
        fill.fee_currency = self.fee_currency.clone();
        fill.liquidity = self.liquidity.clone();
        fill.time = self.matched_at;
        fill
    }
}

event! {
    /// One open futures position of a unified account.
    ///
    /// Amounts are in the settlement currency, prices in the quote currency.
    pub struct UnifiedPositionRow {
        /// Position ID: `id`.
        pub position_id: Option<Text> = "id",
        /// Contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Margin mode: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Position side: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Position size, in contracts, negative if short: `size`.
        pub size: Option<Decimal> = "size",
        /// Average entry price: `entryPrice`.
        pub entry_price: Option<Decimal> = "entryPrice",
        /// Position value at the mark price: `positionValue`.
        pub position_value: Option<Decimal> = "positionValue",
        /// Position margin: `positionMargin`.
        pub position_margin: Option<Decimal> = "positionMargin",
        /// Mark price: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// Estimated liquidation price: `liquidationPrice`.
        pub liquidation_price: Option<Decimal> = "liquidationPrice",
        /// Leverage: `leverage`.
        pub leverage: Option<Decimal> = "leverage",
        /// Unrealised profit and loss: `unrealizedPnL`.
        pub unrealised_pnl: Option<Decimal> = "unrealizedPnL",
        /// Realised profit and loss: `realizedPnL`.
        pub realised_pnl: Option<Decimal> = "realizedPnL",
        /// Initial margin: `initialMargin`.
        pub initial_margin: Option<Decimal> = "initialMargin",
        /// Maintenance margin rate, as a fraction: `mmr`.
        pub maint_margin_rate: Option<Decimal> = "mmr",
        /// Maintenance margin: `maintenanceMargin`.
        pub maint_margin: Option<Decimal> = "maintenanceMargin",
        /// Risk ratio, as a fraction: `riskRatio`; only with isolated margin.
        pub risk_ratio: Option<Decimal> = "riskRatio",
        /// Percentile in the auto-deleveraging (ADL) queue, from 0 to 1: `adlPercentage`.
        pub adl_percentage: Option<Decimal> = "adlPercentage",
        /// Opening time: `creationTime`.
        pub created_at: Option<Timestamp> = "creationTime",
        /// Update time: `updateTime`; not sent by every version of the API.
        pub updated_at: Option<Timestamp> = "updateTime",
    }
}

event! {
    /// One closed futures position of a unified account.
    ///
    /// Amounts are in the settlement currency, prices in the quote currency.
    pub struct UnifiedClosedPositionRow {
        /// ID of the closed position: `closeId`.
        pub close_id: Text = "closeId",
        /// Contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Margin mode: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Side of the position, long or short: `side`.
        pub side: Option<PositionSide> = "side",
        /// Average entry price: `entryPrice`.
        pub entry_price: Option<Decimal> = "entryPrice",
        /// Close price: `closePrice`.
        pub close_price: Option<Decimal> = "closePrice",
        /// Average close price: `avgClosePrice`.
        pub avg_close_price: Option<Decimal> = "avgClosePrice",
        /// Maximum size, in contracts: `maxSize`.
        pub max_size: Option<Decimal> = "maxSize",
        /// Leverage: `leverage`.
        pub leverage: Option<Decimal> = "leverage",
        /// Realised profit and loss: `realizedPnL`.
        pub realised_pnl: Option<Decimal> = "realizedPnL",
        /// Fees of all fills: `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Tax of all fills: `tax`.
        pub tax: Option<Decimal> = "tax",
        /// Funding fees: `fundingFee`.
        pub funding_fee: Option<Decimal> = "fundingFee",
        /// Opening time: `creationTime`.
        pub created_at: Option<Timestamp> = "creationTime",
        /// Closing time: `closingTime`.
        pub closed_at: Option<Timestamp> = "closingTime",
    }
}

event! {
    /// Balance of one currency of one account, unified or classic. Amounts are in that currency.
    ///
    /// The account is a part of the reply, not of KuCoin's row; [`RawPage::rows`](crate::RawPage::rows) adds it. The fields
    /// for cross and isolated margin are sent for classic futures accounts only.
    pub struct UnifiedBalanceRow {
        /// Account, such as `UNIFIED` or `FUTURES`: `accountType` of the reply.
        pub account_type: Option<Text> = "accountType",
        /// Part of the account, such as the symbol of isolated margin: `accountSubtype` of the group.
        pub account_subtype: Option<Text> = "accountSubtype",
        /// Currency, such as `USDT`: `currency`.
        pub currency: Text = "currency",
        /// Equity: `equity`.
        pub equity: Option<Decimal> = "equity",
        /// Total balance: `balance`.
        pub balance: Option<Decimal> = "balance",
        /// Available balance: `available`.
        pub available: Option<Decimal> = "available",
        /// Hold balance, such as funds held by open orders: `hold`, or `locked` for futures accounts.
        pub hold: Option<Decimal> = "hold" | "locked",
        /// Liability: `liability`.
        pub liability: Option<Decimal> = "liability",
        /// Amount that can still be borrowed: `potentialBorrow`.
        pub potential_borrow: Option<Decimal> = "potentialBorrow",
        /// Collateral status: `collateralStatus`; `1` below the limit of the currency, `2` near it, `3` at it.
        pub collateral_status: Option<Text> = "collateralStatus",
        /// Total cross margin: `totalCrossMargin`.
        pub total_cross_margin: Option<Decimal> = "totalCrossMargin",
        /// Cross margin of positions: `crossPosMargin`.
        pub cross_pos_margin: Option<Decimal> = "crossPosMargin",
        /// Cross margin of orders: `crossOrderMargin`.
        pub cross_order_margin: Option<Decimal> = "crossOrderMargin",
        /// Unrealised profit and loss of cross margin: `crossUnPnl`.
        pub cross_un_pnl: Option<Decimal> = "crossUnPnl",
        /// Isolated margin of positions: `isolatedPosMargin`.
        pub isolated_pos_margin: Option<Decimal> = "isolatedPosMargin",
        /// Isolated margin of orders: `isolatedOrderMargin`.
        pub isolated_order_margin: Option<Decimal> = "isolatedOrderMargin",
        /// Unrealised profit and loss of isolated margin: `isolatedUnPnl`.
        pub isolated_un_pnl: Option<Decimal> = "isolatedUnPnl",
        /// Funding fee of isolated margin: `isolatedFundingFeeMargin`.
        pub isolated_funding_fee_margin: Option<Decimal> = "isolatedFundingFeeMargin",
        /// Time of the reply, not of a change: `ts` of the reply, sent in milliseconds.
        pub replied_at: Option<Timestamp> = "ts",
    }
}

event! {
    /// One booking of an account: one currency and one reason.
    ///
    /// It names no order and no trade.
    pub struct UnifiedLedgerRow {
        /// Ledger ID: `id`.
        pub ledger_id: Text = "id",
        /// Account, such as `UNIFIED`: `accountType`.
        pub account_type: Option<Text> = "accountType",
        /// Currency: `currency`.
        pub currency: Text = "currency",
        /// Direction, in or out: `direction`.
        pub direction: LedgerDirection = "direction" with Uppercase,
        /// Reason of the booking, such as `FUTURES_EXCHANGE_OPEN`: `businessType`.
        pub reason: Option<Text> = "businessType",
        /// Amount: `amount`, without sign since April 2026. See [`change`](Self::change).
        pub amount: Option<Decimal> = "amount",
        /// Total balance after the booking: `balance`.
        pub balance: Option<Decimal> = "balance",
        /// Fee: `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Tax: `tax`.
        pub tax: Option<Decimal> = "tax",
        /// Remark: `remark`.
        pub remark: Option<Text> = "remark",
        /// Time of the booking: `ts`.
        pub created_at: Option<Timestamp> = "ts",
    }
}

impl UnifiedLedgerRow {
    /// Returns the amount with the sign of its direction; `None` if the amount or its direction is unknown.
    pub fn change(&self) -> Option<Decimal> {
        let amount = self.amount.map(|amount| amount.abs());
        match self.direction {
            LedgerDirection::In => amount,
            LedgerDirection::Out => amount.map(|amount| -amount),
            LedgerDirection::Unknown(_) => None,
        }
    }
}

event! {
    /// One settled funding fee of a futures position of a unified account.
    pub struct UnifiedFundingRow {
        /// Contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Margin mode: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Funding rate, as a fraction: `fundingRate`.
        pub funding_rate: Option<Decimal> = "fundingRate",
        /// Mark price: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// Position size, in contracts: `size`.
        pub size: Option<Decimal> = "size",
        /// Position value: `positionValue`.
        pub position_value: Option<Decimal> = "positionValue",
        /// Funding fee, in [`settle_currency`](Self::settle_currency): `fundingFee`; negative if paid.
        pub funding_fee: Option<Decimal> = "fundingFee",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Settlement time: `settlementTime`, sent in milliseconds.
        pub settled_at: Timestamp = "settlementTime",
    }
}

event! {
    /// Equity, margin and risk of a unified account.
    pub struct UnifiedOverviewRow {
        /// Account: `accountType`.
        pub account_type: Option<Text> = "accountType",
        /// Risk ratio, as a fraction: `riskRatio`; liquidation begins at 1.
        pub risk_ratio: Option<Decimal> = "riskRatio",
        /// Equity: `equity`.
        pub equity: Option<Decimal> = "equity",
        /// Adjusted equity: `adjustedEquity`.
        pub adjusted_equity: Option<Decimal> = "adjustedEquity",
        /// Liability: `liability`.
        pub liability: Option<Decimal> = "liability",
        /// Available margin: `availableMargin`.
        pub available_margin: Option<Decimal> = "availableMargin",
        /// Initial margin: `im`.
        pub initial_margin: Option<Decimal> = "im",
        /// Maintenance margin: `mm`.
        pub maint_margin: Option<Decimal> = "mm",
    }
}

event! {
    /// Leverage setting of a contract or of a margin currency.
    pub struct UnifiedLeverageRow {
        /// Contract, such as `XBTUSDTM`: `symbol`; futures only.
        pub symbol: Option<Text> = "symbol",
        /// Currency, such as `BTC`: `currency`; margin only.
        pub currency: Option<Text> = "currency",
        /// Leverage: `leverage`.
        pub leverage: Option<Decimal> = "leverage",
        /// Margin mode: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Trade type, `FUTURES` or `MARGIN`: `tradeType` of the row or of its list, if KuCoin sends it.
        pub trade_type: Option<Text> = "tradeType",
    }
}

event! {
    /// Margin mode of a futures contract of a unified account.
    pub struct UnifiedMarginModeRow {
        /// Contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Margin mode: `marginMode`.
        pub margin_mode: MarginMode = "marginMode",
        /// Time of the reply: `ts` of the reply, sent in milliseconds.
        pub replied_at: Option<Timestamp> = "ts",
    }
}

open_enum! {
    /// Mode of an account: `selfAccountMode`.
    pub enum AccountModeKind ignoring case {
        /// `UNIFIED`: one account for spot, margin and futures.
        Unified = "UNIFIED",
        /// `CLASSIC`: separate accounts for spot, margin and futures.
        Classic = "CLASSIC",
    }
}

event! {
    /// Modes of the account of the API key and of its sub-accounts.
    pub struct AccountModeRow {
        /// Mode of the account of the API key: `selfAccountMode`.
        pub mode: AccountModeKind = "selfAccountMode",
        /// User IDs of unified sub-accounts: `unifiedSubAccount`.
        pub unified_sub_accounts: RowList<Text> = "unifiedSubAccount",
        /// User IDs of classic sub-accounts: `classicSubAccount`.
        pub classic_sub_accounts: RowList<Text> = "classicSubAccount",
    }
}

#[cfg(test)]
mod tests;
