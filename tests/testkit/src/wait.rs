//! Waits with a deadline: a test that hangs fails, and no test depends on the speed of the machine.

use std::future::Future;
use std::time::{Duration, Instant};

/// Time limit of every wait; no wait takes this long, even on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for a future, and panics after [`DEADLINE`].
pub async fn soon<F: Future>(future: F) -> F::Output {
    let outcome = tokio::time::timeout(DEADLINE, future).await;
    outcome.expect("must happen within a minute")
}

/// Blocks the thread until the function returns a value; panics after [`DEADLINE`].
#[track_caller]
pub fn until_some<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "must happen within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Blocks the thread until the condition is true; panics after [`DEADLINE`].
#[track_caller]
pub fn until(mut condition: impl FnMut() -> bool) {
    until_some(|| condition().then_some(()));
}
