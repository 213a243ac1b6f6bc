//! The pushes of each channel, and which subscribers receive them.

use kucoin_streams_exchange::{
    Account, Effect, Exchange, LiquidationLevel, MarginMode, SYMBOLS, Side, TruthEntry, Wallet,
};
use serde_json::Value;

use crate::setup::*;
use crate::support::{Socket, field};

/// Returns the ID of an order in the unified account.
fn unified(id: &str) -> String {
    Account::unified_order_id(id)
}

/// Returns the log entries with one of these `T`.
fn logged(exchange: &Exchange, topics: &[&str]) -> Vec<TruthEntry> {
    let entries = exchange.pro_truth().snapshot().into_iter();
    entries
        .filter(|entry| topics.contains(&entry.topic))
        .collect()
}

#[tokio::test]
async fn subscriber_of_all_channels_gets_every_push_in_order() {
    let exchange = Exchange::builder().seed(7).start().await.unwrap();
    let mut topics: Vec<String> = Vec::new();
    for part in ["UNIFIED", "SPOT", "FUTURES", "CROSS", "ISOLATED"] {
        for channel in ["orderAll", "execution", "execution.lite"] {
            topics.push(format!("{channel}?tradeType={part}"));
        }
        topics.push(format!("balance?accountType={part}"));
        for symbol in SYMBOLS {
            topics.push(format!("order?tradeType={part}&symbol={symbol}"));
        }
    }
    for part in ["UNIFIED", "FUTURES"] {
        for channel in ["positionAll", "leverage", "lw"] {
            topics.push(format!("{channel}?tradeType={part}"));
        }
        for symbol in kucoin_streams_exchange::CONTRACTS {
            topics.push(format!("position?tradeType={part}&symbol={symbol}"));
            topics.push(format!("order?tradeType={part}&symbol={symbol}"));
        }
    }
    topics.push("balance?accountType=FUNDING".to_owned());
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut socket = Pro::subscribed(&exchange, &names).await;
    // This makes fewer pushes than the queue of a connection holds.
    exchange.account().step(250);
    let truth = exchange.pro_truth().snapshot();
    assert!(truth.len() > 2_000, "250 steps made {}", truth.len());
    let mut last = 0;
    let mut seen = std::collections::BTreeSet::new();
    for (place, entry) in truth.iter().enumerate() {
        assert_eq!((entry.sequence, entry.subject), (place as u64 + 1, ""));
        let frame = socket.text().await;
        assert_eq!(frame, *entry.frame);
        assert_eq!(field(&frame, "T"), entry.topic);
        let data: Value = serde_json::from_str(entry.data()).unwrap();
        assert_eq!(field(&frame, "d"), data);
        let pushed = field(&frame, "P").as_u64().unwrap();
        assert!(pushed > last, "push times increase");
        last = pushed;
        seen.insert(entry.topic);
    }
    let channels = [
        "order",
        "orderAll",
        "execution",
        "execution.lite",
        "position",
        "balance",
    ];
    for channel in channels {
        assert!(seen.contains(&*format!("{channel}.UNIFIED")), "{channel}");
    }
    assert!(seen.contains("balance.FUNDING") && seen.contains("orderAll.ISOLATED"));
}

#[tokio::test]
async fn order_is_pushed_for_its_symbol_and_for_all() {
    let exchange = quiet().await;
    let bitcoin = ["order?tradeType=UNIFIED&symbol=BTC-USDT"];
    let mut one = Pro::subscribed(&exchange, &bitcoin).await;
    let mut all = Pro::subscribed(&exchange, &["orderAll?tradeType=UNIFIED"]).await;
    let account = exchange.account();
    let size = decimal("0.5");
    let ether = account
        .place_limit("ETH-USDT", Side::Buy, decimal("3000"), size)
        .unwrap();
    let size = decimal("0.01");
    let margin = account.trading_in(Wallet::Margin);
    let id = margin
        .place_limit("BTC-USDT", Side::Buy, decimal("60000"), size)
        .unwrap();
    assert_eq!(all.json().await["d"]["oi"], *unified(&ether));
    let both = (one.json().await, all.json().await);
    assert_eq!(
        (&both.0["T"], &both.1["T"]),
        (&"order.UNIFIED".into(), &"orderAll.UNIFIED".into())
    );
    assert_eq!(both.0["d"], both.1["d"]);
    assert_eq!(
        (&both.0["d"]["oi"], &both.0["d"]["tT"]),
        (&(*unified(&id)).into(), &"MARGIN".into())
    );
    let topics = ["order.UNIFIED", "order.SPOT", "order.CROSS"];
    let logged: Vec<&str> = logged(&exchange, &topics)
        .iter()
        .map(|entry| entry.topic)
        .collect();
    assert_eq!(
        logged,
        [
            "order.UNIFIED",
            "order.SPOT",
            "order.UNIFIED",
            "order.CROSS"
        ]
    );
}

#[tokio::test]
async fn positions_leverage_and_warnings_are_pushed() {
    let exchange = quiet().await;
    let topics = [
        "position?tradeType=FUTURES&symbol=ETHUSDTM",
        "leverage?tradeType=UNIFIED",
        "lw?tradeType=UNIFIED",
        "positionAll?tradeType=UNIFIED",
    ];
    let mut socket = Pro::subscribed(&exchange, &topics).await;
    let account = exchange.account().futures();
    account.set_leverage("ETHUSDTM", 25.into()).unwrap();
    account
        .set_margin_mode("XBTUSDTM", MarginMode::Isolated)
        .unwrap();
    for (symbol, leverage, mode) in [
        ("ETHUSDTM", "25.00", "ISOLATED"),
        ("XBTUSDTM", "10.00", "ISOLATED"),
    ] {
        let push = socket.json().await;
        assert_eq!(push["T"], "leverage.UNIFIED");
        let expected = serde_json::json!({"s": symbol, "l": leverage, "mM": mode, "tT": "FUTURES"});
        assert_eq!(push["d"], expected);
    }
    let id = account
        .place_limit("ETHUSDTM", Side::Buy, decimal("3500"), 100)
        .unwrap();
    account.fill(&id, 100).unwrap();
    let (one, all) = (socket.json().await, socket.json().await);
    assert_eq!(
        (&one["T"], &all["T"]),
        (&"positionAll.UNIFIED".into(), &"position.FUTURES".into())
    );
    assert_eq!(one["d"], all["d"]);
    assert_eq!(
        (&one["d"]["q"], &one["d"]["eP"]),
        (&"100".into(), &"3500".into())
    );
    let position = account.position("ETHUSDTM").unwrap();
    let edge = position.liquidation_price + decimal("0.01");
    account
        .set_mark_price("ETHUSDTM", edge.round_dp(2))
        .unwrap();
    let (_, position) = (socket.json().await, socket.json().await);
    let warning = socket.json().await;
    assert_eq!(warning["T"], "lw.UNIFIED");
    assert_eq!(warning["d"]["eT"], "LIQUIDATION_WARNING");
    assert_eq!(warning["d"]["r"], position["d"]["r"]);
    assert_eq!(warning["d"]["mM"], position["d"]["mtM"]);
}

#[tokio::test]
async fn raw_frames_reach_subscribers_of_their_channel() {
    let exchange = quiet().await;
    let topic = "position?tradeType=FUTURES&symbol=XBTUSDTM";
    let mut socket = Pro::subscribed(&exchange, &[topic]).await;
    assert_eq!(exchange.push_raw(topic, "{\"any\":1}"), 1);
    assert_eq!(socket.text().await, "{\"any\":1}");
    assert_eq!(exchange.pro_truth().total(), 0);
}

#[tokio::test]
async fn pro_truth_log_starts_with_first_use() {
    let exchange = quiet().await;
    let account = exchange.account();
    let _v1 = Socket::connect(&exchange).await;
    account.step(20);
    let before = exchange.truth().total();
    let log = exchange.pro_truth();
    assert_eq!((before > 0, log.total()), (true, 0));
    account.deposit("USDT", 1.into()).unwrap();
    assert_eq!(log.total(), 1);
    assert_eq!(exchange.truth().total(), before + 2, "two V1 pushes");
    log.wait_for_topic("balance.FUNDING", 1).await;
    assert_eq!(field(log.snapshot()[0].data(), "c"), "USDT");
}

#[tokio::test]
async fn burst_arrives_complete_on_every_channel() {
    const BURST: u64 = 2_000;
    let exchange = quiet().await;
    let topics = [
        "order?tradeType=UNIFIED&symbol=KCS-USDT",
        "orderAll?tradeType=UNIFIED",
        "order?tradeType=SPOT&symbol=KCS-USDT",
        "orderAll?tradeType=SPOT",
        "balance?accountType=UNIFIED",
        "balance?accountType=SPOT",
    ];
    let mut socket = Pro::subscribed(&exchange, &topics).await;
    let account = exchange.account();
    let burst = tokio::spawn(async move { account.burst(BURST).await });
    for _ in 0..topics.len() as u64 * BURST {
        socket.text().await;
    }
    burst.await.unwrap().unwrap();
    assert_eq!(exchange.pro_truth().total(), topics.len() as u64 * BURST);
    assert_eq!(exchange.truth().total(), 5 * BURST);
}

#[tokio::test]
async fn order_ids_of_the_unified_account_are_decimal() {
    let exchange = quiet().await;
    let topics = ["orderAll?tradeType=UNIFIED", "orderAll?tradeType=SPOT"];
    let mut socket = Pro::subscribed(&exchange, &topics).await;
    let account = exchange.account();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let price = decimal("3000");
        let id = account
            .place_limit("ETH-USDT", Side::Buy, price, decimal("0.5"))
            .unwrap();
        let (unified, classic) = (socket.json().await, socket.json().await);
        assert_eq!(classic["d"]["oi"], *id);
        let decimal: u64 = unified["d"]["oi"].as_str().unwrap().parse().unwrap();
        assert!(decimal > 1 << 53, "not exact as a 64-bit float");
        seen.push(decimal);
    }
    assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
}

#[tokio::test]
async fn liquidation_warning_can_be_pushed_by_code_and_script() {
    let script = "call warn: liquidation-warning level=FORCE_LIQUIDATION";
    let exchange = Exchange::builder()
        .faults(script.parse().unwrap())
        .start()
        .await
        .unwrap();
    let mut socket = Pro::subscribed(&exchange, &["lw?tradeType=UNIFIED"]).await;
    let account = exchange.account();
    account.push_liquidation_warning(LiquidationLevel::MarginCall);
    let warned = socket.json().await;
    assert_eq!(
        (&warned["T"], &warned["d"]["eT"]),
        (&"lw.UNIFIED".into(), &"MARGIN_CALL".into())
    );
    assert_eq!(warned["d"]["r"], "0", "the account has no debt");
    assert!(exchange.call("warn"));
    assert_eq!(socket.json().await["d"]["eT"], "FORCE_LIQUIDATION");
    let level = LiquidationLevel::ReduceOnly;
    exchange.inject(Effect::LiquidationWarning { level });
    assert_eq!(socket.json().await["d"]["eT"], "REDUCE_ONLY");
    assert_eq!(logged(&exchange, &["lw.UNIFIED"]).len(), 3);
}
