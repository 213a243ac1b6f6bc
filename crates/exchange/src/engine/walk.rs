//! A price that walks.

use rust_decimal::Decimal;

use crate::rng::Rng;

/// A price some ticks away from the last one, by up to 0.05 %; back towards home when it strayed over 5 %.
pub(crate) fn walked(last: Decimal, home: Decimal, tick: Decimal, rng: &mut Rng) -> Decimal {
    let reach = last / Decimal::from(2_000);
    let ticks = (reach / tick).trunc().mantissa().max(1);
    let ticks = u64::try_from(ticks).unwrap_or(1);
    let step = Decimal::from(rng.between(0, ticks)) * tick;
    let band = home / Decimal::from(20);
    let up = if last > home + band {
        false
    } else if last < home - band {
        true
    } else {
        rng.chance(50)
    };
    if up { last + step } else { last - step }
}
