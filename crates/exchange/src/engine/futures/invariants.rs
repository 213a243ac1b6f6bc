//! Properties of the futures account that hold for any seed and any number of steps.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::event::{Liquidity, Side};
use super::*;

const START: u64 = 1_730_000_000_000;

/// What an outsider who sees only the events makes of them.
#[derive(Default)]
struct Auditor {
    wallets: BTreeMap<SettleCurrency, FuturesWallet>,
    /// Profits less fees plus funding that no wallet told of yet.
    unsettled: BTreeMap<SettleCurrency, Decimal>,
    /// The same, all of it.
    earned: BTreeMap<SettleCurrency, Decimal>,
    /// Contracts by the fills.
    filled: BTreeMap<&'static str, i64>,
    positions: BTreeMap<&'static str, FuturesPosition>,
    /// What the closed lives of positions made.
    lives: BTreeMap<SettleCurrency, Decimal>,
    orders: BTreeMap<String, OrderEvent>,
    /// By kind, to know that a run showed it.
    seen: BTreeMap<String, usize>,
}

impl Auditor {
    fn new(futures: &Futures) -> Self {
        let currencies = [SettleCurrency::Usdt, SettleCurrency::Xbt];
        Self {
            wallets: currencies
                .map(|currency| (currency, futures.wallet(currency)))
                .into(),
            ..Self::default()
        }
    }

    fn see(&mut self, event: FuturesEvent) {
        let kind = match &event {
            FuturesEvent::Order(order) => format!("order {}", order.change.as_str()),
            FuturesEvent::Stop(stop) => match stop.change {
                StopChange::Open => "stop open".to_owned(),
                StopChange::Triggered(_) => "stop triggered".to_owned(),
                StopChange::Cancel => "stop cancel".to_owned(),
            },
            FuturesEvent::Position(change, _) => format!("position {change:?}"),
            FuturesEvent::Funding(_) => "funding".to_owned(),
            FuturesEvent::RiskLimit(_) => "risk limit".to_owned(),
            FuturesEvent::Wallet(_) => "wallet".to_owned(),
            FuturesEvent::MarginMode(..) => "margin mode".to_owned(),
            FuturesEvent::Leverage(_, mode, _) => format!("leverage {}", mode.as_str()),
        };
        *self.seen.entry(kind).or_default() += 1;
        match event {
            FuturesEvent::Order(order) => self.see_order(order),
            FuturesEvent::Position(_, position) => self.see_position(position),
            FuturesEvent::Funding(funding) => {
                let held = &self.positions[funding.symbol];
                assert_eq!(held.quantity, funding.quantity);
                self.earn(funding.settle, funding.fee);
            }
            FuturesEvent::Wallet(change) => self.see_wallet(change.wallet),
            _ => {}
        }
    }

    fn earn(&mut self, currency: SettleCurrency, amount: Decimal) {
        *self.unsettled.entry(currency).or_default() += amount;
        *self.earned.entry(currency).or_default() += amount;
    }

    fn see_order(&mut self, order: OrderEvent) {
        assert_eq!(order.filled + order.remain + order.canceled, order.size);
        assert!(order.remain >= 0 && order.filled >= 0 && order.canceled >= 0);
        assert!(order.terms.leverage >= Decimal::ONE);
        let before = self.orders.get(&*order.order_id);
        let (filled, value, fee) = before.map_or_else(Default::default, |before| {
            assert!(!before.change.is_final(), "an event after the last one");
            (before.filled, before.terms.filled_value, before.terms.fee)
        });
        if order.change.is_final() {
            assert_eq!(order.remain, 0);
        }
        assert!(order.order_time_ns < order.engine_time_ms * 1_000_000);
        let Some(fill) = &order.fill else {
            assert_eq!(
                (order.filled, order.terms.filled_value, order.terms.fee),
                (filled, value, fee)
            );
            self.orders.insert(order.order_id.to_string(), order);
            return;
        };
        assert_eq!(order.filled, filled + fill.size);
        assert_eq!(
            order.terms.filled_value,
            value + fill.price * Decimal::from(fill.size)
        );
        assert_eq!(order.terms.fee, fee + fill.fee);
        if let (Some(limit), TradeType::Trade) = (order.price, order.trade_type) {
            match order.side {
                Side::Buy => assert!(fill.price <= limit),
                Side::Sell => assert!(fill.price >= limit),
            }
        }
        let sign = if order.side == Side::Buy { 1 } else { -1 };
        *self.filled.entry(order.symbol).or_default() += sign * fill.size;
        self.earn(order.terms.settle, fill.closed_pnl - fill.fee);
        self.orders.insert(order.order_id.to_string(), order);
    }

    fn see_position(&mut self, position: FuturesPosition) {
        let money = [
            position.current_cost - position.realised_gross_cost - position.open_cost,
            position.mark_value - position.open_cost - position.unrealised_pnl,
        ];
        assert_eq!(money, [Decimal::ZERO; 2], "costs of {position:?}");
        assert_eq!(position.quantity == 0, position.open_cost.is_zero());
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
            _ => assert_eq!(position.liquidation_price, Decimal::ZERO),
        }
        if position.quantity == 0 {
            assert_eq!(position.initial_margin, Decimal::ZERO);
            assert!(position.average_entry > Decimal::ZERO, "kept when closed");
        }
        if let Some(before) = self.positions.get(position.symbol)
            && before.quantity == 0
        {
            *self.lives.entry(before.settle_currency).or_default() += before.realised_pnl();
        }
        self.positions.insert(position.symbol, position);
    }

    fn see_wallet(&mut self, wallet: FuturesWallet) {
        let before = self.wallets[&wallet.currency].clone();
        assert_eq!(wallet.version, before.version + 1);
        let earned = self.unsettled.remove(&wallet.currency).unwrap_or_default();
        let moved = wallet.balance - before.balance - earned;
        let held = wallet.hold - before.hold;
        let deposit = moved > Decimal::ZERO && held.is_zero() && earned.is_zero();
        let withdrawal = moved < Decimal::ZERO && moved == held && earned.is_zero();
        assert!(
            moved.is_zero() || deposit || withdrawal,
            "{moved} {:?} came from nowhere",
            wallet.currency
        );
        self.check_margins(&wallet);
        self.wallets.insert(wallet.currency, wallet);
    }

    /// The wallet's margins and unrealised profits are those of the positions.
    fn check_margins(&self, wallet: &FuturesWallet) {
        let mut sums = [Decimal::ZERO; 5];
        for position in self.positions.values() {
            if position.settle_currency != wallet.currency {
                continue;
            }
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
        let told = [
            wallet.cross_position_margin,
            wallet.cross_unrealised_pnl,
            wallet.isolated_position_margin,
            wallet.isolated_funding_margin,
            wallet.isolated_unrealised_pnl,
        ];
        assert_eq!(told, sums, "margins in {:?}", wallet.currency);
    }

    /// After whole commands: everything that was told agrees with everything that is.
    fn check(&self, futures: &Futures) {
        assert!(self.unsettled.values().all(Decimal::is_zero));
        for (index, contract) in futures.contracts.iter().enumerate() {
            let filled = self
                .filled
                .get(contract.symbol)
                .copied()
                .unwrap_or_default();
            assert_eq!(futures.positions[index].quantity, filled);
            let told = self.positions.get(contract.symbol);
            assert_eq!(told.map_or(0, |position| position.quantity), filled);
            assert!(!futures.is_exhausted(index));
        }
        for (currency, told) in &self.wallets {
            let now = futures.wallet(*currency);
            assert_eq!((now.version, now.balance), (told.version, told.balance));
            let open = self.positions.values();
            let open: Decimal = open
                .filter(|position| position.settle_currency == *currency)
                .map(FuturesPosition::realised_pnl)
                .sum();
            let lives = self.lives.get(currency).copied().unwrap_or_default();
            let earned = self.earned.get(currency).copied().unwrap_or_default();
            assert_eq!(lives + open, earned, "what positions made in {currency:?}");
        }
    }
}

fn run(futures: &mut Futures, auditor: &mut Auditor, steps: usize) {
    for step in 0..steps {
        futures.at(START + step as u64).step();
        let events = futures.take_events();
        assert!(!events.is_empty(), "step {step} did nothing");
        events.into_iter().for_each(|event| auditor.see(event));
        auditor.check(futures);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fills_positions_and_wallet_agree_to_the_last_digit(seed: u64, steps in 1_usize..300) {
        let mut futures = Futures::new(seed, START);
        let mut auditor = Auditor::new(&futures);
        run(&mut futures, &mut auditor, steps);
        for id in futures.open_orders() {
            futures.cancel(&id).unwrap();
        }
        futures.take_events().into_iter().for_each(|event| auditor.see(event));
        auditor.check(&futures);
        for currency in [SettleCurrency::Usdt, SettleCurrency::Xbt] {
            let wallet = futures.wallet(currency);
            prop_assert_eq!(wallet.cross_order_margin + wallet.isolated_order_margin, Decimal::ZERO);
            prop_assert_eq!(wallet.equity(), wallet.total_cross_margin() + wallet.hold
                + wallet.isolated_position_margin + wallet.isolated_funding_margin
                + wallet.isolated_unrealised_pnl);
        }
    }

    #[test]
    fn any_jump_of_the_mark_price_leaves_sums_exact_and_no_wallet_in_debt(
        seed: u64,
        jumps in prop::collection::vec((0_usize..3, 1_u64..1_400), 1..6),
    ) {
        let mut futures = Futures::new(seed, START);
        let mut auditor = Auditor::new(&futures);
        run(&mut futures, &mut auditor, 120);
        for (index, percent) in jumps {
            let contract = &futures.contracts[index];
            let (symbol, price) = (contract.symbol, contract.mark * Decimal::from(percent) / Decimal::ONE_HUNDRED);
            let price = contract.floor_price(price).clamp(contract.tick, contract::MAX_MARK);
            futures.set_mark_price(symbol, price).unwrap();
            futures.take_events().into_iter().for_each(|event| auditor.see(event));
            auditor.check(&futures);
        }
        for currency in [SettleCurrency::Usdt, SettleCurrency::Xbt] {
            let wallet = futures.wallet(currency);
            prop_assert!(wallet.balance >= Decimal::ZERO, "{wallet:?}");
        }
    }
}

#[test]
fn a_long_run_shows_every_kind_of_event() {
    let mut futures = Futures::new(7, START);
    let mut auditor = Auditor::new(&futures);
    run(&mut futures, &mut auditor, 4_000);
    let expected = [
        "funding",
        "leverage CROSS",
        "leverage ISOLATED",
        "margin mode",
        "order canceled",
        "order filled",
        "order match",
        "order open",
        "order update",
        "position AutoDeposit",
        "position Margin",
        "position MarkPrice",
        "position RiskLimit",
        "position Trade",
        "risk limit",
        "stop cancel",
        "stop open",
        "stop triggered",
        "wallet",
    ];
    assert_eq!(auditor.seen.keys().collect::<Vec<_>>(), expected);
    let makers = auditor
        .orders
        .values()
        .filter_map(|order| order.fill.as_ref());
    assert!(
        makers
            .clone()
            .any(|fill| fill.liquidity == Liquidity::Maker)
    );
    assert!(auditor.seen["order canceled"] > 100, "{:?}", auditor.seen);
    assert!(futures.orders.len() <= 20, "the book stays readable");
}
