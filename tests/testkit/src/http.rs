//! A raw HTTP/1.1 server: records every request and answers with scripted bytes.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::AbortHandle;

/// A received request.
#[derive(Clone, Debug)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the value of a header, which must occur exactly once; `name` is in lower case.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        let value = values
            .next()
            .unwrap_or_else(|| panic!("no {name} in {self:?}"));
        assert!(values.next().is_none(), "{name} twice");
        &value.1
    }

    /// Returns the value of a header, empty if absent; `name` is in lower case.
    pub fn get(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        found.next().map_or("", |(_, value)| value)
    }

    /// Returns the request head as text.
    pub fn head(&self) -> String {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| format!("{name}: {value}\r\n"));
        format!("{}\r\n{}\r\n", self.line, headers.collect::<String>())
    }

    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(key, _)| key == name)
    }
}

/// An answer of the server. The server closes the connection after the answer.
pub enum Answer {
    /// Sends these bytes.
    Bytes(Vec<u8>),
    /// Sends these bytes, then the chunk repeatedly for as long as the client reads.
    Endless(Vec<u8>, &'static [u8], Duration),
}

/// Returns a complete reply with this body.
pub fn reply(status: u16, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Bytes(
        format!("HTTP/1.1 {status} Some Reason\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
            .into_bytes(),
    )
}

pub fn json(body: impl AsRef<str>) -> Answer {
    reply(200, "content-type: application/json\r\n", body.as_ref())
}

pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    accepting: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    pub async fn answering(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::answering_later(move |request| ready(answer(&request))).await
    }

    pub async fn answering_later<F>(answer: impl Fn(Request) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let accepting = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut stream).await else {
                        return;
                    };
                    seen.lock().unwrap().push(request.clone());
                    write_answer(&mut stream, answer(request).await).await;
                });
            }
        });
        Self {
            port,
            requests,
            accepting: accepting.abort_handle(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the request lines in order of arrival.
    pub fn lines(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.line)
            .collect()
    }
}

/// Reads an HTTP head byte by byte, so that nothing after it is consumed.
///
/// Returns `None` if the client closes the connection first.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Returns the value of a header in an HTTP head; `None` if absent.
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let pairs = head.lines().filter_map(|line| line.split_once(':'));
    let mut found = pairs.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.trim())
}

pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let head = read_head(stream).await?;
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next()?.to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        line,
        headers,
        body,
    })
}

/// Writes an answer; stops if the client closes the connection, as some tests do.
pub async fn write_answer(stream: &mut (impl AsyncWrite + Unpin), answer: Answer) {
    match answer {
        Answer::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
        }
        Answer::Endless(head, piece, pause) => {
            let mut next: &[u8] = &head;
            while stream.write_all(next).await.is_ok() && stream.flush().await.is_ok() {
                next = piece;
                tokio::time::sleep(pause).await;
            }
        }
    }
    let _ = stream.shutdown().await;
}

/// Starts a server that answers each connection with these bytes; returns its port.
pub async fn raw_server(answer: impl AsRef<[u8]> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer: Arc<[u8]> = answer.as_ref().into();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                // A client that hung up is ignored.
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer).await;
            });
        }
    });
    port
}

/// Returns a port that nothing listens on, and that no other test gets while this process runs.
pub fn free_port() -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    // Bound, and not listening: the system gives the port only to a server that asks for it by number.
    std::mem::forget(socket);
    port
}
