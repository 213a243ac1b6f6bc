//! What users write: topics, channels and keys. What is taken prints as itself, and what is refused prints harmlessly.

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

use crate::judge::Tree;

static SIGNER: LazyLock<HmacSigner> = LazyLock::new(|| {
    let credentials = Credentials::new("key-of-fuzz", "canary-secret", "canary-passphrase");
    HmacSigner::new(&credentials.expect("credentials of visible ASCII"))
});

/// Any text as each of them.
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
    // A channel alone is no request, but the front of one.
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

/// Parses, and checks what is printed: the same text, or, where several are read alike, one that is read the same.
fn parsed<T>(text: &str, several_alike: bool) -> Option<T>
where
    T: FromStr<Err: Display + Debug> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(found) => {
            let printed = found.to_string();
            assert!(
                several_alike || printed == text,
                "{text:?} became {printed:?}"
            );
            assert_eq!(printed.parse::<T>().ok().as_ref(), Some(&found), "{text:?}");
            Some(found)
        }
        Err(error) => {
            let told = error.to_string();
            assert!(told.len() < 1024, "{told}");
            let moves_cursor = told.contains(|character: char| character.is_control());
            assert!(!moves_cursor, "{told:?}");
            None
        }
    }
}

/// A path is taken as it is, serves itself, and is asked for to the letter.
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
    let said = |name| tree.all(name).next().and_then(Tree::text);
    assert_eq!(said("channel"), Some(request.channel().as_str()));
    assert_eq!(said("symbol"), request.symbol());
    assert_eq!(
        said("tradeType"),
        request.trade_type().map(TradeType::as_str)
    );
    assert_eq!(
        said("accountType"),
        request.account_type().map(AccountType::as_str)
    );
}

/// The login carries any id to the letter, and nothing of what it is signed with.
fn check_login(id: &str) {
    let mut signing = pin!(login(&*SIGNER, id, 1_700_000_000_000));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(login)) = signing.as_mut().poll(&mut context) else {
        panic!("the signer has all that it needs");
    };
    let tree = Tree::parse(&login.frame).expect("a login is JSON");
    let said = |name| tree.all(name).map(Tree::text).collect::<Vec<_>>();
    assert_eq!(
        (said("id"), said("op")),
        (vec![Some(id)], vec![Some("auth")])
    );
    // An id may spell anything, and its escapes may help it.
    let mut beside_id = tree.members().iter().filter(|(name, _)| name != "id");
    assert!(beside_id.all(|(_, value)| !value.raw.contains("canary")));
    assert!(id.contains("sign") || !format!("{login:?}").contains("sign"));
}
