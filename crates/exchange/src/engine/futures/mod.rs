//! The futures account: effects of orders on positions and the wallet, liquidation, and settings.
//!
//! In one-way mode there is one position per contract, long or short; in hedge mode there are two, a long and a short
//! leg, and each order names the leg that it changes. Each settlement currency has a stored balance; all
//! margins are computed from positions, orders and prices.

mod contract;
#[cfg(test)]
mod hedge;
mod margin;
mod position;
#[cfg(test)]
mod scenarios;
mod settings;
mod state;

use rust_decimal::Decimal;

#[cfg(test)]
pub(crate) use contract::MAX_MARK;
pub use contract::SettleCurrency;
pub(crate) use contract::{Contract, contracts};
pub(crate) use margin::ratio;
pub use state::{FuturesBalance, IsolatedMargin, MarginMode, PositionSide, PositionState};

use super::event::{
    CancelReason, Event, Liquidity, OrderChange, PositionChange, Side, WalletEvent,
};
use super::order::{BOOK_LEVELS, NewOrder, Order, Terms};
use super::{Engine, Host, MarketId, Rejected, check_amount};
pub(crate) use position::Position;
use position::Trade;

/// Taker fee rate, as a fraction of the value.
pub(crate) const TAKER_FEE: Decimal = Decimal::from_parts(6, 0, 0, false, 4);
/// Maker fee rate, as a fraction of the value.
pub(crate) const MAKER_FEE: Decimal = Decimal::from_parts(2, 0, 0, false, 4);
/// Maximum balance: sums below it stay exact in 28 digits.
const MAX_BALANCE: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// A position of the account: the index of its contract, and its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PositionId {
    pub(crate) contract: usize,
    pub(crate) side: PositionSide,
}

/// Sums of a fill.
#[derive(Debug, Default)]
pub(crate) struct Traded {
    pub(crate) value: Decimal,
    pub(crate) fee: Decimal,
    pub(crate) closing_fee: Decimal,
    /// Realised PnL before the fee.
    pub(crate) profit: Decimal,
}

/// Stored balance of one settlement currency.
#[derive(Debug, Clone)]
pub(crate) struct SettleFunds {
    balance: Decimal,
    hold: Decimal,
    version: u64,
    /// Last reported balance, hold and margins.
    reported: [Decimal; 7],
}

/// Opening balances of the account.
pub(crate) fn opening_funds() -> [SettleFunds; 2] {
    [Decimal::from(20_000), Decimal::new(5, 1)].map(|balance| {
        let mut reported = [Decimal::ZERO; 7];
        reported[0] = balance;
        SettleFunds {
            balance,
            hold: Decimal::ZERO,
            version: 1,
            reported,
        }
    })
}

/// Returns the balance of the account when the exchange starts.
pub(crate) fn opening_balance(currency: SettleCurrency) -> Decimal {
    opening_funds()[currency as usize].balance
}

impl Engine {
    /// Returns the position in one-way mode.
    pub(crate) fn position(&self, symbol: &str) -> Result<PositionState, Rejected> {
        self.position_on(symbol, PositionSide::Both)
    }

    pub(crate) fn position_on(
        &self,
        symbol: &str,
        side: PositionSide,
    ) -> Result<PositionState, Rejected> {
        let index = self.contract(symbol)?;
        self.position_id(index, side).map(|id| self.snapshot(id))
    }

    /// Returns the states of all positions, open or closed, by contract.
    pub(crate) fn positions(&self) -> impl Iterator<Item = PositionState> {
        self.position_ids().map(|id| self.snapshot(id))
    }

    pub(crate) fn position_ids(&self) -> impl Iterator<Item = PositionId> {
        let contracts = self.contracts.iter().enumerate();
        contracts.flat_map(|(contract, known)| {
            let sides = known.positions().map(|position| position.side);
            sides.map(move |side| PositionId { contract, side })
        })
    }

    /// Returns the position of a contract with this side; an error if the side belongs to the other position mode.
    pub(super) fn position_id(
        &self,
        contract: usize,
        side: PositionSide,
    ) -> Result<PositionId, Rejected> {
        let known = &self.contracts[contract];
        match known.positions().any(|position| position.side == side) {
            true => Ok(PositionId { contract, side }),
            false => Err(Rejected::PositionSide { side }),
        }
    }

    /// Returns all positions with their contracts.
    fn held_positions(&self) -> impl Iterator<Item = (&Contract, &Position)> {
        self.position_ids().map(|id| self.held_position(id))
    }

    fn held_position(&self, id: PositionId) -> (&Contract, &Position) {
        let contract = &self.contracts[id.contract];
        (contract, contract.position_of(id.side))
    }

    fn held_position_mut(&mut self, id: PositionId) -> &mut Position {
        self.contracts[id.contract].position_of_mut(id.side)
    }

    pub(crate) fn contracts(&self) -> &[Contract] {
        &self.contracts
    }

    pub(crate) fn contract(&self, symbol: &str) -> Result<usize, Rejected> {
        self.find_market(Host::Futures, symbol).map(|id| id.index)
    }

    pub(crate) fn mark_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        self.contract(symbol)
            .map(|index| self.contracts[index].mark)
    }

    /// Returns the value of contracts at a price; negative for the short side, and for the long side if inverse.
    pub(crate) fn contract_value(
        &self,
        symbol: &str,
        quantity: Decimal,
        price: Decimal,
    ) -> Result<Decimal, Rejected> {
        let index = self.contract(symbol)?;
        Ok(self.contracts[index].value(quantity, price))
    }

    /// Returns the leverage of new orders in this margin mode.
    pub(crate) fn leverage(&self, symbol: &str, mode: MarginMode) -> Result<Decimal, Rejected> {
        let position = &self.contracts[self.contract(symbol)?].position;
        Ok(match mode {
            MarginMode::Cross => position.cross_leverage,
            MarginMode::Isolated => position.isolated_leverage,
        })
    }

    /// Checks a futures order as KuCoin does: position side, risk limit and margin.
    pub(super) fn check_futures_order(
        &self,
        index: usize,
        new: &NewOrder<'_>,
    ) -> Result<(), Rejected> {
        let id = self.position_id(index, new.position_side)?;
        self.check_closing(id, new)?;
        let (contract, position) = self.held_position(id);
        let price = contract.margin_price(new.side, new.price, BOOK_LEVELS);
        let exposure = new.side.signed(position.quantity) + self.open_size(id, new.side) + new.size;
        let limit = Decimal::from(contract.levels[position.risk_level].limit);
        if contract.value(exposure.max(Decimal::ZERO), price).abs() > limit {
            return Err(Rejected::RiskLimit {
                symbol: contract.market.symbol.to_owned(),
                limit,
            });
        }
        let opening = self.would_open(id, new.side, new.size);
        let margin = contract.order_margin(opening, price, position.order_leverage());
        let available = self.futures_wallet(contract.settle).available_margin();
        if opening > Decimal::ZERO && margin > available {
            return Err(insufficient(contract.settle));
        }
        Ok(())
    }

    /// Checks that an order that closes a leg does not exceed it: in hedge mode a position never changes its direction.
    fn check_closing(&self, id: PositionId, new: &NewOrder<'_>) -> Result<(), Rejected> {
        let closable = self.free_to_close(id, new.side);
        if id.side.closed_by() == Some(new.side) && new.size > closable {
            return Err(Rejected::ExceedsPosition {
                symbol: self.contracts[id.contract].market.symbol.to_owned(),
                side: id.side,
                closable,
            });
        }
        Ok(())
    }

    /// Applies a fill to position and balance.
    ///
    /// Position reports are added. A fill through zero counts as two: it closes one position and opens another. That
    /// happens only in one-way mode.
    pub(super) fn trade_contracts(
        &mut self,
        order: &Order,
        price: Decimal,
        size: Decimal,
        fee_rate: Decimal,
        reports: &mut Vec<Event>,
    ) -> Traded {
        let (Some(id), Some((leverage, liquidation))) = (order.position_id(), order.terms.margin())
        else {
            return Traded::default();
        };
        let change = match liquidation {
            true => PositionChange::Liquidation,
            false => PositionChange::Trade,
        };
        let closing = self.held_position(id).1.closable(order.side).min(size);
        let mut traded = Traded::default();
        for (size, closes) in [(closing, true), (size - closing, false)] {
            if size.is_zero() {
                continue;
            }
            let contract = &mut self.contracts[id.contract];
            let quantity = order.side.signed(size);
            let cost = contract.value(quantity, price);
            let fee = contract.settle.round(cost.abs() * fee_rate);
            let profit = contract.trade(
                id.side,
                Trade {
                    quantity,
                    cost,
                    fee,
                    leverage,
                    time_ms: self.now_ms,
                },
                price,
            );
            let settle = contract.settle;
            self.settle_funds_mut(settle).balance += profit - fee;
            traded.value += cost.abs();
            traded.fee += fee;
            traded.profit += profit;
            if closes {
                traded.closing_fee += fee;
            }
            reports.push(Event::Position(change, self.snapshot(id)));
        }
        traded
    }

    /// Deposits money into the futures account.
    pub(crate) fn deposit_futures(
        &mut self,
        currency: SettleCurrency,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        if self.settle_funds(currency).balance + amount > MAX_BALANCE {
            return Err(Rejected::TooLarge { limit: MAX_BALANCE });
        }
        self.settle_funds_mut(currency).balance += amount;
        self.report_wallet(currency);
        Ok(())
    }

    /// Holds money for a withdrawal.
    pub(crate) fn hold_withdrawal(
        &mut self,
        currency: SettleCurrency,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        if amount > self.futures_wallet(currency).max_withdraw() {
            return Err(insufficient(currency));
        }
        self.settle_funds_mut(currency).hold += amount;
        self.report_wallet(currency);
        Ok(())
    }

    /// Withdraws money that is held.
    pub(crate) fn withdraw_held(
        &mut self,
        currency: SettleCurrency,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        let funds = self.settle_funds_mut(currency);
        if amount > funds.hold {
            return Err(insufficient(currency));
        }
        funds.hold -= amount;
        funds.balance -= amount;
        self.report_wallet(currency);
        Ok(())
    }

    /// Sets the mark price and the index price.
    ///
    /// Stop orders on these prices trigger. Open positions are reported, or liquidated.
    pub(crate) fn set_mark_price(&mut self, symbol: &str, price: Decimal) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        self.contracts[index].check_mark(price)?;
        self.mark_moved(index, price);
        Ok(())
    }

    pub(super) fn mark_moved(&mut self, index: usize, price: Decimal) {
        let contract = &mut self.contracts[index];
        if contract.mark == price {
            return;
        }
        contract.mark = price;
        if contract.is_open() {
            self.report_open(index, PositionChange::MarkPrice);
            self.liquidate_due();
        }
        self.trigger_stops(MarketId::futures(index));
    }

    /// Liquidates all positions at or below their maintenance margin, the largest loss first.
    pub(super) fn liquidate_due(&mut self) {
        let worst = |engine: &Self| {
            (engine.position_ids())
                .filter(|id| engine.is_liquidatable(*id))
                .min_by_key(|id| {
                    let (contract, position) = engine.held_position(*id);
                    contract.unrealised(position)
                })
        };
        while let Some(id) = worst(self) {
            if !self.auto_deposit_margin(id) {
                self.liquidate(id);
            }
        }
    }

    /// Restores the margin of an isolated position if `auto_deposit` is on and the balance suffices.
    fn auto_deposit_margin(&mut self, id: PositionId) -> bool {
        let position = self.snapshot(id);
        let Some(own) = position.isolated.filter(|own| own.auto_deposit) else {
            return false;
        };
        let left = own.margin + position.unrealised_pnl;
        let missing = position.maintenance_margin - left + position.initial_margin;
        let available = self
            .futures_wallet(position.settle_currency)
            .available_margin();
        if missing > available || position.initial_margin.is_zero() {
            return false;
        }
        self.held_position_mut(id).added += missing;
        self.report_position(id, PositionChange::Margin);
        self.report_wallet(position.settle_currency);
        true
    }

    /// Closes a position at its bankruptcy price.
    ///
    /// Open orders that share the position's margin are canceled first, which releases their margin.
    fn liquidate(&mut self, id: PositionId) {
        let (contract, position) = self.held_position(id);
        let (settle, mode) = (contract.settle, position.mode);
        let in_cross: Vec<bool> = (self.contracts.iter())
            .map(|known| known.position.mode == mode && known.settle == settle)
            .collect();
        self.cancel_all(
            Host::Futures,
            CancelReason::Liquidation,
            |order| match mode {
                MarginMode::Isolated => order.position_id() == Some(id),
                MarginMode::Cross => in_cross[order.market.index],
            },
        );
        self.report_wallet(settle);
        let (contract, position) = self.held_position(id);
        let quantity = position.quantity;
        let price = self.bankruptcy_price(id).max(contract.market.tick);
        let side = if quantity > Decimal::ZERO {
            Side::Sell
        } else {
            Side::Buy
        };
        let new = NewOrder {
            price: Some(price),
            position_side: id.side,
            ..NewOrder::new(None, contract.market.symbol, side, quantity.abs())
        };
        let mut order = self.new_order(MarketId::futures(id.contract), &new);
        if let Terms::Futures { liquidation, .. } = &mut order.terms {
            *liquidation = true;
        }
        self.execute(&mut order, (price, quantity.abs()), Liquidity::Taker);
        self.report(&order, OrderChange::Filled, None, None);
        self.report_wallet(settle);
    }

    pub(super) fn settle_funds(&self, currency: SettleCurrency) -> &SettleFunds {
        &self.settle_funds[currency as usize]
    }

    pub(super) fn settle_funds_mut(&mut self, currency: SettleCurrency) -> &mut SettleFunds {
        &mut self.settle_funds[currency as usize]
    }

    pub(super) fn held(&self, currency: SettleCurrency) -> Decimal {
        self.settle_funds(currency).hold
    }

    pub(super) fn report_position(&mut self, id: PositionId, change: PositionChange) {
        let position = self.snapshot(id);
        self.events.push(Event::Position(change, position));
    }

    /// Reports every open position of a contract.
    pub(super) fn report_open(&mut self, index: usize, change: PositionChange) {
        for id in self.open_positions(index) {
            self.report_position(id, change);
        }
    }

    pub(super) fn open_positions(&self, index: usize) -> Vec<PositionId> {
        let open = self.position_ids().filter(|id| {
            let is_open = self.held_position(*id).1.is_open();
            id.contract == index && is_open
        });
        open.collect()
    }

    /// Reports the account in this currency unless only its unrealised PnL changed.
    pub(super) fn report_wallet(&mut self, currency: SettleCurrency) {
        let mut wallet = self.futures_wallet(currency);
        let now = [
            wallet.balance,
            wallet.hold,
            wallet.cross_position_margin,
            wallet.cross_order_margin,
            wallet.isolated_position_margin,
            wallet.isolated_order_margin,
            wallet.isolated_funding_margin,
        ];
        let funds = self.settle_funds_mut(currency);
        if funds.reported == now {
            return;
        }
        funds.reported = now;
        funds.version += 1;
        wallet.version = funds.version;
        self.events.push(Event::Wallet(WalletEvent {
            event_id: self.futures.ids.event(),
            wallet,
            time_ms: self.now_ms,
        }));
    }

    /// Reports the wallet that holds the margin of a changed futures order.
    pub(super) fn report_margin(&mut self, id: MarketId) {
        if id.host == Host::Futures {
            self.report_wallet(self.contracts[id.index].settle);
        }
    }

    /// Like [`Engine::report_margin`], for an order that may have been filled.
    ///
    /// Also liquidates positions if needed.
    pub(super) fn after_fill(&mut self, id: MarketId) {
        if id.host == Host::Futures {
            self.report_margin(id);
            self.liquidate_due();
        }
    }
}

fn insufficient(currency: SettleCurrency) -> Rejected {
    Rejected::InsufficientFunds {
        currency: currency.as_str().to_owned(),
    }
}
