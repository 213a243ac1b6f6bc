//! What happens to borrowed money, as values: the wire formats are written from these.

use rust_decimal::Decimal;

use super::{Debt, Worth};
use crate::engine::Balance;
use crate::fault::MarginStatusType;

/// One thing that was told about debts.
#[derive(Debug, Clone)]
pub(crate) enum MarginEvent {
    Cross(CrossMargin),
    Status(CrossStatus),
    Isolated(IsolatedMargin),
}

/// The cross-margin account as it stands, its sums in BTC.
#[derive(Debug, Clone)]
pub(crate) struct CrossMargin {
    /// What is owed as a part of what it is secured by.
    pub(crate) debt_ratio: Decimal,
    pub(crate) total_asset: Decimal,
    /// The assets at the part of their worth at which they secure a debt.
    pub(crate) weighted_asset: Decimal,
    pub(crate) total_debt: Decimal,
    /// The same three sums in USDT.
    pub(crate) worth: Worth,
    /// Every currency that was ever held, so that it shows when a debt is gone.
    pub(crate) currencies: Vec<CurrencyState>,
    pub(crate) time_ms: u64,
}

/// One currency of a margin account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CurrencyState {
    pub(crate) currency: &'static str,
    pub(crate) balance: Balance,
    pub(crate) debt: Debt,
}

/// The cross-margin account went over one of its limits, or came back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrossStatus {
    pub(crate) change: MarginStatusType,
    pub(crate) time_ms: u64,
}

/// An isolated-margin account as it stood when its debt changed, or was about to.
#[derive(Debug, Clone)]
pub(crate) struct IsolatedMargin {
    pub(crate) symbol: &'static str,
    pub(crate) phase: LoanPhase,
    /// What is owed without interest, in quote currency.
    pub(crate) principal: Decimal,
    /// The base currency, then the quote currency.
    pub(crate) currencies: [CurrencyState; 2],
    pub(crate) time_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoanPhase {
    /// The owner borrows; nothing moved yet.
    Borrowing,
    /// The owner repays; nothing moved yet.
    Repaying,
    /// Something is owed.
    Owing,
    /// Nothing is owed any more.
    Clear,
}
