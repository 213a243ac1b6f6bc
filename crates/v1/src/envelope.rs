//! The envelope of a V1 push around its data, read in one pass where the keys come in the usual order.

use kucoin_streams_core::{DecodeError, Extra, Push, Text, Timestamp, TopicMatch};
use kucoin_streams_decode::{FieldCursor, FieldTable, FromJson, Key, Object, Scanner, Value};

use crate::path::{match_topic, symbol};

/// What stands in `data` of a push.
pub(crate) trait Data: Sized {
    /// Whether only the subject tells how the data is to be read.
    const BY_SUBJECT: bool = false;

    /// Takes the data that the scanner stands before.
    fn from_data(scanner: &mut Scanner<'_>, around: Around<'_>) -> Result<Self, DecodeError>;

    /// When the gateway pushed it, where the data says so.
    fn pushed_at(&self) -> Option<Timestamp> {
        None
    }

    /// The market that it is about, where pushes of a symbol's topic may come under the topic of all.
    fn symbol(&self) -> Option<&str> {
        None
    }
}

/// What the envelope says about its data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'e> {
    /// The topic as pushed.
    pub(crate) topic: &'e str,
    /// The subject; `None` also where it does not matter and has not been seen yet.
    pub(crate) subject: Option<&'e str>,
}

/// Decodes a push of the topic `asked`; `None` where the frame is of another topic, or no push at all.
pub(crate) fn decode<E: Data>(frame: &str, asked: &Text) -> Result<Option<Push<E>>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut envelope = Envelope::default();
    let mut object = scanner.object()?;
    let mut place = FieldCursor::default();
    match envelope.take(&mut object, &mut place, asked, E::BY_SUBJECT)? {
        Stop::Other => Ok(None),
        // Nearly always: the data is read where it stands, and what follows it after that. An event is large, so
        // that each place where it lies in between would cost a copy.
        Stop::Data => {
            let event = E::from_data(object.scanner(), envelope.around())?;
            envelope.has_event = true;
            if let Stop::Other = envelope.take(&mut object, &mut place, asked, E::BY_SUBJECT)? {
                return Ok(None);
            }
            scanner.finish()?;
            Ok(envelope.push(event, asked))
        }
        Stop::End => {
            scanner.finish()?;
            if envelope.topic.is_none() {
                return Ok(None);
            }
            let Some(data) = envelope.data.take() else {
                return Err(DecodeError::Missing { field: "data" });
            };
            let event = E::from_data(&mut data.scanner(), envelope.around())?;
            Ok(envelope.push(event, asked))
        }
    }
}

/// The topic that a frame carries where it is a push.
pub(crate) fn topic(frame: &str) -> Result<Option<Text>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut object = scanner.object()?;
    let mut topic = None;
    while let Some((key, value)) = object.member()? {
        match &*key {
            "topic" => topic = value.spelled_text().map(|topic| Text::new(&topic)),
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
struct Envelope<'f> {
    topic: Option<Text>,
    subject: Option<Text>,
    id: Option<Text>,
    user_id: Option<Text>,
    // Data that came before its topic.
    data: Option<Value<'f>>,
    has_event: bool,
    extra: Extra,
}

/// Why no further field of the envelope was taken.
enum Stop {
    /// The data comes next, and all is known that it takes to read it.
    Data,
    /// There is no further one.
    End,
    /// The frame is no push of the topic.
    Other,
}

impl<'f> Envelope<'f> {
    /// Takes field after field.
    #[inline(always)]
    fn take(
        &mut self,
        object: &mut Object<'_, 'f>,
        place: &mut FieldCursor<'static>,
        asked: &Text,
        by_subject: bool,
    ) -> Result<Stop, DecodeError> {
        while let Some(key) = object.key_among(&NAMES, place)? {
            match key {
                Key::Known(DATA) if self.awaits_data(by_subject) => return Ok(Stop::Data),
                Key::Known(at) => {
                    if !self.field(at, object.value()?, asked) {
                        return Ok(Stop::Other);
                    }
                }
                Key::Other(key) => self.extra.push(&key, object.value()?),
            }
        }
        Ok(Stop::End)
    }

    /// Only where the topic is known already is the data known to be ours.
    fn awaits_data(&self, by_subject: bool) -> bool {
        let is_first = self.data.is_none() && !self.has_event;
        is_first && self.topic.is_some() && (!by_subject || self.subject.is_some())
    }

    fn around(&self) -> Around<'_> {
        Around {
            topic: self.topic.as_deref().unwrap_or_default(),
            subject: self.subject.as_deref(),
        }
    }

    /// Takes one field; false where it shows that the frame is no push of the topic `asked`.
    fn field(&mut self, at: usize, value: Value<'f>, asked: &Text) -> bool {
        match at {
            TYPE if value.is("message") => {}
            TYPE if is_other_type(value) => return false,
            TOPIC if self.topic.is_none() => return self.topic(value, asked),
            DATA if self.data.is_none() && !self.has_event => self.data = Some(value),
            CHANNEL_TYPE if value.is("private") => {}
            SUBJECT if self.subject.is_none() => {
                keep(&mut self.subject, &mut self.extra, at, value)
            }
            ID if self.id.is_none() => keep(&mut self.id, &mut self.extra, at, value),
            USER_ID if self.user_id.is_none() => {
                keep(&mut self.user_id, &mut self.extra, at, value)
            }
            _ => self.extra.push(NAMES.name(at), value),
        }
        true
    }

    fn topic(&mut self, value: Value<'f>, asked: &Text) -> bool {
        if value.is(asked) {
            self.topic = Some(asked.clone());
            return true;
        }
        let Some(pushed) = value.spelled_text() else {
            return false;
        };
        self.topic = match match_topic(asked, &pushed) {
            TopicMatch::None => return false,
            _ => Some(Text::new(&pushed)),
        };
        if value.text().is_none() {
            self.extra.push(NAMES.name(TOPIC), value);
        }
        true
    }

    /// The event with its envelope; none where it is of another symbol than asked for.
    #[inline]
    fn push<E: Data>(self, event: E, asked: &str) -> Option<Push<E>> {
        let topic = self.topic.unwrap_or_default();
        // Under the topic of all, a symbol's topic has only what is about its symbol.
        if let Some(found) = event.symbol()
            && let Some(wanted) = symbol(asked)
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

/// Whether the type is another than that of a push. One that cannot be read, like one that is missing, says nothing.
fn is_other_type(value: Value<'_>) -> bool {
    value.text().is_some_and(|kind| kind != "message")
}

/// Whether a symbol is as the exchange wrote it: one with half of a surrogate pair is spelled with a backslash, and may
/// be of any market.
pub(crate) fn is_readable(symbol: &str) -> bool {
    !symbol.contains('\\')
}

/// Reads an optional text; what is none goes into `extra`.
fn keep(slot: &mut Option<Text>, extra: &mut Extra, at: usize, value: Value<'_>) {
    match value.digits() {
        Some("") => {}
        Some(text) => *slot = Some(Text::new(text)),
        None => match FromJson::from_json(value) {
            Some(text) => *slot = text,
            None => extra.push(NAMES.name(at), value),
        },
    }
}
