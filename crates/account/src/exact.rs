//! Exact arithmetic: a result that does not fit is `None`, never rounded.

use kucoin_streams_core::Decimal;

/// Returns the exact sum.
pub(crate) fn add(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let sum = a.checked_add(b)?;
    // A sum with fewer decimals than its terms was rounded.
    (sum.scale() >= a.scale().max(b.scale())).then_some(sum)
}

/// Returns the exact product.
pub(crate) fn multiply(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let product = a.checked_mul(b)?;
    let is_exact = product.scale() == a.scale() + b.scale()
        || product.is_zero() && (a.is_zero() || b.is_zero());
    is_exact.then_some(product)
}
