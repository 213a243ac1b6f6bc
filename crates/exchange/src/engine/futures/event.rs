//! What happens to the futures account, as values: the wire formats are written from these.

use rust_decimal::Decimal;

pub(crate) use super::super::event::StopChange;
use super::super::event::{Liquidity, OrderChange, Side, Text};
use super::contract::SettleCurrency;

/// One thing that happened, in the order in which it happened.
#[derive(Debug, Clone)]
pub(crate) enum FuturesEvent {
    Order(OrderEvent),
    Stop(StopEvent),
    Position(PositionChange, FuturesPosition),
    Funding(FundingEvent),
    RiskLimit(RiskLimitEvent),
    Wallet(WalletEvent),
    /// The margin mode of a contract, and the leverage that counts in it.
    MarginMode(&'static str, MarginMode, Decimal),
    /// The leverage for the orders to come in this margin mode.
    Leverage(&'static str, MarginMode, Decimal),
}

/// Whether a position has the whole account behind it or only its own margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MarginMode {
    /// All free money in the settlement currency is margin (`CROSS`).
    Cross,
    /// The position has a margin of its own (`ISOLATED`).
    Isolated,
}

impl MarginMode {
    /// The wire's word: `CROSS` or `ISOLATED`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cross => "CROSS",
            Self::Isolated => "ISOLATED",
        }
    }
}

/// On whose behalf an order trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TradeType {
    Trade,
    Liquidation,
}

/// One execution and what it did to the position.
#[derive(Debug, Clone)]
pub(crate) struct FuturesFill {
    pub(crate) price: Decimal,
    pub(crate) size: i64,
    pub(crate) trade_id: Text,
    pub(crate) liquidity: Liquidity,
    /// In the settlement currency, not below zero.
    pub(crate) fee: Decimal,
    /// The profit of the part that closed a position, before the fee.
    pub(crate) closed_pnl: Decimal,
}

/// Sizes are contracts; `filled + remain + canceled` is `size`.
#[derive(Debug, Clone)]
pub(crate) struct OrderEvent {
    pub(crate) change: OrderChange,
    pub(crate) symbol: &'static str,
    pub(crate) side: Side,
    pub(crate) order_id: Text,
    pub(crate) client_oid: Option<Text>,
    pub(crate) order_time_ns: u64,
    pub(crate) engine_time_ms: u64,
    /// None for a market order.
    pub(crate) price: Option<Decimal>,
    pub(crate) trade_type: TradeType,
    pub(crate) margin_mode: MarginMode,
    pub(crate) terms: OrderTerms,
    pub(crate) size: i64,
    pub(crate) filled: i64,
    pub(crate) remain: i64,
    pub(crate) canceled: i64,
    pub(crate) fill: Option<FuturesFill>,
    /// What was left of the order before an update.
    pub(crate) old_size: Option<i64>,
}

/// What only the second generation of the streams tells of an order.
#[derive(Debug, Clone)]
pub(crate) struct OrderTerms {
    pub(crate) leverage: Decimal,
    /// The sum of price times size over all fills, from which the average price follows.
    pub(crate) filled_value: Decimal,
    /// The sum of the fees of all fills.
    pub(crate) fee: Decimal,
    pub(crate) settle: SettleCurrency,
    /// The stop order that it comes from.
    pub(crate) origin: Option<Text>,
    pub(crate) cancel_reason: Option<CancelReason>,
}

/// Why what was left of an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelReason {
    User,
    /// The market had no more for an order without a limit.
    Market,
    RiskLimit,
    Liquidation,
}

/// Which price triggers a stop order of the futures account, and from where it must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// Triggers when the price rises to the stop price or above (`up`).
    Up,
    /// Triggers when the price falls to the stop price or below (`down`).
    Down,
}

impl Direction {
    /// The wire's word: `up` or `down`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// The price that a stop order of the futures account looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopPriceType {
    /// The last traded price (`TP`).
    Trade,
    /// The mark price (`MP`).
    Mark,
    /// The index price (`IP`), which this exchange keeps equal to the mark price.
    Index,
}

impl StopPriceType {
    /// The wire's word: `TP`, `MP` or `IP`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trade => "TP",
            Self::Mark => "MP",
            Self::Index => "IP",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct StopEvent {
    pub(crate) change: StopChange,
    pub(crate) event_id: Text,
    pub(crate) order_id: Text,
    pub(crate) symbol: &'static str,
    pub(crate) settle: SettleCurrency,
    pub(crate) side: Side,
    pub(crate) margin_mode: MarginMode,
    pub(crate) direction: Direction,
    pub(crate) price_type: StopPriceType,
    pub(crate) stop_price: Decimal,
    /// None for a market stop.
    pub(crate) order_price: Option<Decimal>,
    pub(crate) size: i64,
    pub(crate) created_ms: u64,
    pub(crate) time_ms: u64,
}

/// Why a position is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PositionChange {
    Trade,
    Margin,
    RiskLimit,
    AutoDeposit,
    Liquidation,
    MarkPrice,
}

/// A position at one moment. Amounts of money are in the settlement currency; values and costs have
/// KuCoin's sign: positive for a long position in a linear contract and for a short one in an
/// inverse contract. A closed position keeps what it made and its average entry price.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FuturesPosition {
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
    /// The moment that this tells of, in milliseconds since 1970 (`currentTimestamp`).
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
    /// As a part of the margin that stands behind it, in cross mode together with the other cross
    /// positions: at 1 it is liquidated. Only the second generation of the streams tells it (`r`).
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

impl FuturesPosition {
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

#[derive(Debug, Clone)]
pub(crate) struct FundingEvent {
    pub(crate) symbol: &'static str,
    pub(crate) margin_mode: MarginMode,
    pub(crate) settle: SettleCurrency,
    pub(crate) quantity: i64,
    pub(crate) mark_price: Decimal,
    pub(crate) rate: Decimal,
    /// Positive when received.
    pub(crate) fee: Decimal,
    pub(crate) time_ms: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct RiskLimitEvent {
    pub(crate) symbol: &'static str,
    /// The level that was asked for, or why it was not given.
    pub(crate) outcome: Result<(), String>,
    pub(crate) level: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct WalletEvent {
    pub(crate) event_id: Text,
    pub(crate) wallet: FuturesWallet,
    pub(crate) time_ms: u64,
}

/// The futures account in one settlement currency at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FuturesWallet {
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

impl FuturesWallet {
    /// The balance and all unrealised profit (`equity`).
    #[must_use]
    pub fn equity(&self) -> Decimal {
        self.balance + self.cross_unrealised_pnl + self.isolated_unrealised_pnl
    }

    /// What stands behind the cross positions: the balance without what is held and what is
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
