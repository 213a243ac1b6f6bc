//! Borrowing and repaying, as a subscriber sees it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use kucoin_streams_exchange::{
    Decimal, Exchange, MarginStatusType, Rejected, Side, StopKind, UnknownSymbols, Wallet,
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
async fn a_cross_debt_is_told_until_it_is_repaid() {
    let exchange = quiet().await;
    let mut socket = Socket::subscribed(&exchange, &[MARGIN, BALANCE]).await;
    let account = exchange.account();
    let borrowed = amount("1000.5");
    account.borrow(Wallet::Margin, "USDT", borrowed).unwrap();
    let balance = field(&socket.text().await, "data");
    assert_eq!(balance["relationEvent"], "margin.other");
    assert_eq!(balance["availableChange"], "1000.5");
    let frame = socket.text().await;
    assert_eq!(field(&frame, "subject"), "debt.ratio");
    assert_eq!(field(&frame, "channelType"), "private");
    let data = field(&frame, "data");
    assert_eq!(data["debtList"]["USDT"], "1000.5");
    assert!(data["debtRatio"].is_number() && data["totalAsset"].is_number());
    assert_eq!(account.debt(Wallet::Margin, "USDT").principal, borrowed);
    assert!(account.debt_ratio(Wallet::Margin) > Decimal::ZERO);
    account.settle_interest();
    let data = field(&socket.text().await, "data");
    assert_eq!(data["debtList"]["USDT"], "1000.510005");
    account.set_price("BTC-USDT", 60_000.into()).unwrap();
    let data = field(&socket.text().await, "data");
    let owed_in_bitcoin = amount("1000.510005") / Decimal::from(60_000);
    let told = data["totalDebt"]
        .as_str()
        .unwrap()
        .parse::<Decimal>()
        .unwrap();
    assert_eq!(told, owed_in_bitcoin.round_dp(20));
    let owed = account.debt(Wallet::Margin, "USDT").total();
    account.repay(Wallet::Margin, "USDT", owed).unwrap();
    let _balance = socket.text().await;
    let data = field(&socket.text().await, "data");
    assert_eq!(
        (&data["debtRatio"], &data["totalDebt"]),
        (&0.into(), &"0".into())
    );
    account.set_price("BTC-USDT", 61_000.into()).unwrap();
    let pong = socket.ask(r#"{"id":"p","type":"ping"}"#).await;
    assert_eq!(field(&pong, "type"), "pong", "nothing is owed any more");
}

#[tokio::test]
async fn an_isolated_debt_is_told_step_by_step_to_its_symbol_only() {
    let exchange = quiet().await;
    let mut socket = Socket::subscribed(&exchange, &[ISOLATED_BTC]).await;
    let account = exchange.account();
    let other = Wallet::Isolated("ETH-USDT");
    account.borrow(other, "USDT", 5.into()).unwrap();
    account.borrow(BTC_USDT, "USDT", 10.into()).unwrap();
    account.repay(BTC_USDT, "USDT", 10.into()).unwrap();
    let mut told = Vec::new();
    for _ in 0..4 {
        let frame = socket.text().await;
        assert_eq!(field(&frame, "subject"), "positionChange");
        let data = field(&frame, "data");
        assert_eq!(data["tag"], "BTC-USDT");
        let asset = &data["changeAssets"]["USDT"];
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        told.push([
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
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_isolated_topic_of_an_unknown_symbol_is_not_found() {
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
async fn an_account_that_owes_too_much_is_frozen_until_it_recovers() {
    let exchange = quiet().await;
    let account = exchange.account();
    let coins = account.balance(Wallet::Margin, "BTC").available;
    let ether = account.balance(Wallet::Margin, "ETH").available;
    account
        .transfer(Wallet::Margin, Wallet::Main, "BTC", coins)
        .unwrap();
    account
        .transfer(Wallet::Margin, Wallet::Main, "ETH", ether)
        .unwrap();
    let size = amount("0.8");
    account.borrow(Wallet::Margin, "BTC", size).unwrap();
    let margin = account.trading_in(Wallet::Margin);
    margin.place_market("BTC-USDT", Side::Sell, size).unwrap();
    let mut socket = Socket::subscribed(&exchange, &[MARGIN]).await;
    let mut kinds = Vec::new();
    for price in [91_000, 95_000, 80_000] {
        account.set_price("BTC-USDT", price.into()).unwrap();
        let frozen = margin.place_market("ETH-USDT", Side::Buy, amount("0.01"));
        assert_eq!(frozen == Err(Rejected::AccountFrozen), price > 90_000);
    }
    while kinds.len() < 4 {
        let frame = socket.text().await;
        if field(&frame, "subject") == "position.status" {
            kinds.push(field(&frame, "data")["type"].clone());
        } else {
            assert_eq!(field(&frame, "subject"), "debt.ratio");
        }
    }
    assert_eq!(
        kinds,
        ["FROZEN_FL", "LIABILITY", "UNLIABILITY", "UNFROZEN_FL"]
    );
}

#[tokio::test]
async fn a_margin_stop_becomes_an_order_that_settles_in_its_account() {
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
async fn a_refused_loan_leaves_no_trace() {
    let exchange = quiet().await;
    let account = exchange.account();
    let refused = account.borrow(Wallet::Margin, "USDT", 10_000_000.into());
    assert!(matches!(
        refused,
        Err(Rejected::InsufficientCollateral { .. })
    ));
    assert!(account.borrow(Wallet::Main, "USDT", 1.into()).is_err());
    assert!(account.repay(BTC_USDT, "USDT", 1.into()).is_err());
    account.settle_interest();
    let main = account.trading_in(Wallet::Main);
    assert!(
        main.place_market("BTC-USDT", Side::Buy, amount("0.01"))
            .is_err()
    );
    assert_eq!(exchange.truth().total(), 0);
}

#[tokio::test]
async fn a_running_account_shows_margin_life() {
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
        "{cross} and {isolated} beside {main}"
    );
}

#[tokio::test]
async fn status_of_the_margin_account_can_be_provoked_in_code_and_by_script() {
    let script = "call freeze: margin-status status=FROZEN_RENEW";
    let settings = Exchange::builder().faults(script.parse().unwrap());
    let exchange = settings.start().await.unwrap();
    let mut socket = Socket::subscribed(&exchange, &[MARGIN]).await;
    exchange
        .account()
        .say_margin_status(MarginStatusType::Liability);
    assert!(exchange.call("freeze"));
    for expected in ["LIABILITY", "FROZEN_RENEW"] {
        let push = socket.text().await;
        assert_eq!(field(&push, "subject"), "position.status");
        assert_eq!(field(&push, "data")["type"], expected);
    }
    assert_eq!(exchange.truth().total_of(MARGIN), 2);
}
