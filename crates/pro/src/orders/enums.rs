//! Enums of order fields.

use kucoin_streams_decode::open_enum;

open_enum! {
    /// Status of an order: wire `os`, a number.
    pub enum OrderStatus {
        /// `0`: a conditional order that waits for its trigger.
        NotTriggered = "0",
        /// `1`: a conditional order that was triggered.
        ///
        /// In a unified account, a child order replaces it: see [`Order`](crate::Order).
        Triggered = "1",
        /// `2`: live in the order book, with no fill yet.
        Live = "2",
        /// `3`: completely filled.
        Filled = "3",
        /// `4`: partially filled; the rest is live.
        PartiallyFilled = "4",
        /// `5`: canceled without a fill.
        Canceled = "5",
        /// `6`: partially filled; the rest was canceled.
        PartiallyCanceled = "6",
    }
}

impl OrderStatus {
    /// Returns KuCoin's name of the status, such as `partialFilled`; the number if the status is unknown.
    pub fn name(&self) -> &str {
        match self {
            Self::NotTriggered => "notTriggered",
            Self::Triggered => "triggered",
            Self::Live => "live",
            Self::Filled => "filled",
            Self::PartiallyFilled => "partialFilled",
            Self::Canceled => "canceled",
            Self::PartiallyCanceled => "partialCanceled",
            Self::Unknown(text) => text,
        }
    }
}

open_enum! {
    /// Type of an order event: wire `eT`.
    pub enum OrderEventType ignoring case {
        /// `OPEN`: the order was placed.
        Open = "OPEN",
        /// `UPDATE`: the order was amended.
        Update = "UPDATE",
        /// `FILL`: the order was filled, partially or completely.
        Fill = "FILL",
        /// `CANCEL`: the order, or the rest of it, was canceled.
        Cancel = "CANCEL",
        /// `TRIGGER`: the conditional order was triggered.
        Trigger = "TRIGGER",
        /// `MATCH`: the order is being matched.
        Match = "MATCH",
    }
}

open_enum! {
    /// Position side of a futures order or position: wire `pS`.
    pub enum PositionSide ignoring case {
        /// `BOTH`: the only position, in one-way mode.
        Both = "BOTH",
        /// `LONG`: the long position, in hedge mode.
        Long = "LONG",
        /// `SHORT`: the short position, in hedge mode.
        Short = "SHORT",
    }
}

open_enum! {
    /// Source of an order: wire `oS`. Only `USER` has been seen.
    pub enum OrderSource ignoring case {
        /// `USER`: placed by the user.
        User = "USER",
    }
}

open_enum! {
    /// Unit of the sizes of an order: wire `qU`.
    pub enum SizeUnit ignoring case {
        /// `BASECCY`: sizes are in the base currency.
        BaseCurrency = "BASECCY",
        /// `QUOTECCY`: sizes are in the quote currency.
        QuoteCurrency = "QUOTECCY",
        /// `UNIT`: sizes are in contracts.
        Contracts = "UNIT",
    }
}

open_enum! {
    /// Trigger direction of a conditional order: wire `tD`.
    pub enum TriggerDirection ignoring case {
        /// `UP`: the price must rise to the trigger price.
        Up = "UP",
        /// `DOWN`: the price must fall to the trigger price.
        Down = "DOWN",
    }
}

open_enum! {
    /// Price type of a trigger: wire `tPT`, `pPT` and `lPT`.
    pub enum TriggerPriceType ignoring case {
        /// `TP`: the price of the last trade.
        Trade = "TP",
        /// `IP`: the index price.
        Index = "IP",
        /// `MP`: the mark price.
        Mark = "MP",
    }
}

open_enum! {
    /// Self-trade prevention of an order: wire `stp`.
    pub enum SelfTradePrevention ignoring case {
        /// `DC` (decrease and cancel): both orders are reduced by the smaller size.
        DecreaseAndCancel = "DC",
        /// `CO`: cancel the older order.
        CancelOld = "CO",
        /// `CN`: cancel the newer order.
        CancelNew = "CN",
        /// `CB`: cancel both orders.
        CancelBoth = "CB",
    }
}

open_enum! {
    /// Time in force of an order: wire `tIF`.
    pub enum TimeInForce ignoring case {
        /// `GTC` (good till canceled): open until filled or canceled.
        GoodTillCanceled = "GTC",
        /// `IOC` (immediate or cancel): the part that does not fill at once is canceled.
        ImmediateOrCancel = "IOC",
        /// `FOK` (fill or kill): the order fills completely at once or is canceled.
        FillOrKill = "FOK",
        /// `GTT` (good till time): canceled at the time set in the order.
        GoodTillTime = "GTT",
        /// `RPI` (retail price improvement): good till canceled, and fills against retail orders only.
        RetailPriceImprovement = "RPI",
    }
}

open_enum! {
    /// Reason why an order was canceled: wire `cR`.
    ///
    /// Some classic frames have a number instead of a name; it is decoded as `Unknown` with the digits.
    pub enum CancelReason {
        /// `USER`: canceled by the user.
        User = "USER",
        /// `IOC`: the unfilled rest of an immediate-or-cancel order.
        ImmediateOrCancel = "IOC",
        /// `FOK`: a fill-or-kill order could not fill completely.
        FillOrKill = "FOK",
        /// `POST_ONLY`: a post-only order would have taken liquidity.
        PostOnly = "POST_ONLY",
        /// `ORDER_BOOK_FULL`: the order book is full.
        OrderBookFull = "ORDER_BOOK_FULL",
        /// `STP`: self-trade prevention canceled the order.
        SelfTradePrevention = "STP",
        /// `ORDER_EXPIRED`: the order expired.
        OrderExpired = "ORDER_EXPIRED",
        /// `ORDER_NOT_MATCH`: the order could not be matched.
        OrderNotMatched = "ORDER_NOT_MATCH",
        /// `NO_SYMBOL`: the symbol does not exist.
        NoSymbol = "NO_SYMBOL",
        /// `NO_ENOUGH_BALANCE`: the balance is insufficient.
        NotEnoughBalance = "NO_ENOUGH_BALANCE",
        /// `NO_MAKER`: the order book has no order to match.
        NoMaker = "NO_MAKER",
        /// `ZERO_SIZE`: the size is zero.
        ZeroSize = "ZERO_SIZE",
        /// `TOO_MANY_ORDER_MATCHED`: the order matched too many orders at once.
        TooManyOrdersMatched = "TOO_MANY_ORDER_MATCHED",
        /// `PRICE_LIMITED`: the price is outside the price limits.
        PriceLimited = "PRICE_LIMITED",
        /// `OP_EXPIRED`: the operation expired.
        OperationExpired = "OP_EXPIRED",
        /// `GTT_PARAM_ERROR`: the time of a good-till-time order is invalid.
        GoodTillTimeParameter = "GTT_PARAM_ERROR",
        /// `EXCEPTION_ORDER`: the order was in an error state.
        ExceptionOrder = "EXCEPTION_ORDER",
        /// `ALTER_ORDER_CANCEL_OLD_ORDER`: the order was replaced by its amendment.
        AlteredOld = "ALTER_ORDER_CANCEL_OLD_ORDER",
        /// `ALTER_ORDER_CANCEL_NEW_ORDER`: the amended order, which would have replaced the old order.
        AlteredNew = "ALTER_ORDER_CANCEL_NEW_ORDER",
        /// `FOK_REPEAT`: a repeated fill-or-kill order.
        FillOrKillRepeated = "FOK_REPEAT",
        /// `MARKET`: the unfilled rest of a market order.
        Market = "MARKET",
        /// `MATCH_COUNT_LIMIT`: the order reached the limit on the number of matches.
        MatchCountLimit = "MATCH_COUNT_LIMIT",
        /// `PRICE_OUT_OF_RANGE`: the price is out of range.
        PriceOutOfRange = "PRICE_OUT_OF_RANGE",
        /// `CLOSE_ORDER_WITHOUT_POSITION`: a closing order without a position to close.
        CloseOrderWithoutPosition = "CLOSE_ORDER_WITHOUT_POSITION",
        /// `NO_ENOUGH_MARGIN_SIZE`: the margin is insufficient for the order size.
        NotEnoughMargin = "NO_ENOUGH_MARGIN_SIZE",
        /// `ADL`: auto-deleveraging (ADL).
        AutoDeleveraging = "ADL",
        /// `NO_MARGIN_SIZE_LARGER_THAN_POSITION`: the size without margin is larger than the position.
        LargerThanPosition = "NO_MARGIN_SIZE_LARGER_THAN_POSITION",
        /// `WORSE_THAN_BANKRUPT_PRICE`: the price is worse than the bankruptcy price.
        WorseThanBankruptPrice = "WORSE_THAN_BANKRUPT_PRICE",
        /// `CANCEL_BY_FUNDING_SETTLE`: the settlement of funding fees.
        FundingSettlement = "CANCEL_BY_FUNDING_SETTLE",
        /// `CHANGE_RISK_LIMIT`: the risk limit was changed.
        RiskLimitChanged = "CHANGE_RISK_LIMIT",
        /// `WHITE_USER_BALANCE_INSUFFICIENT`: the balance of a whitelisted user is insufficient.
        WhiteUserBalance = "WHITE_USER_BALANCE_INSUFFICIENT",
        /// `CANCEL_BY_CONTRACT_SETTLE`: the settlement of the contract.
        ContractSettlement = "CANCEL_BY_CONTRACT_SETTLE",
        /// `CANCEL_BY_SYSTEM_ERR`: a system error at KuCoin.
        SystemError = "CANCEL_BY_SYSTEM_ERR",
        /// `CANCEL_BY_DUPLICATED_ID`: the order ID is a duplicate.
        DuplicatedId = "CANCEL_BY_DUPLICATED_ID",
        /// `BORROWED_FUNDS_ADL`: auto-deleveraging (ADL) of borrowed funds.
        BorrowedFundsAdl = "BORROWED_FUNDS_ADL",
        /// `EXCEEDED_ACCOUNT_LIABILITY_LIMIT`: the liability limit of the account was exceeded.
        LiabilityLimit = "EXCEEDED_ACCOUNT_LIABILITY_LIMIT",
        /// `LIQUIDATION`: the account is being liquidated.
        Liquidation = "LIQUIDATION",
        /// `POSITION_SHORTCUT`: the position was closed by a shortcut action.
        PositionShortcut = "POSITION_SHORTCUT",
        /// `SYSTEM_CANCEL`: canceled by KuCoin.
        ///
        /// An example is the other leg after a take-profit or stop-loss triggered.
        SystemCancel = "SYSTEM_CANCEL",
        /// `iceFrogFrozen`: the hidden part of an iceberg order was frozen.
        IcebergFrozen = "iceFrogFrozen",
    }
}
