//! The ways a connection ends, from a close frame to a reset.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::writer::ClosedWriter;
use super::{Control, Dial, Stream};
use crate::activity::Activity;
use crate::fault::{Cut, Effect};
use crate::hub::Command;
use crate::shared::Shared;
use crate::stats::{Ended, StreamProtocol};
use crate::sync::lock;
use crate::v1::frames;
use crate::ws::{Opcode, Violation, encode, encode_close};

/// Time for the client to read the last bytes and close.
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
    /// The connection is refused: the client gets only an error frame.
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
    /// Returns the error text, violation or fault that ended the connection; `None` for other causes.
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

/// Ends a connection as `stop` requires.
pub(super) async fn finish(
    shared: &Shared,
    control: &Control,
    (mut read_half, mut write_half): (ReadHalf<Stream>, WriteHalf<Stream>),
    mut rest: ClosedWriter,
    stop: Stop,
    dial: &Dial,
) {
    let number = dial.number;
    // A test that waits for the end of a connection may act at once: no push may follow.
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
    // Errors that end a connection have the V1 format in both protocols.
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
        // As measured at KuCoin: the stream ends without a close frame.
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
        // A close frame inside another frame would be garbage.
        Cut::Close { .. } if rest.has_partial_frame => {}
        Cut::Close { code, reason } => {
            encode_close(&mut last, code, &reason);
            let close = async {
                write_half.write_all(&last).await?;
                write_half.flush().await
            };
            let _ = timeout(LINGER, close).await;
        }
    }
    // Unread bytes would turn the end of the stream into a reset.
    let _ = timeout(LINGER, write_half.shutdown()).await;
    let drain = async {
        let mut bytes = [0; 1024];
        while matches!(read_half.read(&mut bytes).await, Ok(read) if read > 0) {}
    };
    let _ = timeout(LINGER, drain).await;
}

/// Waits until another fault ends a half-open connection.
async fn wait_for_cut(rest: &mut ClosedWriter) -> Cut {
    loop {
        match rest.commands.recv().await {
            Some(Command::Effect(Effect::Cut(cut))) => return cut,
            Some(_) => {}
            None => return Cut::Eof,
        }
    }
}
