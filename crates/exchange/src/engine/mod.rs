//! The account engine: orders, fills, stops and money; no clock, socket or wire format of its own.
//!
//! Commands change the account at a given time and leave [`Event`]s, in their true order, to be
//! taken by [`Engine::take_events`]. All amounts are exact: nothing is ever rounded but the sizes
//! and prices of orders that the engine itself chooses.

mod actor;
mod event;
mod ids;
#[cfg(test)]
mod invariants;
mod ledger;
mod market;
mod order;
mod settle;
mod stop;

use std::collections::HashMap;

use rust_decimal::Decimal;

pub(crate) use event::{
    BalanceEvent, Event, Liquidity, OrderChange, OrderEvent, Quantity, StopChange, StopEvent, Text,
};
pub use event::{Side, StopKind};
pub use ledger::{Balance, Wallet};

use crate::rng::Rng;
use ids::Ids;
use ledger::{Ledger, Reason};
use market::{Market, markets};
use order::Order;
use stop::StopOrder;

/// Why the exchange did not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The symbol is not traded here; [`crate::SYMBOLS`] lists those that are.
    #[error("symbol {symbol} does not exist")]
    UnknownSymbol {
        /// The symbol that was asked for.
        symbol: String,
    },
    /// The size is not a positive multiple of the symbol's increment: round it down.
    #[error("size {size} is not a positive multiple of {increment}")]
    Size {
        /// The size that was asked for.
        size: Decimal,
        /// The increment that it must be a multiple of.
        increment: Decimal,
    },
    /// The price is not a positive multiple of the symbol's tick: round it to the tick.
    #[error("price {price} is not a positive multiple of {increment}")]
    Price {
        /// The price that was asked for.
        price: Decimal,
        /// The tick that it must be a multiple of.
        increment: Decimal,
    },
    /// The amount is not positive, or has more than 12 decimals: give a plain amount.
    #[error("amount {amount} is not positive with at most 12 decimals")]
    Amount {
        /// The amount that was asked for.
        amount: Decimal,
    },
    /// The amount is more than the engine can keep exactly: use a smaller one.
    #[error("amount exceeds the limit of {limit}")]
    TooLarge {
        /// The greatest amount that is taken.
        limit: Decimal,
    },
    /// Not enough is available in this currency: deposit or transfer first.
    #[error("balance insufficient in {currency}")]
    InsufficientFunds {
        /// The currency that is short.
        currency: String,
    },
    /// No open order has this id: it may have been filled or cancelled already.
    #[error("order {order_id} does not exist or is done")]
    UnknownOrder {
        /// The id that was asked for.
        order_id: String,
    },
}

/// The fee of a taker, as a part of the cost.
pub(crate) const TAKER_FEE: Decimal = Decimal::from_parts(1, 0, 0, false, 3);
/// The fee of a maker, as a part of the cost.
pub(crate) const MAKER_FEE: Decimal = Decimal::from_parts(8, 0, 0, false, 4);
/// No deposit may bring a balance over this: sums stay exact in 28 digits.
const MAX_BALANCE: Decimal = Decimal::from_parts(0x4876_E800, 0x17, 0, false, 0);

#[derive(Debug)]
pub(crate) struct Engine {
    rng: Rng,
    ids: Ids,
    markets: Vec<Market>,
    ledger: Ledger,
    orders: HashMap<Text, Order>,
    /// The ids of `orders` in no order, so that one can be drawn at random; an order knows its slot.
    open: Vec<Text>,
    stops: Vec<StopOrder>,
    events: Vec<Event>,
    /// Engine time never runs backwards, whatever the wall clock does.
    now_ms: u64,
}

impl Engine {
    /// An account with money in it and no orders. Opening it leaves no events.
    pub(crate) fn new(seed: u64, now_ms: u64) -> Self {
        let mut engine = Self {
            rng: Rng::new(seed),
            ids: Ids::new(seed),
            markets: markets(),
            ledger: Ledger::default(),
            orders: HashMap::new(),
            open: Vec::new(),
            stops: Vec::new(),
            events: Vec::new(),
            now_ms,
        };
        let opening = [
            (Wallet::Main, "USDT", 50_000),
            (Wallet::Trade, "USDT", 100_000),
            (Wallet::Trade, "BTC", 2),
            (Wallet::Trade, "ETH", 30),
            (Wallet::Trade, "SOL", 600),
            (Wallet::Trade, "KCS", 8_000),
        ];
        for (wallet, currency, amount) in opening {
            engine
                .change(
                    wallet,
                    currency,
                    (Decimal::from(amount), Decimal::ZERO),
                    Reason::Deposit,
                    None,
                )
                .expect("an opening balance only adds");
        }
        engine.events.clear();
        engine
    }

    /// What happened since the last call, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn balance(&self, wallet: Wallet, currency: &str) -> Balance {
        self.ledger.balance(wallet, currency)
    }

    pub(crate) fn open_orders(&self) -> Vec<String> {
        self.open.iter().map(|id| id.to_string()).collect()
    }

    pub(crate) fn last_price(&self, symbol: &str) -> Result<Decimal, Rejected> {
        self.market(symbol).map(|index| self.markets[index].last)
    }

    /// New money from outside, into the funding account.
    pub(crate) fn deposit(
        &mut self,
        now_ms: u64,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.advance(now_ms);
        check_amount(amount)?;
        if self.ledger.balance(Wallet::Main, currency).total() + amount > MAX_BALANCE {
            return Err(Rejected::TooLarge { limit: MAX_BALANCE });
        }
        self.change(
            Wallet::Main,
            currency,
            (amount, Decimal::ZERO),
            Reason::Deposit,
            None,
        )
    }

    /// Moves money between the two accounts: two events, the payer's first.
    pub(crate) fn transfer(
        &mut self,
        now_ms: u64,
        (from, to): (Wallet, Wallet),
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.advance(now_ms);
        check_amount(amount)?;
        if self.ledger.balance(to, currency).total() + amount > MAX_BALANCE {
            return Err(Rejected::TooLarge { limit: MAX_BALANCE });
        }
        self.change(
            from,
            currency,
            (-amount, Decimal::ZERO),
            Reason::Transfer,
            None,
        )?;
        self.change(
            to,
            currency,
            (amount, Decimal::ZERO),
            Reason::Transfer,
            None,
        )
    }

    /// Sets the last price; resting orders that it crosses fill, and stops that it reaches trigger.
    pub(crate) fn set_price(
        &mut self,
        now_ms: u64,
        symbol: &str,
        price: Decimal,
    ) -> Result<(), Rejected> {
        self.advance(now_ms);
        let market = self.market(symbol)?;
        self.markets[market].check_price(price)?;
        self.markets[market].last = price;
        self.price_moved(market);
        Ok(())
    }

    fn price_moved(&mut self, market: usize) {
        self.fill_crossed(market);
        self.trigger_stops(market);
    }

    fn advance(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
    }

    fn market(&self, symbol: &str) -> Result<usize, Rejected> {
        self.markets
            .iter()
            .position(|market| market.symbol == symbol)
            .ok_or_else(|| Rejected::UnknownSymbol {
                symbol: symbol.to_owned(),
            })
    }

    fn change(
        &mut self,
        wallet: Wallet,
        currency: &str,
        amounts: (Decimal, Decimal),
        reason: Reason,
        context: Option<event::RelationContext>,
    ) -> Result<(), Rejected> {
        let place = (wallet, currency);
        let event = self.ledger.apply(
            &mut self.ids,
            self.now_ms,
            place,
            amounts,
            (reason, context),
        )?;
        self.events.push(Event::Balance(event));
        Ok(())
    }
}

fn check_amount(amount: Decimal) -> Result<(), Rejected> {
    if amount <= Decimal::ZERO || amount.normalize().scale() > 12 {
        return Err(Rejected::Amount { amount });
    }
    if amount > MAX_BALANCE {
        return Err(Rejected::TooLarge { limit: MAX_BALANCE });
    }
    Ok(())
}
