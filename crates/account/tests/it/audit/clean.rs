//! A run without a fault: there is nothing to report.

use std::cmp::Reverse;

use kucoin_streams_exchange::{Account, CONTRACTS, Decimal, Exchange, Side, Wallet};

use super::run::{Player, Recorded, Recorder, Rng, exchange};

/// Bursts between two pauses, and the order of their pushes.
const RUNS: [(usize, Order); 6] = [
    (1, Order::AsPushed),
    (40, Order::AsPushed),
    (usize::MAX, Order::AsPushed),
    (1, Order::ByTopic),
    (7, Order::ByTopic),
    (40, Order::ByTopicReversed),
];

/// Number of events of a run: `AUDIT_EVENTS`, by default small enough for every test run.
fn events() -> usize {
    let given = std::env::var("AUDIT_EVENTS").ok();
    given.map_or(20_000, |events| events.parse().unwrap())
}

/// The order in which the pushes of one burst arrive.
#[derive(Clone, Copy)]
enum Order {
    AsPushed,
    /// By topic: all balances before all orders.
    ByTopic,
    /// By topic, in the opposite order.
    ByTopicReversed,
}

impl Order {
    fn apply(self, recorded: &mut [Recorded]) {
        match self {
            Self::AsPushed => {}
            Self::ByTopic => recorded.sort_by_key(|push| (push.burst, push.topic.clone())),
            Self::ByTopicReversed => {
                recorded.sort_by_key(|push| (push.burst, Reverse(push.topic.clone())));
            }
        }
    }
}

/// Plays the activity of the exchange until enough events have come, and expects no discrepancy.
#[track_caller]
fn check(
    seed: u64,
    (bursts_per_pause, order): (usize, Order),
    recorder: impl FnOnce(&Exchange) -> Recorder,
    mut act: impl FnMut(&Exchange, &mut Rng),
) {
    let (_runtime, exchange) = exchange(seed);
    let mut rng = Rng(seed);
    let mut recorder = recorder(&exchange);
    let mut player = Player::new(bursts_per_pause);
    let (wanted, mut played) = (events() / RUNS.len(), 0);
    while played < wanted {
        let mut recorded = recorder.record(500, || act(&exchange, &mut rng));
        order.apply(&mut recorded);
        played += recorded.len();
        player.play(recorded);
        assert_eq!(player.found, [], "seed {seed}, {played} events");
    }
    assert_eq!(player.end(), [], "seed {seed}");
}

/// Runs a random step; sometimes the mark price of a contract falls and rises, which liquidates positions.
fn step(exchange: &Exchange, rng: &mut Rng) {
    exchange.account().step(1);
    if rng.below(40) == 0 {
        let futures = exchange.account().futures();
        let symbol = CONTRACTS[rng.below(3)];
        let mark = futures.mark_price(symbol).unwrap();
        for percent in [70, 140, 100] {
            let price = (mark * Decimal::new(percent, 2)).round_dp(1);
            futures.set_mark_price(symbol, price).unwrap();
        }
    }
}

fn is_v1_topic(topic: &str) -> bool {
    matches!(
        topic,
        "/spotMarket/tradeOrdersV2"
            | "/account/balance"
            | "/contractMarket/tradeOrders"
            | "/contract/positionAll"
            | "/contractAccount/wallet"
    )
}

#[test]
fn clean_run_of_v1_has_no_discrepancy() {
    let recorder = |exchange: &Exchange| Recorder::new(exchange.truth(), is_v1_topic);
    for (seed, run) in (1..).zip(RUNS) {
        check(seed, run, recorder, step);
    }
}

#[test]
fn repeated_pushes_of_several_topics_are_no_discrepancy() {
    let recorder = |exchange: &Exchange| Recorder::new(exchange.truth(), |_| true);
    for (seed, run) in (1..).zip(RUNS) {
        check(seed, run, recorder, step);
    }
}

#[test]
fn clean_run_of_classic_accounts_on_pro_has_no_discrepancy() {
    let recorder = |exchange: &Exchange| {
        Recorder::new(exchange.pro_truth(), |topic| {
            // The transfers of the other accounts have no event.
            let is_futures = topic.ends_with(".FUTURES");
            is_futures || topic.starts_with("execution.") && !topic.ends_with("UNIFIED")
        })
    };
    for (seed, run) in (1..).zip(RUNS) {
        check(seed, run, recorder, step);
    }
}

/// Trades in the unified account, without transfers.
pub(super) fn trade_unified(exchange: &Exchange, rng: &mut Rng) {
    let account = exchange.account();
    let symbols = ["BTC-USDT", "ETH-USDT", "SOL-USDT", "KCS-USDT"];
    let at = rng.below(4);
    let (symbol, wallet) = (symbols[at], [Wallet::Trade, Wallet::Margin][rng.below(2)]);
    let trading = account.trading_in(wallet);
    let side = [Side::Buy, Side::Sell][rng.below(2)];
    let scale = [4, 3, 2, 1][at];
    let size = Decimal::new(i64::try_from(rng.below(90)).unwrap() + 10, scale);
    let ticks = Decimal::new(i64::try_from(rng.below(9)).unwrap(), [1, 2, 2, 3][at]);
    let last = account.last_price(symbol).unwrap();
    let open = account.open_orders();
    // What is refused has no event.
    let _ = match rng.below(9) {
        0 | 1 => trading
            .place_limit(symbol, side, last + ticks, size)
            .map(drop),
        2 | 3 => trading
            .place_limit(symbol, side, last - ticks, size)
            .map(drop),
        4 => trading.place_market(symbol, side, size).map(drop),
        5 => trading
            .place_market_funds(symbol, Decimal::from(50))
            .map(drop),
        6 => account.set_price(symbol, last + ticks),
        7 => account.set_price(symbol, last - ticks),
        _ => match open.is_empty() {
            true => borrow(&account, rng),
            false => account.cancel(&open[rng.below(open.len())]),
        },
    };
}

/// Trades contracts, without deposits.
fn trade_contracts(exchange: &Exchange, rng: &mut Rng) {
    let futures = exchange.account().futures();
    let symbol = CONTRACTS[rng.below(3)];
    let side = [Side::Buy, Side::Sell][rng.below(2)];
    let size = i64::try_from(rng.below(20)).unwrap() + 1;
    let (last, mark) = (
        futures.last_price(symbol).unwrap(),
        futures.mark_price(symbol).unwrap(),
    );
    let open = futures.open_orders();
    let _ = match rng.below(8) {
        0 | 1 => futures.place_market(symbol, side, size).map(drop),
        2 | 3 => futures.place_limit(symbol, side, last, size).map(drop),
        4 => futures.settle_funding(symbol, Decimal::new(1, 4)),
        5 => futures.set_mark_price(symbol, (mark * Decimal::new(1_001, 3)).round_dp(1)),
        6 => futures.set_mark_price(symbol, (mark * Decimal::new(999, 3)).round_dp(1)),
        _ => match open.first() {
            Some(order_id) => futures.fill(order_id, 1),
            None => Ok(()),
        },
    };
}

fn borrow(account: &Account, rng: &mut Rng) -> Result<(), kucoin_streams_exchange::Rejected> {
    match rng.below(2) {
        0 => account.borrow(Wallet::Margin, "USDT", Decimal::from(20)),
        _ => account.repay(Wallet::Margin, "USDT", Decimal::from(20)),
    }
}

pub(super) fn is_unified_topic(topic: &str) -> bool {
    matches!(
        topic,
        "orderAll.UNIFIED"
            | "execution.UNIFIED"
            | "balance.UNIFIED"
            | "balance.FUNDING"
            | "positionAll.UNIFIED"
    )
}

pub(super) fn fund_margin(exchange: &Exchange) {
    let account = exchange.account();
    let funds = [("USDT", 3_000)];
    for (currency, amount) in funds {
        let amount = Decimal::from(amount);
        account
            .transfer(Wallet::Main, Wallet::Margin, currency, amount)
            .unwrap();
    }
}

#[test]
fn clean_run_of_unified_account_has_no_discrepancy() {
    let recorder = |exchange: &Exchange| {
        fund_margin(exchange);
        Recorder::new(exchange.pro_truth(), is_unified_topic)
    };
    for (seed, run) in (1..).zip(RUNS) {
        check(seed, run, recorder, trade_unified);
    }
}

#[test]
fn clean_run_of_unified_account_with_futures_has_no_discrepancy() {
    let recorder = |exchange: &Exchange| {
        fund_margin(exchange);
        Recorder::new(exchange.pro_truth(), is_unified_topic)
    };
    let act = |exchange: &Exchange, rng: &mut Rng| match rng.below(3) {
        0 => trade_contracts(exchange, rng),
        _ => trade_unified(exchange, rng),
    };
    for (seed, run) in (1..).zip(RUNS) {
        check(seed, run, recorder, act);
    }
}
