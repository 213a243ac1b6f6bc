//! All orders and fills of the account.
use super::*;
use crate::effects::Effects;
use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_recovery::VanishedOrder;
use rpds::RedBlackTreeMapSync;
use std::sync::Arc;
#[derive(Debug)]
pub(crate) struct OrderLedger {
    orders: RedBlackTreeMapSync<Text, Arc<AccountOrder>>,
    fills: RedBlackTreeMapSync<u64, Arc<AccountFill>>,
}
impl OrderLedger {
    pub(crate) fn new(_: usize, _: usize) -> Self {
        Self {
            orders: Default::default(),
            fills: Default::default(),
        }
    }
    pub(crate) fn orders(&self) -> &RedBlackTreeMapSync<Text, Arc<AccountOrder>> {
        &self.orders
    }
    pub(crate) fn fills(&self) -> &RedBlackTreeMapSync<u64, Arc<AccountFill>> {
        &self.fills
    }
    pub(crate) fn apply(&mut self, _: &crate::FrameInfo, _: OrderFacts, _: &mut Effects) {}
    pub(crate) fn vanish(&mut self, _: &VanishedOrder, _: Timestamp, _: &mut Effects) {}
}
