//! The top of the screen: connections, trust in each part, margin.

use std::time::Duration;

use kucoin_streams::{AccountPart, AccountState, StaleReason, Timestamp, Trust, WsKey};
use ratatui_core::buffer::Buffer;

use super::palette::{Palette, Tone};
use super::put;
use super::table::compact;
use crate::output::{margin_text, safe, short_name, time_of_day};
use crate::top::view::{ConnectionStatus, ConnectionView, Latency, View};

/// Number of reasons why a part is not live that are shown.
const MAX_REASONS: usize = 2;

/// Columns from which on all figures of a connection fit.
const WIDE: u16 = 100;

/// Returns the number of lines of the header.
pub(super) fn height(view: &View) -> u16 {
    let state = view.state.as_ref().map_or(0, |state| {
        let margin = usize::from(!margin_text(&state.margin()).is_empty());
        1 + reasons(state).len() + margin
    });
    let lines = 1 + view.connections.len() + state;
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// Draws the header.
pub(super) fn draw(buffer: &mut Buffer, view: &View, palette: &Palette) {
    title(buffer, view, palette);
    let mut y = 1;
    for connection in &view.connections {
        draw_connection(buffer, y, connection, view.now, palette);
        y += 1;
    }
    let Some(state) = &view.state else { return };
    draw_trust(buffer, y, state, palette);
    y += 1;
    for reason in reasons(state) {
        put(buffer, 1, y, &reason, palette.style(Tone::Warn));
        y += 1;
    }
    let margin = margin_text(&state.margin());
    let tone = match state.margin().is_live() {
        true => Tone::Plain,
        false => Tone::Dim,
    };
    if !margin.is_empty() {
        let x = put(buffer, 1, y, "margin ", palette.style(Tone::Dim));
        put(buffer, x, y, &margin, palette.style(tone));
    }
}

fn title(buffer: &mut Buffer, view: &View, palette: &Palette) {
    let x = put(
        buffer,
        1,
        0,
        "kucoin-streams top",
        palette.style(Tone::Bold),
    );
    put(
        buffer,
        x + 2,
        0,
        &safe(&view.title),
        palette.style(Tone::Plain),
    );
    let mut time = time_of_day(view.now);
    time.truncate("00:00:00".len());
    let time = format!("{time} UTC");
    let x = buffer
        .area
        .width
        .saturating_sub(u16::try_from(time.len()).unwrap_or(0) + 1);
    put(buffer, x, 0, &time, palette.style(Tone::Dim));
}

fn draw_connection(
    buffer: &mut Buffer,
    y: u16,
    connection: &ConnectionView,
    now: Timestamp,
    palette: &Palette,
) {
    let name = format!("{:<8}", short_name(connection.ws_key));
    let x = put(buffer, 1, y, &name, palette.style(Tone::Bold));
    let (tone, text) = match &connection.status {
        ConnectionStatus::Connecting => (Tone::Warn, "connecting".to_owned()),
        ConnectionStatus::Connected => (Tone::Good, "connected".to_owned()),
        ConnectionStatus::Reconnecting {
            attempt,
            next_at,
            cause,
        } => {
            let wait = next_at.duration_since(now).as_secs_f64();
            let when = match wait > 0.0 {
                true => format!("attempt {attempt} in {wait:.1} s"),
                false => format!("attempt {attempt}"),
            };
            (Tone::Alarm, format!("reconnecting, {when}: {cause}"))
        }
        ConnectionStatus::Closed { reason } => (Tone::Alarm, format!("closed: {reason}")),
    };
    let x = put(buffer, x, y, &safe(&text), palette.style(tone));
    if connection.status == ConnectionStatus::Connected {
        let is_wide = buffer.area.width >= WIDE;
        let figures = figures(connection, is_wide);
        put(buffer, x + 1, y, &figures, palette.style(Tone::Plain));
    }
}

/// Returns the event rate, the counters and the latency of a connection.
fn figures(connection: &ConnectionView, is_wide: bool) -> String {
    let mut figures = vec![format!("{:>5.1}/s", connection.events_per_second)];
    let events = counted(connection.events, "event");
    let recovered = compact(connection.recovered.into());
    match (is_wide, connection.recovered) {
        (true, _) => figures.extend([events, format!("{recovered} recovered")]),
        (false, 0) => figures.push(events),
        (false, _) => figures.push(format!("{events} +{recovered}")),
    }
    figures.push(counted(connection.gaps, "gap"));
    figures.extend(connection.latency.as_ref().map(latency));
    if let Some(at) = connection.rotated_at {
        let mut time = time_of_day(at);
        time.truncate("00:00".len());
        figures.push(format!("rotated {time}"));
    }
    figures.join("  ")
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", compact(count.into()))
}

fn latency(latency: &Latency) -> String {
    format!(
        "p50 {} p99 {} ms ±{}",
        millis(latency.median),
        millis(latency.p99),
        millis(latency.error)
    )
}

/// Formats a duration in milliseconds, with a fraction below 10.
fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1_000.0;
    match millis < 9.95 {
        true => format!("{millis:.1}"),
        false => format!("{millis:.0}"),
    }
}

fn draw_trust(buffer: &mut Buffer, y: u16, state: &AccountState, palette: &Palette) {
    let mut x = 1;
    // All five as long as `recovering` do not fit into 80 columns.
    let shorten = buffer.area.width < WIDE;
    for part in AccountPart::ALL {
        let Some(trust) = state.trust(part) else {
            continue;
        };
        x = put(buffer, x, y, &format!("{part} "), palette.style(Tone::Dim));
        let tone = match trust {
            Trust::Live { .. } => Tone::Good,
            Trust::Recovering { .. } => Tone::Warn,
            _ => Tone::Alarm,
        };
        let text = match trust {
            Trust::Recovering { .. } if shorten => "recov.",
            _ => trust.as_str(),
        };
        x = put(buffer, x, y, text, palette.style(tone)) + 2;
    }
}

/// Returns why parts are stale, one line for each connection and reason.
///
/// A lost connection is left out: the line of the connection says why.
fn reasons(state: &AccountState) -> Vec<String> {
    let mut reasons: Vec<(WsKey, String, Vec<&str>)> = Vec::new();
    for (ws_key, part, trust) in state.trusts() {
        match trust {
            Trust::Stale {
                reason: StaleReason::Disconnected(_),
                ..
            } => continue,
            Trust::Stale { .. } => {}
            _ => continue,
        }
        let text = trust.to_string();
        let known = reasons
            .iter_mut()
            .find(|(key, reason, _)| *key == ws_key && *reason == text);
        match known {
            Some((_, _, parts)) => parts.push(part.as_str()),
            None => reasons.push((ws_key, text, vec![part.as_str()])),
        }
    }
    let more = reasons.len().saturating_sub(MAX_REASONS);
    let lines = reasons.into_iter().take(MAX_REASONS);
    let mut lines: Vec<String> = lines
        .map(|(ws_key, reason, parts)| {
            safe(&format!(
                "{} {} {reason}",
                short_name(ws_key),
                parts.join(", ")
            ))
        })
        .collect();
    if let Some(last) = lines.last_mut().filter(|_| more > 0) {
        last.insert_str(0, &format!("(and {more} more) "));
    }
    lines
}
