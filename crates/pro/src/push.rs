//! Decodes a Pro V2 push: envelope and data, in one pass if the keys come in the usual order.

use kucoin_streams_core::{
    DecodeError, Extra, Finding, FindingKind, Push, Text, Timestamp, TopicMatch,
};
use kucoin_streams_decode::{FieldCursor, FieldTable, FromJson, Key, Record, Scanner, Value};

use crate::{Channel, ChannelRequest};

/// The event data of a push: `d`.
pub(crate) trait PushData: Record {
    /// Returns the unknown fields of the event, with the findings of the decoder.
    fn extra(&mut self) -> &mut Extra;

    /// Returns the symbol of the event; `None` if its channels take no symbol.
    ///
    /// Channels of one symbol need the symbol, since `T` does not contain the symbol.
    fn symbol(&self) -> Option<&str> {
        None
    }

    /// Sets the fields of the event that come from `T`.
    fn set_topic(&mut self, topic: &str) {
        let _ = topic;
    }
}

/// Filter of the pushes to decode.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PushFilter<'a> {
    /// The pushes of a request.
    Request(&'a ChannelRequest),
    /// All pushes of a channel.
    Channel(Channel),
}

impl<'a> PushFilter<'a> {
    fn accepts(self, pushed: &str) -> bool {
        match self {
            Self::Request(request) => request.match_topic(pushed) != TopicMatch::None,
            Self::Channel(channel) => Channel::from_pushed(pushed) == Some(channel),
        }
    }

    fn symbol(self) -> Option<&'a str> {
        match self {
            Self::Request(request) => request.symbol(),
            Self::Channel(_) => None,
        }
    }
}

/// Decodes a push; `None` if the frame is not a push or the filter does not accept it.
pub(crate) fn decode<E: PushData>(
    frame: &str,
    filter: PushFilter<'_>,
) -> Result<Option<Push<E>>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut envelope = PushEnvelope::default();
    let mut object = scanner.object()?;
    let mut cursor = FieldCursor::default();
    let mut event = None;
    while let Some(key) = object.key_among(&NAMES, &mut cursor)? {
        let index = match key {
            // The data is decoded directly only after `T` has passed the filter.
            Key::Known(DATA) if envelope.awaits_data() && event.is_none() => {
                event = Some(E::read(object.scanner())?);
                continue;
            }
            Key::Known(index) => index,
            Key::Other(key) => {
                envelope.extra.push_unknown(&key, object.value()?);
                continue;
            }
        };
        if !envelope.set_field(index, object.value()?, filter) {
            return Ok(None);
        }
    }
    scanner.finish()?;
    envelope.finish(event, filter)
}

/// Returns the `T` of a frame; `None` if the frame is not a push.
pub(crate) fn topic(frame: &str) -> Result<Option<Text>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut object = scanner.object()?;
    let mut topic = None;
    while let Some((key, value)) = object.member()? {
        if key == "T" && topic.is_none() {
            topic = filled_text(value);
        }
    }
    scanner.finish()?;
    Ok(topic)
}

static NAMES: FieldTable<3> = FieldTable::new(&[&["T", "d", "P"]]);
const TOPIC: usize = 0;
const DATA: usize = 1;
const PUSHED_AT: usize = 2;

#[derive(Default)]
struct PushEnvelope<'f> {
    topic: Option<Text>,
    pushed_at: Option<Timestamp>,
    // Data that came before `T`.
    data: Option<Value<'f>>,
    extra: Extra,
}

impl<'f> PushEnvelope<'f> {
    fn awaits_data(&self) -> bool {
        self.topic.is_some() && self.data.is_none()
    }

    /// Sets one field. Returns `false` if the filter does not accept the topic.
    fn set_field(&mut self, index: usize, value: Value<'f>, filter: PushFilter<'_>) -> bool {
        match index {
            TOPIC if self.topic.is_none() => match filled_text(value) {
                Some(pushed) if !filter.accepts(&pushed) => return false,
                Some(pushed) => {
                    if value.text().is_none() {
                        self.extra.push(NAMES.name(index), value);
                    }
                    self.topic = Some(pushed);
                }
                None => self.extra.push(NAMES.name(index), value),
            },
            DATA if self.data.is_none() => self.data = Some(value),
            PUSHED_AT if self.pushed_at.is_none() => match FromJson::from_json(value) {
                Some(time) => self.pushed_at = time,
                None => {
                    let (kind, name) = (FindingKind::WrongType, NAMES.name(index));
                    self.extra.note(Finding::new(kind, name, value.as_str()));
                    self.extra.push(name, value);
                }
            },
            _ => self.extra.push(NAMES.name(index), value),
        }
        true
    }

    fn finish<E: PushData>(
        mut self,
        event: Option<E>,
        filter: PushFilter<'_>,
    ) -> Result<Option<Push<E>>, DecodeError> {
        let Some(topic) = self.topic else {
            return Ok(None);
        };
        let mut event = match (event, self.data) {
            (Some(event), None) => event,
            (Some(event), Some(repeated)) => {
                self.extra.push("d", repeated);
                event
            }
            (None, Some(data)) => E::read(&mut data.scanner())?,
            (None, None) => return Err(DecodeError::Missing { field: "d" }),
        };
        // `T` does not name the symbol: pushes of all requested symbols have the same `T`.
        if let (Some(requested), Some(found)) = (filter.symbol(), event.symbol())
            && requested != found
            && is_readable(found)
        {
            return Ok(None);
        }
        event.set_topic(&topic);
        let unknown = event.extra();
        if !unknown.findings().is_empty() {
            // Moved out and in: with a reference into it, the large event would be copied more often.
            let moved = std::mem::take(unknown);
            self.extra.note_all(NAMES.name(DATA), &moved);
            *unknown = moved;
        }
        let mut push = Push::new(event, topic);
        push.pushed_at = self.pushed_at;
        push.extra = self.extra;
        Ok(Some(push))
    }
}

/// Returns the text of `T`; `None` if it is empty or not a string, as in a frame that is not a push.
fn filled_text(value: Value<'_>) -> Option<Text> {
    let text = value.lossless_text().filter(|text| !text.is_empty())?;
    Some(Text::new(&text))
}

/// Returns `false` for text with an unpaired surrogate, since such text may be any symbol.
///
/// An unpaired surrogate is kept as its JSON escape.
pub(crate) fn is_readable(text: &str) -> bool {
    !text.contains('\\')
}
