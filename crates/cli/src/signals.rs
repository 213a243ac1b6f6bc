//! SIGINT and SIGTERM: the wish to end in order.

use std::io;

/// Listens for the wish to end. What comes between [`Signals::listen`] and [`Signals::asked_to_end`] is not lost,
/// so listen before anything is written that somebody may answer with a signal.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From here on a signal does not end the process by itself.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Resolves when the process is asked to end.
    pub(crate) async fn asked_to_end(mut self) -> io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        Ok(())
    }
}

#[cfg(not(unix))]
impl Signals {
    /// There is nothing to prepare.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Resolves when the process is asked to end.
    pub(crate) async fn asked_to_end(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
