//! The changes of an order as Pro V2 reports them, with the state in each of them.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::streams::Part;
use crate::engine::{
    self, CancelReason, Fill, Host, Liquidity, OrderChange, OrderEvent, StopChange, StopEvent,
    Terms, Trigger,
};

/// Decimals of an average price: rounded once, here, and only shown.
const AVERAGE_SCALE: u32 = 20;

/// What an order has come to: `os` and `eT` together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A conditional order waits.
    Waiting,
    Triggered,
    Live,
    /// Part of it was cut off.
    Cut,
    PartlyFilled,
    Filled,
    Canceled,
}

/// Why the rest of an order was cancelled: `cR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Cancelled(CancelReason),
    /// The order that should follow a trigger was rejected.
    Exception,
}

/// One change of an order or of a conditional order.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) stage: Stage,
    pub(super) order: engine::Order,
    pub(super) fill: Option<Fill>,
    pub(super) reason: Option<Reason>,
    /// What a conditional order waits for.
    pub(super) condition: Option<Trigger>,
    pub(super) updated_ns: u64,
}

impl Change {
    /// The changes that an event is, in their order; none if it is nothing new here. An order is live once, before its
    /// first fill, while V1 reports a futures order as open after its fills or not at all; and it is filled with its
    /// last fill. A liquidation has no order: only its execution is reported.
    pub(super) fn of(event: &OrderEvent) -> Vec<Self> {
        let mut changes = Vec::with_capacity(2);
        if is_liquidation(&event.order) {
            return changes;
        }
        if goes_live(event) {
            changes.push(Self::new(event, Stage::Live).when_placed());
        }
        let stage = match event.change {
            OrderChange::Match if event.order.remain.is_zero() => Stage::Filled,
            OrderChange::Match => Stage::PartlyFilled,
            OrderChange::Update => Stage::Cut,
            OrderChange::Canceled => Stage::Canceled,
            OrderChange::Received | OrderChange::Open | OrderChange::Filled => return changes,
        };
        let change = Self::new(event, stage);
        // An order by funds ends `canceled` on V1 even if the last fill spent them to the last digit.
        if stage != Stage::Canceled || !change.canceled().is_zero() {
            changes.push(change);
        }
        changes
    }

    /// The order of an event that is a fill, that of a liquidation too.
    pub(super) fn of_fill(event: &OrderEvent) -> Option<Self> {
        event.fill.as_ref()?;
        Some(Self::new(event, Stage::PartlyFilled))
    }

    /// A conditional order. It is never filled: the order that follows it is.
    pub(super) fn of_stop(event: &StopEvent) -> Self {
        let stop = &event.stop;
        let (stage, reason) = match &event.change {
            StopChange::Open => (Stage::Waiting, None),
            StopChange::Triggered(Ok(())) => (Stage::Triggered, None),
            StopChange::Triggered(Err(_)) => (Stage::Canceled, Some(Reason::Exception)),
            StopChange::Cancel => {
                let reason = Reason::Cancelled(CancelReason::User);
                (Stage::Canceled, Some(reason))
            }
        };
        let terms = match stop.terms {
            // A conditional order has no leverage on the wire.
            Terms::Futures { margin_mode, .. } => Terms::Futures {
                margin_mode,
                leverage: Decimal::ZERO,
                liquidation: false,
            },
            terms => terms,
        };
        let (remain, canceled) = match stage {
            Stage::Canceled => (Decimal::ZERO, stop.size),
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
                fee: Decimal::ZERO,
                fee_currency: stop.fee_currency,
                created_ns: nanoseconds(stop.created_ms),
                origin: None,
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

    fn new(event: &OrderEvent, stage: Stage) -> Self {
        Self {
            stage,
            order: event.order.clone(),
            fill: event.fill.clone(),
            reason: event.order.cancel_reason.map(Reason::Cancelled),
            condition: None,
            updated_ns: nanoseconds(event.time_ms),
        }
    }

    /// The order before anything happened to it.
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

    /// The classic account that the order belongs to.
    pub(super) fn part(&self) -> Part {
        match self.order.terms {
            Terms::Spot(wallet) => Part::of(wallet),
            Terms::Futures { .. } => Part::Futures,
        }
    }

    pub(super) fn is_futures(&self) -> bool {
        self.order.market.host == Host::Futures
    }

    pub(super) fn is_liquidation(&self) -> bool {
        is_liquidation(&self.order)
    }

    /// What `q`, `rS` and `cS` are in.
    pub(super) fn unit(&self) -> &'static str {
        match self.order.market.host {
            Host::Futures => "UNIT",
            Host::Spot if self.order.by_funds => "QUOTECCY",
            Host::Spot => "BASECCY",
        }
    }

    /// `cS`: of an order by funds what was not spent when it ended.
    pub(super) fn canceled(&self) -> Decimal {
        match self.order.by_funds && self.stage == Stage::Canceled {
            true => self.order.size - self.order.filled_value,
            false => self.order.canceled,
        }
    }

    /// `aP`, rounded to 20 decimals if the division does not end.
    pub(super) fn average_price(&self) -> Decimal {
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

/// Whether it is the first event of the order.
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
        // The market had nothing at all for it.
        OrderChange::Canceled => order.price.is_none() && order.filled.is_zero(),
        OrderChange::Update | OrderChange::Filled => false,
    }
}

/// The id of an order in the unified account: 18 decimal digits, too many for a float. Those of spot, 24 characters in the
/// classic accounts, are made from the counter in them.
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

/// The engine's clock ticks in milliseconds, the wire's in nanoseconds.
pub(super) fn nanoseconds(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}
