//! The envelope of a V1 push around its data, read in one pass where the keys come in the usual order.

use kucoin_streams_wire::json::{DecodeError, Extra, FromJson, Object, Record, Scanner, Value};
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
    while let Some(key) = object.key()? {
        match &*key {
            "topic" if envelope.topic.is_none() => {
                let value = object.value()?;
                let Some(pushed) = value.text() else {
                    return Ok(None);
                };
                match serves(asked, &pushed) {
                    Serves::No => return Ok(None),
                    _ if pushed == asked => envelope.topic = Some(Text::from_static(asked)),
                    _ => envelope.topic = Some(Text::new(&pushed)),
                }
            }
            "type" => {
                if object.value()?.text().as_deref() != Some("message") {
                    return Ok(None);
                }
            }
            // Only when the topic is known is this data known to be ours.
            "data" if envelope.topic.is_some() && event.is_none() && envelope.data.is_none() => {
                event = Some(E::read(object.scanner())?);
            }
            _ => envelope.field(&key, &mut object)?,
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
    fn field(&mut self, key: &str, object: &mut Object<'_, 'f>) -> Result<(), DecodeError> {
        let value = object.value()?;
        let slot = match key {
            "subject" => &mut self.subject,
            "id" => &mut self.id,
            "userId" => &mut self.user_id,
            "channelType" if value.text().as_deref() == Some("private") => return Ok(()),
            "data" if self.topic.is_none() && self.data.is_none() => {
                self.data = Some(value);
                return Ok(());
            }
            _ => {
                self.extra.push(key, value);
                return Ok(());
            }
        };
        match <Option<Text>>::from_json(value) {
            Some(text) if slot.is_none() => *slot = text,
            _ => self.extra.push(key, value),
        }
        Ok(())
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
