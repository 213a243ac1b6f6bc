//! `decode`: captured frames in, one NDJSON line out for each, with no connection and no runtime.

mod input;

use std::borrow::Cow;
use std::io::{self, Write};

use kucoin_streams::core::{DecodeError, Inbound, Protocol, Push, Raw};
use kucoin_streams::pro::{self, ProV2};
use kucoin_streams::v1::{self, V1};

use kucoin_streams::AnyEvent;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::args::{DecodeArgs, ProtocolArg};
use crate::decode::input::Input;
use crate::exit::Failed;
use crate::output::{Control, Line, Lines, PushLine};

pub(crate) fn run(args: &DecodeArgs) -> Result<(), Failed> {
    let mut counted = Counted::default();
    let input = Input::open(args.file.as_deref())?;
    let is_read = decode(input, args, &mut counted)?;
    match args.strict && is_read {
        true => counted.must_be_clean(),
        false => Ok(()),
    }
}

/// Decodes to the end of the input; false if the reader of the output is gone.
fn decode(mut input: Input, args: &DecodeArgs, counted: &mut Counted) -> Result<bool, Failed> {
    let mut out = Lines::new(args.times.into());
    loop {
        // The next read may wait: let the reader see what there was.
        let must_show = out.are_enough() || !input.has_line();
        if must_show && !show(&mut out)? {
            return Ok(false);
        }
        let Some(line) = input.next()? else {
            return show(&mut out);
        };
        add(&line, &mut out, args.protocol, counted)?;
    }
}

/// Writes the lines so far; false if the reader is gone.
fn show(lines: &mut Lines) -> Result<bool, Failed> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(lines.bytes())
        .and_then(|()| stdout.flush());
    lines.clear();
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failed::cannot_write(error)),
    }
}

/// How many frames there were, and how many of them said nothing to us.
#[derive(Debug, Default)]
struct Counted {
    frames: u64,
    undecodable: u64,
    other: u64,
}

impl Counted {
    fn must_be_clean(&self) -> Result<(), Failed> {
        let Self {
            frames,
            undecodable,
            other,
        } = self;
        match (undecodable, other) {
            (0, 0) => Ok(()),
            _ => Err(Failed::other(format!(
                "of {frames} frames, {undecodable} undecodable and {other} other"
            ))),
        }
    }
}

/// What a captured frame turned out to be.
enum Frame<'f> {
    Push(Box<Push<AnyEvent>>),
    Control(Inbound<'f>, Raw),
    Undecodable(String),
}

fn add(
    line: &input::Line<'_>,
    out: &mut Lines,
    protocol: Option<ProtocolArg>,
    counted: &mut Counted,
) -> serde_json::Result<()> {
    counted.frames += 1;
    let (text, too_long) = match line {
        input::Line::Whole(line) => (String::from_utf8_lossy(line), None),
        input::Line::TooLong(start, length) => (String::from_utf8_lossy(start), Some(length)),
    };
    let frame = match (&text, too_long) {
        (_, Some(length)) => Frame::Undecodable(format!(
            "{length} bytes are too long for a frame; only the beginning is shown"
        )),
        (Cow::Owned(_), _) => Frame::Undecodable("not utf-8".to_owned()),
        (Cow::Borrowed(text), _) => match protocol.unwrap_or_else(|| detect(text)) {
            ProtocolArg::V1 => frame::<V1>(text, v1_push(text)),
            ProtocolArg::Pro => frame::<ProV2>(text, pro_push(text)),
        },
    };
    match frame {
        Frame::Push(push) => out.json(&Line::Update(PushLine {
            topic: &push.topic,
            subject: push.subject.as_ref(),
            id: push.id.as_ref(),
            user_id: push.user_id.as_ref(),
            pushed_at: push.pushed_at,
            data: &push.event,
            envelope: &push.extra,
        })),
        Frame::Control(inbound, frame) => {
            let line = control(inbound, &frame);
            counted.other += u64::from(matches!(line, Line::Other { .. }));
            out.json(&line)
        }
        Frame::Undecodable(reason) => {
            counted.undecodable += 1;
            out.json(&Line::Undecodable { reason, raw: &text })
        }
    }
}

/// The fields that only frames of Pro V2 have: of pushes, of the welcome, of answers, and of pings with an `op`.
#[derive(Deserialize)]
struct OnlyOfPro {
    #[serde(rename = "T")]
    topic: Option<IgnoredAny>,
    #[serde(rename = "sessionId")]
    session_id: Option<IgnoredAny>,
    result: Option<IgnoredAny>,
    action: Option<IgnoredAny>,
    op: Option<IgnoredAny>,
}

/// The generation of one frame, whatever the frames before it were. What both have, such as an error frame, says the
/// same in both.
fn detect(text: &str) -> ProtocolArg {
    match serde_json::from_str(text) {
        Ok(OnlyOfPro {
            topic: None,
            session_id: None,
            result: None,
            action: None,
            op: None,
        }) => ProtocolArg::V1,
        Ok(_) => ProtocolArg::Pro,
        // It is undecodable in both, unless it has a field twice.
        Err(_) if text.contains("\"T\":") => ProtocolArg::Pro,
        Err(_) => ProtocolArg::V1,
    }
}

/// A push as it was decoded, or `None` if the frame is not one.
type Decoded = Result<Option<Push<AnyEvent>>, DecodeError>;

fn v1_push(text: &str) -> Decoded {
    let mut push = v1::decode(text)?.map(|push| push.map(AnyEvent::V1));
    if let Some(push) = &mut push {
        // It stands in the data.
        push.pushed_at = None;
    }
    Ok(push)
}

fn pro_push(text: &str) -> Decoded {
    Ok(pro::decode(text)?.map(|push| push.map(AnyEvent::Pro)))
}

/// Tells a frame apart.
fn frame<P: Protocol>(text: &str, decoded: Decoded) -> Frame<'_> {
    match decoded {
        Ok(Some(push)) => Frame::Push(Box::new(push)),
        Ok(None) => match (P::classify(text), Raw::parse(text)) {
            (Ok(inbound), Ok(raw)) => Frame::Control(inbound, raw),
            (Err(error), _) => Frame::Undecodable(error.to_string()),
            // A push is told by its beginning; this one has no good end.
            (_, Err(error)) => Frame::Undecodable(error.to_string()),
        },
        Err(error) => Frame::Undecodable(error.to_string()),
    }
}

/// The line of a frame that is no event.
fn control<'f>(inbound: Inbound<'f>, frame: &'f Raw) -> Line<'f> {
    let by_id = |id| Control {
        id,
        code: None,
        message: None,
        frame,
    };
    match inbound {
        Inbound::Welcome { id, .. } => Line::Welcome(by_id(id)),
        Inbound::Ack { id } => Line::Ack(by_id(Some(id))),
        Inbound::Pong { id } => Line::Pong(by_id(id)),
        Inbound::Refused {
            id, code, message, ..
        } => Line::Refused(Control {
            id,
            code: code.map(|code| code.to_string()),
            message: Some(message),
            frame,
        }),
        _ => Line::Other { frame },
    }
}
