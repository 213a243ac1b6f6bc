//! State of the account, built from its events, because the sums of the unified account need several events.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::risk::Exposure;
use crate::engine::futures::{
    FuturesBalance, MarginMode, PositionSide, PositionState, SettleCurrency,
};
use crate::engine::loans::CurrencyState;
use crate::engine::{BalanceEvent, Engine, Reason, Text, Wallet, WalletBalance};

/// Balance of one currency, in one account or in several accounts together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Funds {
    pub(crate) total: Decimal,
    pub(crate) available: Decimal,
    /// Amount held for orders and withdrawals.
    pub(crate) hold: Decimal,
    pub(crate) liability: Decimal,
    /// Unrealised PnL.
    pub(crate) unrealised: Decimal,
}

impl Funds {
    pub(crate) fn equity(&self) -> Decimal {
        self.total + self.unrealised - self.liability
    }

    fn of(balance: WalletBalance, liability: Decimal) -> Self {
        Self {
            total: balance.total(),
            available: balance.available,
            hold: balance.hold,
            liability,
            unrealised: Decimal::ZERO,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            available: self.available + other.available,
            hold: self.hold + other.hold,
            liability: self.liability + other.liability,
            unrealised: self.unrealised + other.unrealised,
        }
    }
}

#[derive(Debug)]
pub(crate) struct AccountState {
    accounts: BTreeMap<(Wallet, Text), (WalletBalance, Decimal)>,
    wallets: [FuturesBalance; 2],
    positions: BTreeMap<(&'static str, PositionSide), PositionState>,
}

impl AccountState {
    /// Creates the state from the engine.
    pub(crate) fn open(engine: &Engine) -> Self {
        let accounts = engine.holdings().map(|(wallet, currency, balance, owed)| {
            ((wallet, Text::from(currency)), (balance, owed))
        });
        let positions = engine.positions();
        Self {
            accounts: accounts.collect(),
            wallets: SettleCurrency::ALL.map(|currency| engine.futures_wallet(currency)),
            positions: positions
                .map(|position| ((position.symbol, position.position_side), position))
                .collect(),
        }
    }

    /// Applies a balance change. For a loan, the debt begins with this change.
    pub(crate) fn moved(&mut self, change: &BalanceEvent) {
        let place = (change.wallet, change.currency.clone());
        let (balance, owed) = self.accounts.entry(place).or_default();
        balance.available = change.available;
        balance.hold = change.hold;
        if matches!(change.reason, Reason::Borrow | Reason::Repay) {
            *owed += change.available_change;
        }
    }

    /// Updates a debt; returns `true` if it changed.
    pub(crate) fn owed(&mut self, wallet: Wallet, state: &CurrencyState) -> bool {
        let place = (wallet, Text::from(state.currency));
        let (balance, owed) = self.accounts.entry(place).or_default();
        *balance = state.balance;
        std::mem::replace(owed, state.debt.total()) != state.debt.total()
    }

    pub(crate) fn wallet_changed(&mut self, wallet: &FuturesBalance) {
        self.wallets[wallet.currency as usize].clone_from(wallet);
    }

    pub(crate) fn position_changed(&mut self, position: &PositionState) {
        let id = (position.symbol, position.position_side);
        self.positions.insert(id, position.clone());
    }

    /// Returns the balance of one currency in a spot or margin account.
    pub(crate) fn funds(&self, wallet: Wallet, currency: &str) -> Funds {
        let place = (wallet, Text::from(currency));
        let known = self.accounts.get(&place);
        known.map_or_else(Funds::default, |(balance, owed)| Funds::of(*balance, *owed))
    }

    /// Returns the balance of one currency in the unified account.
    ///
    /// The unified account is the trading account, cross margin and futures together.
    pub(crate) fn unified(&self, currency: &str) -> Funds {
        let spot = self.funds(Wallet::Trade, currency);
        let margin = self.funds(Wallet::Margin, currency);
        let futures = SettleCurrency::ALL.into_iter();
        let futures = futures.filter(|known| known.as_str() == currency);
        let futures = futures.map(|known| self.wallet(known)).next();
        let futures = futures.map_or_else(Funds::default, |wallet| Funds {
            total: wallet.balance,
            available: wallet.available(),
            hold: wallet.hold + wallet.cross_order_margin + wallet.isolated_order_margin,
            liability: Decimal::ZERO,
            unrealised: wallet.cross_unrealised_pnl + wallet.isolated_unrealised_pnl,
        });
        spot.and(margin).and(futures)
    }

    /// Returns the futures balance at the current mark prices.
    ///
    /// A change of mark prices alone does not report a wallet.
    fn wallet(&self, currency: SettleCurrency) -> FuturesBalance {
        let unrealised = |mode| -> Decimal {
            let positions = self.positions_in(currency, mode);
            positions.map(|position| position.unrealised_pnl).sum()
        };
        FuturesBalance {
            cross_unrealised_pnl: unrealised(MarginMode::Cross),
            isolated_unrealised_pnl: unrealised(MarginMode::Isolated),
            ..self.wallets[currency as usize].clone()
        }
    }

    fn positions_in(
        &self,
        currency: SettleCurrency,
        mode: MarginMode,
    ) -> impl Iterator<Item = &PositionState> {
        self.positions.values().filter(move |position| {
            position.quantity != 0
                && position.settle_currency == currency
                && position.margin_mode == mode
        })
    }

    /// Returns the liquidation risk of all cross positions in a currency; `None` without positions.
    pub(crate) fn cross_exposure(&self, currency: SettleCurrency) -> Option<Exposure> {
        let wallet = self.wallet(currency);
        let positions = || self.positions_in(currency, MarginMode::Cross);
        let price = positions().next()?.mark_price;
        let exposure = Exposure::of_futures(
            wallet.total_cross_margin(),
            positions().map(|position| position.initial_margin).sum(),
            positions()
                .map(|position| position.maintenance_margin)
                .sum(),
        );
        let exposure = exposure.with_available(wallet.available());
        Some(exposure.in_usdt(currency, price))
    }
}
