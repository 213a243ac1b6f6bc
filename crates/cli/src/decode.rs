//! `decode`: reads recorded frames and writes one NDJSON line per frame, without a connection or an async runtime.

mod input;

use std::borrow::Cow;
use std::io::{self, Write};

use kucoin_streams::core::{DecodeError, Finding, Inbound, Protocol, Push, Raw};
use kucoin_streams::pro::{self, ProV2};
use kucoin_streams::v1::{self, V1};

use kucoin_streams::session::DriftLog;
use kucoin_streams::{AnyEvent, Text, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::args::{DecodeArgs, ProtocolArg};
use crate::decode::input::{Input, InputLine};
use crate::exit::CommandError;
use crate::output::{self, ControlFrame, LineBuffer, NdjsonLine, PushLine};

pub(crate) fn run(args: &DecodeArgs) -> Result<(), CommandError> {
    let mut counted = FrameCounts::default();
    let input = Input::open(args.file.as_deref())?;
    let mut drift = args.drift.then(DriftLog::default);
    let is_complete = decode(input, args, &mut counted, &mut drift)?;
    match args.strict && is_complete {
        true => counted.check_strict(),
        false => Ok(()),
    }
}

/// Decodes until the end of the input; returns `false` if the reader of stdout closed the pipe.
fn decode(
    mut input: Input,
    args: &DecodeArgs,
    counted: &mut FrameCounts,
    drift: &mut Option<DriftLog>,
) -> Result<bool, CommandError> {
    let mut out = LineBuffer::new(args.times.into());
    loop {
        // The next read may block, so write the lines so far.
        let must_write = out.should_write() || !input.has_line();
        if must_write && !write(&mut out)? {
            return Ok(false);
        }
        let Some(line) = input.next()? else {
            let topics = drift.as_ref().map(DriftLog::topics).unwrap_or_default();
            for topic in &topics {
                for line in output::drift(None, &topic.topic, topic) {
                    out.json(&line)?;
                }
            }
            return write(&mut out);
        };
        add(&line, &mut out, args.protocol, counted, drift)?;
    }
}

/// Writes the buffered lines; returns `false` if the reader of stdout closed the pipe.
fn write(lines: &mut LineBuffer) -> Result<bool, CommandError> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(lines.bytes())
        .and_then(|()| stdout.flush());
    lines.clear();
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CommandError::cannot_write(error)),
    }
}

/// Counters for `--strict`.
#[derive(Debug, Default)]
struct FrameCounts {
    frames: u64,
    undecodable: u64,
    other: u64,
}

impl FrameCounts {
    fn check_strict(&self) -> Result<(), CommandError> {
        let Self {
            frames,
            undecodable,
            other,
        } = self;
        match (undecodable, other) {
            (0, 0) => Ok(()),
            _ => Err(CommandError::other(format!(
                "{frames} frames: {undecodable} undecodable, {other} other"
            ))),
        }
    }
}

/// A classified frame.
enum DecodedFrame<'f> {
    Push(Box<Push<AnyEvent>>),
    Control(Inbound<'f>, Raw),
    Undecodable {
        reason: String,
        topic: Option<Text>,
        /// `None` if the frame is not JSON.
        finding: Option<Finding>,
    },
}

impl DecodedFrame<'_> {
    fn undecodable(reason: impl ToString) -> Self {
        Self::Undecodable {
            reason: reason.to_string(),
            topic: None,
            finding: None,
        }
    }
}

/// Adds findings of a frame. A recorded frame has no receive time.
fn note(drift: &mut DriftLog, topic: &Text, findings: &[Finding]) {
    if !findings.is_empty() {
        drift.record(topic, Some(topic), findings, Timestamp::default());
    }
}

fn add(
    line: &InputLine<'_>,
    out: &mut LineBuffer,
    protocol: Option<ProtocolArg>,
    counted: &mut FrameCounts,
    drift: &mut Option<DriftLog>,
) -> serde_json::Result<()> {
    counted.frames += 1;
    let (text, too_long) = match line {
        InputLine::Whole(line) => (String::from_utf8_lossy(line), None),
        InputLine::TooLong(start, length) => (String::from_utf8_lossy(start), Some(length)),
    };
    let frame = match (&text, too_long) {
        (_, Some(length)) => DecodedFrame::undecodable(format!(
            "line of {length} bytes is too long for a frame; only its beginning is shown"
        )),
        (Cow::Owned(_), _) => DecodedFrame::undecodable("not utf-8"),
        (Cow::Borrowed(text), _) => match protocol.unwrap_or_else(|| detect(text)) {
            ProtocolArg::V1 => classify::<V1>(text, v1_push(text), "data"),
            ProtocolArg::Pro => classify::<ProV2>(text, pro_push(text), "d"),
        },
    };
    if let Some(drift) = drift {
        match frame {
            DecodedFrame::Push(push) => note(drift, &push.topic, push.extra.findings()),
            DecodedFrame::Control(inbound, frame) => {
                let is_other = matches!(control(inbound, &frame), NdjsonLine::Other { .. });
                counted.other += u64::from(is_other);
            }
            DecodedFrame::Undecodable { topic, finding, .. } => {
                counted.undecodable += 1;
                note(drift, &topic.unwrap_or_default(), finding.as_slice());
            }
        }
        return Ok(());
    }
    match frame {
        DecodedFrame::Push(push) => out.json(&NdjsonLine::Update(PushLine {
            topic: &push.topic,
            subject: push.subject.as_ref(),
            id: push.id.as_ref(),
            user_id: push.user_id.as_ref(),
            pushed_at: push.pushed_at,
            data: &push.event,
            envelope: &push.extra,
        })),
        DecodedFrame::Control(inbound, frame) => {
            let line = control(inbound, &frame);
            counted.other += u64::from(matches!(line, NdjsonLine::Other { .. }));
            out.json(&line)
        }
        DecodedFrame::Undecodable { reason, .. } => {
            counted.undecodable += 1;
            out.json(&NdjsonLine::Undecodable { reason, raw: &text })
        }
    }
}

/// Fields that only Pro V2 frames have: pushes, the welcome, responses, and pings with an `op`.
#[derive(Deserialize)]
struct ProOnlyFields {
    #[serde(rename = "T")]
    topic: Option<IgnoredAny>,
    #[serde(rename = "sessionId")]
    session_id: Option<IgnoredAny>,
    result: Option<IgnoredAny>,
    action: Option<IgnoredAny>,
    op: Option<IgnoredAny>,
}

/// Detects the protocol of a frame.
///
/// A frame that both protocols have, such as an error, is decoded the same way for both.
fn detect(text: &str) -> ProtocolArg {
    match serde_json::from_str(text) {
        Ok(ProOnlyFields {
            topic: None,
            session_id: None,
            result: None,
            action: None,
            op: None,
        }) => ProtocolArg::V1,
        Ok(_) => ProtocolArg::Pro,
        // Invalid JSON, or a repeated field.
        Err(_) if text.contains("\"T\":") => ProtocolArg::Pro,
        Err(_) => ProtocolArg::V1,
    }
}

/// A decoded push; `None` if the frame is not a push.
type DecodedPush = Result<Option<Push<AnyEvent>>, DecodeError>;

fn v1_push(text: &str) -> DecodedPush {
    let mut push = v1::decode(text)?.map(|push| push.map(AnyEvent::V1));
    if let Some(push) = &mut push {
        // In V1 the time is a field of the data.
        push.pushed_at = None;
    }
    Ok(push)
}

fn pro_push(text: &str) -> DecodedPush {
    Ok(pro::decode(text)?.map(|push| push.map(AnyEvent::Pro)))
}

/// Classifies a frame that is not a decoded push. The data of a push is in the field `data`.
fn classify<'f, P: Protocol>(text: &'f str, decoded: DecodedPush, data: &str) -> DecodedFrame<'f> {
    match decoded {
        Ok(Some(push)) => DecodedFrame::Push(Box::new(push)),
        Ok(None) => match (P::classify(text), Raw::parse(text)) {
            (Ok(inbound), Ok(raw)) => DecodedFrame::Control(inbound, raw),
            (Err(error), _) => DecodedFrame::undecodable(error),
            // `classify` reads only the beginning of a push; the rest is not valid JSON.
            (_, Err(error)) => DecodedFrame::undecodable(error),
        },
        Err(error) => DecodedFrame::Undecodable {
            reason: error.to_string(),
            topic: match P::classify(text) {
                Ok(Inbound::Message { topic }) => Some(Text::new(&topic)),
                _ => None,
            },
            finding: Finding::of_error(&error).map(|finding| finding.within_data(data)),
        },
    }
}

/// Returns the line of a frame that is not a push.
fn control<'f>(inbound: Inbound<'f>, frame: &'f Raw) -> NdjsonLine<'f> {
    let by_id = |id| ControlFrame {
        id,
        code: None,
        message: None,
        frame,
    };
    match inbound {
        Inbound::Welcome { id, .. } => NdjsonLine::Welcome(by_id(id)),
        Inbound::Ack { id } => NdjsonLine::Ack(by_id(Some(id))),
        Inbound::Pong { id } => NdjsonLine::Pong(by_id(id)),
        Inbound::Refused {
            id, code, message, ..
        } => NdjsonLine::Refused(ControlFrame {
            id,
            code: code.map(|code| code.to_string()),
            message: Some(message),
            frame,
        }),
        _ => NdjsonLine::Other { frame },
    }
}
