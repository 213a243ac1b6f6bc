//! Isolated-margin accounts: /margin/isolatedPosition.

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Text, Timestamp};
use kucoin_streams_decode::{Entries, Record, Scanner, event, open_enum};

use super::timestamp_key;
use crate::SpotPrivate;
use crate::envelope::{PushContext, PushData};
use crate::path::symbol;
use crate::symbol::SymbolParam;
use crate::topic::topic;

topic! {
    /// Debts and status of one market's isolated-margin account: `/margin/isolatedPosition:SYMBOL`.
    ///
    /// KuCoin has no topic for all markets: subscribe once for each market.
    pub struct IsolatedMarginPositions: IsolatedMarginPosition, on SpotPrivate, at "/margin/isolatedPosition" of SymbolParam::Spot
}

event! {
    /// A change of the isolated-margin account of one market: subject `positionChange`.
    ///
    /// The type follows the published schema; no capture of a live account is known. Fields that the schema does not
    /// have are in [`extra`](Self::extra).
    pub struct IsolatedMarginPosition {
        /// Symbol, such as `BTC-USDT`: `tag`, or the symbol of the topic if KuCoin does not send it.
        pub symbol: Option<Text> = "tag",
        /// Account status: `status`.
        pub status: IsolatedMarginStatus = "status",
        /// Reason of the status: `statusBizType`; missing in some published examples.
        pub reason: Option<IsolatedMarginReason> = "statusBizType",
        /// Accumulated principal of the loans: `accumulatedPrincipal`; KuCoin does not document its currency.
        pub accumulated_principal: Option<Decimal> = "accumulatedPrincipal",
        /// Changed assets and liabilities, by currency: `changeAssets`.
        pub change_assets: Option<Entries<IsolatedMarginAsset>> = "changeAssets",
        /// Time of the change: `timestamp`, sent in milliseconds.
        pub time: Option<Timestamp> = "timestamp",
    }
}

event! {
    /// Assets and liabilities of an isolated-margin account in one currency.
    ///
    /// All amounts are in that currency.
    pub struct IsolatedMarginAsset {
        /// Total balance: `total`.
        pub total: Option<Decimal> = "total",
        /// Hold balance, held by orders: `hold`.
        pub hold: Option<Decimal> = "hold",
        /// Liability principal, borrowed and not repaid: `liabilityPrincipal`.
        pub liability_principal: Option<Decimal> = "liabilityPrincipal",
        /// Liability interest, not paid yet: `liabilityInterest`.
        pub liability_interest: Option<Decimal> = "liabilityInterest",
    }
}

open_enum! {
    /// Status of an isolated-margin account: `status`.
    pub enum IsolatedMarginStatus {
        /// `DEBT`: the account has debts.
        Debt = "DEBT",
        /// `CLEAR`: the account has no debts.
        Clear = "CLEAR",
        /// `IN_BORROW`: the account is borrowing.
        Borrowing = "IN_BORROW",
        /// `IN_REPAY`: the account is repaying.
        Repaying = "IN_REPAY",
        /// `IN_LIQUIDATION`: the account is being liquidated.
        Liquidating = "IN_LIQUIDATION",
        /// `IN_AUTO_RENEW`: the loans are being renewed.
        Renewing = "IN_AUTO_RENEW",
    }
}

open_enum! {
    /// Reason of an isolated-margin account's status: `statusBizType`.
    pub enum IsolatedMarginReason {
        /// `FORCE_LIQUIDATION`: a forced liquidation.
        ForcedLiquidation = "FORCE_LIQUIDATION",
        /// `USER_BORROW`: the user borrowed.
        UserBorrow = "USER_BORROW",
        /// `TRADE_AUTO_BORROW`: funds were borrowed automatically for a trade.
        TradeAutoBorrow = "TRADE_AUTO_BORROW",
        /// `USER_REPAY`: the user repaid.
        UserRepay = "USER_REPAY",
        /// `AUTO_REPAY`: an automatic repayment.
        AutoRepay = "AUTO_REPAY",
        /// `DEFAULT_DEBT`: default status with debts.
        DefaultDebt = "DEFAULT_DEBT",
        /// `DEFAULT_CLEAR`: default status without debts.
        DefaultClear = "DEFAULT_CLEAR",
        /// `ONE_CLICK_LIQUIDATION`: the user closed the position with one click.
        OneClickLiquidation = "ONE_CLICK_LIQUIDATION",
        /// `B2C_INTEREST_SETTLE_LIQUIDATION`: a liquidation to pay the interest of KuCoin's loans.
        InterestLiquidation = "B2C_INTEREST_SETTLE_LIQUIDATION",
        /// `AIR_DROP_LIQUIDATION`: a liquidation for an airdrop.
        AirdropLiquidation = "AIR_DROP_LIQUIDATION",
    }
}

impl PushData for IsolatedMarginPosition {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, context: PushContext<'_>) -> Result<Self, DecodeError> {
        let mut position = Self::read(scanner)?;
        if position.symbol.is_none() {
            position.symbol = symbol(context.topic).map(Text::new);
        }
        Ok(position)
    }
}

/// Dedup key: symbol, status, reason, time, principal, and the amounts of the changed currencies.
///
/// The amounts matter because an account may change more than once in a millisecond.
impl Event for IsolatedMarginPosition {
    fn dedup_key(&self) -> String {
        let amount = |amount: Option<Decimal>| amount.unwrap_or_default().normalize();
        let mut key = format!(
            "{}:{}:{}:{}:{}",
            self.symbol.as_deref().unwrap_or_default(),
            self.status,
            self.reason
                .as_ref()
                .map_or("", IsolatedMarginReason::as_str),
            timestamp_key(self.time, &self.extra),
            amount(self.accumulated_principal),
        );
        for (currency, asset) in self.change_assets.iter().flat_map(Entries::iter) {
            key.push_str(&format!(
                ":{currency}={}/{}/{}/{}",
                amount(asset.total),
                amount(asset.hold),
                amount(asset.liability_principal),
                amount(asset.liability_interest),
            ));
        }
        key
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.time
    }
}
