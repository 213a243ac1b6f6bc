//! Latest states of orders or stop orders, by ID: open ones, and ended ones until their retention passes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::engine::Text;

/// The state of an order after a change.
#[derive(Debug, Clone)]
pub(crate) struct State<T> {
    /// Number of the change; a later change has a higher number.
    pub(crate) id: u64,
    pub(crate) time_ms: u64,
    /// `None` while the order is open.
    pub(crate) end: Option<End>,
    pub(crate) value: T,
}

/// The end of an order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// Time from which the order is in the list of ended orders.
    pub(crate) listed_ms: u64,
    /// Time until which the order is kept.
    pub(crate) kept_ms: u64,
}

/// All orders of one kind.
#[derive(Debug)]
pub(crate) struct States<T> {
    visible: HashMap<Text, State<T>>,
    open: HashSet<Text>,
    /// Ended orders by the number of their last change.
    ended: BTreeMap<u64, Text>,
    /// States that are not visible yet, by the time at which they will be, and their number.
    pending: BTreeMap<(u64, u64), (Text, State<T>)>,
    /// Time at which the newest pending state of an order becomes visible.
    due: HashMap<Text, u64>,
    capacity: usize,
}

impl<T> States<T> {
    /// Creates an empty collection that keeps at most `capacity` ended orders.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            visible: HashMap::new(),
            open: HashSet::new(),
            ended: BTreeMap::new(),
            pending: BTreeMap::new(),
            due: HashMap::new(),
            capacity,
        }
    }

    /// Adds a state that becomes visible at `visible_ms`, but not before the earlier states of its order.
    pub(crate) fn put(&mut self, key: Text, mut state: State<T>, visible_ms: u64) {
        let now_ms = state.time_ms;
        self.advance(now_ms);
        let earlier = self.due.get(&key).copied().unwrap_or(0);
        let visible_ms = visible_ms.max(earlier);
        if let Some(end) = &mut state.end {
            let delay = visible_ms.saturating_sub(now_ms);
            end.listed_ms = end.listed_ms.saturating_add(delay);
        }
        if visible_ms <= now_ms {
            return self.show(key, state);
        }
        self.due.insert(Arc::clone(&key), visible_ms);
        self.pending.insert((visible_ms, state.id), (key, state));
    }

    /// Makes the states visible that are due.
    pub(crate) fn advance(&mut self, now_ms: u64) {
        while let Some(first) = self.pending.first_entry() {
            let due_ms = first.key().0;
            if due_ms > now_ms {
                break;
            }
            let (key, state) = first.remove();
            if self.due.get(&key) == Some(&due_ms) {
                self.due.remove(&key);
            }
            self.show(key, state);
        }
    }

    fn show(&mut self, key: Text, state: State<T>) {
        match state.end {
            None => drop(self.open.insert(Arc::clone(&key))),
            Some(_) => {
                self.open.remove(&key);
                self.ended.insert(state.id, Arc::clone(&key));
            }
        }
        let now_ms = state.time_ms;
        self.visible.insert(key, state);
        while let Some((&id, oldest)) = self.ended.first_key_value() {
            let end = self.visible.get(oldest).and_then(|state| state.end);
            let outdated = end.is_none_or(|end| end.kept_ms < now_ms);
            if !outdated && self.ended.len() <= self.capacity {
                break;
            }
            if let Some(key) = self.ended.remove(&id) {
                self.visible.remove(&key);
            }
        }
    }

    /// Returns the open orders, latest change first.
    pub(crate) fn open(&self) -> Vec<&State<T>> {
        let states = self.open.iter().filter_map(|key| self.visible.get(key));
        let mut states: Vec<&State<T>> = states.collect();
        states.sort_unstable_by_key(|state| std::cmp::Reverse(state.id));
        states
    }

    /// Returns the ended orders that are listed and kept at this time, latest change first.
    pub(crate) fn ended(&self, now_ms: u64) -> impl Iterator<Item = &State<T>> {
        let keys = self.ended.values().rev();
        let states = keys.filter_map(|key| self.visible.get(key));
        states.filter(move |state| {
            let lists = |end: End| end.listed_ms <= now_ms && now_ms <= end.kept_ms;
            state.end.is_some_and(lists)
        })
    }

    /// Returns an order that is open or still kept.
    pub(crate) fn get(&self, key: &str, now_ms: u64) -> Option<&State<T>> {
        let state = self.visible.get(key)?;
        let kept = state.end.is_none_or(|end| now_ms <= end.kept_ms);
        kept.then_some(state)
    }

    /// Returns the newest order that matches, open or still kept.
    pub(crate) fn find(&self, now_ms: u64, matches: impl Fn(&T) -> bool) -> Option<&State<T>> {
        let states = self.visible.values();
        let kept = states.filter(|state| state.end.is_none_or(|end| now_ms <= end.kept_ms));
        kept.filter(|state| matches(&state.value))
            .max_by_key(|state| state.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(id: u64, time_ms: u64) -> State<&'static str> {
        State {
            id,
            time_ms,
            end: None,
            value: "open",
        }
    }

    fn ended(id: u64, time_ms: u64, gap_ms: u64) -> State<&'static str> {
        let end = End {
            listed_ms: time_ms + gap_ms,
            kept_ms: time_ms + 1_000,
        };
        State {
            end: Some(end),
            value: "ended",
            ..open(id, time_ms)
        }
    }

    fn lists(states: &mut States<&'static str>, now_ms: u64) -> (usize, usize) {
        states.advance(now_ms);
        (states.open().len(), states.ended(now_ms).count())
    }

    #[test]
    fn order_moves_between_lists_when_its_end_is_visible() {
        let mut states = States::new(10);
        states.put("a".into(), open(1, 0), 0);
        states.put("a".into(), ended(2, 10, 0), 50);
        assert_eq!(lists(&mut states, 49), (1, 0));
        assert_eq!(lists(&mut states, 50), (0, 1));
        assert!(states.get("a", 1_010).is_some());
        assert_eq!(lists(&mut states, 1_011), (0, 0));
        assert!(states.get("a", 1_011).is_none());
    }

    #[test]
    fn order_is_in_neither_list_during_its_gap() {
        let mut states = States::new(10);
        states.put("a".into(), open(1, 0), 0);
        states.put("a".into(), ended(2, 10, 30), 50);
        assert_eq!(lists(&mut states, 50), (0, 0));
        assert_eq!(lists(&mut states, 79), (0, 0));
        assert_eq!(lists(&mut states, 80), (0, 1));
    }

    #[test]
    fn states_of_one_order_become_visible_in_order() {
        let mut states = States::new(10);
        states.put("a".into(), open(1, 0), 100);
        states.put("a".into(), ended(2, 1, 0), 5);
        assert_eq!(lists(&mut states, 99), (0, 0));
        assert_eq!(lists(&mut states, 100), (0, 1));
        assert!(states.due.is_empty() && states.pending.is_empty());
    }

    #[test]
    fn ended_orders_are_bounded_and_open_ones_kept() {
        let mut states = States::new(3);
        states.put("open".into(), open(0, 0), 0);
        for id in 1..100 {
            states.put(Arc::from(id.to_string()), ended(id, 1, 0), 1);
        }
        assert_eq!(lists(&mut states, 1), (1, 3));
        assert_eq!((states.visible.len(), states.ended.len()), (4, 3));
        states.put("late".into(), ended(100, 2_000, 0), 2_000);
        assert_eq!(states.visible.len(), 2, "outdated orders are dropped");
    }
}
