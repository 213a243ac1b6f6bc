//! The cross-margin account, its debts and status: /margin/position.

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Timestamp};
use kucoin_streams_decode::{Entries, Record, Scanner, event, open_enum};

use super::timestamp_key;
use crate::SpotPrivate;
use crate::envelope::{PushContext, PushData};
use crate::subjects::subjects;
use crate::topic::topic;

topic! {
    /// Debts and status of the cross-margin account: `/margin/position`.
    ///
    /// While the account has debts, KuCoin pushes the debt ratio every few seconds, even if it did not change. Without
    /// debts, KuCoin pushes no debt ratio.
    pub struct MarginPositions: MarginPosition, on SpotPrivate, at "/margin/position"
}

subjects! {
    /// The debt ratio or a status change of the cross-margin account.
    ///
    /// The data decides the variant: a debt ratio has `debtRatio`, a status change has `type` and no `debtRatio`. The
    /// subject decides only if the data has neither, since a published example shows a status change under the
    /// subject `debt.ratio`.
    pub enum MarginPosition {
        /// Debts and assets: subject `debt.ratio`.
        DebtRatio(MarginDebtRatio) = "debt.ratio" if [
            "debtRatio", "totalDebt", "totalAsset", "marginCoefficientTotalAsset", "assetList", "debtList"
        ],
        /// A status change, such as frozen or unfrozen: subject `position.status`.
        Status(MarginStatusChange) = "position.status" if ["type"],
    }
}

event! {
    /// Debts and assets of the cross-margin account: subject `debt.ratio`.
    ///
    /// Totals are in BTC and include interest. Old frames have fewer fields: those of 2022 have no
    /// [`asset_list`](Self::asset_list), older ones only the ratio, the debts and the time.
    pub struct MarginDebtRatio {
        /// Debt ratio, total debt divided by total assets, `0.64` for 64 %: `debtRatio`, a JSON number.
        pub debt_ratio: Option<Decimal> = "debtRatio",
        /// Total debt, in BTC: `totalDebt`.
        pub total_debt: Option<Decimal> = "totalDebt",
        /// Total assets, in BTC: `totalAsset`, a JSON number with 20 digits or more.
        pub total_asset: Option<Decimal> = "totalAsset",
        /// Total assets weighted by margin coefficients, in BTC: `marginCoefficientTotalAsset`.
        pub margin_coefficient_total_asset: Option<Decimal> = "marginCoefficientTotalAsset",
        /// Asset list, by currency: `assetList`.
        pub asset_list: Option<Entries<MarginAsset>> = "assetList",
        /// Debt list, by currency, each debt in its currency: `debtList`.
        pub debt_list: Option<Entries<Decimal>> = "debtList",
        /// Status change: `type`; in the published schema, but in no known frame.
        pub status: Option<MarginStatus> = "type",
        /// Time: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// Balance of the cross-margin account in one currency. All amounts are in that currency.
    pub struct MarginAsset {
        /// Total balance: `total`.
        pub total: Option<Decimal> = "total",
        /// Available balance: `available`.
        pub available: Option<Decimal> = "available",
        /// Hold balance, held by orders: `hold`.
        pub hold: Option<Decimal> = "hold",
    }
}

event! {
    /// A status change of the cross-margin account: subject `position.status`.
    ///
    /// A published example shows it under the subject `debt.ratio`.
    pub struct MarginStatusChange {
        /// New status: `type`.
        pub status: MarginStatus = "type",
        /// Time of the change: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

open_enum! {
    /// Status of the cross-margin account: `type`.
    ///
    /// KuCoin's descriptions of `FROZEN_RENEW` and `UNFROZEN_RENEW` contradict their names: do not rely on their
    /// meaning.
    pub enum MarginStatus {
        /// `FROZEN_FL`: the debt ratio reached the liquidation limit, and the account is frozen.
        FrozenForLiquidation = "FROZEN_FL",
        /// `UNFROZEN_FL`: the liquidation is done, and the account is no longer frozen.
        UnfrozenFromLiquidation = "UNFROZEN_FL",
        /// `FROZEN_RENEW`: the account is frozen for a renewal of its loans.
        FrozenForRenewal = "FROZEN_RENEW",
        /// `UNFROZEN_RENEW`: the account is no longer frozen for a renewal of its loans.
        UnfrozenFromRenewal = "UNFROZEN_RENEW",
        /// `LIABILITY`: the debts are greater than the assets.
        Liability = "LIABILITY",
        /// `UNLIABILITY`: the debts are no longer greater than the assets.
        LiabilityCleared = "UNLIABILITY",
    }
}

/// The fields that decide the variant of a [`MarginPosition`].
#[derive(Default)]
struct DecidingFields {
    debt_ratio: bool,
    status: bool,
}

impl DecidingFields {
    fn find(mut scanner: Scanner<'_>) -> Result<Self, DecodeError> {
        let mut found = Self::default();
        let mut object = scanner.object()?;
        while let Some((key, value)) = object.member()? {
            match &*key {
                "debtRatio" => found.debt_ratio = !value.is_null_or_empty(),
                "type" => found.status = !value.is_null_or_empty(),
                _ => {}
            }
        }
        Ok(found)
    }
}

impl MarginPosition {
    /// Returns the event's time: `timestamp`, sent in milliseconds; `None` for an unknown subject.
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::DebtRatio(ratio) => ratio.time,
            Self::Status(change) => change.time,
            Self::Other(_) => None,
        }
    }
}

impl PushData for MarginPosition {
    const BY_SUBJECT: bool = true;

    fn extra(&mut self) -> &mut Extra {
        self.extra_mut()
    }

    fn is_of_unknown_subject(&self) -> bool {
        matches!(self, Self::Other(_))
    }

    fn from_data(scanner: &mut Scanner<'_>, context: PushContext<'_>) -> Result<Self, DecodeError> {
        let found = DecidingFields::find(scanner.clone())?;
        if found.debt_ratio {
            MarginDebtRatio::read(scanner).map(Self::DebtRatio)
        } else if found.status {
            MarginStatusChange::read(scanner).map(Self::Status)
        } else {
            Self::by_subject(context.subject, scanner)
        }
    }
}

/// Dedup key: time, debt ratio and total debt.
impl Event for MarginDebtRatio {
    fn dedup_key(&self) -> String {
        let amount = |amount: Option<Decimal>| amount.unwrap_or_default().normalize();
        format!(
            "{}:{}:{}",
            timestamp_key(self.time, &self.extra),
            amount(self.debt_ratio),
            amount(self.total_debt),
        )
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}

/// Dedup key: time and status.
impl Event for MarginStatusChange {
    fn dedup_key(&self) -> String {
        format!("{}:{}", timestamp_key(self.time, &self.extra), self.status)
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
