//! Liquidation risk of the account, and when to push a warning.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::account_state::AccountState;
use crate::engine::Engine;
use crate::engine::futures::{PositionSide, PositionState, SettleCurrency, ratio};
use crate::engine::loans::CrossMargin;
use crate::fault::LiquidationLevel;

/// Minimum interval between reports of an unchanged level, in milliseconds.
const REPORT_EVERY_MS: u64 = 60_000;

/// Returns the warning level of a risk ratio; `None` below all levels.
fn level_of(ratio: Decimal) -> Option<LiquidationLevel> {
    let levels = [
        (Decimal::ONE, LiquidationLevel::ForceLiquidation),
        (Decimal::new(90, 2), LiquidationLevel::LiquidationWarning),
        (Decimal::new(85, 2), LiquidationLevel::ReduceOnly),
        (Decimal::new(80, 2), LiquidationLevel::MarginCall),
    ];
    let reached = levels.into_iter().find(|(from, _)| ratio >= *from);
    reached.map(|(_, level)| level)
}

/// Risk of a part of the account that is liquidated separately, with amounts in USDT.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exposure {
    /// Required margin divided by margin; the part is liquidated at 1.
    pub(crate) ratio: Decimal,
    pub(crate) adjusted_equity: Decimal,
    pub(crate) initial_margin: Decimal,
    pub(crate) maintenance_margin: Decimal,
    pub(crate) available_margin: Decimal,
    pub(crate) equity: Decimal,
    pub(crate) liability: Decimal,
}

impl Exposure {
    /// Returns the risk of positions with this remaining margin.
    pub(crate) fn of_futures(left: Decimal, initial: Decimal, maintenance: Decimal) -> Self {
        Self {
            ratio: if left > maintenance {
                ratio(maintenance, left)
            } else {
                Decimal::ONE
            },
            adjusted_equity: left,
            initial_margin: initial,
            maintenance_margin: maintenance,
            equity: left,
            ..Self::default()
        }
    }

    /// Returns the risk of an isolated position; `None` if it is closed or in cross mode.
    pub(crate) fn of_isolated(position: &PositionState) -> Option<Self> {
        let own = position.isolated.as_ref();
        let own = own.filter(|_| position.quantity != 0)?;
        let exposure = Self::of_futures(
            own.margin + position.unrealised_pnl,
            position.initial_margin,
            position.maintenance_margin,
        );
        Some(exposure.in_usdt(position.settle_currency, position.mark_price))
    }

    /// Returns the risk of the cross-margin account; `None` without debts.
    pub(crate) fn of_margin(account: &CrossMargin) -> Option<Self> {
        let value = &account.valuation;
        (!value.debts.is_zero()).then(|| Self {
            ratio: account.debt_ratio,
            adjusted_equity: value.weighted,
            available_margin: (value.weighted - value.debts).max(Decimal::ZERO),
            equity: value.assets - value.debts,
            liability: value.debts,
            ..Self::default()
        })
    }

    pub(crate) fn with_available(self, available_margin: Decimal) -> Self {
        Self {
            available_margin,
            ..self
        }
    }

    /// Converts the amounts of an inverse contract from bitcoin to USDT.
    pub(crate) fn in_usdt(self, currency: SettleCurrency, price: Decimal) -> Self {
        if currency != SettleCurrency::Xbt {
            return self;
        }
        Self {
            ratio: self.ratio,
            adjusted_equity: self.adjusted_equity * price,
            initial_margin: self.initial_margin * price,
            maintenance_margin: self.maintenance_margin * price,
            available_margin: self.available_margin * price,
            equity: self.equity * price,
            liability: self.liability * price,
        }
    }
}

/// A part of the account that is liquidated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    CrossMargin,
    CrossPositions(SettleCurrency),
    IsolatedPosition(&'static str),
    /// A leg in hedge mode.
    IsolatedLeg(&'static str, PositionSide),
}

impl Source {
    /// Returns the source of an isolated position.
    pub(crate) fn of_isolated(position: &PositionState) -> Self {
        match position.position_side {
            PositionSide::Both => Self::IsolatedPosition(position.symbol),
            side => Self::IsolatedLeg(position.symbol, side),
        }
    }
}

/// Monitors the liquidation risk of an account: the highest risk among its parts.
#[derive(Debug, Default)]
pub(crate) struct RiskMonitor {
    exposures: BTreeMap<Source, Exposure>,
    level: Option<LiquidationLevel>,
    reported_ms: u64,
}

impl RiskMonitor {
    /// Updates the risk of one part of the account; returns the warning that is due.
    ///
    /// `exposure` is `None` if the part has no risk.
    pub(crate) fn see(
        &mut self,
        source: Source,
        exposure: Option<Exposure>,
        now_ms: u64,
    ) -> Option<(LiquidationLevel, &Exposure)> {
        match exposure {
            Some(exposure) => self.exposures.insert(source, exposure),
            None => self.exposures.remove(&source),
        };
        let worst = worst(&self.exposures);
        let level = worst.and_then(|exposure| level_of(exposure.ratio));
        let before = std::mem::replace(&mut self.level, level);
        let due = now_ms >= self.reported_ms.saturating_add(REPORT_EVERY_MS);
        if level == before && !due {
            return None;
        }
        let warning = level.zip(worst)?;
        self.reported_ms = now_ms;
        Some(warning)
    }

    /// Returns the part that is nearest to liquidation; an empty one if no part has a risk.
    pub(crate) fn worst(&self) -> Exposure {
        worst(&self.exposures).cloned().unwrap_or_default()
    }
}

fn worst(exposures: &BTreeMap<Source, Exposure>) -> Option<&Exposure> {
    exposures.values().max_by_key(|exposure| exposure.ratio)
}

/// Returns the current risk of the part of the account that is nearest to liquidation; `None` if no part has a risk.
pub(crate) fn current(engine: &Engine) -> Option<Exposure> {
    let state = AccountState::open(engine);
    let mut exposures = BTreeMap::new();
    let mut see = |source, exposure: Option<Exposure>| {
        exposures.extend(exposure.map(|exposure| (source, exposure)));
    };
    see(
        Source::CrossMargin,
        Exposure::of_margin(&engine.cross_margin()),
    );
    for currency in SettleCurrency::ALL {
        see(
            Source::CrossPositions(currency),
            state.cross_exposure(currency),
        );
    }
    for position in engine.positions() {
        let exposure = Exposure::of_isolated(&position);
        see(Source::of_isolated(&position), exposure);
    }
    worst(&exposures).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposure(percent: i64) -> Option<Exposure> {
        Some(Exposure {
            ratio: Decimal::new(percent, 2),
            ..Exposure::default()
        })
    }

    #[test]
    fn warning_is_pushed_per_new_level_and_once_a_minute() {
        let mut watch = RiskMonitor::default();
        let mut warned = |percent, now_ms| {
            let source = Source::CrossMargin;
            let warning = watch.see(source, exposure(percent), now_ms);
            warning.map(|(level, _)| level.as_str())
        };
        assert_eq!(warned(79, 0), None);
        assert_eq!(warned(80, 1), Some("MARGIN_CALL"));
        assert_eq!(warned(84, 60_000), None);
        assert_eq!(warned(84, 60_001), Some("MARGIN_CALL"));
        assert_eq!(warned(85, 60_002), Some("REDUCE_ONLY"));
        assert_eq!(warned(90, 60_003), Some("LIQUIDATION_WARNING"));
        assert_eq!(warned(100, 60_004), Some("FORCE_LIQUIDATION"));
        assert_eq!(warned(81, 60_005), Some("MARGIN_CALL"));
        assert_eq!(warned(10, 500_000), None);
        assert_eq!(warned(80, 500_001), Some("MARGIN_CALL"));
    }

    #[test]
    fn warning_is_about_the_riskiest_part() {
        let mut watch = RiskMonitor::default();
        let usdt = Source::CrossPositions(SettleCurrency::Usdt);
        let one = Source::IsolatedPosition("ETHUSDTM");
        assert!(watch.see(usdt, exposure(86), 1).is_some());
        assert!(watch.see(one, exposure(81), 2).is_none(), "no news");
        let (level, worst) = watch.see(one, exposure(95), 3).unwrap();
        assert_eq!(
            (level, worst.ratio),
            (LiquidationLevel::LiquidationWarning, Decimal::new(95, 2))
        );
        let (level, worst) = watch.see(one, None, 4).unwrap();
        assert_eq!(
            (level, worst.ratio),
            (LiquidationLevel::ReduceOnly, Decimal::new(86, 2))
        );
    }
}
