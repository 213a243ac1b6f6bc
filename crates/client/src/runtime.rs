//! Where the tasks of connections run: on a thread of their own, or on the caller's runtime.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Where the tasks of connections run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionRuntime {
    /// On a thread named `kucoin-streams` with a tokio runtime of its own. All connections of the process that use it
    /// share it; it starts with the first of them and ends with the last.
    ///
    /// A consumer may block its own thread as long as it likes: heartbeats go on, and events wait in the queue of its
    /// subscription.
    #[default]
    Dedicated,
    /// On the tokio runtime in which the connection is made.
    ///
    /// A consumer that blocks a thread of that runtime may stop the heartbeats of its connections, which the exchange
    /// then cuts. Choose it if no task of the runtime blocks, for tests with a paused clock, or to keep everything on
    /// one thread.
    Current,
}

impl ConnectionRuntime {
    /// Runs a connection's task to its end.
    ///
    /// # Panics
    /// [`ConnectionRuntime::Current`] outside of a tokio runtime.
    pub(crate) fn spawn(self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        match self {
            Self::Dedicated => {
                let thread = dedicated()?;
                let handle = thread.runtime.clone();
                handle.spawn(async move {
                    task.await;
                    drop(thread);
                });
            }
            Self::Current => drop(tokio::spawn(task)),
        }
        Ok(())
    }
}

/// The thread of the connections, which ends when this is dropped.
struct Thread {
    runtime: Handle,
    /// Ends the thread by being dropped.
    _stop: oneshot::Sender<()>,
}

/// The thread that runs at present, kept alive by the connections on it.
static THREAD: Mutex<Weak<Thread>> = Mutex::new(Weak::new());

fn dedicated() -> io::Result<Arc<Thread>> {
    let mut current = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(thread) = current.upgrade() {
        return Ok(thread);
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel();
    let thread = Arc::new(Thread {
        runtime: runtime.handle().clone(),
        _stop: stop,
    });
    thread::Builder::new()
        .name("kucoin-streams".to_owned())
        .spawn(move || {
            // It resolves when the sender is dropped.
            let _: Result<(), _> = runtime.block_on(stopped);
            // A name that is being resolved is not waited for.
            runtime.shutdown_background();
        })?;
    *current = Arc::downgrade(&thread);
    Ok(thread)
}
