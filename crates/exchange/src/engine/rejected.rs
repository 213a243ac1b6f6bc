//! The errors of the engine.

use rust_decimal::Decimal;

use super::Wallet;
use super::futures::PositionSide;

/// Why the local exchange rejected a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The symbol does not exist; [`crate::SYMBOLS`] and [`crate::CONTRACTS`] list those that do.
    #[error("symbol {symbol} does not exist")]
    UnknownSymbol {
        /// The requested symbol.
        symbol: String,
    },
    /// The size is not a positive multiple of the symbol's increment: round it down.
    #[error("size {size} is not a positive multiple of {increment}")]
    Size {
        /// The requested size.
        size: Decimal,
        /// The size increment.
        increment: Decimal,
    },
    /// The price is not a positive multiple of the symbol's tick: round it to the tick.
    #[error("price {price} is not a positive multiple of {increment}")]
    Price {
        /// The requested price.
        price: Decimal,
        /// The tick size.
        increment: Decimal,
    },
    /// The amount is not positive or has more than 12 decimals.
    #[error("amount {amount} is not a positive number with at most 12 decimals")]
    Amount {
        /// The requested amount.
        amount: Decimal,
    },
    /// The amount is too large to be kept exactly: use a smaller one.
    #[error("amount exceeds the limit of {limit}")]
    TooLarge {
        /// The maximum amount.
        limit: Decimal,
    },
    /// The available balance in this currency is insufficient: deposit or transfer first.
    #[error("balance insufficient in {currency}")]
    InsufficientFunds {
        /// Currency of the insufficient balance.
        currency: String,
    },
    /// The account does not support this operation: use another account.
    #[error("account {wallet} does not support this operation")]
    WrongWallet {
        /// The requested account.
        wallet: Wallet,
    },
    /// The account does not support this currency: use a currency that is traded in the account.
    #[error("account does not support currency {currency}")]
    UnknownCurrency {
        /// The requested currency.
        currency: String,
    },
    /// The collateral would be insufficient: transfer more in, repay, or use a smaller amount.
    #[error("debt ratio would be {ratio}, above the limit of {limit}")]
    InsufficientCollateral {
        /// The resulting debt ratio.
        ratio: Decimal,
        /// The maximum debt ratio for this operation.
        limit: Decimal,
    },
    /// The cross-margin account is frozen (debt ratio of 0.97 or more): repay, or transfer more in.
    #[error("margin account is frozen")]
    AccountFrozen,
    /// The amount exceeds the debt: repay at most the debt.
    #[error("amount exceeds the debt of {owed} {currency}")]
    ExceedsDebt {
        /// The currency of the debt.
        currency: String,
        /// The debt in this currency, with interest.
        owed: Decimal,
    },
    /// The contract has an open position or order: close the position and cancel the orders first.
    #[error("positions and orders of {symbol} must be closed first")]
    NotFlat {
        /// Symbol of the contract.
        symbol: String,
    },
    /// The contract has no open position, or no isolated one if required: open one first.
    #[error("{symbol} has no open position that this applies to")]
    NoPosition {
        /// Symbol of the contract.
        symbol: String,
    },
    /// The account has no positions with this side: use `BOTH` in one-way mode, `LONG` or `SHORT` in hedge mode.
    #[error("position side {} does not exist in the account's position mode", side.as_str())]
    PositionSide {
        /// The requested position side.
        side: PositionSide,
    },
    /// The order would close more contracts of a leg than are open: close fewer, or cancel other closing orders first.
    #[error("only {closable} contracts of the {} leg of {symbol} can be closed", side.as_str())]
    ExceedsPosition {
        /// Symbol of the contract.
        symbol: String,
        /// The leg.
        side: PositionSide,
        /// The number of open contracts that no open order closes.
        closable: Decimal,
    },
    /// The leverage is below 1, above the maximum of the risk limit level, or has more than 2 decimals.
    #[error("leverage {leverage} is not between 1 and {max} with at most 2 decimals")]
    Leverage {
        /// The requested leverage.
        leverage: Decimal,
        /// The maximum leverage at the current risk limit level.
        max: Decimal,
    },
    /// The funding rate is out of range or has more than 12 decimals.
    #[error("funding rate {rate} is not between -0.05 and 0.05 with at most 12 decimals")]
    FundingRate {
        /// The requested funding rate.
        rate: Decimal,
    },
    /// Position and orders would exceed the risk limit: request a higher level, or trade less.
    #[error("risk limit {limit} of {symbol} exceeded")]
    RiskLimit {
        /// Symbol of the contract.
        symbol: String,
        /// The maximum position value, in the settlement currency.
        limit: Decimal,
    },
    /// The contract has no such risk limit level.
    #[error("risk limit level {level} is not between 1 and {levels}")]
    RiskLevel {
        /// The requested level.
        level: u32,
        /// The number of levels that the contract has.
        levels: usize,
    },
    /// No open order has this ID: the order may have been filled or canceled already.
    #[error("order {order_id} does not exist or is done")]
    UnknownOrder {
        /// The requested order ID.
        order_id: String,
    },
}
