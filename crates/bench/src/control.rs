//! The hold on the server process: commands go to its standard input, answers come from its standard output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The word by which a program of this package is told to be the server.
pub const SERVE: &str = "serve-frames";

/// A running server; it ends with this.
#[derive(Debug)]
pub struct Server {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Where it listens, without and with TLS.
    ports: [u16; 2],
    tls: Arc<ClientConfig>,
}

impl Server {
    /// Starts this very program again, as the server.
    ///
    /// # Panics
    /// Where that cannot be done.
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("a program knows its file");
        let mut child = Command::new(program)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server can be started");
        let commands = child.stdin.take().expect("it was piped");
        let mut answers = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut line = String::new();
        answers
            .read_line(&mut line)
            .expect("the server says where it is");
        let words: Vec<_> = line.trim().split(' ').collect();
        let port = |word: &str| word.parse().expect("a port");
        Self {
            ports: [port(words[0]), port(words[1])],
            tls: client_config(words[2]),
            child,
            commands,
            answers,
        }
    }

    /// The port, by whether TLS is wanted.
    pub fn port(&self, secure: bool) -> u16 {
        self.ports[usize::from(secure)]
    }

    /// The TLS configuration that trusts it, the same for everybody.
    pub fn tls(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// Tells it something, without waiting for the answer.
    ///
    /// # Panics
    /// Where it is gone.
    pub fn tell(&mut self, command: &str) {
        let told = self.commands.write_all(format!("{command}\n").as_bytes());
        told.expect("the server is there");
    }

    /// Waits for its answer.
    ///
    /// # Panics
    /// Where it is gone.
    pub fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .expect("the server answers");
        line.trim().to_owned()
    }

    /// Tells it something and waits for the answer.
    pub fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.answer()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone after the wait.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client_config(certificate: &str) -> Arc<ClientConfig> {
    let digits = |at: usize| u8::from_str_radix(&certificate[at..at + 2], 16);
    let der: Result<Vec<u8>, _> = (0..certificate.len()).step_by(2).map(digits).collect();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(der.expect("hex digits")))
        .expect("the certificate is one");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
