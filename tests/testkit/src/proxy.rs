//! A real HTTP or SOCKS5 proxy on this machine, which records its targets.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::http::{header, read_head};

pub const USER: &str = "canary-us er";
pub const PASSWORD: &str = "canary-p@ss:word/1";
/// User and password as in a URL.
pub const CREDENTIALS: &str = "canary-us%20er:canary-p%40ss%3Aword%2F1";

/// A failure of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// Reads the request, and never answers.
    Silence,
    /// Reads the request, and closes the connection.
    HangUp,
    /// Answers with another protocol.
    Garbage,
    /// Refuses the request: with this status over HTTP, or this reply code over SOCKS5.
    Refusal(u16),
    /// Answers with an HTML page instead of opening a tunnel; HTTP only.
    Page,
}

/// Settings of a proxy.
#[derive(Clone)]
pub struct Setup {
    pub is_socks: bool,
    pub asks_for_user: bool,
    pub tls: Option<Arc<ServerConfig>>,
    /// Port on this machine that the proxy connects to instead of remote targets; `None` uses the targets.
    pub leads_to: Option<u16>,
}

pub const HTTP: Setup = Setup {
    is_socks: false,
    asks_for_user: false,
    tls: None,
    leads_to: None,
};

pub const SOCKS: Setup = Setup {
    is_socks: true,
    ..HTTP
};

#[derive(Default)]
struct Notes {
    targets: Vec<String>,
    refused_users: usize,
    fault: Option<ProxyFault>,
}

pub struct ProxyServer {
    pub port: u16,
    setup: Setup,
    notes: Arc<Mutex<Notes>>,
    accepting: AbortHandle,
}

impl Drop for ProxyServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl ProxyServer {
    pub async fn start(setup: Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let notes = Arc::new(Mutex::new(Notes::default()));
        let session = Session {
            setup: setup.clone(),
            notes: Arc::clone(&notes),
        };
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = session.clone();
                tokio::spawn(async move {
                    // Some tests hang up.
                    let _ = match session.setup.tls.clone() {
                        None => session.serve(stream).await,
                        Some(tls) => match TlsAcceptor::from(tls).accept(stream).await {
                            Ok(stream) => session.serve(stream).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self {
            port,
            setup,
            notes,
            accepting: accepting.abort_handle(),
        }
    }

    /// Returns the URL with the credentials that the proxy requires.
    pub fn url(&self) -> String {
        match self.setup.asks_for_user {
            true => self.url_with(CREDENTIALS),
            false => self.url_with(""),
        }
    }

    pub fn url_with(&self, credentials: &str) -> String {
        let scheme = match (self.setup.is_socks, &self.setup.tls) {
            (true, _) => "socks5h",
            (false, None) => "http",
            (false, Some(_)) => "https",
        };
        let at = if credentials.is_empty() { "" } else { "@" };
        format!("{scheme}://{credentials}{at}localhost:{}", self.port)
    }

    /// Returns host and port of the proxy as errors name them.
    pub fn place(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub fn set_fault(&self, fault: Option<ProxyFault>) {
        self.notes.lock().unwrap().fault = fault;
    }

    /// Returns the requested hosts and ports in order, for requests with valid credentials.
    pub fn targets(&self) -> Vec<String> {
        self.notes.lock().unwrap().targets.clone()
    }

    pub fn refused_users(&self) -> usize {
        self.notes.lock().unwrap().refused_users
    }
}

#[derive(Clone)]
struct Session {
    setup: Setup,
    notes: Arc<Mutex<Notes>>,
}

impl Session {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
        match self.setup.is_socks {
            true => self.serve_socks(stream).await,
            false => self.serve_http(stream).await,
        }
    }

    async fn serve_http(
        self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        loop {
            let head = whole_head(&mut stream).await?;
            let (line, headers) = head.split_once("\r\n").unwrap();
            let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
            let given = header(headers, "proxy-authorization");
            if self.setup.asks_for_user && given != Some(&expected) {
                self.notes.lock().unwrap().refused_users += 1;
                let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                     proxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n";
                return stream.write_all(refusal.as_bytes()).await;
            }
            let mut words = line.split(' ');
            let (method, url) = (words.next().unwrap(), words.next().unwrap());
            let (target, path) = match url.strip_prefix("http://") {
                None => (url, ""),
                Some(rest) => rest.split_at(rest.find('/').unwrap()),
            };
            let fault = self.note(target.to_owned());
            if let Some(fault) = fault {
                let answer = match fault {
                    ProxyFault::Silence => std::future::pending().await,
                    ProxyFault::HangUp => return Ok(()),
                    ProxyFault::Garbage => "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
                    ProxyFault::Refusal(status) => {
                        format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n")
                    }
                    ProxyFault::Page => "HTTP/1.1 200 OK\r\n\r\n<html>A page</html>".to_owned(),
                };
                return stream.write_all(answer.as_bytes()).await;
            }
            let mut beyond = self.dial(target).await?;
            if method == "CONNECT" {
                stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
                copy_bidirectional(&mut stream, &mut beyond).await?;
                return Ok(());
            }
            let kept: Vec<&str> = headers
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with("proxy-"))
                .collect();
            let request = format!("{method} {path} HTTP/1.1\r\n{}\r\n\r\n", kept.join("\r\n"));
            beyond.write_all(request.as_bytes()).await?;
            let reply = whole_head(&mut beyond).await?;
            let length = header(&reply, "content-length").unwrap().parse().unwrap();
            let mut body = vec![0; length];
            beyond.read_exact(&mut body).await?;
            stream.write_all(reply.as_bytes()).await?;
            stream.write_all(&body).await?;
        }
    }

    async fn serve_socks(
        self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        let mut greeting = [0; 2];
        stream.read_exact(&mut greeting).await?;
        let mut methods = vec![0; greeting[1].into()];
        stream.read_exact(&mut methods).await?;
        let wanted = if self.setup.asks_for_user { 2 } else { 0 };
        if !methods.contains(&wanted) {
            self.notes.lock().unwrap().refused_users += 1;
            return stream.write_all(&[5, 0xff]).await;
        }
        stream.write_all(&[5, wanted]).await?;
        if self.setup.asks_for_user {
            assert_eq!(stream.read_u8().await?, 1);
            let (user, password) = (text(&mut stream).await?, text(&mut stream).await?);
            let is_right = (user.as_str(), password.as_str()) == (USER, PASSWORD);
            stream.write_all(&[1, u8::from(!is_right)]).await?;
            if !is_right {
                self.notes.lock().unwrap().refused_users += 1;
                return Ok(());
            }
        }
        let mut request = [0; 4];
        stream.read_exact(&mut request).await?;
        assert_eq!(request[..3], [5, 1, 0]);
        let host = match request[3] {
            1 => std::net::Ipv4Addr::from(stream.read_u32().await?).to_string(),
            3 => text(&mut stream).await?,
            _ => std::net::Ipv6Addr::from(stream.read_u128().await?).to_string(),
        };
        let target = format!("{host}:{}", stream.read_u16().await?);
        let code = match self.note(target.clone()) {
            None => 0,
            Some(ProxyFault::Silence) => std::future::pending().await,
            Some(ProxyFault::HangUp) => return Ok(()),
            Some(ProxyFault::Refusal(code)) => u8::try_from(code).unwrap(),
            Some(_) => return stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").await,
        };
        stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        if code == 0 {
            let mut beyond = self.dial(&target).await?;
            copy_bidirectional(&mut stream, &mut beyond).await?;
        }
        Ok(())
    }

    fn note(&self, target: String) -> Option<ProxyFault> {
        let mut notes = self.notes.lock().unwrap();
        notes.targets.push(target);
        notes.fault
    }

    async fn dial(&self, target: &str) -> std::io::Result<TcpStream> {
        let is_here = target.starts_with("127.") || target.starts_with("localhost:");
        match self.setup.leads_to.filter(|_| !is_here) {
            Some(port) => TcpStream::connect(("127.0.0.1", port)).await,
            None => TcpStream::connect(target).await,
        }
    }
}

async fn whole_head(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let head = read_head(stream).await;
    head.ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

async fn text(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let length = stream.read_u8().await?;
    let mut text = vec![0; length.into()];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8(text).unwrap())
}
