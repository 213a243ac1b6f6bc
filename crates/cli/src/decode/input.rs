//! Captured frames as lines: from a file or stdin, whatever ends a line, and never more of one than fits in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::exit::Failed;

/// The longest line that is decoded; KuCoin's frames have some kilobytes.
const LONGEST: usize = 16 * 1024 * 1024;

const UTF_8_MARK: &[u8] = "\u{feff}".as_bytes();

/// A source of lines.
pub(super) struct Input {
    source: BufReader<Box<dyn Read>>,
    /// What it is called in errors.
    name: String,
    line: Vec<u8>,
    is_first: bool,
}

/// A line without what ends it.
pub(super) enum Line<'l> {
    Whole(&'l [u8]),
    /// Its beginning, and the number of bytes that it has.
    TooLong(&'l [u8], usize),
}

impl Input {
    /// Opens a file, or stdin for none and for `-`.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, Failed> {
        let (source, name): (Box<dyn Read>, String) = match file {
            None => (Box::new(io::stdin()), "stdin".to_owned()),
            Some(path) if path.as_os_str() == "-" => (Box::new(io::stdin()), "stdin".to_owned()),
            Some(path) => {
                let name = path.display().to_string();
                if path.is_dir() {
                    return Err(Failed::usage(format!(
                        "cannot read {name}: it is a folder; name a file of frames in it"
                    )));
                }
                let file = File::open(path)
                    .map_err(|error| Failed::usage(format!("cannot read {name}: {error}")))?;
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

    /// Whether the next line can be read without waiting.
    pub(super) fn has_line(&self) -> bool {
        self.source.buffer().contains(&b'\n')
    }

    /// The next line that is not blank; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, Failed> {
        loop {
            self.line.clear();
            let length = self
                .read_line()
                .map_err(|error| Failed::other(format!("cannot read {}: {error}", self.name)))?;
            if length == 0 {
                return Ok(None);
            }
            if std::mem::take(&mut self.is_first) {
                self.check_encoding()?;
            }
            if length > self.line.len() {
                return Ok(Some(Line::TooLong(&self.line[..1024], length)));
            }
            if !text_of(&self.line).trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some(Line::Whole(text_of(&self.line))))
    }

    /// Reads a line with its end; of a longer one than [`LONGEST`] only the beginning is kept. Returns its length.
    fn read_line(&mut self) -> io::Result<usize> {
        let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        let mut length = (&mut self.source)
            .take(limit)
            .read_until(b'\n', &mut self.line)?;
        while length >= LONGEST && self.line.last() != Some(&b'\n') {
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

    /// Frames are UTF-8. A first line that cannot be tells what the file is instead.
    fn check_encoding(&self) -> Result<(), Failed> {
        let name = &self.name;
        let Some(encoding) = other_encoding(&self.line) else {
            return Ok(());
        };
        Err(Failed::usage(match encoding {
            Encoding::Unicode(encoding) => format!(
                "{name} is {encoding}, not UTF-8; convert it with `iconv -f {encoding} -t UTF-8`, or write it with \
                 `-Encoding utf8` in PowerShell"
            ),
            Encoding::Gzip => {
                format!("{name} is compressed; pipe `gunzip -c` of it into `kucoin-streams decode`")
            }
            Encoding::Binary => format!("{name} is not text, as its first line has a zero byte"),
        }))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Encoding {
    /// By the name that `iconv` has for it.
    Unicode(&'static str),
    Gzip,
    Binary,
}

/// What bytes at the beginning of a file are, if they are not UTF-8. JSON begins with a letter of ASCII.
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

/// A line without its end, and without a byte order mark, which files that were joined have inside too.
fn text_of(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(UTF_8_MARK).unwrap_or(line);
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_recognised_with_and_without_a_mark() {
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
