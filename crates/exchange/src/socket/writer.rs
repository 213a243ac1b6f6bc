//! Writes messages to the client as frames, and applies the faults of frames.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::end::Stop;
use super::framing::{
    encode_fragments, encode_injected, encode_interleaved, encode_violating, garbled, splits,
    wire_form,
};
use super::{Link, Stream};
use crate::fault::{Cut, Effect, InjectedMessage, mutate, take};
use crate::hub::{Command, Membership, Outgoing};
use crate::shared::Shared;
use crate::sync::lock;
use crate::ws::{Opcode, encode};

/// Maximum number of messages written at once.
const BATCH: usize = 64;

pub(super) struct Writer<'a> {
    shared: &'a Shared,
    link: &'a Link,
    half: &'a mut WriteHalf<Stream>,
    queue: mpsc::Receiver<Outgoing>,
    commands: mpsc::UnboundedReceiver<Command>,
    /// Encoded frames, of which the first `sent` bytes are already written.
    buffer: Vec<u8>,
    sent: usize,
    /// Ranges of the buffer that are written byte by byte, and the delay between two bytes.
    drips: Vec<(Range<usize>, Duration)>,
    /// A push that a fault delays until after the next one.
    overtaken: Option<Arc<str>>,
    /// Messages to send after the welcome.
    after_welcome: Vec<InjectedMessage>,
    /// Messages delayed by a fault.
    deferred: Vec<(Instant, Outgoing)>,
    /// Number of pushes, not counting duplicates; fault triggers use this number.
    pushed: u64,
    written: WrittenCounts,
}

/// Counts of the buffered messages, for the report.
#[derive(Default)]
struct WrittenCounts {
    welcomed: bool,
    acks: u64,
    refusals: u64,
    pushed: u64,
}

/// State of a writer after its connection ended.
pub(super) struct ClosedWriter {
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    /// `true` if a frame was written partially, so no other frame may follow.
    pub(super) has_partial_frame: bool,
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
            drips: Vec::new(),
            overtaken: None,
            after_welcome: Vec::new(),
            deferred: Vec::new(),
            pushed: 0,
            written: WrittenCounts::default(),
        }
    }

    pub(super) fn into_rest(self) -> ClosedWriter {
        ClosedWriter {
            commands: self.commands,
            has_partial_frame: self.sent > 0 && self.sent < self.buffer.len(),
        }
    }

    /// Writes until the connection ends; `opening` are the faults that apply from the start of the connection.
    pub(super) async fn run(&mut self, opening: Vec<Effect>, welcome: String) -> Stop {
        for effect in opening {
            if let Effect::Say(message) = effect {
                self.after_welcome.push(message);
            } else if let Some(stop) = self.apply(Command::Effect(effect)) {
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
                    if let Some(stop) = command.map_or(Some(Stop::ClientGone), |command| self.apply(command)) {
                        return stop;
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.stage_due(),
                _ = self.queue.recv_many(&mut batch, BATCH) => {}
            }
        }
    }

    fn apply(&mut self, command: Command) -> Option<Stop> {
        let effect = match command {
            Command::Overrun => return Some(Stop::SlowClient),
            Command::Effect(effect) => effect,
        };
        match effect {
            Effect::Cut(cut) => return Some(Stop::Cut(cut)),
            Effect::HalfOpen => return Some(Stop::HalfOpen),
            Effect::StopReading => drop(self.link.reading.send_replace(false)),
            Effect::Say(message) => self.inject(&message),
            other => lock(&self.link.faults).activate(other),
        }
        None
    }

    fn inject(&mut self, message: &InjectedMessage) {
        let mut faults = lock(&self.link.faults);
        encode_injected(&mut self.buffer, self.link.protocol, &mut faults, message);
    }

    /// Encodes a message into the buffer, or delays or drops it, as the faults require.
    fn stage(&mut self, mut message: Outgoing) -> Option<Stop> {
        let mut faults = lock(&self.link.faults);
        let late = match &message {
            Outgoing::Welcome(_) => match faults.on_welcome() {
                Some(Effect::DelayWelcome { by }) => Some(by),
                Some(Effect::RefuseConnection { code, text }) => {
                    return Some(Stop::Refuse { code, text });
                }
                Some(_) => return None,
                None => None,
            },
            Outgoing::Login(_) if take!(faults, Effect::DropLogin) => return None,
            Outgoing::Ack(_) if take!(faults, Effect::DropAcks { .. }) => return None,
            Outgoing::Ack(_) => take!(faults, Effect::DelayAcks { by, .. } => *by),
            Outgoing::Pong(_) if take!(faults, Effect::SwallowPongs { .. }) => return None,
            Outgoing::Pong(_) => take!(faults, Effect::DelayPongs { by, .. } => *by),
            _ => None,
        };
        match &mut message {
            Outgoing::Ack(text) => {
                if take!(faults, Effect::MisnameAcks { .. }) {
                    *text = with_unknown_id(text);
                }
                if take!(faults, Effect::QuoteAcks { .. }) {
                    *text = text.replace("\"result\":true", "\"result\":\"true\"");
                }
            }
            Outgoing::Pong(text) if take!(faults, Effect::MisnamePongs { .. }) => {
                *text = with_unknown_id(text);
            }
            _ => {}
        }
        drop(faults);
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
            // Only control messages are delayed, and those do not end a connection.
            let _ = self.put(message);
        }
    }

    fn put(&mut self, message: Outgoing) -> Option<Stop> {
        let mut copies = 1;
        let text = match message {
            Outgoing::Push(frame) => return self.put_in_order(frame),
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
                let twice = take!(lock(&self.link.faults), Effect::DoubleAcks { .. });
                copies += u64::from(twice);
                self.written.acks += copies;
                text
            }
            Outgoing::Error(text) => {
                self.written.refusals += 1;
                text
            }
            Outgoing::Pong(text) | Outgoing::Login(text) => text,
        };
        let mut faults = lock(&self.link.faults);
        for _ in 0..copies {
            let (opcode, payload) = wire_form(self.link.protocol, &mut faults, text.as_bytes());
            encode(&mut self.buffer, true, opcode, &payload);
        }
        drop(faults);
        if self.written.welcomed {
            for message in std::mem::take(&mut self.after_welcome) {
                self.inject(&message);
            }
        }
        None
    }

    /// Encodes a push, drops it, or delays it until after the next push.
    fn put_in_order(&mut self, frame: Arc<str>) -> Option<Stop> {
        let mut faults = lock(&self.link.faults);
        if take!(faults, Effect::DropFrames { .. }) {
            return None;
        }
        if self.overtaken.is_none() && take!(faults, Effect::SwapFrames { .. }) {
            self.overtaken = Some(frame);
            return None;
        }
        drop(faults);
        let overtaken = self.overtaken.take();
        let stop = self.put_push(&frame);
        match (stop, overtaken) {
            (None, Some(overtaken)) => self.put_push(&overtaken),
            (stop, _) => stop,
        }
    }

    fn put_push(&mut self, frame: &str) -> Option<Stop> {
        let protocol = self.link.protocol;
        let mut guard = lock(&self.link.faults);
        let faults = &mut *guard;
        let mutation = take!(faults, Effect::MutateFrame { mutation, field, .. } => {
            (*mutation, field.clone())
        });
        let mutated = mutation
            .map(|(mutation, field)| mutate(frame, mutation, field.as_deref(), &mut faults.rng));
        let frame = mutated.as_deref().unwrap_or(frame);
        if take!(faults, Effect::ResetMidFrame) {
            let start = self.buffer.len();
            let (opcode, payload) = wire_form(protocol, faults, frame.as_bytes());
            encode(&mut self.buffer, true, opcode, &payload);
            self.buffer
                .truncate(start + (self.buffer.len() - start) / 2);
            return Some(Stop::MidFrame);
        }
        let is_garbled = take!(faults, Effect::GarbleFrame { .. });
        let garbled = is_garbled.then(|| garbled(frame, &mut faults.rng));
        let payload = garbled.as_deref().unwrap_or(frame.as_bytes());
        let copies = 1 + u8::from(take!(faults, Effect::DuplicateFrame { .. }));
        let (opcode, payload) = wire_form(protocol, faults, payload);
        for _ in 0..copies {
            let start = self.buffer.len();
            self.written.pushed += 1;
            if let Some(violation) = take!(faults, Effect::FlawedFrame { flaw, .. } => *flaw) {
                encode_violating(&mut self.buffer, violation, opcode, &payload);
                if violation.ends() {
                    return Some(Stop::Cut(Cut::Eof));
                }
            } else if let Some(parts) =
                take!(faults, Effect::FragmentFrames { parts, .. } => *parts)
            {
                let splits = splits(payload.len(), parts, &mut faults.rng);
                encode_fragments(&mut self.buffer, opcode, &splits, &payload);
            } else if take!(faults, Effect::InterleavePings { .. }) {
                encode_interleaved(&mut self.buffer, opcode, &payload);
            } else {
                encode(&mut self.buffer, true, opcode, &payload);
            }
            if let Some(by) = take!(faults, Effect::DripFrames { by, .. } => *by) {
                self.drips.push((start..self.buffer.len(), by));
            }
        }
        drop(guard);
        self.pushed += 1;
        if !self.shared.counts_frames {
            return None;
        }
        let fired = lock(&self.shared.plan).frame(self.link.number, self.pushed);
        let effects = self.shared.apply(fired);
        effects
            .into_iter()
            .filter_map(|effect| self.apply(Command::Effect(effect)))
            .next()
    }

    /// Writes the buffer. Commands are applied even while the client does not read.
    async fn flush(&mut self) -> Result<(), Stop> {
        let mut pause = Instant::now();
        loop {
            let (end, by) = self.next_write();
            // Cancel safe: the pause is an instant, and a write either happened or not.
            let step = async {
                if self.sent == self.buffer.len() {
                    // TLS may have buffered bytes.
                    return self.half.flush().await.map(|()| None);
                }
                if by.is_some() {
                    sleep_until(pause).await;
                }
                self.half
                    .write(&self.buffer[self.sent..end])
                    .await
                    .map(Some)
            };
            tokio::select! {
                biased;
                step = step => match step {
                    Ok(None) => break,
                    Ok(Some(0)) | Err(_) => return Err(Stop::ClientGone),
                    Ok(Some(wrote)) => {
                        self.sent += wrote;
                        pause = Instant::now() + by.unwrap_or_default();
                    }
                },
                command = self.commands.recv() => {
                    if let Some(stop) = command.map_or(Some(Stop::ClientGone), |command| self.apply(command)) {
                        return Err(stop);
                    }
                }
            }
        }
        self.buffer.clear();
        self.drips.clear();
        self.sent = 0;
        self.report();
        self.shared.room.notify_waiters();
        Ok(())
    }

    /// Returns the end of the next write, and the delay before it if its bytes are written one by one.
    fn next_write(&self) -> (usize, Option<Duration>) {
        match self.drips.iter().find(|drip| drip.0.end > self.sent) {
            Some((drip, by)) if drip.start <= self.sent => (self.sent + 1, Some(*by)),
            Some((drip, _)) => (drip.start, None),
            None => (self.buffer.len(), None),
        }
    }

    fn report(&mut self) {
        let WrittenCounts {
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

/// Replaces the ID of an answer with one that no request had.
fn with_unknown_id(text: &str) -> String {
    let Ok(Value::Object(mut answer)) = serde_json::from_str(text) else {
        return text.to_owned();
    };
    answer.insert("id".to_owned(), Value::from("unknown"));
    Value::Object(answer).to_string()
}
