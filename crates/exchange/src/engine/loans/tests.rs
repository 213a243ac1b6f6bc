//! Loans: balance changes, rejections and reports.

use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_765_465_341_363;
const BTC_USDT: Wallet = Wallet::Isolated("BTC-USDT");

fn engine() -> Engine {
    Engine::new(1, NOW)
}

fn usdt(amount: i64) -> Decimal {
    Decimal::from(amount)
}

/// Returns the reported events in short form.
fn reported(engine: &mut Engine) -> Vec<String> {
    let events = engine.take_events().into_iter();
    let line = |event| match event {
        Event::Balance(change) => format!("{:?} {}", change.reason, change.available_change),
        Event::CrossMargin(cross) => {
            let owed = cross.currencies.iter().map(|state| state.debt.total());
            format!("owes {}", owed.sum::<Decimal>().normalize())
        }
        Event::CrossStatus(status) => format!("{:?}", status.change),
        Event::IsolatedLoan(isolated) => format!("{:?}", isolated.phase),
        other => format!("{other:?}"),
    };
    events.map(line).collect()
}

#[test]
fn cross_loan_is_reported_after_its_balance() {
    let mut engine = engine();
    let usdt_in_margin = (Wallet::Margin, "USDT");
    engine
        .borrow(usdt_in_margin.0, usdt_in_margin.1, usdt(100))
        .unwrap();
    engine
        .repay(usdt_in_margin.0, usdt_in_margin.1, usdt(40))
        .unwrap();
    engine
        .repay(usdt_in_margin.0, usdt_in_margin.1, usdt(60))
        .unwrap();
    let expected = [
        "Borrow 100",
        "owes 100",
        "Repay -40",
        "owes 60",
        "Repay -60",
        "owes 0",
    ];
    assert_eq!(reported(&mut engine), expected);
    assert!(engine.debt_ratio(Wallet::Margin).is_zero());
}

#[test]
fn isolated_loan_reports_phase_then_debt() {
    let mut engine = engine();
    engine.borrow(BTC_USDT, "USDT", usdt(10)).unwrap();
    engine.repay(BTC_USDT, "USDT", usdt(4)).unwrap();
    engine.repay(BTC_USDT, "USDT", usdt(6)).unwrap();
    let expected = [
        "Borrowing",
        "Borrow 10",
        "Owing",
        "Repaying",
        "Repay -4",
        "Owing",
        "Repaying",
        "Repay -6",
        "Clear",
    ];
    assert_eq!(reported(&mut engine), expected);
}

#[test]
fn isolated_principal_is_in_quote_currency() {
    let mut engine = engine();
    engine
        .set_price(Host::Spot, "BTC-USDT", Decimal::new(600_005, 1))
        .unwrap();
    let size = Decimal::new(2, 3);
    engine.borrow(BTC_USDT, "BTC", size).unwrap();
    engine.borrow(BTC_USDT, "USDT", usdt(7)).unwrap();
    let last = engine.take_events().pop();
    let Some(Event::IsolatedLoan(last)) = last else {
        panic!("not an isolated account: {last:?}");
    };
    assert_eq!(last.principal, Decimal::new(127_001, 3));
    let owed = last
        .currencies
        .map(|state| (state.currency, state.debt.principal));
    assert_eq!(owed, [("BTC", size), ("USDT", usdt(7))]);
}

#[test]
fn interest_grows_the_debt_and_is_repaid_first() {
    let mut engine = engine();
    engine.settle_interest();
    assert!(engine.take_events().is_empty(), "there are no debts");
    let target = (Wallet::Margin, "USDT");
    engine.borrow(target.0, target.1, usdt(1_000)).unwrap();
    engine.settle_interest();
    let owed = engine.debt(Wallet::Margin, "USDT");
    assert_eq!(
        (owed.principal, owed.interest),
        (usdt(1_000), Decimal::new(1, 2))
    );
    engine.repay(target.0, target.1, usdt(1)).unwrap();
    let owed = engine.debt(Wallet::Margin, "USDT");
    assert_eq!(
        (owed.principal, owed.interest),
        (Decimal::new(99_901, 2), Decimal::ZERO)
    );
}

#[test]
fn insufficient_collateral_is_rejected() {
    let mut engine = engine();
    let own = engine.valuation(Wallet::Margin).assets;
    let target = (Wallet::Margin, "USDT");
    let refused = engine.borrow(target.0, target.1, (own * usdt(4)).trunc());
    assert!(
        matches!(refused, Err(Rejected::InsufficientCollateral { ratio, limit }) if ratio > limit),
        "{refused:?}"
    );
    assert!(
        reported(&mut engine).is_empty(),
        "a rejection leaves no event"
    );
    engine
        .borrow(target.0, target.1, (own * usdt(3)).trunc())
        .unwrap();
    let all = engine.balance(Wallet::Margin, "BTC").available;
    let refused = engine.transfer((Wallet::Margin, Wallet::Main), "BTC", all);
    assert!(matches!(
        refused,
        Err(Rejected::InsufficientCollateral { .. })
    ));
}

#[test]
fn invalid_wallet_currency_and_repayment_are_rejected() {
    let mut engine = engine();
    let mut borrow = |wallet, currency| engine.borrow(wallet, currency, usdt(1));
    assert!(matches!(
        borrow(Wallet::Trade, "USDT"),
        Err(Rejected::WrongWallet { .. })
    ));
    assert!(matches!(
        borrow(BTC_USDT, "ETH"),
        Err(Rejected::UnknownCurrency { .. })
    ));
    assert!(matches!(
        borrow(Wallet::Isolated("NO-SUCH"), "USDT"),
        Err(Rejected::UnknownSymbol { .. })
    ));
    let repaid = engine.repay(Wallet::Margin, "USDT", usdt(1));
    assert!(matches!(
        repaid,
        Err(Rejected::ExceedsDebt { owed, .. }) if owed.is_zero()
    ));
    let moved = engine.transfer((Wallet::Trade, BTC_USDT), "ETH", usdt(1));
    assert!(matches!(moved, Err(Rejected::UnknownCurrency { .. })));
    assert!(
        engine.take_events().is_empty(),
        "a rejection leaves no event"
    );
}

#[test]
fn order_settles_in_its_own_account() {
    use crate::engine::Side;
    let mut engine = engine();
    let size = Decimal::new(1, 2);
    let accounts = [Wallet::Trade, Wallet::Margin, BTC_USDT];
    for wallet in accounts {
        let before = accounts.map(|wallet| engine.balance(wallet, "BTC").total());
        engine
            .market_order((Some(wallet), "BTC-USDT", Side::Buy), "0.01")
            .unwrap();
        for (other, before) in accounts.into_iter().zip(before) {
            let bought = engine.balance(other, "BTC").total() - before;
            let expected = if other == wallet { size } else { Decimal::ZERO };
            assert_eq!(bought, expected, "in {other} for {wallet}");
        }
    }
    let elsewhere = (Some(BTC_USDT), "ETH-USDT", Side::Buy);
    let refused = engine.market_order(elsewhere, "1");
    assert!(matches!(refused, Err(Rejected::WrongWallet { .. })));
}

#[test]
fn account_is_frozen_while_debt_ratio_is_high() {
    use crate::engine::Side;
    let mut engine = engine();
    for (currency, amount) in [("BTC", Decimal::ONE), ("ETH", usdt(5))] {
        engine
            .transfer((Wallet::Margin, Wallet::Main), currency, amount)
            .unwrap();
    }
    // A short position: the debt is in coins, the assets in USDT.
    let target = (Wallet::Margin, "BTC");
    let size = Decimal::new(8, 1);
    engine.borrow(target.0, target.1, size).unwrap();
    let short = (Some(Wallet::Margin), "BTC-USDT", Side::Sell);
    engine.market_order(short, "0.8").unwrap();
    engine.take_events();
    let mut move_price = |price: i64| {
        engine
            .set_price(Host::Spot, "BTC-USDT", usdt(price))
            .unwrap();
        reported(&mut engine)
    };
    assert_eq!(move_price(80_000), ["owes 0.8"]);
    assert_eq!(move_price(91_000), ["owes 0.8", "Frozen"]);
    assert_eq!(move_price(95_000), ["owes 0.8", "Liability"]);
    assert_eq!(move_price(91_000), ["owes 0.8", "LiabilityCleared"]);
    assert_eq!(move_price(80_000), ["owes 0.8", "Unfrozen"]);
    assert_eq!(move_price(95_000), ["owes 0.8", "Frozen", "Liability"]);
    let order = (Some(Wallet::Margin), "ETH-USDT", Side::Buy);
    let refused = engine.market_order(order, "1");
    assert_eq!(refused, Err(Rejected::AccountFrozen));
    engine
        .transfer((Wallet::Main, Wallet::Margin), "USDT", usdt(20_000))
        .unwrap();
    let expected = [
        "Transfer -20000",
        "Transfer 20000",
        "owes 0.8",
        "LiabilityCleared",
        "Unfrozen",
    ];
    assert_eq!(reported(&mut engine), expected);
}

#[test]
fn debts_are_reported_periodically() {
    let mut engine = engine();
    engine.borrow(Wallet::Margin, "USDT", usdt(100)).unwrap();
    engine.take_events();
    engine.now_ms = NOW + REPORT_EVERY_MS - 1;
    engine.prices_moved();
    assert!(engine.take_events().is_empty());
    engine.now_ms += 1;
    engine.prices_moved();
    engine.prices_moved();
    assert_eq!(reported(&mut engine), ["owes 100"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Assets minus debts change by interest only.
    #[test]
    fn loans_change_balance_and_debt_equally(
        steps in proptest::collection::vec((0_u8..3, 0_usize..4, 1_i64..9_000_000_000_000), 1..60),
    ) {
        let mut engine = engine();
        let targets = [
            (Wallet::Margin, "USDT"), (Wallet::Margin, "BTC"), (BTC_USDT, "USDT"), (BTC_USDT, "BTC"),
        ];
        let own = |engine: &Engine| targets.map(|(wallet, currency)| {
            engine.balance(wallet, currency).total() - engine.debt(wallet, currency).total()
        });
        let mut done = 0;
        for (step, target, amount) in steps {
            let target = targets[target];
            let amount = Decimal::new(amount, 12);
            let (before, interest) = (own(&engine), targets.map(|(wallet, currency)| engine.debt(wallet, currency).interest));
            match step {
                0 => done += usize::from(engine.borrow(target.0, target.1, amount).is_ok()),
                1 => {
                    let owed = engine.debt(target.0, target.1).total();
                    let amount = if amount > owed { owed } else { amount };
                    if !owed.is_zero() {
                        let held = engine.balance(target.0, target.1).available;
                        let repaid = engine.repay(target.0, target.1, amount).is_ok();
                        prop_assert_eq!(repaid, amount <= held, "the balance may not cover the interest");
                        done += usize::from(repaid);
                    }
                }
                _ => {
                    engine.settle_interest();
                    for (index, (wallet, currency)) in targets.into_iter().enumerate() {
                        let charged = engine.debt(wallet, currency).interest - interest[index];
                        prop_assert_eq!(own(&engine)[index] + charged, before[index]);
                    }
                    continue;
                }
            }
            prop_assert_eq!(own(&engine), before);
        }
        let events = engine.take_events();
        let loans = events.iter().filter(|event| matches!(
            event, Event::Balance(change) if matches!(change.reason, Reason::Borrow | Reason::Repay)
        ));
        prop_assert_eq!(loans.count(), done);
    }
}
