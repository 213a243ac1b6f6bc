//! What several kinds of lines have in common: amounts, prices, symbols and ids in columns.

use kucoin_streams::Decimal;
use kucoin_streams::v1::Side;

use super::paint::{Ink, Paint, grouped, safe};

/// Stands for what the exchange did not say.
const UNTOLD: &str = "?";

/// An amount to its last digit.
pub(super) fn shown(amount: Decimal) -> String {
    grouped(&amount.to_string())
}

pub(super) fn shown_or_untold(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| UNTOLD.to_owned(), shown)
}

/// An amount with its sign, green above zero and red below.
pub(super) fn signed(paint: Paint, amount: Decimal) -> String {
    let (ink, text) = signed_parts(amount);
    paint.ink(ink, &text)
}

/// An amount with its sign, and the ink that it asks for.
pub(super) fn signed_parts(amount: Decimal) -> (Ink, String) {
    if amount.is_zero() {
        (Ink::Plain, shown(amount))
    } else if amount.is_sign_negative() {
        (Ink::Red, shown(amount))
    } else {
        (Ink::Green, format!("+{}", shown(amount)))
    }
}

/// A fraction as per cent, to two places where it has more.
pub(super) fn percent(fraction: Decimal) -> String {
    match fraction.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percent) => format!("{} %", shown(percent.round_dp(2).normalize())),
        None => shown(fraction),
    }
}

/// A name in the column of symbols and currencies.
pub(super) fn name(paint: Paint, name: &str) -> String {
    paint.ink(Ink::Bold, &format!("{:<10}", safe(name)))
}

/// Symbol and side.
pub(super) fn head(paint: Paint, symbol: &str, side: &Side) -> String {
    let ink = match side {
        Side::Buy => Ink::Green,
        Side::Sell => Ink::Red,
        _ => Ink::Plain,
    };
    let side = paint.ink(ink, &format!("{:<4}", safe(side.as_str())));
    format!("{} {side}", name(paint, symbol))
}

/// How much at what price.
pub(super) fn terms(size: &str, price: &str) -> String {
    format!("{size:>12} @ {price:<12}")
}

/// A trade, and whether it took or made liquidity.
pub(super) fn trade(size: &str, price: &str, liquidity: &str) -> String {
    format!("{}  {:<5}", terms(size, price), safe(liquidity))
}

/// What stands where no trade does: a size and a price.
pub(super) fn no_trade(size: &str, price: &str) -> String {
    trade(size, price, "")
}

/// The line of an order or of a trade: `head` as above, what it is about, and what there is to note at its end.
pub(super) fn order(
    paint: Paint,
    (head, order_type): (&str, &str),
    what: &str,
    id: &str,
    note: &str,
) -> String {
    let id = tail(paint, id);
    format!("{head} {:<6} {what:<64} {id} {note}", safe(order_type))
}

/// A name, and its value where there is one and it is not zero.
pub(super) fn labelled(paint: Paint, label: &str, amount: Option<Decimal>) -> Option<String> {
    let amount = amount.filter(|amount| !amount.is_zero())?;
    Some(format!("{} {}", paint.ink(Ink::Dim, label), shown(amount)))
}

/// The end of an id, which is where ids differ.
pub(super) fn tail(paint: Paint, id: &str) -> String {
    let id = safe(id);
    let skipped = id.chars().count().saturating_sub(8);
    let shown = match skipped {
        0 => id,
        _ => format!("…{}", id.chars().skip(skipped).collect::<String>()),
    };
    paint.ink(Ink::Dim, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_shown_in_per_cent() {
        for (fraction, shown) in [
            ("0.6408", "64.08 %"),
            ("-2.3e-05", "0 %"),
            ("-0.00023", "-0.02 %"),
            ("1", "100 %"),
            ("12.5", "1,250 %"),
        ] {
            let fraction = Decimal::from_scientific(fraction)
                .or_else(|_| fraction.parse())
                .unwrap();
            assert_eq!(percent(fraction), shown);
        }
    }

    #[test]
    fn the_end_of_an_id_is_shown() {
        let id = |id| tail(Paint::plain(), id);
        assert_eq!(id("5c35c02703aa673ceec2a168"), "…eec2a168");
        assert_eq!(id("12345678"), "12345678");
    }
}
