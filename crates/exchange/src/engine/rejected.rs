//! What the engine refuses, and why.

use rust_decimal::Decimal;

use super::Wallet;

/// Why the exchange did not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The symbol is not traded here; [`crate::SYMBOLS`] and [`crate::CONTRACTS`] list those that are.
    #[error("symbol {symbol} does not exist")]
    UnknownSymbol {
        /// The symbol that was asked for.
        symbol: String,
    },
    /// The size is not a positive multiple of the symbol's increment: round it down.
    #[error("size {size} is not a positive multiple of {increment}")]
    Size {
        /// The size that was asked for.
        size: Decimal,
        /// The increment that it must be a multiple of.
        increment: Decimal,
    },
    /// The price is not a positive multiple of the symbol's tick: round it to the tick.
    #[error("price {price} is not a positive multiple of {increment}")]
    Price {
        /// The price that was asked for.
        price: Decimal,
        /// The tick that it must be a multiple of.
        increment: Decimal,
    },
    /// The amount is not positive, or has more than 12 decimals: give a plain amount.
    #[error("amount {amount} is not positive with at most 12 decimals")]
    Amount {
        /// The amount that was asked for.
        amount: Decimal,
    },
    /// The amount is more than the engine can keep exactly: use a smaller one.
    #[error("amount exceeds the limit of {limit}")]
    TooLarge {
        /// The greatest amount that is taken.
        limit: Decimal,
    },
    /// Not enough is available in this currency: deposit or transfer first.
    #[error("balance insufficient in {currency}")]
    InsufficientFunds {
        /// The currency that is short.
        currency: String,
    },
    /// The account does not do this: name one that does.
    #[error("this is not possible in the account {wallet}")]
    WrongWallet {
        /// The account that was asked for.
        wallet: Wallet,
    },
    /// The account does not keep this currency: name one of those that are traded in it.
    #[error("currency {currency} is not kept in this account")]
    UnknownCurrency {
        /// The currency that was asked for.
        currency: String,
    },
    /// The account would owe too much for what it holds: transfer more in, repay, or take less.
    #[error("debt ratio would be {ratio}, above the limit of {limit}")]
    InsufficientCollateral {
        /// The debt ratio that the account would have.
        ratio: Decimal,
        /// The greatest debt ratio at which this is allowed.
        limit: Decimal,
    },
    /// The cross-margin account owes nearly all that it holds: repay, or transfer more in.
    #[error("margin account is frozen")]
    AccountFrozen,
    /// More than is owed: repay that at most.
    #[error("only {owed} {currency} is owed")]
    ExceedsDebt {
        /// The currency that was to be repaid.
        currency: String,
        /// What is owed in it, with interest.
        owed: Decimal,
    },
    /// A position, or an order, is open in the contract: close and cancel all of it first.
    #[error("positions and orders of {symbol} must be closed first")]
    NotFlat {
        /// The contract.
        symbol: String,
    },
    /// The contract has no open position of the kind that this is about: open one first.
    #[error("{symbol} has no such open position")]
    NoPosition {
        /// The contract.
        symbol: String,
    },
    /// The leverage is below 1, above what the risk limit allows, or has more than 2 decimals.
    #[error("leverage {leverage} is not from 1 to {max} with at most 2 decimals")]
    Leverage {
        /// The leverage that was asked for.
        leverage: Decimal,
        /// The greatest one at this level of the risk limit.
        max: Decimal,
    },
    /// The funding rate is out of range, or has more than 12 decimals: give one nearer to 0.
    #[error("funding rate {rate} is not from -0.05 to 0.05 with at most 12 decimals")]
    FundingRate {
        /// The rate that was asked for.
        rate: Decimal,
    },
    /// Position and orders would exceed the risk limit: raise its level, or trade less.
    #[error("risk limit {limit} of {symbol} exceeded")]
    RiskLimit {
        /// The contract.
        symbol: String,
        /// What it may be worth, in the settlement currency.
        limit: Decimal,
    },
    /// The contract has no such level of the risk limit: ask for one that it has.
    #[error("risk limit level {level} is not from 1 to {levels}")]
    RiskLevel {
        /// The level that was asked for.
        level: u32,
        /// How many there are.
        levels: usize,
    },
    /// No open order has this id: it may have been filled or cancelled already.
    #[error("order {order_id} does not exist or is done")]
    UnknownOrder {
        /// The id that was asked for.
        order_id: String,
    },
}
