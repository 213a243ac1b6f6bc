//! Values computed from balances, positions, orders and prices: margins, unrealised PnL, liquidation prices.
//!
//! No result is stored, so the values cannot become inconsistent.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::position::Position;
use super::{Contract, FuturesBalance, IsolatedMargin, MarginMode, PositionId, PositionState};
use super::{SettleCurrency, TAKER_FEE};
use crate::engine::Engine;
use crate::engine::event::Side;
use crate::engine::order::{Order, Terms};

/// Inputs of the liquidation check.
#[derive(Debug, Clone, Copy)]
struct Risk {
    /// Margin of the position without its unrealised PnL.
    margin: Decimal,
    /// Maintenance margin, including the closing fee.
    maintenance: Decimal,
    /// Position value at which only the closing fee is left.
    bankrupt_value: Decimal,
    /// Position value at which only the maintenance margin is left.
    liquidation_value: Decimal,
}

impl Contract {
    /// Returns the reserve for the fee of closing an isolated position at its bankruptcy price.
    fn isolated_closing_fee(&self, position: &Position) -> Decimal {
        let bankrupt = position.open_cost - position.own_margin();
        // A value beyond zero has no price, so nothing can be closed at it.
        let no_price = bankrupt.is_sign_positive() != position.open_cost.is_sign_positive();
        if !position.is_open() || no_price {
            return Decimal::ZERO;
        }
        self.settle.round(bankrupt.abs() * TAKER_FEE)
    }

    /// Returns the maintenance margin of an open position, including the closing fee.
    fn maintenance(&self, position: &Position) -> Decimal {
        let rate = self.maintenance_rate();
        match position.mode {
            MarginMode::Isolated => {
                let cost = position.open_cost.abs();
                self.settle.round(cost * rate) + self.isolated_closing_fee(position)
            }
            MarginMode::Cross => {
                let value = self.mark_value(position).abs();
                self.settle.round(value * (rate + TAKER_FEE))
            }
        }
    }
}

impl Engine {
    fn risk(&self, id: PositionId) -> Risk {
        let (contract, position) = self.held_position(id);
        let maintenance = contract.maintenance(position);
        match position.mode {
            MarginMode::Isolated => {
                let margin = position.own_margin();
                let closing_fee = contract.isolated_closing_fee(position);
                let bankrupt_value = position.open_cost - margin;
                Risk {
                    margin: margin + closing_fee,
                    maintenance,
                    bankrupt_value,
                    liquidation_value: bankrupt_value - closing_fee + maintenance,
                }
            }
            // Assumes that all else is constant, including the values of other positions and of the other leg.
            MarginMode::Cross => {
                let total = self.futures_wallet(contract.settle).total_cross_margin();
                let margin = total - contract.unrealised(position);
                let all: Decimal = (self.held_positions())
                    .filter(|(known, position)| {
                        let is_cross = position.mode == MarginMode::Cross;
                        position.is_open() && known.settle == contract.settle && is_cross
                    })
                    .map(|(known, position)| known.maintenance(position))
                    .sum();
                let left = position.open_cost - margin;
                let rate = contract.maintenance_rate();
                Risk {
                    margin,
                    maintenance: all,
                    bankrupt_value: gross_up(left, TAKER_FEE),
                    liquidation_value: gross_up(left + all - maintenance, rate + TAKER_FEE),
                }
            }
        }
    }

    /// Returns `true` if the margin of an open position is at or below the maintenance margin.
    pub(crate) fn is_liquidatable(&self, id: PositionId) -> bool {
        let (contract, position) = self.held_position(id);
        if !position.is_open() {
            return false;
        }
        let risk = self.risk(id);
        risk.margin + contract.unrealised(position) <= risk.maintenance
    }

    pub(crate) fn bankruptcy_price(&self, id: PositionId) -> Decimal {
        let (contract, position) = self.held_position(id);
        contract.price_at_value(position, self.risk(id).bankrupt_value)
    }

    /// Returns the open orders of one side that change a position, oldest first.
    fn orders_of(&self, id: PositionId, side: Side) -> impl Iterator<Item = &Order> {
        let orders = self.futures.orders.iter();
        orders.filter(move |order| order.position_id() == Some(id) && order.side == side)
    }

    /// Returns the total remaining size of the open orders of one side.
    pub(crate) fn open_size(&self, id: PositionId, side: Side) -> Decimal {
        self.orders_of(id, side).map(|order| order.remain).sum()
    }

    /// Returns how many contracts new orders of this side can close: those that no open order closes.
    pub(crate) fn free_to_close(&self, id: PositionId, side: Side) -> Decimal {
        let closable = self.held_position(id).1.closable(side);
        (closable - self.open_size(id, side)).max(Decimal::ZERO)
    }

    /// Returns how many of `size` more contracts of this side would open a position.
    pub(crate) fn would_open(&self, id: PositionId, side: Side, size: Decimal) -> Decimal {
        (size - self.free_to_close(id, side)).max(Decimal::ZERO)
    }

    /// Returns the margin of the open orders that change a position.
    ///
    /// Orders against the position close it, oldest first, and need no margin.
    fn orders_margin(&self, id: PositionId) -> Decimal {
        let (contract, position) = self.held_position(id);
        let mut margin = Decimal::ZERO;
        for side in [Side::Buy, Side::Sell] {
            let mut closable = position.closable(side);
            for order in self.orders_of(id, side) {
                let closing = order.remain.min(closable);
                closable -= closing;
                if let Terms::Futures { leverage, .. } = order.terms {
                    let price = order.price.unwrap_or_default();
                    margin += contract.order_margin(order.remain - closing, price, leverage);
                }
            }
        }
        margin
    }

    /// Returns the current balance in one currency.
    pub(crate) fn futures_wallet(&self, currency: SettleCurrency) -> FuturesBalance {
        let funds = self.settle_funds(currency);
        let mut wallet = FuturesBalance {
            currency,
            balance: funds.balance,
            hold: funds.hold,
            cross_position_margin: Decimal::ZERO,
            cross_order_margin: Decimal::ZERO,
            cross_unrealised_pnl: Decimal::ZERO,
            isolated_position_margin: Decimal::ZERO,
            isolated_order_margin: Decimal::ZERO,
            isolated_funding_margin: Decimal::ZERO,
            isolated_unrealised_pnl: Decimal::ZERO,
            version: funds.version,
        };
        for id in self.position_ids() {
            let (contract, position) = self.held_position(id);
            if contract.settle != currency {
                continue;
            }
            let (orders, unrealised) = (self.orders_margin(id), contract.unrealised(position));
            match position.mode {
                MarginMode::Cross => {
                    wallet.cross_position_margin += position.initial_margin;
                    wallet.cross_order_margin += orders;
                    wallet.cross_unrealised_pnl += unrealised;
                }
                MarginMode::Isolated => {
                    wallet.isolated_position_margin += position.own_margin()
                        - position.funding_received
                        + contract.isolated_closing_fee(position);
                    wallet.isolated_funding_margin += position.funding_received;
                    wallet.isolated_order_margin += orders;
                    wallet.isolated_unrealised_pnl += unrealised;
                }
            }
        }
        wallet
    }

    /// Returns the current state of a position.
    pub(crate) fn snapshot(&self, id: PositionId) -> PositionState {
        let (contract, position) = self.held_position(id);
        let unrealised = contract.unrealised(position);
        let isolated =
            (position.mode == MarginMode::Isolated).then(|| isolated(contract, position));
        let leverage = match &isolated {
            Some(own) => real_leverage(position.open_cost, own.margin + unrealised)
                .unwrap_or(position.isolated_leverage),
            None => position.cross_leverage,
        };
        let risk = position.is_open().then(|| self.risk(id));
        let price_at = |value: fn(&Risk) -> Decimal| {
            risk.as_ref().map_or(Decimal::ZERO, |risk| {
                contract.price_at_value(position, value(risk))
            })
        };
        PositionState {
            symbol: contract.market.symbol,
            settle_currency: contract.settle,
            margin_mode: position.mode,
            position_side: position.side,
            quantity: position.quantity.to_i64().unwrap_or_default(),
            opened_ms: position.opened_ms,
            time_ms: self.now_ms,
            average_entry: position.average_entry,
            mark_price: contract.mark,
            mark_value: contract.mark_value(position),
            open_cost: position.open_cost,
            current_cost: position.current_cost,
            realised_gross_cost: position.realised_gross_cost,
            fees: position.fees,
            funding: position.funding,
            unrealised_pnl: unrealised,
            leverage,
            initial_margin: position.initial_margin,
            maintenance_margin: match risk {
                Some(_) => contract.maintenance(position),
                None => Decimal::ZERO,
            },
            risk_ratio: risk.map_or(Decimal::ZERO, |risk| {
                let left = risk.margin + unrealised;
                if left > risk.maintenance {
                    ratio(risk.maintenance, left)
                } else {
                    Decimal::ONE
                }
            }),
            maintenance_rate: contract.maintenance_rate(),
            liquidation_price: price_at(|risk| risk.liquidation_value),
            bankruptcy_price: price_at(|risk| risk.bankrupt_value),
            deleverage: ratio(unrealised, position.initial_margin)
                .clamp(Decimal::ZERO, Decimal::ONE)
                .round_dp(2),
            isolated,
        }
    }
}

fn isolated(contract: &Contract, position: &Position) -> IsolatedMargin {
    let closing_fee = contract.isolated_closing_fee(position);
    IsolatedMargin {
        margin: position.own_margin() + closing_fee,
        added: position.added,
        closing_fee,
        funding_paid: position.funding_paid,
        funding_received: position.funding_received,
        auto_deposit: position.auto_deposit,
        risk_level: i64::try_from(position.risk_level).unwrap_or_default() + 1,
        risk_limit: contract.levels[position.risk_level].limit,
    }
}

/// Returns the value that leaves `left` when the fraction `part` of its absolute value is deducted.
fn gross_up(left: Decimal, part: Decimal) -> Decimal {
    let part = if left.is_sign_positive() { part } else { -part };
    left / (Decimal::ONE - part)
}

/// Returns `amount` divided by `of`, to 4 decimals; 0 if `of` is zero.
pub(crate) fn ratio(amount: Decimal, of: Decimal) -> Decimal {
    let ratio = amount.checked_div(of.abs()).unwrap_or_default();
    ratio.round_dp(4).normalize()
}

/// Returns the leverage to 10 decimals; `None` if there is no position or no margin.
fn real_leverage(cost: Decimal, margin: Decimal) -> Option<Decimal> {
    if cost.is_zero() || margin <= Decimal::ZERO {
        return None;
    }
    Some(cost.abs().checked_div(margin)?.round_dp(10).normalize())
}
