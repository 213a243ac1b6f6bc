//! One position: what fills, margin and funding do to it, in exact numbers; it knows no prices.
//!
//! An opening fill adds its cost, a closing one takes its share of the cost out. The share of a part
//! is a division and so rounded once, by [`SettleCurrency::round`]; all of it is taken without one.

use rust_decimal::Decimal;

use super::contract::SettleCurrency;
use super::event::MarginMode;

/// What of a fill is traded on one side of zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Contracts, negative when sold.
    pub(crate) quantity: i64,
    /// Their value at the price of the fill.
    pub(crate) cost: Decimal,
    pub(crate) fee: Decimal,
    pub(crate) leverage: Decimal,
    pub(crate) time_ms: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub(crate) settle: SettleCurrency,
    pub(crate) mode: MarginMode,
    pub(crate) cross_leverage: Decimal,
    /// For the isolated orders to come: what is open keeps the margin that it was opened with.
    pub(crate) isolated_leverage: Decimal,
    /// An index into the contract's levels.
    pub(crate) risk_level: usize,
    pub(crate) auto_deposit: bool,
    pub(crate) quantity: i64,
    pub(crate) opened_ms: u64,
    /// Kept when the position is closed.
    pub(crate) average_entry: Decimal,
    pub(crate) open_cost: Decimal,
    pub(crate) current_cost: Decimal,
    pub(crate) realised_gross_cost: Decimal,
    pub(crate) fees: Decimal,
    /// Positive when received.
    pub(crate) funding: Decimal,
    pub(crate) initial_margin: Decimal,
    pub(crate) added: Decimal,
    pub(crate) funding_paid: Decimal,
    pub(crate) funding_received: Decimal,
}

impl Position {
    pub(crate) fn new(settle: SettleCurrency, mode: MarginMode, leverage: i64) -> Self {
        let leverage = Decimal::from(leverage);
        Self {
            settle,
            mode,
            cross_leverage: leverage,
            isolated_leverage: leverage,
            risk_level: 0,
            auto_deposit: false,
            quantity: 0,
            opened_ms: 0,
            average_entry: Decimal::ZERO,
            open_cost: Decimal::ZERO,
            current_cost: Decimal::ZERO,
            realised_gross_cost: Decimal::ZERO,
            fees: Decimal::ZERO,
            funding: Decimal::ZERO,
            initial_margin: Decimal::ZERO,
            added: Decimal::ZERO,
            funding_paid: Decimal::ZERO,
            funding_received: Decimal::ZERO,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.quantity != 0
    }

    /// The leverage that a new order gets.
    pub(crate) fn order_leverage(&self) -> Decimal {
        match self.mode {
            MarginMode::Cross => self.cross_leverage,
            MarginMode::Isolated => self.isolated_leverage,
        }
    }

    /// The margin that stands behind an isolated position, without the fee of closing it.
    pub(crate) fn own_margin(&self) -> Decimal {
        self.initial_margin + self.added + self.funding_received - self.funding_paid
    }

    /// How many of `quantity` contracts close something; the rest of them opens.
    pub(crate) fn closing(&self, quantity: i64) -> i64 {
        if self.quantity.signum() * quantity.signum() < 0 {
            quantity.abs().min(self.quantity.abs())
        } else {
            0
        }
    }

    /// Takes a fill that only opens or only closes; returns the profit before the fee.
    pub(crate) fn apply(&mut self, part: Part) -> Decimal {
        if self.closing(part.quantity) > 0 {
            return self.close(part);
        }
        if !self.is_open() {
            self.begin(part.time_ms);
        }
        self.quantity += part.quantity;
        self.open_cost += part.cost;
        self.current_cost += part.cost;
        self.fees += part.fee;
        self.initial_margin += self.settle.round(part.cost.abs() / part.leverage);
        Decimal::ZERO
    }

    /// A new life: what was realised belongs to the one before.
    fn begin(&mut self, time_ms: u64) {
        *self = Self {
            cross_leverage: self.cross_leverage,
            isolated_leverage: self.isolated_leverage,
            risk_level: self.risk_level,
            auto_deposit: self.auto_deposit,
            opened_ms: time_ms,
            ..Self::new(self.settle, self.mode, 1)
        };
    }

    fn close(&mut self, part: Part) -> Decimal {
        let (of, all) = (part.quantity.abs(), self.quantity.abs());
        let released = self.share(self.open_cost, of, all);
        self.initial_margin -= self.share(self.initial_margin, of, all);
        self.added -= self.share(self.added, of, all);
        self.funding_paid -= self.share(self.funding_paid, of, all);
        self.funding_received -= self.share(self.funding_received, of, all);
        self.quantity += part.quantity;
        self.open_cost -= released;
        self.current_cost += part.cost;
        // The cost of closing has the other sign: what was paid for more than it was sold for is lost.
        let realised = released + part.cost;
        self.realised_gross_cost += realised;
        self.fees += part.fee;
        -realised
    }

    fn share(&self, amount: Decimal, of: i64, all: i64) -> Decimal {
        if of == all {
            return amount;
        }
        self.settle
            .round(amount * Decimal::from(of) / Decimal::from(all))
    }

    pub(crate) fn settle_funding(&mut self, fee: Decimal) {
        self.funding += fee;
        match self.mode {
            MarginMode::Cross => {}
            MarginMode::Isolated if fee.is_sign_negative() => self.funding_paid -= fee,
            MarginMode::Isolated => self.funding_received += fee,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(quantity: i64, price: i64) -> Part {
        Part {
            quantity,
            cost: Decimal::from(quantity * price),
            fee: Decimal::new(1, 1),
            leverage: Decimal::from(10),
            time_ms: 7,
        }
    }

    fn position() -> Position {
        Position::new(SettleCurrency::Usdt, MarginMode::Isolated, 10)
    }

    #[test]
    fn opening_adds_cost_and_closing_realises_the_profit() {
        let mut position = position();
        assert_eq!(position.apply(part(2, 100)), Decimal::ZERO);
        assert_eq!(position.apply(part(2, 110)), Decimal::ZERO);
        assert_eq!(
            (position.quantity, position.open_cost),
            (4, Decimal::from(420))
        );
        assert_eq!(position.apply(part(-1, 115)), Decimal::from(10));
        assert_eq!(position.open_cost, Decimal::from(315));
        assert_eq!(position.initial_margin, Decimal::new(315, 1));
        assert_eq!(
            position.current_cost - position.realised_gross_cost,
            position.open_cost
        );
        assert_eq!(position.apply(part(-3, 95)), Decimal::from(-30));
        assert_eq!((position.quantity, position.open_cost), (0, Decimal::ZERO));
        assert_eq!(position.initial_margin, Decimal::ZERO);
        assert_eq!(position.fees, Decimal::new(4, 1));
    }

    #[test]
    fn a_share_that_does_not_end_is_rounded_once_and_nothing_is_lost() {
        let mut position = position();
        position.apply(part(3, 100));
        position.open_cost += Decimal::ONE;
        position.current_cost += Decimal::ONE;
        let mut profit = Decimal::ZERO;
        for _ in 0..3 {
            profit += position.apply(part(-1, 100));
            assert_eq!(
                position.current_cost - position.realised_gross_cost,
                position.open_cost
            );
        }
        assert_eq!(
            (profit, position.open_cost),
            (Decimal::from(-1), Decimal::ZERO)
        );
    }

    #[test]
    fn only_what_is_against_the_position_closes_it() {
        let mut position = position();
        position.apply(part(-3, 100));
        assert_eq!(position.closing(-5), 0);
        assert_eq!(position.closing(2), 2);
        assert_eq!(position.closing(5), 3);
    }

    #[test]
    fn funding_stays_in_the_margin_of_an_isolated_position() {
        let mut position = position();
        position.apply(part(3, 100));
        position.settle_funding(Decimal::from(-2));
        position.settle_funding(Decimal::from(1));
        assert_eq!(position.own_margin(), Decimal::from(29));
        assert_eq!(position.funding, Decimal::from(-1));
        position.apply(part(-3, 100));
        assert_eq!(position.own_margin(), Decimal::ZERO);
        position.apply(part(1, 100));
        assert_eq!(position.funding, Decimal::ZERO);
    }
}
