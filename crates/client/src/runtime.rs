//! Runtime of the connection tasks: a dedicated thread or the caller's runtime.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Runtime on which the connection tasks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionRuntime {
    /// A dedicated thread named `kucoin-streams`, with a tokio runtime of its own.
    ///
    /// All connections of the process with this setting share the thread. It starts with the first connection and ends
    /// with the last.
    ///
    /// A consumer may block its own thread for any time: heartbeats continue, and events wait in the queue of the
    /// subscription. At high event rates this costs nothing. A single event wakes two threads instead of one: about 20
    /// us more CPU time and 5 to 20 us more latency. Token sources and transports of your own run on this thread too,
    /// so they must not block it.
    #[default]
    Dedicated,
    /// The tokio runtime in which the connection is opened.
    ///
    /// A consumer that blocks a thread of this runtime may stop the heartbeats, and KuCoin then closes the connection.
    /// Choose this runtime if none of its tasks blocks, for tests with a paused clock, or to keep everything on one
    /// thread.
    Current,
}

impl ConnectionRuntime {
    /// Returns the runtime, and starts the thread if it is not running.
    pub(crate) fn start(self) -> io::Result<StartedRuntime> {
        Ok(StartedRuntime(match self {
            Self::Dedicated => Some(dedicated()?),
            Self::Current => None,
        }))
    }
}

/// A running runtime: the dedicated thread, or `None` for the current runtime.
pub(crate) struct StartedRuntime(Option<Arc<Thread>>);

impl StartedRuntime {
    /// Spawns the task of a connection.
    ///
    /// # Panics
    /// With [`ConnectionRuntime::Current`], panics outside of a tokio runtime.
    pub(crate) fn spawn(self, task: impl Future<Output = ()> + Send + 'static) {
        match self.0 {
            Some(thread) => {
                let handle = thread.runtime.clone();
                handle.spawn(async move {
                    task.await;
                    drop(thread);
                });
            }
            None => drop(tokio::spawn(task)),
        }
    }
}

/// The dedicated thread; ends when this is dropped.
struct Thread {
    runtime: Handle,
    /// Dropping it ends the thread.
    _stop: oneshot::Sender<()>,
}

/// The running thread, kept alive by its connections.
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
            // Resolves when the sender is dropped.
            let _: Result<(), _> = runtime.block_on(stopped);
            // Does not wait for a DNS lookup in progress.
            runtime.shutdown_background();
        })?;
    *current = Arc::downgrade(&thread);
    Ok(thread)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;

    fn is_running() -> bool {
        let current = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
        current.strong_count() > 0
    }

    /// Number of threads of this process with our name.
    #[cfg(target_os = "linux")]
    fn threads() -> usize {
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let name = |thread: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(thread.unwrap().path().join("comm")).unwrap_or_default()
        };
        threads
            .map(name)
            .filter(|name| name == "kucoin-streams\n")
            .count()
    }

    #[cfg(not(target_os = "linux"))]
    fn threads() -> usize {
        usize::from(is_running())
    }

    #[track_caller]
    fn wait_until(condition: impl Fn() -> bool) {
        let began = Instant::now();
        while !condition() {
            assert!(began.elapsed() < Duration::from_secs(30));
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// One test for sharing, end and restart, because the thread is shared by the process.
    #[test]
    fn thread_ends_with_the_last_connection() {
        for _ in 0..3 {
            let (first_stop, first) = oneshot::channel::<()>();
            let (second_stop, second) = oneshot::channel::<()>();
            let (names, named) = mpsc::channel();
            for stop in [first, second] {
                let names = names.clone();
                let task = async move {
                    let name = thread::current().name().map(str::to_owned);
                    names.send((name, thread::current().id())).unwrap();
                    let _ = stop.await;
                };
                ConnectionRuntime::Dedicated.start().unwrap().spawn(task);
            }
            let (first, second) = (named.recv().unwrap(), named.recv().unwrap());
            assert_eq!(first.0.as_deref(), Some("kucoin-streams"));
            assert_eq!(first, second);
            assert_eq!(threads(), 1);
            drop(first_stop);
            thread::sleep(Duration::from_millis(5));
            assert!(is_running(), "the second connection is still open");
            // The last sender is dropped on another runtime.
            let other = Builder::new_current_thread().build().unwrap();
            other.block_on(async { drop(second_stop) });
            wait_until(|| !is_running() && threads() == 0);
        }
    }
}
