//! How a connection ends, from the orderly close to the reset.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::writer::Rest;
use super::{Control, Dial, Stream};
use crate::activity::Activity;
use crate::fault::{Cut, Effect};
use crate::hub::Command;
use crate::shared::Shared;
use crate::stats::{Ended, StreamProtocol};
use crate::sync::lock;
use crate::v1::frames;
use crate::ws::{Opcode, Violation, encode, encode_close};

/// How long the client is given to take the last bytes and close.
const LINGER: Duration = Duration::from_secs(1);

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum Stop {
    Cut(Cut),
    MidFrame,
    HalfOpen,
    TooOld,
    SlowClient,
    ClientClosed {
        code: Option<u16>,
    },
    ClientGone,
    PingTimeout,
    Violation(Violation),
    /// An error frame is all that the client gets.
    Refuse {
        code: u16,
        text: String,
    },
}

impl Stop {
    fn ended(&self) -> Ended {
        match self {
            Self::Cut(_) | Self::MidFrame | Self::HalfOpen => Ended::Fault,
            Self::TooOld => Ended::TooOld,
            Self::SlowClient => Ended::SlowClient,
            Self::ClientClosed { code } => Ended::ClientClosed { code: *code },
            Self::ClientGone => Ended::ClientGone,
            Self::PingTimeout => Ended::PingTimeout,
            Self::Violation(_) => Ended::Violation,
            Self::Refuse { .. } => Ended::Refused,
        }
    }
}

impl Stop {
    /// The words that the client gets, or what it did wrong.
    fn reason(&self) -> Option<String> {
        match self {
            Self::Refuse { code, text } => Some(format!("{code} {text}")),
            Self::Violation(violation) => Some(violation.reason.to_owned()),
            Self::Cut(cut) => Some(cut.to_string()),
            Self::MidFrame => Some("reset-mid-frame".to_owned()),
            Self::HalfOpen => Some("half-open".to_owned()),
            _ => None,
        }
    }
}

/// Ends a connection in the way that `stop` says.
pub(super) async fn finish(
    shared: &Shared,
    control: &Control,
    (mut read_half, mut write_half): (ReadHalf<Stream>, WriteHalf<Stream>),
    mut rest: Rest,
    stop: Stop,
    dial: &Dial,
) {
    let number = dial.number;
    // Whoever waits for the end of a connection may act on it at once: no push follows.
    lock(&shared.hub).freeze(number);
    shared.room.notify_waiters();
    let mut pushed = 0;
    shared.board.connection(number, |report| {
        report.topics.clear();
        report.ended = Some(stop.ended());
        pushed = report.pushed;
    });
    shared.report(|| Activity::Ended {
        connection: number,
        how: stop.ended(),
        reason: stop.reason(),
        pushed,
    });
    let mut last = Vec::new();
    // Errors that end a connection have the form of V1 in both generations.
    let opcode = match dial.protocol {
        StreamProtocol::V1 => Opcode::Text,
        StreamProtocol::ProV2 => Opcode::Binary,
    };
    let cut = match stop {
        Stop::HalfOpen => wait_for_cut(&mut rest).await,
        Stop::Cut(cut) => cut,
        Stop::MidFrame | Stop::SlowClient => Cut::Reset,
        Stop::ClientGone => Cut::Eof,
        Stop::TooOld => Cut::Close {
            code: 1001,
            reason: String::new(),
        },
        Stop::ClientClosed { code } => Cut::Close {
            code: code.unwrap_or(1000),
            reason: String::new(),
        },
        Stop::Violation(violation) => Cut::Close {
            code: violation.code,
            reason: violation.reason.to_owned(),
        },
        // As it was measured: the stream ends.
        Stop::PingTimeout if dial.protocol == StreamProtocol::ProV2 => Cut::Eof,
        Stop::PingTimeout => {
            let frame = frames::error(None, 400, "ping timeout");
            encode(&mut last, true, opcode, frame.as_bytes());
            Cut::Close {
                code: 1000,
                reason: String::new(),
            }
        }
        Stop::Refuse { code, text } => {
            let frame = frames::error(Some(&dial.connect_id), code, &text);
            encode(&mut last, true, opcode, frame.as_bytes());
            Cut::Close {
                code: 1000,
                reason: String::new(),
            }
        }
    };
    match cut {
        Cut::Reset => {
            control.reset();
            drop(read_half.unsplit(write_half));
            return;
        }
        Cut::Eof => control.end_abruptly(),
        // A close frame inside of another frame would be garbage.
        Cut::Close { .. } if rest.torn => {}
        Cut::Close { code, reason } => {
            encode_close(&mut last, code, &reason);
            let farewell = async {
                write_half.write_all(&last).await?;
                write_half.flush().await
            };
            let _ = timeout(LINGER, farewell).await;
        }
    }
    // Bytes that are not read would turn the end of the stream into a reset.
    let _ = timeout(LINGER, write_half.shutdown()).await;
    let drain = async {
        let mut bytes = [0; 1024];
        while matches!(read_half.read(&mut bytes).await, Ok(read) if read > 0) {}
    };
    let _ = timeout(LINGER, drain).await;
}

/// A half-open connection does nothing until another fault cuts it.
async fn wait_for_cut(rest: &mut Rest) -> Cut {
    loop {
        match rest.commands.recv().await {
            Some(Command::Effect(Effect::Cut(cut))) => return cut,
            Some(_) => {}
            None => return Cut::Eof,
        }
    }
}
