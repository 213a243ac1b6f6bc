//! Random faults of the exchange. None of them violates the WebSocket protocol.

use std::time::Duration;

use kucoin_streams_exchange::{Cut, Effect, InjectedMessage, TokenReply, UpgradeFault};

use crate::oracle::Allowed;
use kucoin_streams_tests::rng::Rng;

/// Returns a random effect and records in `allowed` what the oracle must accept because of it.
pub(crate) fn random_effect(rng: &mut Rng, allowed: &mut Allowed) -> Effect {
    let some = Some(1 + rng.below(3) as u32);
    let by = rng.up_to_ms(8_000);
    match rng.below(30) {
        0 => Effect::Cut(Cut::Eof),
        1 => Effect::Cut(Cut::Reset),
        2 => Effect::Cut(Cut::Close {
            code: *rng.pick(&[1000, 1001, 1011, 1012]),
            reason: "bye".to_owned(),
        }),
        3 => Effect::ResetMidFrame,
        4 => Effect::HalfOpen,
        5 => Effect::SwallowPongs { count: some },
        6 => Effect::DelayWelcome { by },
        7 => Effect::DropWelcome,
        8 => Effect::DelayAcks { by, count: some },
        9 => Effect::DropAcks { count: some },
        10 => {
            allowed.duplicated = true;
            Effect::DuplicateFrame { count: some }
        }
        11 => {
            allowed.garbled = true;
            Effect::GarbleFrame { count: some }
        }
        12 => Effect::FragmentFrames {
            parts: 2 + rng.below(9) as u32,
            count: some,
        },
        13 => Effect::ExpireTokens,
        14 => Effect::TokenServerError { status: 503 },
        15 => Effect::TokenRateLimit {
            reset: Duration::from_secs(2),
        },
        16 => Effect::TokenCutBody,
        17 => Effect::TokenReply(TokenReply::Close),
        18 => Effect::Upgrade(match rng.below(4) {
            0 => UpgradeFault::Close,
            1 => UpgradeFault::Reset,
            2 => UpgradeFault::Stall,
            _ => UpgradeFault::Refuse {
                status: 503,
                text: "back soon".to_owned(),
                retry_after: None,
            },
        }),
        19 => Effect::RefuseConnection {
            code: 509,
            text: "service busy".to_owned(),
        },
        20 => {
            allowed.refused = true;
            Effect::RefuseRequests {
                code: 509,
                text: "exceed max permits per second".to_owned(),
                count: some,
            }
        }
        21 => Effect::DoubleAcks { count: some },
        22 => Effect::MisnameAcks { count: some },
        23 => Effect::DelayPongs { by, count: some },
        24 => Effect::MisnamePongs { count: some },
        25 => Effect::StopReading,
        26 => Effect::LatePushes {
            pushes: 1 + rng.below(5) as u32,
        },
        27 => Effect::DripFrames {
            by: Duration::from_millis(2),
            count: some,
        },
        28 => Effect::InterleavePings { count: some },
        _ => Effect::Say(match rng.below(3) {
            0 => InjectedMessage::Pings { count: 3, bytes: 9 },
            1 => InjectedMessage::Pongs { count: 3 },
            _ => InjectedMessage::Flood { pushes: 200 },
        }),
    }
}
