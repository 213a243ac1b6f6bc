//! The futures account as it is seen from outside: a position and a wallet at one moment.

use rust_decimal::Decimal;

use super::SettleCurrency;
use crate::wire::wire_words;

wire_words! {
    /// Whether a position has the whole account behind it or only its own margin.
    #[non_exhaustive]
    pub enum MarginMode {
        /// All free money in the settlement currency is margin (`CROSS`).
        "CROSS" Cross,
        /// The position has a margin of its own (`ISOLATED`).
        "ISOLATED" Isolated,
    }
}

/// A position at one moment. Amounts of money are in the settlement currency; values and costs have
/// KuCoin's sign: positive for a long position in a linear contract and for a short one in an
/// inverse contract. A closed position keeps what it made and its average entry price.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PositionState {
    /// The contract (`symbol`).
    pub symbol: &'static str,
    /// The currency of all amounts (`settleCurrency`).
    pub settle_currency: SettleCurrency,
    /// Cross or isolated (`marginMode`, `crossMode`).
    pub margin_mode: MarginMode,
    /// Contracts, negative when short, 0 when closed (`currentQty`).
    pub quantity: i64,
    /// When it was opened, in milliseconds since 1970 (`openingTimestamp`).
    pub opened_ms: u64,
    /// The moment of this state, in milliseconds since 1970 (`currentTimestamp`).
    pub time_ms: u64,
    /// The average price at which what is open was entered (`avgEntryPrice`).
    pub average_entry: Decimal,
    /// The mark price (`markPrice`).
    pub mark_price: Decimal,
    /// What is open at the mark price (`markValue`).
    pub mark_value: Decimal,
    /// What is open at its entry (`posCost`, `unrealisedCost`).
    pub open_cost: Decimal,
    /// The sum of all costs since the opening (`currentCost`).
    pub current_cost: Decimal,
    /// The part of it that is realised (`realisedGrossCost`).
    pub realised_gross_cost: Decimal,
    /// Trading fees paid since the opening (`dealComm`, which has the sign of a profit).
    pub fees: Decimal,
    /// Funding since the opening, positive when received (`fundingFee`).
    pub funding: Decimal,
    /// The profit if it were closed at the mark price (`unrealisedPnl`).
    pub unrealised_pnl: Decimal,
    /// The leverage: that of the symbol in cross mode, the real one in isolated mode (`leverage`).
    pub leverage: Decimal,
    /// The initial margin (`posInit`).
    pub initial_margin: Decimal,
    /// The maintenance margin: below it the position is liquidated (`posMaint`).
    pub maintenance_margin: Decimal,
    /// The maintenance margin as a part of the margin, in cross mode together with the other cross
    /// positions: at 1 it is liquidated. Only Pro V2 has it (`r`).
    pub risk_ratio: Decimal,
    /// As a part of the cost (`maintMarginReq`).
    pub maintenance_rate: Decimal,
    /// Where it is liquidated (`liquidationPrice`).
    pub liquidation_price: Decimal,
    /// Where its margin is gone (`bankruptPrice`).
    pub bankruptcy_price: Decimal,
    /// How near it is to being deleveraged, from 0 to 1 (`delevPercentage`). There are no other
    /// traders here to rank with: it is the return on the initial margin.
    pub deleverage: Decimal,
    /// What only an isolated position has.
    pub isolated: Option<IsolatedMargin>,
}

impl PositionState {
    /// The profit that was realised since the opening, before fees and funding (`realisedGrossPnl`).
    #[must_use]
    pub fn realised_gross_pnl(&self) -> Decimal {
        -self.realised_gross_cost
    }

    /// Fees paid less funding received since the opening (`currentComm`).
    #[must_use]
    pub fn commission(&self) -> Decimal {
        self.fees - self.funding
    }

    /// The profit that was realised since the opening, after fees and funding (`realisedPnl`).
    #[must_use]
    pub fn realised_pnl(&self) -> Decimal {
        self.realised_gross_pnl() - self.commission()
    }
}

/// The margin of an isolated position, in the settlement currency.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IsolatedMargin {
    /// All of it (`posMargin`).
    pub margin: Decimal,
    /// The part that was added by hand (`posCross`).
    pub added: Decimal,
    /// The part that would pay the fee of closing at the bankruptcy price (`posComm`).
    pub closing_fee: Decimal,
    /// Funding that was paid out of it (`posLoss`).
    pub funding_paid: Decimal,
    /// Funding that was received into it (`posFunding`).
    pub funding_received: Decimal,
    /// Margin is added by itself before a liquidation (`autoDeposit`).
    pub auto_deposit: bool,
    /// The step of the risk limit (`riskLimitLevel`).
    pub risk_level: i64,
    /// What the position may be worth at most at that step (`riskLimit`).
    pub risk_limit: i64,
}

/// The futures account in one settlement currency at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FuturesBalance {
    /// The currency (`currency`).
    pub currency: SettleCurrency,
    /// Deposits and everything that was realised (`walletBalance`).
    pub balance: Decimal,
    /// Held for withdrawals (`holdBalance`).
    pub hold: Decimal,
    /// Margins of cross positions (`crossPosMargin`).
    pub cross_position_margin: Decimal,
    /// Margins of open orders in cross mode (`crossOrderMargin`).
    pub cross_order_margin: Decimal,
    /// Unrealised profit of cross positions (`crossUnPnl`).
    pub cross_unrealised_pnl: Decimal,
    /// Margins of isolated positions without the funding that they received (`isolatedPosMargin`).
    pub isolated_position_margin: Decimal,
    /// Margins of open orders in isolated mode (`isolatedOrderMargin`).
    pub isolated_order_margin: Decimal,
    /// Funding that isolated positions received into their margins (`isolatedFundingFeeMargin`).
    pub isolated_funding_margin: Decimal,
    /// Unrealised profit of isolated positions (`isolatedUnPnl`).
    pub isolated_unrealised_pnl: Decimal,
    /// Grows by one with every change but those of unrealised profits (`version`).
    pub version: u64,
}

impl FuturesBalance {
    /// The balance and all unrealised profit (`equity`).
    #[must_use]
    pub fn equity(&self) -> Decimal {
        self.balance + self.cross_unrealised_pnl + self.isolated_unrealised_pnl
    }

    /// The margin of all cross positions: the balance without what is held and what is
    /// isolated, and with the unrealised profit of cross positions (`totalCrossMargin`).
    #[must_use]
    pub fn total_cross_margin(&self) -> Decimal {
        self.balance + self.cross_unrealised_pnl
            - self.hold
            - self.isolated_position_margin
            - self.isolated_order_margin
            - self.isolated_funding_margin
    }

    /// What is left of it besides cross positions and orders; below zero when these lost more than
    /// there is (`availableMargin`).
    #[must_use]
    pub fn available_margin(&self) -> Decimal {
        self.total_cross_margin() - self.cross_position_margin - self.cross_order_margin
    }

    /// The available margin, not below zero (`availableBalance`).
    #[must_use]
    pub fn available(&self) -> Decimal {
        self.available_margin().max(Decimal::ZERO)
    }

    /// What is available without unrealised profit (`maxWithdrawAmount`).
    #[must_use]
    pub fn max_withdraw(&self) -> Decimal {
        let profit = self.cross_unrealised_pnl.max(Decimal::ZERO);
        (self.available_margin() - profit).max(Decimal::ZERO)
    }
}
