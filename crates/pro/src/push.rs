//! The envelope of a Pro V2 push around its data, read in one pass where the keys come in the usual order.

use kucoin_streams_core::{DecodeError, Extra, Push, Text, Timestamp, TopicMatch};
use kucoin_streams_decode::{FieldCursor, FieldTable, FromJson, Key, Record, Scanner, Value};

use crate::{Channel, ChannelRequest};

/// What stands in `d` of a push.
pub(crate) trait Data: Record {
    /// The market that it is about, where a channel is of one symbol and `T` does not name it.
    fn symbol(&self) -> Option<&str> {
        None
    }

    /// Hears under which `T` it came, where the data alone does not say enough.
    fn pushed_as(&mut self, topic: &str) {
        let _ = topic;
    }
}

/// Which pushes are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// Those that belong to a request.
    By(&'a ChannelRequest),
    /// Those of a channel, whatever was asked for.
    Of(Channel),
}

impl<'a> Wanted<'a> {
    fn takes(self, pushed: &str) -> bool {
        match self {
            Self::By(request) => request.match_topic(pushed) != TopicMatch::None,
            Self::Of(channel) => Channel::of_push(pushed) == Some(channel),
        }
    }

    fn symbol(self) -> Option<&'a str> {
        match self {
            Self::By(request) => request.symbol(),
            Self::Of(_) => None,
        }
    }
}

/// Decodes a push that is wanted; `None` where the frame is another push, or none at all.
pub(crate) fn decode<E: Data>(
    frame: &str,
    wanted: Wanted<'_>,
) -> Result<Option<Push<E>>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut envelope = Envelope::default();
    let mut object = scanner.object()?;
    let mut place = FieldCursor::default();
    let mut event = None;
    while let Some(key) = object.key_among(&NAMES, &mut place)? {
        let at = match key {
            // Only where `T` is known already is this data known to be ours.
            Key::Known(DATA) if envelope.awaits_data() && event.is_none() => {
                event = Some(E::read(object.scanner())?);
                continue;
            }
            Key::Known(at) => at,
            Key::Other(key) => {
                envelope.extra.push(&key, object.value()?);
                continue;
            }
        };
        if !envelope.field(at, object.value()?, wanted) {
            return Ok(None);
        }
    }
    scanner.finish()?;
    envelope.finish(event, wanted)
}

/// The `T` of a frame, where it is a push.
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
struct Envelope<'f> {
    topic: Option<Text>,
    pushed_at: Option<Timestamp>,
    // Data that came before its `T`.
    data: Option<Value<'f>>,
    extra: Extra,
}

impl<'f> Envelope<'f> {
    fn awaits_data(&self) -> bool {
        self.topic.is_some() && self.data.is_none()
    }

    /// Takes one field; false where it shows that the frame is no push that is wanted.
    fn field(&mut self, at: usize, value: Value<'f>, wanted: Wanted<'_>) -> bool {
        match at {
            TOPIC if self.topic.is_none() => match filled_text(value) {
                Some(pushed) if !wanted.takes(&pushed) => return false,
                Some(pushed) => {
                    if value.text().is_none() {
                        self.extra.push(NAMES.name(at), value);
                    }
                    self.topic = Some(pushed);
                }
                None => self.extra.push(NAMES.name(at), value),
            },
            DATA if self.data.is_none() => self.data = Some(value),
            PUSHED_AT if self.pushed_at.is_none() => match FromJson::from_json(value) {
                Some(time) => self.pushed_at = time,
                None => self.extra.push(NAMES.name(at), value),
            },
            _ => self.extra.push(NAMES.name(at), value),
        }
        true
    }

    fn finish<E: Data>(
        mut self,
        event: Option<E>,
        wanted: Wanted<'_>,
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
        // `T` does not name the symbol: all that was asked for of one symbol comes under the same.
        if let (Some(wanted), Some(found)) = (wanted.symbol(), event.symbol())
            && wanted != found
            && is_readable(found)
        {
            return Ok(None);
        }
        event.pushed_as(&topic);
        let mut push = Push::new(event, topic);
        push.pushed_at = self.pushed_at;
        push.extra = self.extra;
        Ok(Some(push))
    }
}

/// A `T` that is none, as the protocol reads it, makes no push.
fn filled_text(value: Value<'_>) -> Option<Text> {
    let text = value.spelled_text().filter(|text| !text.is_empty())?;
    Some(Text::new(&text))
}

/// Whether a text is as the exchange wrote it: one with half of a surrogate pair is spelled with a backslash, and a
/// symbol of that kind may be of any market.
pub(crate) fn is_readable(text: &str) -> bool {
    !text.contains('\\')
}
