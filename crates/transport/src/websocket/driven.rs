//! Drives a hyper connection without a separate task.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

/// A hyper connection that needs no task of its own.
///
/// It is polled together with the future that needs the connection.
pub(super) struct Driven<C> {
    connection: Option<Pin<Box<C>>>,
}

impl<C: Future> Driven<C> {
    pub(super) fn new(connection: C) -> Self {
        Self {
            connection: Some(Box::pin(connection)),
        }
    }

    /// Drives the connection until `future` completes.
    pub(super) async fn drive_until<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            // An error of the connection is ignored here: it makes the request or the upgrade in `future` fail.
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
