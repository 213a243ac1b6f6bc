//! The words of orders.

use kucoin_streams_decode::open_enum;

open_enum! {
    /// What an order is: wire `os`, a number.
    pub enum OrderStatus {
        /// A conditional order that waits for its trigger.
        NotTriggered = "0",
        /// A conditional order that was triggered. In a unified account a child goes on; see
        /// [`Order`](crate::Order).
        Triggered = "1",
        /// It is in the order book, nothing of it filled.
        Live = "2",
        /// All of it is filled.
        Filled = "3",
        /// Some of it is filled, and the rest is in the order book.
        PartiallyFilled = "4",
        /// It was cancelled, nothing of it filled.
        Canceled = "5",
        /// Some of it was filled, and the rest cancelled.
        PartiallyCanceled = "6",
    }
}

impl OrderStatus {
    /// The status in a word, as KuCoin documents its number, such as `partialFilled`; of an unknown one the number.
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
    /// What happened to an order: wire `eT`.
    pub enum OrderEventType ignoring case {
        /// It was placed.
        Open = "OPEN",
        /// It was amended.
        Update = "UPDATE",
        /// Some or all of it was filled.
        Fill = "FILL",
        /// It was cancelled, or the rest of it was.
        Cancel = "CANCEL",
        /// A conditional order was triggered.
        Trigger = "TRIGGER",
        /// It is being matched.
        Match = "MATCH",
    }
}

open_enum! {
    /// Which of a contract's positions an order changes: wire `pS`.
    pub enum PositionSide ignoring case {
        /// The one position of one-way mode.
        Both = "BOTH",
        /// The long position of hedge mode.
        Long = "LONG",
        /// The short position of hedge mode.
        Short = "SHORT",
    }
}

open_enum! {
    /// Who placed an order: wire `oS`. Only `USER` has been seen.
    pub enum OrderSource ignoring case {
        /// The user.
        User = "USER",
    }
}

open_enum! {
    /// What sizes of an order are counted in: wire `qU`.
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
    /// Whether the price must rise or fall to a trigger: wire `tD`.
    pub enum TriggerDirection ignoring case {
        /// It must rise.
        Up = "UP",
        /// It must fall.
        Down = "DOWN",
    }
}

open_enum! {
    /// Which price a trigger watches: wire `tPT`, `pPT` and `lPT`.
    pub enum TriggerPriceType ignoring case {
        /// The price of the last trade.
        Trade = "TP",
        /// The index price.
        Index = "IP",
        /// The mark price.
        Mark = "MP",
    }
}

open_enum! {
    /// What is done before an order would trade with one of the same account: wire `stp`.
    pub enum SelfTradePrevention ignoring case {
        /// Both are cut by the smaller size.
        DecreaseAndCancel = "DC",
        /// The older is cancelled.
        CancelOld = "CO",
        /// The newer is cancelled.
        CancelNew = "CN",
        /// Both are cancelled.
        CancelBoth = "CB",
    }
}

open_enum! {
    /// How long an order stays: wire `tIF`.
    pub enum TimeInForce ignoring case {
        /// Until it is cancelled.
        GoodTillCanceled = "GTC",
        /// What does not fill at once is cancelled.
        ImmediateOrCancel = "IOC",
        /// All of it fills at once, or none.
        FillOrKill = "FOK",
        /// Until a given time.
        GoodTillTime = "GTT",
        /// Until it is cancelled, as retail price improvement: it meets retail orders only.
        RetailPriceImprovement = "RPI",
    }
}

open_enum! {
    /// Why an order was cancelled: wire `cR`. Some classic frames have a number instead of a word, which is
    /// `Unknown` with its digits.
    pub enum CancelReason {
        /// The user asked for it.
        User = "USER",
        /// The rest of an immediate-or-cancel order.
        ImmediateOrCancel = "IOC",
        /// A fill-or-kill order that could not fill whole.
        FillOrKill = "FOK",
        /// A post-only order that would have taken liquidity.
        PostOnly = "POST_ONLY",
        /// The order book takes no more.
        OrderBookFull = "ORDER_BOOK_FULL",
        /// Self-trade prevention.
        SelfTradePrevention = "STP",
        /// Its time was over.
        OrderExpired = "ORDER_EXPIRED",
        /// It could not be matched.
        OrderNotMatched = "ORDER_NOT_MATCH",
        /// There is no such symbol.
        NoSymbol = "NO_SYMBOL",
        /// The balance did not suffice.
        NotEnoughBalance = "NO_ENOUGH_BALANCE",
        /// There was nobody to trade with.
        NoMaker = "NO_MAKER",
        /// Its size was zero.
        ZeroSize = "ZERO_SIZE",
        /// It matched with too many orders at once.
        TooManyOrdersMatched = "TOO_MANY_ORDER_MATCHED",
        /// Its price was beyond the limits.
        PriceLimited = "PRICE_LIMITED",
        /// The operation came too late.
        OperationExpired = "OP_EXPIRED",
        /// The time of a good-till-time order made no sense.
        GoodTillTimeParameter = "GTT_PARAM_ERROR",
        /// The order was in error.
        ExceptionOrder = "EXCEPTION_ORDER",
        /// An amendment replaced it.
        AlteredOld = "ALTER_ORDER_CANCEL_OLD_ORDER",
        /// It would have replaced another by amendment.
        AlteredNew = "ALTER_ORDER_CANCEL_NEW_ORDER",
        /// A fill-or-kill order that was repeated.
        FillOrKillRepeated = "FOK_REPEAT",
        /// The rest of a market order.
        Market = "MARKET",
        /// It would have traded too often.
        MatchCountLimit = "MATCH_COUNT_LIMIT",
        /// Its price was out of range.
        PriceOutOfRange = "PRICE_OUT_OF_RANGE",
        /// A closing order without a position to close.
        CloseOrderWithoutPosition = "CLOSE_ORDER_WITHOUT_POSITION",
        /// The margin did not suffice for its size.
        NotEnoughMargin = "NO_ENOUGH_MARGIN_SIZE",
        /// Automatic deleveraging.
        AutoDeleveraging = "ADL",
        /// Its size without margin was larger than the position.
        LargerThanPosition = "NO_MARGIN_SIZE_LARGER_THAN_POSITION",
        /// Its price was worse than the price of bankruptcy.
        WorseThanBankruptPrice = "WORSE_THAN_BANKRUPT_PRICE",
        /// The settlement of funding.
        FundingSettlement = "CANCEL_BY_FUNDING_SETTLE",
        /// The risk limit was changed.
        RiskLimitChanged = "CHANGE_RISK_LIMIT",
        /// The balance of a whitelisted user did not suffice.
        WhiteUserBalance = "WHITE_USER_BALANCE_INSUFFICIENT",
        /// The contract was settled.
        ContractSettlement = "CANCEL_BY_CONTRACT_SETTLE",
        /// The exchange was in error.
        SystemError = "CANCEL_BY_SYSTEM_ERR",
        /// Its id was taken.
        DuplicatedId = "CANCEL_BY_DUPLICATED_ID",
        /// Deleveraging of borrowed funds.
        BorrowedFundsAdl = "BORROWED_FUNDS_ADL",
        /// The account would have owed too much.
        LiabilityLimit = "EXCEEDED_ACCOUNT_LIABILITY_LIMIT",
        /// The account is liquidated.
        Liquidation = "LIQUIDATION",
        /// The position was closed by one action.
        PositionShortcut = "POSITION_SHORTCUT",
        /// The exchange did, as with the other leg of a take-profit and stop-loss when one has triggered.
        SystemCancel = "SYSTEM_CANCEL",
        /// The hidden rest of an iceberg order was frozen.
        IcebergFrozen = "iceFrogFrozen",
    }
}
