//! KuCoin's two REST hosts: which topics a token of each port serves.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use kucoin_streams_exchange::{Ended, Exchange, ServedMarket};
use support::*;

const PATH: &str = "/api/v1/bullet-private";
const WALLET: &str = "/contractAccount/wallet";

fn port_of(url: &str) -> u16 {
    url.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// Returns a token of this host, and the port of its WebSocket URL.
async fn token_of(exchange: &Exchange, url: &str) -> (String, u16) {
    let headers = signed_headers(exchange.credentials(), PATH, now_ms());
    let reply = http_on(port_of(url), "POST", PATH, &headers).await.json();
    let endpoint = reply["data"]["instanceServers"][0]["endpoint"].as_str();
    let port = port_of(endpoint.unwrap().trim_end_matches('/'));
    let token = reply["data"]["token"].as_str().unwrap();
    (percent_encoded(token), port)
}

async fn answer(socket: &mut Socket, topic: &str) -> String {
    let answer = socket.ask(&subscribe("1", topic)).await;
    match field(&answer, "code").as_u64() {
        Some(code) => format!("{code} {}", field(&answer, "data").as_str().unwrap()),
        None => field(&answer, "type").as_str().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn tokens_serve_only_topics_of_their_host() {
    let exchange = Exchange::builder().start().await.unwrap();
    let not_found = |topic: &str| format!("404 topic {topic} is not found");
    let ack = || "ack".to_owned();
    for (url, balance, wallet) in [
        (exchange.rest_url(), ack(), ack()),
        (exchange.spot_rest_url(), ack(), not_found(WALLET)),
        (exchange.futures_rest_url(), not_found(BALANCE), ack()),
    ] {
        let (token, port) = token_of(&exchange, &url).await;
        assert_eq!(port, port_of(&url), "the WebSocket URL has the same port");
        let mut socket = Socket::upgrade_on(port, &format!("/?token={token}")).await;
        socket.text().await;
        assert_eq!(answer(&mut socket, BALANCE).await, balance, "{url}");
        assert_eq!(answer(&mut socket, WALLET).await, wallet, "{url}");
    }
    let markets = exchange.stats();
    let markets = markets.connections.iter().map(|report| report.market);
    let expected = [
        ServedMarket::Both,
        ServedMarket::Spot,
        ServedMarket::Futures,
    ];
    assert!(markets.eq(expected));
}

#[tokio::test]
async fn token_is_refused_on_the_other_host() {
    let exchange = Exchange::builder().start().await.unwrap();
    let (spot, futures) = (exchange.spot_rest_url(), exchange.futures_rest_url());
    for (from, to) in [(&spot, &futures), (&futures, &spot)] {
        let (token, _) = token_of(&exchange, from).await;
        let mut socket = Socket::upgrade_on(port_of(to), &format!("/?token={token}")).await;
        let refused = socket.text().await;
        assert_eq!(field(&refused, "code"), 401);
        assert_eq!(field(&refused, "data"), "token is invalid");
    }
    assert_eq!(exchange.stats().connections[1].ended, Some(Ended::Refused));
}

#[tokio::test]
async fn port_limits_the_topics_of_a_token_for_both_hosts() {
    let exchange = Exchange::builder().start().await.unwrap();
    let (token, _) = token_of(&exchange, &exchange.rest_url()).await;
    let port = port_of(&exchange.futures_rest_url());
    let mut socket = Socket::upgrade_on(port, &format!("/?token={token}")).await;
    socket.text().await;
    assert_eq!(answer(&mut socket, WALLET).await, "ack");
    assert!(answer(&mut socket, BALANCE).await.starts_with("404"));
}

#[tokio::test]
async fn public_topics_belong_to_their_host() {
    let exchange = Exchange::builder().start().await.unwrap();
    let (token, port) = token_of(&exchange, &exchange.futures_rest_url()).await;
    let mut socket = Socket::upgrade_on(port, &format!("/?token={token}")).await;
    socket.text().await;
    let futures = answer(&mut socket, "/contractMarket/tickerV2:XBTUSDTM").await;
    assert_eq!(futures, "ack");
    let spot = answer(&mut socket, "/market/ticker:BTC-USDT").await;
    assert!(spot.starts_with("404"), "{spot}");
}

#[tokio::test]
async fn ports_of_both_hosts_can_be_chosen() {
    let first = Exchange::builder().start().await.unwrap();
    let ports = [first.spot_rest_url(), first.futures_rest_url()].map(|url| port_of(&url));
    first.shutdown().await;
    let settings = Exchange::builder()
        .spot_port(ports[0])
        .futures_port(ports[1]);
    let second = settings.start().await.unwrap();
    assert_eq!(port_of(&second.spot_rest_url()), ports[0]);
    assert_eq!(port_of(&second.futures_rest_url()), ports[1]);
}
