//! Kept margin status: debts, risk, leverages and margin modes.

mod ledger;

use kucoin_streams_core::{Decimal, Text, Timestamp};
use kucoin_streams_rest::MarginMode;
use serde::Serialize;

pub(crate) use ledger::MarginLedger;

/// The kept margin status of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountMargin {
    /// Cross margin of V1; `None` until KuCoin reports it.
    pub cross: Option<CrossMarginStatus>,
    /// Isolated margin of V1, by symbol, sorted.
    pub isolated: Vec<IsolatedMarginState>,
    /// Risk of a unified account; `None` until KuCoin reports it.
    pub unified: Option<UnifiedRisk>,
    /// Leverage and margin mode settings, by symbol or currency, sorted.
    pub settings: Vec<MarginSetting>,
}

/// Debts of the cross-margin account of V1.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CrossMarginStatus {
    /// Debt ratio, as a fraction.
    pub debt_ratio: Option<Decimal>,
    /// Total assets, in BTC.
    pub total_assets: Option<Decimal>,
    /// Total debt, in BTC, with interest.
    pub total_debt: Option<Decimal>,
    /// Last status event or status of the account, such as `FROZEN_FL`.
    pub status: Option<Text>,
    /// Exchange time of the last change.
    pub updated_at: Option<Timestamp>,
}

/// The isolated-margin account of one symbol on V1.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IsolatedMarginState {
    /// Symbol.
    pub symbol: Text,
    /// Status, such as `DEBT`.
    pub status: Option<Text>,
    /// Debt ratio, as a fraction; only from REST.
    pub debt_ratio: Option<Decimal>,
    /// Exchange time of the last change.
    pub updated_at: Option<Timestamp>,
}

/// Risk of a unified account. Amounts are in the valuation currency of the account.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnifiedRisk {
    /// Last warning, such as `MARGIN_CALL`; `None` if there was none.
    pub warning: Option<Text>,
    /// Risk ratio, as a fraction: liquidation begins at 1.
    pub risk_ratio: Option<Decimal>,
    /// Equity.
    pub equity: Option<Decimal>,
    /// Adjusted equity.
    pub adjusted_equity: Option<Decimal>,
    /// Liability.
    pub liability: Option<Decimal>,
    /// Available margin.
    pub available_margin: Option<Decimal>,
    /// Initial margin.
    pub initial_margin: Option<Decimal>,
    /// Maintenance margin.
    pub maintenance_margin: Option<Decimal>,
    /// Exchange time of the last change.
    pub updated_at: Option<Timestamp>,
}

/// Leverage and margin mode of a contract, or leverage of a margin currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MarginSetting {
    /// Symbol of the contract, or currency.
    pub name: Text,
    /// Margin mode; `None` if KuCoin has not reported it.
    pub margin_mode: Option<MarginMode>,
    /// Leverage in cross margin; `None` if KuCoin has not reported it.
    pub cross_leverage: Option<Decimal>,
}
