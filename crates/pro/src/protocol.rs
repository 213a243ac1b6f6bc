//! The Pro V2 protocol: its limits, and the frames that a client sends.

use std::borrow::Cow;
use std::time::Duration;

use kucoin_streams_core::{
    ConnectionKind, DecodeError, DialLimit, DialScope, Inbound, Protocol, ProtocolLimits,
    RequestId, TopicMatch, WireError, WsKey,
};
use kucoin_streams_decode::check;

use crate::push::is_readable;
use crate::{ChannelRequest, envelope, payload};

/// KuCoin's Pro V2 stream protocol ("UTA WebSocket") of the private push host.
///
/// It supports both ways to authenticate: a token in the URL, and a login after the welcome. The
/// [`ConnectionInfo`](kucoin_streams_core::ConnectionInfo) decides which one is used; the other frames are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProV2;

/// Connection kind of Pro V2: one private connection for spot, margin and futures of an account.
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

    /// Returns the text of a payload: UTF-8 is unchanged, raw deflate is inflated.
    ///
    /// Inflated text is limited to 1 MiB and to 100 times the size of the payload.
    fn text(payload: &[u8]) -> Result<Cow<'_, str>, WireError> {
        payload::text(payload)
    }

    fn classify(frame: &str) -> Result<Inbound<'_>, WireError> {
        envelope::classify(frame).map_err(wire_error)
    }

    fn check(frame: &str) -> Result<(), WireError> {
        check(frame).map_err(wire_error)?;
        match envelope::classify(frame) {
            // The topic is unknown, so the push may belong to any subscription.
            Ok(Inbound::Message { topic }) if !is_readable(&topic) => {
                Err(WireError::new("unpaired surrogate in the topic", 0))
            }
            _ => Ok(()),
        }
    }

    fn match_topic(request: &ChannelRequest, pushed: &str) -> TopicMatch {
        request.match_topic(pushed)
    }

    fn subscribe(id: RequestId, request: &ChannelRequest, out: &mut String) {
        write_request(id, "subscribe", request, out);
    }

    fn unsubscribe(id: RequestId, request: &ChannelRequest, out: &mut String) {
        write_request(id, "unsubscribe", request, out);
    }

    fn ping(id: RequestId, out: &mut String) {
        write_head(id, "type", "ping", out);
        out.push('}');
    }
}

fn write_request(id: RequestId, action: &str, request: &ChannelRequest, out: &mut String) {
    write_head(id, "action", action, out);
    request.write_members(out);
    out.push('}');
}

/// Writes the ID as a string, since KuCoin answers with a string even if the request had a number.
fn write_head(id: RequestId, key: &str, value: &str, out: &mut String) {
    out.push_str("{\"id\":\"");
    out.push_str(&id.to_string());
    out.push_str("\",\"");
    out.push_str(key);
    out.push_str("\":\"");
    out.push_str(value);
    out.push('"');
}

fn wire_error(error: DecodeError) -> WireError {
    match error {
        DecodeError::Syntax { reason, offset } => WireError::new(reason, offset),
        // The envelope functions return only syntax errors.
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
    fn request_frame_has_channel_type_and_symbol() {
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
    fn ping_has_its_id_as_a_string() {
        let mut out = String::new();
        ProV2::ping(RequestId(3), &mut out);
        assert_eq!(out, r#"{"id":"3","type":"ping"}"#);
    }

    #[test]
    fn limits_are_those_of_the_private_host() {
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
    fn plain_and_deflated_payloads_are_classified() {
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
