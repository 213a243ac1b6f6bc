//! Every decoder of V1: no frame makes one panic, and every value of a frame comes out of its event.

use kucoin_streams_core::{Push, Topic};
use kucoin_streams_v1::{AnyFuturesTopic, AnySpotTopic, AnyV1Topic, decode};
use serde::Serialize;

use crate::events::{Judge, frame, is_extra};
use crate::judge::{Rules, Tree};

const RULES: Rules = Rules {
    long_names: "",
    times: &[
        "orderTime",
        "ts",
        "pt",
        "time",
        "createdAt",
        "timestamp",
        "fundingTime",
        "openingTimestamp",
        "currentTimestamp",
    ],
};

/// The topics and subjects that a first byte below 32 chooses: the bytes behind it are then the data of such a push.
const PUSHES: [(&str, &str); 28] = [
    ("/spotMarket/tradeOrdersV2", "orderChange"),
    ("/spotMarket/tradeOrders", "orderChange"),
    ("/account/balance", "account.balance"),
    ("/account/snapshotBalance", "account.snapshotBalance"),
    ("/spotMarket/advancedOrders", "stopOrder"),
    ("/market/match:BTC-USDT", "trade.l3match"),
    ("/spot/tradeFills", "trade.fill"),
    ("/margin/position", "debt.ratio"),
    ("/margin/position", "position.status"),
    ("/margin/position", "position.update"),
    ("/margin/isolatedPosition:BTC-USDT", "positionChange"),
    ("/contractMarket/tradeOrders", "orderChange"),
    ("/contractMarket/tradeOrders:XBTUSDTM", "symbolOrderChange"),
    ("/contractMarket/advancedOrders", "stopOrder"),
    ("/contractAccount/wallet", "walletBalance.change"),
    ("/contractAccount/wallet", "orderMargin.change"),
    ("/contractAccount/wallet", "availableBalance.change"),
    ("/contractAccount/wallet", "withdrawHold.change"),
    ("/contractAccount/wallet", "more.change"),
    ("/contract/positionAll", "position.change"),
    ("/contract/position:XBTUSDTM", "position.change"),
    ("/contract/positionAll", "position.settlement"),
    ("/contract/positionAll", "position.adjustRiskLimit"),
    ("/contract/positionAll", "more.change"),
    ("/contract/marginMode", "user.config"),
    ("/contract/crossLeverage", "user.config"),
    ("/account/balance:privateChannel:5bd6e9", "account.balance"),
    ("/nobody/knows", "it"),
];

/// Any text as a frame, or as the data of a push.
pub fn v1_events(bytes: &[u8]) {
    let frame = frame(bytes, &PUSHES, |(topic, subject), data| {
        format!(r#"{{"type":"message","topic":"{topic}","subject":"{subject}","data":{data}}}"#)
    });
    if let Some(frame) = frame {
        check(&frame);
    }
}

fn check(frame: &str) {
    let tree = Tree::of_push(frame);
    let data = "data";
    let judge = Judge { frame, tree, data };
    let decoded = decode(frame);
    judge.judge(&decoded, check_push);
    if let (Some(tree), Ok(None)) = (&judge.tree, &decoded) {
        assert!(!is_known_push(tree), "{frame} was passed over");
    }
    // What was asked for is not always what is pushed: each topic looks at every frame.
    for topic in AnySpotTopic::account_wide() {
        judge.judge(&topic.decode(frame), check_push);
    }
    for topic in AnyFuturesTopic::account_wide() {
        judge.judge(&topic.decode(frame), check_push);
    }
}

/// A frame that says once each that it is a push, and of a topic that there is.
fn is_known_push(frame: &Tree<'_>) -> bool {
    let only = |name| {
        let mut values = frame.all(name);
        values
            .next()
            .filter(|_| values.next().is_none())
            .and_then(Tree::text)
    };
    only("type") == Some("message") && only("topic").and_then(AnyV1Topic::from_pushed).is_some()
}

fn check_push<E: Serialize>(frame: &str, tree: &Tree<'_>, push: &Push<E>) {
    let written = serde_json::to_string(&push.event).expect("an event can be written");
    let event = Tree::parse(&written).expect("an event is written as JSON");
    for (name, value) in tree.members() {
        let text = value.content();
        let kept =
            |field: &Option<_>| text == field.as_ref().map(kucoin_streams_core::Text::as_str);
        let is_kept = match name.as_str() {
            "type" => text == Some("message"),
            "channelType" => text == Some("private"),
            "topic" => text == Some(&*push.topic),
            "subject" => kept(&push.subject),
            "id" => kept(&push.id),
            "userId" => kept(&push.user_id),
            "data" if value.is_object() => {
                let lost = RULES.first_lost(value, &event);
                lost.is_none() || is_extra(push, name, value) || tell(frame, &written, lost)
            }
            _ => false,
        };
        assert!(
            is_kept || value.is_nothing() || is_extra(push, name, value),
            "{frame}: {name} is lost"
        );
    }
}

fn tell(frame: &str, written: &str, lost: Option<String>) -> bool {
    panic!("{frame} became {written}: {lost:?} is lost")
}
