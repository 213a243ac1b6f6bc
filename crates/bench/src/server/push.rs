//! Frames made ready before they are asked for, and the ways in which they are pushed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::connection::{Connection, message};
use crate::frames::{self, Kind};

/// As much as one write takes.
const WRITE: usize = 64 * 1024;

/// Between two frames that are to be read one by one: longer than any client here needs for one.
const APART: Duration = Duration::from_micros(60);

/// Frames with their heads, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    /// Where the digits of its time begin, counted from its own beginning.
    stamps: Vec<usize>,
    symbols: u32,
}

impl Frames {
    pub(super) fn build(kind: Kind, count: u64) -> Self {
        let mut built = Self::default();
        let mut text = String::new();
        let opcode = if kind.is_binary() { 2 } else { 1 };
        for number in 0..count {
            text.clear();
            frames::write(kind, number, &mut text);
            let frame = message(opcode, text.as_bytes());
            let head = frame.len() - text.len();
            let mark = kind
                .stamp()
                .and_then(|mark| Some(text.rfind(mark)? + mark.len()));
            built.stamps.extend(mark.map(|at| at + head));
            built.bytes.extend_from_slice(&frame);
            built.ends.push(built.bytes.len());
        }
        if let Kind::SymbolOrder(symbols) = kind {
            built.symbols = symbols;
        }
        built
    }

    /// Pushes them all: `batched`, `alone`, or `rate:N` with so many a second, each with the time of its write in it.
    pub(super) fn push(&mut self, connections: &[Arc<Connection>], how: &str) {
        let pushed = match (connections, how) {
            ([connection], "batched") => self.batched(connection),
            ([connection], "alone") => self.alone(connection),
            ([connection], _) => {
                let rate = how.strip_prefix("rate:").and_then(|rate| rate.parse().ok());
                self.at_rate(connection, rate.expect("a known way to push"))
            }
            ([], _) => Ok(()),
            (many, _) => self.spread(many),
        };
        if let Err(error) = pushed {
            eprintln!("the client went away: {error}");
        }
    }

    fn batched(&self, connection: &Connection) -> std::io::Result<()> {
        let (mut begin, mut end) = (0, 0);
        for &next in &self.ends {
            if next - begin > WRITE {
                connection.write(&self.bytes[begin..end])?;
                begin = end;
            }
            end = next;
        }
        connection.write(&self.bytes[begin..])
    }

    fn alone(&self, connection: &Connection) -> std::io::Result<()> {
        let mut begin = 0;
        for &end in &self.ends {
            connection.write(&self.bytes[begin..end])?;
            begin = end;
            std::thread::sleep(APART);
        }
        Ok(())
    }

    fn at_rate(&mut self, connection: &Connection, rate: u32) -> std::io::Result<()> {
        let apart = Duration::from_secs(1) / rate;
        let mut due = Instant::now();
        let mut begin = 0;
        for (&end, &stamp) in self.ends.iter().zip(&self.stamps) {
            due += apart;
            while let Some(left) = due.checked_duration_since(Instant::now()) {
                match left > Duration::from_micros(200) {
                    true => std::thread::sleep(left - Duration::from_micros(100)),
                    false => std::hint::spin_loop(),
                }
            }
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let digits = now.as_nanos().to_string();
            self.bytes[begin + stamp..begin + stamp + 19].copy_from_slice(digits.as_bytes());
            connection.write(&self.bytes[begin..end])?;
            begin = end;
        }
        Ok(())
    }

    /// To each connection the frames of the symbols that it subscribed to, in batches.
    fn spread(&self, connections: &[Arc<Connection>]) -> std::io::Result<()> {
        let mut of_symbol = HashMap::new();
        for (index, connection) in connections.iter().enumerate() {
            let topics = connection
                .topics
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for topic in topics.iter() {
                of_symbol.insert(
                    topic.rsplit(':').next().unwrap_or_default().to_owned(),
                    index,
                );
            }
        }
        let owners: Vec<_> = (0..self.symbols)
            .map(|symbol| of_symbol.get(&frames::symbol(symbol)).copied().unwrap_or(0))
            .collect();
        let mut batches = vec![Vec::new(); connections.len()];
        let mut begin = 0;
        for (number, &end) in self.ends.iter().enumerate() {
            let owner = owners[number % owners.len()];
            let batch: &mut Vec<u8> = &mut batches[owner];
            if batch.len() + end - begin > WRITE {
                connections[owner].write(batch)?;
                batch.clear();
            }
            batch.extend_from_slice(&self.bytes[begin..end]);
            begin = end;
        }
        for (batch, connection) in batches.iter().zip(connections) {
            connection.write(batch)?;
        }
        Ok(())
    }
}
