//! The handle of the server process: commands go to its standard input, responses come from its standard output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The argument that makes a program of this package run the server.
pub const SERVE: &str = "serve-frames";

/// A running server process, which is killed on drop.
#[derive(Debug)]
pub struct Server {
    child: Child,
    commands: ChildStdin,
    responses: BufReader<ChildStdout>,
    /// Its ports, without and with TLS.
    ports: [u16; 2],
    tls: Arc<ClientConfig>,
}

impl Server {
    /// Starts this program again, as the server.
    ///
    /// # Panics
    /// Panics if the server cannot start.
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("the path of this program is known");
        let mut child = Command::new(program)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let commands = child.stdin.take().expect("the stream is piped");
        let mut responses = BufReader::new(child.stdout.take().expect("the stream is piped"));
        let mut line = String::new();
        responses
            .read_line(&mut line)
            .expect("the server prints its ports");
        let words: Vec<_> = line.trim().split(' ').collect();
        let port = |word: &str| word.parse().expect("a port number");
        Self {
            ports: [port(words[0]), port(words[1])],
            tls: client_config(words[2]),
            child,
            commands,
            responses,
        }
    }

    /// Returns the port for TLS or for plain connections.
    pub fn port(&self, secure: bool) -> u16 {
        self.ports[usize::from(secure)]
    }

    /// Returns the TLS configuration that trusts the server; all contenders use the same one.
    pub fn tls(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// Sends a command without waiting for the response.
    ///
    /// # Panics
    /// Panics if the server has exited.
    pub fn send(&mut self, command: &str) {
        let sent = self.commands.write_all(format!("{command}\n").as_bytes());
        sent.expect("the server is running");
    }

    /// Waits for the response to a command.
    ///
    /// # Panics
    /// Panics if the server has exited.
    pub fn response(&mut self) -> String {
        let mut line = String::new();
        self.responses
            .read_line(&mut line)
            .expect("the server responds");
        line.trim().to_owned()
    }

    /// Sends a command and waits for the response.
    pub fn request(&mut self, command: &str) -> String {
        self.send(command);
        self.response()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ignore errors: the process may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client_config(certificate: &str) -> Arc<ClientConfig> {
    let digits = |at: usize| u8::from_str_radix(&certificate[at..at + 2], 16);
    let der: Result<Vec<u8>, _> = (0..certificate.len()).step_by(2).map(digits).collect();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(der.expect("hexadecimal digits")))
        .expect("the certificate is valid");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
