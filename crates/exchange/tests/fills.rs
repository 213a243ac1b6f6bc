//! The topics that push only fills and balance snapshots.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use kucoin_streams_exchange::{Decimal, Exchange, Side};
use support::*;

const BTC_MATCHES: &str = "/market/match:BTC-USDT";
const PING: &str = r#"{"id":"p","type":"ping"}"#;

async fn quiet() -> Exchange {
    Exchange::builder().start().await.unwrap()
}

fn size() -> Decimal {
    "0.01".parse().unwrap()
}

#[tokio::test]
async fn private_match_subscription_gets_own_fills() {
    let exchange = quiet().await;
    let list = format!("{BTC_MATCHES},ETH-USDT");
    let mut socket = Socket::subscribed(&exchange, &[&list]).await;
    let account = exchange.account();
    let taker = account.place_market("BTC-USDT", Side::Buy, size()).unwrap();
    let maker = account
        .place_limit("ETH-USDT", Side::Sell, 9_000.into(), size())
        .unwrap();
    account.fill(&maker, size()).unwrap();
    let bought = exchange.truth().of_topic(BTC_MATCHES);
    assert!(!bought.is_empty());
    for expected in &bought {
        let frame = socket.text().await;
        assert_eq!(frame, *expected.frame);
        assert!(field(&frame, "userId").is_null() && field(&frame, "channelType").is_null());
        assert_eq!(field(expected.data(), "takerOrderId"), taker);
    }
    let sold = socket.text().await;
    assert_eq!(field(&sold, "topic"), "/market/match:ETH-USDT");
    assert_eq!(field(&sold, "subject"), "trade.l3match");
    let data = field(&sold, "data");
    assert_eq!(
        (&data["makerOrderId"], &data["side"]),
        (&maker.into(), &"buy".into())
    );
    assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
}

#[tokio::test]
async fn public_match_subscription_gets_no_pushes() {
    let exchange = quiet().await;
    let mut public = Socket::connect(&exchange).await;
    let message =
        subscribe("1", BTC_MATCHES).replace("\"privateChannel\":true", "\"privateChannel\":false");
    assert_eq!(field(&public.ask(&message).await, "type"), "ack");
    let token = http(&exchange, "POST", "/api/v1/bullet-public", &[])
        .await
        .json()["data"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut stranger = Socket::upgrade(&exchange, &format!("token={token}")).await;
    assert_eq!(field(&stranger.text().await, "type"), "welcome");
    let answer = stranger.ask(&subscribe("1", BTC_MATCHES)).await;
    assert_eq!(field(&answer, "type"), "ack");
    let account = exchange.account();
    account.place_market("BTC-USDT", Side::Buy, size()).unwrap();
    assert!(exchange.truth().total_of(BTC_MATCHES) > 0);
    for socket in [&mut public, &mut stranger] {
        assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
    }
}

#[tokio::test]
async fn unknown_match_symbol_is_acknowledged_and_silent() {
    let exchange = quiet().await;
    let mut socket = Socket::subscribed(&exchange, &["/market/match:NO-SUCH"]).await;
    let account = exchange.account();
    account.place_market("BTC-USDT", Side::Buy, size()).unwrap();
    assert_eq!(field(&socket.ask(PING).await, "type"), "pong");
}

#[tokio::test]
async fn symbol_unsubscribed_from_a_list_gets_no_pushes() {
    let exchange = quiet().await;
    let list = format!("{BTC_MATCHES},ETH-USDT");
    let mut socket = Socket::subscribed(&exchange, &[&list]).await;
    let answer = socket.ask(&unsubscribe("u", BTC_MATCHES)).await;
    assert_eq!(field(&answer, "type"), "ack");
    let account = exchange.account();
    account.place_market("BTC-USDT", Side::Buy, size()).unwrap();
    account.place_market("ETH-USDT", Side::Buy, size()).unwrap();
    let next = socket.text().await;
    assert_eq!(field(&next, "topic"), "/market/match:ETH-USDT");
}

#[tokio::test]
async fn fees_match_the_change_of_the_balance() {
    let exchange = quiet().await;
    let mut fills = Socket::subscribed(&exchange, &[FILLS]).await;
    let account = exchange.account();
    let wallet = kucoin_streams_exchange::Wallet::Trade;
    let before = account.balance(wallet, "USDT").total();
    account.place_market("BTC-USDT", Side::Buy, size()).unwrap();
    let lost = before - account.balance(wallet, "USDT").total();
    let mut paid = Decimal::ZERO;
    for expected in exchange.truth().of_topic(FILLS) {
        let frame = fills.text().await;
        assert_eq!(frame, *expected.frame);
        assert_eq!(field(&frame, "subject"), FILLS);
        let data = field(&frame, "data");
        assert!(data["fee"].is_number() && data["price"].is_number());
        // Exact digits of the frame, without conversion to a float.
        let number = |key: &str| digits(expected.data(), key);
        assert_eq!(
            number("fee"),
            number("price") * number("size") * number("feeRate")
        );
        paid += number("price") * number("size") + number("fee");
    }
    assert_eq!(paid, lost);
}

/// Returns the number of a key, with its exact digits.
fn digits(data: &str, key: &str) -> Decimal {
    let (_, rest) = data.split_once(&format!("\"{key}\":")).unwrap();
    let end = rest.find([',', '}']).unwrap();
    rest[..end].parse().unwrap()
}

#[tokio::test]
async fn balance_snapshot_follows_each_change() {
    let exchange = quiet().await;
    let mut socket = Socket::subscribed(&exchange, &[BALANCE, SNAPSHOT]).await;
    exchange.account().deposit("USDT", 7.into()).unwrap();
    let (change, snapshot) = (socket.text().await, socket.text().await);
    assert_eq!(field(&snapshot, "subject"), "account.snapshotBalance");
    assert_eq!(field(&snapshot, "data"), field(&change, "data"));
    assert!(field(&snapshot, "id").is_null() && field(&change, "id").is_string());
}
