//! The account engine: orders, fills, stops and money; no clock, socket or wire format of its own.
//!
//! Commands change the account at a given time and leave [`Event`]s, in their true order, to be
//! taken by [`Engine::take_events`]. All amounts are exact: of the spot and margin accounts nothing
//! that is booked is ever rounded but interest, and the sizes and prices of orders that the engine
//! itself chooses.

mod actor;
mod event;
pub(crate) mod futures;
mod ids;
#[cfg(test)]
mod invariants;
mod ledger;
pub(crate) mod margin;
mod market;
mod order;
mod rejected;
mod settle;
mod stop;
mod walk;

use std::collections::HashMap;

use rust_decimal::Decimal;

pub(crate) use event::{
    BalanceEvent, Event, Fill, Liquidity, OrderChange, OrderEvent, Quantity, StopChange, StopEvent,
    Text,
};
pub use event::{Side, StopKind};
use futures::Futures;
pub(crate) use ledger::Reason;
pub use ledger::{Balance, Wallet};
pub use margin::Debt;
pub use rejected::Rejected;

use crate::rng::Rng;
use ids::Ids;
use ledger::Ledger;
use margin::Margin;
use market::{Market, markets};
use order::Order;
use stop::StopOrder;

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
    margin: Margin,
    orders: HashMap<Text, Order>,
    /// The ids of `orders` in no order, so that one can be drawn at random; an order knows its slot.
    open: Vec<Text>,
    stops: Vec<StopOrder>,
    futures: Futures,
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
            margin: Margin::default(),
            orders: HashMap::new(),
            open: Vec::new(),
            stops: Vec::new(),
            futures: Futures::new(seed, now_ms),
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
            (Wallet::Margin, "USDT", 20_000),
            (Wallet::Margin, "BTC", 1),
            (Wallet::Margin, "ETH", 5),
            (Wallet::Isolated("BTC-USDT"), "USDT", 4_000),
            (Wallet::Isolated("ETH-USDT"), "USDT", 2_000),
            (Wallet::Isolated("ETH-USDT"), "ETH", 1),
            (Wallet::Isolated("SOL-USDT"), "USDT", 2_000),
            (Wallet::Isolated("SOL-USDT"), "SOL", 10),
            (Wallet::Isolated("KCS-USDT"), "USDT", 1_000),
            (Wallet::Isolated("KCS-USDT"), "KCS", 100),
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

    /// Lets a command act on the futures account; what it leaves takes its place in the order of
    /// everything.
    pub(crate) fn with_futures<R>(
        &mut self,
        now_ms: u64,
        command: impl FnOnce(&mut Futures) -> R,
    ) -> R {
        self.advance(now_ms);
        let result = command(self.futures.at(self.now_ms));
        let events = self.futures.take_events();
        self.events.extend(events.into_iter().map(Event::Futures));
        result
    }

    pub(crate) fn futures(&self) -> &Futures {
        &self.futures
    }

    /// What happened since the last call, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn balance(&self, wallet: Wallet, currency: &str) -> Balance {
        self.ledger.balance(wallet, currency)
    }

    /// Everything in every account, with what is owed of it.
    pub(crate) fn holdings(&self) -> impl Iterator<Item = (Wallet, &str, Balance, Decimal)> {
        let balances = self.ledger.balances();
        balances.map(|(wallet, currency, balance)| {
            let owed = self.margin.debt(wallet, currency).total();
            (wallet, currency, balance, owed)
        })
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

    /// Moves money between two accounts: two events, the payer's first. What a margin account that
    /// owes something holds can leave it in part only.
    pub(crate) fn transfer(
        &mut self,
        now_ms: u64,
        (from, to): (Wallet, Wallet),
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        self.advance(now_ms);
        check_amount(amount)?;
        for wallet in [from, to] {
            self.check_kept(wallet, currency)?;
        }
        if from != to && self.margin.owes(from) {
            self.check_withdrawal(from, currency, amount)?;
        }
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
        )?;
        self.collateral_moved(from);
        self.collateral_moved(to);
        Ok(())
    }

    /// Sets the last price; resting orders that it crosses fill, and stops that it reaches trigger.
    /// Debts of the cross-margin account are told at their new worth.
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
        self.debts_revalued();
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
