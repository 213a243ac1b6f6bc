//! Stop orders: open ones at the start; new and ended ones after a gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_rest as rest;
use rest::{Query, TradeType};

use super::open_orders::{KnownOrder, ObservedOrder, OpenOrders};
use super::{
    Ask, Asks, Book, Findings, Found, FoundRow, FoundVanished, MissingParts, Passed, Rank, Reply,
    RowState, Start, Step, Sweep, TopicIndex, Window, is_unknown_order,
};
use crate::facts::{Change, EventFacts, Identity, OrderStage};
use crate::frame::{As, FieldRule, FrameData, RowFields};

const SPOT_RULES: &[FieldRule] = &[
    ("orderId", "id", As::Same),
    ("symbol", "symbol", As::Same),
    ("side", "side", As::Same),
    ("size", "size", As::Same),
    ("orderPrice", "price", As::Same),
    ("stop", "stop", As::Same),
    ("stopPrice", "stopPrice", As::Same),
    ("tradeType", "tradeType", As::Same),
    ("createdAt", "createdAt", As::Same),
];
const FUTURES_RULES: &[FieldRule] = &[
    ("orderId", "id", As::Same),
    ("symbol", "symbol", As::Same),
    ("side", "side", As::Same),
    ("size", "size", As::Same),
    ("orderPrice", "price", As::Same),
    ("stop", "stop", As::Same),
    ("stopPrice", "stopPrice", As::Same),
    ("stopPriceType", "stopPriceType", As::Same),
    ("marginMode", "marginMode", As::Same),
    ("positionSide", "positionSide", As::Same),
    ("createdAt", "createdAt", As::Same),
];
const MARGIN_TYPES: [TradeType; 2] = [TradeType::CrossMargin, TradeType::IsolatedMargin];

/// The stop orders of spot and margin, or of futures.
#[derive(Debug)]
pub(crate) struct StopBook {
    topic: [TopicIndex; 1],
    name: String,
    is_futures: bool,
    orders: OpenOrders,
    open: BTreeMap<Text, StopRow>,
    by_id: BTreeMap<Text, StopRow>,
    /// All lists of this sweep are read.
    is_listed: bool,
    /// Margin stop orders exist, or it is not known that there are none.
    uses_margin: bool,
    missing: MissingParts,
    taken_at: Option<(Timestamp, Timestamp)>,
}

#[derive(Clone, Debug)]
struct StopRow {
    symbol: Text,
    created_at: Option<Timestamp>,
    /// Time of the trigger or the end.
    ended_at: Option<Timestamp>,
    raw: Arc<str>,
    source: &'static str,
}

impl StopBook {
    pub(crate) fn new(topic: TopicIndex, name: &str, is_futures: bool) -> Self {
        Self {
            topic: [topic],
            name: name.to_owned(),
            is_futures,
            orders: OpenOrders::default(),
            open: BTreeMap::new(),
            by_id: BTreeMap::new(),
            is_listed: false,
            uses_margin: !is_futures,
            missing: MissingParts::default(),
            taken_at: None,
        }
    }

    fn lists(&self, uses_margin: bool) -> Vec<Query> {
        if self.is_futures {
            return vec![rest::FuturesOpenStops::new().into()];
        }
        let list = |kind: TradeType, stop| {
            let list = rest::StopOrderList::new().trade_type(kind).stop(stop);
            Query::from(list)
        };
        let mut lists = vec![list(TradeType::Spot, "stop"), list(TradeType::Spot, "oco")];
        for kind in MARGIN_TYPES.into_iter().filter(|_| uses_margin) {
            lists.push(list(kind.clone(), "stop"));
            lists.push(rest::MarginStopOrders::new().trade_type(kind).into());
        }
        lists
    }

    /// Returns the stop orders of before that no list names.
    fn unexplained(&self) -> Vec<(Text, KnownOrder)> {
        let mut all = self.orders.unexplained();
        all.retain(|(id, _)| self.is_listed && !self.open.contains_key(id));
        all
    }

    /// Returns the frame of an event, with what the row says.
    fn frame(&self, row: &StopRow, kind: &str) -> String {
        let fields = RowFields::read(&row.raw);
        let rules = match self.is_futures {
            true => FUTURES_RULES,
            false => SPOT_RULES,
        };
        let mut data = FrameData::new();
        data.text("type", kind);
        data.text("orderType", "stop");
        data.map(&fields, rules);
        data.others(&fields, rules, &["type", "orderType", "ts", "status"]);
        data.v1(&self.name, "stopOrder")
    }

    fn found(
        &self,
        id: &Text,
        row: &StopRow,
        kind: &str,
        rank: Rank,
        sweep: &Sweep<'_>,
        window: &Window,
    ) -> Option<Found> {
        let identity = Identity::stop(id, rank == Rank::Placed);
        let time = match rank {
            Rank::Placed => row.created_at.unwrap_or(window.from),
            _ => row.ended_at.unwrap_or(window.live_at).min(window.live_at),
        };
        let topic = self.topic[0];
        (!sweep.seen.has(topic, &identity, time)).then(|| Found {
            identity,
            order_id: Some(id.clone()),
            rank,
            time,
            // The time of the push is not on REST.
            exact: false,
            trade_id: Text::default(),
            source: row.source,
            frames: vec![(topic, self.frame(row, kind))],
        })
    }

    fn find_ended(&self, sweep: &Sweep<'_>, window: &Window, findings: &mut Findings) {
        for (id, known) in self.unexplained() {
            let row = self.by_id.get(&id);
            if let Some((row, end)) = row.and_then(|row| Some((row, end_of(row)?))) {
                let found = self.found(&id, row, end, Rank::Ended, sweep, window);
                findings.found.extend(found);
            } else if row.is_none() && self.orders.has_vanished(&id) {
                findings.vanished.push(FoundVanished {
                    topic: self.topic[0],
                    symbol: known.symbol,
                    order_id: id,
                    filled: None,
                });
            } else {
                // The row shows it open although the list does not: it may be moving.
                findings.contradict(self.topic.into_iter(), &format!("stop order {id}"));
            }
        }
    }
}

impl StopRow {
    fn read(raw: &str, source: &'static str) -> Option<(Text, Self)> {
        let fields = RowFields::read(raw);
        let time = |name| Timestamp::from_wire(fields.text(name)?.parse().ok()?);
        let row = Self {
            symbol: fields.text("symbol")?.into(),
            created_at: time("createdAt"),
            ended_at: time("stopTriggerTime").or(time("endAt")),
            raw: raw.into(),
            source,
        };
        Some((fields.text("id")?.into(), row))
    }

    fn is_margin(&self) -> bool {
        let fields = RowFields::read(&self.raw);
        let kind = fields.text("tradeType").unwrap_or_default();
        kind.starts_with("MARGIN")
    }
}

/// Returns how a stop order ended, by its row; `None` if it is open, or the row does not say.
fn end_of(row: &StopRow) -> Option<&'static str> {
    let fields = RowFields::read(&row.raw);
    let status = fields.text("status").unwrap_or_default();
    let is = |name| fields.text(name) == Some("true");
    if status.eq_ignore_ascii_case("triggered") || is("stopTriggered") {
        Some("triggered")
    } else if is("cancelExist") || ["CANCELLED", "CANCELED"].contains(&status) {
        Some("cancel")
    } else {
        None
    }
}

impl Book for StopBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topic
    }

    fn observe(&mut self, facts: &EventFacts, passed: Passed) {
        let Change::Stop(stop) = &facts.change else {
            return;
        };
        self.uses_margin |= stop.is_margin;
        let order = ObservedOrder {
            order_id: &stop.order_id,
            symbol: &stop.symbol,
            filled: None,
            size: None,
            is_open: stop.is_open,
        };
        self.orders.observe(&order, passed);
    }

    fn begin(&mut self, start: Start) {
        self.orders.begin(start);
        self.by_id.clear();
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.open.clear();
        self.missing.clear();
        self.is_listed = false;
        self.taken_at = None;
    }

    fn ask(&mut self, step: Step, sweep: &Sweep<'_>, asks: &mut Asks) {
        match step {
            Step::Open => {
                self.is_listed = true;
                for query in self.lists(sweep.uses_margin) {
                    asks.push(query, Ask::Open, 0);
                }
            }
            Step::ById if sweep.window.is_some() => {
                for (id, _) in self.unexplained() {
                    let is_ended = self.by_id.get(&id).is_some_and(|row| end_of(row).is_some());
                    let query = match self.is_futures {
                        true => rest::FuturesOrderById::new(id.clone()).into(),
                        false => Query::from(rest::StopOrderById::new(id.clone())),
                    };
                    if !is_ended {
                        asks.push(query, Ask::Order(id), 0);
                    }
                }
            }
            _ => {}
        }
    }

    fn reply(&mut self, ask: &Ask, _: usize, reply: &Reply) {
        for (raw, times) in reply.rows() {
            let raw = &*raw;
            let before = self.taken_at.unwrap_or(times);
            self.taken_at = Some((before.0.min(times.0), before.1.max(times.1)));
            match (StopRow::read(raw, reply.source()), ask) {
                (Some((id, row)), Ask::Open) => self.open.insert(id, row),
                (Some((id, row)), _) => self.by_id.insert(id, row),
                (None, _) => {
                    self.missing.unreadable(reply.source());
                    continue;
                }
            };
        }
        let Some(error) = &reply.error else { return };
        match ask {
            Ask::Order(_) if is_unknown_order(error) => {}
            Ask::Order(id) => self.missing.fail(format!("stop order {id}"), error),
            _ => {
                self.is_listed = false;
                let kind = reply.query.param("tradeType").unwrap_or("futures");
                self.missing
                    .fail(format!("open stop orders ({kind})"), error);
            }
        }
    }

    fn end_sweep(&mut self) {
        for (id, _) in self.unexplained() {
            if !self.by_id.contains_key(&id) {
                self.orders.note_absence(id);
            }
        }
        if self.is_listed {
            self.uses_margin = self.open.values().any(StopRow::is_margin);
        }
    }

    fn findings(&mut self, sweep: &Sweep<'_>) -> Findings {
        let mut findings = Findings::default();
        for (id, row) in &self.open {
            if self.orders.before(id).is_some() {
                continue;
            }
            let created = row.created_at;
            match &sweep.window {
                Some(window) if created.is_none_or(|created| created >= window.from) => {
                    if !self.orders.is_live(id) {
                        let found = self.found(id, row, "open", Rank::Placed, sweep, window);
                        findings.found.extend(found);
                    }
                }
                _ => findings.snapshots.push(FoundRow {
                    topic: self.topic[0],
                    state: RowState::Order {
                        order_id: id.clone(),
                        filled: None,
                        size: None,
                        stage: OrderStage::Open,
                    },
                    source: row.source,
                    taken_at: self.taken_at.unwrap_or_default(),
                    data: Arc::clone(&row.raw),
                }),
            }
        }
        if let Some(window) = &sweep.window {
            self.find_ended(sweep, window, &mut findings);
        }
        self.missing
            .add_to(&mut findings, self.topic.iter().copied());
        findings
    }

    fn commit(&mut self) {
        let ended = self.by_id.iter().filter(|(_, row)| end_of(row).is_some());
        let ended = ended.map(|(id, _)| (id.clone(), None));
        let open = self.open.iter().map(|(id, row)| {
            let order = KnownOrder {
                symbol: row.symbol.clone(),
                venue: None,
                filled: None,
                size: None,
            };
            (id.clone(), Some(order))
        });
        self.orders.commit(ended.chain(open));
    }

    fn uses_margin(&self) -> bool {
        self.uses_margin
    }
}
