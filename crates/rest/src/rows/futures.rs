//! Rows of futures orders, fills, positions, accounts and ledgers.

use kucoin_streams_core::{Decimal, Fill, Liquidity, Side, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event, open_enum};

use super::{MarginMode, OrderEnd, OrderType, PositionSide};

/// One futures stop order that is not triggered: it has the fields of an order.
pub type FuturesStopRow = FuturesOrderRow;

event! {
    /// One futures order or stop order, open or done.
    ///
    /// Sizes are in contracts, prices in the quote currency, values in the settlement currency. All sizes are
    /// cumulative.
    pub struct FuturesOrderRow {
        /// Order ID: `id`. A stop order keeps it when it is triggered.
        pub order_id: Text = "id",
        /// Client order ID: `clientOid`; `None` if the order was placed without one.
        pub client_oid: Option<Text> = "clientOid",
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `type`.
        pub order_type: OrderType = "type",
        /// Status: `status`.
        pub status: FuturesOrderStatus = "status",
        /// Limit price: `price`; `None` or 0 for market orders.
        pub price: Option<Decimal> = "price",
        /// Order size: `size`.
        pub size: Option<Decimal> = "size",
        /// Order value: `value`.
        pub value: Option<Decimal> = "value",
        /// Filled size: `filledSize`, or `dealSize` if KuCoin does not send it.
        pub filled_size: Option<Decimal> = "filledSize" | "dealSize",
        /// Filled value: `filledValue`, or `dealValue` if KuCoin does not send it.
        pub filled_value: Option<Decimal> = "filledValue" | "dealValue",
        /// Average fill price: `avgDealPrice`; 0 if nothing is filled.
        pub average_price: Option<Decimal> = "avgDealPrice",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Position side, the position that the order changes: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Leverage of the order: `leverage`.
        pub leverage: Option<Decimal> = "leverage",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Stop direction, `up` or `down`: `stop`; `None` if the order is no stop order.
        pub stop: Option<Text> = "stop",
        /// Stop price type: `stopPriceType`; `TP` last trade, `MP` mark price, `IP` index price.
        pub stop_price_type: Option<Text> = "stopPriceType",
        /// Stop price that triggers the order: `stopPrice`.
        pub stop_price: Option<Decimal> = "stopPrice",
        /// Whether the stop order was triggered: `stopTriggered`.
        pub stop_triggered: Option<bool> = "stopTriggered",
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
        /// Reduce only: `reduceOnly`.
        pub reduce_only: Option<bool> = "reduceOnly",
        /// Whether the order closes the whole position: `closeOrder`.
        pub close_order: Option<bool> = "closeOrder",
        /// Whether the margin is held even if the order reduces the position: `forceHold`.
        pub force_hold: Option<bool> = "forceHold",
        /// Self-trade prevention: `stp`.
        pub self_trade_prevention: Option<Text> = "stp",
        /// Remark of the user: `remark`.
        pub remark: Option<Text> = "remark",
        /// Tags: `tags`.
        pub tags: Option<Text> = "tags",
        /// Whether the order is open: `isActive`.
        pub is_active: Option<bool> = "isActive",
        /// Whether a part was canceled: `cancelExist`.
        pub has_cancel: Option<bool> = "cancelExist",
        /// Order placement time: `orderTime`, sent in nanoseconds. The streams send the same time.
        pub ordered_at: Option<Timestamp> = "orderTime",
        /// Creation time of the row: `createdAt`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "createdAt",
        /// Time of the last change of the row, not of the order: `updatedAt`, sent in milliseconds.
        pub row_updated_at: Option<Timestamp> = "updatedAt",
        /// End of the order: `endAt`, sent in milliseconds, later than the end in the matching engine.
        pub ended_at: Option<Timestamp> = "endAt",
    }
}

open_enum! {
    /// Status of a futures order: `status`.
    pub enum FuturesOrderStatus ignoring case {
        /// `open`: in the order book, or a stop order that waits for its trigger.
        Open = "open",
        /// `done`: filled or canceled.
        Done = "done",
    }
}

impl FuturesOrderRow {
    /// Returns how the order ended; `None` if it is open, or if KuCoin does not say.
    pub fn end(&self) -> Option<OrderEnd> {
        let is_active = match &self.status {
            FuturesOrderStatus::Done => self.is_active.or(Some(false)),
            _ => self.is_active,
        };
        match (is_active, self.has_cancel) {
            (Some(false), Some(false)) => Some(OrderEnd::Filled),
            (Some(false), Some(true)) => Some(OrderEnd::Canceled),
            _ => None,
        }
    }
}

event! {
    /// One fill of a futures order.
    ///
    /// The size is in contracts, the price in the quote currency.
    pub struct FuturesFillRow {
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Trade ID: `tradeId`.
        pub trade_id: Text = "tradeId",
        /// Order ID: `orderId`.
        pub order_id: Text = "orderId",
        /// Side, buy or sell: `side`.
        pub side: Side = "side",
        /// Order type, limit or market: `orderType`.
        pub order_type: OrderType = "orderType",
        /// Order type with stop orders, such as `limit_stop`: `displayType`.
        pub display_type: Option<Text> = "displayType",
        /// Trade type, placed by the user or forced: `tradeType`.
        pub trade_type: FuturesFillType = "tradeType",
        /// Liquidity, taker or maker: `liquidity`.
        pub liquidity: Option<Liquidity> = "liquidity",
        /// Whether the taker fee is charged for a maker: `forceTaker`.
        pub is_forced_taker: Option<bool> = "forceTaker",
        /// Fill price: `price`.
        pub price: Decimal = "price",
        /// Fill size: `size`.
        pub size: Decimal = "size",
        /// Fill value, in the settlement currency: `value`.
        pub value: Option<Decimal> = "value",
        /// Fee, in [`fee_currency`](Self::fee_currency): `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Part of the fee for opening a position: `openFeePay`.
        pub open_fee: Option<Decimal> = "openFeePay",
        /// Part of the fee for closing a position: `closeFeePay`.
        pub close_fee: Option<Decimal> = "closeFeePay",
        /// Fixed fee; KuCoin no longer fills it: `fixFee`.
        pub fixed_fee: Option<Decimal> = "fixFee",
        /// Fee rate, a fraction: `feeRate`.
        pub fee_rate: Option<Decimal> = "feeRate",
        /// Currency of the fee: `feeCurrency`.
        pub fee_currency: Option<Text> = "feeCurrency",
        /// Tax for opening a position: `openFeeTaxPay`.
        pub open_tax: Option<Decimal> = "openFeeTaxPay",
        /// Tax for closing a position: `closeFeeTaxPay`.
        pub close_tax: Option<Decimal> = "closeFeeTaxPay",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Position side, the position that the fill changes: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Stop direction of the order: `stop`.
        pub stop: Option<Text> = "stop",
        /// Match time: `tradeTime`, sent in nanoseconds. The streams send the same time.
        pub matched_at: Option<Timestamp> = "tradeTime",
        /// Creation time of the row: `createdAt`, sent in milliseconds, about 0.2 s after the match.
        pub row_created_at: Option<Timestamp> = "createdAt",
    }
}

open_enum! {
    /// Trade type of a futures fill, placed by the user or forced: `tradeType`.
    pub enum FuturesFillType ignoring case {
        /// `trade`: placed by the user.
        Trade = "trade",
        /// `liquid`: placed by the liquidation engine.
        Liquidation = "liquid",
        /// `adl`: placed by auto-deleveraging (ADL).
        AutoDeleveraging = "adl",
        /// `settlement`: placed at the settlement of the contract.
        Settlement = "settlement",
        /// `cancel`: only in the published schema of the recent fills.
        Cancel = "cancel",
    }
}

impl FuturesFillRow {
    /// Returns the fill, with its fee and its exact match time.
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
    /// One futures position now.
    ///
    /// Amounts are in the settlement currency, sizes in contracts. Fields marked "isolated margin only" are `None` for
    /// cross margin. The fields have the names of the position changes on the streams.
    pub struct FuturesPositionRow {
        /// Position ID: `id`.
        pub position_id: Option<Text> = "id",
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Current quantity, in contracts, negative if short: `currentQty`.
        pub quantity: Decimal = "currentQty",
        /// Position side: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Cross mode, `true` for cross margin: `crossMode`.
        pub cross_mode: Option<bool> = "crossMode",
        /// `true` if the position is open: `isOpen`. Lists can have closed positions.
        pub is_open: Option<bool> = "isOpen",
        /// Whether the contract is settled in its base currency: `isInverse`.
        pub is_inverse: Option<bool> = "isInverse",
        /// Leverage setting: `leverage`.
        pub leverage: Option<Decimal> = "leverage",
        /// Real leverage: `realLeverage`; isolated margin only.
        pub real_leverage: Option<Decimal> = "realLeverage",
        /// Average entry price, in the quote currency: `avgEntryPrice`.
        pub average_entry_price: Option<Decimal> = "avgEntryPrice",
        /// Mark price, in the quote currency: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// Mark value, the position value at the mark price, negative if short: `markValue`.
        pub mark_value: Option<Decimal> = "markValue",
        /// Liquidation price, in the quote currency: `liquidationPrice`.
        pub liquidation_price: Option<Decimal> = "liquidationPrice",
        /// Bankruptcy price, at which the margin is used up, in the quote currency: `bankruptPrice`.
        pub bankruptcy_price: Option<Decimal> = "bankruptPrice",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Unrealised profit and loss, at the mark price: `unrealisedPnl`.
        pub unrealised_pnl: Option<Decimal> = "unrealisedPnl",
        /// Unrealised profit and loss as a fraction of the position value: `unrealisedPnlPcnt`.
        pub unrealised_pnl_fraction: Option<Decimal> = "unrealisedPnlPcnt",
        /// Unrealised return on equity, as a fraction of the margin: `unrealisedRoePcnt`.
        pub unrealised_roe_fraction: Option<Decimal> = "unrealisedRoePcnt",
        /// Realised profit and loss, with fees: `realisedPnl`.
        pub realised_pnl: Option<Decimal> = "realisedPnl",
        /// Realised gross profit and loss, without fees: `realisedGrossPnl`.
        pub realised_gross_pnl: Option<Decimal> = "realisedGrossPnl",
        /// Realised gross cost, the realised value of trades without fees: `realisedGrossCost`.
        pub realised_gross_cost: Option<Decimal> = "realisedGrossCost",
        /// Realised cost, the realised value so far: `realisedCost`.
        pub realised_cost: Option<Decimal> = "realisedCost",
        /// Unrealised cost, the unrealised value: `unrealisedCost`.
        pub unrealised_cost: Option<Decimal> = "unrealisedCost",
        /// Current cost, the realised and unrealised value: `currentCost`.
        pub current_cost: Option<Decimal> = "currentCost",
        /// Current commission, the fees so far: `currentComm`.
        pub current_commission: Option<Decimal> = "currentComm",
        /// Position cost, the position value at the entry price: `posCost`.
        pub cost: Option<Decimal> = "posCost",
        /// Initial margin of the position: `posInit`.
        pub initial_margin: Option<Decimal> = "posInit",
        /// Position margin, in total: `posMargin`.
        pub margin: Option<Decimal> = "posMargin",
        /// Maintenance margin, below which the position is liquidated: `posMaint`.
        pub maintenance: Option<Decimal> = "posMaint",
        /// Manually added margin: `posCross`; isolated margin only.
        pub added_margin: Option<Decimal> = "posCross",
        /// Added margin: `posCrossMargin`; isolated margin only.
        pub added_cross_margin: Option<Decimal> = "posCrossMargin",
        /// Bankruptcy cost: `posComm`; isolated margin only.
        pub bankruptcy_cost: Option<Decimal> = "posComm",
        /// Bankruptcy cost again, in newer replies: `posCommCommon`; isolated margin only.
        pub common_bankruptcy_cost: Option<Decimal> = "posCommCommon",
        /// Funding fees paid from the margin: `posLoss`; isolated margin only.
        pub funding_paid: Option<Decimal> = "posLoss",
        /// Funding fees included in the margin: `posFunding`; isolated margin only.
        pub funding: Option<Decimal> = "posFunding",
        /// Position margin with unrealised profit and loss: `maintMargin`; isolated margin only.
        pub maintenance_margin: Option<Decimal> = "maintMargin",
        /// Maintenance margin rate, a fraction, 0.004 for 0.4 %: `maintMarginReq`.
        pub maintenance_margin_rate: Option<Decimal> = "maintMarginReq" | "maintainMargin",
        /// Risk limit: `riskLimit`; isolated margin only.
        pub risk_limit: Option<Decimal> = "riskLimit",
        /// Risk limit level: `riskLimitLevel`; isolated margin only.
        pub risk_limit_level: Option<u32> = "riskLimitLevel",
        /// Auto deposit, `true` if margin is added automatically: `autoDeposit`; isolated margin only.
        pub auto_deposit: Option<bool> = "autoDeposit",
        /// Rank in the auto-deleveraging (ADL) queue, a fraction, 1 for the first: `delevPercentage`.
        pub deleverage_fraction: Option<Decimal> = "delevPercentage",
        /// Profit and loss that was withdrawn: `withdrawPnl`.
        pub withdrawn_pnl: Option<Decimal> = "withdrawPnl",
        /// Opening time: `openingTimestamp`, sent in milliseconds.
        pub opened_at: Option<Timestamp> = "openingTimestamp",
        /// KuCoin's clock when it answered: `currentTimestamp`, sent in milliseconds. Not the last change.
        pub server_time: Option<Timestamp> = "currentTimestamp",
    }
}

impl FuturesPositionRow {
    /// Returns long or short by the sign of the quantity; `None` if the position is closed.
    pub fn direction(&self) -> Option<PositionSide> {
        match (self.quantity.is_zero(), self.quantity.is_sign_negative()) {
            (true, _) => None,
            (false, true) => Some(PositionSide::Short),
            (false, false) => Some(PositionSide::Long),
        }
    }
}

event! {
    /// One futures position that was closed. Amounts are in the settlement currency.
    pub struct ClosedPositionRow {
        /// Close ID: `closeId`.
        pub close_id: Text = "closeId",
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// How the position was closed: `type`.
        pub close_type: PositionCloseType = "type",
        /// Position side, long or short: `side`.
        pub side: Option<PositionSide> = "side",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Leverage: `leverage`.
        pub leverage: Option<Decimal> = "leverage",
        /// Average entry price, in the quote currency: `openPrice`.
        pub open_price: Option<Decimal> = "openPrice",
        /// Average closing price, in the quote currency: `closePrice`.
        pub close_price: Option<Decimal> = "closePrice",
        /// Realised profit and loss, with fees: `pnl`.
        pub pnl: Option<Decimal> = "pnl",
        /// Return on equity, a fraction: `roe`.
        pub roe: Option<Decimal> = "roe",
        /// Realised gross cost: `realisedGrossCost`.
        pub realised_gross_cost: Option<Decimal> = "realisedGrossCost",
        /// Realised gross cost, by KuCoin's new calculation: `realisedGrossCostNew`.
        pub new_realised_gross_cost: Option<Decimal> = "realisedGrossCostNew",
        /// Profit and loss that was withdrawn: `withdrawPnl`.
        pub withdrawn_pnl: Option<Decimal> = "withdrawPnl",
        /// Trade fees: `tradeFee`.
        pub trade_fee: Option<Decimal> = "tradeFee",
        /// Funding fees: `fundingFee`.
        pub funding_fee: Option<Decimal> = "fundingFee",
        /// Tax: `tax`.
        pub tax: Option<Decimal> = "tax",
        /// Liquidated amount: `liquidAmount`; `None` if the position was not liquidated.
        pub liquidated_amount: Option<Decimal> = "liquidAmount",
        /// Liquidation price, in the quote currency: `liquidPrice`; `None` if the position was not liquidated.
        pub liquidation_price: Option<Decimal> = "liquidPrice",
        /// Opening time: `openTime`, sent in milliseconds.
        pub opened_at: Option<Timestamp> = "openTime",
        /// Closing time: `closeTime`, sent in milliseconds.
        pub closed_at: Option<Timestamp> = "closeTime",
    }
}

open_enum! {
    /// How a futures position was closed: `type`.
    pub enum PositionCloseType ignoring case {
        /// `CLOSE_LONG`: a long position, closed by the user.
        CloseLong = "CLOSE_LONG",
        /// `CLOSE_SHORT`: a short position, closed by the user.
        CloseShort = "CLOSE_SHORT",
        /// `LIQUID_LONG`: a long position, liquidated.
        LiquidatedLong = "LIQUID_LONG",
        /// `LIQUID_SHORT`: a short position, liquidated.
        LiquidatedShort = "LIQUID_SHORT",
        /// `ADL_LONG`: a long position, closed by auto-deleveraging (ADL).
        DeleveragedLong = "ADL_LONG",
        /// `ADL_SHORT`: a short position, closed by auto-deleveraging (ADL).
        DeleveragedShort = "ADL_SHORT",
    }
}

event! {
    /// The futures account in one settlement currency. All amounts are in that currency.
    pub struct FuturesAccountRow {
        /// Settlement currency: `currency`.
        pub currency: Text = "currency",
        /// Account equity, margin balance and unrealised profit and loss: `accountEquity`.
        pub equity: Option<Decimal> = "accountEquity",
        /// Unrealised profit and loss: `unrealisedPNL`.
        pub unrealised_pnl: Option<Decimal> = "unrealisedPNL",
        /// Margin balance, equity without unrealised profit and loss: `marginBalance`.
        pub margin_balance: Option<Decimal> = "marginBalance",
        /// Position margin: `positionMargin`.
        pub position_margin: Option<Decimal> = "positionMargin",
        /// Order margin: `orderMargin`.
        pub order_margin: Option<Decimal> = "orderMargin",
        /// Frozen funds, of transfers and withdrawals: `frozenFunds`.
        pub frozen_funds: Option<Decimal> = "frozenFunds",
        /// Available balance: `availableBalance`.
        pub available_balance: Option<Decimal> = "availableBalance",
        /// Available margin: `availableMargin`.
        pub available_margin: Option<Decimal> = "availableMargin",
        /// Maximum amount to withdraw: `maxWithdrawAmount`.
        pub max_withdraw_amount: Option<Decimal> = "maxWithdrawAmount",
        /// Risk ratio of cross margin, a fraction: `riskRatio`.
        pub risk_ratio: Option<Decimal> = "riskRatio",
    }
}

event! {
    /// One booking of the futures account.
    pub struct FuturesLedgerRow {
        /// Ledger ID: `offset`, sent as a number; `-1` if the row is [pending](Self::is_pending).
        pub ledger_id: Text = "offset",
        /// Currency: `currency`.
        pub currency: Text = "currency",
        /// Reason of the booking: `type`.
        pub ledger_type: FuturesLedgerType = "type",
        /// Amount, as sent: `amount`. See [`change`](Self::change).
        pub amount: Option<Decimal> = "amount",
        /// Fee: `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Account equity after the booking: `accountEquity`.
        pub equity: Option<Decimal> = "accountEquity",
        /// Status, completed or pending: `status`.
        pub status: FuturesLedgerStatus = "status",
        /// Remark: `remark`; the symbol of the contract for profit and loss, or a text.
        pub remark: Option<Text> = "remark",
        /// Time of the booking: `time`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "time",
    }
}

open_enum! {
    /// Reason of a booking of the futures account: `type`.
    pub enum FuturesLedgerType ignoring case {
        /// `RealisedPNL`: profit and loss of one contract in one settlement period.
        RealisedPnl = "RealisedPNL",
        /// `Deposit`: a deposit.
        Deposit = "Deposit",
        /// `Withdrawal`: a withdrawal.
        Withdrawal = "Withdrawal",
        /// `TransferIn`: a transfer to the futures account.
        TransferIn = "TransferIn",
        /// `TransferOut`: a transfer from the futures account.
        TransferOut = "TransferOut",
    }
}

open_enum! {
    /// Status of a booking of the futures account: `status`.
    pub enum FuturesLedgerStatus ignoring case {
        /// `Completed`: booked.
        Completed = "Completed",
        /// `Pending`: the running settlement period of an open position, not booked yet.
        Pending = "Pending",
    }
}

impl FuturesLedgerRow {
    /// Returns `true` if the row is the running settlement period of an open position, which is no booking.
    pub fn is_pending(&self) -> bool {
        self.status == FuturesLedgerStatus::Pending || self.ledger_id == "-1"
    }

    /// Returns the amount with its sign; `None` if it is unknown, or if the row is pending.
    ///
    /// Transfers out and withdrawals are negative, with or without a sign in KuCoin's reply.
    pub fn change(&self) -> Option<Decimal> {
        let amount = self.amount.filter(|_| !self.is_pending())?;
        match &self.ledger_type {
            FuturesLedgerType::Withdrawal | FuturesLedgerType::TransferOut => Some(-amount.abs()),
            FuturesLedgerType::RealisedPnl
            | FuturesLedgerType::Deposit
            | FuturesLedgerType::TransferIn => Some(amount),
            FuturesLedgerType::Unknown(_) => None,
        }
    }
}

event! {
    /// One funding settlement of a futures position. Amounts are in the settlement currency.
    pub struct FundingRow {
        /// Funding ID: `id`, sent as a number.
        pub funding_id: Text = "id",
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Funding time: `timePoint`, sent in milliseconds.
        pub settled_at: Option<Timestamp> = "timePoint",
        /// Funding rate, a fraction: `fundingRate`.
        pub funding_rate: Option<Decimal> = "fundingRate",
        /// Mark price at the settlement, in the quote currency: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// Position quantity, in contracts, negative if short: `positionQty`.
        pub quantity: Option<Decimal> = "positionQty",
        /// Position cost, the position value at the settlement: `positionCost`.
        pub cost: Option<Decimal> = "positionCost",
        /// Funding fee, negative if it was paid: `funding`.
        pub funding: Option<Decimal> = "funding",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Context, JSON as text: `context`. See [`position_side`](Self::position_side).
        pub context: Option<Text> = "context",
    }
}

event! {
    /// The position of a funding settlement, from its context.
    struct FundingContext {
        /// Position side: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
    }
}

impl FundingRow {
    /// Returns the position side, from the context; `None` if the context has none.
    pub fn position_side(&self) -> Option<PositionSide> {
        let context = self.context.as_deref()?;
        let read = FundingContext::read(&mut Scanner::new(context)).ok()?;
        read.position_side
    }
}

event! {
    /// The margin mode of one contract.
    pub struct MarginModeRow {
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: MarginMode = "marginMode",
    }
}

event! {
    /// The cross-margin leverage of one contract.
    pub struct CrossLeverageRow {
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Leverage: `leverage`.
        pub leverage: Decimal = "leverage",
    }
}
