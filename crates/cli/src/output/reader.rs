//! Notices that the reader of stdout is gone, without writing.

/// Blocks until the reader of stdout is gone, and returns true. Returns false for files and terminals, which have no
/// reader that can leave.
#[cfg(unix)]
pub(super) fn wait_until_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let Some(stdout) = pipe_of_stdout() else {
        return false;
    };
    // Linux reports both whatever is asked for, macOS only a hang-up that is asked for.
    let gone = PollFlags::HUP | PollFlags::ERR;
    loop {
        let mut watched = [PollFd::new(&stdout, gone)];
        match poll(&mut watched, None) {
            Ok(_) if watched[0].revents().intersects(gone) => return true,
            Err(Errno::INTR) => {}
            Ok(_) | Err(_) => return false,
        }
    }
}

#[cfg(unix)]
fn pipe_of_stdout() -> Option<std::fs::File> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;

    let stdout = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
    let stdout = std::fs::File::from(stdout);
    let kind = stdout.metadata().ok()?.file_type();
    (kind.is_fifo() || kind.is_socket()).then_some(stdout)
}

/// Not noticed here before the next write.
#[cfg(not(unix))]
pub(super) fn wait_until_gone() -> bool {
    false
}
