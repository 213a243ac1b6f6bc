//! The whole SDK without a runtime: one thread, `std` sockets, and `session::Streams`, which takes every decision.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example blocking_driver
//! ```
//!
//! It plays against a local exchange that runs on another thread, loses its connection, replaces the next one without a
//! gap, shows the delivery ledger, and ends by itself.
#![allow(clippy::print_stdout)]

mod io;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use kucoin_streams::core::{RetryPolicy, Timestamp, Topic};
use kucoin_streams::session::{
    Buffer, Capacity, ConnectionRole, Delivery, Failure, FailureStage, FrameOutcome, Input,
    LifecycleEvent, Mailbox, ClockReading, OnRefusal, Output, SessionConfig, SlowConsumer, Streams,
    Subscribe, Timeouts, dedup_key_fn,
};
use kucoin_streams::v1::{SpotOrders, V1};
use kucoin_streams_examples::Error;

use io::{Rehearsal, Socket};

/// Both ends of the queue are on this thread.
#[derive(Clone)]
struct Orders(Rc<RefCell<Buffer>>);

impl Mailbox for Orders {
    type Wakers = ();

    fn with<T>(&self, (): &mut (), act: impl FnOnce(&mut Buffer) -> T) -> T {
        act(&mut self.0.borrow_mut())
    }
}

/// The driver: at most two connections, of which one serves.
struct Driver {
    streams: Streams<V1, Orders>,
    sockets: [Option<Socket>; 2],
    rehearsal: Rehearsal,
}

fn main() -> Result<(), Error> {
    let rehearsal = Rehearsal::start()?;
    let mut config = SessionConfig::default();
    // Short, so that the rotation of the rehearsal is.
    config.overlap = Duration::from_millis(200);
    let limits = Timeouts::new(Duration::from_secs(30), Duration::from_secs(1));
    let mut driver = Driver {
        streams: Streams::new(config, limits, 1, now()),
        sockets: [None, None],
        rehearsal,
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
        println!("ledger     {ledger:?}");
    }
    Ok(())
}

impl Driver {
    fn run(&mut self, orders: &Orders) -> Result<(), Error> {
        while !self.streams.is_closed() {
            while let Some(output) = self.streams.poll() {
                self.carry_out(output);
            }
            consume(orders);
            for side in [ConnectionRole::Current, ConnectionRole::Replacement] {
                self.read(side);
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

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::FetchConnectionInfo(side) => {
                self.streams.fetch_started(now(), side);
                let fetched = self.rehearsal.connection_info();
                let fetched = fetched.map_err(|error| failure(FailureStage::Token, &error));
                self.streams
                    .handle(now(), side, Input::ConnectionInfo(fetched));
            }
            Output::Dial(side, url) => {
                let dialled = Socket::dial(url.expose());
                let dialled = dialled.map(|socket| *self.socket(side) = Some(socket));
                let dialled = dialled.map_err(|error| failure(FailureStage::Dial, &error));
                self.streams.handle(now(), side, Input::Dialled(dialled));
            }
            Output::Send(side, frame) => {
                let sent = self.socket(side).as_mut().map(|socket| socket.send(&frame));
                if let Some(Err(error)) = sent {
                    let lost = Input::Lost(failure(FailureStage::Live, &error));
                    self.streams.handle(now(), side, lost);
                }
            }
            Output::HangUp(side, code) => {
                if let Some(socket) = self.socket(side).take() {
                    socket.close(code);
                }
            }
            Output::TakeOver => {
                self.sockets.swap(0, 1);
                if let Some(before) = self.sockets[1].take() {
                    before.close(1000);
                }
            }
            Output::Event(event) => self.lifecycle(&event),
            _ => {}
        }
    }

    /// Reads what one connection brings within a moment.
    fn read(&mut self, side: ConnectionRole) {
        if !self.streams.may_read(side) {
            return;
        }
        let Some(socket) = self.socket(side) else {
            return;
        };
        match socket.read() {
            Ok(Some(payload)) => self.streams.message(now(), side, payload),
            Ok(None) => {}
            Err(error) => {
                *self.socket(side) = None;
                let lost = Input::Lost(failure(FailureStage::Live, &error));
                self.streams.handle(now(), side, lost);
            }
        }
    }

    /// The rehearsal: a cut after the start, then a rotation, then the end.
    fn lifecycle(&mut self, event: &LifecycleEvent) {
        println!("lifecycle  {event}");
        match event {
            LifecycleEvent::Open => self.rehearsal.cut_soon(),
            LifecycleEvent::Reconnected { .. } => drop(self.streams.rotate(now())),
            LifecycleEvent::Rotated { .. } => self.streams.close(now()),
            _ => {}
        }
    }

    fn socket(&mut self, side: ConnectionRole) -> &mut Option<Socket> {
        match side {
            ConnectionRole::Current => &mut self.sockets[0],
            ConnectionRole::Replacement => &mut self.sockets[1],
        }
    }
}

/// Decodes what waits, and counts what becomes of it.
fn consume(orders: &Orders) {
    let mut taken = VecDeque::new();
    let mut buffer = orders.0.borrow_mut();
    buffer.take(Instant::now, &mut taken);
    for delivery in taken {
        match delivery {
            Delivery::Frame { topic, frame } => {
                let (fate, text) = match SpotOrders.decode(frame.text()) {
                    Ok(Some(push)) => (
                        FrameOutcome::Delivered,
                        format!("{} {}", push.event.order_id, push.event.kind),
                    ),
                    Ok(None) => (FrameOutcome::Other, String::from("of another topic")),
                    Err(error) => (FrameOutcome::Undecodable, error.to_string()),
                };
                buffer.counters()[topic].count(fate);
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
