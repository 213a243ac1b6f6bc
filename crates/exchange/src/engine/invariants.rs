//! Properties of the engine for any seed and number of steps: other tests rely on its events as the truth.

mod hedge;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::futures::{
    FuturesBalance, MAX_MARK, Position, PositionId, PositionSide, PositionState, SettleCurrency,
};
use super::loans::CurrencyState;
use super::test_util::{BUY_BTC, decimal};
use super::*;

const START: u64 = 1_730_000_000_000;

type Account = (Wallet, String);
type Amounts<K> = BTreeMap<K, Decimal>;
/// Symbol and side of a position.
type PositionKey = (&'static str, PositionSide);

/// The account as reconstructed from its events alone.
#[derive(Default)]
struct Auditor {
    balances: BTreeMap<Account, WalletBalance>,
    /// By account ID.
    accounts: BTreeMap<String, Account>,
    /// Borrowed minus repaid amounts since the last report of the account's debts.
    loans: Amounts<Account>,
    /// The last reported debts.
    debts: Amounts<Account>,
    orders: BTreeMap<String, OrderEvent>,
    /// Spot trades by trade ID.
    trades: BTreeMap<String, Trade>,
    /// Position sizes by the fills.
    filled: Amounts<PositionKey>,
    positions: BTreeMap<PositionKey, PositionState>,
    wallets: BTreeMap<SettleCurrency, FuturesBalance>,
    /// Realised PnL minus fees plus funding that no wallet event includes yet.
    unsettled: Amounts<SettleCurrency>,
    /// All realised PnL minus fees plus funding.
    earned: Amounts<SettleCurrency>,
    /// Realised PnL of closed positions that were followed by another one.
    ended: Amounts<SettleCurrency>,
    /// Kinds of events seen.
    seen: BTreeSet<String>,
}

/// One fill: the expected balance changes and those of its balance events, in base and quote currency.
struct Trade {
    expected: (Decimal, Decimal),
    moved: (Decimal, Decimal),
}

impl Auditor {
    fn new(engine: &Engine) -> Self {
        let balances = engine.ledger.balances();
        let balances =
            balances.map(|(wallet, currency, balance)| ((wallet, currency.to_owned()), balance));
        let wallets =
            SettleCurrency::ALL.map(|currency| (currency, engine.futures_wallet(currency)));
        Self {
            balances: balances.collect(),
            wallets: wallets.into(),
            ..Self::default()
        }
    }

    fn see_all(&mut self, engine: &mut Engine) {
        for event in engine.take_events() {
            self.see(event);
        }
        self.check(engine);
    }

    fn see(&mut self, event: Event) {
        self.seen.insert(kind(&event));
        match event {
            Event::Order(event) => self.see_order(event),
            Event::Balance(event) => self.see_balance(&event),
            Event::CrossMargin(cross) => {
                for state in &cross.currencies {
                    self.see_debt(Wallet::Margin, state);
                }
            }
            Event::IsolatedLoan(loan) => {
                for state in &loan.currencies {
                    self.see_debt(Wallet::Isolated(loan.symbol), state);
                }
            }
            Event::Position(_, position) => self.see_position(position),
            Event::Funding(funding) => {
                let position = &self.positions[&(funding.symbol, funding.position_side)];
                assert_eq!(position.quantity, funding.quantity);
                self.earn(funding.settle, funding.fee);
            }
            Event::Wallet(change) => self.see_wallet(change.wallet),
            _ => {}
        }
    }

    fn see_order(&mut self, event: OrderEvent) {
        let order = &event.order;
        if !order.by_funds {
            assert_eq!(order.filled + order.remain + order.canceled, order.size);
        }
        let amounts = [order.filled, order.remain, order.canceled, order.reduced];
        assert!(amounts.iter().all(|amount| *amount >= Decimal::ZERO));
        assert!(order.created_ns <= event.time_ms * 1_000_000);
        if event.change.is_final() {
            assert!(order.remain.is_zero());
        }
        let before = self.orders.get(&*order.id);
        let (filled, value, fee) = before.map_or_else(Default::default, |before| {
            assert!(!before.change.is_final(), "an event after the last one");
            let order = &before.order;
            (order.filled, order.filled_value, order.fee)
        });
        let (size, cost, paid) = event.fill.as_ref().map_or_else(Default::default, |fill| {
            (fill.size, fill.size * fill.price, fill.fee)
        });
        assert_eq!(
            (order.filled, order.filled_value, order.fee),
            (filled + size, value + cost, fee + paid)
        );
        if let Some(fill) = &event.fill {
            self.see_fill(order, fill);
        }
        self.orders.insert(event.order.id.to_string(), event);
    }

    fn see_fill(&mut self, order: &Order, fill: &Fill) {
        let signed = order.side.signed(fill.size);
        match order.terms {
            Terms::Spot(_) => {
                let cost = fill.price * fill.size;
                assert_eq!(fill.fee, cost * fill.fee_rate);
                let trade = Trade {
                    expected: (signed, -order.side.signed(cost) - fill.fee),
                    moved: Default::default(),
                };
                let known = self.trades.insert(fill.trade_id.to_string(), trade);
                assert!(known.is_none(), "a trade id twice");
            }
            Terms::Futures {
                liquidation,
                position_side,
                ..
            } => {
                if let (Some(limit), false) = (order.price, liquidation) {
                    assert!(order.side.signed(fill.price) <= order.side.signed(limit));
                }
                let filled = self.filled.entry((order.symbol, position_side));
                *filled.or_default() += signed;
                let currency = match order.fee_currency {
                    "XBT" => SettleCurrency::Xbt,
                    _ => SettleCurrency::Usdt,
                };
                self.earn(currency, fill.closed_pnl.unwrap() - fill.fee);
            }
        }
    }

    fn see_balance(&mut self, event: &BalanceEvent) {
        let account = (event.wallet, event.currency.to_string());
        if matches!(event.reason, Reason::Borrow | Reason::Repay) {
            *self.loans.entry(account.clone()).or_default() += event.available_change;
        }
        let owner = self.accounts.entry(event.account_id.to_string());
        assert_eq!(*owner.or_insert(account.clone()), account);
        let now = WalletBalance {
            available: event.available,
            hold: event.hold,
        };
        let before = self.balances.insert(account, now).unwrap_or_default();
        assert_eq!(
            (
                before.available + event.available_change,
                before.hold + event.hold_change
            ),
            (event.available, event.hold)
        );
        assert!(event.available >= Decimal::ZERO && event.hold >= Decimal::ZERO);
        let context = event.context.as_ref();
        let trade = context.and_then(|context| context.trade_id.as_deref());
        if let Some(trade) = trade.and_then(|id| self.trades.get_mut(id)) {
            let change = event.available_change + event.hold_change;
            match &*event.currency {
                "USDT" => trade.moved.1 += change,
                _ => trade.moved.0 += change,
            }
        }
    }

    /// A debt changes exactly by loans and repayments, or grows by interest.
    fn see_debt(&mut self, wallet: Wallet, state: &CurrencyState) {
        let account = (wallet, state.currency.to_owned());
        let owed = state.debt.total();
        let before = self.debts.insert(account.clone(), owed).unwrap_or_default();
        match self.loans.remove(&account) {
            Some(loans) => assert_eq!(before + loans, owed, "a loan in {account:?}"),
            None => assert!(
                owed >= before,
                "a debt in {account:?} shrank without a repayment"
            ),
        }
        assert!(state.debt.principal >= Decimal::ZERO && state.debt.interest >= Decimal::ZERO);
        if let Some(balance) = self.balances.get(&account) {
            assert_eq!(*balance, state.balance, "with the debt in {account:?}");
        }
    }

    fn earn(&mut self, currency: SettleCurrency, amount: Decimal) {
        *self.unsettled.entry(currency).or_default() += amount;
        *self.earned.entry(currency).or_default() += amount;
    }

    fn see_position(&mut self, position: PositionState) {
        let left = [
            position.current_cost - position.realised_gross_cost - position.open_cost,
            position.mark_value - position.open_cost - position.unrealised_pnl,
        ];
        assert_eq!(left, [Decimal::ZERO; 2], "costs of {position:?}");
        if let Some(own) = &position.isolated {
            assert_eq!(
                own.margin,
                position.initial_margin + own.added + own.closing_fee + own.funding_received
                    - own.funding_paid
            );
        }
        match position.quantity.signum() {
            1 => assert!(position.liquidation_price >= position.bankruptcy_price),
            -1 => assert!(position.liquidation_price <= position.bankruptcy_price),
            _ => {
                assert!(position.liquidation_price.is_zero() && position.open_cost.is_zero());
                assert!(position.initial_margin.is_zero());
                assert!(position.average_entry > Decimal::ZERO, "kept when closed");
            }
        }
        match position.position_side {
            PositionSide::Both => {}
            PositionSide::Long => assert!(position.quantity >= 0, "{position:?}"),
            PositionSide::Short => assert!(position.quantity <= 0, "{position:?}"),
        }
        let key = (position.symbol, position.position_side);
        let before = self.positions.insert(key, position);
        if let Some(before) = before.filter(|before| before.quantity == 0) {
            *self.ended.entry(before.settle_currency).or_default() += before.realised_pnl();
        }
    }

    fn see_wallet(&mut self, wallet: FuturesBalance) {
        let before = &self.wallets[&wallet.currency];
        assert_eq!(wallet.version, before.version + 1);
        let earned = self.unsettled.remove(&wallet.currency).unwrap_or_default();
        let moved = wallet.balance - before.balance - earned;
        let held = wallet.hold - before.hold;
        let deposit = moved > Decimal::ZERO && held.is_zero() && earned.is_zero();
        let withdrawal = moved < Decimal::ZERO && moved == held && earned.is_zero();
        assert!(moved.is_zero() || deposit || withdrawal, "{wallet:?}");
        // Margins and unrealised PnL must match the positions.
        let mut sums = [Decimal::ZERO; 5];
        let positions = self.positions.values();
        for position in positions.filter(|known| known.settle_currency == wallet.currency) {
            match &position.isolated {
                None => {
                    sums[0] += position.initial_margin;
                    sums[1] += position.unrealised_pnl;
                }
                Some(own) => {
                    sums[2] += own.margin - own.funding_received;
                    sums[3] += own.funding_received;
                    sums[4] += position.unrealised_pnl;
                }
            }
        }
        let reported = [
            wallet.cross_position_margin,
            wallet.cross_unrealised_pnl,
            wallet.isolated_position_margin,
            wallet.isolated_funding_margin,
            wallet.isolated_unrealised_pnl,
        ];
        assert_eq!(reported, sums, "margins in {:?}", wallet.currency);
        self.wallets.insert(wallet.currency, wallet);
    }

    /// Checks after complete commands that all reports match the engine's state.
    fn check(&self, engine: &Engine) {
        for (wallet, currency, balance) in engine.ledger.balances() {
            let orders = engine.spot.orders.iter();
            let held = orders.filter(|order| {
                let market = &engine.markets[order.market.index];
                let terms = matches!(order.terms, Terms::Spot(known) if known == wallet);
                terms && spot::held_currency(market, order.side) == currency
            });
            let held: Decimal = held.map(|order| order.hold).sum();
            assert_eq!(
                balance.hold, held,
                "hold balance in {currency} differs from the open orders"
            );
            assert_eq!(balance, self.balances[&(wallet, currency.to_owned())]);
        }
        for (id, trade) in &self.trades {
            assert_eq!(trade.moved, trade.expected, "settlement of trade {id}");
        }
        let owed = engine.loans.debts();
        let owed: Amounts<Account> = owed
            .map(|(wallet, currency, debt)| ((wallet, currency.to_owned()), debt.total()))
            .collect();
        let mut reported = self.debts.clone();
        reported.retain(|_, owed| !owed.is_zero());
        assert_eq!(reported, owed);
        assert!(self.loans.is_empty(), "not reported: {:?}", self.loans);
        self.check_futures(engine);
    }

    fn check_futures(&self, engine: &Engine) {
        assert!(self.unsettled.values().all(Decimal::is_zero));
        for id in engine.position_ids() {
            let contract = &engine.contracts[id.contract];
            let key = (contract.market.symbol, id.side);
            let filled = self.filled.get(&key).copied().unwrap_or_default();
            assert_eq!(contract.position_of(id.side).quantity, filled);
            let reported = self.positions.get(&key);
            let reported = reported.map_or(0, |position| position.quantity);
            assert_eq!(Decimal::from(reported), filled);
            assert!(!engine.is_liquidatable(id));
            check_leg(engine, id);
        }
        for (currency, reported) in &self.wallets {
            let now = engine.futures_wallet(*currency);
            assert_eq!(
                (now.version, now.balance),
                (reported.version, reported.balance)
            );
            assert_eq!(
                now.equity(),
                now.total_cross_margin()
                    + now.hold
                    + now.isolated_position_margin
                    + now.isolated_order_margin
                    + now.isolated_funding_margin
                    + now.isolated_unrealised_pnl
            );
            let open = self.positions.values();
            let open = open.filter(|position| position.settle_currency == *currency);
            let open: Decimal = open.map(PositionState::realised_pnl).sum();
            let sum =
                |sums: &Amounts<SettleCurrency>| sums.get(currency).copied().unwrap_or_default();
            assert_eq!(
                sum(&self.ended) + open,
                sum(&self.earned),
                "realised PnL of the positions"
            );
        }
    }
}

/// A leg has the settings of its contract, and open orders close no more of it than is open.
fn check_leg(engine: &Engine, id: PositionId) {
    let contract = &engine.contracts[id.contract];
    let position = contract.position_of(id.side);
    let settings = |of: &Position| {
        (
            of.mode,
            of.cross_leverage,
            of.isolated_leverage,
            of.risk_level,
        )
    };
    assert_eq!(settings(position), settings(&contract.position));
    if let Some(closing) = id.side.closed_by() {
        assert!(engine.open_size(id, closing) <= position.quantity.abs());
    }
}

fn kind(event: &Event) -> String {
    match event {
        Event::Order(event) => format!("{:?} {}", event.order.market.host, event.change.as_str()),
        Event::Stop(event) => {
            let change = match event.change {
                StopChange::Open => "open",
                StopChange::Triggered(_) => "triggered",
                StopChange::Cancel => "cancel",
            };
            format!("{:?} stop {change}", event.stop.market.host)
        }
        Event::Balance(balance) => {
            let account = match balance.wallet {
                Wallet::Isolated(_) => "Isolated".to_owned(),
                wallet => format!("{wallet:?}"),
            };
            format!("balance {account} {:?}", balance.reason)
        }
        Event::CrossMargin(_) => "cross debts".to_owned(),
        Event::CrossStatus(status) => format!("cross {:?}", status.change),
        Event::IsolatedLoan(loan) => format!("isolated {:?}", loan.phase),
        Event::Position(change, _) => format!("position {change:?}"),
        Event::Funding(_) => "funding".to_owned(),
        Event::RiskLimit(_) => "risk limit".to_owned(),
        Event::Wallet(_) => "wallet".to_owned(),
        Event::MarginMode(..) => "margin mode".to_owned(),
        Event::Leverage(_, mode, _) => format!("leverage {}", mode.as_str()),
    }
}

/// Sets the mark price of a contract to this share of it.
fn jump(engine: &mut Engine, index: usize, percent: u64) {
    let contract = &engine.contracts[index];
    let price = contract.mark * Decimal::from(percent) / Decimal::ONE_HUNDRED;
    let market = &contract.market;
    let price = market.floor_price(price).clamp(market.tick, MAX_MARK);
    engine
        .set_mark_price(crate::CONTRACTS[index], price)
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn orders_balances_and_positions_agree_exactly(seed: u64, steps in 1_usize..500) {
        let mut engine = Engine::new(seed, START);
        let mut auditor = Auditor::new(&engine);
        for step in 0..steps {
            engine.at(START + step as u64).step();
            prop_assert!(!engine.events.is_empty(), "step {} did nothing", step);
            auditor.see_all(&mut engine);
        }
        for host in [Host::Spot, Host::Futures] {
            for id in engine.open_orders(host) {
                engine.cancel(host, &id).unwrap();
            }
        }
        auditor.see_all(&mut engine);
        for (_, currency, balance) in engine.ledger.balances() {
            prop_assert_eq!(balance.hold, Decimal::ZERO, "left held in {}", currency);
        }
        for wallet in auditor.wallets.values() {
            prop_assert!((wallet.cross_order_margin + wallet.isolated_order_margin).is_zero());
        }
    }

    #[test]
    fn mark_price_jumps_keep_sums_exact_and_no_debt(
        seed: u64,
        jumps in prop::collection::vec((0_usize..3, 1_u64..1_400), 1..6),
    ) {
        let mut engine = Engine::new(seed, START);
        let mut auditor = Auditor::new(&engine);
        for step in 0..120 {
            engine.at(START + step).step_on(Host::Futures);
            auditor.see_all(&mut engine);
        }
        for (index, percent) in jumps {
            jump(&mut engine, index, percent);
            auditor.see_all(&mut engine);
        }
        for wallet in auditor.wallets.values() {
            prop_assert!(wallet.balance >= Decimal::ZERO, "{wallet:?}");
        }
    }

    #[test]
    fn same_seed_gives_the_same_events(seed: u64) {
        let story = |seed| {
            let mut engine = Engine::new(seed, START);
            (0..60).for_each(|step| engine.at(START + step).step());
            format!("{:?}", engine.take_events())
        };
        prop_assert_eq!(story(seed), story(seed));
    }
}

#[test]
fn long_run_shows_every_kind_of_event() {
    let mut engine = Engine::new(7, START);
    let mut auditor = Auditor::new(&engine);
    for step in 0..4_000 {
        engine.at(START + step).step_on(Host::Spot);
        engine.step_on(Host::Futures);
        let events = engine.take_events();
        events.into_iter().for_each(|event| auditor.see(event));
        let open = engine.spot.orders.len().max(engine.futures.orders.len());
        assert!(open <= 20, "too many open orders");
    }
    auditor.check(&engine);
    let expected = "\
        Futures canceled, Futures filled, Futures match, Futures open, Futures stop cancel, \
        Futures stop open, Futures stop triggered, Futures update, Spot canceled, Spot filled, \
        Spot match, Spot open, Spot received, Spot stop cancel, Spot stop open, \
        Spot stop triggered, Spot update, balance Isolated Borrow, balance Isolated Hold, \
        balance Isolated Repay, balance Isolated Settled, balance Isolated Transfer, \
        balance Main Deposit, balance Main Transfer, balance Margin Borrow, balance Margin Hold, \
        balance Margin Repay, balance Margin Settled, balance Margin Transfer, balance Trade Hold, \
        balance Trade Settled, balance Trade Transfer, cross debts, funding, isolated Borrowing, \
        isolated Clear, isolated Owing, isolated Repaying, leverage CROSS, leverage ISOLATED, \
        margin mode, position AutoDeposit, position Margin, position MarkPrice, \
        position RiskLimit, position Trade, risk limit, wallet";
    let seen: Vec<String> = auditor.seen.into_iter().collect();
    assert_eq!(seen.join(", "), expected);
}

#[test]
fn buy_by_funds_ends_canceled_within_its_funds() {
    let mut engine = Engine::new(11, START);
    let before = engine.balance(Wallet::Trade, "USDT");
    engine.buy_for_funds("BTC-USDT", "500");
    let after = engine.balance(Wallet::Trade, "USDT");
    let spent = before.total() - after.total();
    assert!(
        spent > decimal("499") && spent <= decimal("500.5"),
        "{spent}"
    );
    assert_eq!(after.hold, before.hold);
    let mut events = engine.take_events().into_iter().rev();
    let last = events.find_map(|event| match event {
        Event::Order(order) => Some(order),
        _ => None,
    });
    let last = last.unwrap();
    assert_eq!(last.change, OrderChange::Canceled);
    assert!(last.order.filled > Decimal::ZERO);
}

#[test]
fn invalid_spot_orders_are_rejected() {
    let mut engine = Engine::new(1, START);
    let elsewhere = (Some(Wallet::Trade), "XYZ-USDT", Side::Buy);
    let mut limit = |place, price, size| engine.limit(place, price, size).unwrap_err();
    for (rejected, expected) in [
        (
            limit(elsewhere, "60000", "1"),
            "symbol XYZ-USDT does not exist",
        ),
        (limit(BUY_BTC, "60000.01", "1"), "price 60000.01 is not"),
        (
            limit(BUY_BTC, "60000", "0.000000001"),
            "size 0.000000001 is not",
        ),
        (
            limit(BUY_BTC, "60000", "100"),
            "balance insufficient in USDT",
        ),
        (
            limit(BUY_BTC, "60000", "1000000"),
            "amount exceeds the limit",
        ),
    ] {
        let text = rejected.to_string();
        assert!(text.starts_with(expected), "{text}");
    }
    assert!(matches!(
        engine.cancel(Host::Spot, "none"),
        Err(Rejected::UnknownOrder { .. })
    ));
    assert!(
        engine.take_events().is_empty(),
        "a rejection leaves no event"
    );
}
