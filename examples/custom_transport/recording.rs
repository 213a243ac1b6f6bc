//! A transport that wraps another one and writes each received frame as one line.
//!
//! Each line is an unchanged frame that `Topic::decode` can decode. Each connection starts with its welcome frame. The
//! recorder never writes the URL, which contains the connection token.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use kucoin_streams::transport::{Connect, ConnectError, Message, ReadError, Reader};

/// Maximum number of lines that wait for the disk.
const MAX_QUEUED_LINES: usize = 8_192;

/// Dials with the inner transport, and records the received frames.
pub(crate) struct Recording<C> {
    inner: C,
    recorder: FrameSender,
}

impl<C: Connect> Recording<C> {
    /// Starts a thread that writes to `out`. [`Recorder::finish`] waits for its end.
    pub(crate) fn start(inner: C, out: impl Write + Send + 'static) -> (Self, Recorder) {
        let (sender, lines) = sync_channel(MAX_QUEUED_LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let thread = std::thread::spawn(move || write_lines(&lines, out));
        let recorder = FrameSender {
            lines: sender,
            dropped: dropped.clone(),
        };
        (Self { inner, recorder }, Recorder { thread, dropped })
    }
}

impl<C: Connect> Connect for Recording<C> {
    type Reader = RecordingReader<C::Reader>;
    // Sent frames are not recorded, so the inner writer is used directly.
    type Writer = C::Writer;

    async fn connect(&self, url: &str) -> Result<(Self::Reader, Self::Writer), ConnectError> {
        let (inner, writer) = self.inner.connect(url).await?;
        let recorder = self.recorder.clone();
        Ok((RecordingReader { inner, recorder }, writer))
    }
}

/// The receiving half of a recorded connection.
pub(crate) struct RecordingReader<R> {
    inner: R,
    recorder: FrameSender,
}

impl<R: Reader> Reader for RecordingReader<R> {
    async fn read(&mut self) -> Result<Message, ReadError> {
        let message = self.inner.read().await?;
        if let Message::Text(frame) | Message::Binary(frame) = &message {
            self.recorder.send(frame);
        }
        Ok(message)
    }
}

/// Sends frames to the writing thread. It never waits: a slow disk must not delay the heartbeat.
#[derive(Clone)]
struct FrameSender {
    lines: SyncSender<String>,
    dropped: Arc<AtomicU64>,
}

impl FrameSender {
    fn send(&self, frame: &[u8]) {
        // In JSON a line break is only allowed between tokens, where a space is equivalent.
        let line = String::from_utf8_lossy(frame).replace(['\n', '\r'], " ") + "\n";
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_lines(lines: &Receiver<String>, mut out: impl Write) -> io::Result<u64> {
    let mut written = 0;
    // Written line by line, so that received frames are in the file even if the process is killed.
    for line in lines {
        out.write_all(line.as_bytes())?;
        written += 1;
    }
    out.flush()?;
    Ok(written)
}

/// The handle of the writing thread.
pub(crate) struct Recorder {
    thread: JoinHandle<io::Result<u64>>,
    dropped: Arc<AtomicU64>,
}

/// The number of recorded and dropped frames.
pub(crate) struct Recorded {
    /// Frames in the recording.
    pub(crate) written: u64,
    /// Frames dropped because the queue was full.
    pub(crate) dropped: u64,
}

impl Recorder {
    /// Waits for the last line. Drop the client with its transport first.
    pub(crate) fn finish(self) -> io::Result<Recorded> {
        let written = self
            .thread
            .join()
            .map_err(|_| io::Error::other("the recorder panicked"))??;
        Ok(Recorded {
            written,
            dropped: self.dropped.load(Ordering::Relaxed),
        })
    }
}
