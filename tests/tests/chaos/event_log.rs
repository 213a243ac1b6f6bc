//! Timestamped log of a scenario, shown if the oracle finds a mismatch.

use std::sync::{Arc, Mutex};

use tokio::time::Instant;

#[derive(Clone)]
pub(crate) struct EventLog {
    began: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl EventLog {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            lines: Arc::default(),
        }
    }

    pub(crate) fn note(&self, what: String) {
        let at = self.began.elapsed().as_millis();
        self.lines
            .lock()
            .unwrap()
            .push(format!("{at:>8} ms  {what}"));
    }

    pub(crate) fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}
