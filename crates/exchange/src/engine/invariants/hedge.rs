//! The same properties in hedge mode: random activity on both legs.

use super::*;

fn engine(seed: u64) -> Engine {
    Engine::new(seed, START).in_hedge_mode()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn legs_orders_and_balances_agree_exactly(seed: u64, steps in 1_usize..400) {
        let mut engine = engine(seed);
        let mut auditor = Auditor::new(&engine);
        for step in 0..steps {
            engine.at(START + step as u64).step_on(Host::Futures);
            prop_assert!(!engine.events.is_empty(), "step {} did nothing", step);
            auditor.see_all(&mut engine);
        }
        for id in engine.open_orders(Host::Futures) {
            engine.cancel(Host::Futures, &id).unwrap();
        }
        auditor.see_all(&mut engine);
        for wallet in auditor.wallets.values() {
            prop_assert!((wallet.cross_order_margin + wallet.isolated_order_margin).is_zero());
        }
    }

    #[test]
    fn mark_price_jumps_leave_no_debt_on_legs(
        seed: u64,
        jumps in prop::collection::vec((0_usize..3, 1_u64..1_400), 1..6),
    ) {
        let mut engine = engine(seed);
        let mut auditor = Auditor::new(&engine);
        for step in 0..120 {
            engine.at(START + step).step_on(Host::Futures);
            auditor.see_all(&mut engine);
        }
        for (index, percent) in jumps {
            jump(&mut engine, index, percent);
            auditor.see_all(&mut engine);
        }
        // A realised loss of one cross leg may be covered by the profit of the other leg, which is still open.
        for wallet in auditor.wallets.keys().map(|currency| engine.futures_wallet(*currency)) {
            prop_assert!(wallet.total_cross_margin() >= Decimal::ZERO, "{wallet:?}");
            prop_assert!(wallet.equity() >= Decimal::ZERO, "{wallet:?}");
        }
    }
}

#[test]
fn long_run_opens_closes_and_settles_every_leg() {
    let mut engine = engine(7);
    let mut auditor = Auditor::new(&engine);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for step in 0..6_000 {
        engine.at(START + step).step_on(Host::Futures);
        for event in engine.take_events() {
            let of_leg = |side: PositionSide, what: &str| format!("{} {what}", side.as_str());
            match &event {
                Event::Order(order) if order.fill.is_some() => {
                    let side = order.order.terms.position_side().unwrap();
                    seen.insert(of_leg(side, order.order.side.as_str()));
                }
                Event::Stop(StopEvent {
                    change: StopChange::Triggered(outcome),
                    stop,
                    ..
                }) => {
                    let side = stop.terms.position_side().unwrap();
                    let outcome = if outcome.is_ok() { "stop" } else { "refused" };
                    seen.insert(of_leg(side, outcome));
                }
                Event::Funding(funding) => {
                    seen.insert(of_leg(funding.position_side, "funding"));
                }
                Event::Position(_, position) if position.quantity == 0 => {
                    seen.insert(of_leg(position.position_side, "closed"));
                }
                _ => {}
            }
            auditor.see(event);
        }
        auditor.check(&engine);
    }
    for leg in ["LONG", "SHORT"] {
        for what in ["buy", "sell", "stop", "refused", "funding", "closed"] {
            let wanted = format!("{leg} {what}");
            assert!(seen.contains(&wanted), "{wanted} is missing in {seen:?}");
        }
    }
    assert!(!seen.iter().any(|kind| kind.starts_with("BOTH")));
    for kind in [
        "position AutoDeposit",
        "position MarkPrice",
        "position RiskLimit",
    ] {
        assert!(auditor.seen.contains(kind), "{kind} is missing");
    }
}
