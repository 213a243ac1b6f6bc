//! SIGINT and SIGTERM: the first asks the command to end in order, the second ends the process at once.

use std::io;

/// Listens for SIGINT and SIGTERM. A signal between [`Signals::listen`] and [`Signals::asked_to_end`] is not lost,
/// so listen before anything is written that a reader may answer with a signal.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

/// The exit status of a process that SIGINT ended, as shells give it.
const INTERRUPTED: i32 = 130;
/// The exit status of a process that SIGTERM ended, as shells give it.
#[cfg(unix)]
const TERMINATED: i32 = 143;

impl Signals {
    /// From here on a signal does not end the process by itself.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// There is nothing to prepare.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits until the process is asked to end; returns the signal. From then on the next one ends it at once.
    pub(crate) async fn asked_to_end(mut self) -> io::Result<&'static str> {
        let signal = match self.next().await? {
            INTERRUPTED => "SIGINT",
            _ => "SIGTERM",
        };
        tokio::spawn(async move {
            if let Ok(status) = self.next().await {
                std::process::exit(status);
            }
        });
        Ok(signal)
    }

    /// Waits for a signal; returns the exit status of a process that it ends.
    #[cfg(unix)]
    async fn next(&mut self) -> io::Result<i32> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(INTERRUPTED),
            _ = self.terminate.recv() => Ok(TERMINATED),
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> io::Result<i32> {
        tokio::signal::ctrl_c().await.map(|()| INTERRUPTED)
    }
}
