//! The server, a process of its own: std threads that take the upgrade, welcome, acknowledge, answer pings, and push
//! prebuilt frames when told to on the standard input.

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

/// Every connection by the name that its URL gave.
type Registry = Arc<Mutex<HashMap<String, Vec<Arc<Connection>>>>>;

/// TopicMatch until the input ends. The first line that it prints has its ports and its certificate; after that it
/// answers each line with one line.
///
/// # Panics
/// Where it cannot listen.
pub fn serve() {
    let began = Instant::now();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])
        .expect("a certificate for localhost can be made");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(
        certified.signing_key.serialize_der(),
    ));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("the key is of the certificate");
    let registry = Registry::default();
    let plain = listen(registry.clone(), None);
    let secure = listen(registry.clone(), Some(Arc::new(tls)));
    let certificate: String = certified
        .cert
        .der()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    say(&format!("{plain} {secure} {certificate}"));
    let mut frames = Frames::default();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("commands are text");
        let words: Vec<&str> = line.split(' ').collect();
        let named = |name: &str| {
            let registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
            let mut connections = registry.get(name).cloned().unwrap_or_default();
            connections.retain(|connection| !connection.is_over());
            connections
        };
        match words[..] {
            ["load", kind, count] => {
                let kind = Kind::of_name(kind).expect("a known kind");
                frames = Frames::build(kind, count.parse().expect("a count"));
                say("loaded");
            }
            ["push", name, how] => {
                frames.push(&named(name), how);
                say("pushed");
            }
            ["cut", name] => {
                let connections = named(name);
                let before: u64 = received(&connections);
                for connection in connections {
                    connection.cut();
                }
                say(&format!("cut {before} {}", began.elapsed().as_micros()));
            }
            ["received", name] => say(&received(&named(name)).to_string()),
            _ => say("what?"),
        }
    }
}

fn received(connections: &[Arc<Connection>]) -> u64 {
    let each = connections.iter();
    each.map(|connection| connection.received.load(Ordering::Relaxed))
        .sum()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever asked may be gone, and then the input ends too.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn listen(registry: Registry, tls: Option<Arc<ServerConfig>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
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
                    connection.attend();
                }
            });
            spawned.expect("a thread can be had");
        }
    });
    port
}
