//! Stdout, line by line: what is written shows at a flush.

use std::io::{self, BufWriter, Stdout, Write};

use serde::Serialize;

/// Writes lines to stdout.
pub(crate) struct Lines<W: Write = Stdout> {
    out: BufWriter<W>,
    /// Kept for its room.
    json: Vec<u8>,
}

impl Lines {
    pub(crate) fn to_stdout() -> Self {
        Self::to(io::stdout())
    }
}

impl<W: Write> Lines<W> {
    fn to(out: W) -> Self {
        Self {
            out: BufWriter::with_capacity(64 * 1024, out),
            json: Vec::new(),
        }
    }

    /// Writes a text, and ends its line.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Writes a value as JSON on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, value)?;
        // What an event keeps as it came may be spread over lines. Within JSON a bare line end is never more than
        // a blank, and one would break the line.
        for byte in &mut self.json {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        self.json.push(b'\n');
        self.out.write_all(&self.json)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use kucoin_streams::wire::json::Raw;

    use super::*;

    #[test]
    fn json_that_came_over_several_lines_is_written_on_one() {
        let mut lines = Lines::to(Vec::new());
        let raw = Raw::parse("{\"a\":\r\n  [1,\n2], \"b\": \"\\n\"}").unwrap();
        lines.json(&raw).unwrap();
        lines.text("end").unwrap();
        lines.flush().unwrap();
        assert_eq!(
            String::from_utf8_lossy(lines.out.get_ref()),
            "{\"a\":    [1, 2], \"b\": \"\\n\"}\nend\n"
        );
    }
}
