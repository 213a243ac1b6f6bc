//! Keys with a time: what was seen lately, and what is due when.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_core::Timestamp;

/// Values by key, each with a time by which it is dropped or due.
#[derive(Debug)]
pub(super) struct Timed<K, V> {
    values: BTreeMap<K, (Timestamp, V)>,
    order: BTreeSet<(Timestamp, K)>,
}

impl<K: Ord + Clone, V> Default for Timed<K, V> {
    fn default() -> Self {
        Self {
            values: BTreeMap::new(),
            order: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone, V> Timed<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.values.get_mut(key).map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, at: Timestamp, key: K, value: V) {
        self.remove(&key);
        self.order.insert((at, key.clone()));
        self.values.insert(key, (at, value));
    }

    /// Returns the value of the key, or a new one, with its time set to `at`.
    pub(super) fn touch(&mut self, at: Timestamp, key: K) -> Option<&mut V>
    where
        V: Default,
    {
        let value = self.remove(&key).unwrap_or_default();
        self.insert(at, key.clone(), value);
        self.get_mut(&key)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (at, value) = self.values.remove(key)?;
        self.order.remove(&(at, key.clone()));
        Some(value)
    }

    /// Removes and returns the first value of a time up to `now`.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<(K, V)> {
        self.first().filter(|at| *at <= now)?;
        self.pop()
    }

    /// Removes and returns the value of the first time if there are more than `max` values.
    pub(super) fn pop_over(&mut self, max: usize) -> Option<(K, V)> {
        (self.values.len() > max).then(|| self.pop())?
    }

    /// Returns the first time.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.values.keys()
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        let values = self.values.iter_mut();
        values.map(|(key, (_, value))| (key, value))
    }

    fn pop(&mut self) -> Option<(K, V)> {
        let (_, key) = self.order.pop_first()?;
        let (_, value) = self.values.remove(&key)?;
        Some((key, value))
    }
}

impl<K: Ord + Clone> Timed<K, ()> {
    /// Returns `true` if the key was seen since `now - memory`, and remembers it.
    pub(super) fn is_repeated(
        &mut self,
        key: K,
        now: Timestamp,
        memory: std::time::Duration,
        max: usize,
    ) -> bool {
        while self.pop_due(now - memory).is_some() {}
        while self.pop_over(max).is_some() {}
        if self.get(&key).is_some() {
            return true;
        }
        self.insert(now, key, ());
        false
    }
}
