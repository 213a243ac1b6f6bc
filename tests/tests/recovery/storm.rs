//! Storms: random orders under random losses of the connection, with late rows and faults of the REST API.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kucoin_streams::pro::{self, ProEvent};
use kucoin_streams::v1::{self, FuturesEvent, FuturesOrderKind, OrderKind, SpotEvent, V1Event};
use kucoin_streams::{
    AnyEvent, AnyTopic, DialLimiter, GapReason, Kucoin, Origin, RecoveredItem, RecoverySettings,
    Update, WsKey,
};
use kucoin_streams_exchange::{Cut, Effect, Exchange, RestFault, RestPool};
use kucoin_streams_tests::rng::Rng;
use kucoin_streams_tests::setup::{credentials, fast_retries, hosts_of};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::judge::{Names, Received, Truth, What, judge};
use crate::trader::{Market, Trader};

/// The topics of a storm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum World {
    Spot,
    Futures,
    Pro,
}

impl World {
    fn topics(self) -> Vec<AnyTopic> {
        match self {
            Self::Spot => vec![
                v1::SpotOrders.into(),
                v1::SpotStopOrders.into(),
                v1::Balances.into(),
            ],
            Self::Futures => vec![
                v1::FuturesOrders.into(),
                v1::FuturesStopOrders.into(),
                v1::FuturesPositions.into(),
            ],
            Self::Pro => vec![
                pro::Orders::all(pro::TradeType::Unified).into(),
                pro::Executions::new(pro::TradeType::Unified).into(),
            ],
        }
    }

    fn ws_key(self) -> WsKey {
        match self {
            Self::Spot => WsKey::SpotPrivateV1,
            Self::Futures => WsKey::FuturesPrivateV1,
            Self::Pro => WsKey::PrivateProV2,
        }
    }

    fn names(self) -> Names {
        let v1 = |orders, stops| Names {
            orders,
            fills: orders,
            stops,
            data: "data",
            order: "orderId",
            symbol: "symbol",
            trade: "tradeId",
            price: "matchPrice",
            size: "matchSize",
        };
        match self {
            Self::Spot => v1("/spotMarket/tradeOrdersV2", "/spotMarket/advancedOrders"),
            Self::Futures => v1(
                "/contractMarket/tradeOrders",
                "/contractMarket/advancedOrders",
            ),
            Self::Pro => Names {
                orders: "orderAll.UNIFIED",
                fills: "execution.UNIFIED",
                stops: "",
                data: "d",
                order: "oi",
                symbol: "s",
                trade: "ti",
                price: "p",
                size: "q",
            },
        }
    }
}

/// Delays twenty times shorter than the defaults, longer than the lag of the rows.
fn settings(world: World) -> RecoverySettings {
    let ms = Duration::from_millis;
    let mut settings = RecoverySettings::default();
    settings.overlap = ms(500);
    settings.row_delay = ms(100);
    settings.sweep_delays = [ms(300), ms(700)];
    settings.late_delays = [ms(1000), ms(2000), ms(3000)];
    settings.max_hold = ms(6000);
    if world == World::Pro {
        settings.symbols = vec!["KCS-USDT".into(), "SOL-USDT".into()];
    }
    settings
}

impl Received {
    fn take(&mut self, item: &RecoveredItem<AnyEvent>) {
        match item {
            RecoveredItem::Event(update) => self.event(update),
            // Accounts have IDs like those of orders.
            RecoveredItem::Snapshot(row) if row.topic.to_lowercase().contains("order") => {
                let row: Value = serde_json::from_str(&row.data).unwrap();
                let id = row["id"].as_str().or(row["orderId"].as_str());
                self.known.extend(id.map(str::to_owned));
            }
            RecoveredItem::Vanished(order) => {
                self.vanished.insert(order.order_id.to_string());
            }
            RecoveredItem::Gap(gap) => {
                if let GapReason::Lost { .. } = gap.reason {
                    self.losses += 1;
                }
                self.is_stale = true;
            }
            RecoveredItem::Live(report) => {
                self.reports += usize::from(!report.late);
                self.is_stale = false;
                self.missing = report.missing.iter().map(ToString::to_string).collect();
            }
            _ => {}
        }
    }

    fn event(&mut self, update: &Update<AnyEvent>) {
        let late = matches!(update.origin(), Origin::Recovered { late: true, .. });
        let mut order = |id: &str, what| {
            self.known.insert(id.to_owned());
            self.events.push((id.to_owned(), what, late));
        };
        let fill = update.event().fill();
        match update.event() {
            AnyEvent::V1(V1Event::Spot(SpotEvent::Order(event))) => match &event.kind {
                OrderKind::Received | OrderKind::Open => order(&event.order_id, What::Placed),
                OrderKind::Match(fill) => {
                    order(&event.order_id, What::Fill(fill.trade_id.to_string()))
                }
                OrderKind::Filled | OrderKind::Canceled => order(&event.order_id, What::Ended),
                _ => {}
            },
            AnyEvent::V1(V1Event::Futures(FuturesEvent::Order(event))) => match &event.kind {
                FuturesOrderKind::Open => order(&event.order_id, What::Placed),
                FuturesOrderKind::Match(fill) => {
                    order(&event.order_id, What::Fill(fill.trade_id.to_string()));
                }
                FuturesOrderKind::Filled | FuturesOrderKind::Canceled => {
                    order(&event.order_id, What::Ended)
                }
                _ => {}
            },
            AnyEvent::V1(V1Event::Spot(SpotEvent::StopOrder(event))) => {
                self.stop(&event.kind, &event.order_id);
            }
            AnyEvent::V1(V1Event::Futures(FuturesEvent::StopOrder(event))) => {
                self.stop(&event.kind, &event.order_id);
            }
            AnyEvent::Pro(ProEvent::Order(event)) => {
                let is_conditional = event.trigger_price.is_some();
                match (event.is_done(), is_conditional) {
                    (true, true) => {
                        self.ended_stops.insert(event.order_id.to_string());
                    }
                    (true, false) => order(&event.order_id, What::Ended),
                    (false, true) => {
                        self.open_stops.insert(event.order_id.to_string());
                    }
                    (false, false) => {
                        self.known.insert(event.order_id.to_string());
                    }
                }
                // The execution counts.
                return;
            }
            _ => {}
        }
        if let Some(fill) = fill {
            let order = fill.order_id.clone().unwrap_or_default().to_string();
            let key = (fill.symbol.to_string(), fill.trade_id.to_string(), order);
            self.fills
                .push((key, (fill.price.to_string(), fill.size.to_string())));
        }
    }

    fn stop(&mut self, kind: &v1::StopOrderType, order_id: &str) {
        if matches!(
            kind,
            v1::StopOrderType::Cancel | v1::StopOrderType::Triggered
        ) {
            self.ended_stops.insert(order_id.to_owned());
        } else {
            self.open_stops.insert(order_id.to_owned());
        }
    }
}

/// Result of a storm.
pub(crate) struct Outcome {
    pub(crate) wrong: Vec<String>,
    pub(crate) orders: usize,
    pub(crate) fills: usize,
    pub(crate) recovered: usize,
    pub(crate) losses: usize,
    pub(crate) log: Vec<String>,
}

/// Runs a storm of about `orders` orders.
pub(crate) async fn storm(seed: u64, orders: usize) -> Outcome {
    let mut rng = Rng::new(seed);
    let world = *rng.pick(&WORLDS);
    let ms = Duration::from_millis;
    let builder = Exchange::builder()
        .seed(seed)
        .rest_lag(ms(0), ms(rng.below(200) as u64))
        .rest_missing_orders(ms(rng.below(30) as u64));
    let builder = [
        RestPool::Spot,
        RestPool::Futures,
        RestPool::Management,
        RestPool::Unified,
    ]
    .into_iter()
    .fold(builder, |builder, pool| builder.rest_quota(pool, 1_000_000));
    let exchange = builder.start().await.unwrap();
    let kucoin = Kucoin::builder()
        .credentials(credentials(&exchange))
        .hosts(hosts_of(&exchange))
        .config(fast_retries().with_dials(DialLimiter::new(50, Duration::from_secs(1))))
        .build()
        .unwrap();
    let market = match world {
        World::Futures => Market::Futures,
        World::Spot => Market::Spot,
        World::Pro => *rng.pick(&[Market::Spot, Market::Futures]),
    };
    let truth_log = match world {
        World::Pro => exchange.pro_truth(),
        _ => exchange.truth(),
    };
    let mut trader = Trader::new(exchange.account(), market);
    // Orders that are open before the client comes, so old that their rows are there.
    for _ in 0..rng.below(12) {
        trader.act(&mut rng);
    }
    sleep(ms(250)).await;
    let earlier = truth_log.total();
    let subscription = kucoin.subscribe_any(world.topics()).await.unwrap();
    let mut stream = kucoin.recovered_with(subscription, settings(world));
    let mut lifecycle = kucoin.lifecycle();
    let mut received = Received::default();
    let mut log = vec![format!("{world:?}, seed {seed}")];
    let mut recovered = 0;
    let mut next_kill = Instant::now() + rng.up_to_ms(400);
    let mut next_act = Instant::now();
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut quiet_since = Instant::now();
    loop {
        let is_trading = trader.placed < orders;
        let now = Instant::now();
        if is_trading && now >= next_act {
            trader.act(&mut rng);
            next_act = now + rng.up_to_ms(12);
        }
        if is_trading && now >= next_kill {
            kill(&exchange, &kucoin, world.ws_key(), &mut rng, &mut log);
            next_kill = now + ms(30) + rng.up_to_ms(900);
        }
        if is_trading {
            quiet_since = now;
        }
        // Late attempts end within the sum of their delays.
        let is_over = match received.is_stale || !received.missing.is_empty() {
            true => now.duration_since(quiet_since) > Duration::from_secs(15),
            false => now.duration_since(quiet_since) > ms(2_500),
        };
        if is_over || now > deadline {
            break;
        }
        while let Some(event) = lifecycle.try_next() {
            log.push(format!("    {:?}", event.event));
        }
        if let Ok(Some(item)) = timeout(ms(3), stream.next()).await {
            if let RecoveredItem::Event(update) = &item
                && update.origin() != Origin::Live
            {
                recovered += 1;
            }
            log.push(describe(&item));
            received.take(&item);
            // Under load, items may wait to be read long after the trading.
            quiet_since = Instant::now();
        }
    }
    let entries = truth_log.snapshot();
    let truth = Truth::read(&entries, earlier, &world.names());
    let mut wrong = judge(&truth, &received);
    if !received.missing.is_empty() {
        wrong.push(format!("still missing: {:?}", received.missing));
    }
    for entry in &entries {
        let frame: Value = serde_json::from_str(&entry.frame).unwrap();
        let id = &frame[world.names().data][world.names().order];
        let id = id.as_str().unwrap_or("no order");
        if wrong.iter().any(|text| text.contains(id)) {
            log.push(format!("truth {}", entry.frame));
        }
    }
    kucoin.close().await;
    Outcome {
        wrong,
        orders: trader.placed,
        fills: truth.fills.len(),
        recovered,
        losses: received.losses,
        log,
    }
}

const WORLDS: [World; 3] = [World::Spot, World::Futures, World::Pro];

/// Loses the connection in one of many ways, and makes REST fail at random.
pub(crate) fn kill(
    exchange: &Exchange,
    kucoin: &Kucoin,
    ws_key: WsKey,
    rng: &mut Rng,
    log: &mut Vec<String>,
) {
    let ms = Duration::from_millis;
    if rng.percent(50) {
        // The next token takes its time, so the outage is long.
        exchange.inject(Effect::TokenSlow {
            by: rng.up_to_ms(300),
        });
    }
    if rng.percent(25) {
        let fault = match rng.below(7) {
            0 => RestFault::Overload,
            1 => RestFault::ServerError { status: 503 },
            2 => RestFault::Html,
            3 => RestFault::Truncated,
            4 => RestFault::CutBody,
            5 => RestFault::Close,
            _ => RestFault::Slow { by: ms(50) },
        };
        log.push(format!("REST fault {fault:?}"));
        exchange.inject(Effect::Rest(fault));
    }
    let effect = match rng.below(8) {
        0 => Effect::Cut(Cut::Eof),
        1 => Effect::Cut(Cut::Close {
            code: 1001,
            reason: "bye".to_owned(),
        }),
        2 => Effect::ResetMidFrame,
        3 => {
            // Lost again before the acknowledgements.
            exchange.inject(Effect::Cut(Cut::Reset));
            Effect::DelayAcks {
                by: ms(60),
                count: Some(3),
            }
        }
        4 => {
            let kucoin = kucoin.clone();
            tokio::spawn(async move { kucoin.rotate(ws_key).await });
            Effect::Cut(Cut::Reset)
        }
        _ => Effect::Cut(Cut::Reset),
    };
    log.push(format!("kill {effect:?}"));
    exchange.inject(effect);
}

fn describe(item: &RecoveredItem<AnyEvent>) -> String {
    match item {
        RecoveredItem::Event(update) => {
            let fill = update.event().fill().map(|fill| fill.key().to_string());
            format!(
                "{:?} {} {fill:?}",
                update.origin(),
                kucoin_streams::Event::dedup_key(update.event())
            )
        }
        RecoveredItem::Snapshot(row) => {
            format!(
                "snapshot of {} at {:?}: {}",
                row.topic, row.taken_at, row.data
            )
        }
        RecoveredItem::Gap(gap) => format!("gap {gap}"),
        other => format!("{other:?}"),
    }
}

/// Number of storms at the same time: each waits most of the time.
const CONCURRENT: usize = 24;
/// Orders of one storm.
const ORDERS: usize = 60;
/// Storms of a normal test run: 12,000 orders.
const STORMS: u64 = 200;

/// Sums over all storms.
#[derive(Default)]
struct Totals {
    storms: u64,
    orders: usize,
    fills: usize,
    recovered: usize,
    losses: usize,
    failed: Vec<u64>,
}

impl Totals {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.storms += 1;
        self.orders += outcome.orders;
        self.fills += outcome.fills;
        self.recovered += outcome.recovered;
        self.losses += outcome.losses;
        if !outcome.wrong.is_empty() {
            let log = outcome.log.join("\n");
            eprintln!("seed {seed}: {:#?}\n{log}", outcome.wrong);
            self.failed.push(seed);
        }
    }
}

/// Runs storms with these seeds until none or no time is left.
async fn run_storms(seeds: Range<u64>, time: Option<Duration>) -> Totals {
    let began = Instant::now();
    let mut seeds = seeds.take_while(|_| time.is_none_or(|time| began.elapsed() < time));
    let mut running = JoinSet::new();
    let mut totals = Totals::default();
    loop {
        while running.len() < CONCURRENT
            && let Some(seed) = seeds.next()
        {
            running.spawn(async move { (seed, storm(seed, ORDERS).await) });
        }
        match running.join_next().await {
            Some(done) => {
                let (seed, outcome) = done.unwrap();
                totals.add(seed, outcome);
            }
            None => return totals,
        }
    }
}

/// The seeds of `STORM_SEEDS`, such as `17..18`, or new ones for `STORM_SECONDS`; by default always the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fill_arrives_once_through_storms() {
    let setting = |name| std::env::var(name).ok();
    let seconds = setting("STORM_SECONDS").map(|text| text.parse().unwrap());
    let seeds = match (setting("STORM_SEEDS"), seconds) {
        (Some(text), _) => {
            let (first, end) = text.split_once("..").unwrap();
            first.parse().unwrap()..end.parse().unwrap()
        }
        (None, Some(_)) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now.as_millis() as u64..u64::MAX
        }
        (None, None) => 1..1 + STORMS,
    };
    let totals = run_storms(seeds, seconds.map(Duration::from_secs)).await;
    let Totals {
        storms,
        orders,
        fills,
        recovered,
        losses,
        failed,
    } = totals;
    eprintln!(
        "{storms} storms: {orders} orders, {fills} fills, {losses} losses, {recovered} events recovered"
    );
    assert!(
        failed.is_empty(),
        "storms failed: {failed:?}; run one with STORM_SEEDS=n..n+1"
    );
    assert!(recovered > 0 && losses > 0, "nothing was lost");
}
