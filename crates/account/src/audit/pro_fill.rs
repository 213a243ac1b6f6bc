//! Fills of Pro V2 and their two reports of the fee: by the execution, and by the cumulative fee of the order.

use kucoin_streams_core::{Decimal, Fill, FillKey, Text, Timestamp, WsKey};
use kucoin_streams_pro::Order;

use super::fees::RateKey;
use super::matcher::Certainty;
use super::recent::Timed;
use super::unified::settles_in_account;
use crate::{FrameInfo, exact};

/// Key of a fill: connection, account of the topic, and fill.
pub(super) type FillId = (WsKey, Text, FillKey);

/// A fill, and what is known of its fee.
#[derive(Debug)]
pub(super) struct ProFill {
    /// Local receive time of the first report.
    pub(super) received_at: Timestamp,
    /// `None` while only an order without the price of the fill has reported it.
    pub(super) fill: Option<Fill>,
    pub(super) certainty: Certainty,
    pub(super) execution_fee: Option<(Decimal, Text)>,
    pub(super) order_fee: Option<OrderFeeStep>,
    /// The fee that was deducted first.
    pub(super) applied_fee: Option<(Decimal, Text)>,
    /// `false` if reports may be missing.
    pub(super) is_whole: bool,
}

/// What one event has added to the cumulative fee of an order.
#[derive(Clone, Debug)]
pub(super) struct OrderFeeStep {
    fee: Decimal,
    currency: Text,
    size: Decimal,
}

impl ProFill {
    pub(super) fn new(received_at: Timestamp, is_whole: bool) -> Self {
        Self {
            received_at,
            fill: None,
            certainty: Certainty::Possible,
            execution_fee: None,
            order_fee: None,
            applied_fee: None,
            is_whole,
        }
    }

    /// Returns the fee by the order, if its event is of this fill only.
    pub(super) fn order_fee(&self) -> Option<(Decimal, Text)> {
        let step = self.order_fee.as_ref()?;
        let fill = self.fill.as_ref()?;
        (step.size == fill.size).then(|| (step.fee, step.currency.clone()))
    }

    /// Returns the reports of the fee.
    pub(super) fn fees(&self) -> Vec<(Decimal, Text)> {
        let fees = [self.order_fee(), self.execution_fee.clone()];
        fees.into_iter().flatten().collect()
    }

    /// Returns the key of the fee rate; `None` if the fill does not say whether it was a maker or a taker.
    pub(super) fn rate_key(&self, id: &FillId) -> Option<RateKey> {
        let fill = self.fill.as_ref()?;
        let liquidity = fill
            .liquidity
            .as_ref()
            .filter(|liquidity| !liquidity.as_str().is_empty())?;
        let (_, currency) = self.applied_fee.as_ref()?;
        Some((
            id.0,
            id.1.clone(),
            fill.symbol.clone(),
            Text::new(liquidity.as_str()),
            currency.clone(),
        ))
    }
}

/// The last known state of an order.
#[derive(Debug)]
struct OrderState {
    fee: Decimal,
    filled: Decimal,
    settles_in_account: bool,
}

/// Cumulative fees of orders.
#[derive(Debug)]
pub(super) struct OrderFees {
    orders: Timed<(WsKey, Text, Text), OrderState>,
    max: usize,
}

impl OrderFees {
    pub(super) fn new(max: usize) -> Self {
        Self {
            orders: Timed::default(),
            max,
        }
    }

    /// Takes an order event, and returns what it adds to the fee; `None` if that is unknown, or nothing was filled.
    pub(super) fn see(
        &mut self,
        info: &FrameInfo,
        account: &Text,
        order: &Order,
    ) -> Option<OrderFeeStep> {
        let key = (info.ws_key, account.clone(), order.order_id.clone());
        let before = self.orders.remove(&key);
        let filled = order.filled_size.unwrap_or_default();
        let now = OrderState {
            fee: order.fee.unwrap_or_default(),
            filled,
            settles_in_account: settles_in_account(account, order),
        };
        let known = before.as_ref().map(|before| (before.fee, before.filled));
        let is_older = known.is_some_and(|(_, before)| filled < before);
        let fee = now.fee;
        let kept = before.filter(|_| is_older).unwrap_or(now);
        self.orders.insert(info.received_at, key, kept);
        while self.orders.pop_over(self.max).is_some() {}
        let (fee_before, filled_before) = known?;
        let size = exact::add(filled, -filled_before)?;
        // Without a fee in the event, nothing is known.
        let currency = order.fee.and(order.fee_currency.clone())?;
        let step = OrderFeeStep {
            fee: exact::add(fee, -fee_before)?,
            currency,
            size,
        };
        (size > Decimal::ZERO).then_some(step)
    }

    /// Returns `true` if the order of the fill settles in the account of its topic for certain.
    pub(super) fn is_of_account(&self, id: &FillId) -> bool {
        if id.1 != "UNIFIED" {
            return true;
        }
        let order = id.2.order_id.clone();
        let order = order.and_then(|order_id| self.orders.get(&(id.0, id.1.clone(), order_id)));
        order.is_some_and(|order| order.settles_in_account)
    }

    pub(super) fn forget(&mut self, ws_key: Option<WsKey>) {
        let gone: Vec<_> = self.orders.keys().cloned().collect();
        let gone = gone
            .into_iter()
            .filter(|key| ws_key.is_none_or(|gone| gone == key.0));
        for key in gone {
            self.orders.remove(&key);
        }
    }
}
