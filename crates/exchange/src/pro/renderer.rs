//! Renders account events as pushes, and decides their streams and order.

use super::account_state::AccountState;
use super::order::{Change, OrderStage};
use super::render::{account, orders};
use super::risk::{Exposure, RiskMonitor, Source};
use super::streams::{AccountType, Channel, Stream};
use crate::engine::futures::{MarginMode, PositionState};
use crate::engine::loans::CurrencyState;
use crate::engine::{BalanceEvent, Engine, Event, PositionChange, Wallet, WalletEvent};
use crate::fault::LiquidationLevel;
use crate::json::{Object, Raw};

/// A push to all subscribers of one stream.
#[derive(Debug, Clone)]
pub(crate) struct Push {
    stream: &'static Stream,
    /// Symbol whose subscribers receive the push; `None` on streams without a symbol.
    symbol: Option<&'static str>,
    pub(crate) data: String,
}

impl Push {
    fn new(channel: Channel, account_type: AccountType, data: String) -> Self {
        Self {
            stream: channel.of(account_type),
            symbol: None,
            data,
        }
    }

    /// Returns `T`, the topic of the push.
    pub(crate) fn topic(&self) -> &'static str {
        &self.stream.name
    }

    /// Returns the request whose subscribers receive the push.
    pub(crate) fn request(&self) -> String {
        self.stream.request_text(self.symbol)
    }

    /// Returns the frame, and the offset of its data.
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

/// Renders all events of one account, in order.
#[derive(Debug)]
pub(crate) struct ProRenderer {
    state: AccountState,
    unified: RiskMonitor,
    futures: RiskMonitor,
    /// A triggered conditional order, reported after its resulting order is live.
    triggered: Option<Change>,
    pushes: Vec<Push>,
}

/// The forms in which an order is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OrderForms {
    Both,
    Unified,
    Classic,
}

impl ProRenderer {
    /// Starts with the engine's current state; the engine must have no pending events.
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            state: AccountState::open(engine),
            unified: RiskMonitor::default(),
            futures: RiskMonitor::default(),
            triggered: None,
            pushes: Vec::new(),
        }
    }

    /// Returns the pushes of an event, in order.
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
                self.push(Channel::Leverage, AccountType::Unified, data(Some(*mode)));
                self.push(Channel::Leverage, AccountType::Futures, data(None));
            }
            // Funding and risk limit are reported by the position, the status by warnings.
            Event::Funding(_) | Event::RiskLimit(_) | Event::CrossStatus(_) => {}
        }
        std::mem::take(&mut self.pushes)
    }

    /// Returns the pushes of a liquidation warning with the account's real amounts, regardless of its risk.
    pub(crate) fn warn(&mut self, level: LiquidationLevel, time_ms: u64) -> Vec<Push> {
        for (account_type, watch) in [
            (AccountType::Unified, &self.unified),
            (AccountType::Futures, &self.futures),
        ] {
            let data = account::warning(level, &watch.worst(), time_ms);
            self.pushes
                .push(Push::new(Channel::LiquidationWarning, account_type, data));
        }
        std::mem::take(&mut self.pushes)
    }

    /// Returns the remaining pushes after the last event.
    pub(crate) fn finish(&mut self) -> Vec<Push> {
        self.release_trigger();
        std::mem::take(&mut self.pushes)
    }

    /// Pushes the changes of an order; for a fill, the lite execution is first and the full execution last.
    fn order(&mut self, mut changes: Vec<Change>, filled: Option<&Change>) {
        if changes
            .first()
            .is_some_and(|first| first.stage == OrderStage::Live)
        {
            let live = changes.remove(0);
            self.push_order(&live, OrderForms::Both);
            let triggered = self.triggered.as_ref();
            if triggered.is_some_and(|parent| live.order.origin.as_ref() == Some(&parent.order.id))
            {
                self.release_trigger();
            }
        }
        let fill = filled.and_then(|change| Some((change, change.fill.as_ref()?)));
        if let Some((change, fill)) = fill {
            let lite = |classic| orders::lite_execution(change, fill, classic);
            self.push(Channel::ExecutionLite, AccountType::Unified, lite(false));
            self.push(Channel::ExecutionLite, change.account_type(), lite(true));
        }
        for change in &changes {
            self.push_order(change, OrderForms::Both);
        }
        if let Some((change, fill)) = fill {
            let unified = orders::unified_execution(change, fill);
            self.push(Channel::Execution, AccountType::Unified, unified);
            let classic = orders::classic_execution(change, fill);
            self.push(Channel::Execution, change.account_type(), classic);
        }
    }

    /// Pushes a conditional order.
    ///
    /// A trigger is reported after the resulting order. In the classic futures form, both are one order, which triggers
    /// before it is live.
    fn conditional(&mut self, change: Change) {
        if change.stage != OrderStage::Triggered {
            self.push_order(&change, OrderForms::Both);
            return;
        }
        self.release_trigger();
        if change.is_futures() {
            self.push_order(&change, OrderForms::Classic);
        }
        self.triggered = Some(change);
    }

    fn release_trigger(&mut self) {
        let Some(change) = self.triggered.take() else {
            return;
        };
        let forms = match change.is_futures() {
            true => OrderForms::Unified,
            false => OrderForms::Both,
        };
        self.push_order(&change, forms);
    }

    fn push_order(&mut self, change: &Change, forms: OrderForms) {
        let mut push = |account_type, data: String| {
            self.push_of(
                Channel::Order,
                account_type,
                change.order.symbol,
                data.clone(),
            );
            self.push(Channel::OrderAll, account_type, data);
        };
        if forms != OrderForms::Classic {
            push(AccountType::Unified, orders::unified(change));
        }
        if forms != OrderForms::Unified {
            push(change.account_type(), orders::classic(change));
        }
    }

    fn balance(&mut self, change: &BalanceEvent) {
        self.state.moved(change);
        self.push_balance(change.wallet, &change.currency, change.time_ms);
    }

    fn push_balance(&mut self, wallet: Wallet, currency: &str, time_ms: u64) {
        if matches!(wallet, Wallet::Trade | Wallet::Margin) {
            self.push_unified_balance(currency, time_ms);
        }
        let account_type = AccountType::of(wallet);
        let funds = self.state.funds(wallet, currency);
        let data = account::classic_balance(account_type, currency, &funds, time_ms);
        self.push(Channel::Balance, account_type, data);
    }

    fn push_unified_balance(&mut self, currency: &str, time_ms: u64) {
        let funds = self.state.unified(currency);
        let data = account::unified_balance(currency, &funds, time_ms);
        self.push(Channel::Balance, AccountType::Unified, data);
    }

    /// Pushes balances whose debt changed by interest; a loan is pushed with its balance change.
    fn debts(&mut self, wallet: Wallet, currencies: &[CurrencyState], time_ms: u64) {
        for state in currencies {
            if self.state.owed(wallet, state) {
                self.push_balance(wallet, state.currency, time_ms);
            }
        }
    }

    fn position(&mut self, change: PositionChange, position: &PositionState) {
        self.state.position_changed(position);
        let data = account::position(position);
        for account_type in [AccountType::Unified, AccountType::Futures] {
            self.push_of(
                Channel::Position,
                account_type,
                position.symbol,
                data.clone(),
            );
            self.push(Channel::PositionAll, account_type, data.clone());
        }
        let exposure = Exposure::of_isolated(position);
        self.risk(Source::of_isolated(position), exposure, position.time_ms);
        // After other changes a wallet event follows, and only then are the sums up to date.
        if matches!(
            change,
            PositionChange::MarkPrice | PositionChange::RiskLimit
        ) {
            self.cross_risk(position.settle_currency, position.time_ms);
        }
    }

    fn wallet(&mut self, change: &WalletEvent) {
        let currency = change.wallet.currency;
        self.state.wallet_changed(&change.wallet);
        self.push_unified_balance(currency.as_str(), change.time_ms);
        self.push(
            Channel::Balance,
            AccountType::Futures,
            account::futures_balance(change),
        );
        self.cross_risk(currency, change.time_ms);
    }

    fn cross_risk(&mut self, currency: crate::SettleCurrency, time_ms: u64) {
        let exposure = self.state.cross_exposure(currency);
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
        for (account_type, data) in [
            (AccountType::Unified, unified),
            (AccountType::Futures, futures),
        ] {
            if let Some(data) = data {
                self.push(Channel::LiquidationWarning, account_type, data);
            }
        }
    }

    fn push(&mut self, channel: Channel, account_type: AccountType, data: String) {
        self.pushes.push(Push::new(channel, account_type, data));
    }

    fn push_of(
        &mut self,
        channel: Channel,
        account_type: AccountType,
        symbol: &'static str,
        data: String,
    ) {
        let push = Push::new(channel, account_type, data);
        self.pushes.push(Push {
            symbol: Some(symbol),
            ..push
        });
    }
}
