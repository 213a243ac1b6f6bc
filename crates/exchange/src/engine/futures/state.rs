//! Public state of the futures account: a position and a wallet at one moment.

use rust_decimal::Decimal;

use super::SettleCurrency;
use crate::engine::event::Side;
use crate::wire::wire_enum;

wire_enum! {
    /// Margin mode: cross or isolated.
    #[non_exhaustive]
    pub enum MarginMode {
        /// The available balance in the settlement currency is shared margin (`CROSS`).
        "CROSS" Cross,
        /// The position has its own margin (`ISOLATED`).
        "ISOLATED" Isolated,
    }
}

wire_enum! {
    /// Position side: names a position of a contract (`positionSide`).
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum PositionSide {
        /// The only position of a contract in one-way mode, long or short (`BOTH`).
        "BOTH" Both,
        /// The long leg in hedge mode: a buy opens it, a sell closes it (`LONG`).
        "LONG" Long,
        /// The short leg in hedge mode: a sell opens it, a buy closes it (`SHORT`).
        "SHORT" Short,
    }
}

impl PositionSide {
    /// Returns the wire value of a leg; `None` in one-way mode, in which some messages omit it.
    pub(crate) fn of_leg(self) -> Option<&'static str> {
        (self != Self::Both).then_some(self.as_str())
    }

    /// Returns the side of the orders that close this leg; `None` in one-way mode.
    pub(crate) fn closed_by(self) -> Option<Side> {
        match self {
            Self::Both => None,
            Self::Long => Some(Side::Sell),
            Self::Short => Some(Side::Buy),
        }
    }
}

/// State of a position.
///
/// Amounts are in the settlement currency; values and costs have KuCoin's sign: positive for a long position in a
/// linear contract and for a short one in an inverse contract. A closed position keeps its realised PnL and its
/// average entry price.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PositionState {
    /// Contract symbol (`symbol`).
    pub symbol: &'static str,
    /// Settlement currency, of all amounts (`settleCurrency`).
    pub settle_currency: SettleCurrency,
    /// Margin mode (`marginMode`, `crossMode`).
    pub margin_mode: MarginMode,
    /// Position side (`positionSide`): the leg in hedge mode.
    pub position_side: PositionSide,
    /// Position size in contracts, negative for a short position, 0 if closed (`currentQty`).
    pub quantity: i64,
    /// Opening time, in milliseconds since 1970 (`openingTimestamp`).
    pub opened_ms: u64,
    /// Time of this state, in milliseconds since 1970 (`currentTimestamp`).
    pub time_ms: u64,
    /// Average entry price (`avgEntryPrice`).
    pub average_entry: Decimal,
    /// Mark price (`markPrice`).
    pub mark_price: Decimal,
    /// Position value at the mark price (`markValue`).
    pub mark_value: Decimal,
    /// Position value at entry (`posCost`, `unrealisedCost`).
    pub open_cost: Decimal,
    /// Sum of all costs since the opening (`currentCost`).
    pub current_cost: Decimal,
    /// Realised part of `current_cost` (`realisedGrossCost`).
    pub realised_gross_cost: Decimal,
    /// Trading fees paid since the opening (`dealComm`, with the sign of a profit).
    pub fees: Decimal,
    /// Funding since the opening, positive if received (`fundingFee`).
    pub funding: Decimal,
    /// Unrealised PnL at the mark price (`unrealisedPnl`).
    pub unrealised_pnl: Decimal,
    /// Leverage (`leverage`): the setting of the symbol in cross mode, the real leverage in isolated mode.
    pub leverage: Decimal,
    /// Initial margin (`posInit`).
    pub initial_margin: Decimal,
    /// Maintenance margin (`posMaint`): the position is liquidated at or below it.
    pub maintenance_margin: Decimal,
    /// Risk ratio: maintenance margin divided by margin. Pro V2 only (`r`).
    ///
    /// In cross mode, all cross positions share one ratio. The position is liquidated at a ratio of 1.
    pub risk_ratio: Decimal,
    /// Maintenance margin rate, as a fraction of the cost (`maintMarginReq`).
    pub maintenance_rate: Decimal,
    /// Liquidation price (`liquidationPrice`).
    ///
    /// In cross mode it assumes that the values of all other positions, such as the other leg, do not change.
    pub liquidation_price: Decimal,
    /// Bankruptcy price (`bankruptPrice`), at which no margin is left.
    pub bankruptcy_price: Decimal,
    /// Auto-deleveraging rank, from 0 to 1 (`delevPercentage`).
    ///
    /// There are no other traders to rank against, so the rank is the return on the initial margin.
    pub deleverage: Decimal,
    /// Margin of an isolated position; `None` in cross mode.
    pub isolated: Option<IsolatedMargin>,
}

impl PositionState {
    /// Returns the realised PnL since the opening, before fees and funding (`realisedGrossPnl`).
    #[must_use]
    pub fn realised_gross_pnl(&self) -> Decimal {
        -self.realised_gross_cost
    }

    /// Returns fees paid minus funding received since the opening (`currentComm`).
    #[must_use]
    pub fn commission(&self) -> Decimal {
        self.fees - self.funding
    }

    /// Returns the realised PnL since the opening, after fees and funding (`realisedPnl`).
    #[must_use]
    pub fn realised_pnl(&self) -> Decimal {
        self.realised_gross_pnl() - self.commission()
    }
}

/// The margin of an isolated position, in the settlement currency.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IsolatedMargin {
    /// Total margin (`posMargin`).
    pub margin: Decimal,
    /// Margin added manually (`posCross`).
    pub added: Decimal,
    /// Reserve for the fee of closing at the bankruptcy price (`posComm`).
    pub closing_fee: Decimal,
    /// Funding paid from the margin (`posLoss`).
    pub funding_paid: Decimal,
    /// Funding received into the margin (`posFunding`).
    pub funding_received: Decimal,
    /// `true` if margin is added automatically before a liquidation (`autoDeposit`).
    pub auto_deposit: bool,
    /// Risk limit level (`riskLimitLevel`).
    pub risk_level: i64,
    /// Maximum position value at that level (`riskLimit`).
    pub risk_limit: i64,
}

/// Balance of the futures account in one settlement currency.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FuturesBalance {
    /// Settlement currency (`currency`).
    pub currency: SettleCurrency,
    /// Wallet balance: deposits and realised PnL (`walletBalance`).
    pub balance: Decimal,
    /// Hold balance: reserved for withdrawals (`holdBalance`).
    pub hold: Decimal,
    /// Margins of cross positions (`crossPosMargin`).
    pub cross_position_margin: Decimal,
    /// Margins of open orders in cross mode (`crossOrderMargin`).
    pub cross_order_margin: Decimal,
    /// Unrealised PnL of cross positions (`crossUnPnl`).
    pub cross_unrealised_pnl: Decimal,
    /// Margins of isolated positions without received funding (`isolatedPosMargin`).
    pub isolated_position_margin: Decimal,
    /// Margins of open orders in isolated mode (`isolatedOrderMargin`).
    pub isolated_order_margin: Decimal,
    /// Funding received into the margins of isolated positions (`isolatedFundingFeeMargin`).
    pub isolated_funding_margin: Decimal,
    /// Unrealised PnL of isolated positions (`isolatedUnPnl`).
    pub isolated_unrealised_pnl: Decimal,
    /// Version (`version`): increases by one with every change, except changes of unrealised PnL.
    pub version: u64,
}

impl FuturesBalance {
    /// Returns the equity: balance plus all unrealised PnL (`equity`).
    #[must_use]
    pub fn equity(&self) -> Decimal {
        self.balance + self.cross_unrealised_pnl + self.isolated_unrealised_pnl
    }

    /// Returns the total cross margin (`totalCrossMargin`).
    ///
    /// This is the balance plus the unrealised PnL of cross positions, minus the hold balance and all isolated amounts.
    #[must_use]
    pub fn total_cross_margin(&self) -> Decimal {
        self.balance + self.cross_unrealised_pnl
            - self.hold
            - self.isolated_position_margin
            - self.isolated_order_margin
            - self.isolated_funding_margin
    }

    /// Returns the available margin (`availableMargin`).
    ///
    /// This is the total cross margin minus the margins of cross positions and orders; negative if losses exceed the
    /// margin.
    #[must_use]
    pub fn available_margin(&self) -> Decimal {
        self.total_cross_margin() - self.cross_position_margin - self.cross_order_margin
    }

    /// Returns the available balance (`availableBalance`): the available margin, at least 0.
    #[must_use]
    pub fn available(&self) -> Decimal {
        self.available_margin().max(Decimal::ZERO)
    }

    /// Returns the withdrawable amount (`maxWithdrawAmount`).
    ///
    /// This is the available balance without unrealised profit.
    #[must_use]
    pub fn max_withdraw(&self) -> Decimal {
        let profit = self.cross_unrealised_pnl.max(Decimal::ZERO);
        (self.available_margin() - profit).max(Decimal::ZERO)
    }
}
