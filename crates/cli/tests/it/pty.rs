//! A terminal for a command.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::rig::{Deadline, ends_soon};

/// A command whose stdout is a terminal, and stdin too if it reads keys.
pub(crate) struct Terminal {
    child: Child,
    screen: File,
    read: String,
    _deadline: Deadline,
}

impl Terminal {
    /// Starts a command; `size` is the columns and rows of its terminal.
    pub(crate) fn start(command: Command, size: (u16, u16)) -> Self {
        Self::with_stdin(command, size, |_| Stdio::null())
    }

    /// Starts a command that reads keys.
    pub(crate) fn start_with_keys(command: Command, size: (u16, u16)) -> Self {
        Self::with_stdin(command, size, |end| end.try_clone().unwrap().into())
    }

    fn with_stdin(
        mut command: Command,
        size: (u16, u16),
        stdin: impl FnOnce(&File) -> Stdio,
    ) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let path = ptsname(&screen, Vec::new()).unwrap();
        let end = File::options()
            .read(true)
            .write(true)
            .open(path.to_str().unwrap())
            .unwrap();
        let screen = File::from(screen);
        set_size(&screen, size);
        let child = command
            .stdin(stdin(&end))
            .stdout(end)
            .env("TERM", "xterm")
            .spawn()
            .unwrap();
        // Closes the last other file descriptor of the terminal.
        drop(command);
        Self {
            _deadline: Deadline::of(child.id()),
            child,
            screen,
            read: String::new(),
        }
    }

    /// Reads more output; returns `false` at the end.
    fn more(&mut self) -> bool {
        let mut bytes = [0; 64 * 1024];
        let mut count = match self.screen.read(&mut bytes) {
            Ok(0) | Err(_) => return false,
            Ok(count) => count,
        };
        // A character may be split between two reads.
        while let Err(error) = std::str::from_utf8(&bytes[..count]) {
            assert!(error.error_len().is_none(), "no UTF-8");
            count += self.screen.read(&mut bytes[count..count + 1]).unwrap();
        }
        self.read
            .push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        true
    }

    /// Reads until the output contains this text.
    pub(crate) fn until(&mut self, word: &str) {
        while !self.read.contains(word) {
            assert!(self.more(), "the command ended after {}", self.read);
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Forgets what was read, so that [`until`](Self::until) waits for new output.
    pub(crate) fn forget(&mut self) {
        self.read.clear();
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&self, size: (u16, u16)) {
        set_size(&self.screen, size);
    }

    /// Returns `true` if the terminal edits lines and shows what is typed, as for a shell.
    pub(crate) fn is_restored(&self) -> bool {
        let modes = tcgetattr(&self.screen).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Waits for the end; returns the exit status, whether the terminal is restored, and all output as it was written.
    pub(crate) fn end(mut self) -> (Option<i32>, bool, String) {
        while self.more() {}
        let status = self.child.wait().unwrap().code();
        let is_restored = self.is_restored();
        (status, is_restored, std::mem::take(&mut self.read))
    }

    /// Waits for the end without reading.
    pub(crate) fn ends_unread(&mut self) -> Option<i32> {
        ends_soon(&mut self.child)
    }

    /// Returns all output without colours.
    pub(crate) fn finish(mut self) -> String {
        while self.more() {}
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.read);
        let shown = self.read.replace('\r', "");
        let mut plain = String::new();
        for (at, piece) in shown.split("\u{1b}[").enumerate() {
            let text = match at {
                0 => piece,
                _ => piece.split_once('m').unwrap().1,
            };
            plain.push_str(text);
        }
        plain
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // If the test passed, it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_size(screen: &File, (columns, rows): (u16, u16)) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(screen, size).unwrap();
}
