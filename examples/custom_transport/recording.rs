//! A transport around another one that writes every frame of the server as one line.
//!
//! A line is the frame as it came, so `Topic::decode` reads it again. Each connection begins with its welcome. The URL,
//! which carries the connection token, goes to the inner transport and nowhere else.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use kucoin_streams::transport::{Connect, ConnectError, Message, ReadError, Reader};

/// Lines that may wait for a slow disk.
const WAITING: usize = 8_192;

/// Dials as the transport inside does, and records what the server says.
pub(crate) struct Recording<C> {
    inner: C,
    tape: Tape,
}

impl<C: Connect> Recording<C> {
    /// Writes to `out` from a thread of its own, which the handle ends.
    pub(crate) fn start(inner: C, out: impl Write + Send + 'static) -> (Self, Recorder) {
        let (sender, lines) = sync_channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        let thread = std::thread::spawn(move || write_lines(&lines, out));
        let tape = Tape {
            lines: sender,
            missed: missed.clone(),
        };
        (Self { inner, tape }, Recorder { thread, missed })
    }
}

impl<C: Connect> Connect for Recording<C> {
    type Reader = RecordingReader<C::Reader>;
    // Nothing that we send is recorded, so the writer is the inner one.
    type Writer = C::Writer;

    async fn connect(&self, url: &str) -> Result<(Self::Reader, Self::Writer), ConnectError> {
        let (inner, writer) = self.inner.connect(url).await?;
        let tape = self.tape.clone();
        Ok((RecordingReader { inner, tape }, writer))
    }
}

/// The receiving half of a connection that is recorded.
pub(crate) struct RecordingReader<R> {
    inner: R,
    tape: Tape,
}

impl<R: Reader> Reader for RecordingReader<R> {
    async fn read(&mut self) -> Result<Message, ReadError> {
        let message = self.inner.read().await?;
        if let Message::Text(frame) | Message::Binary(frame) = &message {
            self.tape.put(frame);
        }
        Ok(message)
    }
}

/// Where frames are put. It never waits: a slow disk must not hold up the heartbeat.
#[derive(Clone)]
struct Tape {
    lines: SyncSender<String>,
    missed: Arc<AtomicU64>,
}

impl Tape {
    fn put(&self, frame: &[u8]) {
        // In JSON a line break can only stand between tokens, where a space is the same.
        let line = String::from_utf8_lossy(frame).replace(['\n', '\r'], " ") + "\n";
        if self.lines.try_send(line).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_lines(lines: &Receiver<String>, mut out: impl Write) -> io::Result<u64> {
    let mut written = 0;
    // Line by line, so that what was received is on file even when the process dies.
    for line in lines {
        out.write_all(line.as_bytes())?;
        written += 1;
    }
    out.flush()?;
    Ok(written)
}

/// The handle of the thread that writes.
pub(crate) struct Recorder {
    thread: JoinHandle<io::Result<u64>>,
    missed: Arc<AtomicU64>,
}

/// What became of the frames.
pub(crate) struct Recorded {
    /// Frames that are in the recording.
    pub(crate) written: u64,
    /// Frames that came while too many waited.
    pub(crate) missed: u64,
}

impl Recorder {
    /// Waits for the last line, once the client with its transport is dropped.
    pub(crate) fn finish(self) -> io::Result<Recorded> {
        let written = self
            .thread
            .join()
            .map_err(|_| io::Error::other("the recorder panicked"))??;
        Ok(Recorded {
            written,
            missed: self.missed.load(Ordering::Relaxed),
        })
    }
}
