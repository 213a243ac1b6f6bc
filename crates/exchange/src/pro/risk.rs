//! How near the account is to liquidation, and when a warning is due.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::engine::futures::{PositionState, SettleCurrency, ratio};
use crate::engine::loans::CrossMargin;
use crate::fault::LiquidationLevel;

/// A level that does not change is reported at most once in this time.
const REPORT_EVERY_MS: u64 = 60_000;

/// The level of this ratio of the exposure; `None` while all is well.
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

/// A part of the account that can be liquidated by itself; amounts are in USDT.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Exposure {
    /// What has to be there as a part of what is: at 1 it is liquidated.
    pub(super) ratio: Decimal,
    pub(super) adjusted_equity: Decimal,
    pub(super) initial_margin: Decimal,
    pub(super) maintenance_margin: Decimal,
    pub(super) available_margin: Decimal,
    pub(super) equity: Decimal,
    pub(super) liability: Decimal,
}

impl Exposure {
    /// Positions with this much margin left.
    pub(super) fn of_futures(left: Decimal, initial: Decimal, maintenance: Decimal) -> Self {
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

    /// An isolated position; none when it is closed or in cross mode.
    pub(super) fn of_isolated(position: &PositionState) -> Option<Self> {
        let own = position.isolated.as_ref();
        let own = own.filter(|_| position.quantity != 0)?;
        let exposure = Self::of_futures(
            own.margin + position.unrealised_pnl,
            position.initial_margin,
            position.maintenance_margin,
        );
        Some(exposure.in_usdt(position.settle_currency, position.mark_price))
    }

    /// The cross-margin account; none when nothing is owed.
    pub(super) fn of_margin(account: &CrossMargin) -> Option<Self> {
        let worth = &account.worth;
        (!worth.debts.is_zero()).then(|| Self {
            ratio: account.debt_ratio,
            adjusted_equity: worth.weighted,
            available_margin: (worth.weighted - worth.debts).max(Decimal::ZERO),
            equity: worth.assets - worth.debts,
            liability: worth.debts,
            ..Self::default()
        })
    }

    pub(super) fn with_available(self, available_margin: Decimal) -> Self {
        Self {
            available_margin,
            ..self
        }
    }

    /// Amounts of an inverse contract are in bitcoin.
    pub(super) fn in_usdt(self, currency: SettleCurrency, price: Decimal) -> Self {
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

/// What is liquidated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    CrossMargin,
    CrossPositions(SettleCurrency),
    IsolatedPosition(&'static str),
}

/// The watch over an account: it is as near to liquidation as the nearest part of it.
#[derive(Debug, Default)]
pub(super) struct Watch {
    exposures: BTreeMap<Source, Exposure>,
    level: Option<LiquidationLevel>,
    reported_ms: u64,
}

impl Watch {
    /// A part of the account is this near now, or is in no danger any more; returns the warning that is due.
    pub(super) fn see(
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

    /// The part that is nearest to liquidation; an empty one if there is none.
    pub(super) fn worst(&self) -> Exposure {
        worst(&self.exposures).cloned().unwrap_or_default()
    }
}

fn worst(exposures: &BTreeMap<Source, Exposure>) -> Option<&Exposure> {
    exposures.values().max_by_key(|exposure| exposure.ratio)
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
    fn a_warning_comes_with_each_new_level_and_once_a_minute() {
        let mut watch = Watch::default();
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
    fn the_part_that_is_nearest_to_its_end_is_told() {
        let mut watch = Watch::default();
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
