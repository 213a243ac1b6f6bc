//! What an event or a row says about an order.

use kucoin_streams_pro::ProEvent;
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_v1::V1Event;

use crate::FrameInfo;

pub(crate) struct OrderFacts {}
pub(crate) struct Identified {}
pub(crate) fn of_v1(_info: &FrameInfo, _event: &V1Event) -> Option<OrderFacts> {
    None
}
pub(crate) fn of_pro(_info: &FrameInfo, _event: &ProEvent) -> Option<OrderFacts> {
    None
}
pub(crate) fn of_row(_row: &SnapshotRow) -> Option<(FrameInfo, OrderFacts)> {
    None
}
