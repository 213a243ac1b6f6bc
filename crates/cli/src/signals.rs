//! SIGINT and SIGTERM: the first stops the command gracefully, the second exits at once.

use std::io;

/// Listens for SIGINT and SIGTERM.
///
/// Listen before the first output, because a reader may send a signal as soon as the output arrives. A signal between
/// [`Signals::listen`] and [`Signals::received`] is not lost.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

/// Exit status of a process ended by SIGINT, as shells report it.
const INTERRUPTED: i32 = 130;
/// Exit status of a process ended by SIGTERM, as shells report it.
#[cfg(unix)]
const TERMINATED: i32 = 143;

impl Signals {
    /// Starts listening. From then on, a signal no longer ends the process by itself.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Does nothing, because Ctrl-C is handled when it is awaited.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the first signal and returns its name. After that, another signal ends the process at once.
    pub(crate) async fn received(mut self) -> io::Result<&'static str> {
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

    /// Waits for a signal and returns its exit status.
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
