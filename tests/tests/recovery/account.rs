//! The kept account after random lives under random losses: equal to the account of the exchange.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kucoin_streams::kept::PositionSide as Leg;
use kucoin_streams::rest::UnifiedBalance;
use kucoin_streams::{
    Account as KeptAccount, AccountOrder, AccountSettings, AccountState, DialLimiter, Kept, Kucoin,
    Trust, WsKey,
};
use kucoin_streams_exchange::{
    Account, CONTRACTS, Decimal, Exchange, PositionSide, PositionState, RestPool, SYMBOLS,
    SettleCurrency, Wallet,
};
use kucoin_streams_tests::rng::Rng;
use kucoin_streams_tests::setup::{credentials, fast_retries, hosts_of};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::settings::fast;
use crate::storm::kill;

/// Actions of the account in one life.
const ACTIONS: usize = 250;
const LIVES: u64 = 16;
const CURRENCIES: [&str; 5] = ["USDT", "BTC", "ETH", "SOL", "KCS"];

/// A life, and what was wrong at its end.
struct Life {
    exchange: Exchange,
    account: KeptAccount,
    is_unified: bool,
    is_hedged: bool,
    wrong: Vec<String>,
}

async fn start(seed: u64) -> (Life, Rng) {
    let mut rng = Rng::new(seed);
    let (is_unified, is_hedged) = (rng.percent(40), rng.percent(40));
    let pools = [
        RestPool::Spot,
        RestPool::Futures,
        RestPool::Management,
        RestPool::Unified,
    ];
    let builder = Exchange::builder()
        .seed(seed)
        .event_rate(0.0)
        .truth_capacity(1_000_000)
        .hedge_mode(is_hedged)
        .rest_lag(Duration::ZERO, rng.up_to_ms(80));
    let builder = pools
        .into_iter()
        .fold(builder, |builder, pool| builder.rest_quota(pool, 1_000_000));
    let exchange = builder.start().await.unwrap();
    let _ = exchange.pro_truth();
    live(&exchange, &mut rng, 60).await;
    sleep(Duration::from_millis(200)).await;
    let kucoin = Kucoin::builder()
        .credentials(credentials(&exchange))
        .hosts(hosts_of(&exchange))
        .config(fast_retries().with_dials(DialLimiter::new(50, Duration::from_secs(1))))
        .build()
        .unwrap();
    let ws_keys = match is_unified {
        true => vec![WsKey::PrivateProV2],
        false => vec![WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1],
    };
    let mut settings = AccountSettings::default();
    settings.max_fills = 100_000;
    settings.max_done_orders = 100_000;
    let mut recovery = fast();
    recovery.symbols = SYMBOLS.into_iter().map(Into::into).collect();
    let starting = kucoin.account().ws_keys(ws_keys);
    let account = starting
        .settings(settings)
        .recovery(recovery)
        .await
        .unwrap();
    let life = Life {
        exchange,
        account,
        is_unified,
        is_hedged,
        wrong: Vec::new(),
    };
    (life, rng)
}

/// Does random things on the account, a few in each millisecond.
async fn live(exchange: &Exchange, rng: &mut Rng, actions: usize) {
    for _ in 0..actions {
        match rng.percent(50) {
            true => exchange.account().step(1),
            false => exchange.account().futures().step(1),
        }
        sleep(rng.up_to_ms(3)).await;
    }
}

/// Runs a life with losses, waits until the account is live and quiet, and compares.
async fn run(seed: u64) -> Vec<String> {
    let (mut life, mut rng) = start(seed).await;
    let mut log = Vec::new();
    for _ in 0..5 {
        live(&life.exchange, &mut rng, ACTIONS / 5).await;
        let keys = match life.is_unified {
            true => &[WsKey::PrivateProV2][..],
            false => &[WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1][..],
        };
        let ws_key = *rng.pick(keys);
        kill(
            &life.exchange,
            life.account.client(),
            ws_key,
            &mut rng,
            &mut log,
        );
    }
    if life.settle().await {
        if !life.is_unified {
            // The audit waits for pushes that may still come. Transfers of a unified account have no event.
            sleep(Duration::from_millis(6_500)).await;
        }
        life.compare().await;
    }
    life.account.client().close().await;
    life.wrong
}

impl Life {
    /// Waits until every part is live and no event has come for a while.
    async fn settle(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut quiet = (Instant::now(), 0);
        while Instant::now() < deadline {
            sleep(Duration::from_millis(50)).await;
            let state = self.account.state();
            if !state.is_all_live() || state.applied() != quiet.1 {
                quiet = (Instant::now(), state.applied());
            }
            if quiet.0.elapsed() > Duration::from_millis(1_500) {
                return true;
            }
        }
        let trusts: Vec<String> = self
            .account
            .state()
            .trusts()
            .map(|t| format!("{t:?}"))
            .collect();
        self.wrong.push(format!("not live: {trusts:?}"));
        false
    }

    async fn compare(&mut self) {
        let (state, account) = (self.account.state(), self.exchange.account());
        for violation in state.violations() {
            self.wrong.push(format!("violation: {violation}"));
        }
        for discrepancy in state.discrepancies() {
            self.wrong.push(format!("discrepancy: {discrepancy:?}"));
        }
        self.compare_orders(&state, &account);
        self.compare_fills(&state);
        self.compare_positions(&state, &account);
        match self.is_unified {
            true => self.compare_unified_balances(&state).await,
            false => self.compare_balances(&state, &account),
        }
    }

    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, kept: T, truth: T) {
        if kept != truth {
            self.wrong
                .push(format!("{what}: kept {kept:?}, exchange {truth:?}"));
        }
    }

    fn compare_orders(&mut self, state: &AccountState, account: &Account) {
        let kept: BTreeSet<String> = state
            .open_orders()
            .map(|order| order.order_id.to_string())
            .collect();
        let name = |id: String| match self.is_unified {
            true => Account::unified_order_id(&id),
            false => id,
        };
        let mut truth: BTreeSet<String> = account.open_orders().into_iter().map(name).collect();
        truth.extend(account.open_stops().into_iter().map(name));
        truth.extend(account.futures().open_stops().into_iter().map(name));
        // A triggered futures order has its own ID in a unified account: it is a child of the stop order.
        let child_of = |id: String| {
            let is_child = |order: &Kept<'_, AccountOrder>| {
                order
                    .parent
                    .as_ref()
                    .is_some_and(|parent| parent.order_id == *id)
            };
            let child = state.orders().find(is_child);
            child.map_or(id.clone(), |order| order.order_id.to_string())
        };
        let open = account.futures().open_orders().into_iter();
        truth.extend(open.map(name).map(child_of));
        let log = match self.is_unified {
            true => self.exchange.pro_truth(),
            false => self.exchange.truth(),
        };
        for id in kept.symmetric_difference(&truth) {
            let order = state.order(id).map(|order| AccountOrder::clone(&order));
            let what = format!("order {id}, {order:?}");
            self.expect(&what, kept.contains(id), truth.contains(id));
            let frames = log
                .snapshot()
                .into_iter()
                .filter(|entry| entry.frame.contains(id));
            self.wrong
                .extend(frames.map(|entry| entry.frame.to_string()));
        }
    }

    /// Compares all fills since the start with the truth log, and the sums of each order.
    fn compare_fills(&mut self, state: &AccountState) {
        let log = match self.is_unified {
            true => self.exchange.pro_truth(),
            false => self.exchange.truth(),
        };
        let mut truth: BTreeMap<(String, String), (Decimal, Decimal)> = BTreeMap::new();
        for entry in log.snapshot() {
            let data: Value = serde_json::from_str(entry.data()).unwrap();
            let names = match entry.topic {
                "execution.UNIFIED" => ["oi", "ti", "p", "q"],
                "/spotMarket/tradeOrdersV2" | "/contractMarket/tradeOrders"
                    if data["type"] == "match" =>
                {
                    ["orderId", "tradeId", "matchPrice", "matchSize"]
                }
                _ => continue,
            };
            let [order, trade, price, size] =
                names.map(|name| data[name].as_str().unwrap().to_owned());
            truth.insert(
                (order, trade),
                (price.parse().unwrap(), size.parse().unwrap()),
            );
        }
        let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
        for fill in state.fills() {
            let order_id = fill.fill.order_id.clone().unwrap_or_else(|| "0".into());
            let key = (order_id.to_string(), fill.fill.trade_id.to_string());
            let kept = Some((fill.fill.price, fill.fill.size));
            self.expect(&format!("fill {key:?}"), kept, truth.get(&key).copied());
        }
        for ((order_id, _), (_, size)) in truth {
            *sums.entry(order_id).or_default() += size;
        }
        for order in state.orders() {
            let truth = sums.get(&*order.order_id).copied().unwrap_or_default();
            self.expect(
                &format!("filled size of {}", order.order_id),
                order.filled_size,
                truth,
            );
        }
    }

    fn compare_positions(&mut self, state: &AccountState, account: &Account) {
        for symbol in CONTRACTS {
            let legs = match self.is_hedged {
                true => vec![
                    (Leg::Long, PositionSide::Long),
                    (Leg::Short, PositionSide::Short),
                ],
                false => vec![(Leg::Both, PositionSide::Both)],
            };
            for (leg, side) in legs {
                let truth: PositionState = account.futures().position_of(symbol, side).unwrap();
                let kept = state.position(symbol, &leg);
                let size = kept.map(|kept| kept.size).unwrap_or_default();
                let what = format!("position {symbol} {leg}");
                self.expect(&what, size, Decimal::from(truth.quantity));
                let Some(kept) = kept.filter(|kept| kept.is_open()) else {
                    continue;
                };
                let exact = |value: Option<Decimal>| value.map(|value| value.normalize());
                self.expect(
                    &format!("{what} realised"),
                    exact(kept.realised_pnl),
                    Some(truth.realised_pnl().normalize()),
                );
            }
        }
    }

    fn compare_balances(&mut self, state: &AccountState, account: &Account) {
        let mut wallets = vec![Wallet::Main, Wallet::Trade, Wallet::Margin];
        wallets.extend(SYMBOLS.map(Wallet::Isolated));
        for wallet in wallets {
            for currency in CURRENCIES {
                let truth = account.balance(wallet, currency);
                let kept = state.balance(&wallet.to_string(), currency);
                let what = format!("{wallet} {currency}");
                match kept {
                    Some(kept) => {
                        let amounts = (kept.total, kept.available, kept.hold);
                        let truth = (Some(truth.total()), Some(truth.available), Some(truth.hold));
                        self.expect(&what, amounts, truth);
                    }
                    None => self.expect(&what, Decimal::ZERO, truth.total()),
                }
            }
        }
        for (currency, name) in [(SettleCurrency::Usdt, "USDT"), (SettleCurrency::Xbt, "XBT")] {
            let truth = account.futures().wallet(currency);
            if let Some(kept) = state.balance("futures", name) {
                let exact = |value: Option<Decimal>| value.map(|value| value.normalize());
                self.expect(
                    &format!("futures {name}"),
                    exact(kept.total),
                    Some(truth.balance.normalize()),
                );
            } else {
                self.expect(&format!("futures {name}"), Decimal::ZERO, truth.balance);
            }
        }
    }

    /// Compares what a mark price does not change: the available balance moves with it, without a push.
    async fn compare_unified_balances(&mut self, state: &AccountState) {
        let page = self
            .account
            .client()
            .rest()
            .execute(&UnifiedBalance::new().into())
            .await;
        for row in page
            .unwrap()
            .rows::<kucoin_streams::rest::UnifiedBalanceRow>()
            .unwrap()
        {
            let kept = state.balance("UNIFIED", &row.currency);
            let kept = kept.map(|kept| (kept.total, kept.hold));
            let what = format!("UNIFIED {}", row.currency);
            self.expect(&what, kept, Some((row.balance, row.hold)));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_account_equals_the_exchange_after_losses() {
    let setting = std::env::var("LIFE_SEEDS").ok();
    let (first, end) = match &setting {
        Some(text) => text
            .split_once("..")
            .map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap()))
            .unwrap(),
        None => (1, 1 + LIVES),
    };
    let (mut running, mut seeds, mut failed) = (JoinSet::new(), first..end, Vec::new());
    loop {
        while running.len() < 16
            && let Some(seed) = seeds.next()
        {
            running.spawn(async move { (seed, run(seed).await) });
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        let (seed, wrong) = done.unwrap();
        if !wrong.is_empty() {
            eprintln!("seed {seed}: {wrong:#?}");
            failed.push(seed);
        }
    }
    assert!(
        failed.is_empty(),
        "lives failed: {failed:?}; run one with LIFE_SEEDS=n..n+1"
    );
}

/// A part is stale while its connection is lost, and live again afterwards.
#[tokio::test]
async fn part_is_stale_from_the_loss_until_it_is_recovered() {
    let (life, mut rng) = start(3).await;
    let state = life.account.state();
    assert!(
        state.is_all_live(),
        "{:?}",
        state.trusts().collect::<Vec<_>>()
    );
    let mut changes = life.account.changes();
    let ws_key = state.trusts().next().unwrap().0;
    kill(
        &life.exchange,
        life.account.client(),
        ws_key,
        &mut rng,
        &mut Vec::new(),
    );
    let mut seen = Vec::new();
    while seen.last() != Some(&"live") {
        use kucoin_streams::AccountChange;
        if let Some(Ok(AccountChange::Trust(part))) = changes.next().await
            && part.part.as_str() == "orders"
        {
            seen.push(part.trust.as_str());
            assert!(!matches!(part.trust, Trust::Live { epoch: 0, .. }));
        }
    }
    assert_eq!(seen.first(), Some(&"stale"), "{seen:?}");
}
