//! Rows of the futures account: its state, its bookings, and funding settlements.

use kucoin_streams_core::{Decimal, Text, Timestamp};
use kucoin_streams_decode::{Record, Scanner, event, open_enum};

use crate::rows::{MarginMode, PositionSide};

event! {
    /// The futures account in one settlement currency. All amounts are in that currency.
    pub struct FuturesAccountRow {
        /// Settlement currency: `currency`.
        pub currency: Text = "currency",
        /// Account equity, margin balance and unrealised profit and loss: `accountEquity`.
        pub equity: Option<Decimal> = "accountEquity",
        /// Unrealised profit and loss: `unrealisedPNL`.
        pub unrealised_pnl: Option<Decimal> = "unrealisedPNL",
        /// Margin balance, equity without unrealised profit and loss: `marginBalance`.
        pub margin_balance: Option<Decimal> = "marginBalance",
        /// Position margin: `positionMargin`.
        pub position_margin: Option<Decimal> = "positionMargin",
        /// Order margin: `orderMargin`.
        pub order_margin: Option<Decimal> = "orderMargin",
        /// Frozen funds, of transfers and withdrawals: `frozenFunds`.
        pub frozen_funds: Option<Decimal> = "frozenFunds",
        /// Available balance: `availableBalance`.
        pub available_balance: Option<Decimal> = "availableBalance",
        /// Available margin: `availableMargin`.
        pub available_margin: Option<Decimal> = "availableMargin",
        /// Maximum amount to withdraw: `maxWithdrawAmount`.
        pub max_withdraw_amount: Option<Decimal> = "maxWithdrawAmount",
        /// Risk ratio of cross margin, a fraction: `riskRatio`.
        pub risk_ratio: Option<Decimal> = "riskRatio",
    }
}

event! {
    /// One booking of the futures account.
    pub struct FuturesLedgerRow {
        /// Ledger ID: `offset`, sent as a number; `-1` if the row is [pending](Self::is_pending).
        pub ledger_id: Text = "offset",
        /// Currency: `currency`.
        pub currency: Text = "currency",
        /// Reason of the booking: `type`.
        pub ledger_type: FuturesLedgerType = "type",
        /// Amount, as sent: `amount`. See [`change`](Self::change).
        pub amount: Option<Decimal> = "amount",
        /// Fee: `fee`.
        pub fee: Option<Decimal> = "fee",
        /// Account equity after the booking: `accountEquity`.
        pub equity: Option<Decimal> = "accountEquity",
        /// Status, completed or pending: `status`.
        pub status: FuturesLedgerStatus = "status",
        /// Remark: `remark`; the symbol of the contract for profit and loss, or a text.
        pub remark: Option<Text> = "remark",
        /// Time of the booking: `time`, sent in milliseconds.
        pub created_at: Option<Timestamp> = "time",
    }
}

open_enum! {
    /// Reason of a booking of the futures account: `type`.
    pub enum FuturesLedgerType ignoring case {
        /// `RealisedPNL`: profit and loss of one contract in one settlement period.
        RealisedPnl = "RealisedPNL",
        /// `Deposit`: a deposit.
        Deposit = "Deposit",
        /// `Withdrawal`: a withdrawal.
        Withdrawal = "Withdrawal",
        /// `TransferIn`: a transfer to the futures account.
        TransferIn = "TransferIn",
        /// `TransferOut`: a transfer from the futures account.
        TransferOut = "TransferOut",
    }
}

open_enum! {
    /// Status of a booking of the futures account: `status`.
    pub enum FuturesLedgerStatus ignoring case {
        /// `Completed`: booked.
        Completed = "Completed",
        /// `Pending`: the running settlement period of an open position, not booked yet.
        Pending = "Pending",
    }
}

impl FuturesLedgerRow {
    /// Returns `true` if the row is the running settlement period of an open position, which is no booking.
    pub fn is_pending(&self) -> bool {
        self.status == FuturesLedgerStatus::Pending || self.ledger_id == "-1"
    }

    /// Returns the amount with its sign; `None` if it is unknown, or if the row is pending.
    ///
    /// Transfers out and withdrawals are negative, with or without a sign in KuCoin's reply.
    pub fn change(&self) -> Option<Decimal> {
        let amount = self.amount.filter(|_| !self.is_pending())?;
        match &self.ledger_type {
            FuturesLedgerType::Withdrawal | FuturesLedgerType::TransferOut => Some(-amount.abs()),
            FuturesLedgerType::RealisedPnl
            | FuturesLedgerType::Deposit
            | FuturesLedgerType::TransferIn => Some(amount),
            FuturesLedgerType::Unknown(_) => None,
        }
    }
}

event! {
    /// One funding settlement of a futures position. Amounts are in the settlement currency.
    pub struct FundingRow {
        /// Funding ID: `id`, sent as a number.
        pub funding_id: Text = "id",
        /// Symbol of the contract, such as `XBTUSDTM`: `symbol`.
        pub symbol: Text = "symbol",
        /// Funding time: `timePoint`, sent in milliseconds.
        pub settled_at: Option<Timestamp> = "timePoint",
        /// Funding rate, a fraction: `fundingRate`.
        pub funding_rate: Option<Decimal> = "fundingRate",
        /// Mark price at the settlement, in the quote currency: `markPrice`.
        pub mark_price: Option<Decimal> = "markPrice",
        /// Position quantity, in contracts, negative if short: `positionQty`.
        pub quantity: Option<Decimal> = "positionQty",
        /// Position cost, the position value at the settlement: `positionCost`.
        pub cost: Option<Decimal> = "positionCost",
        /// Funding fee, negative if it was paid: `funding`.
        pub funding: Option<Decimal> = "funding",
        /// Settlement currency: `settleCurrency`.
        pub settle_currency: Option<Text> = "settleCurrency",
        /// Margin mode, isolated or cross: `marginMode`.
        pub margin_mode: Option<MarginMode> = "marginMode",
        /// Context, JSON as text: `context`. See [`position_side`](Self::position_side).
        pub context: Option<Text> = "context",
    }
}

event! {
    /// The position of a funding settlement, from its context.
    struct FundingContext {
        /// Position side: `positionSide`.
        pub position_side: Option<PositionSide> = "positionSide",
    }
}

impl FundingRow {
    /// Returns the position side, from the context; `None` if the context has none.
    pub fn position_side(&self) -> Option<PositionSide> {
        let context = self.context.as_deref()?;
        let read = FundingContext::read(&mut Scanner::new(context)).ok()?;
        read.position_side
    }
}
