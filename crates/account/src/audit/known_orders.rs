//! Orders of V1 spot and margin that pushes have named.

use kucoin_streams_core::{Text, WsKey};

use super::recent::Timed;
use super::trade::TradeKey;
use crate::FrameInfo;

/// What is known of an order.
#[derive(Debug, Default)]
struct KnownOrder {
    /// `true` if an order push was seen; `false` if only a balance push names the order.
    is_pushed: bool,
    /// Account in which the order settles; `None` until a balance push names it.
    account: Option<Text>,
}

/// The orders that were named last.
#[derive(Debug)]
pub(super) struct KnownOrders {
    orders: Timed<(WsKey, Text), KnownOrder>,
    max: usize,
}

impl KnownOrders {
    pub(super) fn new(max: usize) -> Self {
        Self {
            orders: Timed::default(),
            max,
        }
    }

    pub(super) fn on_push(&mut self, info: &FrameInfo, order_id: &Text) {
        if let Some(known) = self.see(info, order_id) {
            known.is_pushed = true;
        }
    }

    pub(super) fn on_balance(&mut self, info: &FrameInfo, order_id: &Text, account: &Text) {
        if let Some(known) = self.see(info, order_id) {
            known.account = Some(account.clone());
        }
    }

    /// Returns `true` if an order push was seen of the order of the trade.
    pub(super) fn is_pushed(&self, trade: &TradeKey) -> bool {
        self.of(trade).is_some_and(|order| order.is_pushed)
    }

    /// Returns the account in which the order of the trade settles.
    pub(super) fn account(&self, trade: &TradeKey) -> Option<&Text> {
        self.of(trade)?.account.as_ref()
    }

    fn of(&self, (ws_key, _, _, order_id): &TradeKey) -> Option<&KnownOrder> {
        self.orders.get(&(*ws_key, order_id.clone()?))
    }

    fn see(&mut self, info: &FrameInfo, order_id: &Text) -> Option<&mut KnownOrder> {
        while self.orders.pop_over(self.max).is_some() {}
        let key = (info.ws_key, order_id.clone());
        self.orders.touch(info.received_at, key)
    }
}
