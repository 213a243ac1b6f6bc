//! Who reads the stream: each stands connected, and consumes so many events when asked to.

pub mod decode;
mod ours;
mod owned;
mod reference;
mod socket;

use std::sync::Arc;

use kucoin_streams::client::ConnectionRuntime;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::control::Server;
use crate::frames::Kind;
use crate::tally::Tally;

pub use ours::{client, stream};
pub(crate) use socket::fresh_name;
use socket::{Socket, greet, open_plain, open_secure};

/// A reader of the stream. It is called from outside of its runtime and does its work in a task of its own.
pub trait Contender {
    /// Its name in the table.
    fn name(&self) -> &'static str;
    /// The name of its connection at the server.
    fn connection(&self) -> &str;
    /// Consumes this number of events.
    fn run(&mut self, runtime: &Runtime, events: u64) -> Tally;
}

/// Where the server is, and how to reach it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The port.
    pub port: u16,
    /// The TLS configuration, where TLS is wanted.
    pub tls: Option<Arc<ClientConfig>>,
    /// What is pushed.
    pub kind: Kind,
}

impl Target {
    /// The server, for this kind of frame.
    pub fn new(server: &Server, kind: Kind, secure: bool) -> Self {
        Self {
            port: server.port(secure),
            tls: secure.then(|| server.tls()),
            kind,
        }
    }

    /// Path and query by which the server knows the connection.
    pub fn path(&self, name: &str) -> String {
        let protocol = if self.kind.is_binary() { "pro" } else { "v1" };
        format!("/{protocol}?token=secret&name={name}")
    }
}

/// The names of all, in the order of the table. What `ours` is compared with are `A` and `B`.
pub const NAMES: [&str; 7] = [
    "fastwebsockets",
    A_SONIC,
    A_SERDE,
    A_SIMD,
    B,
    OURS_ON_THE_RUNTIME,
    OURS,
];
/// The fastest ways that are well kept, each decoding inline and owning nothing; which of them is the fastest depends
/// on the frame and on the processor.
pub const ALL_A: [&str; 3] = [A_SONIC, A_SERDE, A_SIMD];
const A_SONIC: &str = "A: fastwebsockets + sonic-rs borrowed";
const A_SERDE: &str = "A: fastwebsockets + serde_json borrowed";
const A_SIMD: &str = "A: fastwebsockets + simd-json borrowed";
/// The usual way.
pub const B: &str = "B: tokio-tungstenite + serde_json owned + mpsc";
/// The facade.
pub const OURS: &str = "ours: Subscription in the user's task";

/// The facade, its connections on the user's runtime instead of a thread of their own.
pub const OURS_ON_THE_RUNTIME: &str = "ours: connections on the user's runtime";

/// Connects one contender; `None` where it cannot read this kind exactly.
///
/// # Panics
/// Where it cannot connect.
pub fn connect(
    runtime: &Runtime,
    target: &Target,
    name: &'static str,
) -> Option<Box<dyn Contender>> {
    // It gives JSON numbers as f64, which is not exact.
    if name == A_SIMD && target.kind == Kind::Position {
        return None;
    }
    if name == OURS {
        return Some(ours::connect(runtime, target, ConnectionRuntime::Dedicated));
    }
    if name == OURS_ON_THE_RUNTIME {
        return Some(ours::connect(runtime, target, ConnectionRuntime::Current));
    }
    match target.tls.clone() {
        None => by_socket(runtime, target, name, open_plain),
        Some(tls) => by_socket(runtime, target, name, move |socket: TcpStream| {
            open_secure(socket, tls.clone())
        }),
    }
}

fn by_socket<S: Socket, F>(
    runtime: &Runtime,
    target: &Target,
    name: &'static str,
    open: impl FnOnce(TcpStream) -> F,
) -> Option<Box<dyn Contender>>
where
    F: Future<Output = S>,
{
    let connection = fresh_name();
    let socket = runtime.block_on(async {
        let socket = TcpStream::connect(("127.0.0.1", target.port)).await;
        let socket = socket.expect("the server listens");
        socket.set_nodelay(true).expect("it is a TCP socket");
        let mut socket = open(socket).await;
        greet(&mut socket, target, &connection).await;
        socket
    });
    let kind = target.kind;
    Some(match name {
        B => Box::new(owned::Owned::new(name, connection, socket, kind)),
        _ => {
            let parser = match name {
                "fastwebsockets" => decode::Parser::None,
                A_SONIC => decode::Parser::Sonic,
                A_SERDE => decode::Parser::Serde,
                _ => decode::Parser::Simd,
            };
            Box::new(reference::Reference::new(
                name, connection, socket, kind, parser,
            ))
        }
    })
}
