//! A view of the open orders that knows which of them it is sure of.

use std::collections::BTreeMap;
use std::fmt;

use kucoin_streams::Text;
use kucoin_streams::v1::SpotOrder;

/// The open orders, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct OpenOrders(BTreeMap<Text, Known>);

#[derive(Debug)]
struct Known {
    /// What the last event told; `None` of an order that only a reconciliation has shown.
    order: Option<SpotOrder>,
    /// False from a gap on, until an event or a reconciliation says that the order is still open.
    confirmed: bool,
}

impl OpenOrders {
    /// Takes an event: it tells the whole state of its order.
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

    /// Events may be missing: any of these orders may be filled or gone by now.
    pub(crate) fn doubt(&mut self) {
        for known in self.0.values_mut() {
            known.confirmed = false;
        }
    }

    /// Takes the ids of the orders that are open now, as the exchange itself tells.
    pub(crate) fn reconcile(&mut self, open: &[String]) {
        // What an event has said since the gap is newer than this answer.
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
                None => f.write_str("opened unseen")?,
            }
            if !known.confirmed {
                f.write_str("  unconfirmed")?;
            }
        }
        Ok(())
    }
}
