//! State without history: wallets, margin accounts, settings; the rows are a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kucoin_streams_core::Text;
use kucoin_streams_rest as rest;
use rest::Query;

use super::{
    Ask, Asks, Book, Findings, FoundRow, MissingParts, Passed, Reply, RowState, Start, Step, Sweep,
    TopicIndex,
};
use crate::facts::{Change, EventFacts};
use crate::frame::RowFields;

/// The usual settle currencies of the futures account, which is queried by currency.
pub(crate) const SETTLE_CURRENCIES: [&str; 2] = ["USDT", "XBT"];

/// The state of a topic, and which queries have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    CrossMargin,
    IsolatedMargin {
        symbol: Text,
    },
    /// Balances of these settle currencies.
    FuturesWallet {
        currencies: BTreeSet<Text>,
    },
    /// Margin modes of contracts: those with a position, and these.
    MarginModes {
        contracts: BTreeSet<Text>,
    },
    /// Cross-margin leverages of contracts: those with a cross-margin position, and these.
    CrossLeverages {
        contracts: BTreeSet<Text>,
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
    /// Rows of this sweep: by symbol for settings, otherwise by number.
    rows: BTreeMap<(Text, usize), FoundRow>,
    missing: MissingParts,
}

impl StateBook {
    pub(crate) fn new(topic: TopicIndex, state: State) -> Self {
        Self {
            topic: [topic],
            state,
            rows: BTreeMap::new(),
            missing: MissingParts::default(),
        }
    }

    fn queries(&self) -> Vec<Query> {
        match &self.state {
            // The currency in which the stream reports debts.
            State::CrossMargin => {
                vec![rest::CrossMarginAccount::new().quote_currency("BTC").into()]
            }
            // One query for the topics of all symbols.
            State::IsolatedMargin { .. } => vec![rest::IsolatedMarginAccounts::new().into()],
            State::FuturesWallet { currencies } => {
                let query = rest::FuturesAccountOverview::new();
                let query = |currency: &Text| query.clone().currency(currency.clone()).into();
                currencies.iter().map(query).collect()
            }
            State::MarginModes { .. } | State::CrossLeverages { .. } => {
                vec![rest::FuturesOpenPositions::new().into()]
            }
            State::UnifiedBalance => vec![rest::UnifiedBalance::new().into()],
            State::ClassicBalance { account } => vec![rest::ClassicBalance::new(*account).into()],
            State::UnifiedLeverages => {
                vec![rest::UnifiedLeverage::new("FUTURES", "CROSS").into()]
            }
            State::UnifiedRisk => vec![rest::UnifiedOverview::new().into()],
        }
    }

    /// Returns the queries of settings of contracts without a position.
    fn unlisted_queries(&self) -> Vec<Query> {
        let is_listed = |symbol: &Text| self.rows.contains_key(&(symbol.clone(), 0));
        let unlisted = |contracts: &BTreeSet<Text>| {
            let contracts = contracts.iter().filter(|symbol| !is_listed(symbol));
            contracts.cloned().collect::<Vec<_>>()
        };
        match &self.state {
            State::MarginModes { contracts } => unlisted(contracts)
                .into_iter()
                .map(|symbol| rest::FuturesMarginModeOf::new(symbol).into())
                .collect(),
            State::CrossLeverages { contracts } => unlisted(contracts)
                .into_iter()
                .map(|symbol| rest::FuturesLeverageOf::new(symbol).into())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the key of a row; `None` if it does not belong to the topic.
    fn key_of(&self, fields: &RowFields<'_>) -> Option<(Text, usize)> {
        let symbol = fields.text("symbol").map(Text::from);
        let is_cross = fields.text("marginMode") != Some("ISOLATED");
        let by_number = (Text::default(), self.rows.len());
        match &self.state {
            State::IsolatedMargin { symbol: wanted } => {
                (symbol.as_ref() == Some(wanted)).then_some(by_number)
            }
            State::MarginModes { .. } => {
                fields.get("marginMode")?;
                Some((symbol?, 0))
            }
            State::CrossLeverages { .. } => {
                fields.get("leverage").filter(|_| is_cross)?;
                Some((symbol?, 0))
            }
            _ => Some(by_number),
        }
    }
}

impl Book for StateBook {
    fn topics(&self) -> &[TopicIndex] {
        &self.topic
    }

    fn observe(&mut self, facts: &EventFacts, _: Passed) {
        let known = match &mut self.state {
            State::MarginModes { contracts } | State::CrossLeverages { contracts } => contracts,
            State::FuturesWallet { currencies } => currencies,
            _ => return,
        };
        if let Change::Named(named) = &facts.change {
            known.extend(named.iter().cloned());
        }
    }

    fn begin(&mut self, _: Start) {
        self.begin_sweep();
    }

    fn begin_sweep(&mut self) {
        self.rows.clear();
        self.missing.clear();
    }

    fn ask(&mut self, step: Step, _: &Sweep<'_>, asks: &mut Asks) {
        let (queries, ask) = match step {
            Step::State => (self.queries(), Ask::State),
            Step::Unlisted => (self.unlisted_queries(), Ask::Unlisted),
            _ => return,
        };
        for query in queries {
            asks.push(query, ask.clone(), 0);
        }
    }

    fn reply(&mut self, _: &Ask, _: usize, reply: &Reply) {
        for (raw, taken_at) in reply.rows() {
            let raw = &*raw;
            let Some(key) = self.key_of(&RowFields::read(raw)) else {
                continue;
            };
            let row = FoundRow {
                topic: self.topic[0],
                state: RowState::Other,
                source: reply.source(),
                taken_at,
                data: Arc::from(raw),
            };
            self.rows.insert(key, row);
        }
        if let Some(error) = &reply.error {
            let param = |name| reply.query.param(name);
            let what = match param("currency").or(param("symbol")) {
                Some(part) => format!("state of {part}"),
                None => "state".to_owned(),
            };
            self.missing.fail(what, error);
        }
    }

    fn findings(&mut self, _: &Sweep<'_>) -> Findings {
        let mut findings = Findings {
            snapshots: self.rows.values().cloned().collect(),
            ..Findings::default()
        };
        let topics = self.topic.iter().copied();
        self.missing.add_to(&mut findings, topics);
        findings
    }
}
