//! The futures topics over real connections: subscribers receive exactly the frames of the truth log.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use kucoin_streams_exchange::{
    CONTRACTS, Decimal, Exchange, MarginMode, SettleCurrency, Side, UnknownSymbols,
};
use support::*;

const FUTURES_ORDERS: &str = "/contractMarket/tradeOrders";
const FUTURES_STOPS: &str = "/contractMarket/advancedOrders";
const WALLET: &str = "/contractAccount/wallet";
const POSITIONS: &str = "/contract/positionAll";
const MARGIN_MODE: &str = "/contract/marginMode";
const CROSS_LEVERAGE: &str = "/contract/crossLeverage";

/// Returns every futures topic: those of the account, and two per contract.
fn all_topics() -> Vec<String> {
    let account = [
        FUTURES_ORDERS,
        FUTURES_STOPS,
        WALLET,
        POSITIONS,
        MARGIN_MODE,
        CROSS_LEVERAGE,
    ];
    let by_contract = CONTRACTS.iter().flat_map(|symbol| {
        [
            format!("/contractMarket/tradeOrders:{symbol}"),
            format!("/contract/position:{symbol}"),
        ]
    });
    account
        .into_iter()
        .map(str::to_owned)
        .chain(by_contract)
        .collect()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn subscriber_of_all_topics_gets_every_push_in_order() {
    let builder = Exchange::builder().seed(7).queue_capacity(65_536);
    let exchange = builder.start().await.unwrap();
    let topics = all_topics();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut socket = Socket::subscribed(&exchange, &topics).await;
    exchange.account().futures().step(1_000);
    let truth = exchange.truth().snapshot();
    let mut seen = BTreeSet::new();
    for entry in &truth {
        assert_eq!(socket.text().await, *entry.frame);
        seen.insert(entry.topic);
    }
    let topics: BTreeSet<&str> = topics.into_iter().collect();
    assert_eq!(seen, topics, "every topic has pushes");
}

#[tokio::test]
async fn account_trades_spot_and_futures() {
    let exchange = Exchange::builder().seed(3).start().await.unwrap();
    let mut socket = Socket::subscribed(&exchange, &[FUTURES_ORDERS]).await;
    exchange.account().step(600);
    let truth = exchange.truth();
    let futures = truth.total_of(FUTURES_ORDERS);
    let spot = truth.total_of(ORDERS);
    assert!(futures > 50 && spot > futures, "{futures} and {spot}");
    for entry in truth.of_topic(FUTURES_ORDERS) {
        assert_eq!(socket.text().await, *entry.frame);
    }
}

#[tokio::test]
async fn order_is_pushed_for_its_symbol_and_for_all() {
    let exchange = Exchange::builder().start().await.unwrap();
    let one = "/contractMarket/tradeOrders:XBTUSDTM";
    let other = "/contractMarket/tradeOrders:ETHUSDTM";
    let mut all = Socket::subscribed(&exchange, &[FUTURES_ORDERS]).await;
    let mut single = Socket::subscribed(&exchange, &[one, other]).await;
    let account = exchange.account().futures();
    let id = account
        .place_limit_as("mine", "XBTUSDTM", Side::Buy, decimal("60000.5"), 7)
        .unwrap();
    assert_eq!(account.open_orders(), std::slice::from_ref(&id));
    account.reduce(&id, 2).unwrap();
    account.fill(&id, 3).unwrap();
    account.cancel(&id).unwrap();
    for kind in ["open", "update", "match", "canceled"] {
        let (all, single) = (all.text().await, single.text().await);
        assert_eq!(field(&all, "subject"), "orderChange");
        assert_eq!(field(&single, "subject"), "symbolOrderChange");
        assert_eq!(field(&single, "topic"), one);
        assert_eq!(field(&all, "channelType"), "private");
        assert_eq!(field(&all, "data"), field(&single, "data"));
        assert_eq!(field(&all, "data")["type"], kind);
        assert_eq!(field(&all, "data")["clientOid"], "mine");
    }
    assert_eq!(account.position("XBTUSDTM").unwrap().quantity, 3);
}

#[tokio::test]
async fn position_is_pushed_for_its_symbol_and_for_all() {
    let exchange = Exchange::builder().start().await.unwrap();
    let one = "/contract/position:ETHUSDTM";
    let mut socket = Socket::subscribed(&exchange, &[POSITIONS, one]).await;
    let account = exchange.account().futures();
    account
        .place_limit("ETHUSDTM", Side::Sell, decimal("3600"), 10)
        .unwrap();
    let id = account.open_orders().pop().unwrap();
    account.fill(&id, 10).unwrap();
    account.add_margin("ETHUSDTM", decimal("12.5")).unwrap();
    account.set_auto_deposit("ETHUSDTM", true).unwrap();
    account.adjust_risk_limit("ETHUSDTM", 2).unwrap();
    account
        .settle_funding("ETHUSDTM", decimal("0.0001"))
        .unwrap();
    account
        .set_mark_price("ETHUSDTM", decimal("3500.001"))
        .unwrap();
    let expected = [
        ("position.change", "positionChange"),
        ("position.change", "marginChange"),
        ("position.change", "autoAppendMarginStatusChange"),
        ("position.adjustRiskLimit", ""),
        ("position.change", "changeRiskLimit"),
        ("position.settlement", ""),
        ("position.change", "marginChange"),
        ("position.change", "markPriceChange"),
    ];
    for (subject, reason) in expected {
        let (all, single) = (socket.text().await, socket.text().await);
        assert_eq!(field(&all, "topic"), POSITIONS);
        assert_eq!(field(&single, "topic"), one);
        assert_eq!(field(&all, "data"), field(&single, "data"));
        assert_eq!(field(&all, "subject"), subject);
        let change_reason = field(&all, "data")["changeReason"].clone();
        assert_eq!(change_reason.as_str().unwrap_or_default(), reason);
    }
}

#[tokio::test]
async fn wallet_can_be_rebuilt_from_pushes() {
    let exchange = Exchange::builder().seed(11).start().await.unwrap();
    let mut socket = Socket::subscribed(&exchange, &[WALLET]).await;
    let account = exchange.account().futures();
    account.step(300);
    account
        .deposit(SettleCurrency::Xbt, decimal("0.12345678"))
        .unwrap();
    let mut versions = [("USDT", 1_u64), ("XBT", 1)];
    let mut last = serde_json::Value::Null;
    for _ in 0..exchange.truth().total_of(WALLET) {
        let frame = socket.text().await;
        assert_eq!(field(&frame, "id").as_str().unwrap().len(), 24);
        let data = field(&frame, "data");
        let version: u64 = data["version"].as_str().unwrap().parse().unwrap();
        let seen = versions
            .iter_mut()
            .find(|seen| data["currency"] == seen.0)
            .unwrap();
        assert_eq!(version, seen.1 + 1);
        seen.1 = version;
        last = data;
    }
    let wallet = account.wallet(SettleCurrency::Xbt);
    assert_eq!(
        last["walletBalance"],
        wallet.balance.normalize().to_string()
    );
    assert_eq!(last["equity"], wallet.equity().normalize().to_string());
    assert_eq!(versions[1].1, wallet.version);
}

#[tokio::test]
async fn margin_mode_cannot_change_with_an_open_position() {
    let exchange = Exchange::builder().start().await.unwrap();
    let mut socket = Socket::subscribed(&exchange, &[MARGIN_MODE, CROSS_LEVERAGE]).await;
    let account = exchange.account().futures();
    account.set_leverage("XBTUSDTM", 25.into()).unwrap();
    account
        .set_margin_mode("XBTUSDTM", MarginMode::Isolated)
        .unwrap();
    account.place_market("XBTUSDTM", Side::Buy, 1).unwrap();
    assert!(
        account
            .set_margin_mode("XBTUSDTM", MarginMode::Cross)
            .is_err()
    );
    let leverage = socket.text().await;
    assert_eq!(field(&leverage, "topic"), CROSS_LEVERAGE);
    assert_eq!(field(&leverage, "subject"), "user.config");
    assert_eq!(field(&leverage, "data")["XBTUSDTM"]["leverage"], "25");
    let mode = socket.text().await;
    assert_eq!(field(&mode, "topic"), MARGIN_MODE);
    assert_eq!(field(&mode, "data")["XBTUSDTM"], "ISOLATED");
    assert_eq!(exchange.truth().total_of(MARGIN_MODE), 1);
}

#[tokio::test]
async fn unknown_contract_is_not_found() {
    let settings = Exchange::builder().unknown_symbols(UnknownSymbols::Refuse);
    let exchange = settings.start().await.unwrap();
    let mut socket = Socket::connect(&exchange).await;
    for topic in [
        "/contract/position:NOSUCHUSDTM",
        "/contractMarket/tradeOrders:NOSUCHUSDTM",
    ] {
        let answer = socket.ask(&subscribe("1", topic)).await;
        assert_eq!(field(&answer, "code"), 404);
        assert_eq!(
            field(&answer, "data"),
            format!("topic {topic} is not found")
        );
    }
    let account = exchange.account().futures();
    assert!(account.place_market("NOSUCHUSDTM", Side::Buy, 1).is_err());
    assert!(account.place_market("XBTUSDTM", Side::Buy, 0).is_err());
    assert!(
        account
            .place_limit("XBTUSDTM", Side::Buy, decimal("60000.55"), 1)
            .is_err()
    );
    assert!(account.cancel("nope").is_err() && account.cancel_stop("nope").is_err());
    assert_eq!(exchange.truth().total(), 0);
}
