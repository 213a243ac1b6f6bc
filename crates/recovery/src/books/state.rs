//! State without history: positions, wallets, margin accounts, settings; the rows are a snapshot.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kucoin_streams_core::{Text, Timestamp};
use kucoin_streams_rest as rest;
use rest::Query;

use super::{
    Ask, Asks, Book, Findings, FoundRow, Passed, Reply, RowState, Step, TopicIndex, Window,
    missing_reason,
};
use crate::facts::{Change, EventFacts, Identity};
use crate::frame::RowFields;
use crate::output::MissingReason;

/// Settle currencies of the futures account: it is queried by currency.
const SETTLE_CURRENCIES: [&str; 2] = ["USDT", "XBT"];

/// The state of a topic, and which queries have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    CrossMargin,
    IsolatedMargin {
        symbol: Text,
    },
    FuturesWallet,
    /// Positions of all contracts, or of one.
    FuturesPositions {
        symbol: Option<Text>,
    },
    MarginModes,
    CrossLeverages,
    UnifiedPositions {
        symbol: Option<Text>,
    },
    UnifiedBalance,
    /// The balances of an account in classic mode: `FUNDING`, `SPOT`, `FUTURES`, ..
    ClassicBalance {
        account: &'static str,
    },
    UnifiedLeverages,
    UnifiedRisk,
}

/// The state of one topic.
#[derive(Debug)]
pub(crate) struct StateBook {
    topic: [TopicIndex; 1],
    state: State,
    /// Contracts that events have named, or that had an open position.
    symbols: BTreeSet<Text>,
    rows: Vec<FoundRow>,
    /// Contracts that a list of positions names.
    listed: BTreeSet<Text>,
    missing: BTreeMap<String, MissingReason>,
}

impl StateBook {
    pub(crate) fn new(topic: TopicIndex, state: State) -> Self {
        Self {
            topic: [topic],
            state,
            symbols: BTreeSet::new(),
            rows: Vec::new(),
            listed: BTreeSet::new(),
            missing: BTreeMap::new(),
        }
    }

    fn queries(&self) -> Vec<Query> {
        match &self.state {
            State::CrossMargin => {
                // The currency in which the stream reports debts.
                vec![rest::CrossMarginAccount::new().quote_currency("BTC").into()]
            }
            State::IsolatedMargin { symbol } => {
                vec![
                    rest::IsolatedMarginAccounts::new()
                        .symbol(symbol.clone())
                        .into(),
                ]
            }
            State::FuturesWallet => {
                let query = |currency| {
                    rest::FuturesAccountOverview::new()
                        .currency(currency)
                        .into()
                };
                SETTLE_CURRENCIES.into_iter().map(query).collect()
            }
            State::FuturesPositions { .. } | State::MarginModes | State::CrossLeverages => {
                vec![rest::FuturesOpenPositions::new().into()]
            }
            State::UnifiedPositions { .. } => vec![rest::UnifiedPositions::new().into()],
            State::UnifiedBalance => vec![rest::UnifiedBalance::new().into()],
            State::ClassicBalance { account } => vec![rest::ClassicBalance::new(*account).into()],
            State::UnifiedLeverages => {
                vec![rest::UnifiedLeverage::new("FUTURES", "CROSS").into()]
            }
            State::UnifiedRisk => vec![rest::UnifiedOverview::new().into()],
        }
    }

    /// Returns `true` if the row belongs to the topic.
    fn is_wanted(&self, fields: &RowFields<'_>, symbol: Option<&Text>) -> bool {
        let is_of =
            |wanted: &Option<Text>| wanted.as_ref().is_none_or(|wanted| Some(wanted) == symbol);
        match &self.state {
            State::FuturesPositions { symbol: wanted } => {
                let is_closed = fields.get("isOpen") == Some("false");
                let was_open = symbol.is_some_and(|symbol| self.symbols.contains(symbol));
                is_of(wanted) && (!is_closed || was_open)
            }
            State::UnifiedPositions { symbol: wanted } => is_of(wanted),
            State::MarginModes => fields.get("marginMode").is_some(),
            State::CrossLeverages => {
                fields.get("leverage").is_some() && fields.get("marginMode") != Some("\"ISOLATED\"")
            }
            _ => true,
        }
    }
}

/// Returns the state that a row of a position shows.
fn row_state(fields: &RowFields<'_>, symbol: Option<&Text>) -> RowState {
    let text = |name| fields.get(name).map(|json| json.trim_matches('"'));
    let time = text("currentTimestamp").or(text("updateTime"));
    let time = time
        .and_then(|time| time.parse().ok())
        .and_then(Timestamp::from_wire);
    match (symbol, time) {
        (Some(symbol), Some(time)) => {
            let side = text("positionSide")
                .filter(|side| *side != "BOTH")
                .unwrap_or_default();
            RowState::Position(symbol.clone(), side.into(), time)
        }
        _ => RowState::Other,
    }
}

impl Book for StateBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topic
    }

    fn observe(&mut self, facts: &EventFacts, _: Passed) {
        if let Change::Position(position) = &facts.change {
            self.symbols.insert(position.symbol.clone());
        }
    }

    fn begin(&mut self) {
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.rows.clear();
        self.listed.clear();
        self.missing.clear();
    }

    fn ask(&mut self, step: Step, _: Option<&Window>, asks: &mut Asks) {
        if step == Step::State {
            for query in self.queries() {
                asks.push(query, Ask::State, 0);
            }
        }
    }

    fn reply(&mut self, _: &Ask, _: usize, reply: &Reply) {
        for (page, taken_at) in &reply.pages {
            for raw in page.raw_rows() {
                let fields = RowFields::read(raw);
                let symbol = fields
                    .get("symbol")
                    .map(|json| Text::from(json.trim_matches('"')));
                if !self.is_wanted(&fields, symbol.as_ref()) {
                    continue;
                }
                self.listed.extend(symbol.clone());
                self.rows.push(FoundRow {
                    topic: self.topic[0],
                    state: row_state(&fields, symbol.as_ref()),
                    source: reply.source(),
                    taken_at: *taken_at,
                    data: raw.into(),
                });
            }
        }
        if let Some(error) = &reply.error {
            let what = match reply.query.param("currency") {
                Some(currency) => format!("state of {currency}"),
                None => "state".to_owned(),
            };
            self.missing.insert(what, missing_reason(error));
        }
    }

    fn findings(&mut self, _: Option<&Window>, _: &HashSet<(TopicIndex, Identity)>) -> Findings {
        let missing = self.missing.iter();
        Findings {
            snapshots: self.rows.clone(),
            missing: missing
                .map(|(what, reason)| (self.topic[0], what.clone(), reason.clone()))
                .collect(),
            ..Findings::default()
        }
    }

    fn commit(&mut self) {
        self.symbols.extend(self.listed.iter().cloned());
    }
}
