//! A run without a fault: there is nothing to report.

use kucoin_streams_exchange::{Account, Decimal, Exchange, Side, Wallet};

use super::run::{Player, Recorder, Rng, exchange};

/// Number of events of a run: `AUDIT_EVENTS`, by default small enough for every test run.
fn events() -> usize {
    let given = std::env::var("AUDIT_EVENTS").ok();
    given.map_or(20_000, |events| events.parse().unwrap())
}

/// Plays the activity of the exchange until enough events have come, and expects no discrepancy.
#[track_caller]
fn check(
    seed: u64,
    bursts_per_pause: usize,
    recorder: impl FnOnce(&Exchange) -> Recorder,
    mut act: impl FnMut(&Exchange, &mut Rng),
) {
    let (_runtime, exchange) = exchange(seed);
    let mut rng = Rng(seed);
    let mut recorder = recorder(&exchange);
    let mut player = Player::new(bursts_per_pause);
    let (wanted, mut played) = (events() / 4, 0);
    while played < wanted {
        let recorded = recorder.record(500, || act(&exchange, &mut rng));
        played += recorded.len();
        player.play(recorded);
        assert_eq!(player.found, [], "seed {seed}, {played} events");
    }
    assert_eq!(player.end(), [], "seed {seed}");
}

fn step(exchange: &Exchange, _: &mut Rng) {
    exchange.account().step(1);
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
    for (seed, bursts) in [(1, 1), (2, 40), (3, 7), (4, usize::MAX)] {
        check(seed, bursts, recorder, step);
    }
}

#[test]
fn repeated_pushes_of_several_topics_are_no_discrepancy() {
    let recorder = |exchange: &Exchange| Recorder::new(exchange.truth(), |_| true);
    for (seed, bursts) in [(5, 1), (6, 40), (7, 7), (8, usize::MAX)] {
        check(seed, bursts, recorder, step);
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
    for (seed, bursts) in [(1, 1), (2, 40), (3, 7), (4, usize::MAX)] {
        check(seed, bursts, recorder, step);
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
    for (seed, bursts) in [(1, 1), (2, 40), (3, 7), (4, usize::MAX)] {
        check(seed, bursts, recorder, trade_unified);
    }
}

#[test]
fn clean_run_of_unified_account_with_futures_has_no_discrepancy() {
    let recorder = |exchange: &Exchange| {
        fund_margin(exchange);
        Recorder::new(exchange.pro_truth(), is_unified_topic)
    };
    let act = |exchange: &Exchange, rng: &mut Rng| match rng.below(3) {
        0 => exchange.account().futures().step(1),
        _ => trade_unified(exchange, rng),
    };
    for (seed, bursts) in [(1, 1), (2, 40), (3, 7), (4, usize::MAX)] {
        check(seed, bursts, recorder, act);
    }
}
