//! Debts and status of the cross-margin account: /margin/position.

use kucoin_streams_core::{Decimal, DecodeError, Event, Timestamp};
use kucoin_streams_decode::{Entries, Record, Scanner, event, open_enum};

use super::moment;
use crate::SpotPrivate;
use crate::envelope::{Around, Data};
use crate::subjects::subjects;
use crate::topic::topic;

topic! {
    /// Debts and status of the cross-margin account: `/margin/position`.
    ///
    /// While there is a debt, the debt ratio is pushed every few seconds, changed or not. Without a debt the topic is
    /// quiet.
    pub struct MarginPositions: MarginPosition, on SpotPrivate, at "/margin/position"
}

subjects! {
    /// What is told about the cross-margin account.
    ///
    /// Which variant it is, is told by the data: with `debtRatio` it is a debt ratio, else with `type` a change of
    /// status, for a published example shows the latter under the subject of the former. The subject decides where
    /// the data has neither.
    pub enum MarginPosition {
        /// The debts and what stands against them: subject `debt.ratio`.
        DebtRatio(MarginDebtRatio) = "debt.ratio" if [
            "debtRatio", "totalDebt", "totalAsset", "marginCoefficientTotalAsset", "assetList", "debtList"
        ],
        /// The account is frozen, thawed, in liability or out of it: subject `position.status`.
        Status(MarginStatusChange) = "position.status" if ["type"],
    }
}

event! {
    /// The debts of the cross-margin account and what stands against them: subject `debt.ratio`.
    ///
    /// Totals are in BTC, interest included. Which fields there are has grown over the years: frames of 2022 have no
    /// list of assets, older ones nothing but ratio, debts and time.
    pub struct MarginDebtRatio {
        /// Total debt by total asset, `0.64` for 64 %: `debtRatio`, a JSON number.
        pub debt_ratio: Option<Decimal> = "debtRatio",
        /// All debts, in BTC: `totalDebt`.
        pub total_debt: Option<Decimal> = "totalDebt",
        /// All assets, in BTC: `totalAsset`, a JSON number of twenty digits and more.
        pub total_asset: Option<Decimal> = "totalAsset",
        /// All assets, each weighted by the margin coefficient of its currency, in BTC:
        /// `marginCoefficientTotalAsset`.
        pub margin_coefficient_total_asset: Option<Decimal> = "marginCoefficientTotalAsset",
        /// What there is of each currency: `assetList`.
        pub asset_list: Option<Entries<MarginAsset>> = "assetList",
        /// What is owed of each currency, in that currency: `debtList`.
        pub debt_list: Option<Entries<Decimal>> = "debtList",
        /// A change of status beside it: `type`, which the published schema has here too and no frame showed.
        pub status: Option<MarginStatus> = "type",
        /// When it was so: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// What the cross-margin account has of one currency, in that currency.
    pub struct MarginAsset {
        /// All there is: `total`.
        pub total: Option<Decimal> = "total",
        /// What can be used: `available`.
        pub available: Option<Decimal> = "available",
        /// What orders hold: `hold`.
        pub hold: Option<Decimal> = "hold",
    }
}

event! {
    /// A change of the cross-margin account's status: subject `position.status`, in a published example
    /// `debt.ratio`.
    pub struct MarginStatusChange {
        /// What became of the account: `type`.
        pub status: MarginStatus = "type",
        /// When: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

open_enum! {
    /// What became of a cross-margin account: wire `type`.
    ///
    /// The published descriptions of the two about renewal contradict their names: take them for words only.
    pub enum MarginStatus {
        /// The debt ratio reached the limit of forced liquidation: the account is frozen.
        FrozenForLiquidation = "FROZEN_FL",
        /// The forced liquidation is over: the account is no longer frozen.
        UnfrozenFromLiquidation = "UNFROZEN_FL",
        /// Frozen for a renewal of its loans.
        FrozenForRenewal = "FROZEN_RENEW",
        /// No longer frozen for a renewal of its loans.
        UnfrozenFromRenewal = "UNFROZEN_RENEW",
        /// It owes more than it has.
        Liability = "LIABILITY",
        /// It no longer owes more than it has.
        LiabilityCleared = "UNLIABILITY",
    }
}

/// What the data holds by which it is told what it is.
#[derive(Default)]
struct Held {
    debt_ratio: bool,
    status: bool,
}

impl Held {
    fn by(mut scanner: Scanner<'_>) -> Result<Self, DecodeError> {
        let mut held = Self::default();
        let mut object = scanner.object()?;
        while let Some((key, value)) = object.member()? {
            match &*key {
                "debtRatio" => held.debt_ratio = !value.is_nothing(),
                "type" => held.status = !value.is_nothing(),
                _ => {}
            }
        }
        Ok(held)
    }
}

impl MarginPosition {
    /// When it was so: `timestamp`, sent in milliseconds. `None` under a subject that this SDK does not know.
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::DebtRatio(ratio) => ratio.time,
            Self::Status(change) => change.time,
            Self::Other(_) => None,
        }
    }
}

impl Data for MarginPosition {
    const BY_SUBJECT: bool = true;

    fn from_data(scanner: &mut Scanner<'_>, around: Around<'_>) -> Result<Self, DecodeError> {
        let held = Held::by(scanner.clone())?;
        if held.debt_ratio {
            MarginDebtRatio::read(scanner).map(Self::DebtRatio)
        } else if held.status {
            MarginStatusChange::read(scanner).map(Self::Status)
        } else {
            Self::by_subject(around.subject, scanner)
        }
    }
}

/// Time, ratio and total debt.
impl Event for MarginDebtRatio {
    fn dedup_key(&self) -> String {
        let amount = |amount: Option<Decimal>| amount.unwrap_or_default().normalize();
        format!(
            "{}:{}:{}",
            moment(self.time, &self.extra),
            amount(self.debt_ratio),
            amount(self.total_debt),
        )
    }
}

/// Time and status.
impl Event for MarginStatusChange {
    fn dedup_key(&self) -> String {
        format!("{}:{}", moment(self.time, &self.extra), self.status)
    }
}
