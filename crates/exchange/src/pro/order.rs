//! Order changes as Pro V2 reports them, with the order's state at each change.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::streams::AccountType;
use crate::engine::{
    self, CancelReason, Fill, Host, Liquidity, OrderChange, OrderEvent, StopChange, StopEvent,
    Terms, Trigger,
};

/// Decimals of an average price, which is rounded once, only for reports.
const AVERAGE_SCALE: u32 = 20;

/// Stage of an order: `os` and `eT` together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderStage {
    /// An untriggered conditional order.
    Waiting,
    Triggered,
    Live,
    /// The size was reduced.
    Reduced,
    PartlyFilled,
    Filled,
    Canceled,
}

/// Cancel reason: `cR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelCause {
    Canceled(CancelReason),
    /// The order that a triggered stop order placed was rejected.
    Exception,
}

/// One change of an order or of a conditional order.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) stage: OrderStage,
    pub(crate) order: engine::Order,
    pub(crate) fill: Option<Fill>,
    pub(crate) reason: Option<CancelCause>,
    /// Trigger condition of a conditional order.
    pub(crate) condition: Option<Trigger>,
    pub(crate) updated_ns: u64,
}

impl Change {
    /// Converts an event to changes, in order; empty if Pro V2 reports nothing new.
    ///
    /// Pro V2 reports an order as live once, before its first fill; V1 reports a futures order as open after its fills,
    /// or not at all. Pro V2 reports an order as filled with its last fill. A liquidation has no order: only the
    /// execution is reported.
    pub(crate) fn of(event: &OrderEvent) -> Vec<Self> {
        let mut changes = Vec::with_capacity(2);
        if is_liquidation(&event.order) {
            return changes;
        }
        if goes_live(event) {
            changes.push(Self::new(event, OrderStage::Live).when_placed());
        }
        let stage = match event.change {
            OrderChange::Match if event.order.remain.is_zero() => OrderStage::Filled,
            OrderChange::Match => OrderStage::PartlyFilled,
            OrderChange::Update => OrderStage::Reduced,
            OrderChange::Canceled => OrderStage::Canceled,
            OrderChange::Received | OrderChange::Open | OrderChange::Filled => return changes,
        };
        let change = Self::new(event, stage);
        // V1 ends an order by funds as `canceled` even if the fills spent all funds.
        if stage != OrderStage::Canceled || !change.canceled().is_zero() {
            changes.push(change);
        }
        changes
    }

    /// Returns the order of a fill, including liquidations; `None` for other events.
    pub(crate) fn of_fill(event: &OrderEvent) -> Option<Self> {
        event.fill.as_ref()?;
        Some(Self::new(event, OrderStage::PartlyFilled))
    }

    /// Converts a change of a conditional order, which is never filled: the order that it places is filled.
    pub(crate) fn of_stop(event: &StopEvent) -> Self {
        let stop = &event.stop;
        let (stage, reason) = match &event.change {
            StopChange::Open => (OrderStage::Waiting, None),
            StopChange::Triggered(Ok(())) => (OrderStage::Triggered, None),
            StopChange::Triggered(Err(_)) => (OrderStage::Canceled, Some(CancelCause::Exception)),
            StopChange::Cancel => {
                let reason = CancelCause::Canceled(CancelReason::User);
                (OrderStage::Canceled, Some(reason))
            }
        };
        let terms = match stop.terms {
            // Conditional orders have no leverage on the wire.
            Terms::Futures {
                margin_mode,
                position_side,
                ..
            } => Terms::Futures {
                margin_mode,
                position_side,
                leverage: Decimal::ZERO,
                liquidation: false,
            },
            terms => terms,
        };
        let (remain, canceled) = match stage {
            OrderStage::Canceled => (Decimal::ZERO, stop.size),
            _ => (stop.size, Decimal::ZERO),
        };
        Self {
            stage,
            order: engine::Order {
                id: stop.id.clone(),
                client_oid: None,
                market: stop.market,
                symbol: stop.symbol,
                side: stop.side,
                price: stop.order_price,
                by_funds: false,
                size: stop.size,
                reduced: Decimal::ZERO,
                remain,
                filled: Decimal::ZERO,
                canceled,
                filled_value: Decimal::ZERO,
                deal_value: Decimal::ZERO,
                fee: Decimal::ZERO,
                fee_currency: stop.fee_currency,
                created_ns: nanoseconds(stop.created_ms),
                origin: None,
                trigger: None,
                cancel_reason: None,
                terms,
                hold: Decimal::ZERO,
                hold_per_unit: Decimal::ZERO,
            },
            fill: None,
            reason,
            condition: Some(stop.trigger),
            updated_ns: nanoseconds(event.time_ms),
        }
    }

    /// Returns the state of an order after its latest change, without the fill of this change.
    ///
    /// An order by funds that spent all funds is filled, although its last change in V1 is `canceled`.
    pub(crate) fn of_state(order: &engine::Order, change: OrderChange, time_ms: u64) -> Self {
        let filled = order.remain.is_zero();
        let stage = match change {
            OrderChange::Received | OrderChange::Open if order.filled.is_zero() => OrderStage::Live,
            OrderChange::Update => OrderStage::Reduced,
            OrderChange::Filled => OrderStage::Filled,
            OrderChange::Match if filled => OrderStage::Filled,
            OrderChange::Canceled => OrderStage::Canceled,
            OrderChange::Received | OrderChange::Open | OrderChange::Match => {
                OrderStage::PartlyFilled
            }
        };
        let mut state = Self {
            stage,
            order: order.clone(),
            fill: None,
            reason: order.cancel_reason.map(CancelCause::Canceled),
            condition: None,
            updated_ns: nanoseconds(time_ms),
        };
        if stage == OrderStage::Canceled && state.canceled().is_zero() {
            state.stage = OrderStage::Filled;
            state.reason = None;
        }
        state
    }

    fn new(event: &OrderEvent, stage: OrderStage) -> Self {
        Self {
            stage,
            order: event.order.clone(),
            fill: event.fill.clone(),
            reason: event.order.cancel_reason.map(CancelCause::Canceled),
            condition: None,
            updated_ns: nanoseconds(event.time_ms),
        }
    }

    /// Returns the change with the order as it was when placed.
    fn when_placed(mut self) -> Self {
        let order = &mut self.order;
        order.remain = order.size;
        for sum in [
            &mut order.filled,
            &mut order.canceled,
            &mut order.filled_value,
            &mut order.fee,
        ] {
            *sum = Decimal::ZERO;
        }
        self.updated_ns = order.created_ns;
        Self {
            fill: None,
            reason: None,
            ..self
        }
    }

    /// Returns the classic account of the order.
    pub(crate) fn account_type(&self) -> AccountType {
        match self.order.terms {
            Terms::Spot(wallet) => AccountType::of(wallet),
            Terms::Futures { .. } => AccountType::Futures,
        }
    }

    pub(crate) fn is_futures(&self) -> bool {
        self.order.market.host == Host::Futures
    }

    pub(crate) fn is_liquidation(&self) -> bool {
        is_liquidation(&self.order)
    }

    /// Returns the unit of `q`, `rS` and `cS`.
    pub(crate) fn unit(&self) -> &'static str {
        match self.order.market.host {
            Host::Futures => "UNIT",
            Host::Spot if self.order.by_funds => "QUOTECCY",
            Host::Spot => "BASECCY",
        }
    }

    /// Returns `cS`: for an ended order by funds, the unspent funds.
    pub(crate) fn canceled(&self) -> Decimal {
        match self.order.by_funds && self.stage == OrderStage::Canceled {
            true => self.order.size - self.order.filled_value,
            false => self.order.canceled,
        }
    }

    /// Returns `aP`, rounded to 20 decimals.
    pub(crate) fn average_price(&self) -> Decimal {
        let average = self.order.filled_value.checked_div(self.order.filled);
        average.unwrap_or_default().round_dp(AVERAGE_SCALE)
    }
}

fn is_liquidation(order: &engine::Order) -> bool {
    matches!(
        order.terms,
        Terms::Futures {
            liquidation: true,
            ..
        }
    )
}

/// Returns `true` for the first event of an order.
fn goes_live(event: &OrderEvent) -> bool {
    let order = &event.order;
    match event.change {
        OrderChange::Received => true,
        _ if order.market.host == Host::Spot => false,
        OrderChange::Open => order.filled.is_zero(),
        OrderChange::Match => {
            let size = event.fill.as_ref().map(|fill| fill.size);
            event.is_fill_of(Liquidity::Taker) && size == Some(order.filled)
        }
        // A market order without any fill.
        OrderChange::Canceled => order.price.is_none() && order.filled.is_zero(),
        OrderChange::Update | OrderChange::Filled => false,
    }
}

/// Returns the ID of an order in the unified account: 18 decimal digits, too many for a float.
///
/// A spot order has 24 characters in the classic accounts; the unified ID is derived from the counter in them.
pub(crate) fn unified_id(id: &str) -> Cow<'_, str> {
    const FIRST: u64 = 385_168_432_000_000_000;
    const NOISE_BITS: u32 = 20;
    let counter = id.get(18..24).filter(|_| id.len() == 24);
    let Some(counter) = counter.and_then(|digits| u64::from_str_radix(digits, 16).ok()) else {
        return Cow::Borrowed(id);
    };
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let noise = id.bytes().fold(0xcbf2_9ce4_8422_2325, mix) >> (64 - NOISE_BITS);
    Cow::Owned((FIRST + (counter << NOISE_BITS) + noise).to_string())
}

/// Converts engine time to wire time.
pub(crate) fn nanoseconds(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}
