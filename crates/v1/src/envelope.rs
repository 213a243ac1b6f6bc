//! The envelope of a V1 push around its data, read in one pass where the keys come in the usual order.

use kucoin_streams_wire::json::{DecodeError, Extra, FromJson, Record, Scanner, Value};
use kucoin_streams_wire::{Push, Serves, Text, Timestamp};

use crate::path::serves;

/// What stands in `data` of a push.
pub(crate) trait Data: Record {
    /// When the gateway pushed it, where the data says so.
    fn pushed_at(&self) -> Option<Timestamp>;
}

/// Decodes a push of the topic `asked`; `None` where the frame is of another topic, or no push at all.
pub(crate) fn decode<E: Data>(
    frame: &str,
    asked: &'static str,
) -> Result<Option<Push<E>>, DecodeError> {
    let mut scanner = Scanner::new(frame);
    let mut envelope = Envelope::default();
    let mut object = scanner.object()?;
    let mut event = None;
    loop {
        let ours = match object.plain_member() {
            Some((key, value)) => envelope.field(key.as_str(), value, asked),
            None => match object.key()? {
                None => break,
                // Only where the topic is known already is this data known to be ours.
                Some(key) if key == "data" && envelope.awaits_data() && event.is_none() => {
                    event = Some(E::read(object.scanner())?);
                    true
                }
                Some(key) => envelope.field(&key, object.value()?, asked),
            },
        };
        if !ours {
            return Ok(None);
        }
    }
    scanner.finish()?;
    envelope.finish(event)
}

#[derive(Default)]
struct Envelope<'f> {
    topic: Option<Text>,
    subject: Option<Text>,
    id: Option<Text>,
    user_id: Option<Text>,
    // Data that came before its topic.
    data: Option<Value<'f>>,
    extra: Extra,
}

impl<'f> Envelope<'f> {
    fn awaits_data(&self) -> bool {
        self.topic.is_some() && self.data.is_none()
    }

    /// Takes one field; false where it shows that the frame is no push of the topic `asked`.
    fn field(&mut self, key: &str, value: Value<'f>, asked: &'static str) -> bool {
        match key {
            "type" => return value.text().as_deref() == Some("message"),
            "topic" if self.topic.is_none() => return self.topic(value, asked),
            "data" if self.topic.is_none() && self.data.is_none() => self.data = Some(value),
            "channelType" if value.text().as_deref() == Some("private") => {}
            "subject" if self.subject.is_none() => {
                keep(&mut self.subject, &mut self.extra, key, value)
            }
            "id" if self.id.is_none() => keep(&mut self.id, &mut self.extra, key, value),
            "userId" if self.user_id.is_none() => {
                keep(&mut self.user_id, &mut self.extra, key, value)
            }
            _ => self.extra.push(key, value),
        }
        true
    }

    fn topic(&mut self, value: Value<'f>, asked: &'static str) -> bool {
        let Some(pushed) = value.text() else {
            return false;
        };
        self.topic = match serves(asked, &pushed) {
            Serves::No => return false,
            _ if pushed == asked => Some(Text::from_static(asked)),
            _ => Some(Text::new(&pushed)),
        };
        true
    }

    fn finish<E: Data>(self, event: Option<E>) -> Result<Option<Push<E>>, DecodeError> {
        let Some(topic) = self.topic else {
            return Ok(None);
        };
        let event = match (event, self.data) {
            (Some(event), _) => event,
            (None, Some(data)) => E::read(&mut data.scanner())?,
            (None, None) => return Err(DecodeError::Missing { field: "data" }),
        };
        let pushed_at = event.pushed_at();
        let mut push = Push::new(event, topic);
        push.subject = self.subject;
        push.id = self.id;
        push.user_id = self.user_id;
        push.pushed_at = pushed_at;
        push.extra = self.extra;
        Ok(Some(push))
    }
}

/// Reads an optional text; what is none goes into `extra`.
fn keep(slot: &mut Option<Text>, extra: &mut Extra, key: &str, value: Value<'_>) {
    match FromJson::from_json(value) {
        Some(text) => *slot = text,
        None => extra.push(key, value),
    }
}
