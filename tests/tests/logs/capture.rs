//! A subscriber that captures every log line with its span fields, for all tests of this binary.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// One line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: &'static str,
    /// Fields of the event, including the message.
    pub(crate) text: String,
    /// Names and fields of its spans, outermost first.
    pub(crate) spans: String,
    pub(crate) thread: String,
}

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

pub(crate) fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing_subscriber::registry().with(Capture).init());
}

/// Returns the lines so far of the account with this label.
pub(crate) fn lines_of(label: &str) -> Vec<Line> {
    let account = format!("account={label:?}");
    let mut lines = LINES.lock().unwrap().clone();
    lines.retain(|line| line.spans.contains(&account));
    lines
}

/// Returns all lines so far.
pub(crate) fn lines() -> Vec<Line> {
    LINES.lock().unwrap().clone()
}

struct Capture;

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(attributes.metadata().name().to_owned());
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = Fields(String::new());
        event.record(&mut text);
        let scope = context.event_scope(event).into_iter();
        let spans = scope.flat_map(|scope| scope.from_root());
        let spans: Vec<String> = spans
            .filter_map(|span| Some(span.extensions().get::<Fields>()?.0.clone()))
            .collect();
        LINES.lock().unwrap().push(Line {
            level: *event.metadata().level(),
            target: event.metadata().target(),
            text: text.0,
            spans: spans.join(": "),
            thread: std::thread::current().name().unwrap_or_default().to_owned(),
        });
    }
}
