//! Position settings: margin mode, leverage, added margin, risk limit; and funding.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{MarginMode, PositionId, PositionSide, insufficient};
use crate::engine::event::{CancelReason, Event, FundingEvent, PositionChange, RiskLimitEvent};
use crate::engine::{Engine, Host, Rejected, check_amount};

impl Engine {
    /// Sets the margin mode; an error if the contract has a position or an order.
    pub(crate) fn set_margin_mode(
        &mut self,
        symbol: &str,
        mode: MarginMode,
    ) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        if self.contracts[index].position.mode == mode {
            return Ok(());
        }
        self.check_flat(index)?;
        let contract = &mut self.contracts[index];
        contract.positions_mut().for_each(|it| it.mode = mode);
        let leverage = contract.position.order_leverage();
        let event = Event::MarginMode(contract.market.symbol, mode, leverage);
        self.events.push(event);
        Ok(())
    }

    /// Sets the leverage in the contract's margin mode.
    ///
    /// Isolated orders keep the leverage that they were placed with. Cross leverage applies to everything open, so it
    /// can only be set if the contract has no position and no order.
    pub(crate) fn set_leverage(&mut self, symbol: &str, leverage: Decimal) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        let contract = &self.contracts[index];
        let position = &contract.position;
        let max = Decimal::from(contract.levels[position.risk_level].max_leverage);
        if leverage < Decimal::ONE || leverage > max || leverage.normalize().scale() > 2 {
            return Err(Rejected::Leverage { leverage, max });
        }
        if position.order_leverage() == leverage {
            return Ok(());
        }
        let mode = position.mode;
        if mode == MarginMode::Cross {
            self.check_flat(index)?;
        }
        let contract = &mut self.contracts[index];
        for position in contract.positions_mut() {
            match mode {
                MarginMode::Cross => position.cross_leverage = leverage,
                MarginMode::Isolated => position.isolated_leverage = leverage,
            }
        }
        let event = Event::Leverage(contract.market.symbol, mode, leverage);
        self.events.push(event);
        Ok(())
    }

    /// Turns automatic margin deposits before a liquidation on or off, in one-way mode.
    pub(crate) fn set_auto_deposit(&mut self, symbol: &str, on: bool) -> Result<(), Rejected> {
        self.set_auto_deposit_on((symbol, PositionSide::Both), on)
    }

    /// Turns automatic margin deposits before a liquidation of this position on or off.
    pub(crate) fn set_auto_deposit_on(
        &mut self,
        position: (&str, PositionSide),
        on: bool,
    ) -> Result<(), Rejected> {
        let id = self.open_isolated(position)?;
        let auto_deposit = &mut self.held_position_mut(id).auto_deposit;
        if std::mem::replace(auto_deposit, on) != on {
            self.report_position(id, PositionChange::AutoDeposit);
        }
        Ok(())
    }

    /// Adds margin to an isolated position, in one-way mode.
    pub(crate) fn add_margin(&mut self, symbol: &str, amount: Decimal) -> Result<(), Rejected> {
        self.add_margin_on((symbol, PositionSide::Both), amount)
    }

    /// Adds margin to this position, which must be isolated.
    pub(crate) fn add_margin_on(
        &mut self,
        position: (&str, PositionSide),
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        let id = self.open_isolated(position)?;
        let currency = self.contracts[id.contract].settle;
        if amount > self.futures_wallet(currency).available_margin() {
            return Err(insufficient(currency));
        }
        self.held_position_mut(id).added += amount;
        self.report_position(id, PositionChange::Margin);
        self.report_wallet(currency);
        Ok(())
    }

    /// Requests a risk limit level, from 1, and cancels the contract's orders, as KuCoin does.
    ///
    /// An event reports whether the level was accepted.
    pub(crate) fn adjust_risk_limit(&mut self, symbol: &str, level: u32) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        let levels = self.contracts[index].levels;
        let level_index = usize::try_from(level).unwrap_or(usize::MAX).wrapping_sub(1);
        let wanted = levels.get(level_index).ok_or(Rejected::RiskLevel {
            level,
            levels: levels.len(),
        })?;
        self.cancel_all(Host::Futures, CancelReason::RiskLimit, |order| {
            order.market.index == index
        });
        let contract = &self.contracts[index];
        let limit = Decimal::from(wanted.limit);
        let exceeds_limit = contract
            .positions()
            .any(|position| contract.mark_value(position).abs() > limit);
        let outcome = if exceeds_limit {
            Err("the position exceeds the risk limit of this level".to_owned())
        } else if contract.position.order_leverage() > Decimal::from(wanted.max_leverage) {
            Err("the leverage exceeds the maximum of this level".to_owned())
        } else {
            Ok(())
        };
        let (accepted, settle) = (outcome.is_ok(), contract.settle);
        self.events.push(Event::RiskLimit(RiskLimitEvent {
            symbol: contract.market.symbol,
            outcome,
            level: i64::from(level),
        }));
        if accepted {
            let positions = self.contracts[index].positions_mut();
            positions.for_each(|position| position.risk_level = level_index);
            self.report_open(index, PositionChange::RiskLimit);
        }
        self.report_wallet(settle);
        self.liquidate_due();
        Ok(())
    }

    /// Settles the funding of each open position of a contract: at a positive rate, longs pay shorts.
    pub(crate) fn settle_funding(&mut self, symbol: &str, rate: Decimal) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        if rate.abs() > Decimal::new(5, 2) || rate.normalize().scale() > 12 {
            return Err(Rejected::FundingRate { rate });
        }
        let open = self.open_positions(index);
        if open.is_empty() {
            return Err(no_position(symbol));
        }
        for id in open {
            self.settle_funding_of(id, rate);
        }
        self.liquidate_due();
        Ok(())
    }

    fn settle_funding_of(&mut self, id: PositionId, rate: Decimal) {
        let (contract, position) = self.held_position(id);
        let (mode, quantity, settle) = (position.mode, position.quantity, contract.settle);
        let paid_by_long = rate * contract.mark_value(position).abs();
        let fee = settle.round(match quantity > Decimal::ZERO {
            true => -paid_by_long,
            false => paid_by_long,
        });
        let event = FundingEvent {
            symbol: contract.market.symbol,
            margin_mode: mode,
            position_side: id.side,
            settle,
            quantity: quantity.to_i64().unwrap_or_default(),
            mark_price: contract.mark,
            rate,
            fee,
            time_ms: self.now_ms,
        };
        self.events.push(Event::Funding(event));
        self.held_position_mut(id).settle_funding(fee);
        self.settle_funds_mut(settle).balance += fee;
        self.report_position(id, PositionChange::Margin);
        self.report_wallet(settle);
    }

    fn open_isolated(&self, (symbol, side): (&str, PositionSide)) -> Result<PositionId, Rejected> {
        let id = self.position_id(self.contract(symbol)?, side)?;
        let position = self.held_position(id).1;
        if position.is_open() && position.mode == MarginMode::Isolated {
            Ok(id)
        } else {
            Err(no_position(symbol))
        }
    }

    fn check_flat(&self, index: usize) -> Result<(), Rejected> {
        let orders = &self.futures.orders;
        let has_orders = orders.iter().any(|order| order.market.index == index);
        let contract = &self.contracts[index];
        if has_orders || contract.is_open() {
            return Err(Rejected::NotFlat {
                symbol: contract.market.symbol.to_owned(),
            });
        }
        Ok(())
    }
}

fn no_position(symbol: &str) -> Rejected {
    Rejected::NoPosition {
        symbol: symbol.to_owned(),
    }
}
