//! Decodes a frame into borrowed structs with a chosen parser, and consumes it.

use serde::Deserialize;

use crate::events::{
    Balance, BySonicText, ByText, Consume, Order, Position, ProOrder, ProPush, Push,
};
use crate::frames::Kind;
use crate::tally::Tally;

/// The parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parser {
    /// No parser: only the first byte of the frame is checked.
    None,
    /// sonic-rs.
    Sonic,
    /// serde_json.
    Serde,
    /// simd-json, with reused buffers.
    Simd,
}

type OrderPush<'f> = Push<&'f str, Order<&'f str>>;
type BalancePush<'f> = Push<&'f str, Balance<&'f str>>;
type PositionPush<'f, N> = Push<&'f str, Position<&'f str, N>>;
type ProOrderPush<'f> = ProPush<&'f str, ProOrder<&'f str>>;

/// Decodes and consumes one frame. simd-json overwrites `frame`.
///
/// # Panics
/// Panics if the frame cannot be decoded.
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
        (Parser::Simd, Kind::Position) => unreachable!("simd-json cannot decode positions exactly"),
        (Parser::Simd, _) => simd::<ProOrderPush<'_>>(frame, buffers, tally),
    }
}

/// Decodes one frame into owned structs with serde_json, and consumes it.
///
/// # Panics
/// Panics if the frame cannot be decoded.
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
