//! Reads client messages for the session, and detects an idle client.

use std::future::pending;
use std::time::Duration;

use tokio::io::{AsyncReadExt, ReadHalf};
use tokio::time::{Instant, timeout_at};

use super::end::Stop;
use super::{Link, ProtocolSession, Stream};
use crate::shared::Shared;
use crate::ws::{Decoder, Incoming};

pub(super) struct Reader<'a> {
    half: &'a mut ReadHalf<Stream>,
    shared: &'a Shared,
    link: &'a Link,
    session: ProtocolSession,
    decoder: Decoder,
}

impl<'a> Reader<'a> {
    /// Creates a reader; `early` is data received with the upgrade request.
    pub(super) fn new(
        half: &'a mut ReadHalf<Stream>,
        (shared, link): (&'a Shared, &'a Link),
        session: ProtocolSession,
        early: &[u8],
    ) -> Self {
        let mut decoder = Decoder::default();
        decoder.push(early);
        Self {
            half,
            shared,
            link,
            session,
            decoder,
        }
    }

    /// Reads until the connection ends; `idle` is the idle timeout.
    pub(super) async fn run(&mut self, idle: Duration) -> Stop {
        let mut deadline = Instant::now() + idle;
        let mut bytes = [0; 4096];
        let mut reading = self.link.reading.subscribe();
        loop {
            loop {
                match self.decoder.next() {
                    Ok(Some(Incoming::Text(text))) => {
                        deadline = Instant::now() + idle;
                        self.session.handle(&text, Instant::now().into_std());
                    }
                    Ok(Some(Incoming::Binary(payload))) => {
                        deadline = Instant::now() + idle;
                        self.session.handle(
                            &String::from_utf8_lossy(&payload),
                            Instant::now().into_std(),
                        );
                    }
                    Ok(Some(Incoming::Ping(payload))) => self.session.base().protocol_ping(payload),
                    Ok(Some(Incoming::Pong)) => {
                        self.shared
                            .board
                            .connection(self.link.number, |report| report.protocol_pongs += 1);
                    }
                    Ok(Some(Incoming::Close(code))) => return Stop::ClientClosed { code },
                    Err(violation) => return Stop::Violation(violation),
                    Ok(None) => break,
                }
            }
            let read = tokio::select! {
                biased;
                // While reading is stopped, the idle timeout does not apply either.
                () = async { drop(reading.wait_for(|reading| !reading).await) } => pending().await,
                read = timeout_at(deadline, self.half.read(&mut bytes)) => read,
            };
            match read {
                Err(_) => return Stop::PingTimeout,
                Ok(Ok(0) | Err(_)) => return Stop::ClientGone,
                Ok(Ok(read)) => self.decoder.push(&bytes[..read]),
            }
        }
    }
}
