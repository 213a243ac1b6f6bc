//! The terminal as a screen: a thread draws on it, and it is restored at the end, also after a panic.

use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::queue;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui_core::terminal::Terminal;
use tokio::sync::oneshot;

use super::backend::StdoutBackend;
use super::draw;
use super::view::View;
use crate::output::write_fully;

/// Time limit for restoring a terminal that does not read.
const RESTORE_WITHIN: Duration = Duration::from_millis(300);

/// `true` while the terminal is a screen.
static IS_SCREEN: AtomicBool = AtomicBool::new(false);

/// The screen. If it is dropped, the thread restores the terminal.
pub(super) struct Screen {
    views: SyncSender<Box<View>>,
    /// `None` after the thread has ended.
    ended: Option<oneshot::Receiver<io::Result<()>>>,
}

impl Screen {
    /// Switches the terminal to a screen.
    ///
    /// Writing to a terminal can block, so a thread does it.
    pub(super) fn start() -> io::Result<Self> {
        enable_raw_mode()?;
        IS_SCREEN.store(true, Ordering::SeqCst);
        restore_on_panic();
        // Without a queue: a view that cannot be drawn at once is replaced by a newer one.
        let (views, received) = mpsc::sync_channel(0);
        let (end, ended) = oneshot::channel();
        let thread = thread::Builder::new().name("screen".to_owned());
        let started = thread.spawn(move || {
            let drawn = show(&received);
            restore();
            // Fails if the command has ended.
            let _ = end.send(drawn);
        });
        if let Err(error) = started {
            restore();
            return Err(error);
        }
        let ended = Some(ended);
        Ok(Self { views, ended })
    }

    /// Draws a view, or returns `false` if the thread is still busy.
    pub(super) fn draw(&self, view: Box<View>) -> bool {
        self.views.try_send(view).is_ok()
    }

    /// Waits until nothing can be drawn any more, because the terminal has failed. Cancel safe.
    pub(super) async fn failed(&mut self) -> io::Error {
        let ended = match &mut self.ended {
            Some(ended) => ended.await,
            None => std::future::pending().await,
        };
        self.ended = None;
        match ended {
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => io::Error::other("the drawing thread has ended"),
        }
    }

    /// Restores the terminal; waits for it only for a short time, because the terminal may not read.
    pub(super) async fn close(self) {
        drop(self.views);
        let Some(ended) = self.ended else { return };
        if tokio::time::timeout(RESTORE_WITHIN, ended).await.is_err() {
            // The settings of the terminal can be restored without writing.
            let _ = disable_raw_mode();
        }
    }
}

fn show(views: &Receiver<Box<View>>) -> io::Result<()> {
    let mut start = Vec::new();
    queue!(start, EnterAlternateScreen, Hide)?;
    write_fully(&mut io::stdout(), &start)?;
    let mut terminal = Terminal::new(StdoutBackend::new())?;
    terminal.clear()?;
    for view in views {
        // A panic in another thread has restored the terminal.
        if !IS_SCREEN.load(Ordering::SeqCst) {
            return Err(io::Error::other("a part of the program has panicked"));
        }
        if view.is_redraw {
            terminal.clear()?;
        }
        terminal.draw(|frame| draw::screen(frame.buffer_mut(), &view))?;
    }
    Ok(())
}

/// Restores the terminal, unless it is restored already.
fn restore() {
    if !IS_SCREEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut end = Vec::new();
    // Writing to memory cannot fail; if the terminal cannot be written, nothing can be restored.
    let _ = queue!(end, LeaveAlternateScreen, Show);
    let _ = write_fully(&mut io::stdout(), &end);
    let _ = io::stdout().flush();
    let _ = disable_raw_mode();
}

/// Restores the terminal before the message of a panic is printed.
fn restore_on_panic() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        restore();
        print(info);
    }));
}
