//! The server process: std threads that accept connections, acknowledge requests and answer pings, and push prebuilt
//! frames on commands from standard input.

mod connection;
mod push;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::frames::Kind;
use connection::Connection;
use push::Frames;

/// All connections, by the name in their URL.
type Registry = Arc<Mutex<HashMap<String, Vec<Arc<Connection>>>>>;

/// Runs the server until standard input ends.
///
/// The first line of output has the ports and the certificate. After that, each line of input gets one line of output.
///
/// # Panics
/// Panics if the server cannot listen.
pub fn serve() {
    let began = Instant::now();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])
        .expect("localhost certificate generation succeeds");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(
        certified.signing_key.serialize_der(),
    ));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("the key matches the certificate");
    let registry = Registry::default();
    let plain = listen(registry.clone(), None);
    let secure = listen(registry.clone(), Some(Arc::new(tls)));
    let certificate: String = certified
        .cert
        .der()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    print_line(&format!("{plain} {secure} {certificate}"));
    let mut frames = Frames::default();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("commands are text");
        let words: Vec<&str> = line.split(' ').collect();
        let connections_named = |name: &str| {
            let registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
            let mut connections = registry.get(name).cloned().unwrap_or_default();
            connections.retain(|connection| !connection.is_closed());
            connections
        };
        match words[..] {
            ["load", kind, count] => {
                let kind = Kind::of_name(kind).expect("a known kind of frame");
                frames = Frames::build(kind, count.parse().expect("a number"));
                print_line("loaded");
            }
            ["push", name, how] => {
                frames.push(&connections_named(name), how);
                print_line("pushed");
            }
            ["cut", name] => {
                let connections = connections_named(name);
                let before: u64 = received(&connections);
                for connection in connections {
                    connection.cut();
                }
                print_line(&format!("cut {before} {}", began.elapsed().as_micros()));
            }
            ["received", name] => print_line(&received(&connections_named(name)).to_string()),
            _ => print_line("unknown command"),
        }
    }
}

fn received(connections: &[Arc<Connection>]) -> u64 {
    let each = connections.iter();
    each.map(|connection| connection.received.load(Ordering::Relaxed))
        .sum()
}

fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    // If the reader has exited, standard input ends too.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn listen(registry: Registry, tls: Option<Arc<ServerConfig>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("the listener is bound").port();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (registry, tls) = (registry.clone(), tls.clone());
            let thread = std::thread::Builder::new().stack_size(128 * 1024);
            let spawned = thread.spawn(move || {
                if let Some((name, connection)) = Connection::accept(socket, tls) {
                    registry
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .entry(name)
                        .or_default()
                        .push(connection.clone());
                    connection.serve();
                }
            });
            spawned.expect("the thread starts");
        }
    });
    port
}
