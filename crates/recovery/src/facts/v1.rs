//! Facts of V1 events.

use kucoin_streams_core::{Decimal, FillKey, Text};
use kucoin_streams_v1 as v1;
use v1::{AccountKind, OrderKind};

use super::{
    BalanceFacts, Change, EventFacts, FundingMark, OrderFacts, OrderStage, PositionFacts,
    Recoverable, StopFacts,
};

impl Recoverable for v1::SpotOrder {
    fn facts(&self) -> EventFacts {
        let fill = self.fill().map(|fill| (fill.key(), fill.size));
        let filled = match self.kind {
            OrderKind::Received => Some(Decimal::ZERO),
            _ => self.filled_size,
        };
        let order = OrderFacts {
            order_id: self.order_id.clone(),
            symbol: self.symbol.clone(),
            filled,
            size: self.size,
            stage: stage(self.is_done()),
            is_margin: false,
            fill,
        };
        EventFacts::new(self.engine_time.or(self.order_time), Change::Order(order))
    }
}

impl Recoverable for v1::FuturesOrder {
    fn facts(&self) -> EventFacts {
        let order = OrderFacts {
            order_id: self.order_id.clone(),
            symbol: self.symbol.clone(),
            filled: self.filled_size,
            size: self.size,
            stage: stage(self.is_done()),
            is_margin: false,
            fill: self.fill().map(|fill| (fill.key(), fill.size)),
        };
        EventFacts::new(self.engine_time.or(self.order_time), Change::Order(order))
    }
}

fn stage(is_done: bool) -> OrderStage {
    match is_done {
        true => OrderStage::Done,
        false => OrderStage::Open,
    }
}

impl Recoverable for v1::SpotTradeFill {
    fn facts(&self) -> EventFacts {
        let key = FillKey::new(
            self.symbol.clone(),
            self.trade_id.clone(),
            Some(self.order_id.clone()),
        );
        EventFacts::new(self.time, Change::Fill(key, self.size.unwrap_or_default()))
    }
}

impl Recoverable for v1::MarketMatch {
    fn facts(&self) -> EventFacts {
        let key = |order: &Option<Text>| {
            FillKey::new(self.symbol.clone(), self.trade_id.clone(), order.clone())
        };
        let (taker, maker) = (key(&self.taker_order_id), key(&self.maker_order_id));
        let size = self.size.unwrap_or_default();
        EventFacts::new(self.time, Change::Trade(taker, maker, size))
    }
}

fn is_open(kind: &v1::StopOrderType) -> bool {
    use v1::StopOrderType::{Open, Received, Update};
    matches!(kind, Open | Received | Update)
}

impl Recoverable for v1::SpotStopOrder {
    fn facts(&self) -> EventFacts {
        let stop = StopFacts {
            order_id: self.order_id.clone(),
            symbol: self.symbol.clone(),
            is_open: is_open(&self.kind),
            is_margin: self.trade_type.as_str().starts_with("MARGIN"),
        };
        EventFacts::new(self.pushed_at.or(self.created_at), Change::Stop(stop))
    }
}

impl Recoverable for v1::FuturesStopOrder {
    fn facts(&self) -> EventFacts {
        let stop = StopFacts {
            order_id: self.order_id.clone(),
            symbol: self.symbol.clone(),
            is_open: is_open(&self.kind),
            is_margin: false,
        };
        EventFacts::new(self.time.or(self.created_at), Change::Stop(stop))
    }
}

impl Recoverable for v1::Balance {
    fn facts(&self) -> EventFacts {
        let account = self
            .relation_event
            .as_ref()
            .and_then(|event| event.account.as_ref());
        let context = self.relation_context.as_ref();
        let balance = BalanceFacts {
            account: account.map(account_name).unwrap_or_default(),
            currency: self.currency.clone(),
            total: self.total,
            change: Some(
                self.available_change.unwrap_or_default() + self.hold_change.unwrap_or_default(),
            ),
            trade: context.and_then(|context| {
                let symbol = context.symbol.clone().unwrap_or_default();
                let trade_id = context.trade_id.clone()?;
                Some(FillKey::new(symbol, trade_id, context.order_id.clone()))
            }),
        };
        EventFacts::new(self.time, Change::Balance(balance))
    }
}

/// Returns one name for the old and the high-frequency account of a kind, which hold the same money.
fn account_name(kind: &AccountKind) -> Text {
    match kind {
        AccountKind::Trade | AccountKind::TradeHf => Text::from_static("trade"),
        AccountKind::Margin | AccountKind::MarginV2 => Text::from_static("margin"),
        AccountKind::Isolated(symbol) | AccountKind::IsolatedV2(symbol) => {
            format!("isolated_{symbol}").into()
        }
        other => other.to_string().into(),
    }
}

impl Recoverable for v1::FuturesPosition {
    fn facts(&self) -> EventFacts {
        let symbol = || self.symbol().unwrap_or_default().into();
        let (side, updated_at, is_open) = match self {
            Self::Change(change) => {
                let is_open = Some(!change.quantity.is_zero());
                (&change.position_side, change.time, is_open)
            }
            Self::MarkPrice(change) => (&change.position_side, change.time, None),
            Self::Settlement(settlement) => {
                let mark = settlement.funding_time.map(|settled_at| FundingMark {
                    settled_at,
                    mark_price: settlement.mark_price.unwrap_or_default().normalize(),
                    quantity: settlement.quantity.unwrap_or_default().normalize(),
                });
                let change = mark.map_or(Change::Other, Change::Funding);
                return EventFacts::new(settlement.time, change);
            }
            _ => return EventFacts::default(),
        };
        let side = match side {
            Some(v1::PositionSide::Long) => "LONG",
            Some(v1::PositionSide::Short) => "SHORT",
            _ => "",
        };
        let position = PositionFacts {
            symbol: symbol(),
            side: side.into(),
            updated_at,
            is_open,
        };
        EventFacts::new(updated_at, Change::Position(position))
    }
}

macro_rules! without_facts {
    ($($event:ty),+ $(,)?) => {$(impl Recoverable for $event {})+};
}

without_facts! {
    v1::MarginPosition, v1::IsolatedMarginPosition,
}

impl Recoverable for v1::FuturesWalletChange {
    fn facts(&self) -> EventFacts {
        let currency = match self {
            Self::Balance(balance) => &balance.currency,
            Self::OrderMargin(margin) => &margin.currency,
            Self::AvailableBalance(balance) => &balance.currency,
            Self::WithdrawHold(hold) => &hold.currency,
            _ => return EventFacts::default(),
        };
        EventFacts::new(None, Change::Named(vec![currency.clone()]))
    }
}

impl Recoverable for v1::FuturesMarginModeChange {
    fn facts(&self) -> EventFacts {
        let symbols = self.modes.iter().map(|(symbol, _)| symbol.into()).collect();
        EventFacts::new(None, Change::Named(symbols))
    }
}

impl Recoverable for v1::FuturesCrossLeverageChange {
    fn facts(&self) -> EventFacts {
        let symbols = self.leverages.iter().map(|(symbol, _)| symbol.into());
        EventFacts::new(None, Change::Named(symbols.collect()))
    }
}

impl Recoverable for v1::SpotEvent {
    fn facts(&self) -> EventFacts {
        match self {
            Self::Order(event) => event.facts(),
            Self::Balance(event) => event.facts(),
            Self::StopOrder(event) => event.facts(),
            Self::MarketMatch(event) => event.facts(),
            Self::TradeFill(event) => event.facts(),
            _ => EventFacts::default(),
        }
    }
}

impl Recoverable for v1::FuturesEvent {
    fn facts(&self) -> EventFacts {
        match self {
            Self::Order(event) => event.facts(),
            Self::StopOrder(event) => event.facts(),
            Self::Wallet(event) => event.facts(),
            Self::Position(event) => event.facts(),
            Self::MarginMode(event) => event.facts(),
            Self::CrossLeverage(event) => event.facts(),
            _ => EventFacts::default(),
        }
    }
}

impl Recoverable for v1::V1Event {
    fn facts(&self) -> EventFacts {
        match self {
            Self::Spot(event) => event.facts(),
            Self::Futures(event) => event.facts(),
            _ => EventFacts::default(),
        }
    }
}
