//! A connection that was once live survives every failure that is not KuCoin's own refusal: each attempt is reported,
//! none is the last.

use kucoin_streams::v1::Balances;
use kucoin_streams::{ConnectionState, LifecycleEvent, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Faults, TokenReply, UpgradeFault};

use crate::setup::*;

/// Number of attempts that fail in the same way.
const BLOCKS: u32 = 5;

/// Cuts a live connection and lets reconnects fail with these faults.
async fn check_recovery(name: &str, faults: Faults) {
    let exchange = exchange(faults).await;
    let kucoin = client(&exchange);
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    exchange.inject(Effect::Cut(Cut::Reset));
    lifecycle.reconnected().await;
    let words = lifecycle.summaries();
    let attempts = words.iter().filter(|word| word.starts_with("reconnect "));
    let attempts = attempts.count();
    assert!(attempts > BLOCKS as usize, "{name}: {words:?}");
    assert!(!words.contains(&"exception, fatal".to_owned()), "{name}");
    let waits = lifecycle.events.iter().filter_map(|event| match event {
        LifecycleEvent::Reconnect { delay, .. } => Some(*delay),
        _ => None,
    });
    let seconds = waits.filter(|wait| wait.as_secs() >= 1).count();
    assert!(
        seconds >= BLOCKS as usize,
        "{name}: waits at least a second"
    );
    let state = kucoin.state(WsKey::SpotPrivateV1);
    assert_eq!(state, Some(ConnectionState::Live), "{name}");
    while next(&mut balances).await.is_err() {
        exchange.account().deposit("USDT", 1.into()).unwrap();
    }
}

async fn check_token_recovery(effect: Effect) {
    let name = format!("{effect:?}");
    let faults = Faults::new().on_token_request(2, effect).times(BLOCKS);
    check_recovery(&name, faults).await;
}

async fn check_upgrade_recovery(fault: UpgradeFault) {
    let name = format!("{fault:?}");
    let effect = Effect::Upgrade(fault);
    check_recovery(&name, Faults::new().on_connection(2, effect).times(BLOCKS)).await;
}

#[tokio::test]
async fn live_client_retries_firewall_blocks_of_token_requests() {
    let blocked = |status| check_token_recovery(Effect::TokenServerError { status });
    tokio::join!(blocked(400), blocked(401), blocked(403), blocked(404));
    tokio::join!(blocked(408), blocked(418), blocked(425), blocked(451));
}

#[tokio::test]
async fn live_client_retries_tokens_without_a_usable_server() {
    let redirect = TokenReply::Redirect {
        status: 302,
        location: "http://portal.test/login".to_owned(),
    };
    let untrusted = TokenReply::Endpoint {
        url: "wss://elsewhere.test/".to_owned(),
    };
    let unknown = TokenReply::Code {
        code: "900001".to_owned(),
        message: "never seen".to_owned(),
    };
    let check_recovery = |reply| check_token_recovery(Effect::TokenReply(reply));
    tokio::join!(
        check_recovery(TokenReply::NoServers),
        check_recovery(redirect),
        check_recovery(untrusted),
        check_recovery(unknown),
        check_token_recovery(Effect::TokenHtml),
    );
}

#[tokio::test]
async fn live_client_retries_a_captive_portal() {
    let redirect = UpgradeFault::Redirect {
        status: 302,
        location: "http://portal.test/login".to_owned(),
    };
    let proxy = UpgradeFault::Refuse {
        status: 407,
        text: "log in".to_owned(),
        retry_after: None,
    };
    tokio::join!(
        check_upgrade_recovery(redirect),
        check_upgrade_recovery(proxy)
    );
}

#[tokio::test]
async fn live_client_retries_close_1008_after_welcome() {
    let close = Effect::Cut(Cut::Close {
        code: 1008,
        reason: "policy".to_owned(),
    });
    check_recovery(
        "close 1008",
        Faults::new().on_connection(2, close).times(BLOCKS),
    )
    .await;
}

#[tokio::test]
async fn absurd_retry_after_of_an_upgrade_is_capped_at_five_minutes() {
    for seconds in [86_400, i64::MAX as u64, u64::MAX] {
        let refuse = UpgradeFault::Refuse {
            status: 429,
            text: String::new(),
            retry_after: Some(std::time::Duration::from_secs(seconds)),
        };
        let faults = Faults::new().on_connection(1, Effect::Upgrade(refuse));
        let exchange = exchange(faults).await;
        let kucoin = client(&exchange);
        let mut lifecycle = LifecycleLog::of(&kucoin);
        let subscribing = tokio::spawn(async move { kucoin.subscribe(Balances).await });
        let event = lifecycle
            .until(|event| matches!(event, LifecycleEvent::Reconnect { .. }))
            .await;
        let LifecycleEvent::Reconnect { delay, .. } = event else {
            panic!("{event:?}");
        };
        assert!((300..=301).contains(&delay.as_secs()), "{delay:?}");
        subscribing.abort();
    }
}
