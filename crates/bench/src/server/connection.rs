//! One connection of the server: its upgrade and its responses.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::{ServerConfig, ServerConnection};

/// A connection. One thread reads from it, and other threads may push to it.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    /// The TLS state. Its lock also prevents concurrent writes.
    tls: Mutex<Option<ServerConnection>>,
    /// Whether it speaks Pro V2.
    pro: bool,
    closed: AtomicBool,
    /// Number of text messages received.
    pub(super) received: AtomicU64,
    /// Topics that the client has subscribed to.
    pub(super) topics: Mutex<HashSet<String>>,
}

impl Connection {
    /// Accepts the upgrade, sends the welcome, and returns the name in the URL with the connection.
    pub(super) fn accept(
        socket: TcpStream,
        tls: Option<Arc<ServerConfig>>,
    ) -> Option<(String, Arc<Self>)> {
        socket.set_nodelay(true).ok()?;
        let mut secure = match tls {
            Some(config) => Some(ServerConnection::new(config).ok()?),
            None => None,
        };
        let mut head = Vec::new();
        let mut bytes = [0; 2048];
        while !head.ends_with(b"\r\n\r\n") {
            let read = match &mut secure {
                None => (&socket).read(&mut bytes).ok()?,
                Some(tls) => {
                    if tls.is_handshaking() {
                        tls.complete_io(&mut &socket).ok()?;
                    }
                    rustls::Stream::new(tls, &mut &socket)
                        .read(&mut bytes)
                        .ok()?
                }
            };
            if read == 0 {
                return None;
            }
            head.extend_from_slice(&bytes[..read]);
        }
        let head = String::from_utf8(head).ok()?;
        if head.starts_with("POST ") {
            return token(&socket);
        }
        let after = |mark: &str| {
            let at = head.find(mark)? + mark.len();
            head[at..].split(['&', '/', '?', ' ', '\r']).next()
        };
        let lower = head.to_ascii_lowercase();
        let key = lower.find("sec-websocket-key:")? + "sec-websocket-key:".len();
        let key = head[key..].split('\r').next()?.trim();
        let name = after("name=")?.to_owned();
        // The V1 welcome has the `connectId` of the URL.
        let id = after("connectId=").unwrap_or("bench").to_owned();
        if let Some(tls) = &mut secure {
            tls.set_buffer_limit(None);
        }
        let connection = Arc::new(Self {
            pro: head.starts_with("GET /pro"),
            socket,
            tls: Mutex::new(secure),
            closed: AtomicBool::new(false),
            received: AtomicU64::new(0),
            topics: Mutex::default(),
        });
        let accept = accept_key(key);
        connection
            .write(
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: {accept}\r\n\r\n"
                )
                .as_bytes(),
            )
            .ok()?;
        connection.send_text(&match connection.pro {
            true => r#"{"sessionId":"bench","message":"welcome","pingInterval":18000}"#.to_owned(),
            false => format!(r#"{{"id":"{id}","type":"welcome"}}"#),
        });
        Some((name, connection))
    }

    /// Answers messages until the client disconnects.
    pub(super) fn serve(&self) {
        let mut inbound = Vec::new();
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = self.read(&mut bytes) {
            inbound.extend_from_slice(&bytes[..read]);
            while let Some((opcode, payload, taken)) = unmask(&inbound) {
                inbound.drain(..taken);
                match opcode {
                    1 => self.answer(&String::from_utf8_lossy(&payload)),
                    9 => drop(self.write(&message(10, &payload))),
                    8 => {
                        let _ = self.write(&message(8, &payload));
                        self.cut();
                    }
                    _ => {}
                }
            }
        }
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(super) fn cut(&self) {
        self.closed.store(true, Ordering::Relaxed);
        // Ignore errors: the socket may be closed already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Writes raw bytes.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *tls {
            None => (&self.socket).write_all(bytes),
            Some(tls) => {
                tls.writer().write_all(bytes)?;
                while tls.wants_write() {
                    tls.write_tls(&mut &self.socket)?;
                }
                Ok(())
            }
        }
    }

    fn read(&self, out: &mut [u8]) -> io::Result<usize> {
        let is_plain = self
            .tls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none();
        if is_plain {
            return (&self.socket).read(out);
        }
        // Read without the lock, so that pushes are not blocked.
        let mut encrypted = [0; 4096];
        loop {
            let mut rest = match (&self.socket).read(&mut encrypted)? {
                0 => return Ok(0),
                read => &encrypted[..read],
            };
            let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
            let tls = tls.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            while !rest.is_empty() {
                tls.read_tls(&mut rest)?;
                tls.process_new_packets().map_err(io::Error::other)?;
            }
            match tls.reader().read(out) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }

    fn answer(&self, text: &str) {
        self.received.fetch_add(1, Ordering::Relaxed);
        let value = |name: &str| {
            let mark = format!("\"{name}\":\"");
            let at = text.find(&mark)? + mark.len();
            text[at..].split('"').next()
        };
        let id = value("id").unwrap_or_default();
        if text.contains("\"ping\"") {
            self.send_text(&format!(r#"{{"id":"{id}","type":"pong"}}"#));
            return;
        }
        if let Some(topic) = value("topic") {
            let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
            topics.insert(topic.to_owned());
        }
        self.send_text(&match self.pro {
            true => format!(r#"{{"id":"{id}","result":true}}"#),
            false => format!(r#"{{"id":"{id}","type":"ack"}}"#),
        });
    }

    fn send_text(&self, text: &str) {
        // Ignore errors: the next read reports a closed connection.
        let _ = self.write(&message(1, text.as_bytes()));
    }
}

/// Answers a token request over HTTP, which only KuCoin's JavaScript SDK sends. It is not a stream connection.
fn token(mut socket: &TcpStream) -> Option<(String, Arc<Connection>)> {
    let port = socket.local_addr().ok()?.port();
    let body = format!(
        r#"{{"code":"200000","data":{{"token":"secret","instanceServers":[{{"endpoint":"ws://127.0.0.1:{port}/v1/name=javascript/","encrypt":false,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000}}]}}}}"#
    );
    let length = body.len();
    let _ = write!(
        socket,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    None
}

/// Returns a server message as one WebSocket frame.
pub(super) fn message(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..=125) => frame.push(short.to_be_bytes()[1]),
        Ok(length) => {
            frame.push(126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// Returns the opcode, the payload and the length of a client's WebSocket frame.
fn unmask(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let opcode = bytes.first()? & 15;
    let (length, at) = match bytes.get(1)? & 127 {
        126 => (
            usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
            4,
        ),
        short => (usize::from(short), 2),
    };
    let mask = bytes.get(at..at + 4)?;
    let payload = bytes.get(at + 4..at + 4 + length)?;
    let payload = payload.iter().zip(mask.iter().cycle());
    Some((
        opcode,
        payload.map(|(byte, mask)| byte ^ mask).collect(),
        at + 4 + length,
    ))
}

/// Returns the accept key of RFC 6455.
fn accept_key(key: &str) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes())
}
