//! The margin topics.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use kucoin_streams_exchange::{
    Decimal, Exchange, MarginStatusType, Side, StopKind, UnknownSymbols, Wallet,
};
use support::*;

const BTC_USDT: Wallet = Wallet::Isolated("BTC-USDT");

async fn quiet() -> Exchange {
    Exchange::builder().start().await.unwrap()
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn isolated_debt_is_pushed_only_for_its_symbol() {
    let exchange = quiet().await;
    let mut socket = Socket::subscribed(&exchange, &[ISOLATED_BTC]).await;
    let account = exchange.account();
    let other = Wallet::Isolated("ETH-USDT");
    account.borrow(other, "USDT", 5.into()).unwrap();
    account.borrow(BTC_USDT, "USDT", 10.into()).unwrap();
    account.repay(BTC_USDT, "USDT", 10.into()).unwrap();
    let mut pushed = Vec::new();
    for _ in 0..4 {
        let frame = socket.text().await;
        assert_eq!(field(&frame, "subject"), "positionChange");
        let data = field(&frame, "data");
        assert_eq!(data["tag"], "BTC-USDT");
        let asset = &data["changeAssets"]["USDT"];
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        pushed.push([
            text(&data["status"]),
            text(&asset["total"]),
            text(&asset["liabilityPrincipal"]),
        ]);
    }
    let expected = [
        ["IN_BORROW", "4000", "0"],
        ["DEBT", "4010", "10"],
        ["IN_REPAY", "4010", "10"],
        ["CLEAR", "4000", "0"],
    ];
    assert_eq!(pushed, expected);
}

#[tokio::test]
async fn isolated_topic_of_unknown_symbol_is_not_found() {
    let settings = Exchange::builder().unknown_symbols(UnknownSymbols::Refuse);
    let exchange = settings.start().await.unwrap();
    let mut socket = Socket::connect(&exchange).await;
    let lists = "/margin/isolatedPosition:BTC-USDT,ETH-USDT";
    for topic in [
        "/margin/isolatedPosition:NO-SUCH",
        "/margin/isolatedPosition:",
        lists,
    ] {
        let expected = format!(
            r#"{{"id":"1","type":"error","code":404,"data":"topic {topic} is not found"}}"#
        );
        assert_eq!(socket.ask(&subscribe("1", topic)).await, expected);
    }
}

#[tokio::test]
async fn triggered_stop_order_settles_in_its_wallet() {
    let exchange = quiet().await;
    let account = exchange.account();
    let size = amount("0.01");
    for (wallet, trade_type) in [
        (Wallet::Trade, "TRADE"),
        (Wallet::Margin, "MARGIN_TRADE"),
        (BTC_USDT, "MARGIN_ISOLATED_TRADE"),
    ] {
        account.set_price("BTC-USDT", 60_000.into()).unwrap();
        let before = account.balance(wallet, "BTC").total();
        let entry = (Side::Buy, StopKind::Entry);
        let stop = account
            .trading_in(wallet)
            .place_stop("BTC-USDT", entry, (61_000.into(), None), size)
            .unwrap();
        account.set_price("BTC-USDT", 61_001.into()).unwrap();
        assert_eq!(account.balance(wallet, "BTC").total(), before + size);
        let stops = exchange.truth().of_topic(STOPS);
        let last = stops.last().unwrap().data();
        assert_eq!(field(last, "tradeType"), trade_type);
        assert_eq!(field(last, "triggerSuccess"), true);
        let orders = exchange.truth().of_topic(ORDERS);
        assert_ne!(field(orders.last().unwrap().data(), "orderId"), stop);
    }
}

#[tokio::test]
async fn account_makes_some_margin_pushes() {
    let exchange = Exchange::builder().seed(4).start().await.unwrap();
    exchange.account().step(600);
    let truth = exchange.truth();
    let isolated: u64 = kucoin_streams_exchange::SYMBOLS
        .iter()
        .map(|symbol| truth.total_of(&format!("/margin/isolatedPosition:{symbol}")))
        .sum();
    let (cross, main) = (
        truth.total_of(MARGIN),
        truth.total_of(ORDERS_V2) + truth.total_of(BALANCE),
    );
    assert!(cross > 0 && isolated > 0);
    assert!(
        cross + isolated < main / 4,
        "{cross} and {isolated} of {main}"
    );
}

#[tokio::test]
async fn margin_status_can_be_pushed_by_code_and_script() {
    let script = "call freeze: margin-status status=FROZEN_RENEW";
    let settings = Exchange::builder().faults(script.parse().unwrap());
    let exchange = settings.start().await.unwrap();
    let mut socket = Socket::subscribed(&exchange, &[MARGIN]).await;
    exchange
        .account()
        .push_margin_status(MarginStatusType::Liability);
    assert!(exchange.call("freeze"));
    for expected in ["LIABILITY", "FROZEN_RENEW"] {
        let push = socket.text().await;
        assert_eq!(field(&push, "subject"), "position.status");
        assert_eq!(field(&push, "data")["type"], expected);
    }
    assert_eq!(exchange.truth().total_of(MARGIN), 2);
}
