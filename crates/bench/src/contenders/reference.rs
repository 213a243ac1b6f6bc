//! Reference A: fastwebsockets, and events borrowed from the frame and consumed in the reading task.

use fastwebsockets::{FragmentCollector, Role, WebSocket};
use tokio::runtime::Runtime;

use super::decode::{Parser, consume};
use super::{Contender, Socket};
use crate::frames::Kind;
use crate::tally::Tally;

pub(super) struct Reference<S> {
    name: &'static str,
    connection: String,
    kind: Kind,
    parser: Parser,
    state: Option<(FragmentCollector<S>, simd_json::Buffers)>,
}

impl<S: Socket> Reference<S> {
    pub(super) fn new(
        name: &'static str,
        connection: String,
        socket: S,
        kind: Kind,
        parser: Parser,
    ) -> Self {
        let socket = FragmentCollector::new(WebSocket::after_handshake(socket, Role::Client));
        Self {
            name,
            connection,
            kind,
            parser,
            state: Some((socket, simd_json::Buffers::default())),
        }
    }
}

impl<S: Socket> Contender for Reference<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn connection(&self) -> &str {
        &self.connection
    }

    fn run(&mut self, runtime: &Runtime, events: u64) -> Tally {
        let (mut socket, mut buffers) = self.state.take().expect("the previous run has ended");
        let (kind, parser) = (self.kind, self.parser);
        let reading = runtime.spawn(async move {
            let mut tally = Tally::default();
            while tally.events < events {
                let mut frame = socket.read_frame().await.expect("the socket is readable");
                consume(
                    parser,
                    kind,
                    frame.payload.to_mut(),
                    &mut buffers,
                    &mut tally,
                );
            }
            (socket, buffers, tally)
        });
        let (socket, buffers, tally) = runtime.block_on(reading).expect("the reading task ends");
        self.state = Some((socket, buffers));
        tally
    }
}
