//! `subscribe_any` over an in-memory transport.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use kucoin_streams::transport::{Message, memory};
use kucoin_streams::{
    AnyEvent, AnyTopic, Config, ConnectionInfo, ConnectionRuntime, ConnectionSource, DialLimiter,
    EndReason, GapReason, Kucoin, SecretUrl, SlowConsumer, SourceError, SubscribeError, WsKey,
};

/// A token source whose URL has the name of the connection.
struct ByKey;

impl ConnectionSource for ByKey {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        let url = format!("wss://{ws_key}.test/?token=t");
        Ok(ConnectionInfo::new(SecretUrl::new(url)))
    }
}

fn client() -> (Kucoin, memory::Listener) {
    client_with(Config::default())
}

fn client_with(config: Config) -> (Kucoin, memory::Listener) {
    let (dialer, listener) = memory::pair();
    let kucoin = Kucoin::builder()
        .transport(dialer)
        .tokens(ByKey)
        .config(
            config
                .with_runtime(ConnectionRuntime::Current)
                // The shared dial limiter would count dials of other tests.
                .with_dials(DialLimiter::new(50, Duration::from_secs(1))),
        )
        .build();
    (kucoin.unwrap(), listener)
}

/// A server that refuses topics with `BAD-USDT`, acknowledges all others, and then sends each push to the connection that
/// it is paired with.
fn serve(mut listener: memory::Listener, pushes: &'static [(&'static str, &'static str)]) {
    tokio::spawn(async move {
        while let Some(dial) = listener.accept().await {
            let url = dial.url().to_owned();
            tokio::spawn(async move {
                let mut peer = dial.accept();
                let is_pro = url.contains("privateProV2");
                let welcome = match is_pro {
                    true => r#"{"sessionId":"1","data":"welcome","pingInterval":18000}"#,
                    false => r#"{"id":"1","type":"welcome"}"#,
                };
                peer.send_text(welcome).await.unwrap();
                let mut expected = pushes.iter().filter(|(host, _)| url.contains(host)).count();
                while let Some(Message::Text(request)) = peer.receive().await {
                    let request = String::from_utf8(request.to_vec()).unwrap();
                    let id = request.split(r#""id":""#).nth(1).unwrap();
                    let id = id.split('"').next().unwrap();
                    let answer = match (is_pro, request.contains("BAD-USDT")) {
                        (true, false) => format!(r#"{{"id":"{id}","result":true}}"#),
                        (true, true) => {
                            format!(r#"{{"id":"{id}","result":false,"code":"404","msg":"no"}}"#)
                        }
                        (false, false) => format!(r#"{{"id":"{id}","type":"ack"}}"#),
                        (false, true) => {
                            format!(r#"{{"id":"{id}","type":"error","code":404,"data":"no"}}"#)
                        }
                    };
                    let _ = peer.send_text(&answer).await;
                    if expected > 0 {
                        expected = 0;
                        // Waits until all requests have arrived.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        for (_, push) in pushes.iter().filter(|(host, _)| url.contains(host)) {
                            let _ = peer.send_text(*push).await;
                        }
                    }
                }
            });
        }
    });
}

fn topics(texts: &[&str]) -> Vec<AnyTopic> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

const BALANCE: &str = "/account/balance";
const ALL: &str = "/contract/positionAll";
const XBT: &str = "/contract/position:XBTUSDTM";
const ETH: &str = "/contract/position:ETHUSDTM";
const PRO_XBT: &str = "position?tradeType=FUTURES&symbol=XBTUSDTM";
const PRO_ETH: &str = "position?tradeType=FUTURES&symbol=ETHUSDTM";

const OF_BALANCE: (&str, &str) = (
    "spotPrivateV1",
    r#"{"topic":"/account/balance","type":"message","subject":"account.balance","data":{"currency":"KCS","total":"1","available":"1","hold":"0"}}"#,
);
const XBT_OF_ALL: (&str, &str) = (
    "futuresPrivateV1",
    r#"{"topic":"/contract/positionAll","type":"message","subject":"position.change","data":{"symbol":"XBTUSDTM","currentQty":1}}"#,
);
const ETH_OF_ALL: (&str, &str) = (
    "futuresPrivateV1",
    r#"{"topic":"/contract/positionAll","type":"message","subject":"position.change","data":{"symbol":"ETHUSDTM","currentQty":1}}"#,
);
const XBT_ITSELF: (&str, &str) = (
    "futuresPrivateV1",
    r#"{"topic":"/contract/position:XBTUSDTM","type":"message","subject":"position.change","data":{"symbol":"XBTUSDTM","currentQty":1}}"#,
);
const PRO_ETH_PUSH: (&str, &str) = (
    "privateProV2",
    r#"{"T":"position.FUTURES","P":1,"d":{"s":"ETHUSDTM"}}"#,
);
const PRO_XBT_PUSH: (&str, &str) = (
    "privateProV2",
    r#"{"T":"position.FUTURES","P":1,"d":{"s":"XBTUSDTM"}}"#,
);

/// Returns the connection and the topic of each push, sorted.
async fn subscribed(
    wanted: &[&str],
    pushes: &'static [(&'static str, &'static str)],
) -> Vec<(WsKey, String)> {
    let (kucoin, listener) = client();
    serve(listener, pushes);
    let mut events = kucoin.subscribe_any(topics(wanted)).await.unwrap();
    let mut found = Vec::new();
    while found.len() < pushes.len() {
        let update = events.next().await.unwrap().unwrap();
        found.push((update.ws_key(), update.subscribed_topic().to_string()));
    }
    assert!(events.ledger().iter().all(|topic| topic.is_consistent()));
    events.unsubscribe().await;
    found.sort();
    found
}

#[tokio::test(start_paused = true)]
async fn topics_of_all_connections_come_in_one_stream() {
    let found = subscribed(
        &[BALANCE, ALL, PRO_ETH],
        &[OF_BALANCE, ETH_OF_ALL, PRO_ETH_PUSH],
    );
    let expected = [
        (WsKey::FuturesPrivateV1, ALL.to_owned()),
        (WsKey::PrivateProV2, PRO_ETH.to_owned()),
        (WsKey::SpotPrivateV1, BALANCE.to_owned()),
    ];
    assert_eq!(found.await, expected);
}

#[tokio::test(start_paused = true)]
async fn update_has_the_subscribed_topic() {
    let of = |topic: &str| (WsKey::FuturesPrivateV1, topic.to_owned());
    assert_eq!(subscribed(&[ALL, XBT], &[XBT_ITSELF]).await, [of(XBT)]);
    assert_eq!(subscribed(&[XBT, ALL], &[XBT_OF_ALL]).await, [of(ALL)]);
    assert_eq!(subscribed(&[ALL], &[XBT_ITSELF]).await, [of(ALL)]);
    assert_eq!(
        subscribed(&[ALL, ALL, ETH, XBT], &[XBT_ITSELF]).await,
        [of(XBT)]
    );
}

#[tokio::test(start_paused = true)]
async fn push_under_a_shared_name_goes_to_its_symbol() {
    let of = |topic: &str| (WsKey::FuturesPrivateV1, topic.to_owned());
    let both = subscribed(&[XBT, ETH], &[XBT_OF_ALL, ETH_OF_ALL]).await;
    assert_eq!(both, [of(ETH), of(XBT)]);
    let pro = |topic: &str| (WsKey::PrivateProV2, topic.to_owned());
    let both = subscribed(&[PRO_XBT, PRO_ETH], &[PRO_ETH_PUSH, PRO_XBT_PUSH]).await;
    assert_eq!(both, [pro(PRO_ETH), pro(PRO_XBT)]);
}

const PRO_BROKEN: (&str, &str) = (
    "privateProV2",
    r#"{"T":"position.FUTURES","P":1,"d":{"q":"1"}}"#,
);

#[tokio::test(start_paused = true)]
async fn gap_of_a_shared_name_has_every_affected_topic() {
    let (kucoin, listener) = client();
    serve(listener, &[PRO_BROKEN]);
    let mut events = kucoin
        .subscribe_any(topics(&[PRO_XBT, PRO_ETH]))
        .await
        .unwrap();
    let gap = events.next().await.unwrap().unwrap_err();
    assert!(matches!(gap.reason, GapReason::Undecodable { .. }), "{gap}");
    assert_eq!(
        gap.topics.iter().map(|topic| &**topic).collect::<Vec<_>>(),
        [PRO_XBT, PRO_ETH]
    );
}

#[tokio::test(start_paused = true)]
async fn every_refusal_of_a_connection_is_returned() {
    let (kucoin, listener) = client();
    serve(listener, &[]);
    let wanted = topics(&[
        "/market/match:BAD-USDT",
        "/margin/isolatedPosition:BAD-USDT",
        ALL,
    ]);
    let (events, refused) = kucoin.subscribe_any_available(wanted).await.unwrap();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert_eq!(events.ledger().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refused_topics_are_left_out() {
    let (kucoin, listener) = client();
    serve(listener, &[OF_BALANCE]);
    let wanted = topics(&[
        BALANCE,
        "/market/match:BAD-USDT",
        "order?tradeType=SPOT&symbol=BAD-USDT",
    ]);
    let (mut events, refused) = kucoin
        .subscribe_any_available(wanted.clone())
        .await
        .unwrap();
    assert_eq!(refused.len(), 2, "{refused:?}");
    let update = events.next().await.unwrap().unwrap();
    assert!(matches!(update.event(), AnyEvent::V1(_)));
    let error = kucoin.subscribe_any(wanted).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Refused { .. }), "{error}");
    let nothing = kucoin.subscribe_any(Vec::new()).await.unwrap_err();
    assert!(matches!(nothing, SubscribeError::Nothing));
}

#[tokio::test(start_paused = true)]
async fn stream_ends_after_its_last_connection() {
    let (kucoin, listener) = client();
    serve(listener, &[]);
    let mut events = kucoin.subscribe_any(topics(&[BALANCE])).await.unwrap();
    let more = kucoin.subscribe_any(topics(&[ALL])).await.unwrap();
    events.merge(more);
    kucoin.close_connections(WsKey::SpotPrivateV1).await;
    assert_eq!(events.try_next(), None);
    assert_eq!(
        events.end_reason(),
        None,
        "the other connection is still open"
    );
    kucoin.close().await;
    assert_eq!(events.next().await, None);
    assert!(events.end_reason().is_some());
}

#[test]
fn topic_text_determines_its_connection() {
    for (text, ws_key) in [
        (BALANCE, WsKey::SpotPrivateV1),
        (XBT, WsKey::FuturesPrivateV1),
        (PRO_XBT, WsKey::PrivateProV2),
    ] {
        let topic: AnyTopic = text.parse().unwrap();
        assert_eq!(
            (topic.ws_key(), topic.to_string()),
            (ws_key, text.to_owned())
        );
    }
    assert!("/account/balances".parse::<AnyTopic>().is_err());
    assert!("orderAl?tradeType=UNIFIED".parse::<AnyTopic>().is_err());
    for ws_key in WsKey::ALL {
        let all = AnyTopic::account_wide(ws_key);
        assert!(all.len() > 3 && all.iter().all(|topic| topic.ws_key() == ws_key));
    }
}

#[tokio::test(start_paused = true)]
async fn consumer_too_slow_for_one_connection_ends_the_stream() {
    let config = Config::default()
        .with_queue_capacity(1)
        .with_backpressure_timeout(Duration::ZERO)
        .with_slow_consumer(SlowConsumer::Disconnect);
    let (kucoin, listener) = client_with(config);
    serve(listener, &[XBT_OF_ALL, ETH_OF_ALL, XBT_OF_ALL]);
    let mut events = kucoin.subscribe_any(topics(&[BALANCE, ALL])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(events.next().await.unwrap().is_ok());
    let gap = events.next().await.unwrap().unwrap_err();
    assert!(matches!(gap.reason, GapReason::Overflowed { .. }), "{gap}");
    assert!(events.next().await.is_none());
    assert_eq!(events.end_reason(), Some(EndReason::SlowConsumer));
    assert_eq!((events.ledger().len(), events.handles().len()), (2, 2));
    assert!(events.ledger().iter().all(|topic| topic.is_consistent()));
    assert!(events.next().await.is_none());
}
