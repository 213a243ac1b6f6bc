//! A bounded log of rows that happened once, such as fills; each row is visible after its delay.

use std::collections::VecDeque;

/// One row of a log.
#[derive(Debug, Clone)]
pub(crate) struct Row<T> {
    /// Number of the row; ids increase within a log.
    pub(crate) id: u64,
    /// Time of the event, not of its visibility.
    pub(crate) time_ms: u64,
    pub(crate) visible_ms: u64,
    pub(crate) value: T,
}

/// Rows in the order of their ids; the oldest are dropped by age and by number.
#[derive(Debug)]
pub(crate) struct Log<T> {
    rows: VecDeque<Row<T>>,
    keep_ms: u64,
    capacity: usize,
}

impl<T> Log<T> {
    pub(crate) fn new(keep_ms: u64, capacity: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            keep_ms,
            capacity: capacity.max(1),
        }
    }

    pub(crate) fn push(&mut self, row: Row<T>) {
        let oldest = row.time_ms.saturating_sub(self.keep_ms);
        while self.rows.len() >= self.capacity || self.starts_before(oldest) {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
    }

    fn starts_before(&self, time_ms: u64) -> bool {
        self.rows.front().is_some_and(|row| row.time_ms < time_ms)
    }

    /// Returns all rows, newest first, also those that are not visible yet.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Row<T>> {
        self.rows.iter().rev()
    }

    /// Returns the rows that are visible and within the retention, newest first.
    pub(crate) fn newest(&self, now_ms: u64) -> impl Iterator<Item = &Row<T>> {
        self.newest_within(now_ms, self.keep_ms)
    }

    /// Like [`newest`](Self::newest), with a shorter retention.
    pub(crate) fn newest_within(&self, now_ms: u64, keep_ms: u64) -> impl Iterator<Item = &Row<T>> {
        let oldest = now_ms.saturating_sub(keep_ms.min(self.keep_ms));
        let rows = self.rows.iter().rev();
        rows.take_while(move |row| row.time_ms >= oldest)
            .filter(move |row| row.visible_ms <= now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64, time_ms: u64, visible_ms: u64) -> Row<()> {
        Row {
            id,
            time_ms,
            visible_ms,
            value: (),
        }
    }

    fn ids(log: &Log<()>, now_ms: u64) -> Vec<u64> {
        log.newest(now_ms).map(|row| row.id).collect()
    }

    #[test]
    fn row_is_visible_after_its_delay_and_until_its_age() {
        let mut log = Log::new(1_000, 10);
        log.push(row(1, 100, 500));
        log.push(row(2, 200, 200));
        assert_eq!(ids(&log, 499), [2]);
        assert_eq!(ids(&log, 500), [2, 1]);
        assert_eq!(ids(&log, 1_100), [2, 1]);
        assert_eq!(ids(&log, 1_101), [2]);
        log.push(row(3, 1_150, 1_150));
        assert_eq!(log.rows.len(), 2, "an outdated row is dropped");
    }

    #[test]
    fn log_keeps_at_most_its_capacity() {
        let mut log = Log::new(u64::MAX, 3);
        (0..100).for_each(|id| log.push(row(id, id, id)));
        assert_eq!(ids(&log, 100), [99, 98, 97]);
    }
}
