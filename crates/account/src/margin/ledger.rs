//! The margin status: what decides which of two reports is newer.

use std::collections::BTreeMap;
use std::sync::Arc;

use kucoin_streams_core::{Decimal, Text};
use kucoin_streams_pro::{LiquidationWarning, ProEvent};
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest as rest;
use kucoin_streams_v1::{FuturesEvent, IsolatedMarginPosition, MarginPosition, SpotEvent, V1Event};
use rest::{CrossMarginRow, FuturesPositionRow, IsolatedMarginRow, MarginMode, UnifiedOverviewRow};

use super::{AccountMargin, CrossMarginStatus, IsolatedMarginState, MarginSetting, UnifiedRisk};
use crate::effects::Effects;
use crate::stamp::{RecentReports, Stamp, is_from};
use crate::{AccountChange, FrameInfo};

/// The margin status, and what decides which of two reports is newer.
///
/// Settings have no time: the last one that arrives counts.
#[derive(Debug, Default)]
pub(crate) struct MarginLedger {
    status: Arc<AccountMargin>,
    ratio: Latest<[Option<Decimal>; 3]>,
    cross_status: Latest<Text>,
    isolated: BTreeMap<Text, Latest<Text>>,
    unified: Latest<UnifiedRisk>,
}

/// The newest report of one kind.
#[derive(Debug)]
struct Latest<T> {
    stamp: Stamp,
    recent: RecentReports<T>,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self {
            stamp: Stamp::default(),
            recent: RecentReports::default(),
        }
    }
}

impl<T: PartialEq> Latest<T> {
    /// Returns `true` if the report is neither older than the last one nor a repeated one.
    fn takes(&mut self, stamp: Stamp, report: T) -> bool {
        if stamp.is_older_than(self.stamp) || self.recent.has(stamp, &report) {
            return false;
        }
        self.stamp = stamp;
        self.recent.remember(stamp, report, &[stamp]);
        true
    }
}

impl MarginLedger {
    pub(crate) fn status(&self) -> &Arc<AccountMargin> {
        &self.status
    }

    pub(crate) fn on_v1(&mut self, _: &FrameInfo, event: &V1Event, effects: &mut Effects) {
        let is_changed = match event {
            V1Event::Spot(SpotEvent::MarginPosition(event)) => self.take_cross(event),
            V1Event::Spot(SpotEvent::IsolatedMarginPosition(event)) => self.take_isolated(event),
            V1Event::Futures(FuturesEvent::MarginMode(change)) => {
                let modes = change.modes.iter();
                let modes = modes.map(|(name, mode)| (name, MarginMode::from(mode.as_str())));
                self.set_all(modes.map(|(name, mode)| (name, Some(mode), None)))
            }
            V1Event::Futures(FuturesEvent::CrossLeverage(change)) => {
                let leverages = change.leverages.iter();
                self.set_all(leverages.map(|(name, entry)| (name, None, entry.leverage)))
            }
            _ => false,
        };
        self.emit(is_changed, effects);
    }

    pub(crate) fn on_pro(&mut self, info: &FrameInfo, event: &ProEvent, effects: &mut Effects) {
        let is_changed = match event {
            ProEvent::LiquidationWarning(warning) => self.take_warning(info, warning),
            ProEvent::Leverage(leverage) => {
                let mode = leverage.margin_mode.as_ref().map(|mode| mode.as_str());
                let name = leverage.symbol.as_deref().or(leverage.currency.as_deref());
                self.set_leverage(name, mode, leverage.leverage)
            }
            _ => false,
        };
        self.emit(is_changed, effects);
    }

    pub(crate) fn on_snapshot(&mut self, row: &SnapshotRow, effects: &mut Effects) {
        // The topic of the balances has the rows of the margin accounts too, of all symbols.
        let is_of_margin = row.topic.starts_with("/margin/");
        let is_changed = if is_from::<rest::CrossMarginAccount>(row) {
            let account = row.read().ok().filter(|_| is_of_margin);
            account.is_some_and(|account| self.take_cross_row(&account))
        } else if is_from::<rest::IsolatedMarginAccounts>(row) {
            let account = row.read().ok().filter(|_| is_of_margin);
            account.is_some_and(|account| self.take_isolated_row(account))
        } else if is_from::<rest::UnifiedOverview>(row) {
            let overview = row.read().ok();
            overview.is_some_and(|overview| self.take_overview(&overview))
        } else {
            self.take_setting_row(row)
        };
        self.emit(is_changed, effects);
    }

    fn emit(&self, is_changed: bool, effects: &mut Effects) {
        if is_changed {
            effects.change(AccountChange::Margin(Arc::clone(&self.status)));
        }
    }

    fn take_cross(&mut self, event: &MarginPosition) -> bool {
        let mut cross = self.status.cross.clone().unwrap_or_default();
        let stamp = Stamp::at(event.time());
        let status = match event {
            MarginPosition::DebtRatio(ratio) => {
                let amounts = [ratio.debt_ratio, ratio.total_asset, ratio.total_debt];
                if self.ratio.takes(stamp, amounts) {
                    [cross.debt_ratio, cross.total_assets, cross.total_debt] = amounts;
                    cross.updated_at = cross.updated_at.max(stamp.time);
                }
                ratio.status.as_ref()
            }
            MarginPosition::Status(change) => Some(&change.status),
            _ => None,
        };
        if let Some(status) = status.map(|status| Text::from(status.as_str()))
            && self.cross_status.takes(stamp, status.clone())
        {
            cross.status = Some(status);
            cross.updated_at = cross.updated_at.max(stamp.time);
        }
        self.set_cross(cross)
    }

    fn take_cross_row(&mut self, row: &CrossMarginRow) -> bool {
        let mut cross = self.status.cross.clone().unwrap_or_default();
        cross.debt_ratio = row.debt_ratio;
        cross.total_assets = row.total_assets;
        cross.total_debt = row.total_liability;
        cross.status = present(row.status.as_str()).or(cross.status);
        self.set_cross(cross)
    }

    fn set_cross(&mut self, cross: CrossMarginStatus) -> bool {
        let is_known = match &self.status.cross {
            Some(known) => *known == cross,
            None => cross == CrossMarginStatus::default(),
        };
        if !is_known {
            Arc::make_mut(&mut self.status).cross = Some(cross);
        }
        !is_known
    }

    fn take_isolated(&mut self, event: &IsolatedMarginPosition) -> bool {
        let Some(symbol) = &event.symbol else {
            return false;
        };
        let mut state = self.isolated_state(symbol);
        let stamp = Stamp::at(event.time);
        let latest = self.isolated.entry(symbol.clone()).or_default();
        if !latest.takes(stamp, event.status.as_str().into()) {
            return false;
        }
        state.status = present(event.status.as_str());
        state.updated_at = state.updated_at.max(stamp.time);
        self.set_isolated(state)
    }

    fn take_isolated_row(&mut self, row: IsolatedMarginRow) -> bool {
        let mut state = self.isolated_state(&row.symbol);
        state.status = present(row.status.as_str()).or(state.status);
        state.debt_ratio = row.debt_ratio;
        self.set_isolated(state)
    }

    /// Returns the state of a symbol, a new one if it is unknown.
    fn isolated_state(&self, symbol: &Text) -> IsolatedMarginState {
        let known = self
            .status
            .isolated
            .iter()
            .find(|state| state.symbol == *symbol);
        known.cloned().unwrap_or_else(|| IsolatedMarginState {
            symbol: symbol.clone(),
            ..IsolatedMarginState::default()
        })
    }

    fn set_isolated(&mut self, state: IsolatedMarginState) -> bool {
        let states = &self.status.isolated;
        let found = states.binary_search_by(|known| known.symbol.cmp(&state.symbol));
        if found.is_ok_and(|at| states[at] == state) {
            return false;
        }
        let states = &mut Arc::make_mut(&mut self.status).isolated;
        match found {
            Ok(at) => states[at] = state,
            Err(at) => states.insert(at, state),
        }
        true
    }

    fn take_warning(&mut self, info: &FrameInfo, warning: &LiquidationWarning) -> bool {
        let stamp = Stamp::pro(info, None, warning.updated_at);
        let old = self.status.unified.clone().unwrap_or_default();
        let risk = UnifiedRisk {
            warning: present(warning.warning.as_str()),
            risk_ratio: warning.risk_ratio,
            equity: warning.equity,
            adjusted_equity: warning.adjusted_equity,
            liability: warning.liability,
            available_margin: warning.available_margin,
            initial_margin: warning.initial_margin,
            maintenance_margin: warning.maint_margin,
            updated_at: warning.updated_at,
        };
        if !self.unified.takes(stamp, risk.clone()) {
            return false;
        }
        self.set_unified(UnifiedRisk {
            warning: risk.warning.clone().or(old.warning),
            updated_at: risk.updated_at.max(old.updated_at),
            ..risk
        })
    }

    fn take_overview(&mut self, row: &UnifiedOverviewRow) -> bool {
        let old = self.status.unified.clone().unwrap_or_default();
        self.set_unified(UnifiedRisk {
            risk_ratio: row.risk_ratio,
            equity: row.equity,
            adjusted_equity: row.adjusted_equity,
            liability: row.liability,
            available_margin: row.available_margin,
            initial_margin: row.initial_margin,
            maintenance_margin: row.maint_margin,
            ..old
        })
    }

    fn set_unified(&mut self, risk: UnifiedRisk) -> bool {
        let is_changed = self.status.unified.as_ref() != Some(&risk);
        if is_changed {
            Arc::make_mut(&mut self.status).unified = Some(risk);
        }
        is_changed
    }

    fn take_setting_row(&mut self, row: &SnapshotRow) -> bool {
        if is_from::<rest::FuturesOpenPositions>(row) {
            let position = row.read().ok();
            position.is_some_and(|position| self.take_position_row(&row.topic, &position))
        } else if is_from::<rest::FuturesMarginModeOf>(row) {
            let mode = row.read::<rest::MarginModeRow>().ok();
            mode.is_some_and(|row| self.set(&row.symbol, Some(row.margin_mode), None))
        } else if is_from::<rest::FuturesLeverageOf>(row) {
            let leverage = row.read::<rest::CrossLeverageRow>().ok();
            leverage.is_some_and(|row| self.set(&row.symbol, None, Some(row.leverage)))
        } else if is_from::<rest::UnifiedMarginMode>(row) {
            let mode = row.read::<rest::UnifiedMarginModeRow>().ok();
            mode.is_some_and(|row| self.set(&row.symbol, Some(row.margin_mode), None))
        } else if is_from::<rest::UnifiedLeverage>(row) {
            let Ok(row) = row.read::<rest::UnifiedLeverageRow>() else {
                return false;
            };
            let mode = row.margin_mode.as_ref().map(MarginMode::as_str);
            let name = row.symbol.as_deref().or(row.currency.as_deref());
            self.set_leverage(name, mode, row.leverage)
        } else {
            false
        }
    }

    /// Takes the setting of a position's contract: the one that the topic of the row is about.
    fn take_position_row(&mut self, topic: &str, row: &FuturesPositionRow) -> bool {
        let is_cross = row.cross_mode.map(|is_cross| match is_cross {
            true => MarginMode::Cross,
            false => MarginMode::Isolated,
        });
        let mode = row.margin_mode.clone().or(is_cross);
        match topic {
            "/contract/marginMode" => self.set(&row.symbol, mode, None),
            "/contract/crossLeverage" if mode != Some(MarginMode::Isolated) => {
                self.set(&row.symbol, None, row.leverage)
            }
            _ => false,
        }
    }

    /// Sets the leverage of Pro V2. Its margin mode says for which mode the leverage is, not in which mode the contract is.
    fn set_leverage(
        &mut self,
        name: Option<&str>,
        mode: Option<&str>,
        leverage: Option<Decimal>,
    ) -> bool {
        let is_isolated = mode.is_some_and(|mode| MarginMode::from(mode) == MarginMode::Isolated);
        let name = name.filter(|_| !is_isolated);
        name.is_some_and(|name| self.set(name, None, leverage))
    }

    fn set_all<'n>(
        &mut self,
        settings: impl Iterator<Item = (&'n str, Option<MarginMode>, Option<Decimal>)>,
    ) -> bool {
        settings.fold(false, |is_changed, (name, mode, leverage)| {
            self.set(name, mode, leverage) || is_changed
        })
    }

    /// Sets what is given of a contract or currency; returns `true` if it has changed.
    fn set(&mut self, name: &str, mode: Option<MarginMode>, leverage: Option<Decimal>) -> bool {
        let settings = &self.status.settings;
        let found = settings.binary_search_by(|known| known.name.as_str().cmp(name));
        let known = found.ok().map(|at| &settings[at]);
        let old_mode = known.and_then(|known| known.margin_mode.clone());
        let old_leverage = known.and_then(|known| known.cross_leverage);
        let setting = MarginSetting {
            name: name.into(),
            margin_mode: mode.or(old_mode),
            cross_leverage: leverage.or(old_leverage),
        };
        let is_empty = setting.margin_mode.is_none() && setting.cross_leverage.is_none();
        if is_empty || known == Some(&setting) {
            return false;
        }
        let settings = &mut Arc::make_mut(&mut self.status).settings;
        match found {
            Ok(at) => settings[at] = setting,
            Err(at) => settings.insert(at, setting),
        }
        true
    }
}

/// Returns the text; `None` if it is empty, because KuCoin sent none.
fn present(text: &str) -> Option<Text> {
    (!text.is_empty()).then(|| text.into())
}
