//! A frame decoded into borrowed structs and consumed at once, by the parser that is asked for.

use serde::Deserialize;

use crate::events::{
    Balance, BySonicText, ByText, Consume, Order, Position, ProOrder, ProPush, Push,
};
use crate::frames::Kind;
use crate::tally::Tally;

/// Who parses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parser {
    /// Nobody: the frame is looked at and dropped.
    None,
    /// sonic-rs.
    Sonic,
    /// serde_json.
    Serde,
    /// simd-json, its buffers reused.
    Simd,
}

type OrderPush<'f> = Push<&'f str, Order<&'f str>>;
type BalancePush<'f> = Push<&'f str, Balance<&'f str>>;
type PositionPush<'f, N> = Push<&'f str, Position<&'f str, N>>;
type ProOrderPush<'f> = ProPush<&'f str, ProOrder<&'f str>>;

/// Decodes and consumes one frame. `frame` may be changed, as simd-json does.
///
/// # Panics
/// Where the frame cannot be decoded.
pub fn consume(
    parser: Parser,
    kind: Kind,
    frame: &mut [u8],
    buffers: &mut simd_json::Buffers,
    tally: &mut Tally,
) {
    match (parser, kind) {
        (Parser::None, _) => {
            if frame.first() == Some(&b'{') {
                tally.event(&[], &[], &[]);
            }
        }
        (Parser::Sonic, Kind::Order) => sonic::<OrderPush<'_>>(frame, tally),
        (Parser::Sonic, Kind::Balance) => sonic::<BalancePush<'_>>(frame, tally),
        (Parser::Sonic, Kind::Position) => sonic::<PositionPush<'_, BySonicText>>(frame, tally),
        (Parser::Sonic, _) => sonic::<ProOrderPush<'_>>(frame, tally),
        (Parser::Serde, Kind::Order) => serde::<OrderPush<'_>>(frame, tally),
        (Parser::Serde, Kind::Balance) => serde::<BalancePush<'_>>(frame, tally),
        (Parser::Serde, Kind::Position) => serde::<PositionPush<'_, ByText>>(frame, tally),
        (Parser::Serde, _) => serde::<ProOrderPush<'_>>(frame, tally),
        (Parser::Simd, Kind::Order) => simd::<OrderPush<'_>>(frame, buffers, tally),
        (Parser::Simd, Kind::Balance) => simd::<BalancePush<'_>>(frame, buffers, tally),
        (Parser::Simd, Kind::Position) => unreachable!("it would not be exact"),
        (Parser::Simd, _) => simd::<ProOrderPush<'_>>(frame, buffers, tally),
    }
}

/// Decodes one frame into owned structs by serde_json, and consumes it.
///
/// # Panics
/// Where the frame cannot be decoded.
pub fn consume_owned(kind: Kind, frame: &[u8], tally: &mut Tally) {
    match kind {
        Kind::Order => serde::<Push<String, Order<String>>>(frame, tally),
        Kind::Balance => serde::<Push<String, Balance<String>>>(frame, tally),
        Kind::Position => serde::<Push<String, Position<String, ByText>>>(frame, tally),
        _ => serde::<ProPush<String, ProOrder<String>>>(frame, tally),
    }
}

fn sonic<'f, E: Deserialize<'f> + Consume>(frame: &'f [u8], tally: &mut Tally) {
    let event: E = sonic_rs::from_slice(frame).expect("the frame decodes");
    event.consume(tally);
}

fn serde<'f, E: Deserialize<'f> + Consume>(frame: &'f [u8], tally: &mut Tally) {
    let event: E = serde_json::from_slice(frame).expect("the frame decodes");
    event.consume(tally);
}

fn simd<'f, E: Deserialize<'f> + Consume>(
    frame: &'f mut [u8],
    buffers: &mut simd_json::Buffers,
    tally: &mut Tally,
) {
    let event: E =
        simd_json::serde::from_slice_with_buffers(frame, buffers).expect("the frame decodes");
    event.consume(tally);
}
