//! Checks parsing of topics, channels and keys: no change if accepted, and errors are safe to print.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::pin;
use std::str::FromStr;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use kucoin_streams_auth::{Credentials, HmacSigner, login};
use kucoin_streams_core::{Protocol, RequestId, Topic, TopicMatch, WsKey};
use kucoin_streams_pro::{AccountType, Channel, ChannelRequest, ProV2, TradeType};
use kucoin_streams_v1::{AnyFuturesTopic, AnySpotTopic, AnyV1Topic, TopicPath, V1};

use crate::reference::Tree;

static SIGNER: LazyLock<HmacSigner> = LazyLock::new(|| {
    let credentials = Credentials::new("key-of-fuzz", "canary-secret", "canary-passphrase");
    HmacSigner::new(&credentials.expect("valid credentials"))
});

/// Input: any text, parsed as each of them.
pub fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    check_path(text);
    check_login(text);
    if let Some(topic) = parsed::<AnyV1Topic>(text, false) {
        let on_spot = parsed::<AnySpotTopic>(text, false).map(|topic| topic.requests());
        let on_futures = parsed::<AnyFuturesTopic>(text, false).map(|topic| topic.requests());
        assert_eq!(
            on_spot.is_some(),
            matches!(topic, AnyV1Topic::Spot(_)),
            "{text}"
        );
        assert_eq!(on_spot.or(on_futures), Some(vec![TopicPath::new(text)]));
    }
    if let Some(key) = parsed::<WsKey>(text, true) {
        assert!(key.as_str().eq_ignore_ascii_case(text));
    }
    parsed::<TradeType>(text, false);
    parsed::<AccountType>(text, false);
    // A channel alone may not be a request, but it is the start of one.
    match parsed::<ChannelRequest>(text, true) {
        Some(request) => {
            let topic = parsed::<kucoin_streams_pro::AnyProTopic>(text, true);
            assert_eq!(topic.as_ref().map(|topic| topic.request()), Some(&request));
            check_request(&request);
        }
        None => drop(parsed::<Channel>(
            text.split('?').next().unwrap_or_default(),
            false,
        )),
    }
}

/// Parses, and checks that the value is displayed as the same text, or, with `has_aliases`, as one that parses to it.
fn parsed<T>(text: &str, has_aliases: bool) -> Option<T>
where
    T: FromStr<Err: Display + Debug> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(found) => {
            let printed = found.to_string();
            assert!(
                has_aliases || printed == text,
                "{text:?} became {printed:?}"
            );
            assert_eq!(printed.parse::<T>().ok().as_ref(), Some(&found), "{text:?}");
            Some(found)
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() < 1024, "{message}");
            let has_control = message.contains(|character: char| character.is_control());
            assert!(!has_control, "{message:?}");
            None
        }
    }
}

/// Checks that a path is kept unchanged, matches itself, and is requested unchanged.
fn check_path(text: &str) {
    let path = TopicPath::new(text);
    assert_eq!((path.as_str(), path.to_string().as_str()), (text, text));
    assert_eq!(path.match_topic(text), TopicMatch::Exact);
    for write in [V1::subscribe, V1::unsubscribe] {
        let mut frame = String::new();
        write(RequestId(7), &path, &mut frame);
        let tree = Tree::parse(&frame).expect("a request is JSON");
        let topics: Vec<_> = tree.all("topic").filter_map(Tree::text).collect();
        assert_eq!(topics, [text]);
        assert_eq!(tree.members().len(), 5, "{frame}");
    }
}

fn check_request(request: &ChannelRequest) {
    let mut frame = String::new();
    ProV2::subscribe(RequestId(7), request, &mut frame);
    let tree = Tree::parse(&frame).expect("a request is JSON");
    let field = |name| tree.all(name).next().and_then(Tree::text);
    assert_eq!(field("channel"), Some(request.channel().as_str()));
    assert_eq!(field("symbol"), request.symbol());
    assert_eq!(
        field("tradeType"),
        request.trade_type().map(TradeType::as_str)
    );
    assert_eq!(
        field("accountType"),
        request.account_type().map(AccountType::as_str)
    );
}

/// Checks that the login has any ID unchanged, and nothing of the secret or the passphrase.
fn check_login(id: &str) {
    let mut signing = pin!(login(&*SIGNER, id, 1_700_000_000_000));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(login)) = signing.as_mut().poll(&mut context) else {
        panic!("the HMAC signer never waits and never fails");
    };
    let tree = Tree::parse(&login.frame).expect("a login is JSON");
    let fields = |name| tree.all(name).map(Tree::text).collect::<Vec<_>>();
    assert_eq!(
        (fields("id"), fields("op")),
        (vec![Some(id)], vec![Some("auth")])
    );
    // The ID itself may contain anything.
    let mut other_members = tree.members().iter().filter(|(name, _)| name != "id");
    assert!(other_members.all(|(_, value)| !value.raw.contains("canary")));
    assert!(id.contains("sign") || !format!("{login:?}").contains("sign"));
}
