//! Enums of order fields.

use kucoin_streams_decode::open_enum;

open_enum! {
    /// Status of an order: wire `os`, a number.
    pub enum OrderStatus {
        /// A conditional order that waits for its trigger.
        NotTriggered = "0",
        /// A conditional order that was triggered. In a unified account a child order replaces it; see
        /// [`Order`](crate::Order).
        Triggered = "1",
        /// Live in the order book, with no fill yet.
        Live = "2",
        /// Completely filled.
        Filled = "3",
        /// Partially filled; the rest is live.
        PartiallyFilled = "4",
        /// Canceled without a fill.
        Canceled = "5",
        /// Partially filled; the rest was canceled.
        PartiallyCanceled = "6",
    }
}

impl OrderStatus {
    /// Returns KuCoin's name of the status, such as `partialFilled`; the number as text if it is unknown.
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
        /// The order was placed.
        Open = "OPEN",
        /// The order was amended.
        Update = "UPDATE",
        /// The order was filled, partially or completely.
        Fill = "FILL",
        /// The order, or the rest of it, was canceled.
        Cancel = "CANCEL",
        /// The conditional order was triggered.
        Trigger = "TRIGGER",
        /// The order is being matched.
        Match = "MATCH",
    }
}

open_enum! {
    /// Position side of a futures order or position: wire `pS`.
    pub enum PositionSide ignoring case {
        /// The position of one-way mode.
        Both = "BOTH",
        /// The long position of hedge mode.
        Long = "LONG",
        /// The short position of hedge mode.
        Short = "SHORT",
    }
}

open_enum! {
    /// Source of an order: wire `oS`. Only `USER` has been seen.
    pub enum OrderSource ignoring case {
        /// Placed by the user.
        User = "USER",
    }
}

open_enum! {
    /// Unit of the sizes of an order: wire `qU`.
    pub enum SizeUnit ignoring case {
        /// The base currency.
        BaseCurrency = "BASECCY",
        /// The quote currency.
        QuoteCurrency = "QUOTECCY",
        /// Contracts.
        Contracts = "UNIT",
    }
}

open_enum! {
    /// Trigger direction of a conditional order: wire `tD`.
    pub enum TriggerDirection ignoring case {
        /// The price must rise to the trigger price.
        Up = "UP",
        /// The price must fall to the trigger price.
        Down = "DOWN",
    }
}

open_enum! {
    /// Price type of a trigger: wire `tPT`, `pPT` and `lPT`.
    pub enum TriggerPriceType ignoring case {
        /// Last trade price.
        Trade = "TP",
        /// Index price.
        Index = "IP",
        /// Mark price.
        Mark = "MP",
    }
}

open_enum! {
    /// Self-trade prevention of an order: wire `stp`.
    pub enum SelfTradePrevention ignoring case {
        /// Decrease and cancel: both orders are reduced by the smaller size.
        DecreaseAndCancel = "DC",
        /// Cancel the older order.
        CancelOld = "CO",
        /// Cancel the newer order.
        CancelNew = "CN",
        /// Cancel both orders.
        CancelBoth = "CB",
    }
}

open_enum! {
    /// Time in force of an order: wire `tIF`.
    pub enum TimeInForce ignoring case {
        /// Good till canceled.
        GoodTillCanceled = "GTC",
        /// Immediate or cancel: the part that does not fill at once is canceled.
        ImmediateOrCancel = "IOC",
        /// Fill or kill: the order fills completely at once or is canceled.
        FillOrKill = "FOK",
        /// Good till time: canceled at the time that the order names.
        GoodTillTime = "GTT",
        /// Retail price improvement: good till canceled, and fills against retail orders only.
        RetailPriceImprovement = "RPI",
    }
}

open_enum! {
    /// Reason why an order was canceled: wire `cR`.
    ///
    /// Some classic frames have a number instead of a name; it is decoded as `Unknown` with the digits.
    pub enum CancelReason {
        /// Canceled by the user.
        User = "USER",
        /// The unfilled rest of an immediate-or-cancel order.
        ImmediateOrCancel = "IOC",
        /// A fill-or-kill order could not fill completely.
        FillOrKill = "FOK",
        /// A post-only order would have taken liquidity.
        PostOnly = "POST_ONLY",
        /// The order book is full.
        OrderBookFull = "ORDER_BOOK_FULL",
        /// Self-trade prevention.
        SelfTradePrevention = "STP",
        /// The order expired.
        OrderExpired = "ORDER_EXPIRED",
        /// The order could not be matched.
        OrderNotMatched = "ORDER_NOT_MATCH",
        /// The symbol does not exist.
        NoSymbol = "NO_SYMBOL",
        /// Insufficient balance.
        NotEnoughBalance = "NO_ENOUGH_BALANCE",
        /// The order book has no order to match.
        NoMaker = "NO_MAKER",
        /// The size is zero.
        ZeroSize = "ZERO_SIZE",
        /// The order matched too many orders at once.
        TooManyOrdersMatched = "TOO_MANY_ORDER_MATCHED",
        /// The price is outside the price limits.
        PriceLimited = "PRICE_LIMITED",
        /// The operation expired.
        OperationExpired = "OP_EXPIRED",
        /// Invalid time of a good-till-time order.
        GoodTillTimeParameter = "GTT_PARAM_ERROR",
        /// The order was in an error state.
        ExceptionOrder = "EXCEPTION_ORDER",
        /// The order was replaced by its amendment.
        AlteredOld = "ALTER_ORDER_CANCEL_OLD_ORDER",
        /// The amended order that would have replaced another.
        AlteredNew = "ALTER_ORDER_CANCEL_NEW_ORDER",
        /// A repeated fill-or-kill order.
        FillOrKillRepeated = "FOK_REPEAT",
        /// The unfilled rest of a market order.
        Market = "MARKET",
        /// The order reached the limit on the number of matches.
        MatchCountLimit = "MATCH_COUNT_LIMIT",
        /// The price is out of range.
        PriceOutOfRange = "PRICE_OUT_OF_RANGE",
        /// A closing order without a position to close.
        CloseOrderWithoutPosition = "CLOSE_ORDER_WITHOUT_POSITION",
        /// Insufficient margin for the order size.
        NotEnoughMargin = "NO_ENOUGH_MARGIN_SIZE",
        /// Auto-deleveraging (ADL).
        AutoDeleveraging = "ADL",
        /// The size without margin is larger than the position.
        LargerThanPosition = "NO_MARGIN_SIZE_LARGER_THAN_POSITION",
        /// The price is worse than the bankruptcy price.
        WorseThanBankruptPrice = "WORSE_THAN_BANKRUPT_PRICE",
        /// Funding settlement.
        FundingSettlement = "CANCEL_BY_FUNDING_SETTLE",
        /// The risk limit was changed.
        RiskLimitChanged = "CHANGE_RISK_LIMIT",
        /// Insufficient balance of a whitelisted user.
        WhiteUserBalance = "WHITE_USER_BALANCE_INSUFFICIENT",
        /// Contract settlement.
        ContractSettlement = "CANCEL_BY_CONTRACT_SETTLE",
        /// System error at KuCoin.
        SystemError = "CANCEL_BY_SYSTEM_ERR",
        /// Duplicate order ID.
        DuplicatedId = "CANCEL_BY_DUPLICATED_ID",
        /// Auto-deleveraging (ADL) of borrowed funds.
        BorrowedFundsAdl = "BORROWED_FUNDS_ADL",
        /// The liability limit of the account was exceeded.
        LiabilityLimit = "EXCEEDED_ACCOUNT_LIABILITY_LIMIT",
        /// The account is being liquidated.
        Liquidation = "LIQUIDATION",
        /// The position was closed by a shortcut action.
        PositionShortcut = "POSITION_SHORTCUT",
        /// Canceled by KuCoin, such as the other leg after a take-profit or stop-loss triggered.
        SystemCancel = "SYSTEM_CANCEL",
        /// The hidden part of an iceberg order was frozen.
        IcebergFrozen = "iceFrogFrozen",
    }
}
