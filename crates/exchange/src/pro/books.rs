//! The account as the events so far describe it: the sums of the unified account need more than one event.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::risk::Exposure;
use crate::CONTRACTS;
use crate::engine::futures::{FuturesBalance, MarginMode, PositionState, SettleCurrency};
use crate::engine::loans::CurrencyState;
use crate::engine::{BalanceEvent, Engine, Reason, Text, Wallet, WalletBalance};

/// One currency of one account, or of several together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Funds {
    pub(super) total: Decimal,
    pub(super) available: Decimal,
    /// Held for orders and withdrawals.
    pub(super) hold: Decimal,
    pub(super) liability: Decimal,
    /// Profit that closing the positions would make.
    pub(super) unrealised: Decimal,
}

impl Funds {
    pub(super) fn equity(&self) -> Decimal {
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
pub(super) struct Books {
    accounts: BTreeMap<(Wallet, Text), (WalletBalance, Decimal)>,
    wallets: [FuturesBalance; 2],
    positions: BTreeMap<&'static str, PositionState>,
}

impl Books {
    /// The account as it is.
    pub(super) fn open(engine: &Engine) -> Self {
        let accounts = engine.holdings().map(|(wallet, currency, balance, owed)| {
            ((wallet, Text::from(currency)), (balance, owed))
        });
        let positions = CONTRACTS.iter();
        let positions = positions.filter_map(|symbol| engine.position(symbol).ok());
        Self {
            accounts: accounts.collect(),
            wallets: SettleCurrency::ALL.map(|currency| engine.futures_wallet(currency)),
            positions: positions
                .map(|position| (position.symbol, position))
                .collect(),
        }
    }

    /// A balance changed. A loan is owed from the moment at which its money is there.
    pub(super) fn moved(&mut self, change: &BalanceEvent) {
        let place = (change.wallet, change.currency.clone());
        let (balance, owed) = self.accounts.entry(place).or_default();
        balance.available = change.available;
        balance.hold = change.hold;
        if matches!(change.reason, Reason::Borrow | Reason::Repay) {
            *owed += change.available_change;
        }
    }

    /// Takes what is owed; returns whether that is new.
    pub(super) fn owed(&mut self, wallet: Wallet, state: &CurrencyState) -> bool {
        let place = (wallet, Text::from(state.currency));
        let (balance, owed) = self.accounts.entry(place).or_default();
        *balance = state.balance;
        std::mem::replace(owed, state.debt.total()) != state.debt.total()
    }

    pub(super) fn wallet_changed(&mut self, wallet: &FuturesBalance) {
        self.wallets[wallet.currency as usize].clone_from(wallet);
    }

    pub(super) fn position_changed(&mut self, position: &PositionState) {
        self.positions.insert(position.symbol, position.clone());
    }

    /// One currency of one account of spot or margin.
    pub(super) fn funds(&self, wallet: Wallet, currency: &str) -> Funds {
        let place = (wallet, Text::from(currency));
        let known = self.accounts.get(&place);
        known.map_or_else(Funds::default, |(balance, owed)| Funds::of(*balance, *owed))
    }

    /// One currency of the unified account: the trading account, cross margin and futures together.
    pub(super) fn unified(&self, currency: &str) -> Funds {
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

    /// The futures account at the mark prices of now: a wallet is not reported if only these move.
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

    /// How near all cross positions in a currency are to liquidation; `None` if nothing is open.
    pub(super) fn cross_exposure(&self, currency: SettleCurrency) -> Option<Exposure> {
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
