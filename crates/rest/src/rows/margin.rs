//! Rows of margin accounts. Margin orders, fills and bookings have the rows of [`spot`](super::spot).

use kucoin_streams_core::{Decimal, Text};
use kucoin_streams_decode::{event, open_enum};

use crate::RowList;

event! {
    /// The cross-margin account: its debts, its status, and its currencies.
    pub struct CrossMarginRow {
        /// Total assets, in the quote currency of the query: `totalAssetOfQuoteCurrency`.
        pub total_assets: Option<Decimal> = "totalAssetOfQuoteCurrency",
        /// Total liability, in the quote currency of the query: `totalLiabilityOfQuoteCurrency`.
        pub total_liability: Option<Decimal> = "totalLiabilityOfQuoteCurrency",
        /// Debt ratio, liabilities by assets, a fraction: `debtRatio`.
        pub debt_ratio: Option<Decimal> = "debtRatio",
        /// Status of the account: `status`.
        pub status: MarginAccountStatus = "status",
        /// Balances, one per currency: `accounts`.
        pub accounts: RowList<MarginCurrencyRow> = "accounts",
    }
}

event! {
    /// The isolated-margin account of one symbol.
    pub struct IsolatedMarginRow {
        /// Symbol, such as `BTC-USDT`: `symbol`.
        pub symbol: Text = "symbol",
        /// Status of the account: `status`.
        pub status: MarginAccountStatus = "status",
        /// Debt ratio, liabilities by assets, a fraction: `debtRatio`.
        pub debt_ratio: Option<Decimal> = "debtRatio",
        /// Balance of the base currency: `baseAsset`.
        pub base: Option<MarginCurrencyRow> = "baseAsset",
        /// Balance of the quote currency: `quoteAsset`.
        pub quote: Option<MarginCurrencyRow> = "quoteAsset",
    }
}

event! {
    /// Balance and debt of a margin account in one currency. All amounts are in that currency.
    pub struct MarginCurrencyRow {
        /// Currency: `currency`.
        pub currency: Text = "currency",
        /// Total balance: `total`.
        pub total: Option<Decimal> = "total",
        /// Available balance: `available`.
        pub available: Option<Decimal> = "available",
        /// Hold balance, held by orders: `hold`.
        pub hold: Option<Decimal> = "hold",
        /// Liability, principal and interest: `liability`.
        pub liability: Option<Decimal> = "liability",
        /// Liability principal, borrowed and not repaid: `liabilityPrincipal`.
        pub liability_principal: Option<Decimal> = "liabilityPrincipal",
        /// Liability interest, not paid yet: `liabilityInterest`.
        pub liability_interest: Option<Decimal> = "liabilityInterest",
        /// Maximum size to borrow: `maxBorrowSize`.
        pub max_borrow_size: Option<Decimal> = "maxBorrowSize",
        /// Whether the currency can be borrowed: `borrowEnabled`.
        pub is_borrow_enabled: Option<bool> = "borrowEnabled",
        /// Whether the currency can be transferred in: `transferInEnabled`.
        pub is_transfer_in_enabled: Option<bool> = "transferInEnabled",
    }
}

open_enum! {
    /// Status of a margin account: `status`.
    ///
    /// KuCoin documents different values for cross and isolated margin.
    pub enum MarginAccountStatus {
        /// `EFFECTIVE`: normal.
        Effective = "EFFECTIVE",
        /// `DEBT`: the account has debts.
        Debt = "DEBT",
        /// `CLEAR`: the account has no debts.
        Clear = "CLEAR",
        /// `BANKRUPTCY`: the balance became negative.
        Bankruptcy = "BANKRUPTCY",
        /// `BORROW`: the account is borrowing (cross margin).
        Borrow = "BORROW",
        /// `IN_BORROW`: the account is borrowing (isolated margin).
        InBorrow = "IN_BORROW",
        /// `REPAY`: the account is repaying (cross margin).
        Repay = "REPAY",
        /// `IN_REPAY`: the account is repaying (isolated margin).
        InRepay = "IN_REPAY",
        /// `LIQUIDATION`: the account is being liquidated (cross margin).
        Liquidation = "LIQUIDATION",
        /// `IN_LIQUIDATION`: the account is being liquidated (isolated margin).
        InLiquidation = "IN_LIQUIDATION",
        /// `IN_AUTO_RENEW`: the loans are being renewed (isolated margin).
        InAutoRenew = "IN_AUTO_RENEW",
    }
}
