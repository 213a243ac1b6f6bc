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
    /// subscription. It costs nothing in a flood. An event that comes alone wakes two threads instead of one, which takes
    /// about 20 us more CPU time and 5 to 20 us more latency. Sources of tokens and transports of your own run on this
    /// thread too, so they must not block it.
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
    /// Starts the thread if it does not run yet.
    pub(crate) fn start(self) -> io::Result<StartedRuntime> {
        Ok(StartedRuntime(match self {
            Self::Dedicated => Some(dedicated()?),
            Self::Current => None,
        }))
    }
}

/// A runtime that takes the task of a connection: the thread of the connections, or the current one.
pub(crate) struct StartedRuntime(Option<Arc<Thread>>);

impl StartedRuntime {
    /// Runs a connection's task to its end.
    ///
    /// # Panics
    /// [`ConnectionRuntime::Current`] outside of a tokio runtime.
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;

    fn is_running() -> bool {
        let current = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
        current.strong_count() > 0
    }

    /// The threads of this process that are named as ours is.
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

    /// Tasks share one thread, which ends with the last of them and starts again for the next. One test, as the thread
    /// is one of the process.
    #[test]
    fn thread_runs_as_long_as_a_connection() {
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
            assert!(is_running(), "the second connection is there");
            // The last handle is dropped where another runtime runs.
            let other = Builder::new_current_thread().build().unwrap();
            other.block_on(async { drop(second_stop) });
            wait_until(|| !is_running() && threads() == 0);
        }
    }
}
