//! What follows from balance, positions, orders and prices: margins, unrealised profits, and the
//! prices of liquidation. Nothing here is stored, so nothing here can disagree.

use rust_decimal::Decimal;

use super::super::Side;
use super::contract::SettleCurrency;
use super::event::{FuturesPosition, FuturesWallet, IsolatedMargin, MarginMode};
use super::{Futures, TAKER_FEE};

/// What decides about a liquidation.
#[derive(Debug, Clone, Copy)]
struct Risk {
    /// The margin behind the position, without its unrealised profit.
    margin: Decimal,
    /// The margin that must be left, with the fee of closing.
    maintenance: Decimal,
    /// The value at which nothing is left but the fee of closing.
    bankrupt_value: Decimal,
    /// The value at which only the maintenance margin is left.
    liquidation_value: Decimal,
}

/// How far an open position is from its end.
#[derive(Debug, Default)]
struct Edges {
    liquidation_price: Decimal,
    bankruptcy_price: Decimal,
    maintenance: Decimal,
    risk_ratio: Decimal,
}

impl Futures {
    pub(crate) fn unrealised(&self, index: usize) -> Decimal {
        let position = &self.positions[index];
        self.mark_value(index) - position.open_cost
    }

    pub(crate) fn mark_value(&self, index: usize) -> Decimal {
        let contract = &self.contracts[index];
        contract.value(self.positions[index].quantity, contract.mark)
    }

    fn maintenance_rate(&self, index: usize) -> Decimal {
        self.contracts[index].levels[self.positions[index].risk_level].maintenance
    }

    pub(crate) fn isolated_closing_fee(&self, index: usize) -> Decimal {
        let position = &self.positions[index];
        if !position.is_open() {
            return Decimal::ZERO;
        }
        let bankrupt = position.open_cost - position.own_margin();
        // Beyond zero there is no price, so nothing is closed at it.
        if bankrupt.is_sign_positive() != position.open_cost.is_sign_positive() {
            return Decimal::ZERO;
        }
        position.settle.round(bankrupt.abs() * TAKER_FEE)
    }

    /// The maintenance margin of an open position, the fee of closing it included.
    fn maintenance(&self, index: usize) -> Decimal {
        let position = &self.positions[index];
        let rate = self.maintenance_rate(index);
        match position.mode {
            MarginMode::Isolated => {
                position.settle.round(position.open_cost.abs() * rate)
                    + self.isolated_closing_fee(index)
            }
            MarginMode::Cross => position
                .settle
                .round(self.mark_value(index).abs() * (rate + TAKER_FEE)),
        }
    }

    fn risk(&self, index: usize, total_cross_margin: Decimal) -> Risk {
        match self.positions[index].mode {
            MarginMode::Isolated => self.isolated_risk(index),
            MarginMode::Cross => self.cross_risk(index, total_cross_margin),
        }
    }

    fn isolated_risk(&self, index: usize) -> Risk {
        let position = &self.positions[index];
        let (margin, maintenance) = (position.own_margin(), self.maintenance(index));
        let closing_fee = self.isolated_closing_fee(index);
        Risk {
            margin: margin + closing_fee,
            maintenance,
            bankrupt_value: position.open_cost - margin,
            liquidation_value: position.open_cost - margin - closing_fee + maintenance,
        }
    }

    /// All else stays as it is: the other positions at their mark prices, too.
    fn cross_risk(&self, index: usize, total_cross_margin: Decimal) -> Risk {
        let position = &self.positions[index];
        let margin = total_cross_margin - self.unrealised(index);
        let all = self.open_in(position.settle, MarginMode::Cross);
        let maintenance = all.map(|index| self.maintenance(index)).sum();
        let others = maintenance - self.maintenance(index);
        let left = position.open_cost - margin;
        let rate = self.maintenance_rate(index);
        Risk {
            margin,
            maintenance,
            bankrupt_value: without(left, TAKER_FEE),
            liquidation_value: without(left + others, rate + TAKER_FEE),
        }
    }

    /// The open positions in a currency and margin mode.
    pub(crate) fn open_in(
        &self,
        currency: SettleCurrency,
        mode: MarginMode,
    ) -> impl Iterator<Item = usize> {
        let positions = self.positions.iter().enumerate();
        positions
            .filter(move |(_, position)| {
                position.is_open() && position.settle == currency && position.mode == mode
            })
            .map(|(index, _)| index)
    }

    /// The margin of an open position is down to what is needed to maintain it.
    pub(crate) fn is_exhausted(&self, index: usize) -> bool {
        let position = &self.positions[index];
        if !position.is_open() {
            return false;
        }
        let total = self.wallet(position.settle).total_cross_margin();
        let risk = self.risk(index, total);
        risk.margin + self.unrealised(index) <= risk.maintenance
    }

    pub(crate) fn bankruptcy_price(&self, index: usize) -> Decimal {
        let position = &self.positions[index];
        let total = self.wallet(position.settle).total_cross_margin();
        let value = self.risk(index, total).bankrupt_value;
        let contract = &self.contracts[index];
        contract.kind_price(
            position.quantity,
            contract.price_of(position.quantity, value),
        )
    }

    /// The contracts of open orders of one side that open something, oldest order first: what is
    /// against the position closes it and needs no margin.
    fn opening_orders(
        &self,
        index: usize,
        side: Side,
    ) -> impl Iterator<Item = (i64, &super::Order)> {
        let sign = super::order::sign(side);
        let mut closable = self.positions[index].closing(sign * i64::MAX);
        let orders = self.orders.iter();
        orders
            .filter(move |order| order.contract == index && order.side == side)
            .map(move |order| {
                let closing = order.remain.min(closable);
                closable -= closing;
                (order.remain - closing, order)
            })
    }

    /// The margin of so many contracts that an order would open.
    pub(crate) fn order_margin(
        &self,
        index: usize,
        (opening, price): (i64, Decimal),
        leverage: Decimal,
    ) -> Decimal {
        let contract = &self.contracts[index];
        let value = contract.value(opening, price).abs();
        contract.settle.round(value / leverage + value * TAKER_FEE)
    }

    fn orders_margin(&self, index: usize) -> Decimal {
        let both = [Side::Buy, Side::Sell].into_iter();
        both.flat_map(|side| self.opening_orders(index, side))
            .map(|(opening, order)| {
                let price = order.price.unwrap_or_default();
                self.order_margin(index, (opening, price), order.leverage)
            })
            .sum()
    }

    /// How many of `size` more contracts of this side would open something.
    pub(crate) fn would_open(&self, index: usize, side: Side, size: i64) -> i64 {
        let waiting: i64 = self.waiting(index, side);
        let closable = self.positions[index].closing(super::order::sign(side) * i64::MAX);
        (size - (closable - waiting).max(0)).max(0)
    }

    /// The contracts of the open orders of one side.
    pub(crate) fn waiting(&self, index: usize, side: Side) -> i64 {
        self.orders
            .iter()
            .filter(|order| order.contract == index && order.side == side)
            .map(|order| order.remain)
            .sum()
    }

    /// The account in one currency as it is now.
    pub(crate) fn wallet(&self, currency: SettleCurrency) -> FuturesWallet {
        let purse = self.purse(currency);
        let mut wallet = FuturesWallet {
            currency,
            balance: purse.balance,
            hold: purse.hold,
            cross_position_margin: Decimal::ZERO,
            cross_order_margin: Decimal::ZERO,
            cross_unrealised_pnl: Decimal::ZERO,
            isolated_position_margin: Decimal::ZERO,
            isolated_order_margin: Decimal::ZERO,
            isolated_funding_margin: Decimal::ZERO,
            isolated_unrealised_pnl: Decimal::ZERO,
            version: purse.version,
        };
        for (index, position) in self.positions.iter().enumerate() {
            if position.settle != currency {
                continue;
            }
            let (orders, unrealised) = (self.orders_margin(index), self.unrealised(index));
            match position.mode {
                MarginMode::Cross => {
                    wallet.cross_position_margin += position.initial_margin;
                    wallet.cross_order_margin += orders;
                    wallet.cross_unrealised_pnl += unrealised;
                }
                MarginMode::Isolated => {
                    wallet.isolated_position_margin += position.own_margin()
                        - position.funding_received
                        + self.isolated_closing_fee(index);
                    wallet.isolated_funding_margin += position.funding_received;
                    wallet.isolated_order_margin += orders;
                    wallet.isolated_unrealised_pnl += unrealised;
                }
            }
        }
        wallet
    }

    /// A position as it is now.
    pub(crate) fn snapshot(&self, index: usize) -> FuturesPosition {
        let (contract, position) = (&self.contracts[index], &self.positions[index]);
        let unrealised = self.unrealised(index);
        let isolated = (position.mode == MarginMode::Isolated).then(|| self.isolated(index));
        let leverage = match &isolated {
            Some(own) => real_leverage(position.open_cost, own.margin + unrealised)
                .unwrap_or(position.isolated_leverage),
            None => position.cross_leverage,
        };
        let edges = if position.is_open() {
            self.edges(index)
        } else {
            Edges::default()
        };
        FuturesPosition {
            symbol: contract.symbol,
            settle_currency: contract.settle,
            margin_mode: position.mode,
            quantity: position.quantity,
            opened_ms: position.opened_ms,
            time_ms: self.now_ms,
            average_entry: position.average_entry,
            mark_price: contract.mark,
            mark_value: self.mark_value(index),
            open_cost: position.open_cost,
            current_cost: position.current_cost,
            realised_gross_cost: position.realised_gross_cost,
            fees: position.fees,
            funding: position.funding,
            unrealised_pnl: unrealised,
            leverage,
            initial_margin: position.initial_margin,
            maintenance_margin: edges.maintenance,
            risk_ratio: edges.risk_ratio,
            maintenance_rate: self.maintenance_rate(index),
            liquidation_price: edges.liquidation_price,
            bankruptcy_price: edges.bankruptcy_price,
            deleverage: ratio(unrealised, position.initial_margin)
                .clamp(Decimal::ZERO, Decimal::ONE)
                .round_dp(2),
            isolated,
        }
    }

    fn edges(&self, index: usize) -> Edges {
        let (contract, position) = (&self.contracts[index], &self.positions[index]);
        let total = self.wallet(position.settle).total_cross_margin();
        let risk = self.risk(index, total);
        let price = contract.price_of(position.quantity, risk.liquidation_value);
        let left = risk.margin + self.unrealised(index);
        Edges {
            liquidation_price: contract.kind_price(position.quantity, price),
            bankruptcy_price: self.bankruptcy_price(index),
            maintenance: self.maintenance(index),
            risk_ratio: if left > risk.maintenance {
                ratio(risk.maintenance, left)
            } else {
                Decimal::ONE
            },
        }
    }

    fn isolated(&self, index: usize) -> IsolatedMargin {
        let (contract, position) = (&self.contracts[index], &self.positions[index]);
        let closing_fee = self.isolated_closing_fee(index);
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
}

/// The value of which this is left when a part of it, without its sign, is taken away.
fn without(left: Decimal, part: Decimal) -> Decimal {
    let part = if left.is_sign_positive() { part } else { -part };
    left / (Decimal::ONE - part)
}

/// To 4 decimals; 0 of nothing.
pub(crate) fn ratio(amount: Decimal, of: Decimal) -> Decimal {
    let ratio = amount.checked_div(of.abs()).unwrap_or_default();
    ratio.round_dp(4).normalize()
}

/// To 10 decimals; none when nothing is open or no margin is left.
fn real_leverage(cost: Decimal, margin: Decimal) -> Option<Decimal> {
    if cost.is_zero() || margin <= Decimal::ZERO {
        return None;
    }
    Some(cost.abs().checked_div(margin)?.round_dp(10).normalize())
}
