//! The account engine: orders, fills, stop orders, positions and balances, without clock, sockets or wire formats.
//!
//! Commands change the account at the time set by [`Engine::at`] and leave [`Event`]s, in order, for
//! [`Engine::take_events`]. All amounts are exact: in the spot and margin accounts only interest is rounded, and the
//! sizes and prices of orders that the engine itself chooses.

mod actor;
mod event;
pub(crate) mod futures;
mod ids;
#[cfg(test)]
mod invariants;
mod ledger;
pub(crate) mod loans;
mod market;
mod order;
mod rejected;
pub(crate) mod spot;
#[cfg(test)]
pub(crate) mod test_util;

use rust_decimal::Decimal;

pub(crate) use event::{
    BalanceEvent, CancelReason, Event, Fill, FundingEvent, Liquidity, OrderChange, OrderEvent,
    PositionChange, StopChange, StopEvent, Text, WalletEvent,
};
pub use event::{Direction, Side, StopKind, StopPriceType};
pub(crate) use ledger::Reason;
pub use ledger::{Wallet, WalletBalance};
pub use loans::Debt;
pub(crate) use order::{NewOrder, NewStop, Order, StopOrder, Terms, Trigger};
pub use rejected::Rejected;

use crate::rng::Rng;
use futures::{Contract, SettleFunds, contracts, opening_funds};
use ids::Ids;
use ledger::Ledger;
use loans::Loans;
use market::{Market, markets};

/// Maximum balance: sums below it stay exact in 28 digits.
const MAX_BALANCE: Decimal = Decimal::from_parts(0x4876_E800, 0x17, 0, false, 0);

/// One of KuCoin's two hosts: spot with margin, or futures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Spot,
    Futures,
}

/// A market of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MarketId {
    pub(crate) host: Host,
    pub(crate) index: usize,
}

impl MarketId {
    fn spot(index: usize) -> Self {
        let host = Host::Spot;
        Self { host, index }
    }

    fn futures(index: usize) -> Self {
        let host = Host::Futures;
        Self { host, index }
    }
}

/// The orders of one host, with their own random numbers and IDs.
///
/// Activity on one host never changes the random numbers of the other.
#[derive(Debug)]
struct HostState {
    rng: Rng,
    ids: Ids,
    /// Open orders, oldest first.
    orders: Vec<Order>,
    stops: Vec<StopOrder>,
}

impl HostState {
    fn new(host: Host, seed: u64) -> Self {
        let noise = match host {
            Host::Spot => 0,
            Host::Futures => 0xF0_70_2E_50,
        };
        Self {
            rng: Rng::new(seed ^ noise),
            ids: Ids::new(host, seed),
            orders: Vec::new(),
            stops: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Engine {
    /// Engine time; never goes backwards, even if the wall clock does.
    now_ms: u64,
    spot: HostState,
    futures: HostState,
    markets: Vec<Market>,
    contracts: Vec<Contract>,
    ledger: Ledger,
    loans: Loans,
    settle_funds: [SettleFunds; 2],
    events: Vec<Event>,
}

impl Engine {
    /// Creates an account with balances and no orders; leaves no events.
    pub(crate) fn new(seed: u64, now_ms: u64) -> Self {
        let mut engine = Self {
            now_ms,
            spot: HostState::new(Host::Spot, seed),
            futures: HostState::new(Host::Futures, seed),
            markets: markets(),
            contracts: contracts(),
            ledger: Ledger::default(),
            loans: Loans::default(),
            settle_funds: opening_funds(),
            events: Vec::new(),
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
                .add(wallet, currency, Decimal::from(amount), Reason::Deposit)
                .expect("an opening balance only adds");
        }
        engine.events.clear();
        engine
    }

    /// Puts the account in hedge mode: each contract has a long and a short leg. The account must be new.
    pub(crate) fn in_hedge_mode(mut self) -> Self {
        self.contracts = self
            .contracts
            .into_iter()
            .map(Contract::with_legs)
            .collect();
        self
    }

    /// Sets the time of the commands that follow.
    pub(crate) fn at(&mut self, now_ms: u64) -> &mut Self {
        self.now_ms = self.now_ms.max(now_ms);
        self
    }

    /// Returns the events since the last call, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn balance(&self, wallet: Wallet, currency: &str) -> WalletBalance {
        self.ledger.balance(wallet, currency)
    }

    /// Returns every balance of the spot and margin accounts, with its account ID.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (Wallet, &str, &str, WalletBalance)> {
        self.ledger.accounts()
    }

    /// Returns every balance of the spot and margin accounts, with its debt.
    pub(crate) fn holdings(&self) -> impl Iterator<Item = (Wallet, &str, WalletBalance, Decimal)> {
        let balances = self.ledger.balances();
        balances.map(|(wallet, currency, balance)| {
            let owed = self.loans.debt(wallet, currency).total();
            (wallet, currency, balance, owed)
        })
    }

    /// Returns the IDs of the open orders, oldest first.
    pub(crate) fn open_orders(&self, host: Host) -> Vec<String> {
        let orders = self.host(host).orders.iter();
        orders.map(|order| order.classic_id().to_string()).collect()
    }

    pub(crate) fn open_stops(&self, host: Host) -> Vec<String> {
        let stops = self.host(host).stops.iter();
        stops.map(|stop| stop.id.to_string()).collect()
    }

    pub(crate) fn last_price(&self, host: Host, symbol: &str) -> Result<Decimal, Rejected> {
        self.find_market(host, symbol)
            .map(|id| self.market(id).last)
    }

    /// Deposits money into the funding account.
    pub(crate) fn deposit(&mut self, currency: &str, amount: Decimal) -> Result<(), Rejected> {
        check_amount(amount)?;
        self.check_balance(Wallet::Main, currency, amount)?;
        self.add(Wallet::Main, currency, amount, Reason::Deposit)
    }

    /// Transfers money between two accounts: two events, the payer's first.
    ///
    /// A margin account with debts must keep enough collateral.
    pub(crate) fn transfer(
        &mut self,
        (from, to): (Wallet, Wallet),
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        check_amount(amount)?;
        for wallet in [from, to] {
            self.check_currency(wallet, currency)?;
        }
        if from != to && self.loans.owes(from) {
            self.check_withdrawal(from, currency, amount)?;
        }
        self.check_balance(to, currency, amount)?;
        self.add(from, currency, -amount, Reason::Transfer)?;
        self.add(to, currency, amount, Reason::Transfer)?;
        self.collateral_changed(from);
        self.collateral_changed(to);
        Ok(())
    }

    /// Sets the last price of a market.
    ///
    /// Resting orders fill if the price crosses them, and stop orders trigger if the price reaches them. Debts of the
    /// cross-margin account are reported at their new value.
    pub(crate) fn set_price(
        &mut self,
        host: Host,
        symbol: &str,
        price: Decimal,
    ) -> Result<(), Rejected> {
        let id = self.find_market(host, symbol)?;
        self.market(id).check_price(price)?;
        self.market_mut(id).last = price;
        self.last_price_moved(id);
        if host == Host::Spot {
            self.collateral_changed(Wallet::Margin);
        }
        Ok(())
    }

    fn host(&self, host: Host) -> &HostState {
        match host {
            Host::Spot => &self.spot,
            Host::Futures => &self.futures,
        }
    }

    fn host_mut(&mut self, host: Host) -> &mut HostState {
        match host {
            Host::Spot => &mut self.spot,
            Host::Futures => &mut self.futures,
        }
    }

    fn market(&self, id: MarketId) -> &Market {
        match id.host {
            Host::Spot => &self.markets[id.index],
            Host::Futures => &self.contracts[id.index].market,
        }
    }

    fn market_mut(&mut self, id: MarketId) -> &mut Market {
        match id.host {
            Host::Spot => &mut self.markets[id.index],
            Host::Futures => &mut self.contracts[id.index].market,
        }
    }

    fn find_market(&self, host: Host, symbol: &str) -> Result<MarketId, Rejected> {
        let index = match host {
            Host::Spot => (self.markets.iter()).position(|market| market.symbol == symbol),
            Host::Futures => {
                (self.contracts.iter()).position(|contract| contract.market.symbol == symbol)
            }
        };
        let index = index.ok_or_else(|| Rejected::UnknownSymbol {
            symbol: symbol.to_owned(),
        })?;
        Ok(MarketId { host, index })
    }

    /// Checks that adding this amount keeps a balance below [`MAX_BALANCE`].
    fn check_balance(
        &self,
        wallet: Wallet,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), Rejected> {
        if self.balance(wallet, currency).total() + amount > MAX_BALANCE {
            return Err(Rejected::TooLarge { limit: MAX_BALANCE });
        }
        Ok(())
    }

    /// Changes the available balance, without an order.
    fn add(
        &mut self,
        wallet: Wallet,
        currency: &str,
        amount: Decimal,
        reason: Reason,
    ) -> Result<(), Rejected> {
        self.change(wallet, currency, (amount, Decimal::ZERO), reason, None)
    }

    fn change(
        &mut self,
        wallet: Wallet,
        currency: &str,
        amounts: (Decimal, Decimal),
        reason: Reason,
        context: Option<event::RelationContext>,
    ) -> Result<(), Rejected> {
        let event = self.ledger.apply(
            &mut self.spot.ids,
            self.now_ms,
            (wallet, currency),
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
