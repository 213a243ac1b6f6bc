//! Checks all decoders of V1: none panics, and no value of a frame is lost in the event.

use kucoin_streams_core::{Push, Topic};
use kucoin_streams_v1::{AnyFuturesTopic, AnySpotTopic, AnyV1Topic, decode};
use serde::Serialize;

use crate::events::{FrameCheck, frame, is_extra};
use crate::reference::{Rules, Tree};

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

/// If the first byte is below 32, it chooses one of these topics and subjects, and the other bytes are the data.
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
    ("/unknown/topic", "unknown"),
];

/// Input: any text as a frame, or as the data of a push.
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
    let frame_check = FrameCheck { frame, tree, data };
    let decoded = decode(frame);
    frame_check.check(&decoded, check_push);
    if let (Some(tree), Ok(None)) = (&frame_check.tree, &decoded) {
        assert!(!is_known_push(tree), "{frame} was skipped");
    }
    // The topic of a push can differ from the topic of the request, so every topic decodes every frame.
    for topic in AnySpotTopic::account_wide() {
        frame_check.check(&topic.decode(frame), check_push);
    }
    for topic in AnyFuturesTopic::account_wide() {
        frame_check.check(&topic.decode(frame), check_push);
    }
}

/// Returns `true` if the frame is a push of a known topic, without duplicates of `type` and `topic`.
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
    let written = serde_json::to_string(&push.event).expect("an event can be serialized");
    let event = Tree::parse(&written).expect("an event is serialized as JSON");
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
                let is_kept = lost.is_none() || is_extra(push, name, value);
                assert!(is_kept, "{frame} became {written}: {lost:?} is lost");
                true
            }
            _ => false,
        };
        assert!(
            is_kept || value.is_null_or_empty() || is_extra(push, name, value),
            "{frame}: {name} is lost"
        );
    }
}
