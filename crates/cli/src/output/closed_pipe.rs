//! Detects that the reader of stdout closed the pipe, without writing.

/// Blocks until the reader of stdout closes the pipe, then returns `true`.
///
/// Returns `false` if stdout is not a pipe or socket.
#[cfg(unix)]
pub(super) fn wait_until_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let Some(stdout) = stdout_pipe() else {
        return false;
    };
    // Linux always reports both; macOS reports only requested events.
    let closed = PollFlags::HUP | PollFlags::ERR;
    loop {
        let mut watched = [PollFd::new(&stdout, closed)];
        match poll(&mut watched, None) {
            Ok(_) if watched[0].revents().intersects(closed) => return true,
            Err(Errno::INTR) => {}
            Ok(_) | Err(_) => return false,
        }
    }
}

#[cfg(unix)]
fn stdout_pipe() -> Option<std::fs::File> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;

    let stdout = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
    let stdout = std::fs::File::from(stdout);
    let kind = stdout.metadata().ok()?.file_type();
    (kind.is_fifo() || kind.is_socket()).then_some(stdout)
}

/// Returns `false`: on this platform a closed pipe is not detected, and the next write fails instead.
#[cfg(not(unix))]
pub(super) fn wait_until_closed() -> bool {
    false
}
