//! A position in full, as each change of it is sent.

use kucoin_streams_core::{Decimal, Event, Text, Timestamp};
use kucoin_streams_decode::{event, open_enum};

use super::FuturesMarkPriceChange;
use crate::futures::{MarginMode, PositionSide};

event! {
    /// A position in full after a change: subject `position.change`.
    ///
    /// Amounts are in the settle currency, sizes in contracts. What a margin mode or an older frame does not have
    /// is `None`: the fields that say so are sent for isolated margin only. A position that was closed has the
    /// quantity 0, many other zeros, and its last entry price.
    pub struct FuturesPositionChange {
        /// The contract, such as `XBTUSDTM`: `symbol`, or where the data lacks it the symbol of the topic.
        pub symbol: Option<Text> = "symbol",
        /// Why it changed: `changeReason`. Missing on examples before 2021.
        pub reason: Option<FuturesPositionChangeReason> = "changeReason",
        /// The size, in contracts, below zero where it is short: `currentQty`.
        pub quantity: Decimal = "currentQty",
        /// Which of the contract's positions: `positionSide`, since 2025. In one-way mode it does not tell long from
        /// short; see [`direction`](Self::direction).
        pub position_side: Option<PositionSide> = "positionSide",
        /// Isolated or cross margin: `marginMode`, since 2024.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Whether it is on cross margin: `crossMode`.
        pub cross_mode: Option<bool> = "crossMode",
        /// Whether there is a position: `isOpen`.
        pub is_open: Option<bool> = "isOpen",
        /// The leverage that was set: `leverage`, since 2024.
        pub leverage: Option<Decimal> = "leverage",
        /// The leverage that there is: `realLeverage`. Isolated only.
        pub real_leverage: Option<Decimal> = "realLeverage",
        /// The average entry price, in the quote currency: `avgEntryPrice`.
        pub average_entry_price: Option<Decimal> = "avgEntryPrice",
        /// The mark price, in the quote currency: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// What the position is worth at the mark price, below zero where it is short: `markValue`.
        pub mark_value: Option<Decimal> = "markValue",
        /// The price at which it is liquidated, in the quote currency: `liquidationPrice`. On cross margin an
        /// estimate, which other positions move.
        pub liquidation_price: Option<Decimal> = "liquidationPrice",
        /// The price at which its margin is used up, in the quote currency: `bankruptPrice`.
        pub bankruptcy_price: Option<Decimal> = "bankruptPrice",
        /// The settle currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Profit at the mark price that is not realised: `unrealisedPnl`.
        pub unrealised_pnl: Option<Decimal> = "unrealisedPnl",
        /// The same as a fraction of the position's value, 0.01 for one per cent: `unrealisedPnlPcnt`.
        pub unrealised_pnl_fraction: Option<Decimal> = "unrealisedPnlPcnt",
        /// The same as a fraction of what was put in, return on equity: `unrealisedRoePcnt`.
        pub unrealised_roe_fraction: Option<Decimal> = "unrealisedRoePcnt",
        /// Realised profit, fees included: `realisedPnl`.
        pub realised_pnl: Option<Decimal> = "realisedPnl",
        /// Realised profit of the trades alone: `realisedGrossPnl`.
        pub realised_gross_pnl: Option<Decimal> = "realisedGrossPnl",
        /// Realised value of the trades alone: `realisedGrossCost`.
        pub realised_gross_cost: Option<Decimal> = "realisedGrossCost",
        /// Realised value so far: `realisedCost`.
        pub realised_cost: Option<Decimal> = "realisedCost",
        /// Value that is not realised: `unrealisedCost`.
        pub unrealised_cost: Option<Decimal> = "unrealisedCost",
        /// Value now, realised and not: `currentCost`.
        pub current_cost: Option<Decimal> = "currentCost",
        /// Fees so far: `currentComm`.
        pub current_commission: Option<Decimal> = "currentComm",
        /// Value at the entry price: `posCost`.
        pub cost: Option<Decimal> = "posCost",
        /// Initial margin: `posInit`.
        pub initial_margin: Option<Decimal> = "posInit",
        /// All margin of the position: `posMargin`. Missing on captures of cross margin.
        pub margin: Option<Decimal> = "posMargin",
        /// The margin without which it is liquidated: `posMaint`. Isolated in the published schema; on captures of
        /// cross margin as well.
        pub maintenance: Option<Decimal> = "posMaint",
        /// Margin that was added by hand: `posCross`. Isolated only.
        pub added_margin: Option<Decimal> = "posCross",
        /// The cost of bankruptcy: `posComm`. Isolated only.
        pub bankruptcy_cost: Option<Decimal> = "posComm",
        /// Funding fees that were taken from the margin: `posLoss`. Isolated only.
        pub funding_paid: Option<Decimal> = "posLoss",
        /// Funding fees that stand in the margin: `posFunding`. Isolated only.
        pub funding: Option<Decimal> = "posFunding",
        /// The margin with profit that is not realised: `maintMargin`. Isolated only.
        pub maintenance_margin: Option<Decimal> = "maintMargin",
        /// The rate of maintenance margin, 0.004 for 0.4 per cent: `maintMarginReq`. Isolated in the published
        /// schema; on captures of cross margin as well.
        pub maintenance_margin_rate: Option<Decimal> = "maintMarginReq",
        /// The risk limit: `riskLimit`. Isolated only.
        pub risk_limit: Option<Decimal> = "riskLimit",
        /// The level of the risk limit: `riskLimitLevel`. Isolated only.
        pub risk_limit_level: Option<u32> = "riskLimitLevel",
        /// Whether margin is added automatically: `autoDeposit`. Isolated only.
        pub auto_deposit: Option<bool> = "autoDeposit",
        /// Where it stands in the queue of automatic deleveraging, 1 for the first in it: `delevPercentage`.
        pub deleverage_fraction: Option<Decimal> = "delevPercentage",
        /// Tax: `tax`. Since 2025.
        pub tax: Option<Decimal> = "tax",
        /// The fees of its trades: `dealComm`. Since 2025.
        pub trade_fee: Option<Decimal> = "dealComm",
        /// The funding fees of the position: `fundingFee`. Since 2025.
        pub funding_fee: Option<Decimal> = "fundingFee",
        /// `aggRate`, of the published pages of 2026, which do not explain it.
        pub agg_rate: Option<Decimal> = "aggRate",
        /// When it was opened: `openingTimestamp`, sent in milliseconds.
        pub opened_at: Option<Timestamp> = "openingTimestamp",
        /// When it changed: `currentTimestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "currentTimestamp",
    }
}

open_enum! {
    /// Why a position changed: wire `changeReason`.
    pub enum FuturesPositionChangeReason {
        /// A trade of the user.
        PositionChange = "positionChange",
        /// Its margin was changed.
        MarginChange = "marginChange",
        /// It was liquidated.
        Liquidation = "liquidation",
        /// Automatic adding of margin was switched on or off.
        AutoAppendMarginStatusChange = "autoAppendMarginStatusChange",
        /// It was deleveraged automatically.
        AutoDeleveraging = "adl",
        /// Its risk limit was changed. Seen since 2026.
        ChangeRiskLimit = "changeRiskLimit",
        /// The mark price moved.
        MarkPriceChange = "markPriceChange",
    }
}

impl FuturesPositionChange {
    /// Long or short by the sign of the quantity; `None` where there is no position.
    pub fn direction(&self) -> Option<PositionSide> {
        if self.is_flat() {
            None
        } else if self.quantity.is_sign_negative() {
            Some(PositionSide::Short)
        } else {
            Some(PositionSide::Long)
        }
    }

    /// True where there is no position any more: the quantity is 0.
    pub fn is_flat(&self) -> bool {
        self.quantity.is_zero()
    }

    /// Takes over what a patch tells, and leaves all else as it is: the position after a mark price change.
    ///
    /// Symbol, side and margin mode stay as they are; that the patch is of this position is for the caller to know.
    pub fn apply(&mut self, patch: &FuturesMarkPriceChange) {
        let told = |value: &mut Option<Decimal>, news: Option<Decimal>| *value = news.or(*value);
        told(&mut self.mark_price, patch.mark_price);
        told(&mut self.mark_value, patch.mark_value);
        told(&mut self.maintenance_margin, patch.maintenance_margin);
        told(&mut self.real_leverage, patch.real_leverage);
        told(&mut self.unrealised_pnl, patch.unrealised_pnl);
        told(
            &mut self.unrealised_pnl_fraction,
            patch.unrealised_pnl_fraction,
        );
        told(
            &mut self.unrealised_roe_fraction,
            patch.unrealised_roe_fraction,
        );
        told(&mut self.deleverage_fraction, patch.deleverage_fraction);
        self.time = patch.time.or(self.time);
    }
}

/// Symbol, side, margin mode, reason and time, and the quantity, cost and margin reached: one millisecond may have several
/// changes.
impl Event for FuturesPositionChange {
    fn dedup_key(&self) -> String {
        let reached = [
            self.current_cost,
            self.realised_pnl,
            self.margin,
            self.leverage,
        ];
        let [cost, realised, margin, leverage] =
            reached.map(|amount| amount.unwrap_or_default().normalize());
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
}
