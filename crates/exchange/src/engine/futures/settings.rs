//! What the owner sets for a position, and what the clock does to it: margin, leverage, funding.

use rust_decimal::Decimal;

use super::event::{
    CancelReason, FundingEvent, FuturesEvent, MarginMode, PositionChange, RiskLimitEvent,
};
use super::{Futures, Rejected, check_amount, insufficient};

impl Futures {
    /// Chooses cross or isolated margin; not while anything is open in the contract.
    pub(crate) fn set_margin_mode(
        &mut self,
        symbol: &str,
        mode: MarginMode,
    ) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        if self.positions[index].mode == mode {
            return Ok(());
        }
        self.check_flat(index)?;
        self.positions[index].mode = mode;
        let symbol = self.contracts[index].symbol;
        let leverage = self.positions[index].order_leverage();
        self.events
            .push(FuturesEvent::MarginMode(symbol, mode, leverage));
        Ok(())
    }

    /// Sets the leverage of the contract's margin mode. Of isolated orders it counts at their
    /// placing, of cross positions for all that is open, so that nothing may be open then.
    pub(crate) fn set_leverage(&mut self, symbol: &str, leverage: Decimal) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        let contract = &self.contracts[index];
        let position = &self.positions[index];
        let max = Decimal::from(contract.levels[position.risk_level].max_leverage);
        if leverage < Decimal::ONE || leverage > max || leverage.normalize().scale() > 2 {
            return Err(Rejected::Leverage { leverage, max });
        }
        if position.order_leverage() == leverage {
            return Ok(());
        }
        let mode = position.mode;
        match mode {
            MarginMode::Cross => {
                self.check_flat(index)?;
                self.positions[index].cross_leverage = leverage;
            }
            MarginMode::Isolated => self.positions[index].isolated_leverage = leverage,
        }
        let symbol = self.contracts[index].symbol;
        self.events
            .push(FuturesEvent::Leverage(symbol, mode, leverage));
        Ok(())
    }

    /// Lets margin be added by itself before an isolated position is liquidated.
    pub(crate) fn set_auto_deposit(&mut self, symbol: &str, on: bool) -> Result<(), Rejected> {
        let index = self.open_isolated(symbol)?;
        if self.positions[index].auto_deposit != on {
            self.positions[index].auto_deposit = on;
            self.report_position(index, PositionChange::AutoDeposit);
        }
        Ok(())
    }

    /// Adds margin to an isolated position.
    pub(crate) fn add_margin(&mut self, symbol: &str, amount: Decimal) -> Result<(), Rejected> {
        check_amount(amount)?;
        let index = self.open_isolated(symbol)?;
        let currency = self.contracts[index].settle;
        if amount > self.wallet(currency).available_margin() {
            return Err(insufficient(currency));
        }
        self.positions[index].added += amount;
        self.report_position(index, PositionChange::Margin);
        self.report_wallet(currency);
        Ok(())
    }

    /// Asks for a level of the risk limit, from 1; cancels the contract's orders, as KuCoin does.
    /// Whether the position gets it is told by an event.
    pub(crate) fn adjust_risk_limit(&mut self, symbol: &str, level: u32) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        let contract = &self.contracts[index];
        let unknown = || Rejected::RiskLevel {
            level,
            levels: contract.levels.len(),
        };
        let place = usize::try_from(level)
            .ok()
            .and_then(|level| level.checked_sub(1));
        let (place, wanted) = place
            .and_then(|place| Some((place, *contract.levels.get(place)?)))
            .ok_or_else(unknown)?;
        let (symbol, settle) = (contract.symbol, contract.settle);
        let (gone, kept) = std::mem::take(&mut self.orders)
            .into_iter()
            .partition(|order| order.contract == index);
        self.orders = kept;
        self.cancel_all(gone, CancelReason::RiskLimit);
        let position = &self.positions[index];
        let outcome = if self.mark_value(index).abs() > Decimal::from(wanted.limit) {
            Err("the position exceeds the risk limit of this level".to_owned())
        } else if position.order_leverage() > Decimal::from(wanted.max_leverage) {
            Err("the leverage exceeds the maximum of this level".to_owned())
        } else {
            Ok(())
        };
        let given = outcome.is_ok();
        self.events.push(FuturesEvent::RiskLimit(RiskLimitEvent {
            symbol,
            outcome,
            level: i64::from(level),
        }));
        if given {
            self.positions[index].risk_level = place;
            if self.positions[index].is_open() {
                self.report_position(index, PositionChange::RiskLimit);
            }
        }
        self.report_wallet(settle);
        self.liquidate_exhausted();
        Ok(())
    }

    /// Settles the funding of an open position: at a rate above zero who is long pays who is short.
    pub(crate) fn settle_funding(&mut self, symbol: &str, rate: Decimal) -> Result<(), Rejected> {
        let index = self.contract(symbol)?;
        if rate.abs() > Decimal::new(5, 2) || rate.normalize().scale() > 12 {
            return Err(Rejected::FundingRate { rate });
        }
        let quantity = self.positions[index].quantity;
        if quantity == 0 {
            return Err(no_position(symbol));
        }
        let (contract, worth) = (&self.contracts[index], self.mark_value(index).abs());
        let (currency, mark_price) = (contract.settle, contract.mark);
        let fee = currency.round(-rate * worth * Decimal::from(quantity.signum()));
        self.events.push(FuturesEvent::Funding(FundingEvent {
            symbol: contract.symbol,
            margin_mode: self.positions[index].mode,
            settle: currency,
            quantity,
            mark_price,
            rate,
            fee,
            time_ms: self.now_ms,
        }));
        self.positions[index].settle_funding(fee);
        self.purse_mut(currency).balance += fee;
        self.report_position(index, PositionChange::Margin);
        self.report_wallet(currency);
        self.liquidate_exhausted();
        Ok(())
    }

    fn open_isolated(&self, symbol: &str) -> Result<usize, Rejected> {
        let index = self.contract(symbol)?;
        let position = &self.positions[index];
        if position.is_open() && position.mode == MarginMode::Isolated {
            Ok(index)
        } else {
            Err(no_position(symbol))
        }
    }

    fn check_flat(&self, index: usize) -> Result<(), Rejected> {
        let busy = self.orders.iter().any(|order| order.contract == index);
        if busy || self.positions[index].is_open() {
            return Err(Rejected::NotFlat {
                symbol: self.contracts[index].symbol.to_owned(),
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
