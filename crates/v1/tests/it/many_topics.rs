//! All topics that match a push decode it equally, so their order does not matter.

use kucoin_streams_core::Topic;
use kucoin_streams_v1::{AnyFuturesTopic, AnySpotTopic, AnyV1Topic};

use crate::{decode_any, fixtures};

const SYMBOLS: [&str; 2] = ["XBTUSDTM", "ETHUSDTM"];
const MARKETS: [&str; 3] = ["BTC-USDT", "KCS-USDT", "ETH-USDT"];

/// Returns all topics, those with a symbol for several symbols.
fn topics() -> Vec<AnyV1Topic> {
    let spot = AnySpotTopic::PATTERNS
        .iter()
        .map(|path| (path, &MARKETS[..]));
    let futures = AnyFuturesTopic::PATTERNS
        .iter()
        .map(|path| (path, &SYMBOLS[..]));
    let mut topics = Vec::new();
    for (pattern, symbols) in spot.chain(futures) {
        let each = symbols
            .iter()
            .map(|symbol| pattern.replace("SYMBOL", symbol));
        let mut paths: Vec<String> = each.collect();
        paths.dedup();
        topics.extend(paths.iter().map(|path| path.parse::<AnyV1Topic>().unwrap()));
    }
    topics
}

/// Returns topics of pushes: those of all topics, with symbol lists, without a symbol, and with the suffix of 2019.
fn names() -> Vec<String> {
    let mut names: Vec<String> = topics().iter().map(ToString::to_string).collect();
    names.extend([
        "/contract/position".to_owned(),
        "/contractMarket/tradeOrders:XBTUSDTM,ETHUSDTM".to_owned(),
        "/contractMarket/advancedOrders:ETHUSDTM".to_owned(),
        "/market/match:BTC-USDT,ETH-USDT".to_owned(),
        "/account/balance:privateChannel:1".to_owned(),
        "/contract/position:XBTUSDTM:privateChannel:1".to_owned(),
        "/no/such".to_owned(),
    ]);
    names
}

/// Returns each frame with each topic name, complete and broken in several ways.
fn frames() -> Vec<String> {
    let mut frames = Vec::new();
    let mut last = None;
    for (topic, frame) in fixtures() {
        frames.push(frame.to_owned());
        if last
            .replace(topic.clone())
            .is_some_and(|last| last == topic)
        {
            continue;
        }
        for name in names() {
            let named = frame.replace(&format!("\"{topic}\""), &format!("\"{name}\""));
            let data = named.find("\"data\"").unwrap();
            frames.push(named.replace("\"data\":", "\"other\":"));
            frames.push(named.replace("\"message\"", "\"notice\""));
            frames.push(format!("{}\"data\":[1]}}", &named[..data]));
            let cuts = (1..8).map(|part| named.len() * part / 8);
            let cuts = cuts.chain([data + 9, named.len() - 1]);
            frames.extend(cuts.filter_map(|cut| named.get(..cut)).map(str::to_owned));
            frames.push(named);
        }
    }
    frames
}

#[test]
fn matching_topics_decode_a_push_to_the_same_event() {
    let topics = topics();
    let (mut shared, mut broken) = (0, 0);
    for frame in frames() {
        let of_kind = |is_spot: bool| {
            let of_it = topics
                .iter()
                .filter(move |t| matches!(t, AnyV1Topic::Spot(_)) == is_spot);
            of_it.map(|topic| (topic, decode_any(topic, &frame)))
        };
        for is_spot in [true, false] {
            let mut taken = of_kind(is_spot).filter(|(_, decoded)| *decoded != Ok(None));
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
    }
    assert!(shared > 20 && broken > 100, "{shared}, {broken}");
}

#[test]
fn routing_hint_does_not_change_the_event() {
    let futures = |topic| match topic {
        AnyV1Topic::Futures(topic) => Some(topic),
        _ => None,
    };
    let topics: Vec<AnyFuturesTopic> = topics().into_iter().filter_map(futures).collect();
    // Forwards and backwards, so that each topic precedes each other one, and equal topics shift the positions.
    let topics: Vec<_> = topics.iter().chain(topics.iter().rev()).cloned().collect();
    for (_, frame) in fixtures() {
        let expected = topics.decode(frame);
        for position in 0..=topics.len() {
            assert_eq!(
                topics.decode_at(&mut { position }, frame),
                expected,
                "{position}: {frame}"
            );
        }
    }
}
