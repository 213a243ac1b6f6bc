//! The contenders: the compared ways to read the stream.

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

/// A connected reader of the stream. It is called outside of its runtime and works in its own task.
pub trait Contender {
    /// Returns the name in the tables.
    fn name(&self) -> &'static str;
    /// Returns the name of its connection at the server.
    fn connection(&self) -> &str;
    /// Consumes this number of events.
    fn run(&mut self, runtime: &Runtime, events: u64) -> Tally;
}

/// The address of the server, and the kind of frames.
#[derive(Clone, Debug)]
pub struct Target {
    /// The port.
    pub port: u16,
    /// The TLS configuration; `None` for plain connections.
    pub tls: Option<Arc<ClientConfig>>,
    /// The kind of frames that are pushed.
    pub kind: Kind,
}

impl Target {
    /// Creates the target for frames of this kind, with or without TLS.
    pub fn new(server: &Server, kind: Kind, secure: bool) -> Self {
        Self {
            port: server.port(secure),
            tls: secure.then(|| server.tls()),
            kind,
        }
    }

    /// Returns the path and query of a connection, which contain its name.
    pub fn path(&self, name: &str) -> String {
        let protocol = if self.kind.is_binary() { "pro" } else { "v1" };
        format!("/{protocol}?token=secret&name={name}")
    }
}

/// The names of all contenders, in table order. `ours` is compared with `A` and `B`.
pub const NAMES: [&str; 7] = [
    "fastwebsockets",
    A_SONIC,
    A_SERDE,
    A_SIMD,
    B,
    OURS_ON_THE_RUNTIME,
    OURS,
];
/// The fastest maintained libraries, decoding inline into borrowed structs.
///
/// Which of them is fastest depends on the frame and the processor.
pub const ALL_A: [&str; 3] = [A_SONIC, A_SERDE, A_SIMD];
const A_SONIC: &str = "A: fastwebsockets + sonic-rs borrowed";
const A_SERDE: &str = "A: fastwebsockets + serde_json borrowed";
const A_SIMD: &str = "A: fastwebsockets + simd-json borrowed";
/// The common way: tokio-tungstenite and serde_json.
pub const B: &str = "B: tokio-tungstenite + serde_json owned + mpsc";
/// The facade with its defaults.
pub const OURS: &str = "ours: Subscription in the user's task";

/// The facade with its connections on the user's runtime instead of their own thread.
pub const OURS_ON_THE_RUNTIME: &str = "ours: connections on the user's runtime";

/// Connects one contender; `None` if it cannot decode this kind of frame exactly.
///
/// # Panics
/// Panics if it cannot connect.
pub fn connect(
    runtime: &Runtime,
    target: &Target,
    name: &'static str,
) -> Option<Box<dyn Contender>> {
    // simd-json decodes JSON numbers as f64, which is not exact.
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
        socket.set_nodelay(true).expect("TCP_NODELAY can be set");
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
