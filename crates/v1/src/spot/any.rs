//! Any topic and any event of the spot connection, which serves margin topics too.

use super::{
    Balance, BalanceSnapshots, Balances, MarketMatch, MarketMatches, SpotOrder, SpotOrders,
    SpotOrdersV1, SpotStopOrder, SpotStopOrders, SpotTradeFill, SpotTradeFills,
};
use crate::SpotPrivate;
use crate::any::any_topic;
use crate::margin::{
    IsolatedMarginPosition, IsolatedMarginPositions, MarginPosition, MarginPositions,
};

any_topic! {
    on SpotPrivate;

    /// Any topic of the spot connection, parsed from its path such as `/account/balance`.
    ///
    /// Futures topics are not included, so a futures topic on the spot connection does not compile.
    topics AnySpotTopic {
        /// `/spotMarket/tradeOrdersV2`.
        SpotOrders => Order account_wide,
        /// `/spotMarket/tradeOrders`: not account-wide, since [`SpotOrders`] has all its events.
        SpotOrdersV1 => Order,
        /// `/account/balance`.
        Balances => Balance account_wide,
        /// `/account/snapshotBalance`: not account-wide, since it repeats [`Balances`] and is undocumented.
        BalanceSnapshots => Balance,
        /// `/spotMarket/advancedOrders`.
        SpotStopOrders => StopOrder account_wide,
        /// `/market/match:SYMBOL`, for one or more markets.
        MarketMatches => MarketMatch,
        /// `/spot/tradeFills`: not account-wide, since it repeats the matches of [`SpotOrders`].
        ///
        /// The topic is also undocumented, and pushes nothing to some accounts.
        SpotTradeFills => TradeFill,
        /// `/margin/position`.
        MarginPositions => MarginPosition account_wide,
        /// `/margin/isolatedPosition:SYMBOL`, for one market.
        IsolatedMarginPositions => IsolatedMarginPosition,
    }

    /// Any event of the spot connection.
    events SpotEvent {
        /// An order changed.
        Order(SpotOrder),
        /// A balance changed.
        Balance(Balance),
        /// A stop order changed.
        StopOrder(SpotStopOrder),
        /// A trade was made in a market.
        MarketMatch(MarketMatch),
        /// A fill of an own order, with its fee.
        TradeFill(SpotTradeFill),
        /// The debt ratio was reported, or the status of the cross-margin account changed.
        MarginPosition(MarginPosition),
        /// An isolated-margin account changed.
        IsolatedMarginPosition(IsolatedMarginPosition),
    }
}
