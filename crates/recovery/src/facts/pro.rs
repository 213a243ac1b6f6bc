//! Facts of Pro V2 events.

use kucoin_streams_core::Text;
use kucoin_streams_pro as pro;

use super::{BalanceFacts, Change, EventFacts, OrderFacts, OrderStage, PositionFacts, Recoverable};

impl Recoverable for pro::Order {
    fn facts(&self) -> EventFacts {
        let stage = match self.status {
            _ if self.is_done() => OrderStage::Done,
            pro::OrderStatus::NotTriggered => OrderStage::Waiting,
            pro::OrderStatus::Triggered => OrderStage::Triggered,
            _ => OrderStage::Open,
        };
        let order = OrderFacts {
            order_id: self.order_id.clone(),
            symbol: self.symbol.clone(),
            // Sizes of the fills are in the base currency or in contracts.
            filled: (self.size_unit != Some(pro::SizeUnit::QuoteCurrency))
                .then_some(self.filled_size)
                .flatten(),
            size: self.size,
            stage,
            is_margin: self.trade_type == Some(pro::Market::Margin),
            fill: self.fill().map(|fill| (fill.key(), fill.size)),
        };
        EventFacts::new(self.updated_at.or(self.created_at), Change::Order(order))
    }
}

macro_rules! execution_facts {
    ($($event:ty),+) => {$(
        impl Recoverable for $event {
            fn facts(&self) -> EventFacts {
                let change = match self.fill() {
                    Some(fill) => Change::Fill(fill.key(), fill.size),
                    None => Change::Other,
                };
                EventFacts::new(self.execution_time, change)
            }
        }
    )+};
}

execution_facts!(pro::Execution, pro::ExecutionLite);

impl Recoverable for pro::Position {
    fn facts(&self) -> EventFacts {
        let side = match self.position_side {
            Some(pro::PositionSide::Long) => "LONG",
            Some(pro::PositionSide::Short) => "SHORT",
            _ => "",
        };
        let position = PositionFacts {
            symbol: self.symbol.clone(),
            side: side.into(),
            updated_at: self.updated_at,
            is_open: self.size.map(|size| !size.is_zero()),
        };
        EventFacts::new(self.updated_at, Change::Position(position))
    }
}

impl Recoverable for pro::Balance {
    fn facts(&self) -> EventFacts {
        let balance = BalanceFacts {
            account: Text::from(self.account.as_str()),
            currency: self.currency.clone(),
            total: self.balance,
            // Pro V2 sends states, without the change.
            change: None,
            trade: None,
        };
        EventFacts::new(self.updated_at, Change::Balance(balance))
    }
}

impl Recoverable for pro::LiquidationWarning {}

impl Recoverable for pro::Leverage {}

impl Recoverable for pro::ProEvent {
    fn facts(&self) -> EventFacts {
        match self {
            Self::Order(event) => event.facts(),
            Self::Execution(event) => event.facts(),
            Self::ExecutionLite(event) => event.facts(),
            Self::Position(event) => event.facts(),
            Self::Balance(event) => event.facts(),
            _ => EventFacts::default(),
        }
    }
}
