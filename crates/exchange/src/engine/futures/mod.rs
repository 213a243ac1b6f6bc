//! The futures account: effects of orders on positions and the wallet, liquidation, and settings.
//!
//! Positions are in one-way mode: one per contract, long or short. Each settlement currency has a stored balance; all
//! margins are computed from positions, orders and prices.

mod contract;
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
pub use state::{FuturesBalance, IsolatedMargin, MarginMode, PositionState};

use super::event::{
    CancelReason, Event, Liquidity, OrderChange, PositionChange, Side, WalletEvent,
};
use super::order::{BOOK_LEVELS, NewOrder, Order, Terms};
use super::{Engine, Host, MarketId, Rejected, check_amount};
use position::Trade;

/// Taker fee rate, as a fraction of the value.
pub(crate) const TAKER_FEE: Decimal = Decimal::from_parts(6, 0, 0, false, 4);
/// Maker fee rate, as a fraction of the value.
pub(crate) const MAKER_FEE: Decimal = Decimal::from_parts(2, 0, 0, false, 4);
/// Maximum balance: sums below it stay exact in 28 digits.
const MAX_BALANCE: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

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
    pub(crate) fn position(&self, symbol: &str) -> Result<PositionState, Rejected> {
        self.contract(symbol).map(|index| self.snapshot(index))
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

    /// Checks a futures order as KuCoin does: risk limit and margin.
    pub(super) fn check_futures_order(
        &self,
        index: usize,
        new: &NewOrder<'_>,
    ) -> Result<(), Rejected> {
        let contract = &self.contracts[index];
        let position = &contract.position;
        let price = contract.margin_price(new.side, new.price, BOOK_LEVELS);
        let exposure =
            new.side.signed(position.quantity) + self.open_size(index, new.side) + new.size;
        let limit = Decimal::from(contract.levels[position.risk_level].limit);
        if contract.value(exposure.max(Decimal::ZERO), price).abs() > limit {
            return Err(Rejected::RiskLimit {
                symbol: contract.market.symbol.to_owned(),
                limit,
            });
        }
        let opening = self.would_open(index, new.side, new.size);
        let margin = contract.order_margin(opening, price, position.order_leverage());
        let available = self.futures_wallet(contract.settle).available_margin();
        if opening > Decimal::ZERO && margin > available {
            return Err(insufficient(contract.settle));
        }
        Ok(())
    }

    /// Applies a fill to position and balance.
    ///
    /// Position reports are added. A fill through zero counts as two: it closes one position and opens another.
    pub(super) fn trade_contracts(
        &mut self,
        order: &Order,
        price: Decimal,
        size: Decimal,
        fee_rate: Decimal,
        reports: &mut Vec<Event>,
    ) -> Traded {
        let Terms::Futures {
            leverage,
            liquidation,
            ..
        } = order.terms
        else {
            return Traded::default();
        };
        let change = match liquidation {
            true => PositionChange::Liquidation,
            false => PositionChange::Trade,
        };
        let index = order.market.index;
        let closing = self.contracts[index]
            .position
            .closable(order.side)
            .min(size);
        let mut traded = Traded::default();
        for (size, closes) in [(closing, true), (size - closing, false)] {
            if size.is_zero() {
                continue;
            }
            let contract = &mut self.contracts[index];
            let quantity = order.side.signed(size);
            let cost = contract.value(quantity, price);
            let fee = contract.settle.round(cost.abs() * fee_rate);
            let profit = contract.trade(
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
            reports.push(Event::Position(change, self.snapshot(index)));
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
    /// Stop orders on these prices trigger. An open position is reported, or liquidated.
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
        if contract.position.is_open() {
            self.report_position(index, PositionChange::MarkPrice);
            self.liquidate_due();
        }
        self.trigger_stops(MarketId::futures(index));
    }

    /// Liquidates all positions at or below their maintenance margin, the largest loss first.
    pub(super) fn liquidate_due(&mut self) {
        let worst = |engine: &Self| {
            (0..engine.contracts.len())
                .filter(|index| engine.is_liquidatable(*index))
                .min_by_key(|index| engine.contracts[*index].unrealised())
        };
        while let Some(index) = worst(self) {
            if !self.auto_deposit_margin(index) {
                self.liquidate(index);
            }
        }
    }

    /// Restores the margin of an isolated position if `auto_deposit` is on and the balance suffices.
    fn auto_deposit_margin(&mut self, index: usize) -> bool {
        let position = self.snapshot(index);
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
        self.contracts[index].position.added += missing;
        self.report_position(index, PositionChange::Margin);
        self.report_wallet(position.settle_currency);
        true
    }

    /// Closes a position at its bankruptcy price.
    ///
    /// Open orders that share the position's margin are canceled first, which releases their margin.
    fn liquidate(&mut self, index: usize) {
        let contract = &self.contracts[index];
        let (settle, mode) = (contract.settle, contract.position.mode);
        let shares_margin: Vec<bool> = (self.contracts.iter().enumerate())
            .map(|(other, known)| match mode {
                MarginMode::Isolated => other == index,
                MarginMode::Cross => known.position.mode == mode && known.settle == settle,
            })
            .collect();
        self.cancel_all(Host::Futures, CancelReason::Liquidation, |order| {
            shares_margin[order.market.index]
        });
        self.report_wallet(settle);
        let contract = &self.contracts[index];
        let quantity = contract.position.quantity;
        let price = self.bankruptcy_price(index).max(contract.market.tick);
        let side = if quantity > Decimal::ZERO {
            Side::Sell
        } else {
            Side::Buy
        };
        let new = NewOrder {
            price: Some(price),
            ..NewOrder::new(None, contract.market.symbol, side, quantity.abs())
        };
        let mut order = self.new_order(MarketId::futures(index), &new);
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

    pub(super) fn report_position(&mut self, index: usize, change: PositionChange) {
        let position = self.snapshot(index);
        self.events.push(Event::Position(change, position));
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
