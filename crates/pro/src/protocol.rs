//! The Pro V2 protocol as the session drives it: its limits, and the frames that a client sends.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_core::{
    ConnectionKind, DecodeError, DialLimit, DialScope, Inbound, Protocol, ProtocolLimits,
    RequestId, TopicMatch, WireError, WsKey,
};
use kucoin_streams_decode::check;

use crate::push::is_readable;
use crate::{ChannelRequest, envelope, payload};

/// KuCoin's Pro V2 stream protocol ("UTA WebSocket"), as its private push host speaks it.
///
/// It serves both ways in which that host knows the account: a token in the URL, and a login after the welcome.
/// Which one is used stands in the [`ConnectionInfo`](kucoin_streams_core::ConnectionInfo); the frames are the
/// same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProV2;

/// The private Pro V2 connection: spot, margin and futures of one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProPrivate;

impl ConnectionKind for ProPrivate {
    type Protocol = ProV2;
    const WS_KEY: WsKey = WsKey::PrivateProV2;
}

impl Protocol for ProV2 {
    type Request = ChannelRequest;

    const LIMITS: ProtocolLimits = ProtocolLimits::new(100, Duration::from_secs(10), Some(400))
        .with_dials(DialLimit::new(
            250,
            Duration::from_secs(5 * 60),
            DialScope::Address,
        ))
        .with_ping_spacing(Duration::from_secs(1));

    /// The text of a payload: UTF-8 as it is, and raw deflate opened where the payload can begin no JSON text, up
    /// to 1 MiB and a hundred times its size.
    fn text(payload: &[u8]) -> Result<Cow<'_, str>, WireError> {
        payload::text(payload)
    }

    fn classify(frame: &str) -> Result<Inbound<'_>, WireError> {
        envelope::classify(frame).map_err(wire_error)
    }

    fn check(frame: &str) -> Result<(), WireError> {
        check(frame).map_err(wire_error)?;
        match envelope::classify(frame) {
            // Of which topic it is cannot be known: every subscription is to hear of it.
            Ok(Inbound::Message { topic }) if !is_readable(&topic) => {
                Err(WireError::new("the topic has half of a surrogate pair", 0))
            }
            _ => Ok(()),
        }
    }

    fn match_topic(request: &ChannelRequest, pushed: &str) -> TopicMatch {
        request.match_topic(pushed)
    }

    fn subscribe(id: RequestId, request: &ChannelRequest, out: &mut String) {
        push_request(id, "subscribe", request, out);
    }

    fn unsubscribe(id: RequestId, request: &ChannelRequest, out: &mut String) {
        push_request(id, "unsubscribe", request, out);
    }

    fn ping(id: RequestId, out: &mut String) {
        push_head(id, "type", "ping", out);
        out.push('}');
    }
}

fn push_request(id: RequestId, action: &str, request: &ChannelRequest, out: &mut String) {
    push_head(id, "action", action, out);
    request.push_members(out);
    out.push('}');
}

/// The id goes as a string: the exchange answers in strings whatever it was sent.
fn push_head(id: RequestId, key: &str, word: &str, out: &mut String) {
    out.push_str("{\"id\":\"");
    out.push_str(&id.to_string());
    out.push_str("\",\"");
    out.push_str(key);
    out.push_str("\":\"");
    out.push_str(word);
    out.push('"');
}

fn wire_error(error: DecodeError) -> WireError {
    match error {
        DecodeError::Syntax { reason, offset } => WireError::new(reason, offset),
        // Reading an envelope gives syntax errors only; a new kind of error is still a broken frame.
        _ => WireError::new("not a frame of the protocol", 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountType, Channel, TradeType};

    #[track_caller]
    fn check_requests(request: &ChannelRequest, members: &str) {
        let mut out = String::from("before");
        ProV2::subscribe(RequestId(7), request, &mut out);
        assert_eq!(
            out,
            format!("before{{\"id\":\"7\",\"action\":\"subscribe\",{members}}}")
        );
        out.clear();
        ProV2::unsubscribe(RequestId(u64::MAX), request, &mut out);
        assert_eq!(
            out,
            format!("{{\"id\":\"18446744073709551615\",\"action\":\"unsubscribe\",{members}}}")
        );
    }

    #[test]
    fn requests_name_the_channel_its_type_and_its_symbol() {
        check_requests(
            &ChannelRequest::new(Channel::ExecutionLite, TradeType::Cross).unwrap(),
            r#""channel":"execution.lite","tradeType":"CROSS""#,
        );
        check_requests(
            &ChannelRequest::for_symbol(Channel::Position, TradeType::Futures, "XBTUSDTM").unwrap(),
            r#""channel":"position","tradeType":"FUTURES","symbol":"XBTUSDTM""#,
        );
        check_requests(
            &ChannelRequest::balance(AccountType::Unified),
            r#""channel":"balance","accountType":"UNIFIED""#,
        );
    }

    #[test]
    fn a_ping_carries_its_id_as_a_string() {
        let mut out = String::new();
        ProV2::ping(RequestId(3), &mut out);
        assert_eq!(out, r#"{"id":"3","type":"ping"}"#);
    }

    #[test]
    fn the_connection_is_pro_v2_within_the_private_limits() {
        assert_eq!(ProPrivate::WS_KEY.as_str(), "privateProV2");
        let limits = <ProPrivate as ConnectionKind>::Protocol::LIMITS;
        assert_eq!(
            (limits.messages, limits.window, limits.topics),
            (100, Duration::from_secs(10), Some(400))
        );
        let dials = limits.dials.unwrap();
        assert_eq!((dials.dials, dials.scope), (250, DialScope::Address));
        assert_eq!(limits.ping_spacing, Duration::from_secs(1));
    }

    #[test]
    fn a_payload_of_any_encoding_is_told_apart() {
        let frame = r#"{"id":"12","result":true}"#;
        for payload in [
            frame.as_bytes().to_vec(),
            miniz_oxide::deflate::compress_to_vec(frame.as_bytes(), 6),
        ] {
            let text = ProV2::text(&payload).unwrap();
            assert_eq!(ProV2::classify(&text), Ok(Inbound::Ack { id: "12".into() }));
        }
        assert!(ProV2::classify(&ProV2::text(b"pong").unwrap()).is_err());
    }
}
