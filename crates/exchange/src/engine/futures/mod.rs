//! The futures account: contracts, orders, positions and their margins, beside the spot account.
//!
//! As there, commands change the account at a given time and leave [`FuturesEvent`]s in their true
//! order. Positions are one-way: one for each contract, long or short. The ledger keeps the balance
//! of each settlement currency; every margin follows from positions, orders and prices.

mod actor;
mod contract;
mod event;
mod ids;
#[cfg(test)]
mod invariants;
mod liquidation;
mod margin;
mod order;
mod position;
#[cfg(test)]
mod scenarios;
mod settings;
mod settle;
mod stop;

use rust_decimal::Decimal;

pub use contract::SettleCurrency;
pub(crate) use event::{
    CancelReason, FundingEvent, FuturesEvent, OrderEvent, PositionChange, RiskLimitEvent,
    StopChange, StopEvent, TradeType, WalletEvent,
};
pub use event::{
    Direction, FuturesPosition, FuturesWallet, IsolatedMargin, MarginMode, StopPriceType,
};
pub(crate) use margin::ratio;
pub(crate) use order::NewOrder;
pub(crate) use stop::NewStop;

use super::{Rejected, check_amount};
use crate::rng::Rng;
use contract::{Contract, contracts};
use ids::Ids;
use order::Order;
use position::Position;
use stop::StopOrder;

/// The fee of a taker, as a part of the value.
pub(crate) const TAKER_FEE: Decimal = Decimal::from_parts(6, 0, 0, false, 4);
/// The fee of a maker, as a part of the value.
pub(crate) const MAKER_FEE: Decimal = Decimal::from_parts(2, 0, 0, false, 4);
/// No deposit may bring a balance over this: sums stay exact in 28 digits.
const MAX_BALANCE: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// The money of one settlement currency.
#[derive(Debug, Clone)]
struct Purse {
    currency: SettleCurrency,
    balance: Decimal,
    hold: Decimal,
    version: u64,
    /// What was told of it last: balance, hold and margins.
    told: [Decimal; 7],
}

/// The futures account and its markets.
#[derive(Debug)]
pub(crate) struct Futures {
    rng: Rng,
    ids: Ids,
    contracts: Vec<Contract>,
    /// One for each contract, in the order of `contracts`.
    positions: Vec<Position>,
    purses: Vec<Purse>,
    /// Open orders, the oldest first.
    orders: Vec<Order>,
    stops: Vec<StopOrder>,
    events: Vec<FuturesEvent>,
    now_ms: u64,
}

impl Futures {
    /// An account with money in it, no orders and no positions.
    pub(crate) fn new(seed: u64, now_ms: u64) -> Self {
        let contracts = contracts();
        let modes = [
            (MarginMode::Cross, 10),
            (MarginMode::Isolated, 8),
            (MarginMode::Isolated, 5),
        ];
        let positions = contracts.iter().zip(modes);
        let positions = positions
            .map(|(contract, (mode, leverage))| Position::new(contract.settle, mode, leverage))
            .collect();
        let purses = [
            (SettleCurrency::Usdt, Decimal::from(20_000)),
            (SettleCurrency::Xbt, Decimal::new(5, 1)),
        ];
        let purses = purses.map(|(currency, balance)| Purse {
            currency,
            balance,
            hold: Decimal::ZERO,
            version: 1,
            told: [
                balance,
                Decimal::ZERO,
                Decimal::ZERO,
                Decimal::ZERO,
                Decimal::ZERO,
                Decimal::ZERO,
                Decimal::ZERO,
            ],
        });
        Self {
            rng: Rng::new(seed ^ 0xF0_70_2E_50),
            ids: Ids::new(seed),
            contracts,
            positions,
            purses: purses.into(),
            orders: Vec::new(),
            stops: Vec::new(),
            events: Vec::new(),
            now_ms,
        }
    }

    /// From now on it is this time.
    pub(crate) fn at(&mut self, now_ms: u64) -> &mut Self {
        self.now_ms = self.now_ms.max(now_ms);
        self
    }

    /// What happened since the last call, in order.
    pub(crate) fn take_events(&mut self) -> Vec<FuturesEvent> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn position(&self, symbol: &str) -> Result<FuturesPosition, Rejected> {
        self.contract(symbol).map(|index| self.snapshot(index))
    }

    pub(crate) fn open_orders(&self) -> Vec<String> {
        self.orders
            .iter()
            .map(|order| order.id.to_string())
            .collect()
    }

    pub(crate) fn open_stops(&self) -> Vec<String> {
        self.stops.iter().map(|stop| stop.id.to_string()).collect()
    }

    /// The last price and the mark price.
    pub(crate) fn prices(&self, symbol: &str) -> Result<(Decimal, Decimal), Rejected> {
        let contract = &self.contracts[self.contract(symbol)?];
        Ok((contract.last, contract.mark))
    }

    /// New money from outside.
    pub(crate) fn deposit(
        &mut self,
        currency: SettleCurrency,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        if self.purse(currency).balance + amount > MAX_BALANCE {
            return Err(Rejected::TooLarge { limit: MAX_BALANCE });
        }
        self.purse_mut(currency).balance += amount;
        self.report_wallet(currency);
        Ok(())
    }

    /// Sets money aside for a withdrawal.
    pub(crate) fn hold_withdrawal(
        &mut self,
        currency: SettleCurrency,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        if amount > self.wallet(currency).max_withdraw() {
            return Err(insufficient(currency));
        }
        self.purse_mut(currency).hold += amount;
        self.report_wallet(currency);
        Ok(())
    }

    /// Lets money that was set aside leave the account.
    pub(crate) fn withdraw_held(
        &mut self,
        currency: SettleCurrency,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        let purse = self.purse_mut(currency);
        if amount > purse.hold {
            return Err(insufficient(currency));
        }
        purse.hold -= amount;
        purse.balance -= amount;
        self.report_wallet(currency);
        Ok(())
    }

    /// Sets the last price; resting orders that it goes through fill, and stops that look at it trigger.
    pub(crate) fn set_price(&mut self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        self.contracts[index].check_price(price)?;
        self.contracts[index].last = price;
        self.last_moved(index);
        Ok(())
    }

    /// Sets the mark price, and with it the index price; stops that look at these trigger, and an
    /// open position is told, or liquidated.
    pub(crate) fn set_mark_price(&mut self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        self.contracts[index].check_mark(price)?;
        self.mark_moved(index, price);
        Ok(())
    }

    fn last_moved(&mut self, index: usize) {
        self.fill_crossed(index);
        self.trigger_stops(index);
    }

    fn mark_moved(&mut self, index: usize, price: Decimal) {
        if self.contracts[index].mark == price {
            return;
        }
        self.contracts[index].mark = price;
        if self.positions[index].is_open() {
            self.report_position(index, PositionChange::MarkPrice);
            self.liquidate_exhausted();
        }
        self.trigger_stops(index);
    }

    fn contract(&self, symbol: &str) -> Result<usize, Rejected> {
        self.contracts
            .iter()
            .position(|contract| contract.symbol == symbol)
            .ok_or_else(|| Rejected::UnknownSymbol {
                symbol: symbol.to_owned(),
            })
    }

    fn purse(&self, currency: SettleCurrency) -> &Purse {
        let found = self.purses.iter().find(|purse| purse.currency == currency);
        found.expect("every settlement currency has a purse")
    }

    fn purse_mut(&mut self, currency: SettleCurrency) -> &mut Purse {
        let mut purses = self.purses.iter_mut();
        let found = purses.find(|purse| purse.currency == currency);
        found.expect("every settlement currency has a purse")
    }

    fn report_position(&mut self, index: usize, change: PositionChange) {
        let position = self.snapshot(index);
        self.events.push(FuturesEvent::Position(change, position));
    }

    /// Tells of the account in this currency when more than its unrealised profit changed.
    fn report_wallet(&mut self, currency: SettleCurrency) {
        let mut wallet = self.wallet(currency);
        let now = [
            wallet.balance,
            wallet.hold,
            wallet.cross_position_margin,
            wallet.cross_order_margin,
            wallet.isolated_position_margin,
            wallet.isolated_order_margin,
            wallet.isolated_funding_margin,
        ];
        let purse = self.purse_mut(currency);
        if purse.told == now {
            return;
        }
        purse.told = now;
        purse.version += 1;
        wallet.version = purse.version;
        self.events.push(FuturesEvent::Wallet(WalletEvent {
            event_id: self.ids.event(),
            wallet,
            time_ms: self.now_ms,
        }));
    }
}

fn insufficient(currency: SettleCurrency) -> Rejected {
    Rejected::InsufficientFunds {
        currency: currency.as_str().to_owned(),
    }
}
