//! Drives the sans-IO `session::Streams` from one thread with blocking `std` sockets, without an async runtime.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example blocking_driver
//! ```
//!
//! It connects to a local exchange, loses its connection, reconnects, replaces the connection without a gap (a rotation),
//! prints the delivery ledger, and ends by itself.
#![allow(clippy::print_stdout)]

mod io;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use kucoin_streams::core::{RetryPolicy, Timestamp, Topic};
use kucoin_streams::session::{
    Buffer, Capacity, ClockReading, ConnectionRole, Delivery, Failure, FailureStage, FrameOutcome,
    Input, LifecycleEvent, Mailbox, OnRefusal, Output, SessionConfig, SlowConsumer, Streams,
    Subscribe, Timeouts, dedup_key_fn,
};
use kucoin_streams::v1::{SpotOrders, V1};
use kucoin_streams_examples::{Error, report};

use io::{LocalExchange, Socket};

/// The queue of the subscription. Both ends are on this thread, so it needs no lock and no wakers.
#[derive(Clone)]
struct Orders(Rc<RefCell<Buffer>>);

impl Mailbox for Orders {
    type Wakers = ();

    fn with<T>(&self, (): &mut (), act: impl FnOnce(&mut Buffer) -> T) -> T {
        act(&mut self.0.borrow_mut())
    }
}

/// The driver: the current connection and, during a rotation, its replacement.
struct Driver {
    streams: Streams<V1, Orders>,
    sockets: [Option<Socket>; 2],
    exchange: LocalExchange,
}

fn main() -> ExitCode {
    report(run())
}

fn run() -> Result<(), Error> {
    let exchange = LocalExchange::start()?;
    let mut config = SessionConfig::default();
    // Short, so that the rotation of this example is short.
    config.overlap = Duration::from_millis(200);
    let limits = Timeouts::new(Duration::from_secs(30), Duration::from_secs(1));
    let mut driver = Driver {
        streams: Streams::new(config, limits, 1, now()),
        sockets: [None, None],
        exchange,
    };
    let capacity = Capacity::new(8_192, 16 << 20);
    let orders = Orders(Rc::new(RefCell::new(Buffer::new(
        capacity,
        SlowConsumer::Gap,
    ))));
    let subscribe = Subscribe::new(
        SpotOrders.requests(),
        orders.clone(),
        dedup_key_fn(Arc::new(SpotOrders)),
        OnRefusal::Fail,
    );
    driver.streams.subscribe(now(), subscribe);
    driver.run(&orders)?;
    for ledger in orders.0.borrow().ledger(&VecDeque::new()) {
        println!(
            "ledger     {}: {} received, {} delivered, {} duplicates, {} undecodable",
            ledger.topic, ledger.received, ledger.delivered, ledger.duplicates, ledger.undecodable
        );
    }
    Ok(())
}

impl Driver {
    fn run(&mut self, orders: &Orders) -> Result<(), Error> {
        while !self.streams.is_closed() {
            while let Some(output) = self.streams.poll() {
                self.execute(output);
            }
            consume(orders);
            for role in [ConnectionRole::Current, ConnectionRole::Replacement] {
                self.read(role);
            }
            if self
                .streams
                .deadline()
                .is_some_and(|deadline| deadline <= Instant::now())
            {
                self.streams.tick(now());
            }
        }
        consume(orders);
        Ok(())
    }

    fn execute(&mut self, output: Output) {
        match output {
            Output::FetchConnectionInfo(role) => {
                self.streams.fetch_started(now(), role);
                let fetched = self.exchange.connection_info();
                let fetched = fetched.map_err(|error| failure(FailureStage::Token, &error));
                self.streams
                    .handle(now(), role, Input::ConnectionInfo(fetched));
            }
            Output::Dial(role, url) => {
                let dialled = Socket::dial(url.expose());
                let dialled = dialled.map(|socket| *self.socket(role) = Some(socket));
                let dialled = dialled.map_err(|error| failure(FailureStage::Dial, &error));
                self.streams.handle(now(), role, Input::Dialled(dialled));
            }
            Output::Send(role, frame) => {
                let sent = self.socket(role).as_mut().map(|socket| socket.send(&frame));
                if let Some(Err(error)) = sent {
                    let lost = Input::Lost(failure(FailureStage::Live, &error));
                    self.streams.handle(now(), role, lost);
                }
            }
            Output::HangUp(role, code) => {
                if let Some(socket) = self.socket(role).take() {
                    socket.close(code);
                }
            }
            Output::TakeOver => {
                self.sockets.swap(0, 1);
                if let Some(old) = self.sockets[1].take() {
                    old.close(1000);
                }
            }
            Output::Event(event) => self.on_lifecycle_event(&event),
            _ => {}
        }
    }

    /// Reads one message from a connection, if one arrives within the read timeout.
    fn read(&mut self, role: ConnectionRole) {
        if !self.streams.may_read(role) {
            return;
        }
        let Some(socket) = self.socket(role) else {
            return;
        };
        match socket.read() {
            Ok(Some(payload)) => self.streams.message(now(), role, payload),
            Ok(None) => {}
            Err(error) => {
                *self.socket(role) = None;
                let lost = Input::Lost(failure(FailureStage::Live, &error));
                self.streams.handle(now(), role, lost);
            }
        }
    }

    /// Controls the example: a lost connection after the start, then a rotation, then the end.
    fn on_lifecycle_event(&mut self, event: &LifecycleEvent) {
        println!("lifecycle  {event}");
        match event {
            LifecycleEvent::Open => self.exchange.cut_after_pause(),
            LifecycleEvent::Reconnected { .. } => drop(self.streams.rotate(now())),
            LifecycleEvent::Rotated { .. } => self.streams.close(now()),
            _ => {}
        }
    }

    fn socket(&mut self, role: ConnectionRole) -> &mut Option<Socket> {
        match role {
            ConnectionRole::Current => &mut self.sockets[0],
            ConnectionRole::Replacement => &mut self.sockets[1],
        }
    }
}

/// Decodes the queued frames, and counts each outcome in the ledger.
fn consume(orders: &Orders) {
    let mut taken = VecDeque::new();
    let mut buffer = orders.0.borrow_mut();
    buffer.take(Instant::now, &mut taken);
    for delivery in taken {
        match delivery {
            Delivery::Frame { topic, frame } => {
                let (outcome, text) = match SpotOrders.decode(frame.text()) {
                    Ok(Some(push)) => (
                        FrameOutcome::Delivered,
                        format!("{} {}", push.event.order_id, push.event.kind),
                    ),
                    Ok(None) => (FrameOutcome::Other, String::from("push of another topic")),
                    Err(error) => (FrameOutcome::Undecodable, error.to_string()),
                };
                buffer.counters()[topic].count(outcome);
                println!("order      {text}");
            }
            Delivery::Gap(gap) => println!("gap        {gap}"),
        }
    }
}

fn failure(stage: FailureStage, error: &dyn std::error::Error) -> Failure {
    Failure::new(stage, RetryPolicy::Transient, error.to_string())
}

fn now() -> ClockReading {
    ClockReading::new(Instant::now(), Timestamp::from(SystemTime::now()))
}
