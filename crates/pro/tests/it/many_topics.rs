//! Topics that match the same push decode it to the same result, so a list can try them in any order.

use kucoin_streams_core::Topic;
use kucoin_streams_pro::{AccountType, AnyProTopic, TradeType};

use crate::fixtures;

/// Every channel with every type, without and with symbols.
fn topics() -> Vec<AnyProTopic> {
    let channels = "order orderAll execution execution.lite position positionAll lw leverage";
    let symbols = [
        "",
        "&symbol=BTC-USDT",
        "&symbol=XBTUSDTM",
        "&symbol=ETHUSDTM",
    ];
    let mut written = Vec::new();
    for channel in channels.split(' ') {
        for of in TradeType::ALL {
            written.extend(symbols.map(|symbol| format!("{channel}?tradeType={of}{symbol}")));
        }
    }
    for of in AccountType::ALL {
        written.push(format!("balance?accountType={of}"));
    }
    // Not every channel has every type or takes a symbol.
    written
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect()
}

/// Recorded pushes under their own topic and under each other topic, whole and broken.
fn frames() -> Vec<String> {
    let names: std::collections::BTreeSet<String> = fixtures().map(name).collect();
    let (mut frames, mut seen) = (Vec::new(), Vec::new());
    for frame in fixtures() {
        frames.push(frame.to_owned());
        let own = name(frame);
        if seen.contains(&own) {
            continue;
        }
        for name in names
            .iter()
            .map(String::as_str)
            .chain(["risk.UNIFIED", "no"])
        {
            let named = frame.replace(&format!("\"{own}\""), &format!("\"{name}\""));
            frames.push(named.replace("\"d\":", "\"other\":"));
            let cuts = (1..12).map(|part| named.len() * part / 12);
            let cuts = cuts.chain([named.len() - 1]);
            frames.extend(cuts.filter_map(|cut| named.get(..cut)).map(str::to_owned));
            frames.push(named);
        }
        seen.push(own);
    }
    frames
}

fn name(frame: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(frame).unwrap();
    json["T"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn overlapping_topics_decode_a_push_to_the_same_event() {
    let topics = topics();
    let (mut shared, mut broken) = (0, 0);
    for frame in frames() {
        let decoded = topics.iter().map(|topic| (topic, topic.decode(&frame)));
        let mut taken = decoded.filter(|(_, decoded)| *decoded != Ok(None));
        let Some((first, expected)) = taken.next() else {
            continue;
        };
        for (other, decoded) in taken {
            assert_eq!(decoded, expected, "{first} and {other} of {frame}");
            match decoded {
                Ok(_) => shared += 1,
                Err(_) => broken += 1,
            }
        }
    }
    assert!(shared > 5 && broken > 100, "{shared}, {broken}");
}

#[test]
fn list_decodes_to_the_same_event_with_any_hint() {
    let topics = topics();
    for frame in fixtures() {
        let expected = topics.decode(frame);
        for hint in 0..=topics.len() {
            assert_eq!(
                topics.decode_at(&mut { hint }, frame),
                expected,
                "{hint}: {frame}"
            );
        }
    }
}
