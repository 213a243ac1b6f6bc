//! A buffer of output lines: text or JSON.

use kucoin_streams::core::TimeFormat;
use serde::Serialize;

use super::json_text;

/// Number of buffered bytes at which the buffer should be written.
const WRITE_BYTES: usize = 64 * 1024;

/// Output lines that are not written yet.
#[derive(Debug)]
pub(crate) struct LineBuffer {
    bytes: Vec<u8>,
    times: TimeFormat,
}

impl LineBuffer {
    /// Creates an empty buffer; `times` is the format of times in JSON.
    pub(crate) fn new(times: TimeFormat) -> Self {
        let bytes = Vec::new();
        Self { bytes, times }
    }

    /// Adds a text as a line.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(b'\n');
    }

    /// Adds a value as JSON on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> serde_json::Result<()> {
        let start = self.bytes.len();
        let write = || serde_json::to_writer(&mut self.bytes, value);
        if let Err(error) = self.times.scope(write) {
            self.bytes.truncate(start);
            return Err(error);
        }
        json_text::rewrite(&mut self.bytes, start);
        self.bytes.push(b'\n');
        Ok(())
    }

    /// Returns `true` if the buffer is large enough to be written.
    pub(crate) fn should_write(&self) -> bool {
        self.bytes.len() >= WRITE_BYTES
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use kucoin_streams::core::Raw;

    use super::*;

    #[test]
    fn json_over_several_lines_is_written_on_one() {
        let mut lines = LineBuffer::new(TimeFormat::Nanoseconds);
        let raw = Raw::parse("{\"a\":\r\n  [1,\n2], \"b\": \"\\n\"}").unwrap();
        lines.json(&raw).unwrap();
        lines.text("end");
        assert_eq!(
            String::from_utf8_lossy(lines.bytes()),
            "{\"a\":    [1, 2], \"b\": \"\\n\"}\nend\n"
        );
    }
}
