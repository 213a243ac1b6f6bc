//! Reference B: tokio-tungstenite, owned events, and a channel to the consuming task.

use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{Contender, Socket};
use crate::events::{Balance, ByText, Consume, Order, Position, ProOrder, ProPush, Push};
use crate::frames::Kind;
use crate::tally::Tally;

/// A common capacity for such a channel.
const CHANNEL_CAPACITY: usize = 1024;

pub(super) struct Owned<S> {
    name: &'static str,
    connection: String,
    kind: Kind,
    socket: Option<WebSocketStream<S>>,
}

impl<S: Socket> Owned<S> {
    pub(super) fn new(name: &'static str, connection: String, socket: S, kind: Kind) -> Self {
        let wrapped = futures_util::FutureExt::now_or_never(WebSocketStream::from_raw_socket(
            socket,
            Role::Client,
            None,
        ));
        Self {
            name,
            connection,
            kind,
            socket: Some(wrapped.expect("wrapping does no I/O")),
        }
    }

    fn run_as<E>(&mut self, runtime: &Runtime, events: u64) -> Tally
    where
        E: DeserializeOwned + Consume + Send + 'static,
    {
        let mut socket = self.socket.take().expect("the previous run has ended");
        let (sender, mut receiver) = mpsc::channel::<E>(CHANNEL_CAPACITY);
        let reading = runtime.spawn(async move {
            for _ in 0..events {
                let message = socket.next().await.expect("the stream is open");
                let frame = message.expect("the socket is readable").into_data();
                let event = serde_json::from_slice(&frame).expect("the frame decodes");
                assert!(sender.send(event).await.is_ok(), "the receiver is open");
            }
            socket
        });
        let consuming = runtime.spawn(async move {
            let mut tally = Tally::default();
            while let Some(event) = receiver.recv().await {
                event.consume(&mut tally);
            }
            tally
        });
        self.socket = Some(runtime.block_on(reading).expect("the reading task ends"));
        runtime
            .block_on(consuming)
            .expect("the consuming task ends")
    }
}

impl<S: Socket> Contender for Owned<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn connection(&self) -> &str {
        &self.connection
    }

    fn run(&mut self, runtime: &Runtime, events: u64) -> Tally {
        match self.kind {
            Kind::Order => self.run_as::<Push<String, Order<String>>>(runtime, events),
            Kind::Balance => self.run_as::<Push<String, Balance<String>>>(runtime, events),
            Kind::Position => {
                self.run_as::<Push<String, Position<String, ByText>>>(runtime, events)
            }
            _ => self.run_as::<ProPush<String, ProOrder<String>>>(runtime, events),
        }
    }
}
