//! Any topic and any event of the futures connection.

use super::{
    FuturesCrossLeverageChange, FuturesCrossLeverages, FuturesMarginModeChange, FuturesMarginModes,
    FuturesOrder, FuturesOrders, FuturesPosition, FuturesPositions, FuturesStopOrder,
    FuturesStopOrders, FuturesSymbolOrders, FuturesSymbolPosition, FuturesWallet,
    FuturesWalletChange,
};
use crate::FuturesPrivate;
use crate::any::any_topic;

any_topic! {
    on FuturesPrivate;

    /// Any topic of the futures connection, parsed from its path such as `/contractMarket/tradeOrders`.
    ///
    /// A topic of the spot connection is not among them, so that it cannot be subscribed to here.
    topics AnyFuturesTopic {
        /// `/contractMarket/tradeOrders`.
        FuturesOrders => Order account_wide,
        /// `/contractMarket/tradeOrders:SYMBOL`.
        FuturesSymbolOrders => Order,
        /// `/contractMarket/advancedOrders`.
        FuturesStopOrders => StopOrder account_wide,
        /// `/contractAccount/wallet`.
        FuturesWallet => Wallet account_wide,
        /// `/contract/positionAll`.
        FuturesPositions => Position account_wide,
        /// `/contract/position:SYMBOL`.
        FuturesSymbolPosition => Position,
        /// `/contract/marginMode`.
        FuturesMarginModes => MarginMode account_wide,
        /// `/contract/crossLeverage`.
        FuturesCrossLeverages => CrossLeverage account_wide,
    }

    /// Any event of the futures connection.
    events FuturesEvent {
        /// A change of an order.
        Order(FuturesOrder),
        /// A change of a stop order.
        StopOrder(FuturesStopOrder),
        /// A change of the account's balance.
        Wallet(FuturesWalletChange),
        /// A change of a position.
        Position(FuturesPosition),
        /// A switch between isolated and cross margin.
        MarginMode(FuturesMarginModeChange),
        /// A change of leverage on cross margin.
        CrossLeverage(FuturesCrossLeverageChange),
    }
}
