//! The floor: the bytes read and dropped, and the bytes told apart by their heads.

use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;

use super::{Contender, Socket, Work};
use crate::tally::Tally;

const BUFFER: usize = 64 * 1024;

/// Reads bytes and nothing else.
#[derive(Debug)]
pub(super) struct Raw<S> {
    name: &'static str,
    connection: String,
    state: Option<(S, Vec<u8>)>,
}

impl<S: Socket> Raw<S> {
    pub(super) fn new(name: &'static str, connection: String, socket: S) -> Self {
        let state = Some((socket, vec![0; BUFFER]));
        Self {
            name,
            connection,
            state,
        }
    }
}

impl<S: Socket> Contender for Raw<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn connection(&self) -> &str {
        &self.connection
    }

    fn run(&mut self, runtime: &Runtime, work: Work) -> Tally {
        let (mut socket, mut buffer) = self.state.take().expect("it is given back");
        let reading = runtime.spawn(async move {
            let mut left = work.bytes;
            while left > 0 {
                left -= socket.read(&mut buffer).await.expect("it can be read");
            }
            (socket, buffer)
        });
        self.state = Some(runtime.block_on(reading).expect("it reads to the end"));
        Tally {
            events: work.events,
            sum: 0,
        }
    }
}

/// Reads bytes and finds the frames in them.
#[derive(Debug)]
pub(super) struct Framing<S> {
    name: &'static str,
    connection: String,
    state: Option<(S, Frames)>,
}

impl<S: Socket> Framing<S> {
    pub(super) fn new(name: &'static str, connection: String, socket: S) -> Self {
        let state = Some((socket, Frames::default()));
        Self {
            name,
            connection,
            state,
        }
    }
}

impl<S: Socket> Contender for Framing<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn connection(&self) -> &str {
        &self.connection
    }

    fn run(&mut self, runtime: &Runtime, work: Work) -> Tally {
        let (mut socket, mut frames) = self.state.take().expect("it is given back");
        let reading = runtime.spawn(async move {
            let mut tally = Tally::default();
            while tally.events < work.events {
                let read = socket.read(frames.room()).await.expect("it can be read");
                frames.filled(read);
                while frames
                    .next()
                    .is_some_and(|payload| payload.first() == Some(&b'{'))
                {
                    tally.event();
                }
            }
            (socket, frames, tally)
        });
        let (socket, frames, tally) = runtime.block_on(reading).expect("it reads to the end");
        self.state = Some((socket, frames));
        tally
    }
}

/// Bytes of a socket, and the frames in them: whole ones without a mask, as a server sends them.
#[derive(Debug)]
pub(crate) struct Frames {
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            buffer: vec![0; 2 * BUFFER],
            begin: 0,
            end: 0,
        }
    }
}

impl Frames {
    /// Where the next bytes go.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
        let end = self.end;
        &mut self.buffer[end..]
    }

    /// So many bytes were put there.
    pub(crate) fn filled(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// The payload of the next frame, if it is there whole.
    #[allow(clippy::should_implement_trait)]
    pub(crate) fn next(&mut self) -> Option<&[u8]> {
        let bytes = &self.buffer[self.begin..self.end];
        let (length, head) = match bytes.get(1)? & 127 {
            126 => (
                usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
                4,
            ),
            short => (usize::from(short), 2),
        };
        let payload = bytes.get(head..head + length)?;
        self.begin += head + length;
        Some(payload)
    }
}
