//! A std thread that blocks on its socket, decodes and consumes: the lowest latency a consumer can have.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::{Reader, Samples, now, stamp};
use crate::contenders::{Target, fresh_name};

const BUFFER: usize = 64 * 1024;

struct Blocking<S> {
    connection: String,
    state: Option<(S, Frames)>,
}

pub(super) fn connect(target: &Target) -> Box<dyn Reader> {
    let socket = TcpStream::connect(("127.0.0.1", target.port)).expect("the server listens");
    socket.set_nodelay(true).expect("TCP_NODELAY can be set");
    match target.tls.clone() {
        None => Blocking::greet(socket, target),
        Some(tls) => {
            let name = ServerName::try_from("localhost").expect("a valid server name");
            let connection = ClientConnection::new(tls, name).expect("the settings are valid");
            Blocking::greet(StreamOwned::new(connection, socket), target)
        }
    }
}

impl<S: Read + Write + Send + 'static> Blocking<S> {
    fn greet(mut socket: S, target: &Target) -> Box<dyn Reader> {
        let connection = fresh_name();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            target.path(&connection)
        );
        socket
            .write_all(request.as_bytes())
            .expect("the socket is writable");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket
                .read_exact(&mut byte)
                .expect("the server accepts the upgrade");
            head.extend(byte);
        }
        let mut frames = Frames::default();
        while frames.next().is_none() {
            let read = socket
                .read(frames.room())
                .expect("the server sends a welcome");
            frames.filled(read);
        }
        Box::new(Self {
            connection,
            state: Some((socket, frames)),
        })
    }
}

impl<S: Read + Write + Send + 'static> Reader for Blocking<S> {
    fn name(&self) -> &'static str {
        "std thread: blocking read + sonic-rs, inline"
    }

    fn connection(&self) -> &str {
        &self.connection
    }

    fn read(&mut self, events: u64) -> (Samples, Samples) {
        let (mut socket, mut frames) = self.state.take().expect("the previous run has ended");
        let thread = std::thread::spawn(move || {
            let mut samples = Samples::new();
            while (samples.len() as u64) < events {
                let read = socket.read(frames.room()).expect("the socket is readable");
                frames.filled(read);
                while let Some(frame) = frames.next() {
                    let sent = stamp(frame);
                    samples.push(now() - sent);
                }
            }
            (socket, frames, samples)
        });
        let (socket, frames, samples) = thread.join().expect("the reading thread ends");
        self.state = Some((socket, frames));
        (samples, Samples::new())
    }
}

/// Received bytes and the unmasked, unfragmented frames in them.
#[derive(Debug)]
struct Frames {
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
    /// Returns the buffer for the next bytes.
    fn room(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
        let end = self.end;
        &mut self.buffer[end..]
    }

    /// Adds this number of bytes, which were read into [`room`](Self::room).
    fn filled(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// Returns the payload of the next frame, if it is complete.
    fn next(&mut self) -> Option<&[u8]> {
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
