//! The Pro V2 connection: every channel, both ways of authentication, and use next to V1 connections.

use kucoin_streams::pro::{
    AccountType, AnyProTopic, Balances, Channel, ChannelRequest, Executions, Leverages,
    LiquidationWarnings, Orders, Positions, ProEvent, TradeType,
};
use kucoin_streams::v1::{FuturesOrders, SpotOrders};
use kucoin_streams::{
    CloseReason, Kucoin, ProAuthentication, SubscribeError, Timestamp, Update, WsKey,
};
use kucoin_streams_exchange::{
    Account, CONTRACTS, Cut, Effect, Exchange, Faults, SYMBOLS, Side, StreamProtocol, TruthEntry,
};
use serde_json::Value;
use std::sync::Arc;

use crate::pro_truth::{values, values_of_entry};
use crate::setup::*;
use crate::simulated::{client, exchange, settle, start};

/// Returns every channel for every account type, of all symbols and of each.
fn every_topic() -> Vec<AnyProTopic> {
    let trade_types = TradeType::ALL.iter().copied();
    let mut requests: Vec<ChannelRequest> = Vec::new();
    for (trade_type, &channel) in
        trade_types.flat_map(|it| Channel::ALL.iter().map(move |c| (it, c)))
    {
        requests.extend(ChannelRequest::new(channel, trade_type));
        for symbol in SYMBOLS.iter().chain(&CONTRACTS) {
            requests.extend(ChannelRequest::for_symbol(channel, trade_type, symbol));
        }
    }
    // SPOT and TRADING are two names of one account.
    let accounts = AccountType::ALL
        .iter()
        .filter(|it| **it != AccountType::Trading);
    requests.extend(accounts.map(|account| ChannelRequest::balance(*account)));
    requests.into_iter().map(AnyProTopic::from).collect()
}

#[track_caller]
fn check(update: &Update<ProEvent>, entry: &TruthEntry) {
    assert_eq!(update.topic().as_str(), entry.topic);
    assert_eq!(
        values(&json(update.event())),
        values_of_entry(entry),
        "{}",
        entry.frame
    );
    let envelope: Value = serde_json::from_str(&entry.frame).unwrap();
    assert_eq!(
        update.pushed_at().map(Timestamp::as_nanos),
        envelope["P"].as_i64()
    );
    assert!(update.envelope_extra().is_empty());
}

async fn started(seed: u64) -> Arc<Exchange> {
    let exchange = start(Exchange::builder().seed(seed)).await;
    // The Pro V2 truth log starts with its first use.
    assert_eq!(exchange.pro_truth().total(), 0);
    exchange
}

#[tokio::test(start_paused = true)]
async fn every_channel_matches_the_truth_log() {
    let exchange = started(41).await;
    let kucoin = client(&exchange);
    let mut events = soon(kucoin.subscribe(every_topic())).await.unwrap();
    let mut read = 0;
    let mut channels = std::collections::BTreeSet::new();
    for _ in 0..30 {
        exchange.account().step(10);
        let log = exchange.pro_truth().snapshot();
        for entry in &log[read..] {
            check(&event(&mut events).await, entry);
            channels.extend(entry.topic.rsplit_once('.').map(|(channel, _)| channel));
        }
        read = log.len();
    }
    for channel in [
        "order",
        "orderAll",
        "execution",
        "execution.lite",
        "position",
        "positionAll",
        "balance",
    ] {
        assert!(channels.contains(channel), "{channel} in {channels:?}");
    }
    settle().await;
    assert!(events.try_next().is_none(), "nothing is pushed twice");
    // Classic orders have a number as the reason of cancellation, and what each number means is not known.
    let mut drift = kucoin.drift();
    for topic in &mut drift {
        topic.findings.retain(|finding| finding.path != "d.cR");
    }
    drift.retain(|topic| !topic.findings.is_empty());
    assert_eq!(drift, []);
}

#[tokio::test(start_paused = true)]
async fn topic_of_one_symbol_delivers_that_symbol_only() {
    let exchange = started(42).await;
    let kucoin = client(&exchange);
    let of = |symbol| Orders::symbol(TradeType::Unified, symbol).unwrap();
    let mut kcs = soon(kucoin.subscribe(of("KCS-USDT"))).await.unwrap();
    let mut btc = soon(kucoin.subscribe(of("BTC-USDT"))).await.unwrap();
    let mut all = soon(kucoin.subscribe(Orders::all(TradeType::Unified)))
        .await
        .unwrap();
    let account = exchange.account();
    let size = "0.001".parse().unwrap();
    let first = account.place_market("BTC-USDT", Side::Buy, size).unwrap();
    let second = account
        .place_market("KCS-USDT", Side::Buy, 10.into())
        .unwrap();
    let [first, second] = [first, second].map(|id| Account::unified_order_id(&id));
    assert_eq!(event(&mut kcs).await.order_id, second.as_str());
    assert_eq!(event(&mut btc).await.order_id, first.as_str());
    assert_eq!(event(&mut all).await.order_id, first.as_str());
}

/// Returns a client that authenticates by login.
fn by_login(exchange: &Exchange, secret: Option<&str>) -> Kucoin {
    let demo = exchange.credentials();
    let secret = secret.unwrap_or(&demo.secret);
    let credentials = kucoin_streams::Credentials::new(&demo.key, secret, &demo.passphrase);
    Kucoin::builder()
        .credentials(credentials.unwrap())
        .hosts(hosts_of(exchange))
        .pro_authentication(ProAuthentication::Login)
        .config(fast_retries())
        .build()
        .unwrap()
}

#[tokio::test]
async fn login_works_like_a_token() {
    let exchange = started(43).await;
    let kucoin = by_login(&exchange, None);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances::new(AccountType::Funding)))
        .await
        .unwrap();
    exchange.account().deposit("USDT", 7.into()).unwrap();
    assert_eq!(event(&mut balances).await.currency, "USDT");
    let live = "live balance?accountType=FUNDING";
    assert_eq!(lifecycle.summaries(), ["Authenticated", "open", live]);
    assert!(token_codes(&exchange).is_empty(), "no token is fetched");
    assert!(exchange.stats().connections[0].authenticated);
}

#[tokio::test]
async fn refused_login_ends_at_once_with_its_reason() {
    let exchange = started(44).await;
    let kucoin = by_login(&exchange, Some("not-the-secret"));
    let error = soon(kucoin.subscribe(Orders::all(TradeType::Unified)))
        .await
        .unwrap_err();
    let SubscribeError::Closed(closed) = &error else {
        panic!("another error: {error:?}");
    };
    assert!(closed.is_refusal(), "{closed:?}");
    let CloseReason::Failed(failure) = &closed.reason else {
        panic!("another reason: {closed:?}");
    };
    assert!(!failure.to_string().is_empty());
    assert_eq!(
        exchange.stats().connections.len(),
        1,
        "a refusal is not retried"
    );
}

#[tokio::test(start_paused = true)]
async fn each_connection_opens_at_its_first_subscription() {
    let exchange = started(45).await;
    let kucoin = client(&exchange);
    let protocols = || -> Vec<StreamProtocol> {
        let connections = exchange.stats().connections;
        connections
            .iter()
            .map(|connection| connection.protocol)
            .collect()
    };
    assert_eq!(protocols(), []);
    let mut spot = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    assert_eq!(protocols(), [StreamProtocol::V1]);
    let mut unified = soon(kucoin.subscribe(Orders::all(TradeType::Unified)))
        .await
        .unwrap();
    assert_eq!(protocols(), [StreamProtocol::V1, StreamProtocol::ProV2]);
    let mut futures = soon(kucoin.subscribe(FuturesOrders)).await.unwrap();
    let _executions = soon(kucoin.subscribe(Executions::new(TradeType::Unified)))
        .await
        .unwrap();
    assert_eq!(
        protocols(),
        [
            StreamProtocol::V1,
            StreamProtocol::ProV2,
            StreamProtocol::V1
        ]
    );

    let account = exchange.account();
    let one = account
        .place_market("KCS-USDT", Side::Buy, 10.into())
        .unwrap();
    let two = account
        .futures()
        .place_market("XBTUSDTM", Side::Buy, 2)
        .unwrap();
    assert_eq!(event(&mut spot).await.order_id, one.as_str());
    assert_eq!(event(&mut futures).await.order_id, two.as_str());
    let one = Account::unified_order_id(&one);
    let mut orders = Vec::new();
    while orders.last() != Some(&two) {
        orders.push(event(&mut unified).await.order_id.to_string());
    }
    assert_eq!(
        orders.first(),
        Some(&one),
        "both markets are on it, in order"
    );
    kucoin.close().await;
    assert_eq!(
        kucoin
            .state(WsKey::PrivateProV2)
            .map(|state| format!("{state:?}").contains("Closed")),
        Some(true)
    );
}

#[tokio::test(start_paused = true)]
async fn channels_are_resubscribed_with_a_new_token_after_a_loss() {
    let exchange = started(46).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let topics = AnyProTopic::account_wide();
    let count = topics.len();
    let mut events = soon(kucoin.subscribe(topics)).await.unwrap();
    exchange.inject(Effect::Cut(Cut::Reset));
    lifecycle.reconnected().await;
    exchange.account().deposit("USDT", 5.into()).unwrap();
    let outage = outage(&mut events).await;
    assert_eq!(
        outage.topics.len(),
        count,
        "one loss of all topics: {outage:?}"
    );
    let update = event(&mut events).await;
    assert!(matches!(update.event(), ProEvent::Balance(_)), "{update:?}");
    let stats = exchange.stats();
    assert_eq!(stats.connections.len(), 2);
    assert_eq!(
        requests(&stats.connections[0]),
        requests(&stats.connections[1])
    );
    assert_eq!(token_codes(&exchange), ["200000", "200000"]);
}

#[tokio::test(start_paused = true)]
async fn frames_may_be_binary_text_or_deflated() {
    let exchange = started(47).await;
    let kucoin = client(&exchange);
    let mut balances = soon(kucoin.subscribe(Balances::new(AccountType::Funding)))
        .await
        .unwrap();
    for (amount, effect) in [
        (1, None),
        (2, Some(Effect::TextFrames { count: Some(1) })),
        (3, Some(Effect::DeflateFrames { count: Some(1) })),
        (4, None),
    ] {
        if let Some(effect) = effect {
            exchange.inject(effect);
        }
        exchange.account().deposit("KCS", amount.into()).unwrap();
        let balance = event(&mut balances).await;
        assert_eq!(
            (&*balance.currency, balance.available),
            ("KCS", balance.balance)
        );
    }
    assert_eq!(exchange.stats().connections.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refused_channel_fails_alone() {
    let refusal = Effect::RefuseTopic {
        topic: "leverage?tradeType=UNIFIED".into(),
        code: 403,
        text: "no permission".into(),
    };
    let exchange = exchange(Faults::new().on_connection(1, refusal)).await;
    let kucoin = client(&exchange);
    let leverages = Leverages::new(TradeType::Unified).unwrap();
    let error = soon(kucoin.subscribe(leverages)).await.unwrap_err();
    assert!(error.to_string().contains("no permission"), "{error}");
    let positions = Positions::all(TradeType::Unified).unwrap();
    let mut positions = soon(kucoin.subscribe(positions)).await.unwrap();
    let warnings = LiquidationWarnings::new(TradeType::Unified).unwrap();
    soon(kucoin.subscribe(warnings)).await.unwrap();
    exchange
        .account()
        .futures()
        .place_market("XBTUSDTM", Side::Buy, 2)
        .unwrap();
    assert_eq!(event(&mut positions).await.symbol, "XBTUSDTM");
}
