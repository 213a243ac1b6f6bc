//! Properties that hold for any seed and any number of steps: the judge must be right itself.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::margin::{CurrencyState, MarginEvent};
use super::*;

const START: u64 = 1_730_000_000_000;

/// What an outsider who sees only the events makes of them.
#[derive(Default)]
struct Auditor {
    balances: BTreeMap<(Wallet, String), (Decimal, Decimal)>,
    /// By account id.
    accounts: BTreeMap<String, (Wallet, String)>,
    /// The sum of all changes, available and hold, by account and currency.
    sums: BTreeMap<(Wallet, String), (Decimal, Decimal)>,
    /// What was borrowed less what was repaid since the debts of the account were told last.
    loans: BTreeMap<(Wallet, String), Decimal>,
    /// The debts as they were told last.
    debts: BTreeMap<(Wallet, String), Decimal>,
    /// By trade id.
    trades: BTreeMap<String, Trade>,
}

/// One fill: what it must move, and what its balance events moved.
struct Trade {
    side: Side,
    size: Decimal,
    paid: Decimal,
    seen_base: Decimal,
    seen_quote: Decimal,
}

impl Auditor {
    fn see(&mut self, event: &Event) {
        match event {
            Event::Order(order) => self.see_order(order),
            Event::Balance(balance) => self.see_balance(balance),
            Event::Stop(_) => {}
            Event::Margin(event) => self.see_margin(event),
            // The futures account has an auditor of its own.
            Event::Futures(_) => {}
        }
    }

    fn see_order(&mut self, order: &OrderEvent) {
        if let Quantity::Size {
            origin,
            current,
            remain,
        } = order.quantity
        {
            assert_eq!(
                order.filled + remain + order.canceled,
                origin,
                "parts of an order"
            );
            assert!(current <= origin && remain <= current);
        }
        if order.change == OrderChange::Filled {
            assert_eq!(order.filled + order.canceled, order_origin(order));
        }
        if let Some(fill) = &order.fill {
            let rate = match fill.liquidity {
                Liquidity::Maker => MAKER_FEE,
                Liquidity::Taker => TAKER_FEE,
            };
            let cost = fill.price * fill.size;
            let paid = match order.side {
                Side::Buy => cost + cost * rate,
                Side::Sell => cost - cost * rate,
            };
            let trade = Trade {
                side: order.side,
                size: fill.size,
                paid,
                seen_base: Decimal::ZERO,
                seen_quote: Decimal::ZERO,
            };
            assert!(
                self.trades
                    .insert(fill.trade_id.to_string(), trade)
                    .is_none(),
                "a trade id twice"
            );
        }
    }

    fn see_balance(&mut self, event: &BalanceEvent) {
        let place = (event.wallet, event.currency.to_string());
        if matches!(event.reason, Reason::Borrow | Reason::Repay) {
            *self.loans.entry(place.clone()).or_default() += event.available_change;
        }
        let sum = self.sums.entry(place.clone()).or_default();
        sum.0 += event.available_change;
        sum.1 += event.hold_change;
        let owner = self.accounts.entry(event.account_id.to_string());
        assert_eq!(
            *owner.or_insert(place.clone()),
            place,
            "an account id is of one account"
        );
        let before = self.balances.insert(place, (event.available, event.hold));
        if let Some((available, hold)) = before {
            assert_eq!(available + event.available_change, event.available);
            assert_eq!(hold + event.hold_change, event.hold);
        }
        assert!(event.available >= Decimal::ZERO && event.hold >= Decimal::ZERO);
        let trade = event
            .context
            .as_ref()
            .and_then(|context| context.trade_id.as_deref());
        if let Some(trade) = trade.and_then(|id| self.trades.get_mut(id)) {
            let change = event.available_change + event.hold_change;
            if &*event.currency == "USDT" {
                trade.seen_quote += change
            } else {
                trade.seen_base += change
            }
        }
    }

    fn see_margin(&mut self, event: &MarginEvent) {
        match event {
            MarginEvent::Cross(cross) => {
                for state in &cross.currencies {
                    self.see_debt(Wallet::Margin, state);
                }
            }
            MarginEvent::Isolated(isolated) => {
                for state in &isolated.currencies {
                    self.see_debt(Wallet::Isolated(isolated.symbol), state);
                }
            }
            MarginEvent::Status(_) => {}
        }
    }

    /// A debt changes by what is borrowed and repaid, to the last digit, or else by interest.
    fn see_debt(&mut self, wallet: Wallet, state: &CurrencyState) {
        let place = (wallet, state.currency.to_owned());
        let owed = state.debt.total();
        let before = self.debts.insert(place.clone(), owed).unwrap_or_default();
        match self.loans.remove(&place) {
            Some(loans) => assert_eq!(before + loans, owed, "a loan in {place:?}"),
            None => assert!(owed >= before, "a debt in {place:?} went by itself"),
        }
        assert!(state.debt.principal >= Decimal::ZERO && state.debt.interest >= Decimal::ZERO);
        let balance = self.balances.get(&place);
        if let Some((available, hold)) = balance {
            let told = (state.balance.available, state.balance.hold);
            assert_eq!(told, (*available, *hold), "told with the debt in {place:?}");
        }
    }

    /// Every debt has been told as it is, and nothing else is owed.
    fn check_debts(&self, engine: &Engine) {
        let owed: BTreeMap<_, _> = engine
            .margin
            .debts()
            .map(|(wallet, currency, debt)| ((wallet, currency.to_owned()), debt.total()))
            .collect();
        let told: BTreeMap<_, _> = self
            .debts
            .iter()
            .filter(|entry| !entry.1.is_zero())
            .map(|(place, owed)| (place.clone(), *owed))
            .collect();
        assert_eq!(told, owed);
        assert!(self.loans.is_empty(), "untold loans: {:?}", self.loans);
    }

    /// What there was at first and all changes together make what there is.
    fn check_sums(&self, first: &BTreeMap<(Wallet, String), Balance>, engine: &Engine) {
        for (wallet, currency, balance) in engine.ledger.balances() {
            let key = (wallet, currency.to_owned());
            let (available, hold) = self.sums.get(&key).copied().unwrap_or_default();
            let start = first.get(&key).copied().unwrap_or_default();
            assert_eq!(
                (start.available + available, start.hold + hold),
                (balance.available, balance.hold)
            );
        }
    }

    fn check(&self, engine: &Engine) {
        self.check_debts(engine);
        for (wallet, currency, balance) in engine.ledger.balances() {
            assert_eq!(balance.total(), balance.available + balance.hold);
            let held: Decimal = engine
                .orders
                .values()
                .filter(|order| {
                    let market = &engine.markets[order.market];
                    let held_in = if order.side == Side::Buy {
                        market.quote
                    } else {
                        market.base
                    };
                    wallet == order.wallet && held_in == currency
                })
                .map(|order| order.reserved)
                .sum();
            assert_eq!(
                balance.hold, held,
                "held in {currency} for the open orders and nothing else"
            );
        }
        for (id, trade) in &self.trades {
            let (base, quote) = match trade.side {
                Side::Buy => (trade.size, -trade.paid),
                Side::Sell => (-trade.size, trade.paid),
            };
            assert_eq!(
                (trade.seen_base, trade.seen_quote),
                (base, quote),
                "settlement of trade {id}"
            );
        }
    }
}

fn order_origin(order: &OrderEvent) -> Decimal {
    match order.quantity {
        Quantity::Size { origin, .. } => origin,
        Quantity::Funds { .. } => order.filled,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn orders_fills_and_balances_agree_to_the_last_digit(seed: u64, steps in 1_usize..400) {
        let mut engine = Engine::new(seed, START);
        let mut auditor = Auditor::default();
        let first = engine.ledger.balances();
        let first = first.map(|(wallet, currency, balance)| ((wallet, currency.to_owned()), balance)).collect();
        for step in 0..steps {
            engine.step(START + step as u64);
            let events = engine.take_events();
            prop_assert!(!events.is_empty(), "step {step} did nothing");
            for event in &events {
                auditor.see(event);
            }
            auditor.check(&engine);
        }
        for id in engine.open_orders() {
            engine.cancel(START + 1_000_000, &id).unwrap();
        }
        for event in engine.take_events() {
            auditor.see(&event);
        }
        auditor.check(&engine);
        auditor.check_sums(&first, &engine);
        for (_, currency, balance) in engine.ledger.balances() {
            prop_assert_eq!(balance.hold, Decimal::ZERO, "left held in {}", currency);
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_story(seed: u64) {
        let story = |seed| {
            let mut engine = Engine::new(seed, START);
            (0..60).for_each(|step| engine.step(START + step));
            format!("{:?}", engine.take_events())
        };
        prop_assert_eq!(story(seed), story(seed));
    }
}

#[test]
fn a_long_run_shows_every_kind_of_event() {
    let mut engine = Engine::new(7, START);
    let mut seen = std::collections::BTreeSet::new();
    for step in 0..4_000 {
        engine.step(START + step);
        for event in engine.take_events() {
            seen.insert(match event {
                Event::Order(order) => format!("order {}", order.change.as_str()),
                Event::Balance(balance) => {
                    let account = match balance.wallet {
                        Wallet::Isolated(_) => "Isolated".to_owned(),
                        wallet => format!("{wallet:?}"),
                    };
                    format!("balance {account} {:?}", balance.reason)
                }
                Event::Margin(MarginEvent::Cross(_)) => "cross debts".to_owned(),
                Event::Margin(MarginEvent::Status(status)) => format!("cross {:?}", status.change),
                Event::Margin(MarginEvent::Isolated(isolated)) => {
                    format!("isolated {:?}", isolated.phase)
                }
                Event::Futures(_) => "futures".to_owned(),
                Event::Stop(stop) => match stop.change {
                    StopChange::Open => "stop open".to_owned(),
                    StopChange::Triggered(_) => "stop triggered".to_owned(),
                    StopChange::Cancel => "stop cancel".to_owned(),
                },
            });
        }
        assert!(engine.open.len() <= 20, "the book stays readable");
    }
    let expected = [
        "balance Isolated Borrow",
        "balance Isolated Hold",
        "balance Isolated Repay",
        "balance Isolated Settled",
        "balance Isolated Transfer",
        "balance Main Deposit",
        "balance Main Transfer",
        "balance Margin Borrow",
        "balance Margin Hold",
        "balance Margin Repay",
        "balance Margin Settled",
        "balance Margin Transfer",
        "balance Trade Hold",
        "balance Trade Settled",
        "balance Trade Transfer",
        "cross debts",
        "futures",
        "isolated Borrowing",
        "isolated Clear",
        "isolated Owing",
        "isolated Repaying",
        "order canceled",
        "order filled",
        "order match",
        "order open",
        "order received",
        "order update",
        "stop cancel",
        "stop open",
        "stop triggered",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_market_buy_by_funds_ends_canceled_and_spends_no_more_than_its_funds() {
    let mut engine = Engine::new(11, START);
    let before = engine.balance(Wallet::Trade, "USDT");
    let funds = Decimal::from(500);
    engine
        .place_market_funds(START, (Wallet::Trade, "BTC-USDT"), funds, None)
        .unwrap();
    let after = engine.balance(Wallet::Trade, "USDT");
    let spent = before.total() - after.total();
    assert!(
        spent > Decimal::from(499) && spent <= funds * (Decimal::ONE + TAKER_FEE),
        "spent {spent}"
    );
    assert_eq!(after.hold, before.hold);
    let last = engine
        .take_events()
        .into_iter()
        .rev()
        .find_map(|event| match event {
            Event::Order(order) => Some(order),
            _ => None,
        });
    let last = last.unwrap();
    assert_eq!(last.change, OrderChange::Canceled);
    assert!(last.filled > Decimal::ZERO);
}

#[test]
fn refuses_what_kucoin_would_refuse() {
    let mut engine = Engine::new(1, START);
    let (price, size) = (Decimal::from(60_000), Decimal::ONE);
    let place = |engine: &mut Engine, symbol, price, size| {
        engine.place_limit(
            START,
            (Wallet::Trade, symbol, Side::Buy),
            (price, size),
            None,
        )
    };
    assert!(matches!(
        place(&mut engine, "XYZ-USDT", price, size),
        Err(Rejected::UnknownSymbol { .. })
    ));
    assert!(matches!(
        place(&mut engine, "BTC-USDT", Decimal::new(6_000_001, 2), size),
        Err(Rejected::Price { .. })
    ));
    assert!(matches!(
        place(&mut engine, "BTC-USDT", price, Decimal::new(1, 9)),
        Err(Rejected::Size { .. })
    ));
    assert!(matches!(
        place(&mut engine, "BTC-USDT", price, Decimal::from(100)),
        Err(Rejected::InsufficientFunds { .. })
    ));
    assert!(matches!(
        place(&mut engine, "BTC-USDT", price, Decimal::MAX),
        Err(Rejected::TooLarge { .. })
    ));
    assert!(matches!(
        engine.cancel(START, "none"),
        Err(Rejected::UnknownOrder { .. })
    ));
    assert!(engine.take_events().is_empty(), "a refusal leaves no event");
}
