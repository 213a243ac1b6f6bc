//! A full futures position after a change.

use kucoin_streams_core::{Decimal, Event, Text, Timestamp};
use kucoin_streams_decode::{event, open_enum};

use super::FuturesMarkPriceChange;
use crate::futures::{MarginMode, PositionSide};

event! {
    /// A full futures position after a change: subject `position.change`.
    ///
    /// Amounts are in the settlement currency, sizes in contracts. A field is `None` if KuCoin does not send it; fields
    /// marked "isolated margin only" are `None` for cross margin. A closed position has the quantity 0, many other
    /// zeros, and its last entry price.
    pub struct FuturesPositionChange {
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`, or that of the topic if the data lacks it.
        pub symbol: Option<Text> = "symbol",
        /// Change reason: `changeReason`; missing in examples before 2021.
        pub reason: Option<FuturesPositionChangeReason> = "changeReason",
        /// Current quantity, in contracts, negative if short: `currentQty`.
        pub quantity: Decimal = "currentQty",
        /// Position side: `positionSide`; sent since 2025.
        ///
        /// In one-way mode it does not distinguish long and short: see [`direction`](Self::direction).
        pub position_side: Option<PositionSide> = "positionSide",
        /// Margin mode, isolated or cross: `marginMode`; sent since 2024.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Cross mode, `true` for cross margin: `crossMode`.
        pub cross_mode: Option<bool> = "crossMode",
        /// `true` if the position is open: `isOpen`.
        pub is_open: Option<bool> = "isOpen",
        /// Leverage setting: `leverage`; sent since 2024.
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
        ///
        /// For cross margin it is an estimate that depends on the other positions.
        pub liquidation_price: Option<Decimal> = "liquidationPrice",
        /// Bankruptcy price, at which the margin is used up, in the quote currency: `bankruptPrice`.
        pub bankruptcy_price: Option<Decimal> = "bankruptPrice",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Unrealised profit and loss, at the mark price: `unrealisedPnl`.
        pub unrealised_pnl: Option<Decimal> = "unrealisedPnl",
        /// Unrealised profit and loss as a fraction of the position value, 0.01 for 1 %: `unrealisedPnlPcnt`.
        pub unrealised_pnl_fraction: Option<Decimal> = "unrealisedPnlPcnt",
        /// Unrealised return on equity, as a fraction of the margin, 0.01 for 1 %: `unrealisedRoePcnt`.
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
        /// Position margin, in total: `posMargin`; missing in cross-margin captures.
        pub margin: Option<Decimal> = "posMargin",
        /// Maintenance margin, below which the position is liquidated: `posMaint`.
        ///
        /// Isolated margin only in the published schema, but cross-margin captures have it too.
        pub maintenance: Option<Decimal> = "posMaint",
        /// Manually added margin: `posCross`; isolated margin only.
        pub added_margin: Option<Decimal> = "posCross",
        /// Bankruptcy cost: `posComm`; isolated margin only.
        pub bankruptcy_cost: Option<Decimal> = "posComm",
        /// Funding fees paid from the margin: `posLoss`; isolated margin only.
        pub funding_paid: Option<Decimal> = "posLoss",
        /// Funding fees included in the margin: `posFunding`; isolated margin only.
        pub funding: Option<Decimal> = "posFunding",
        /// Position margin with unrealised profit and loss: `maintMargin`; isolated margin only.
        pub maintenance_margin: Option<Decimal> = "maintMargin",
        /// Maintenance margin rate, a fraction, 0.004 for 0.4 %: `maintMarginReq`.
        ///
        /// Isolated margin only in the published schema, but cross-margin captures have it too.
        pub maintenance_margin_rate: Option<Decimal> = "maintMarginReq",
        /// Risk limit: `riskLimit`; isolated margin only.
        pub risk_limit: Option<Decimal> = "riskLimit",
        /// Risk limit level: `riskLimitLevel`; isolated margin only.
        pub risk_limit_level: Option<u32> = "riskLimitLevel",
        /// Auto deposit, `true` if margin is added automatically: `autoDeposit`; isolated margin only.
        pub auto_deposit: Option<bool> = "autoDeposit",
        /// Rank in the auto-deleveraging (ADL) queue, a fraction, 1 for the first: `delevPercentage`.
        pub deleverage_fraction: Option<Decimal> = "delevPercentage",
        /// Tax: `tax`; sent since 2025.
        pub tax: Option<Decimal> = "tax",
        /// Trade fees: `dealComm`; sent since 2025.
        pub trade_fee: Option<Decimal> = "dealComm",
        /// Funding fees of the position: `fundingFee`; sent since 2025.
        pub funding_fee: Option<Decimal> = "fundingFee",
        /// Aggregate rate: `aggRate`; in the documentation of 2026, which does not explain it.
        pub agg_rate: Option<Decimal> = "aggRate",
        /// Opening time: `openingTimestamp`, sent in milliseconds.
        pub opened_at: Option<Timestamp> = "openingTimestamp",
        /// Time of the change: `currentTimestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "currentTimestamp",
    }
}

open_enum! {
    /// Reason of a position change: `changeReason`.
    pub enum FuturesPositionChangeReason {
        /// `positionChange`: an order of the user was filled.
        PositionChange = "positionChange",
        /// `marginChange`: the margin of the position changed.
        MarginChange = "marginChange",
        /// `liquidation`: the position was liquidated.
        Liquidation = "liquidation",
        /// `autoAppendMarginStatusChange`: automatic addition of margin was switched on or off.
        AutoAppendMarginStatusChange = "autoAppendMarginStatusChange",
        /// `adl`: auto-deleveraging (ADL) reduced or closed the position.
        AutoDeleveraging = "adl",
        /// `changeRiskLimit`: the risk limit changed; sent since 2026.
        ChangeRiskLimit = "changeRiskLimit",
        /// `markPriceChange`: the mark price changed.
        MarkPriceChange = "markPriceChange",
    }
}

impl FuturesPositionChange {
    /// Returns long or short by the sign of the quantity; `None` if the position is closed.
    pub fn direction(&self) -> Option<PositionSide> {
        if self.is_flat() {
            None
        } else if self.quantity.is_sign_negative() {
            Some(PositionSide::Short)
        } else {
            Some(PositionSide::Long)
        }
    }

    /// Returns `true` if the position is closed: the quantity is 0.
    pub fn is_flat(&self) -> bool {
        self.quantity.is_zero()
    }

    /// Updates the fields that depend on the mark price, and keeps all others.
    ///
    /// A field that `patch` lacks keeps its value. Symbol, side, margin mode, leverage and entry price do not change.
    /// The caller must check that the change is for this position.
    pub fn apply(&mut self, patch: &FuturesMarkPriceChange) {
        let update = |value: &mut Option<Decimal>, new: Option<Decimal>| *value = new.or(*value);
        update(&mut self.mark_price, patch.mark_price);
        update(&mut self.mark_value, patch.mark_value);
        update(&mut self.maintenance_margin, patch.maintenance_margin);
        update(&mut self.real_leverage, patch.real_leverage);
        update(&mut self.unrealised_pnl, patch.unrealised_pnl);
        update(
            &mut self.unrealised_pnl_fraction,
            patch.unrealised_pnl_fraction,
        );
        update(
            &mut self.unrealised_roe_fraction,
            patch.unrealised_roe_fraction,
        );
        update(&mut self.deleverage_fraction, patch.deleverage_fraction);
        self.time = patch.time.or(self.time);
    }
}

/// Dedup key: symbol, side, margin mode, reason, time, and the amounts that a change can affect.
///
/// The amounts (quantity, cost, realised profit, margin, leverage) matter because a position may change several times
/// in a millisecond.
impl Event for FuturesPositionChange {
    fn dedup_key(&self) -> String {
        let amounts = [
            self.current_cost,
            self.realised_pnl,
            self.margin,
            self.leverage,
        ];
        let [cost, realised, margin, leverage] =
            amounts.map(|amount| amount.unwrap_or_default().normalize());
        format!(
            "{}:{}:{}:{}:{}:{}:{cost}:{realised}:{margin}:{leverage}",
            self.symbol.as_deref().unwrap_or_default(),
            self.position_side.as_ref().map_or("", PositionSide::as_str),
            self.margin_mode.as_ref().map_or("", MarginMode::as_str),
            self.reason
                .as_ref()
                .map_or("", FuturesPositionChangeReason::as_str),
            self.time.unwrap_or_default(),
            self.quantity.normalize(),
        )
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
