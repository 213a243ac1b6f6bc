//! Checks all decoders of Pro V2: none panics, and no value of a frame is lost in the event.

use kucoin_streams_core::{Push, Topic};
use kucoin_streams_pro::{AnyProTopic, Channel, ProEvent, decode};

use crate::events::{FrameCheck, frame, is_extra};
use crate::reference::{Rules, Tree};

const ORDER: Rules = Rules {
    long_names: "oi orderId ci clientOid os status eT eventType tT tradeType s symbol S side pS positionSide \
                 oT orderType lR liquidity oS orderSource p price l leverage mM marginMode ti tradeId q size \
                 qU sizeUnit fS filledSize rS remainSize lS lastFillSize ls lastFillPrice aP avgPrice f fee \
                 fC feeCurrency t tax cR cancelReason cS canceledSize tD triggerDirection tP triggerPrice \
                 tPT triggerPriceType pP tpTriggerPrice pPT tpTriggerPriceType pOP tpOrderPrice \
                 lP slTriggerPrice lPT slTriggerPriceType lOP slOrderPrice toi originOrderId stp stp \
                 rO reduceOnly pO postOnly tIF timeInForce O createdAt U updatedAt bT brokerTag",
    times: &["O", "U"],
};
const EXECUTION: Rules = Rules {
    long_names: "oi orderId s symbol S side pS positionSide mM marginMode oT orderType p price q size ti tradeId E executionTime lR liquidity \
                 f fee fC feeCurrency fT executionType ci clientOid fP closedPnl t tax",
    times: &["E"],
};
const BALANCE: Rules = Rules {
    long_names: "c currency e equity b balance a available h hold l liability U updatedAt cS collateralStatus \
                 E sequence tCM totalCrossMargin cPM crossPosMargin cOM crossOrderMargin cUP crossUnPnl \
                 iPM isolatedPosMargin iOM isolatedOrderMargin iUP isolatedUnPnl iFF isolatedFundingFeeMargin",
    times: &["U"],
};
const POSITION: Rules = Rules {
    long_names: "pi positionId s symbol mM marginMode pS positionSide q size eP entryPrice pV positionValue mP markPrice \
                 lP liquidationPrice bP bankruptPrice l leverage uPL unrealisedPnl rPL realisedPnl \
                 iM initialMargin mmr maintMarginRate mtM maintMargin pM positionMargin r riskRatio \
                 adl adlPercentage O createdAt U updatedAt",
    times: &["O", "U"],
};
const WARNING: Rules = Rules {
    long_names: "eT eventType r riskRatio a adjustedEquity iM initialMargin mM maintMargin aM availableMargin \
                 e equity l liability U updatedAt",
    times: &["U"],
};
const LEVERAGE: Rules = Rules {
    long_names: "s symbol c currency l leverage mM marginMode tT tradeType",
    times: &[],
};

/// If the first byte is below 32, it chooses one of these as `T`, and the other bytes are the data of the push.
const PUSHES: [&str; 12] = [
    "orderAll.UNIFIED",
    "order.UNIFIED",
    "order.FUTURES",
    "execution.UNIFIED",
    "execution.lite.UNIFIED",
    "positionAll.UNIFIED",
    "position.FUTURES",
    "balance.UNIFIED",
    "balance.FUTURES",
    "lw.UNIFIED",
    "risk.UNIFIED",
    "leverage.UNIFIED",
];

/// Input: any text as a frame, or as the data of a push.
pub fn pro_events(bytes: &[u8]) {
    let frame = frame(bytes, &PUSHES, |topic, data| {
        format!(r#"{{"T":"{topic}","P":1781200000950417233,"d":{data}}}"#)
    });
    if let Some(frame) = frame {
        check(&frame);
    }
}

fn check(frame: &str) {
    let tree = Tree::of_push(frame);
    let data = "d";
    let frame_check = FrameCheck { frame, tree, data };
    let decoded = decode(frame);
    frame_check.check(&decoded, check_push);
    if let (Some(tree), Ok(None)) = (&frame_check.tree, &decoded) {
        let pushed = tree
            .all("T")
            .filter_map(Tree::text)
            .find(|text| !text.is_empty());
        assert_eq!(
            pushed.and_then(Channel::from_pushed),
            None,
            "{frame} was skipped"
        );
    }
    for topic in AnyProTopic::account_wide() {
        frame_check.check(&topic.decode(frame), check_push);
    }
}

fn rules(event: &ProEvent) -> Rules {
    match event {
        ProEvent::Order(_) => ORDER,
        ProEvent::Execution(_) | ProEvent::ExecutionLite(_) => EXECUTION,
        ProEvent::Balance(_) => BALANCE,
        ProEvent::Position(_) => POSITION,
        ProEvent::LiquidationWarning(_) => WARNING,
        ProEvent::Leverage(_) => LEVERAGE,
        other => panic!("no rules for this kind of event: {other:?}"),
    }
}

fn check_push(frame: &str, tree: &Tree<'_>, push: &Push<ProEvent>) {
    let written = serde_json::to_string(&push.event).expect("an event can be serialized");
    let event = Tree::parse(&written).expect("an event is serialized as JSON");
    let rules = rules(&push.event);
    for (name, value) in tree.members() {
        if is_extra(push, name, value) || value.is_null_or_empty() {
            continue;
        }
        match name.as_str() {
            "T" => assert_eq!(value.content(), Some(&*push.topic), "{frame}"),
            "P" => assert!(push.pushed_at.is_some(), "{frame}"),
            "d" => assert_eq!(
                rules.first_lost(value, &event),
                None,
                "{frame} became {written}"
            ),
            _ => panic!("{frame}: {name} is lost"),
        }
    }
}
