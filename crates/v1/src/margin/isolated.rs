//! Positions of isolated margin, market by market: /margin/isolatedPosition.

use kucoin_streams_core::{Decimal, DecodeError, Event, Text, Timestamp};
use kucoin_streams_decode::{Entries, Record, Scanner, event, open_enum};

use super::moment;
use crate::SpotPrivate;
use crate::envelope::{Around, Data};
use crate::path::symbol;
use crate::symbol::Market;
use crate::topic::topic;

topic! {
    /// Debts and status of the isolated-margin account of one market: `/margin/isolatedPosition:SYMBOL`.
    ///
    /// It takes one market; subscribe once for each of several. There is no topic of all.
    pub struct IsolatedMarginPositions: IsolatedMarginPosition, on SpotPrivate, at "/margin/isolatedPosition" of Market::Spot
}

event! {
    /// A change of the isolated-margin account of one market: subject `positionChange`.
    ///
    /// It follows the published schema; no frame of a live account is known. So nothing is taken for granted here,
    /// and what a frame has beyond this is in [`extra`](Self::extra).
    pub struct IsolatedMarginPosition {
        /// The market, such as `BTC-USDT`: `tag`, or that of the topic where the data names none.
        pub symbol: Option<Text> = "tag",
        /// What the account is now: `status`.
        pub status: IsolatedMarginStatus = "status",
        /// What made it so: `statusBizType`. Not on every published example.
        pub reason: Option<IsolatedMarginReason> = "statusBizType",
        /// The principal of the loans, summed up: `accumulatedPrincipal`. KuCoin does not say in which currency.
        pub accumulated_principal: Option<Decimal> = "accumulatedPrincipal",
        /// What there is and what is owed of each currency that changed: `changeAssets`.
        pub change_assets: Option<Entries<IsolatedMarginAsset>> = "changeAssets",
        /// When it changed: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// What an isolated-margin account has and owes of one currency, in that currency.
    pub struct IsolatedMarginAsset {
        /// All there is: `total`.
        pub total: Option<Decimal> = "total",
        /// What orders hold: `hold`.
        pub hold: Option<Decimal> = "hold",
        /// What was borrowed and is still owed: `liabilityPrincipal`.
        pub liability_principal: Option<Decimal> = "liabilityPrincipal",
        /// The interest that is owed on it: `liabilityInterest`.
        pub liability_interest: Option<Decimal> = "liabilityInterest",
    }
}

open_enum! {
    /// What an isolated-margin account is: wire `status`.
    pub enum IsolatedMarginStatus {
        /// It owes something.
        Debt = "DEBT",
        /// It owes nothing.
        Clear = "CLEAR",
        /// It is borrowing.
        Borrowing = "IN_BORROW",
        /// It is repaying.
        Repaying = "IN_REPAY",
        /// It is being liquidated.
        Liquidating = "IN_LIQUIDATION",
        /// Its loans are being renewed.
        Renewing = "IN_AUTO_RENEW",
    }
}

open_enum! {
    /// What changed the status of an isolated-margin account: wire `statusBizType`.
    pub enum IsolatedMarginReason {
        /// A forced liquidation.
        ForcedLiquidation = "FORCE_LIQUIDATION",
        /// The user borrowed.
        UserBorrow = "USER_BORROW",
        /// A trade borrowed on its own.
        TradeAutoBorrow = "TRADE_AUTO_BORROW",
        /// The user repaid.
        UserRepay = "USER_REPAY",
        /// It was repaid on its own.
        AutoRepay = "AUTO_REPAY",
        /// There is a debt, and nothing is being done about it.
        DefaultDebt = "DEFAULT_DEBT",
        /// There is no debt.
        DefaultClear = "DEFAULT_CLEAR",
        /// The user had the position closed at one click.
        OneClickLiquidation = "ONE_CLICK_LIQUIDATION",
        /// A liquidation for the interest of the exchange's own loans.
        InterestLiquidation = "B2C_INTEREST_SETTLE_LIQUIDATION",
        /// A liquidation for an airdrop.
        AirdropLiquidation = "AIR_DROP_LIQUIDATION",
    }
}

impl Data for IsolatedMarginPosition {
    fn from_data(scanner: &mut Scanner<'_>, around: Around<'_>) -> Result<Self, DecodeError> {
        let mut position = Self::read(scanner)?;
        if position.symbol.is_none() {
            position.symbol = symbol(around.topic).map(Text::new);
        }
        Ok(position)
    }
}

/// Market, status, reason, time, principal and what the changed currencies came to: an account may change more
/// than once within a millisecond.
impl Event for IsolatedMarginPosition {
    fn dedup_key(&self) -> String {
        let amount = |amount: Option<Decimal>| amount.unwrap_or_default().normalize();
        let mut identity = format!(
            "{}:{}:{}:{}:{}",
            self.symbol.as_deref().unwrap_or_default(),
            self.status,
            self.reason
                .as_ref()
                .map_or("", IsolatedMarginReason::as_str),
            moment(self.time, &self.extra),
            amount(self.accumulated_principal),
        );
        for (currency, asset) in self.change_assets.iter().flat_map(Entries::iter) {
            identity.push_str(&format!(
                ":{currency}={}/{}/{}/{}",
                amount(asset.total),
                amount(asset.hold),
                amount(asset.liability_principal),
                amount(asset.liability_interest),
            ));
        }
        identity
    }
}
