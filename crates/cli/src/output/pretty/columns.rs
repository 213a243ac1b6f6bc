//! What several kinds of lines have in common: amounts, prices, symbols and ids in columns.

use kucoin_streams::Decimal;
use kucoin_streams::Side;

use super::layout::{Part, Rank, part};
use super::paint::{Ink, grouped, safe};

/// Stands for what the exchange did not say.
const UNTOLD: &str = "?";

/// An amount to its last digit.
pub(super) fn shown(amount: Decimal) -> String {
    grouped(&amount.to_string())
}

pub(super) fn shown_or_untold(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| UNTOLD.to_owned(), shown)
}

/// An amount with its sign, and the ink that it asks for: green above zero and red below.
pub(super) fn signed(amount: Decimal) -> (Ink, String) {
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
pub(super) fn name(name: &str) -> Part {
    Part::of(Ink::Bold, safe(name)).left(10, 8)
}

/// Terminals of less columns have no room for the type of an order in lines of trades.
const TYPED: usize = 120;

/// Symbol, side and type of an order that was traded.
pub(super) fn head_of_trade(symbol: &str, side: &Side, order_type: &str) -> Vec<Part> {
    let mut parts = head(symbol, side, order_type);
    // At one width either all lines say it or none.
    let order_type = parts.pop().map(|part| part.from(TYPED).rank(Rank::Detail));
    parts.extend(order_type);
    parts
}

/// Symbol, side and type of an order.
pub(super) fn head(symbol: &str, side: &Side, order_type: &str) -> Vec<Part> {
    let ink = match side {
        Side::Buy => Ink::Green,
        Side::Sell => Ink::Red,
        _ => Ink::Plain,
    };
    vec![
        name(symbol),
        Part::of(ink, safe(side.as_str())).left(4, 4),
        part(safe(order_type)).left(6, 6).rank(Rank::Minor),
    ]
}

/// How much at what price.
pub(super) fn terms(size: &str, price: &str) -> Vec<Part> {
    vec![
        part(size).right(12, 8),
        part("@").bound(),
        part(price).left(12, 8).bound(),
    ]
}

/// A trade, and whether it took or made liquidity.
pub(super) fn trade(size: &str, price: &str, liquidity: &str) -> Vec<Part> {
    let mut parts = terms(size, price);
    let liquidity = part(safe(liquidity)).left(5, 5);
    parts.push(liquidity.rank(Rank::Minor).apart());
    parts
}

/// What stands where no trade does: a size and a price.
pub(super) fn no_trade(size: &str, price: &str) -> Vec<Part> {
    trade(size, price, "")
}

/// Which of a contract's positions it is about: its side in hedge mode, and its margin mode. Nothing for spot.
pub(super) fn leg(side: Option<&str>, mode: Option<&str>) -> Option<Part> {
    let side = side.filter(|side| !side.eq_ignore_ascii_case("BOTH"));
    let named: Vec<String> = [side, mode]
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty())
        .map(|word| safe(&word.to_lowercase()))
        .collect();
    (!named.is_empty()).then(|| part(named.join(" ")))
}

/// A name, and its value where there is one and it is not zero.
pub(super) fn labelled(label: &str, amount: Option<Decimal>) -> Option<Part> {
    let amount = amount.filter(|amount| !amount.is_zero())?;
    let part = Part::of(Ink::Dim, label).and(Ink::Plain, format!(" {}", shown(amount)));
    Some(part.rank(Rank::Minor))
}

/// The end of an id, which is where ids differ.
pub(super) fn tail(id: &str) -> String {
    let id = safe(id);
    let skipped = id.chars().count().saturating_sub(6);
    match skipped {
        0 => id,
        _ => format!("…{}", id.chars().skip(skipped).collect::<String>()),
    }
}

/// The id of the order that a line is about, which is never left out.
pub(super) fn id(id: &str) -> Part {
    Part::of(Ink::Dim, tail(id))
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
        assert_eq!(tail("5c35c02703aa673ceec2a168"), "…c2a168");
        assert_eq!(tail("123456"), "123456");
    }
}
