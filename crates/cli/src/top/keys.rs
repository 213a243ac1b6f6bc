//! Keys, read by a thread of its own.

use std::io;
use std::thread;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

use super::view::Pane;

/// Keys that are read ahead.
const QUEUE: usize = 64;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    Help,
    Show(Pane),
    NextPane,
    PreviousPane,
    Scroll(Scroll),
    /// Ctrl-L: draw everything again.
    Redraw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scroll {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

/// The keys that are pressed.
pub(super) struct Keys(mpsc::Receiver<io::Result<Key>>);

impl Keys {
    /// Starts to read. The thread ends with the process, because reading a key cannot be interrupted.
    pub(super) fn start() -> io::Result<Self> {
        let (send, keys) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new().name("keys".to_owned());
        thread.spawn(move || {
            loop {
                let key = match event::read() {
                    Ok(event) => key_of(&event).map(Ok),
                    Err(error) => Some(Err(error)),
                };
                let Some(key) = key else { continue };
                let has_failed = key.is_err();
                if send.blocking_send(key).is_err() || has_failed {
                    return;
                }
            }
        })?;
        Ok(Self(keys))
    }

    /// Returns the next key. Cancel safe.
    pub(super) async fn next(&mut self) -> io::Result<Key> {
        let key = self.0.recv().await;
        key.unwrap_or_else(|| Err(io::Error::other("no key can be read any more")))
    }
}

fn key_of(event: &Event) -> Option<Key> {
    let Event::Key(key) = event else {
        return matches!(event, Event::Resize(..)).then_some(Key::Redraw);
    };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c' | 'd') => Some(Key::Quit),
            KeyCode::Char('l') => Some(Key::Redraw),
            _ => None,
        };
    }
    plain_key(*key)
}

fn plain_key(key: KeyEvent) -> Option<Key> {
    Some(match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Key::Quit,
        KeyCode::Char('?' | 'h') => Key::Help,
        KeyCode::Char(digit @ '1'..='5') => {
            let at = digit.to_digit(10)?.checked_sub(1)?;
            Key::Show(Pane::ALL[usize::try_from(at).ok()?])
        }
        KeyCode::Tab | KeyCode::Right => Key::NextPane,
        KeyCode::BackTab | KeyCode::Left => Key::PreviousPane,
        KeyCode::Up | KeyCode::Char('k') => Key::Scroll(Scroll::Up),
        KeyCode::Down | KeyCode::Char('j') => Key::Scroll(Scroll::Down),
        KeyCode::PageUp => Key::Scroll(Scroll::PageUp),
        KeyCode::PageDown | KeyCode::Char(' ') => Key::Scroll(Scroll::PageDown),
        KeyCode::Home => Key::Scroll(Scroll::Home),
        KeyCode::End => Key::Scroll(Scroll::End),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: KeyCode, modifiers: KeyModifiers, expected: Option<Key>) {
        let event = Event::Key(KeyEvent::new(code, modifiers));
        assert_eq!(key_of(&event), expected, "{code:?}");
    }

    #[test]
    fn keys_quit_and_choose_a_pane() {
        let none = KeyModifiers::NONE;
        check(KeyCode::Char('q'), none, Some(Key::Quit));
        check(KeyCode::Esc, none, Some(Key::Quit));
        check(KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Key::Quit));
        check(KeyCode::Char('c'), none, None);
        check(KeyCode::Char('1'), none, Some(Key::Show(Pane::Orders)));
        check(KeyCode::Char('5'), none, Some(Key::Show(Pane::Events)));
        check(KeyCode::Char('6'), none, None);
        check(
            KeyCode::BackTab,
            KeyModifiers::SHIFT,
            Some(Key::PreviousPane),
        );
    }
}
