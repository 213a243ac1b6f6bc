//! The account's events as pushes: on which streams, and in which order.

use super::books::Books;
use super::order::{Change, Stage};
use super::render::{account, orders};
use super::risk::{Exposure, Source, Watch};
use super::streams::{Channel, Part, Stream};
use crate::engine::futures::{MarginMode, PositionState};
use crate::engine::loans::CurrencyState;
use crate::engine::{BalanceEvent, Engine, Event, PositionChange, Wallet, WalletEvent};
use crate::fault::LiquidationLevel;
use crate::json::{Object, Raw};

/// One frame to every subscriber of one stream.
#[derive(Debug, Clone)]
pub(crate) struct Push {
    stream: &'static Stream,
    /// Whose subscribers are sent it, on the streams that are of one symbol.
    symbol: Option<&'static str>,
    pub(crate) data: String,
}

impl Push {
    fn new(channel: Channel, part: Part, data: String) -> Self {
        Self {
            stream: channel.of(part),
            symbol: None,
            data,
        }
    }

    /// `T`.
    pub(crate) fn topic(&self) -> &'static str {
        &self.stream.name
    }

    /// The request whose subscribers are sent it, as users write it.
    pub(crate) fn request(&self) -> String {
        self.stream.written(self.symbol)
    }

    /// The whole frame, and where its data starts.
    pub(crate) fn frame(&self, push_time_ns: u64) -> (String, usize) {
        let mut frame = Object::new()
            .field("T", self.topic())
            .field("P", push_time_ns)
            .field("d", Raw(&self.data))
            .end();
        frame.shrink_to_fit();
        let data_at = frame.len() - 1 - self.data.len();
        (frame, data_at)
    }
}

/// Renders the events of one account, every one of them and in their order.
#[derive(Debug)]
pub(crate) struct ProRenderer {
    books: Books,
    unified: Watch,
    futures: Watch,
    /// A conditional order that has triggered: it is reported when the order that follows it is live.
    triggered: Option<Change>,
    pushes: Vec<Push>,
}

/// In which forms an order is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forms {
    Both,
    Unified,
    Classic,
}

impl ProRenderer {
    /// Begins with the account as it is; no event of it may be waiting.
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            books: Books::open(engine),
            unified: Watch::default(),
            futures: Watch::default(),
            triggered: None,
            pushes: Vec::new(),
        }
    }

    /// The pushes that an event makes, in the order in which they go out.
    pub(crate) fn render(&mut self, event: &Event) -> Vec<Push> {
        match event {
            Event::Order(event) => {
                self.order(Change::of(event), Change::of_fill(event).as_ref());
            }
            Event::Stop(event) => self.conditional(Change::of_stop(event)),
            Event::Balance(change) => self.balance(change),
            Event::CrossMargin(cross) => {
                self.debts(Wallet::Margin, &cross.currencies, cross.time_ms);
                let exposure = Exposure::of_margin(cross);
                self.risk(Source::CrossMargin, exposure, cross.time_ms);
            }
            Event::IsolatedLoan(loan) => {
                let wallet = Wallet::Isolated(loan.symbol);
                self.debts(wallet, &loan.currencies, loan.time_ms);
            }
            Event::Position(change, position) => self.position(*change, position),
            Event::Wallet(change) => self.wallet(change),
            Event::Leverage(symbol, mode, leverage) | Event::MarginMode(symbol, mode, leverage) => {
                let data = |mode: Option<MarginMode>| account::leverage(symbol, mode, *leverage);
                self.push(Channel::Leverage, Part::Unified, data(Some(*mode)));
                self.push(Channel::Leverage, Part::Futures, data(None));
            }
            // The position that they change reports the former two, and warnings the last.
            Event::Funding(_) | Event::RiskLimit(_) | Event::CrossStatus(_) => {}
        }
        std::mem::take(&mut self.pushes)
    }

    /// The pushes of a warning of liquidation, whatever the account owes: with its true amounts.
    pub(crate) fn warn(&mut self, level: LiquidationLevel, time_ms: u64) -> Vec<Push> {
        for (part, watch) in [
            (Part::Unified, &self.unified),
            (Part::Futures, &self.futures),
        ] {
            let data = account::warning(level, &watch.worst(), time_ms);
            self.pushes
                .push(Push::new(Channel::LiquidationWarning, part, data));
        }
        std::mem::take(&mut self.pushes)
    }

    /// What is still to be reported when there are no more events.
    pub(crate) fn finish(&mut self) -> Vec<Push> {
        self.release_trigger();
        std::mem::take(&mut self.pushes)
    }

    /// A change of an order; of a fill the lite form goes first and the one with the fee last.
    fn order(&mut self, mut changes: Vec<Change>, filled: Option<&Change>) {
        if changes
            .first()
            .is_some_and(|first| first.stage == Stage::Live)
        {
            let live = changes.remove(0);
            self.push_order(&live, Forms::Both);
            let triggered = self.triggered.as_ref();
            if triggered.is_some_and(|parent| live.order.origin.as_ref() == Some(&parent.order.id))
            {
                self.release_trigger();
            }
        }
        let fill = filled.and_then(|change| Some((change, change.fill.as_ref()?)));
        if let Some((change, fill)) = fill {
            let lite = |classic| orders::lite_execution(change, fill, classic);
            self.push(Channel::ExecutionLite, Part::Unified, lite(false));
            self.push(Channel::ExecutionLite, change.part(), lite(true));
        }
        for change in &changes {
            self.push_order(change, Forms::Both);
        }
        if let Some((change, fill)) = fill {
            let unified = orders::unified_execution(change, fill);
            self.push(Channel::Execution, Part::Unified, unified);
            let classic = orders::classic_execution(change, fill);
            self.push(Channel::Execution, change.part(), classic);
        }
    }

    /// A trigger waits for the order that follows, which is reported first; in the classic futures form
    /// it is one order, which triggers before it is live.
    fn conditional(&mut self, change: Change) {
        if change.stage != Stage::Triggered {
            self.push_order(&change, Forms::Both);
            return;
        }
        self.release_trigger();
        if change.is_futures() {
            self.push_order(&change, Forms::Classic);
        }
        self.triggered = Some(change);
    }

    fn release_trigger(&mut self) {
        let Some(change) = self.triggered.take() else {
            return;
        };
        let forms = match change.is_futures() {
            true => Forms::Unified,
            false => Forms::Both,
        };
        self.push_order(&change, forms);
    }

    fn push_order(&mut self, change: &Change, forms: Forms) {
        let mut push = |part, data: String| {
            self.push_of(Channel::Order, part, change.order.symbol, data.clone());
            self.push(Channel::OrderAll, part, data);
        };
        if forms != Forms::Classic {
            push(Part::Unified, orders::unified(change));
        }
        if forms != Forms::Unified {
            push(change.part(), orders::classic(change));
        }
    }

    fn balance(&mut self, change: &BalanceEvent) {
        self.books.moved(change);
        self.push_balance(change.wallet, &change.currency, change.time_ms);
    }

    fn push_balance(&mut self, wallet: Wallet, currency: &str, time_ms: u64) {
        if matches!(wallet, Wallet::Trade | Wallet::Margin) {
            self.push_unified_balance(currency, time_ms);
        }
        let part = Part::of(wallet);
        let funds = self.books.funds(wallet, currency);
        let data = account::classic_balance(part, currency, &funds, time_ms);
        self.push(Channel::Balance, part, data);
    }

    fn push_unified_balance(&mut self, currency: &str, time_ms: u64) {
        let funds = self.books.unified(currency);
        let data = account::unified_balance(currency, &funds, time_ms);
        self.push(Channel::Balance, Part::Unified, data);
    }

    /// Interest changes what is owed and moves no balance; a loan is reported with its money.
    fn debts(&mut self, wallet: Wallet, currencies: &[CurrencyState], time_ms: u64) {
        for state in currencies {
            if self.books.owed(wallet, state) {
                self.push_balance(wallet, state.currency, time_ms);
            }
        }
    }

    fn position(&mut self, change: PositionChange, position: &PositionState) {
        self.books.position_changed(position);
        let data = account::position(position);
        for part in [Part::Unified, Part::Futures] {
            self.push_of(Channel::Position, part, position.symbol, data.clone());
            self.push(Channel::PositionAll, part, data.clone());
        }
        let source = Source::IsolatedPosition(position.symbol);
        let exposure = Exposure::of_isolated(position);
        self.risk(source, exposure, position.time_ms);
        // After any other change the wallet is reported next, and only then are the sums those of now.
        if matches!(
            change,
            PositionChange::MarkPrice | PositionChange::RiskLimit
        ) {
            self.cross_risk(position.settle_currency, position.time_ms);
        }
    }

    fn wallet(&mut self, change: &WalletEvent) {
        let currency = change.wallet.currency;
        self.books.wallet_changed(&change.wallet);
        self.push_unified_balance(currency.as_str(), change.time_ms);
        self.push(
            Channel::Balance,
            Part::Futures,
            account::futures_balance(change),
        );
        self.cross_risk(currency, change.time_ms);
    }

    fn cross_risk(&mut self, currency: crate::SettleCurrency, time_ms: u64) {
        let exposure = self.books.cross_exposure(currency);
        self.risk(Source::CrossPositions(currency), exposure, time_ms);
    }

    fn risk(&mut self, source: Source, exposure: Option<Exposure>, time_ms: u64) {
        let warning = self.unified.see(source, exposure.clone(), time_ms);
        let unified = warning.map(|(level, exposure)| account::warning(level, exposure, time_ms));
        let warning = match source {
            Source::CrossMargin => None,
            _ => self.futures.see(source, exposure, time_ms),
        };
        let futures = warning.map(|(level, exposure)| account::warning(level, exposure, time_ms));
        for (part, data) in [(Part::Unified, unified), (Part::Futures, futures)] {
            if let Some(data) = data {
                self.push(Channel::LiquidationWarning, part, data);
            }
        }
    }

    fn push(&mut self, channel: Channel, part: Part, data: String) {
        self.pushes.push(Push::new(channel, part, data));
    }

    fn push_of(&mut self, channel: Channel, part: Part, symbol: &'static str, data: String) {
        let push = Push::new(channel, part, data);
        self.pushes.push(Push {
            symbol: Some(symbol),
            ..push
        });
    }
}
