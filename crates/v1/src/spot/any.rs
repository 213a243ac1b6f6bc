//! Any topic and any event of the spot connection, margin included.

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
    /// A topic of the futures connection is not among them, so that it cannot be subscribed to here.
    topics AnySpotTopic {
        /// `/spotMarket/tradeOrdersV2`.
        SpotOrders => Order account_wide,
        /// `/spotMarket/tradeOrders`: not account-wide, for [`SpotOrders`] has all of its events.
        SpotOrdersV1 => Order,
        /// `/account/balance`.
        Balances => Balance account_wide,
        /// `/account/snapshotBalance`: not account-wide, for it tells the changes of [`Balances`] once more and is
        /// documented nowhere.
        BalanceSnapshots => Balance,
        /// `/spotMarket/advancedOrders`.
        SpotStopOrders => StopOrder account_wide,
        /// `/market/match:SYMBOL`, of single markets.
        MarketMatches => MarketMatch,
        /// `/spot/tradeFills`: not account-wide, for it tells the matches of [`SpotOrders`] once more, is silent for
        /// some accounts and documented nowhere.
        SpotTradeFills => TradeFill,
        /// `/margin/position`.
        MarginPositions => MarginPosition account_wide,
        /// `/margin/isolatedPosition:SYMBOL`, of one market.
        IsolatedMarginPositions => IsolatedMarginPosition,
    }

    /// Any event of the spot connection.
    events SpotEvent {
        /// A change of an order.
        Order(SpotOrder),
        /// A change of a balance.
        Balance(Balance),
        /// A change of a stop order.
        StopOrder(SpotStopOrder),
        /// A trade of a market.
        MarketMatch(MarketMatch),
        /// An own trade with its fee.
        TradeFill(SpotTradeFill),
        /// Debts or status of the cross-margin account.
        MarginPosition(MarginPosition),
        /// A change of an isolated-margin account.
        IsolatedMarginPosition(IsolatedMarginPosition),
    }
}
