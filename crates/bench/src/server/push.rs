//! Prebuilt frames, and the modes in which they are pushed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::connection::{Connection, message};
use crate::frames::{self, Kind};

/// Maximum size of one write.
const MAX_WRITE: usize = 64 * 1024;

/// Pause between frames that are pushed one by one: longer than any contender needs for one frame.
const PAUSE: Duration = Duration::from_micros(60);

/// WebSocket frames in one buffer.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// End of each frame in `bytes`.
    ends: Vec<usize>,
    /// Offset of the time digits in each frame.
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

    /// Pushes all frames in one of the modes `batched`, `one_by_one` and `rate:N`.
    ///
    /// `rate:N` pushes N frames per second, each with the time of its write.
    pub(super) fn push(&mut self, connections: &[Arc<Connection>], mode: &str) {
        let pushed = match (connections, mode) {
            ([connection], "batched") => self.batched(connection),
            ([connection], "one_by_one") => self.one_by_one(connection),
            ([connection], _) => {
                let rate = mode
                    .strip_prefix("rate:")
                    .and_then(|rate| rate.parse().ok());
                self.at_rate(connection, rate.expect("a known push mode"))
            }
            ([], _) => Ok(()),
            (many, _) => self.spread(many),
        };
        if let Err(error) = pushed {
            eprintln!("the client disconnected: {error}");
        }
    }

    fn batched(&self, connection: &Connection) -> std::io::Result<()> {
        let (mut begin, mut end) = (0, 0);
        for &next in &self.ends {
            if next - begin > MAX_WRITE {
                connection.write(&self.bytes[begin..end])?;
                begin = end;
            }
            end = next;
        }
        connection.write(&self.bytes[begin..])
    }

    fn one_by_one(&self, connection: &Connection) -> std::io::Result<()> {
        let mut begin = 0;
        for &end in &self.ends {
            connection.write(&self.bytes[begin..end])?;
            begin = end;
            std::thread::sleep(PAUSE);
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

    /// Pushes to each connection the frames of its subscribed symbols, in batches.
    fn spread(&self, connections: &[Arc<Connection>]) -> std::io::Result<()> {
        let mut connection_of = HashMap::new();
        for (index, connection) in connections.iter().enumerate() {
            let topics = connection
                .topics
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            for topic in topics.iter() {
                connection_of.insert(
                    topic.rsplit(':').next().unwrap_or_default().to_owned(),
                    index,
                );
            }
        }
        let owners: Vec<_> = (0..self.symbols)
            .map(|symbol| {
                connection_of
                    .get(&frames::symbol(symbol))
                    .copied()
                    .unwrap_or(0)
            })
            .collect();
        let mut batches = vec![Vec::new(); connections.len()];
        let mut begin = 0;
        for (number, &end) in self.ends.iter().enumerate() {
            let owner = owners[number % owners.len()];
            let batch: &mut Vec<u8> = &mut batches[owner];
            if batch.len() + end - begin > MAX_WRITE {
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
