//! The account's events as pushes: what is told, on which streams, and in which order.

use super::books::Books;
use super::order::{Order, Stage};
use super::render::{balances, executions, orders, positions, settings};
use super::risk::{Exposure, Source, Watch};
use super::streams::{Channel, Part, Stream};
use crate::engine::futures::{FuturesEvent, FuturesPosition, PositionChange, WalletEvent};
use crate::engine::margin::{CurrencyState, MarginEvent};
use crate::engine::{BalanceEvent, Engine, Event, Wallet};
use crate::fault::LiquidationLevel;
use crate::json::Object;

/// One frame to every subscriber of one stream.
#[derive(Debug, Clone)]
pub(crate) struct Push {
    stream: Stream,
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
        self.stream.name
    }

    /// The request whose subscribers are sent it, as users write it.
    pub(crate) fn request(&self) -> String {
        self.stream.written(self.symbol)
    }

    /// The whole frame, and where its data starts.
    pub(crate) fn frame(&self, push_time_ns: u64) -> (String, usize) {
        let mut frame = Object::new()
            .word("T", self.topic())
            .bare("P", push_time_ns)
            .json("d", &self.data)
            .end();
        frame.shrink_to_fit();
        let data_at = frame.len() - 1 - self.data.len();
        (frame, data_at)
    }
}

/// Tells the events of one account, every one of them and in their order.
#[derive(Debug)]
pub(crate) struct Teller {
    books: Books,
    unified: Watch,
    futures: Watch,
    /// A conditional order that has triggered: it says so when the order that follows it is live.
    triggered: Option<Order>,
    pushes: Vec<Push>,
}

/// In which forms an order is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forms {
    Both,
    Unified,
    Classic,
}

impl Teller {
    /// From the account as it stands; no event of it may be waiting to be told.
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
    pub(crate) fn tell(&mut self, event: &Event) -> Vec<Push> {
        match event {
            Event::Order(event) => {
                let filled = Order::filled_spot(event);
                self.order(Order::of_spot(event), filled.as_ref());
            }
            Event::Balance(change) => self.balance(change),
            Event::Stop(event) => self.conditional(Order::of_spot_stop(event)),
            Event::Margin(event) => self.margin(event),
            Event::Futures(event) => self.futures(event),
        }
        std::mem::take(&mut self.pushes)
    }

    /// The pushes of a warning of liquidation, whatever the account owes: with its true amounts.
    pub(crate) fn warn(&mut self, level: LiquidationLevel, time_ms: u64) -> Vec<Push> {
        for (part, watch) in [
            (Part::Unified, &self.unified),
            (Part::Futures, &self.futures),
        ] {
            let data = settings::warning(level, &watch.worst(), time_ms);
            self.pushes
                .push(Push::new(Channel::LiquidationWarning, part, data));
        }
        std::mem::take(&mut self.pushes)
    }

    /// What is still to be told when there are no more events.
    pub(crate) fn finish(&mut self) -> Vec<Push> {
        self.release_trigger();
        std::mem::take(&mut self.pushes)
    }

    fn futures(&mut self, event: &FuturesEvent) {
        match event {
            FuturesEvent::Order(event) => {
                let filled = Order::filled_futures(event);
                self.order(Order::of_futures(event), filled.as_ref());
            }
            FuturesEvent::Stop(event) => self.conditional(Order::of_futures_stop(event)),
            FuturesEvent::Position(change, position) => self.position(*change, position),
            FuturesEvent::Wallet(change) => self.wallet(change),
            FuturesEvent::Leverage(symbol, mode, leverage)
            | FuturesEvent::MarginMode(symbol, mode, leverage) => {
                let unified = settings::unified_leverage(symbol, *mode, *leverage);
                let classic = settings::classic_leverage(symbol, *leverage);
                self.push(Channel::Leverage, Part::Unified, unified);
                self.push(Channel::Leverage, Part::Futures, classic);
            }
            // Both are told by the position that they change.
            FuturesEvent::Funding(_) | FuturesEvent::RiskLimit(_) => {}
        }
    }

    /// A change of an order; of a fill the lite form goes first and the one with the fee last.
    fn order(&mut self, changes: impl IntoIterator<Item = Order>, filled: Option<&Order>) {
        let mut changes: Vec<Order> = changes.into_iter().collect();
        let is_live = |change: &Order| change.stage == Stage::Live;
        if changes.first().is_some_and(is_live) {
            let live = changes.remove(0);
            self.push_order(&live, Forms::Both);
            let triggered = self.triggered.as_ref();
            if triggered.is_some_and(|parent| live.origin.as_ref() == Some(&parent.id)) {
                self.release_trigger();
            }
        }
        let fill = filled.and_then(|order| Some((order, order.fill.as_ref()?)));
        if let Some((order, fill)) = fill {
            let lite = |classic| executions::lite(order, fill, classic);
            self.push(Channel::ExecutionLite, Part::Unified, lite(false));
            self.push(Channel::ExecutionLite, order.part, lite(true));
        }
        for change in &changes {
            self.push_order(change, Forms::Both);
        }
        if let Some((order, fill)) = fill {
            let unified = executions::unified(order, fill);
            self.push(Channel::Execution, Part::Unified, unified);
            let classic = executions::classic(order, fill);
            self.push(Channel::Execution, order.part, classic);
        }
    }

    /// A trigger waits for the order that follows, which is told first; in the classic futures form
    /// it is one order, which triggers before it is live.
    fn conditional(&mut self, order: Order) {
        if order.stage != Stage::Triggered {
            self.push_order(&order, Forms::Both);
            return;
        }
        self.release_trigger();
        if order.futures.is_some() {
            self.push_order(&order, Forms::Classic);
        }
        self.triggered = Some(order);
    }

    fn release_trigger(&mut self) {
        let Some(order) = self.triggered.take() else {
            return;
        };
        let forms = match order.futures {
            Some(_) => Forms::Unified,
            None => Forms::Both,
        };
        self.push_order(&order, forms);
    }

    fn push_order(&mut self, order: &Order, forms: Forms) {
        if forms != Forms::Classic {
            let data = orders::unified(order);
            self.push_of(Channel::Order, Part::Unified, order.symbol, data.clone());
            self.push(Channel::OrderAll, Part::Unified, data);
        }
        if forms != Forms::Unified {
            let data = orders::classic(order);
            self.push_of(Channel::Order, order.part, order.symbol, data.clone());
            self.push(Channel::OrderAll, order.part, data);
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
        let data = balances::classic(part, currency, &funds, time_ms);
        self.push(Channel::Balance, part, data);
    }

    fn push_unified_balance(&mut self, currency: &str, time_ms: u64) {
        let funds = self.books.unified(currency);
        let data = balances::unified(currency, &funds, time_ms);
        self.push(Channel::Balance, Part::Unified, data);
    }

    fn margin(&mut self, event: &MarginEvent) {
        match event {
            MarginEvent::Cross(account) => {
                self.debts(Wallet::Margin, &account.currencies, account.time_ms);
                let exposure = Exposure::of_margin(account);
                self.risk(Source::CrossMargin, exposure, account.time_ms);
            }
            MarginEvent::Isolated(account) => {
                let wallet = Wallet::Isolated(account.symbol);
                self.debts(wallet, &account.currencies, account.time_ms);
            }
            // Told by the warnings.
            MarginEvent::Status(_) => {}
        }
    }

    /// Interest changes what is owed and moves no balance; a loan was told with its money.
    fn debts(&mut self, wallet: Wallet, currencies: &[CurrencyState], time_ms: u64) {
        for state in currencies {
            if self.books.owed(wallet, state) {
                self.push_balance(wallet, state.currency, time_ms);
            }
        }
    }

    fn position(&mut self, change: PositionChange, position: &FuturesPosition) {
        self.books.position_changed(position);
        let data = positions::position(position);
        for part in [Part::Unified, Part::Futures] {
            self.push_of(Channel::Position, part, position.symbol, data.clone());
            self.push(Channel::PositionAll, part, data.clone());
        }
        let source = Source::IsolatedPosition(position.symbol);
        let exposure = Exposure::of_isolated(position);
        self.risk(source, exposure, position.time_ms);
        // Of any other change the wallet is told next, and only then are the sums those of now.
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
        self.push(Channel::Balance, Part::Futures, balances::futures(change));
        self.cross_risk(currency, change.time_ms);
    }

    fn cross_risk(&mut self, currency: crate::SettleCurrency, time_ms: u64) {
        let exposure = self.books.cross_exposure(currency);
        self.risk(Source::CrossPositions(currency), exposure, time_ms);
    }

    fn risk(&mut self, source: Source, exposure: Option<Exposure>, time_ms: u64) {
        let told = self.unified.see(source, exposure.clone(), time_ms);
        let unified = told.map(|(level, exposure)| settings::warning(level, exposure, time_ms));
        let told = match source {
            Source::CrossMargin => None,
            _ => self.futures.see(source, exposure, time_ms),
        };
        let futures = told.map(|(level, exposure)| settings::warning(level, exposure, time_ms));
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
