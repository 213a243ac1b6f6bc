//! Reads recorded frames line by line from a file or stdin, with limited memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::exit::CommandError;

/// Maximum length of a line in bytes; KuCoin's frames have a few kilobytes.
const MAX_LINE: usize = 16 * 1024 * 1024;

const UTF8_BOM: &[u8] = "\u{feff}".as_bytes();

/// The input: a file or stdin.
pub(super) struct Input {
    source: BufReader<Box<dyn Read>>,
    /// Name of the input in error messages.
    name: String,
    line: Vec<u8>,
    is_first: bool,
}

/// A line without its line ending.
pub(super) enum InputLine<'l> {
    Whole(&'l [u8]),
    /// A line that is too long: its first 1024 bytes, and its length in bytes.
    TooLong(&'l [u8], usize),
}

impl Input {
    /// Opens a file, or stdin for `None` and `-`.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, CommandError> {
        let (source, name): (Box<dyn Read>, String) = match file {
            None => (Box::new(io::stdin()), "stdin".to_owned()),
            Some(path) if path.as_os_str() == "-" => (Box::new(io::stdin()), "stdin".to_owned()),
            Some(path) => {
                let name = path.display().to_string();
                if path.is_dir() {
                    return Err(CommandError::usage(format!(
                        "cannot read {name}: it is a directory; give a file of frames"
                    )));
                }
                let file = File::open(path)
                    .map_err(|error| CommandError::usage(format!("cannot read {name}: {error}")))?;
                (Box::new(file), name)
            }
        };
        Ok(Self {
            source: BufReader::with_capacity(64 * 1024, source),
            name,
            line: Vec::new(),
            is_first: true,
        })
    }

    /// Returns `true` if a whole line is buffered, so that reading it does not block.
    pub(super) fn has_line(&self) -> bool {
        self.source.buffer().contains(&b'\n')
    }

    /// Returns the next line that is not blank; `None` at the end of the input.
    pub(super) fn next(&mut self) -> Result<Option<InputLine<'_>>, CommandError> {
        loop {
            self.line.clear();
            let length = self.read_line().map_err(|error| {
                CommandError::other(format!("cannot read {}: {error}", self.name))
            })?;
            if length == 0 {
                return Ok(None);
            }
            if std::mem::take(&mut self.is_first) {
                self.check_encoding()?;
            }
            if length > self.line.len() {
                return Ok(Some(InputLine::TooLong(&self.line[..1024], length)));
            }
            if !strip_line(&self.line).trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some(InputLine::Whole(strip_line(&self.line))))
    }

    /// Reads a line with its line ending and returns its length. Keeps only the first [`MAX_LINE`] bytes.
    fn read_line(&mut self) -> io::Result<usize> {
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let mut length = (&mut self.source)
            .take(limit)
            .read_until(b'\n', &mut self.line)?;
        while length >= MAX_LINE && self.line.last() != Some(&b'\n') {
            let rest = self.source.fill_buf()?;
            let end = rest.iter().position(|byte| *byte == b'\n');
            let skipped = end.map_or(rest.len(), |end| end + 1);
            self.source.consume(skipped);
            length += skipped;
            if end.is_some() || skipped == 0 {
                break;
            }
        }
        Ok(length)
    }

    /// Returns an error if the first line shows that the input is not UTF-8 text.
    fn check_encoding(&self) -> Result<(), CommandError> {
        let name = &self.name;
        let Some(encoding) = other_encoding(&self.line) else {
            return Ok(());
        };
        Err(CommandError::usage(match encoding {
            Encoding::Unicode(encoding) => format!(
                "{name} is {encoding}, not UTF-8; convert it with `iconv -f {encoding} -t UTF-8`, or write it with \
                 `-Encoding utf8` in PowerShell"
            ),
            Encoding::Gzip => {
                format!("{name} is compressed; use `gunzip -c FILE | kucoin-streams decode`")
            }
            Encoding::Binary => format!("{name} is not text: its first line contains a zero byte"),
        }))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Encoding {
    /// UTF-16 or UTF-32, with the name of the encoding for `iconv`.
    Unicode(&'static str),
    Gzip,
    Binary,
}

/// Detects the encoding from the first bytes; `None` for UTF-8. JSON starts with an ASCII character.
fn other_encoding(start: &[u8]) -> Option<Encoding> {
    Some(match start {
        [0xFF, 0xFE, 0, 0, ..] | [1..=255, 0, 0, 0, ..] => Encoding::Unicode("UTF-32LE"),
        [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, 1..=255, ..] => Encoding::Unicode("UTF-32BE"),
        [0xFF, 0xFE, ..] | [1..=255, 0, 1..=255, 0, ..] | [1..=255, 0] => {
            Encoding::Unicode("UTF-16LE")
        }
        [0xFE, 0xFF, ..] | [0, 1..=255, 0, 1..=255, ..] | [0, 1..=255] => {
            Encoding::Unicode("UTF-16BE")
        }
        [0x1F, 0x8B, ..] => Encoding::Gzip,
        _ if start.contains(&0) => Encoding::Binary,
        _ => return None,
    })
}

/// Removes the line ending and any byte order mark.
///
/// Concatenated files also have byte order marks inside.
fn strip_line(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(UTF8_BOM).unwrap_or(line);
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_detected_with_and_without_a_bom() {
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let utf16_be =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
        let utf32 = |text: &str| -> Vec<u8> {
            text.chars()
                .flat_map(|it| u32::from(it).to_le_bytes())
                .collect()
        };
        for (bytes, expected) in [
            (utf16("\u{feff}{}"), Some(Encoding::Unicode("UTF-16LE"))),
            (utf16("{}"), Some(Encoding::Unicode("UTF-16LE"))),
            (utf16("\r\n")[..3].to_vec(), Some(Encoding::Binary)),
            (utf16_be("\u{feff}{}"), Some(Encoding::Unicode("UTF-16BE"))),
            (utf16_be("{}"), Some(Encoding::Unicode("UTF-16BE"))),
            (utf32("\u{feff}{"), Some(Encoding::Unicode("UTF-32LE"))),
            (utf32("{}"), Some(Encoding::Unicode("UTF-32LE"))),
            (vec![0x1F, 0x8B, 8, 0], Some(Encoding::Gzip)),
            (b"\x7fELF\x02\x01\x00".to_vec(), Some(Encoding::Binary)),
            ("\u{feff}{\"a\":\"é\"}".into(), None),
            (b"{}".to_vec(), None),
            (b"\n".to_vec(), None),
        ] {
            assert_eq!(other_encoding(&bytes), expected, "{bytes:?}");
        }
    }
}
