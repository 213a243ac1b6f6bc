//! A connection of hyper without a task of its own.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

/// A connection of hyper that is polled beside whatever waits for it, so that it needs no task of its own.
pub(super) struct Driven<C> {
    connection: Option<Pin<Box<C>>>,
}

impl<C: Future> Driven<C> {
    pub(super) fn new(connection: C) -> Self {
        Self {
            connection: Some(Box::pin(connection)),
        }
    }

    pub(super) async fn alongside<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            // Whether it ended well is told to the future: its request or its upgrade fails.
            if let Some(connection) = &mut self.connection
                && connection.as_mut().poll(context).is_ready()
            {
                self.connection = None;
            }
            future.as_mut().poll(context)
        })
        .await
    }
}
