//! Everything that the account did, as REST returns it: built from the engine's events, without JSON.

mod futures;
mod log;
mod states;

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;

pub(crate) use futures::{Booking, BookingReason, ClosedPosition};
pub(crate) use log::{Log, Row};
pub(crate) use states::{End, State, States};

use crate::engine::futures::PositionState;
use crate::engine::{
    BalanceEvent, Event, Fill, FundingEvent, Host, Liquidity, Order, OrderChange, OrderEvent,
    Reason, Side, StopChange, StopEvent, StopOrder, Terms, Text,
};
use crate::rng::Rng;
use futures::FuturesStates;

pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long canceled orders, and stop orders that were canceled or triggered, are kept.
const CANCELED_MS: u64 = 2 * DAY_MS;
/// How long filled orders are kept.
const FILLED_MS: u64 = 7 * DAY_MS;
/// How long margin and futures fills and closed positions are kept.
const FUTURES_MS: u64 = 90 * DAY_MS;
/// How long ledger rows of the funding account are kept.
const LEDGER_MS: u64 = 365 * DAY_MS;
/// Maximum difference between the time of a change and the `lastUpdatedAt` of its order: REST writes orders later.
const UPDATE_MS: u64 = 20;
/// Default of [`ExchangeBuilder::rest_history`](crate::ExchangeBuilder::rest_history).
pub(crate) const DEFAULT_ROWS: usize = 65_536;

/// How late REST shows what happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Delays {
    /// Range of the delay of a row, in milliseconds.
    pub(crate) lag_ms: (u64, u64),
    /// How long an order that ended is in neither list, in milliseconds.
    pub(crate) move_gap_ms: u64,
}

impl Delays {
    pub(crate) fn set_lag(&mut self, from: Duration, to: Duration) {
        let (from, to) = (milliseconds(from), milliseconds(to));
        self.lag_ms = (from.min(to), to.max(from));
    }

    pub(crate) fn set_move_gap(&mut self, gap: Duration) {
        self.move_gap_ms = milliseconds(gap);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// An order after its latest change.
#[derive(Debug, Clone)]
pub(crate) struct OrderRow {
    pub(crate) order: Order,
    pub(crate) change: OrderChange,
    pub(crate) in_book: bool,
    /// `lastUpdatedAt`: up to 20 ms after the change.
    pub(crate) updated_ms: u64,
    /// Trade ID of the fill that this change is, or that precedes the order's end.
    pub(crate) trade_id: Option<Text>,
}

/// A stop order after its latest change.
#[derive(Debug, Clone)]
pub(crate) struct StopRow {
    pub(crate) stop: StopOrder,
    pub(crate) change: StopChange,
}

/// One fill, with the parts of its order that fill lists return.
#[derive(Debug, Clone)]
pub(crate) struct FillRow {
    pub(crate) order_id: Text,
    /// The order ID in the classic accounts; see [`Order::classic_id`].
    pub(crate) classic_id: Text,
    pub(crate) symbol: &'static str,
    pub(crate) side: Side,
    /// `true` for a market order.
    pub(crate) at_market: bool,
    pub(crate) terms: Terms,
    pub(crate) fee_currency: &'static str,
    pub(crate) fill: Fill,
}

/// One change of a total balance of spot or margin.
#[derive(Debug, Clone)]
pub(crate) struct LedgerRow {
    pub(crate) change: BalanceEvent,
    /// Fee of the fill that the row books, if it is paid in the row's currency; otherwise 0.
    pub(crate) fee: Decimal,
    /// Number of the row among all rows of the account.
    pub(crate) number: u64,
}

impl LedgerRow {
    /// Returns the signed change of the total balance; a fee is included.
    pub(crate) fn amount(&self) -> Decimal {
        self.change.available_change + self.change.hold_change
    }
}

/// Orders, stop orders and fills of one host.
#[derive(Debug)]
pub(crate) struct HostHistory {
    pub(crate) orders: States<OrderRow>,
    pub(crate) stops: States<StopRow>,
    pub(crate) fills: Log<FillRow>,
}

impl HostHistory {
    fn new(capacity: usize) -> Self {
        Self {
            orders: States::new(capacity),
            stops: States::new(capacity),
            fills: Log::new(FUTURES_MS, capacity),
        }
    }
}

/// Orders, fills and ledgers of the account.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) delays: Delays,
    pub(crate) spot: HostHistory,
    pub(crate) futures: HostHistory,
    /// Changes of total balances of all spot and margin accounts; the row ID is the event ID of the balance push.
    pub(crate) ledger: Log<LedgerRow>,
    pub(crate) funding: Log<FundingEvent>,
    pub(crate) closed: Log<ClosedPosition>,
    /// Changes of the futures balances.
    pub(crate) bookings: Log<Booking>,
    futures_states: FuturesStates,
    /// Order ID and trade ID of the last fill.
    last_fill: Option<(Text, Text)>,
    /// The fill that the following balance changes settle.
    settling: Option<(Text, &'static str, Decimal)>,
    rng: Rng,
    /// The last number given to a row.
    records: u64,
}

impl History {
    /// Creates an empty history that keeps at most `capacity` rows of each kind, and all open orders.
    pub(crate) fn new(seed: u64, delays: Delays, capacity: usize) -> Self {
        let mut rng = Rng::new(seed ^ 0x4E57);
        let records = 219_814_000_000_000 + rng.below(1_000_000_000);
        Self {
            delays,
            spot: HostHistory::new(capacity),
            futures: HostHistory::new(capacity),
            ledger: Log::new(LEDGER_MS, capacity),
            funding: Log::new(2 * FUTURES_MS, capacity),
            closed: Log::new(FUTURES_MS, capacity),
            bookings: Log::new(FUTURES_MS, capacity),
            futures_states: FuturesStates::new(),
            last_fill: None,
            settling: None,
            rng,
            records,
        }
    }

    /// Makes the orders visible that are due.
    pub(crate) fn advance(&mut self, now_ms: u64) {
        for host in [&mut self.spot, &mut self.futures] {
            host.orders.advance(now_ms);
            host.stops.advance(now_ms);
        }
    }

    /// Adds what an event says; events without rows of their own are ignored.
    pub(crate) fn record(&mut self, event: Event) {
        match event {
            Event::Order(event) => self.order(event),
            Event::Stop(event) => self.stop(event),
            Event::Balance(change) if change.reason != Reason::Hold => self.balance(change),
            Event::Funding(funding) => {
                self.futures_states.funded(&funding);
                let row = self.row(funding.time_ms, funding);
                self.funding.push(row);
            }
            Event::Position(change, state) => {
                let time_ms = state.time_ms;
                if let Some(closed) = self.futures_states.reported(change, state) {
                    let row = self.row(time_ms, closed);
                    self.closed.push(row);
                }
            }
            Event::Wallet(event) => {
                if let Some(booking) = self.futures_states.booked(&event.wallet) {
                    let row = self.row(event.time_ms, booking);
                    self.bookings.push(row);
                }
            }
            _ => {}
        }
    }

    /// Returns the last reported state of each position of a contract that was ever reported, the long leg first.
    pub(crate) fn positions(&self, symbol: &str) -> impl Iterator<Item = &PositionState> {
        self.futures_states.positions(symbol)
    }

    fn order(&mut self, event: OrderEvent) {
        let OrderEvent {
            change,
            order,
            fill,
            time_ms,
            ..
        } = event;
        let host = order.market.host;
        let in_book = match &fill {
            Some(fill) => fill.liquidity == Liquidity::Maker,
            None => matches!(change, OrderChange::Open | OrderChange::Update),
        };
        if let Some(fill) = fill {
            if host == Host::Futures {
                self.futures_states.filled(&order, &fill);
            }
            self.last_fill = Some((Arc::clone(&order.id), Arc::clone(&fill.trade_id)));
            self.settling = Some((Arc::clone(&fill.trade_id), order.fee_currency, fill.fee));
            let row = FillRow {
                order_id: Arc::clone(&order.id),
                classic_id: Arc::clone(order.classic_id()),
                symbol: order.symbol,
                side: order.side,
                at_market: order.price.is_none(),
                terms: order.terms,
                fee_currency: order.fee_currency,
                fill,
            };
            let row = self.row(time_ms, row);
            self.host_mut(host).fills.push(row);
        }
        let keep_ms = match change {
            OrderChange::Canceled => CANCELED_MS,
            _ => FILLED_MS,
        };
        let last_fill = self.last_fill.as_ref().filter(|last| last.0 == order.id);
        let trade_id = last_fill.map(|last| Arc::clone(&last.1));
        let updated_ms = time_ms + self.rng.between(1, UPDATE_MS);
        let end = change.is_final().then(|| self.end(time_ms, keep_ms));
        let key = Arc::clone(&order.id);
        let row = self.row(
            time_ms,
            OrderRow {
                order,
                change,
                in_book,
                updated_ms,
                trade_id,
            },
        );
        put(&mut self.host_mut(host).orders, key, end, row);
    }

    fn stop(&mut self, event: StopEvent) {
        let StopEvent {
            change,
            stop,
            time_ms,
            ..
        } = event;
        let (host, key) = (stop.market.host, Arc::clone(&stop.id));
        let ended = !matches!(change, StopChange::Open);
        let end = ended.then(|| self.end(time_ms, CANCELED_MS));
        let row = self.row(time_ms, StopRow { stop, change });
        put(&mut self.host_mut(host).stops, key, end, row);
    }

    fn balance(&mut self, change: BalanceEvent) {
        let trade = change.context.as_ref().and_then(|it| it.trade_id.as_ref());
        let fee = match (&self.settling, trade) {
            (Some((settled, currency, fee)), Some(trade))
                if settled == trade && *currency == &*change.currency =>
            {
                *fee
            }
            _ => Decimal::ZERO,
        };
        let id = change.relation_event_id.parse().ok();
        let number = 0;
        let mut row = self.row(
            change.time_ms,
            LedgerRow {
                change,
                fee,
                number,
            },
        );
        row.value.number = row.id;
        row.id = id.unwrap_or(row.id);
        self.ledger.push(row);
    }

    /// Numbers a row and draws the time from which it is visible.
    fn row<T>(&mut self, time_ms: u64, value: T) -> Row<T> {
        // Two rows are never one apart, so that a page may end between them.
        self.records += self.rng.between(2, 9);
        let (from, to) = self.delays.lag_ms;
        Row {
            id: self.records,
            time_ms,
            visible_ms: time_ms.saturating_add(self.rng.between(from, to)),
            value,
        }
    }

    fn end(&self, time_ms: u64, keep_ms: u64) -> End {
        End {
            listed_ms: time_ms.saturating_add(self.delays.move_gap_ms),
            kept_ms: time_ms.saturating_add(keep_ms),
        }
    }

    fn host_mut(&mut self, host: Host) -> &mut HostHistory {
        match host {
            Host::Spot => &mut self.spot,
            Host::Futures => &mut self.futures,
        }
    }
}

fn put<T>(states: &mut States<T>, key: Text, end: Option<End>, row: Row<T>) {
    let state = State {
        id: row.id,
        time_ms: row.time_ms,
        end,
        value: row.value,
    };
    states.put(key, state, row.visible_ms);
}
