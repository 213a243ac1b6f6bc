//! A thread that writes to stdout or stderr, so that a stalled reader blocks only that thread.

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::closed_pipe;

/// Number of queued bytes at which the queue is full.
const QUEUE_BYTES: usize = 1024 * 1024;

/// Delay before a write is retried if the file descriptor is non-blocking and full.
const RETRY_DELAY: Duration = Duration::from_millis(5);

/// Handle of a writing thread. Clones use the same thread.
#[derive(Clone)]
pub(crate) struct Writer {
    chunks: Sender<Chunk>,
    progress: Progress,
}

/// Lines that are queued together.
struct Chunk {
    bytes: Vec<u8>,
    marks: Vec<EventMark>,
}

/// Number of events in a line, to count the events that were not written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventMark {
    /// Byte position at which the line ends.
    pub(crate) end: usize,
    pub(crate) events: u64,
}

/// Maximum size of an atomic write to a pipe in bytes (`PIPE_BUF`).
///
/// With atomic writes it is known which lines were written.
const PIPE_BYTES: usize = 4096;

/// State that the writing thread shares with its handles.
#[derive(Clone)]
struct Progress {
    queued: watch::Sender<Queued>,
    end: watch::Sender<Option<OutputEnd>>,
}

#[derive(Default)]
struct Queued {
    bytes: usize,
    events: u64,
    ended: bool,
}

/// Reason why no more output can be written.
#[derive(Clone, Debug)]
pub(crate) enum OutputEnd {
    /// The reader closed the pipe.
    ReaderGone,
    /// A write failed.
    Failed(String),
}

impl Writer {
    /// Starts a thread that writes to stdout, and a thread that detects a closed pipe.
    ///
    /// The pipe is detected as closed even if nothing is written.
    pub(crate) fn to_stdout() -> io::Result<Self> {
        let writer = Self::start(io::stdout())?;
        let progress = writer.progress.clone();
        spawn("closed-pipe", move || {
            if closed_pipe::wait_until_closed() {
                progress.end_with(OutputEnd::ReaderGone);
            }
        })?;
        Ok(writer)
    }

    /// Starts a thread that writes.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (chunks, received) = mpsc::channel();
        let progress = Progress {
            queued: watch::Sender::default(),
            end: watch::Sender::default(),
        };
        let writer = Self {
            chunks,
            progress: progress.clone(),
        };
        spawn("writer", move || write_chunks(&received, out, &progress))?;
        Ok(writer)
    }

    /// Queues lines without waiting; returns `true` if the queue has room for more.
    pub(crate) fn push(&self, bytes: &[u8], marks: &[EventMark]) -> bool {
        let mut has_room = true;
        self.progress.queued.send_modify(|queued| {
            queued.bytes += bytes.len();
            queued.events += marks.iter().map(|mark| mark.events).sum::<u64>();
            has_room = queued.has_room();
        });
        // Fails only if the thread has ended; then `end` has the reason.
        let _ = self.chunks.send(Chunk {
            bytes: bytes.to_vec(),
            marks: marks.to_vec(),
        });
        has_room
    }

    /// Returns `true` if the queue has room, or if no more output can be written.
    pub(crate) fn has_room(&self) -> bool {
        self.progress.queued.borrow().has_room()
    }

    /// Waits until the queue has room, or no more output can be written. Cancel safe.
    pub(crate) async fn room(&self) {
        self.wait_until(Queued::has_room).await;
    }

    /// Waits until everything is written, or no more output can be written. Cancel safe.
    pub(crate) async fn written(&self) {
        self.wait_until(|queued| queued.bytes == 0 || queued.ended)
            .await;
    }

    /// Returns the number of events that are queued or in a pending write.
    pub(crate) fn unwritten(&self) -> u64 {
        self.progress.queued.borrow().events
    }

    /// Returns the reason why no more output can be written; `None` if output can be written.
    pub(crate) fn end(&self) -> Option<OutputEnd> {
        self.progress.end.borrow().clone()
    }

    /// Waits until no more output can be written. Cancel safe.
    pub(crate) async fn ended(&self) -> OutputEnd {
        let mut end = self.progress.end.subscribe();
        // Cannot fail: `self` holds a sender.
        let end = end.wait_for(Option::is_some).await;
        end.ok()
            .and_then(|end| end.clone())
            .unwrap_or(OutputEnd::ReaderGone)
    }

    async fn wait_until(&self, condition: impl FnMut(&Queued) -> bool) {
        // Cannot fail: `self` holds a sender.
        let _ = self.progress.queued.subscribe().wait_for(condition).await;
    }
}

impl Queued {
    fn has_room(&self) -> bool {
        self.bytes < QUEUE_BYTES || self.ended
    }
}

impl Progress {
    /// Sets the reason why no more output can be written, unless one is already set.
    fn end_with(&self, end: OutputEnd) {
        self.end.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(end);
            is_first
        });
        self.queued.send_modify(|queued| queued.ended = true);
    }
}

/// Spawns a detached thread, because the thread may block in a write forever.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map(drop)
}

fn write_chunks(chunks: &Receiver<Chunk>, mut out: impl Write, progress: &Progress) {
    for Chunk { bytes, marks } in chunks {
        let mut marks = marks.into_iter().peekable();
        let mut start = 0;
        while start < bytes.len() {
            let end = write_end(&bytes, start);
            if let Err(error) = write_fully(&mut out, &bytes[start..end]) {
                progress.end_with(match error.kind() {
                    ErrorKind::BrokenPipe => OutputEnd::ReaderGone,
                    _ => OutputEnd::Failed(error.to_string()),
                });
                return;
            }
            let mut events = 0;
            while let Some(mark) = marks.next_if(|mark| mark.end <= end) {
                events += mark.events;
            }
            progress.queued.send_modify(|queued| {
                queued.bytes -= end - start;
                queued.events -= events;
            });
            start = end;
        }
    }
}

/// Returns the end of the next write: as many whole lines as fit in [`PIPE_BYTES`], or one longer line.
fn write_end(bytes: &[u8], start: usize) -> usize {
    let whole = bytes.len().min(start + PIPE_BYTES);
    if whole == bytes.len() {
        return whole;
    }
    let is_end = |byte: &u8| *byte == b'\n';
    if let Some(last) = bytes[start..whole].iter().rposition(is_end) {
        return start + last + 1;
    }
    let next = bytes[whole..].iter().position(is_end);
    next.map_or(bytes.len(), |next| whole + next + 1)
}

/// Like `write_all` and `flush`, but also works if the file descriptor is non-blocking.
///
/// Another process may have made the file descriptor non-blocking.
pub(crate) fn write_fully(out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    loop {
        let written = match bytes.is_empty() {
            true => out.flush().map(|()| None),
            false => out.write(bytes).map(Some),
        };
        match written {
            Ok(None) => return Ok(()),
            Ok(Some(0)) => return Err(ErrorKind::WriteZero.into()),
            Ok(Some(count)) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY_DELAY),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A writer that takes bytes, or fails, as the test allows.
    struct Reader {
        allowed: Receiver<io::Result<usize>>,
        read: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = self.allowed.recv().unwrap()?.min(bytes.len());
            self.read.lock().unwrap().extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type Allow = Sender<io::Result<usize>>;

    fn writer() -> (Writer, Allow, Arc<Mutex<Vec<u8>>>) {
        let (allow, allowed) = mpsc::channel();
        let read = Arc::default();
        let reader = Reader {
            allowed,
            read: Arc::clone(&read),
        };
        (Writer::start(reader).unwrap(), allow, read)
    }

    fn marks(end: usize, events: u64) -> [EventMark; 1] {
        [EventMark { end, events }]
    }

    #[test]
    fn writes_are_whole_lines() {
        let line = [&[b'x'; 99][..], b"\n"].concat();
        let bytes = line.repeat(100);
        assert_eq!(write_end(&bytes, 0), 4_000);
        assert_eq!(write_end(&bytes, 8_000), 10_000);
        let long = [&[b'x'; 9_999][..], b"\nend"].concat();
        assert_eq!(write_end(&long, 0), 10_000);
        assert_eq!(write_end(&long, 10_000), 10_003);
    }

    #[tokio::test]
    async fn unwritten_events_are_counted_by_line() {
        let (writer, allow, _) = writer();
        let line = [&[b'x'; 99][..], b"\n"].concat();
        let bytes = line.repeat(100);
        let marks: Vec<EventMark> = (1..=100)
            .map(|line| EventMark {
                end: line * 100,
                events: 1,
            })
            .collect();
        writer.push(&bytes, &marks);
        allow.send(Ok(9_999)).unwrap();
        let mut queued = writer.progress.queued.subscribe();
        queued.wait_for(|queued| queued.events < 100).await.unwrap();
        assert_eq!(writer.unwritten(), 60);
    }

    #[tokio::test]
    async fn partial_and_refused_writes_keep_the_order() {
        let (writer, allow, read) = writer();
        assert!(writer.push(b"one\n", &marks(4, 1)));
        assert!(writer.push(b"two", &marks(3, 2)));
        assert_eq!(writer.unwritten(), 3);
        for answer in [Ok(2), Err(ErrorKind::WouldBlock.into()), Ok(9), Ok(9)] {
            allow.send(answer).unwrap();
        }
        writer.written().await;
        assert_eq!(*read.lock().unwrap(), b"one\ntwo");
        assert_eq!(writer.unwritten(), 0);
    }

    #[tokio::test]
    async fn full_queue_has_room_after_a_write() {
        let (writer, allow, _) = writer();
        assert!(writer.push(b"first", &marks(5, 1)));
        assert!(!writer.push(&vec![b'x'; QUEUE_BYTES - 1], &marks(QUEUE_BYTES - 1, 1)));
        allow.send(Ok(5)).unwrap();
        writer.room().await;
        assert_eq!(writer.unwritten(), 1);
    }

    #[tokio::test]
    async fn failed_write_ends_every_wait() {
        let (writer, allow, _) = writer();
        assert!(!writer.push(&vec![b'x'; QUEUE_BYTES], &marks(QUEUE_BYTES, 1)));
        allow.send(Err(ErrorKind::StorageFull.into())).unwrap();
        writer.room().await;
        writer.written().await;
        assert!(matches!(writer.ended().await, OutputEnd::Failed(_)));
        assert!(writer.push(b"more", &marks(4, 1)));
    }
}
