//! A thread that writes to stdout or stderr, so that a stalled reader blocks that thread and nothing else.

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::reader;

/// The queue is full from this number of bytes on.
const QUEUE: usize = 1024 * 1024;

/// The wait before another attempt if the descriptor does not block and has no room.
const RETRY: Duration = Duration::from_millis(5);

/// Hands bytes to the writing thread. Clones write to the same thread.
#[derive(Clone)]
pub(crate) struct Writer {
    chunks: Sender<Chunk>,
    progress: Progress,
}

/// Lines that are handed over at once.
struct Chunk {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

/// Events that a line accounts for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// Where the line ends.
    pub(crate) end: usize,
    pub(crate) events: u64,
}

/// A pipe takes a write of this length as a whole or not at all, so what it took is known to the line.
const PIECE: usize = 4096;

/// What the thread has not written yet, and whether it still writes.
#[derive(Clone)]
struct Progress {
    queued: watch::Sender<Queued>,
    end: watch::Sender<Option<End>>,
}

#[derive(Default)]
struct Queued {
    bytes: usize,
    events: u64,
    ended: bool,
}

/// Why nothing more can be written.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// The reader has closed its end of the pipe.
    ReaderGone,
    /// Writing failed.
    Failed(String),
}

impl Writer {
    /// Starts a thread that writes to stdout, and one that notices that the reader is gone if nothing is written.
    pub(crate) fn to_stdout() -> io::Result<Self> {
        let writer = Self::start(io::stdout())?;
        let progress = writer.progress.clone();
        spawn("reader", move || {
            if reader::wait_until_gone() {
                progress.end_with(End::ReaderGone);
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

    /// Queues lines and never waits; returns whether the queue has room for more.
    pub(crate) fn push(&self, bytes: &[u8], marks: &[Mark]) -> bool {
        let mut has_room = true;
        self.progress.queued.send_modify(|queued| {
            queued.bytes += bytes.len();
            queued.events += marks.iter().map(|mark| mark.events).sum::<u64>();
            has_room = queued.has_room();
        });
        // The thread has ended only if `end` says so.
        let _ = self.chunks.send(Chunk {
            bytes: bytes.to_vec(),
            marks: marks.to_vec(),
        });
        has_room
    }

    /// Whether the queue has room, or nothing more can be written.
    pub(crate) fn has_room(&self) -> bool {
        self.progress.queued.borrow().has_room()
    }

    /// Waits until the queue has room, or nothing more can be written. Cancel safe.
    pub(crate) async fn room(&self) {
        self.until(Queued::has_room).await;
    }

    /// Waits until everything is written, or nothing more can be. Cancel safe.
    pub(crate) async fn written(&self) {
        self.until(|queued| queued.bytes == 0 || queued.ended).await;
    }

    /// The number of events that are queued, or in a write that has not returned.
    pub(crate) fn unwritten(&self) -> u64 {
        self.progress.queued.borrow().events
    }

    /// Why nothing more can be written, if so.
    pub(crate) fn end(&self) -> Option<End> {
        self.progress.end.borrow().clone()
    }

    /// Waits until nothing more can be written. Cancel safe.
    pub(crate) async fn ended(&self) -> End {
        let mut end = self.progress.end.subscribe();
        // It cannot fail, as `self` holds a sender.
        let end = end.wait_for(Option::is_some).await;
        end.ok()
            .and_then(|end| end.clone())
            .unwrap_or(End::ReaderGone)
    }

    async fn until(&self, condition: impl FnMut(&Queued) -> bool) {
        // It cannot fail, as `self` holds a sender.
        let _ = self.progress.queued.subscribe().wait_for(condition).await;
    }
}

impl Queued {
    fn has_room(&self) -> bool {
        self.bytes < QUEUE || self.ended
    }
}

impl Progress {
    /// The first end counts.
    fn end_with(&self, end: End) {
        self.end.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(end);
            is_first
        });
        self.queued.send_modify(|queued| queued.ended = true);
    }
}

/// Nothing waits for the end of the thread: it may never return from a write.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map(drop)
}

fn write_chunks(chunks: &Receiver<Chunk>, mut out: impl Write, progress: &Progress) {
    for Chunk { bytes, marks } in chunks {
        let mut marks = marks.into_iter().peekable();
        let mut start = 0;
        while start < bytes.len() {
            let end = piece_end(&bytes, start);
            if let Err(error) = write_fully(&mut out, &bytes[start..end]) {
                progress.end_with(match error.kind() {
                    ErrorKind::BrokenPipe => End::ReaderGone,
                    _ => End::Failed(error.to_string()),
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

/// Where the lines end that are written at once: as many as fit in a piece, or a longer one.
fn piece_end(bytes: &[u8], start: usize) -> usize {
    let whole = bytes.len().min(start + PIECE);
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

/// As `write_all` and `flush`, also if another process has set the descriptor to non-blocking.
fn write_fully(out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    loop {
        let written = match bytes.is_empty() {
            true => out.flush().map(|()| None),
            false => out.write(bytes).map(Some),
        };
        match written {
            Ok(None) => return Ok(()),
            Ok(Some(0)) => return Err(ErrorKind::WriteZero.into()),
            Ok(Some(count)) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Writes a byte when it is allowed to; an error if there is one left.
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

    fn marks(end: usize, events: u64) -> [Mark; 1] {
        [Mark { end, events }]
    }

    #[test]
    fn pieces_are_whole_lines() {
        let line = [&[b'x'; 99][..], b"\n"].concat();
        let bytes = line.repeat(100);
        assert_eq!(piece_end(&bytes, 0), 4_000);
        assert_eq!(piece_end(&bytes, 8_000), 10_000);
        let long = [&[b'x'; 9_999][..], b"\nend"].concat();
        assert_eq!(piece_end(&long, 0), 10_000);
        assert_eq!(piece_end(&long, 10_000), 10_003);
    }

    #[tokio::test]
    async fn lines_that_a_pipe_took_are_known() {
        let (writer, allow, _) = writer();
        let line = [&[b'x'; 99][..], b"\n"].concat();
        let bytes = line.repeat(100);
        let marks: Vec<Mark> = (1..=100)
            .map(|line| Mark {
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
    async fn writer_keeps_the_order_over_partial_and_refused_writes() {
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
        assert!(!writer.push(&vec![b'x'; QUEUE - 1], &marks(QUEUE - 1, 1)));
        allow.send(Ok(5)).unwrap();
        writer.room().await;
        assert_eq!(writer.unwritten(), 1);
    }

    #[tokio::test]
    async fn failed_write_ends_every_wait() {
        let (writer, allow, _) = writer();
        assert!(!writer.push(&vec![b'x'; QUEUE], &marks(QUEUE, 1)));
        allow.send(Err(ErrorKind::StorageFull.into())).unwrap();
        writer.room().await;
        writer.written().await;
        assert!(matches!(writer.ended().await, End::Failed(_)));
        assert!(writer.push(b"more", &marks(4, 1)));
    }
}
