//! The envelope of a V1 push, decoded in one pass if the keys have the usual order.

use kucoin_streams_core::{
    DecodeError, Extra, Finding, FindingKind, Push, Text, Timestamp, TopicMatch,
};
use kucoin_streams_decode::{FieldCursor, FieldTable, FromJson, Key, Object, Scanner, Value};

use crate::path::{match_topic, symbol};

/// The `data` of a push, decoded as an event.
pub(crate) trait PushData: Sized {
    /// `true` if the subject decides how the data is decoded.
    const BY_SUBJECT: bool = false;

    /// Decodes the data at the scanner's position.
    fn from_data(scanner: &mut Scanner<'_>, context: PushContext<'_>) -> Result<Self, DecodeError>;

    /// Returns the unknown fields of the event, with the findings of the decoder.
    fn extra(&mut self) -> &mut Extra;

    /// Returns `true` if the findings are about the subject of the push and not about the data.
    fn is_of_unknown_subject(&self) -> bool {
        false
    }

    /// Returns the push time of the gateway, if the data has it.
    fn pushed_at(&self) -> Option<Timestamp> {
        None
    }

    /// Returns the symbol in the data; `None` if the data has none.
    ///
    /// Topics of one symbol need the symbol, since their pushes may arrive under the account-wide topic.
    fn symbol(&self) -> Option<&str> {
        None
    }
}

/// The fields of the envelope that are needed to decode the data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PushContext<'e> {
    /// The topic of the push.
    pub(crate) topic: &'e str,
    /// The subject of the push; `None` if absent, or if it is not needed and was not read yet.
    pub(crate) subject: Option<&'e str>,
}

/// Decodes a push of the topic `requested`; `None` if the frame is not a push of that topic.
#[inline]
pub(crate) fn decode<E: PushData>(
    frame: &str,
    requested: &Text,
) -> Result<Option<Push<E>>, DecodeError> {
    let mut decoded = decode_fields::<E>(frame, requested);
    // Checked in the returned value: the same check before the event is moved into the push costs more instructions.
    if let Ok(Some(push)) = &mut decoded
        && !push.event.extra().findings().is_empty()
    {
        note_event(push);
    }
    decoded
}

/// Decodes a push whose findings do not include those of its event yet.
fn decode_fields<E: PushData>(
    frame: &str,
    requested: &Text,
) -> Result<Option<Push<E>>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut envelope = PushEnvelope::default();
    let mut object = scanner.object()?;
    let mut cursor = FieldCursor::default();
    match envelope.read_fields(&mut object, &mut cursor, requested, E::BY_SUBJECT)? {
        ReadStop::Other => Ok(None),
        // The usual order: decode the data in place, then read the remaining fields. Events are large, so each
        // intermediate variable would cost a copy.
        ReadStop::Data => {
            let event = E::from_data(object.scanner(), envelope.context())?;
            envelope.has_event = true;
            if let ReadStop::Other =
                envelope.read_fields(&mut object, &mut cursor, requested, E::BY_SUBJECT)?
            {
                return Ok(None);
            }
            scanner.finish()?;
            Ok(envelope.push(event, requested))
        }
        ReadStop::End => {
            scanner.finish()?;
            if envelope.topic.is_none() {
                return Ok(None);
            }
            let Some(data) = envelope.data.take() else {
                return Err(DecodeError::Missing { field: "data" });
            };
            let event = E::from_data(&mut data.scanner(), envelope.context())?;
            Ok(envelope.push(event, requested))
        }
    }
}

/// Returns the topic of a frame; `None` if the frame is not a push.
pub(crate) fn topic(frame: &str) -> Result<Option<Text>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut object = scanner.object()?;
    let mut topic = None;
    while let Some((key, value)) = object.member()? {
        match &*key {
            "topic" => topic = value.lossless_text().map(|topic| Text::new(&topic)),
            "type" if is_other_type(value) => return Ok(None),
            _ => {}
        }
    }
    scanner.finish()?;
    Ok(topic)
}

static NAMES: FieldTable<7> = FieldTable::new(&[&[
    "topic",
    "type",
    "subject",
    "id",
    "userId",
    "channelType",
    "data",
]]);
const TOPIC: usize = 0;
const TYPE: usize = 1;
const SUBJECT: usize = 2;
const ID: usize = 3;
const USER_ID: usize = 4;
const CHANNEL_TYPE: usize = 5;
const DATA: usize = 6;

#[derive(Default)]
struct PushEnvelope<'f> {
    topic: Option<Text>,
    subject: Option<Text>,
    id: Option<Text>,
    user_id: Option<Text>,
    // Data that arrived before its topic.
    data: Option<Value<'f>>,
    has_event: bool,
    extra: Extra,
}

/// Reason why the reading of fields stopped.
enum ReadStop {
    /// The data is next, and the fields needed to decode it are known.
    Data,
    /// The envelope has no more fields.
    End,
    /// The frame is not a push of the topic.
    Other,
}

impl<'f> PushEnvelope<'f> {
    /// Reads fields until the data can be decoded, the envelope ends, or the topic does not match.
    #[inline(always)]
    fn read_fields(
        &mut self,
        object: &mut Object<'_, 'f>,
        cursor: &mut FieldCursor<'static>,
        requested: &Text,
        by_subject: bool,
    ) -> Result<ReadStop, DecodeError> {
        while let Some(key) = object.key_among(&NAMES, cursor)? {
            match key {
                Key::Known(DATA) if self.is_ready_for_data(by_subject) => {
                    return Ok(ReadStop::Data);
                }
                Key::Known(at) => {
                    if !self.read_field(at, object.value()?, requested) {
                        return Ok(ReadStop::Other);
                    }
                }
                Key::Other(key) => self.extra.push_unknown(&key, object.value()?),
            }
        }
        Ok(ReadStop::End)
    }

    /// Returns `true` if the data can be decoded: the topic and, if `by_subject`, the subject are known.
    fn is_ready_for_data(&self, by_subject: bool) -> bool {
        let is_first = self.data.is_none() && !self.has_event;
        is_first && self.topic.is_some() && (!by_subject || self.subject.is_some())
    }

    fn context(&self) -> PushContext<'_> {
        PushContext {
            topic: self.topic.as_deref().unwrap_or_default(),
            subject: self.subject.as_deref(),
        }
    }

    /// Reads one field; returns `false` if the frame is not a push of the topic `requested`.
    fn read_field(&mut self, at: usize, value: Value<'f>, requested: &Text) -> bool {
        match at {
            TYPE if value.is("message") => {}
            TYPE if is_other_type(value) => return false,
            TOPIC if self.topic.is_none() => return self.read_topic(value, requested),
            DATA if self.data.is_none() && !self.has_event => self.data = Some(value),
            CHANNEL_TYPE if value.is("private") => {}
            SUBJECT if self.subject.is_none() => {
                read_text(&mut self.subject, &mut self.extra, at, value)
            }
            ID if self.id.is_none() => read_text(&mut self.id, &mut self.extra, at, value),
            USER_ID if self.user_id.is_none() => {
                read_text(&mut self.user_id, &mut self.extra, at, value)
            }
            _ => keep_unexpected(&mut self.extra, at, value),
        }
        true
    }

    fn read_topic(&mut self, value: Value<'f>, requested: &Text) -> bool {
        if value.is(requested) {
            self.topic = Some(requested.clone());
            return true;
        }
        let Some(pushed) = value.lossless_text() else {
            return false;
        };
        self.topic = match match_topic(requested, &pushed) {
            TopicMatch::None => return false,
            _ => Some(Text::new(&pushed)),
        };
        if value.text().is_none() {
            self.extra.push(NAMES.name(TOPIC), value);
        }
        true
    }

    /// Combines the event with its envelope; `None` if the event is for a symbol that was not requested.
    #[inline]
    fn push<E: PushData>(self, event: E, requested: &str) -> Option<Push<E>> {
        let topic = self.topic.unwrap_or_default();
        // Of the pushes under the account-wide topic, a symbol's topic keeps only those of its symbol.
        if let Some(found) = event.symbol()
            && let Some(wanted) = symbol(requested)
            && wanted != found
            && symbol(&topic).is_none()
            && is_readable(found)
        {
            return None;
        }
        let pushed_at = event.pushed_at();
        let mut push = Push::new(event, topic);
        push.subject = self.subject;
        push.id = self.id;
        push.user_id = self.user_id;
        push.pushed_at = pushed_at;
        push.extra = self.extra;
        Some(push)
    }
}

/// Returns `true` if the type is a text other than `message`, the type of a push.
fn is_other_type(value: Value<'_>) -> bool {
    value.text().is_some_and(|kind| kind != "message")
}

/// Returns `true` if the symbol was decoded exactly.
///
/// A symbol with an unpaired surrogate is decoded with a backslash escape, and could be any symbol.
pub(crate) fn is_readable(symbol: &str) -> bool {
    !symbol.contains('\\')
}

/// Reads an optional text; a value that is not a text goes into `extra`.
fn read_text(slot: &mut Option<Text>, extra: &mut Extra, at: usize, value: Value<'_>) {
    match value.digits() {
        Some("") => {}
        Some(text) => *slot = Some(Text::new(text)),
        None => match FromJson::from_json(value) {
            Some(text) => *slot = text,
            None => {
                extra.note(wrong_type(NAMES.name(at), value));
                extra.push(NAMES.name(at), value);
            }
        },
    }
}

/// Adds the findings of the event to those of its envelope.
#[cold]
#[inline(never)]
fn note_event<E: PushData>(push: &mut Push<E>) {
    let is_of_subject = push.event.is_of_unknown_subject();
    let event = push.event.extra();
    match is_of_subject {
        true => {
            let findings = event.findings().iter().cloned();
            findings.for_each(|finding| push.extra.note(finding));
        }
        false => push.extra.note_all(NAMES.name(DATA), event),
    }
}

/// Keeps a value that is repeated, or of another type or channel type than that of private pushes.
#[cold]
fn keep_unexpected(extra: &mut Extra, at: usize, value: Value<'_>) {
    let name = NAMES.name(at);
    match (at, value.text()) {
        (CHANNEL_TYPE, Some(word)) => extra.note(Finding::unknown_word(name, &word)),
        (TYPE | CHANNEL_TYPE, _) => extra.note(wrong_type(name, value)),
        _ => {}
    }
    extra.push(name, value);
}

#[cold]
fn wrong_type(name: &str, value: Value<'_>) -> Finding {
    Finding::new(FindingKind::WrongType, name, value.as_str())
}
