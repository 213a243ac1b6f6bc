//! A list of open orders. Orders that may have changed during a gap are marked as unconfirmed.

use std::collections::BTreeMap;
use std::fmt;

use kucoin_streams::Text;
use kucoin_streams::v1::SpotOrder;

/// The open orders, by order ID.
#[derive(Debug, Default)]
pub(crate) struct OpenOrders(BTreeMap<Text, Known>);

#[derive(Debug)]
struct Known {
    /// The last event; `None` if the order is known only from REST.
    order: Option<SpotOrder>,
    /// `false` after a gap, until an event or REST confirms that the order is open.
    confirmed: bool,
}

impl OpenOrders {
    /// Applies an event, which has the full state of its order.
    pub(crate) fn apply(&mut self, order: &SpotOrder) {
        if order.is_done() {
            self.0.remove(&order.order_id);
        } else {
            let known = Known {
                order: Some(order.clone()),
                confirmed: true,
            };
            self.0.insert(order.order_id.clone(), known);
        }
    }

    /// Marks all orders as unconfirmed: events are missing, so any of them may be filled or canceled.
    pub(crate) fn mark_unconfirmed(&mut self) {
        for known in self.0.values_mut() {
            known.confirmed = false;
        }
    }

    /// Applies the order IDs of all open orders, from REST.
    pub(crate) fn reconcile(&mut self, open: &[String]) {
        // Orders confirmed by an event since the gap are kept: the event is newer than the response.
        self.0
            .retain(|id, known| known.confirmed || open.iter().any(|open| id == open.as_str()));
        for id in open {
            let known = self.0.entry(Text::new(id)).or_insert(Known {
                order: None,
                confirmed: true,
            });
            known.confirmed = true;
        }
    }
}

impl fmt::Display for OpenOrders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "           {} open", self.0.len())?;
        for (id, known) in &self.0 {
            write!(f, "\n           {id}  ")?;
            match &known.order {
                Some(order) => {
                    write!(f, "{} {}", order.side, order.symbol)?;
                    if let Some(price) = order.price {
                        write!(f, " at {price}")?;
                    }
                }
                None => f.write_str("opened during a gap")?,
            }
            if !known.confirmed {
                f.write_str("  unconfirmed")?;
            }
        }
        Ok(())
    }
}
