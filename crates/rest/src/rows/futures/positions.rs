//! Rows of futures positions, open and closed, and their settings.

use kucoin_streams_core::{Decimal, Text, Timestamp};
use kucoin_streams_decode::{event, open_enum};

use crate::rows::{MarginMode, PositionSide};

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
        pub maintenance_margin_rate: Option<Decimal> = "maintMarginReq",
        /// Maintenance margin rate in newer replies, a fraction: `maintainMargin`.
        pub maintain_margin: Option<Decimal> = "maintainMargin",
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
