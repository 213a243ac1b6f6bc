//! Assignment of topics to connections, with as few connections as the topic limit allows.

use std::collections::{BTreeMap, HashMap, HashSet};

use kucoin_streams_core::Request;

/// Assigns the topics of one account to numbered connections of one kind.
///
/// Connections are numbered from 0.
///
/// A topic stays on the connection that already has it, so equal topics share one wire subscription. The other topics
/// of a subscription go together to the first connection with room for all of them, or to a new connection. They are
/// spread over several connections only if they exceed the limit of one.
#[derive(Debug)]
pub struct Placement<R> {
    /// Maximum number of topics per connection.
    limit: usize,
    /// Topics by connection, each with its number of subscriptions.
    connections: BTreeMap<u32, HashMap<R, usize>>,
}

impl<R: Request> Placement<R> {
    /// Creates a placement without connections.
    ///
    /// `limit` is the maximum number of topics per connection (minimum 1); `None` means no limit.
    pub fn new(limit: Option<u32>) -> Self {
        Self {
            limit: limit.map_or(usize::MAX, |limit| (limit as usize).max(1)),
            connections: BTreeMap::new(),
        }
    }

    /// Returns the numbers of the connections.
    pub fn connections(&self) -> impl Iterator<Item = u32> {
        self.connections.keys().copied()
    }

    /// Adds a connection without topics, and returns its number: the lowest free number.
    pub fn add(&mut self) -> u32 {
        let is_free = |number: &u32| !self.connections.contains_key(number);
        let number = (0..).find(is_free).unwrap_or_default();
        self.connections.insert(number, HashMap::new());
        number
    }

    /// Removes a closed connection and its topics.
    pub fn remove(&mut self, number: u32) {
        self.connections.remove(&number);
    }

    /// Assigns the topics of a subscription to connections, and adds connections if needed.
    ///
    /// Each topic is counted until it is [released](Self::release).
    pub fn place(&mut self, mut requests: Vec<R>) -> Vec<(u32, Vec<R>)> {
        let mut seen = HashSet::new();
        requests.retain(|request| seen.insert(request.clone()));
        let mut placed: BTreeMap<u32, Vec<R>> = BTreeMap::new();
        requests.retain(|request| {
            let mut known = self.connections.iter();
            let current = known.find(|(_, topics)| topics.contains_key(request));
            if let Some((number, _)) = current {
                placed.entry(*number).or_default().push(request.clone());
            }
            current.is_none()
        });
        let count = requests.len();
        let mut numbers: Vec<u32> = self.connections().collect();
        let whole = numbers
            .iter()
            .position(|&number| self.room(number) >= count);
        match whole {
            Some(at) => numbers.drain(..at),
            // A new connection has room for all.
            None if count <= self.limit => numbers.drain(..),
            None => numbers.drain(..0),
        };
        let mut numbers = numbers.into_iter();
        let mut left = requests.into_iter().peekable();
        while left.peek().is_some() {
            let number = numbers.next().unwrap_or_else(|| self.add());
            let room = self.room(number);
            let share = placed.entry(number).or_default();
            share.extend(left.by_ref().take(room));
        }
        placed.retain(|_, requests| !requests.is_empty());
        for (number, requests) in &placed {
            let topics = self.connections.entry(*number).or_default();
            for request in requests {
                *topics.entry(request.clone()).or_default() += 1;
            }
        }
        placed.into_iter().collect()
    }

    /// Releases topics of a subscription on a connection. Returns `true` if the connection can be closed.
    ///
    /// This is the case if the connection has no topics left and is not connection 0: it is then removed. Connection 0
    /// is kept for the next subscription.
    pub fn release(&mut self, number: u32, requests: &[R]) -> bool {
        let Some(topics) = self.connections.get_mut(&number) else {
            return false;
        };
        for request in requests {
            if let Some(count) = topics.get_mut(request) {
                *count -= 1;
                if *count == 0 {
                    topics.remove(request);
                }
            }
        }
        let is_unused = topics.is_empty() && number > 0;
        if is_unused {
            self.connections.remove(&number);
        }
        is_unused
    }

    /// Returns the number of topics for which a connection has room.
    fn room(&self, number: u32) -> usize {
        let used = self.connections.get(&number).map_or(0, HashMap::len);
        self.limit.saturating_sub(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(range: std::ops::Range<u32>) -> Vec<u32> {
        range.collect()
    }

    #[test]
    fn topics_share_a_connection_until_it_is_full() {
        let mut placement = Placement::new(Some(4));
        assert_eq!(placement.place(topics(0..3)), [(0, topics(0..3))]);
        // Connection 0 has room for one only.
        assert_eq!(placement.place(topics(3..5)), [(1, topics(3..5))]);
        assert_eq!(placement.place(topics(5..6)), [(0, topics(5..6))]);
        assert_eq!(placement.place(topics(6..7)), [(1, topics(6..7))]);
    }

    #[test]
    fn topic_stays_on_its_connection() {
        let mut placement = Placement::new(Some(2));
        placement.place(topics(0..2));
        placement.place(topics(2..4));
        assert_eq!(
            placement.place(vec![3, 0, 9]),
            [(0, vec![0]), (1, vec![3]), (2, vec![9])]
        );
    }

    #[test]
    fn topics_over_the_limit_are_spread_over_connections() {
        let mut placement = Placement::new(Some(3));
        placement.place(topics(0..2));
        let spread = placement.place(topics(10..15));
        assert_eq!(spread, [(0, vec![10]), (1, topics(11..14)), (2, vec![14])]);
        assert_eq!(Placement::new(None).place(topics(0..1_000)).len(), 1);
        assert_eq!(
            Placement::new(Some(0)).place(topics(0..2)).len(),
            2,
            "a limit of 0 counts as 1"
        );
    }

    #[test]
    fn further_connection_is_released_with_its_last_topic() {
        let mut placement = Placement::new(Some(1));
        placement.place(vec![1, 2]);
        placement.place(vec![2]);
        assert!(
            !placement.release(1, &[2]),
            "another subscription has the topic"
        );
        assert!(placement.release(1, &[2]));
        assert!(!placement.release(1, &[2]), "it is removed");
        assert!(!placement.release(0, &[1]), "connection 0 is kept");
        assert_eq!(placement.connections().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn number_of_a_removed_connection_is_reused() {
        let mut placement = Placement::new(Some(1));
        placement.place(vec![1, 2, 3]);
        placement.remove(1);
        assert_eq!(placement.place(vec![4]), [(1, vec![4])]);
    }

    #[test]
    fn equal_topics_of_one_subscription_count_once() {
        let mut placement = Placement::new(Some(2));
        assert_eq!(placement.place(vec![1, 1, 2]), [(0, vec![1, 2])]);
        assert!(!placement.release(0, &[1, 2]));
        assert_eq!(placement.place(topics(5..7)), [(0, topics(5..7))]);
    }
}
