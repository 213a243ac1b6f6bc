//! To the client: messages to frames, with the faults that happen to frames on their way.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::end::Stop;
use super::{Link, Stream};
use crate::fault::{Armed, Immediate, Welcome};
use crate::shared::Shared;
use crate::stats::Protocol;
use crate::sync::lock;
use crate::world::{Command, Membership, Outgoing};
use crate::ws::{Opcode, encode};

/// Messages that are written in one go.
const BATCH: usize = 64;

pub(super) struct Writer<'a> {
    shared: &'a Shared,
    link: &'a Link,
    half: &'a mut WriteHalf<Stream>,
    queue: mpsc::Receiver<Outgoing>,
    commands: mpsc::UnboundedReceiver<Command>,
    /// Frames that are due, of which the first `sent` bytes are written.
    buffer: Vec<u8>,
    sent: usize,
    /// Messages that a fault holds back.
    deferred: Vec<(Instant, Outgoing)>,
    /// Pushes so far, duplicates not counted: what the plan counts.
    pushed: u64,
    written: Written,
}

/// What is in the buffer, for the report.
#[derive(Default)]
struct Written {
    welcomed: bool,
    acks: u64,
    refusals: u64,
    pushed: u64,
}

/// What is left of a writer when its connection ends.
pub(super) struct Rest {
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    /// A frame was written in part: no other frame may follow it.
    pub(super) torn: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        link: &'a Link,
        half: &'a mut WriteHalf<Stream>,
        membership: Membership,
    ) -> Self {
        let Membership { queue, commands } = membership;
        Self {
            shared,
            link,
            half,
            queue,
            commands,
            buffer: Vec::new(),
            sent: 0,
            deferred: Vec::new(),
            pushed: 0,
            written: Written::default(),
        }
    }

    pub(super) fn into_rest(self) -> Rest {
        Rest {
            commands: self.commands,
            torn: self.sent > 0 && self.sent < self.buffer.len(),
        }
    }

    /// Writes until the connection ends. `opening` are the faults that it is born with.
    pub(super) async fn run(&mut self, opening: Vec<Command>, welcome: String) -> Stop {
        for command in opening {
            if let Some(stop) = self.obey(command) {
                return stop;
            }
        }
        let mut batch = vec![Outgoing::Welcome(welcome)];
        loop {
            for message in batch.drain(..) {
                if let Some(stop) = self.stage(message) {
                    return self.flush().await.err().unwrap_or(stop);
                }
            }
            if let Err(stop) = self.flush().await {
                return stop;
            }
            let due = self.deferred.iter().map(|deferred| deferred.0).min();
            tokio::select! {
                biased;
                command = self.commands.recv() => {
                    if let Some(stop) = command.map_or(Some(Stop::ClientGone), |command| self.obey(command)) {
                        return stop;
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.stage_due(),
                _ = self.queue.recv_many(&mut batch, BATCH) => {}
            }
        }
    }

    fn obey(&mut self, command: Command) -> Option<Stop> {
        let effect = match command {
            Command::Overrun => return Some(Stop::SlowClient),
            Command::Effect(effect) => effect,
        };
        match lock(&self.link.armed).arm(effect)? {
            Immediate::Cut(cut) => Some(Stop::Cut(cut)),
            Immediate::HalfOpen => Some(Stop::HalfOpen),
        }
    }

    /// Puts a message into the buffer, or holds it back, or loses it, as the faults say.
    fn stage(&mut self, message: Outgoing) -> Option<Stop> {
        let mut armed = lock(&self.link.armed);
        let late = match &message {
            Outgoing::Welcome(_) => match armed.welcome {
                Welcome::AtOnce => None,
                Welcome::Late(by) => Some(by),
                Welcome::Never => return None,
            },
            Outgoing::Ack(_) if armed.drop_acks.take() => return None,
            Outgoing::Ack(_) if armed.delay_acks.take() => Some(armed.acks_late_by),
            Outgoing::Pong(_) if armed.swallow_pongs.take() => return None,
            _ => None,
        };
        drop(armed);
        match late {
            Some(by) => {
                self.deferred.push((Instant::now() + by, message));
                None
            }
            None => self.put(message),
        }
    }

    fn stage_due(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.deferred)
            .into_iter()
            .partition(|deferred| deferred.0 <= now);
        self.deferred = later;
        let due: Vec<(Instant, Outgoing)> = due;
        for (_, message) in due {
            // Only control messages are ever held back, and those do not end a connection.
            let _ = self.put(message);
        }
    }

    fn put(&mut self, message: Outgoing) -> Option<Stop> {
        let text = match message {
            Outgoing::Push(frame) => return self.put_push(&frame),
            Outgoing::ProtocolPong(payload) => {
                encode(&mut self.buffer, true, Opcode::Pong, &payload);
                return None;
            }
            Outgoing::Welcome(text) => {
                self.link.welcomed.store(true, Ordering::SeqCst);
                self.written.welcomed = true;
                text
            }
            Outgoing::Ack(text) => {
                self.written.acks += 1;
                text
            }
            Outgoing::Error(text) => {
                self.written.refusals += 1;
                text
            }
            Outgoing::Pong(text) | Outgoing::Login(text) => text,
        };
        let mut armed = lock(&self.link.armed);
        let (opcode, payload) = formed(self.link.protocol, &mut armed, text.as_bytes());
        encode(&mut self.buffer, true, opcode, &payload);
        None
    }

    fn put_push(&mut self, frame: &str) -> Option<Stop> {
        let mut armed = lock(&self.link.armed);
        if armed.reset_mid_frame {
            let start = self.buffer.len();
            let (opcode, payload) = formed(self.link.protocol, &mut armed, frame.as_bytes());
            encode(&mut self.buffer, true, opcode, &payload);
            self.buffer
                .truncate(start + (self.buffer.len() - start) / 2);
            return Some(Stop::MidFrame);
        }
        let garbled = armed.garble.take().then(|| armed.garbled(frame));
        let payload = garbled.as_deref().unwrap_or(frame.as_bytes());
        let copies = if armed.duplicate.take() { 2 } else { 1 };
        let (opcode, payload) = formed(self.link.protocol, &mut armed, payload);
        for _ in 0..copies {
            if armed.fragment.take() {
                let splits = armed.splits(payload.len());
                encode_fragments(&mut self.buffer, opcode, &splits, &payload);
            } else {
                encode(&mut self.buffer, true, opcode, &payload);
            }
            self.written.pushed += 1;
        }
        drop(armed);
        self.pushed += 1;
        if !self.shared.counts_frames {
            return None;
        }
        let fired = lock(&self.shared.plan).frame(self.pushed);
        let here = self.shared.apply(fired);
        here.into_iter()
            .filter_map(|effect| self.obey(Command::Effect(effect)))
            .next()
    }

    /// Writes the buffer out. While the client does not read, commands are still obeyed.
    async fn flush(&mut self) -> Result<(), Stop> {
        while self.sent < self.buffer.len() {
            tokio::select! {
                biased;
                wrote = self.half.write(&self.buffer[self.sent..]) => match wrote {
                    Ok(0) | Err(_) => return Err(Stop::ClientGone),
                    Ok(wrote) => self.sent += wrote,
                },
                command = self.commands.recv() => {
                    if let Some(stop) = command.map_or(Some(Stop::ClientGone), |command| self.obey(command)) {
                        return Err(stop);
                    }
                }
            }
        }
        self.buffer.clear();
        self.sent = 0;
        self.report();
        self.shared.room.notify_waiters();
        Ok(())
    }

    fn report(&mut self) {
        let Written {
            welcomed,
            acks,
            refusals,
            pushed,
        } = std::mem::take(&mut self.written);
        if welcomed || acks + refusals + pushed > 0 {
            self.shared.board.connection(self.link.number, |report| {
                report.welcomed |= welcomed;
                report.acks += acks;
                report.refusals += refusals;
                report.pushed += pushed;
            });
        }
    }
}

/// The frame that a text becomes: of Pro V2 a binary one, with the text as it is.
fn formed<'a>(protocol: Protocol, armed: &mut Armed, text: &'a [u8]) -> (Opcode, Cow<'a, [u8]>) {
    if protocol == Protocol::V1 {
        return (Opcode::Text, Cow::Borrowed(text));
    }
    if armed.deflate.take() {
        let level = miniz_oxide::deflate::CompressionLevel::DefaultLevel as u8;
        let compressed = miniz_oxide::deflate::compress_to_vec(text, level);
        return (Opcode::Binary, Cow::Owned(compressed));
    }
    if armed.as_text.take() {
        return (Opcode::Text, Cow::Borrowed(text));
    }
    (Opcode::Binary, Cow::Borrowed(text))
}

fn encode_fragments(out: &mut Vec<u8>, opcode: Opcode, splits: &[usize], payload: &[u8]) {
    let mut start = 0;
    for (index, end) in splits.iter().copied().chain([payload.len()]).enumerate() {
        let opcode = if index == 0 {
            opcode
        } else {
            Opcode::Continuation
        };
        encode(out, index == splits.len(), opcode, &payload[start..end]);
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_carry_the_payload_in_order() {
        let mut out = Vec::new();
        encode_fragments(&mut out, Opcode::Text, &[2, 2], b"hello");
        assert_eq!(out, b"\x01\x02he\x00\x00\x80\x03llo");
    }
}
