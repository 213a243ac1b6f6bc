//! The help: keys, and what the marks mean.

use ratatui_core::buffer::Buffer;

use super::palette::{Palette, Tone};
use super::put;

const LINES: &[(&str, &str)] = &[
    ("q, Esc, Ctrl-C", "quit"),
    ("1 to 5", "orders, positions, balances, history, events"),
    ("Tab, Shift-Tab", "next and previous list"),
    ("Up, Down, PgUp, PgDn", "scroll the list"),
    ("Home, End", "first and last row"),
    ("?", "show or hide this help"),
    ("", ""),
    (
        "live",
        "the numbers are those of KuCoin, as of the last event",
    ),
    ("recovering", "what was missed is being fetched over REST"),
    ("stale", "the numbers are old, or something is missing"),
    (
        "? before a row",
        "its part is not live: the numbers may be old",
    ),
    ("/s", "events per second, over the last 3 seconds"),
    ("+15", "events that were missed and recovered"),
    (
        "p50 p99 ms ±",
        "latency of pushes, and the error of the clock offset",
    ),
];

pub(super) fn draw(buffer: &mut Buffer, first: u16, end: u16, palette: &Palette) {
    for ((key, meaning), y) in LINES.iter().zip(first..end) {
        put(buffer, 2, y, key, palette.style(Tone::Bold));
        put(buffer, 25, y, meaning, palette.style(Tone::Plain));
    }
}
