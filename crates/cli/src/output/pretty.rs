//! The pretty form: aligned columns, a line a happening, read at a glance.

use kucoin_streams::v1::SpotEvent;
use kucoin_streams::{Gap, Lifecycle, Timestamp};

use super::Arrived;
use super::paint::{Ink, Paint};
use super::{spot, trouble};

/// How wide the column with the sort of happening is.
const SORT: usize = 11;

/// Lays out lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pretty {
    pub(super) paint: Paint,
}

impl Pretty {
    pub(super) fn for_stdout() -> Self {
        Self {
            paint: Paint::for_stdout(),
        }
    }

    pub(super) fn heading(&self, what: &str) -> String {
        let title = self.paint.ink(Ink::Bold, "kucoin-streams watch");
        let note = self.paint.ink(Ink::Dim, "Times are UTC. Stop with Ctrl-C.");
        format!("{title}: {what}\n{note}\n\n")
    }

    pub(super) fn update(&self, update: &Arrived) -> String {
        let at = update.received_at();
        match update.event() {
            SpotEvent::Order(order) => self.line(at, spot::order(self.paint, order)),
            SpotEvent::Balance(balance) => self.line(at, spot::balance(self.paint, balance)),
            SpotEvent::StopOrder(stop) => self.line(at, spot::stop_order(self.paint, stop)),
            other => {
                let text = serde_json::to_string(other).unwrap_or_default();
                self.line(at, (Ink::Plain, "event", text))
            }
        }
    }

    pub(super) fn gap(&self, gap: &Gap) -> String {
        let now = Timestamp::from(std::time::SystemTime::now());
        self.line(now, trouble::gap(self.paint, gap))
    }

    /// `None` for what people need not see.
    pub(super) fn lifecycle(&self, lifecycle: &Lifecycle) -> Option<String> {
        let told = trouble::lifecycle(self.paint, lifecycle)?;
        Some(self.line(lifecycle.at, told))
    }

    fn line(&self, at: Timestamp, (ink, sort, text): (Ink, &str, String)) -> String {
        let at = self.paint.ink(Ink::Dim, &time_of_day(at));
        let sort = self.paint.ink(ink, &format!("{sort:<SORT$}"));
        format!("{at}  {sort} {}", text.trim_end())
    }
}

/// The time of day in UTC, to the millisecond.
fn time_of_day(at: Timestamp) -> String {
    let millis = at.as_millis().rem_euclid(24 * 60 * 60 * 1_000);
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!(
        "{:02}:{:02}:{seconds:02}.{millis:03}",
        minutes / 60,
        minutes % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_shown_to_the_millisecond() {
        let at = Timestamp::from_nanos(1_730_848_317_836_999_999);
        assert_eq!(time_of_day(at), "23:11:57.836");
    }
}
